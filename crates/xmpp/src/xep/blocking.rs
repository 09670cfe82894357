//! XEP-0191: Blocking Command (version 1.3).

use crate::jid::Jid;
use crate::ns;
use crate::payload;

payload! {
    /// Asks for the list of what is blocked; in the answer, the list (§3.2).
    #[derive(Default)]
    pub struct Blocklist("blocklist", ns::BLOCKING) {
        /// What is blocked.
        items: Vec<Jid> = ChildAttrs("item", "jid"),
    }

    /// Blocks; as a push, what another session of the account has blocked (§3.3).
    #[derive(Default)]
    pub struct Block("block", ns::BLOCKING) {
        /// One at least.
        items: Vec<Jid> = ChildAttrs("item", "jid"),
    }

    /// Lifts blocks; as a push, what another session of the account has unblocked (§3.4).
    #[derive(Default)]
    pub struct Unblock("unblock", ns::BLOCKING) {
        /// Empty: all of them (§3.5).
        items: Vec<Jid> = ChildAttrs("item", "jid"),
    }

    /// In an error: the sender has blocked the address it writes to (§3.3).
    #[derive(Default)]
    pub struct Blocked("blocked", ns::BLOCKING_ERRORS) {}
}
