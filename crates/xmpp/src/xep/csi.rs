//! XEP-0352: Client State Indication (version 1.0.0).

use crate::ns;
use crate::payload;

payload! {
    /// Stream feature: the server wants to know (§4.1).
    #[derive(Default)]
    pub struct Csi("csi", ns::CSI) {}

    /// The person looks at the client (§4.2).
    #[derive(Default)]
    pub struct Active("active", ns::CSI) {}

    /// The person does not look at the client (§4.2).
    #[derive(Default)]
    pub struct Inactive("inactive", ns::CSI) {}
}
