//! RFC 3921 §3: Session Establishment, which RFC 6121 abolished and old clients still ask for.

use crate::ns;
use crate::payload;

payload! {
    /// Stream feature and request; it has no effect.
    #[derive(Default)]
    pub struct Session("session", ns::SESSION) {
        /// In the feature: need not be asked for.
        optional: bool = Flag("optional"),
    }
}
