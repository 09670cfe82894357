//! XEP-0012: Last Activity (version 2.0).

use crate::ns;
use crate::payload;

payload! {
    /// How long ago an account was last online, a client last used, a server started (§3 to §5). A request is empty.
    #[derive(Default)]
    pub struct LastActivity("query", ns::LAST) {
        /// Seconds since then.
        seconds: Option<u64> = OptAttr("seconds"),
        /// The status text of the last unavailable presence (§3).
        status: Option<String> = OptText,
    }
}
