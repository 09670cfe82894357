//! XEP-0333: Displayed Markers (version 1.0.0).

use crate::ns;
use crate::payload;

payload! {
    /// In a message: please say when it has been displayed (§4).
    pub struct Markable("markable", ns::CHAT_MARKERS) {}

    /// A message, and so all before it, has been displayed (§4).
    pub struct Displayed("displayed", ns::CHAT_MARKERS) {
        /// Which: the sender's id for it, or in a room the room's stanza-id (§4.1). So it has no type of its own.
        id: String = Attr("id"),
    }
}
