//! XEP-0184: Message Delivery Receipts (version 1.4.0).

use crate::ids::MessageId;
use crate::ns;
use crate::payload;

payload! {
    /// In a message: please say when it has arrived (§5.1).
    pub struct Request("request", ns::RECEIPTS) {}

    /// A message has arrived (§5.2).
    pub struct Received("received", ns::RECEIPTS) {
        /// Which.
        id: MessageId = Attr("id"),
    }
}
