//! XEP-0386: Bind 2 (version 1.1.0).

use crate::ns;
use crate::payload;

payload! {
    /// Inline feature of SASL2 (§3.1) and request (§3.2) in one.
    #[derive(Default)]
    pub struct Bind("bind", ns::BIND2) {
        /// In the feature: what can be switched on with it.
        inline: Option<Inline> = OptChild,
        /// In the request: a short word for the client, which others may see in the resource.
        tag: Option<String> = OptChildText("tag"),
        /// In the request: what is to be switched on with it.
        requests: Vec<crate::xml::Element> = Foreign,
    }

    /// What can be switched on while binding (§3.1).
    pub struct Inline("inline", ns::BIND2) {
        /// Names of service discovery.
        features: Vec<String> = ChildAttrs("feature", "var"),
    }

    /// A resource is bound (§3.2). Its address stands beside it, in SASL2's `<success/>`.
    #[derive(Default)]
    pub struct Bound("bound", ns::BIND2) {
        /// What came of the requests, and `<metadata/>` of the archive (XEP-0313 §5).
        results: Vec<crate::xml::Element> = Foreign,
    }
}
