//! XEP-0203: Delayed Delivery (version 2.0).

use crate::jid::Jid;
use crate::ns;
use crate::payload;
use crate::time::Timestamp;

payload! {
    /// When a stanza was first sent. Anybody can claim that: believe the own server.
    pub struct Delay("delay", ns::DELAY) {
        /// Who delayed it.
        from: Option<Jid> = OptAttr("from"),
        /// When it was sent.
        stamp: Timestamp = Attr("stamp"),
        /// Why, for people.
        reason: Option<String> = OptText,
    }
}
