//! XEP-0153: vCard-Based Avatars (version 1.1.1).

use crate::ns;
use crate::payload;

payload! {
    /// In presence: which photo is in the vCard (§3.1).
    #[derive(Default)]
    pub struct VCardUpdate("x", ns::VCARD_UPDATE) {
        /// The SHA-1 of the photo in hexadecimal; empty if there is no photo; none if that is not known yet (§4.1).
        photo: Option<String> = OptChildText("photo"),
    }
}
