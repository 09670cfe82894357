//! XEP-0092: Software Version (version 1.1).

use crate::ns;
use crate::payload;

payload! {
    /// What software an entity is (§2). A request is empty.
    #[derive(Default)]
    pub struct SoftwareVersion("query", ns::VERSION) {
        /// The name of the software.
        name: Option<String> = OptChildText("name"),
        /// Its version.
        version: Option<String> = OptChildText("version"),
        /// What it runs on; better not told (§5).
        os: Option<String> = OptChildText("os"),
    }
}
