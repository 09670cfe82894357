//! XEP-0060: Publish-Subscribe (version 1.30.0), what subscribers are told (§7.1.2.1, §7.2.2.1, §8.2.5, §8.4, §8.5), in messages.

use crate::ids::{ItemId, NodeName};
use crate::jid::Jid;
use crate::ns;
use crate::payload;
use crate::xep::data_forms::DataForm;
use crate::xml::Element;

payload! {
    /// Something has happened to a node. One of the parts.
    #[derive(Default)]
    pub struct Event("event", ns::PUBSUB_EVENT) {
        /// Items came or went.
        items: Option<EventItems> = OptChild,
        /// The node is gone.
        delete: Option<EventDelete> = OptChild,
        /// All its items are gone.
        purge: Option<EventPurge> = OptChild,
        /// It is configured differently.
        configuration: Option<EventConfiguration> = OptChild,
    }

    /// Items that came or went.
    pub struct EventItems("items", ns::PUBSUB_EVENT) {
        /// Of which node.
        node: NodeName = Attr("node"),
        /// Came.
        items: Vec<EventItem> = Children,
        /// Went.
        retracted: Vec<ItemId> = ChildAttrs("retract", "id"),
    }

    /// Something published.
    #[derive(Default)]
    pub struct EventItem("item", ns::PUBSUB_EVENT) {
        /// Unique in its node.
        id: Option<ItemId> = OptAttr("id"),
        /// Who published it, by the service's word.
        publisher: Option<Jid> = OptAttr("publisher"),
        /// What it is, unless the node tells of items without what is in them.
        payload: Option<Element> = OptAny,
    }

    /// The node is gone (§8.4).
    pub struct EventDelete("delete", ns::PUBSUB_EVENT) {
        /// Which.
        node: NodeName = Attr("node"),
        /// What is in its place.
        redirect: Option<EventRedirect> = OptChild,
    }

    /// What is in the place of a node that is gone (§8.4.2).
    pub struct EventRedirect("redirect", ns::PUBSUB_EVENT) {
        /// Where.
        uri: String = Attr("uri"),
    }

    /// All items are gone (§8.5).
    pub struct EventPurge("purge", ns::PUBSUB_EVENT) {
        /// Of which node.
        node: NodeName = Attr("node"),
    }

    /// The node is configured differently (§8.2.5.4).
    pub struct EventConfiguration("configuration", ns::PUBSUB_EVENT) {
        /// Which.
        node: NodeName = Attr("node"),
        /// How, unless the node tells nothing but the fact.
        form: Option<DataForm> = OptChild,
    }
}
