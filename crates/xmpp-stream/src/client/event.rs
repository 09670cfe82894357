//! What goes into a [`ClientStream`](super::ClientStream) and what comes out.

use xmpp::ids::SmId;
use xmpp::jid::FullJid;
use xmpp::stanza::{StanzaError, StreamError};
use xmpp::time::Mono;
use xmpp::xml::Element;

use crate::StreamHeader;
use crate::sasl::{AuthCondition, Kdf, ScramKeys};

/// What the transport and the shell tell the stream.
#[derive(Clone, Debug)]
pub enum Input {
    /// The transport is open (BOSH: the session is created).
    Opened,
    /// The server's stream header: `<open/>` or `<stream:stream>`. BOSH has none.
    StreamStart(StreamHeader),
    /// One whole top-level element.
    Received(Element),
    /// The server ended the stream: `<close/>`, `</stream:stream>`, or BOSH `terminate`.
    StreamEnd {
        /// Where RFC 7395 §3.6.1 sends the client, as the server wrote it. Follow it only to where the user's service
        /// may send them: the same origin rules as for the first address.
        see_other_uri: Option<String>,
    },
    /// The salted password that [`Output::Derive`] asked for; empty when the shell could not derive it.
    Derived {
        /// The token of the request.
        token: u32,
        /// As many bytes as the hash has.
        salted_password: Vec<u8>,
    },
    /// The transport is gone.
    Closed,
    /// What came in was not XML, or not framed as it must be: ends the stream.
    Malformed(StreamError),
    /// The time of the last [`Output::SetTimer`] has come.
    Timer,
}

/// What the stream wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send this stream header: [`StreamHeader::to_websocket`], [`StreamHeader::to_tcp`], or a BOSH restart. For BOSH it comes
    /// for restarts only.
    Open(StreamHeader),
    /// Send this element.
    Transmit(Element),
    /// Run PBKDF2 and answer with [`Input::Derived`].
    Derive {
        /// To be repeated in the answer.
        token: u32,
        /// What to derive.
        kdf: Kdf,
    },
    /// Tell the owner.
    Event(StreamEvent),
    /// Call back with [`Input::Timer`] at this time, or not at all. Replaces the one before.
    SetTimer(Option<Mono>),
    /// End the stream (`<close/>`, `</stream:stream>`, BOSH `terminate`) and then the transport. The last output.
    ///
    /// A page that unloads drops everything without this: the session can then be resumed.
    Close,
}

/// Stream management is on (XEP-0198 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmEnabled {
    /// The session's id, if it can be resumed.
    pub id: Option<SmId>,
    /// For how many seconds it can be resumed after a loss, if the server said so.
    pub max: Option<u32>,
    /// Whether it can be resumed.
    pub resume: bool,
    /// Where to resume it, if the server prefers a place.
    pub location: Option<String>,
}

/// What the owner learns.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent {
    /// A new session: a resource is bound. Every count of [`crate::sm`] begins at zero if `sm` is there.
    Bound {
        /// The address the server gave.
        jid: FullJid,
        /// Stream management, when it is on.
        sm: Option<SmEnabled>,
        /// The server's `<stream:features/>` after authentication.
        features: Element,
    },
    /// The former session goes on: the server has handled `h` of its stanzas, the rest is to be sent again.
    Resumed {
        /// The server's count.
        h: u32,
        /// The session's id.
        previd: SmId,
    },
    /// The former session is lost; the stream goes on to bind a resource by itself.
    ResumeFailed {
        /// How many stanzas the server had handled, if it still knew.
        h: Option<u32>,
    },
    /// SCRAM succeeded, and these keys will do instead of the password next time. Its hash is the next floor.
    ScramKeys(ScramKeys),
    /// A token to sign in with from now on (XEP-0484 §3.3), instead of the one before.
    Token(String),
    /// The token is not accepted any more. The stream goes on with the secret, if that is one.
    TokenRefused,
    /// An element of the session: a stanza, or a nonza of stream management or another extension. One that comes before
    /// [`StreamEvent::Bound`] or [`StreamEvent::Resumed`] does not count for stream management.
    Element(Element),
    /// Not signed in, for this reason. Trying again with the same secret will usually fail again.
    AuthFailed {
        /// What happened.
        condition: AuthCondition,
        /// The server's words, in the language asked for, to be shown as text.
        text: Option<String>,
    },
    /// The attempt, or the stream, failed on something other than authentication.
    Failed(StreamFailure),
    /// The established stream was ended: by either side properly, or by the server with an error.
    Closed(Option<StreamError>),
    /// The transport of the established stream is gone without a word: resume.
    Lost,
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamFailure {
    /// Not bound within the time allowed.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The transport was lost before the stream was established.
    #[error("the connection was lost during negotiation")]
    ConnectionLost,
    /// The server ended the stream without an error before it was established.
    #[error("the server ended the stream during negotiation")]
    EndedByServer,
    /// The server ended the stream with an error (RFC 6120 §4.9), such as host-unknown.
    #[error("stream error: {0}")]
    Stream(StreamError),
    /// The server wants the client elsewhere (RFC 7395 §3.6.1), as it wrote it.
    #[error("the server points to another address")]
    SeeOtherUri(String),
    /// The reply header came from another domain than was asked for (RFC 6120 §4.7.1).
    #[error("the reply came from {0}")]
    FromMismatch(String),
    /// The server speaks no XMPP 1.0 (RFC 6120 §4.7.5).
    #[error("the server does not speak xmpp 1.0")]
    UnsupportedVersion,
    /// The features lack SASL mechanisms before authentication.
    #[error("the server offers no authentication")]
    NoAuthentication,
    /// The features lack resource binding after authentication.
    #[error("the server offers no resource binding")]
    NoBinding,
    /// Resource binding, or the legacy session, was refused.
    #[error("the server refused to bind a resource: {0:?}")]
    BindRefused(StanzaError),
    /// Something came that this point of the negotiation has no place for: its name.
    #[error("unexpected <{0}/>")]
    Unexpected(String),
}
