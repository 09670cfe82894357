//! XEP-0049: Private XML Storage (version 1.2).

use crate::ns;
use crate::payload;
use crate::xml::Element;

payload! {
    /// Stores an element under its name and namespace, or asks for the one stored (§3).
    pub struct PrivateStorage("query", ns::PRIVATE) {
        /// The element; in a request, empty but for its name.
        element: Option<Element> = OptAny,
    }
}
