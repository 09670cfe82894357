//! What is asked of an account's nodes.

use xmpp::ids::{ItemId, NodeName};
use xmpp::ns;
use xmpp::payload::Payload;
use xmpp::stanza::{Condition, ErrorType, IqKind, StanzaError};
use xmpp::xep::data_forms::{DataForm, FormType};
use xmpp::xep::pubsub::{Item, Owner, PubSub};
use xmpp::xml::Element;

use crate::modules::{Answer, Request};

/// The longest name of a node or item, in bytes.
const NAME_BYTES: usize = 1_023;

/// A request, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeRequest {
    /// XEP-0060 §6.5: these, or not more than so many.
    Items {
        /// Of which node.
        node: NodeName,
        /// The newest so many.
        max: Option<u32>,
        /// These; empty: whatever there is.
        ids: Vec<ItemId>,
    },
    /// §7.1
    Publish {
        /// Into which node.
        node: NodeName,
        /// What.
        item: Item,
        /// What the node must be like (§7.1.5).
        options: Option<DataForm>,
    },
    /// §7.2
    Retract {
        /// From which node.
        node: NodeName,
        /// What.
        ids: Vec<ItemId>,
        /// Tell, even if the node does not.
        notify: bool,
    },
    /// §8.1
    Create {
        /// Its name.
        node: NodeName,
        /// What it is to be like.
        form: Option<DataForm>,
    },
    /// §8.2.1
    Configuration {
        /// Of which node.
        node: NodeName,
    },
    /// §8.2.4
    Configure {
        /// Which node.
        node: NodeName,
        /// How.
        form: DataForm,
    },
    /// §8.3
    Default,
    /// §8.4
    Delete {
        /// Which node.
        node: NodeName,
    },
    /// §8.5
    Purge {
        /// Which node.
        node: NodeName,
    },
    /// The account's card with its avatar (XEP-0398).
    Card,
    /// A new card, with which the avatar changes.
    PutCard {
        /// `<vCard/>`
        card: Element,
    },
    /// §5.2: which nodes there are.
    DiscoNodes,
    /// §5.3: what a node is.
    DiscoNode {
        /// Which.
        node: NodeName,
    },
    /// §5.5: which items are in a node.
    DiscoItems {
        /// Which.
        node: NodeName,
    },
}

impl NodeRequest {
    /// Nobody but the owner may.
    pub(crate) fn is_owners(&self) -> bool {
        !matches!(
            self,
            Self::Items { .. }
                | Self::DiscoNodes
                | Self::DiscoNode { .. }
                | Self::DiscoItems { .. }
                | Self::Default
                | Self::Card
        )
    }
}

/// An error with the condition that XEP-0060 §12 adds.
pub(crate) fn error(type_: ErrorType, condition: Condition, detail: &'static str) -> StanzaError {
    StanzaError::new(type_, condition).with_app(Element::new(detail, ns::PUBSUB_ERRORS))
}

fn bad(detail: &'static str) -> Answer {
    Answer::Error(error(ErrorType::Modify, Condition::BadRequest, detail))
}

fn unsupported(feature: &str) -> Answer {
    let detail = Element::new("unsupported", ns::PUBSUB_ERRORS).with_attr("feature", feature);
    Answer::Error(StanzaError::new(ErrorType::Cancel, Condition::FeatureNotImplemented).with_app(detail))
}

fn fits(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME_BYTES
}

/// The namespace of everybody's requests.
pub(super) fn read(request: &Request<'_>, payload: &Element) -> Answer {
    let Ok(pubsub) = PubSub::read(payload) else { return bad("nodeid-required") };
    let set = matches!(request.iq.kind, IqKind::Set(_));
    let asked = if let Some(items) = pubsub.items.filter(|_| !set) {
        let max = pubsub.set.and_then(|set| set.max).into_iter().chain(items.max_items).min();
        let ids = items.items.into_iter().filter_map(|item| item.id).collect();
        NodeRequest::Items { node: items.node, max, ids }
    } else if let Some(publish) = pubsub.publish.filter(|_| set) {
        let mut items = publish.items.into_iter();
        let item = match (items.next(), items.next()) {
            (Some(item), None) => item,
            (None, _) => return bad("item-required"),
            (Some(_), Some(_)) => return bad("invalid-payload"),
        };
        let elements = payload.child("publish", ns::PUBSUB).and_then(|it| it.child("item", ns::PUBSUB));
        if elements.is_some_and(|item| item.children().count() > 1) {
            // §7.1.3.6
            return bad("invalid-payload");
        }
        if item.id.as_ref().is_some_and(|id| !fits(id.as_str())) {
            return bad("invalid-payload");
        }
        let options = pubsub.publish_options.and_then(|options| options.form);
        if options.as_ref().is_some_and(|form| form.form_type() != Some(ns::PUBSUB_PUBLISH_OPTIONS)) {
            return bad("invalid-options");
        }
        NodeRequest::Publish { node: publish.node, item, options }
    } else if let Some(retract) = pubsub.retract.filter(|_| set) {
        let ids: Vec<ItemId> = retract.items.into_iter().filter_map(|item| item.id).collect();
        if ids.is_empty() {
            return bad("item-required");
        }
        NodeRequest::Retract { node: retract.node, ids, notify: retract.notify }
    } else if let Some(create) = pubsub.create.filter(|_| set) {
        let Some(node) = create.node else {
            return Answer::Error(error(ErrorType::Modify, Condition::NotAcceptable, "nodeid-required"));
        };
        NodeRequest::Create { node, form: pubsub.configure.and_then(|configure| configure.form) }
    } else {
        return match payload.children().next().map(Element::name) {
            Some("subscribe" | "unsubscribe") => unsupported("subscribe"),
            Some("subscriptions") => unsupported("retrieve-subscriptions"),
            Some("affiliations") => unsupported("retrieve-affiliations"),
            Some("options") => unsupported("subscription-options"),
            Some("default") => unsupported("retrieve-default-sub"),
            _ => Answer::Error(StanzaError::from(Condition::BadRequest)),
        };
    };
    named(asked)
}

/// The namespace of owners' requests.
pub(super) fn read_owner(request: &Request<'_>, payload: &Element) -> Answer {
    let Ok(owner) = Owner::read(payload) else { return bad("nodeid-required") };
    let set = matches!(request.iq.kind, IqKind::Set(_));
    let asked = if let Some(configure) = owner.configure {
        let Some(node) = configure.node else { return bad("nodeid-required") };
        match configure.form {
            _ if !set => NodeRequest::Configuration { node },
            // §8.2.4.2: as it is.
            Some(form) if form.type_ == FormType::Cancel => return Answer::Result(None),
            Some(form) => NodeRequest::Configure { node, form },
            None => return Answer::Error(StanzaError::from(Condition::BadRequest)),
        }
    } else if owner.default.is_some() && !set {
        NodeRequest::Default
    } else if let Some(delete) = owner.delete.filter(|_| set) {
        NodeRequest::Delete { node: delete.node }
    } else if let Some(purge) = owner.purge.filter(|_| set) {
        NodeRequest::Purge { node: purge.node }
    } else {
        return match payload.children().next().map(Element::name) {
            Some("affiliations") => unsupported("modify-affiliations"),
            Some("subscriptions") => unsupported("manage-subscriptions"),
            _ => Answer::Error(StanzaError::from(Condition::BadRequest)),
        };
    };
    named(asked)
}

fn named(asked: NodeRequest) -> Answer {
    let node = match &asked {
        NodeRequest::Items { node, .. }
        | NodeRequest::Publish { node, .. }
        | NodeRequest::Retract { node, .. }
        | NodeRequest::Create { node, .. }
        | NodeRequest::Configuration { node }
        | NodeRequest::Configure { node, .. }
        | NodeRequest::Delete { node }
        | NodeRequest::Purge { node }
        | NodeRequest::DiscoNode { node }
        | NodeRequest::DiscoItems { node } => Some(node),
        NodeRequest::Default | NodeRequest::DiscoNodes | NodeRequest::Card | NodeRequest::PutCard { .. } => None,
    };
    if node.is_none_or(|node| fits(node.as_str())) { Answer::Node(Box::new(asked)) } else { bad("nodeid-required") }
}
