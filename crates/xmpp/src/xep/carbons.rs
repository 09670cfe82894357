//! XEP-0280: Message Carbons (version 1.0.1).

use super::forward::Forwarded;
use crate::ns;
use crate::payload;

payload! {
    /// Asks for copies of what the account's other clients send and get (§4).
    pub struct Enable("enable", ns::CARBONS) {}

    /// Asks for no more copies (§5).
    pub struct Disable("disable", ns::CARBONS) {}

    /// A copy of a message that another client of the account got (§7). Only the own account may send it (§11).
    pub struct Received("received", ns::CARBONS) {
        /// The message.
        forwarded: Forwarded = Child,
    }

    /// A copy of a message that another client of the account sent (§8). Only the own account may send it (§11).
    pub struct Sent("sent", ns::CARBONS) {
        /// The message.
        forwarded: Forwarded = Child,
    }

    /// In a message: make no copies of it (§9).
    pub struct Private("private", ns::CARBONS) {}
}
