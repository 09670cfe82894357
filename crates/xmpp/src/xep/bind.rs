//! RFC 6120 §7: Resource Binding.

use crate::jid::FullJid;
use crate::ns;
use crate::payload;

payload! {
    /// Stream feature, request and answer in one. Empty, it lets the server choose (§7.6).
    #[derive(Default)]
    pub struct Bind("bind", ns::BIND) {
        /// The resource the client wants (§7.7). As written: the server brings it into its normal form or refuses.
        resource: Option<String> = OptChildText("resource"),
        /// The address the client has got.
        jid: Option<FullJid> = OptChildText("jid"),
    }
}
