//! XEP-0060: Publish-Subscribe (version 1.30.0), as far as personal eventing (XEP-0163) needs it: requests of everybody here, of the
//! owner of a node in [`owner`], what subscribers are told in [`event`].

mod event;
mod owner;

pub use event::{Event, EventConfiguration, EventDelete, EventItem, EventItems, EventPurge, EventRedirect};
pub use owner::{Owner, OwnerConfigure, OwnerDefault, OwnerDelete, OwnerPurge};

use super::data_forms::DataForm;
use super::rsm::ResultSet;
use crate::ids::{ItemId, NodeName};
use crate::jid::Jid;
use crate::ns;
use crate::payload;
use crate::xml::Element;

payload! {
    /// A request about items, or its answer. One of the parts is the request, others qualify it.
    #[derive(Default)]
    pub struct PubSub("pubsub", ns::PUBSUB) {
        /// §7.1
        publish: Option<Publish> = OptChild,
        /// With `publish` (§7.1.5).
        publish_options: Option<PublishOptions> = OptChild,
        /// §7.2
        retract: Option<Retract> = OptChild,
        /// §6.5
        items: Option<Items> = OptChild,
        /// §8.1
        create: Option<Create> = OptChild,
        /// With `create` (§8.1.3).
        configure: Option<Configure> = OptChild,
        /// With `items`: which page of them (§6.5.4).
        set: Option<ResultSet> = OptChild,
    }

    /// Puts items into a node (§7.1).
    pub struct Publish("publish", ns::PUBSUB) {
        /// Which node.
        node: NodeName = Attr("node"),
        /// One, usually.
        items: Vec<Item> = Children,
    }

    /// What the node must be like; what it becomes if there is none (§7.1.5).
    #[derive(Default)]
    pub struct PublishOptions("publish-options", ns::PUBSUB) {
        /// Of the kind `…#publish-options`.
        form: Option<DataForm> = OptChild,
    }

    /// Something published (§4.1).
    #[derive(Default)]
    pub struct Item("item", ns::PUBSUB) {
        /// Unique in its node. Without it the service makes one.
        id: Option<ItemId> = OptAttr("id"),
        /// Who published it, by the service's word.
        publisher: Option<Jid> = OptAttr("publisher"),
        /// What it is.
        payload: Option<Element> = OptAny,
    }

    /// Takes items out of a node (§7.2).
    pub struct Retract("retract", ns::PUBSUB) {
        /// Which node.
        node: NodeName = Attr("node"),
        /// Whether subscribers are told.
        notify: bool = AttrOr("notify", false),
        /// Which items.
        items: Vec<Item> = Children,
    }

    /// Asks for items, or has them (§6.5).
    pub struct Items("items", ns::PUBSUB) {
        /// Of which node.
        node: NodeName = Attr("node"),
        /// Not more than the newest so many (§6.5.7).
        max_items: Option<u32> = OptAttr("max_items"),
        /// In a request: these. Otherwise what was found.
        items: Vec<Item> = Children,
    }

    /// Makes a node (§8.1).
    #[derive(Default)]
    pub struct Create("create", ns::PUBSUB) {
        /// Its name. Without one the service makes it.
        node: Option<NodeName> = OptAttr("node"),
    }

    /// What the new node is to be like (§8.1.3).
    #[derive(Default)]
    pub struct Configure("configure", ns::PUBSUB) {
        /// Of the kind `…#node_config`.
        form: Option<DataForm> = OptChild,
    }
}

impl Item {
    /// An item as it is published.
    pub fn new(id: impl Into<ItemId>, payload: Element) -> Self {
        Self { id: Some(id.into()), publisher: None, payload: Some(payload) }
    }
}

impl Items {
    /// All items of a node.
    pub fn of(node: impl Into<NodeName>) -> Self {
        Self { node: node.into(), max_items: None, items: Vec::new() }
    }
}
