//! RFC 7395: XMPP over WebSocket, §3.3: framing.

use crate::ids::StreamId;
use crate::jid::Jid;
use crate::ns;
use crate::payload;

payload! {
    /// Opens or restarts a stream; stands for the stream header (§3.4).
    pub struct Open("open", ns::FRAMING) {
        /// The domain the client wants, or, in the answer, the client.
        to: Option<Jid> = OptAttr("to"),
        /// The client's account, or, in the answer, the domain.
        from: Option<Jid> = OptAttr("from"),
        /// The server's id for the stream.
        id: Option<StreamId> = OptAttr("id"),
        /// `1.0`.
        version: Option<String> = OptAttr("version"),
        /// The default language of both directions.
        lang: Option<String> = Lang,
    }

    /// Closes the stream; stands for the stream's end tag (§3.6).
    pub struct Close("close", ns::FRAMING) {
        /// Where to connect instead (§3.6.1).
        see_other_uri: Option<String> = OptAttr("see-other-uri"),
    }
}
