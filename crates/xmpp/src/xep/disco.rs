//! XEP-0030: Service Discovery (version 2.5.0).

use super::data_forms::DataForm;
use super::rsm::ResultSet;
use crate::jid::Jid;
use crate::ns;
use crate::payload;

payload! {
    /// What an entity is and can do (§3). A request is empty but for the node.
    #[derive(Default)]
    pub struct DiscoInfo("query", ns::DISCO_INFO) {
        /// Which part of the entity.
        node: Option<String> = OptAttr("node"),
        /// What it is. Several, if it is several things or has a name in several languages.
        identities: Vec<Identity> = ReadableChildren,
        /// What it can do: namespaces, mostly.
        features: Vec<String> = ChildAttrs("feature", "var"),
        /// More about it (XEP-0128).
        forms: Vec<DataForm> = ReadableChildren,
    }

    /// What an entity is (§3.1).
    pub struct Identity("identity", ns::DISCO_INFO) {
        /// Such as `client` or `server`; registered.
        category: String = Attr("category"),
        /// Such as `web` or `im`; registered.
        type_: String = Attr("type"),
        /// The language of the name.
        lang: Option<String> = Lang,
        /// For people.
        name: Option<String> = OptAttr("name"),
    }

    /// What an entity has (§4). A request is empty but for the node.
    #[derive(Default)]
    pub struct DiscoItems("query", ns::DISCO_ITEMS) {
        /// Which part of the entity.
        node: Option<String> = OptAttr("node"),
        /// Items that can be read.
        items: Vec<DiscoItem> = ReadableChildren,
        /// Which page of them (XEP-0059).
        set: Option<ResultSet> = OptChild,
    }

    /// Something an entity has (§4.1).
    pub struct DiscoItem("item", ns::DISCO_ITEMS) {
        /// Where.
        jid: Jid = Attr("jid"),
        /// Which part of that.
        node: Option<String> = OptAttr("node"),
        /// For people.
        name: Option<String> = OptAttr("name"),
    }
}

impl DiscoInfo {
    /// Whether the entity can do this.
    pub fn has_feature(&self, feature: &str) -> bool {
        self.features.iter().any(|f| f == feature)
    }

    /// Whether the entity is this.
    pub fn has_identity(&self, category: &str, type_: &str) -> bool {
        self.identities.iter().any(|i| i.category == category && i.type_ == type_)
    }

    /// The form of this kind (XEP-0128).
    pub fn form(&self, form_type: &str) -> Option<&DataForm> {
        self.forms.iter().find(|form| form.form_type() == Some(form_type))
    }
}

impl Identity {
    /// An identity with a name in no language.
    pub fn new(category: &str, type_: &str, name: Option<&str>) -> Self {
        Self { category: category.into(), type_: type_.into(), lang: None, name: name.map(String::from) }
    }
}
