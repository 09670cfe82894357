//! Requests about nodes in the account's turn: its nodes are known, and a change is durable before the next request is looked at.

use std::collections::BTreeMap;

use xmpp::ids::{ItemId, NodeName};
use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::payload::Payload;
use xmpp::stanza::{Condition, ErrorType, Iq, StanzaError};
use xmpp::xep::data_forms::{DataForm, FormType};
use xmpp::xep::disco::{DiscoInfo, DiscoItem, DiscoItems, Identity};
use xmpp::xep::pubsub::{Item, Items, Owner, OwnerConfigure, OwnerDefault, PubSub, Publish};
use xmpp::xml;

use super::config::{AccessModel, BadForm, NodeConfig};
use super::notify::{self, Notice};
use super::request::{NodeRequest, error};
use crate::account::Task;
use crate::effect::Effect;
use crate::modules::{Answer, Request, avatar_conversion};
use crate::pending::{Asker, Pending, storage_error};
use crate::shard::Shard;
use crate::storage::{ItemRow, ItemsWanted, OpResult, Query, Rows, StorageError, StoreOp};

/// The nodes of an account.
pub(crate) type Nodes = BTreeMap<NodeName, NodeConfig>;

/// A change that is being stored, and what follows.
#[derive(Debug, Default)]
pub(crate) struct NodeChange {
    pub(crate) ops: Vec<StoreOp>,
    /// Nodes made, configured or (`None`) deleted.
    pub(crate) nodes: Vec<(NodeName, Option<NodeConfig>)>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) reply: Option<xml::Element>,
    /// The avatar is this one now; or there is none.
    pub(crate) photo: Option<Option<String>>,
    /// It may be another one now.
    pub(crate) photo_unknown: bool,
}

/// What a request leads to.
enum Step {
    Answer(Answer),
    Change(NodeChange),
}

fn refuse(condition: Condition) -> Step {
    Step::Answer(Answer::Error(StanzaError::from(condition)))
}

fn refuse_with(type_: ErrorType, condition: Condition, detail: &'static str) -> Step {
    Step::Answer(Answer::Error(error(type_, condition, detail)))
}

fn refuse_form(bad: BadForm) -> Step {
    let text = match bad {
        BadForm::Value => "a value that this service does not offer",
        BadForm::Field => "a field that this service does not know",
    };
    Step::Answer(Answer::Error(StanzaError::new(ErrorType::Modify, Condition::NotAcceptable).with_text(text)))
}

/// What is in the account's way to the asker, if anything is (XEP-0060 §6.5.9).
fn barrier(config: &NodeConfig, request: &Request<'_>) -> Option<StanzaError> {
    match config.access {
        _ if request.owner => None,
        AccessModel::Open => None,
        AccessModel::Presence if request.subscriber => None,
        AccessModel::Presence => {
            Some(error(ErrorType::Auth, Condition::NotAuthorized, "presence-subscription-required"))
        }
        AccessModel::Whitelist => Some(error(ErrorType::Cancel, Condition::NotAllowed, "closed-node")),
    }
}

/// `photo`: which avatar there is, if that is known.
fn decide(
    request: &Request<'_>,
    nodes: &Nodes,
    photo: Option<&Option<String>>,
    asked: NodeRequest,
    fresh: impl FnOnce() -> String,
) -> Step {
    if asked.is_owners() {
        if !request.owner {
            // §7.1.3.1, §8.2.3.2, §8.4.3.1
            return Step::Answer(Answer::Error(StanzaError::new(ErrorType::Auth, Condition::Forbidden)));
        }
        if request.anonymous {
            return refuse(Condition::NotAllowed);
        }
    }
    let owner = || request.account.clone();
    let limits = &request.config.limits;
    match asked {
        NodeRequest::Items { node, max, ids } => match nodes.get(&node).map(|config| barrier(config, request)) {
            None => refuse(Condition::ItemNotFound),
            Some(Some(error)) => Step::Answer(Answer::Error(error)),
            Some(None) => {
                let most = max.unwrap_or(u32::MAX).min(limits.node_items);
                let wanted = if ids.is_empty() { ItemsWanted::Newest(most) } else { ItemsWanted::Ids(ids) };
                let query = Query::Items { owner: owner(), node, wanted };
                Step::Answer(Answer::Load { query, memo: None, then: items_loaded })
            }
        },
        NodeRequest::Publish { node, item, options } => publish(request, nodes, node, item, options, fresh),
        NodeRequest::Retract { node, ids, notify } => {
            let Some(config) = nodes.get(&node) else { return refuse(Condition::ItemNotFound) };
            let ops = ids.iter().map(|id| StoreOp::ItemRemove { owner: owner(), node: node.clone(), id: id.clone() });
            let ops = ops.collect();
            let mut change = NodeChange { ops, photo_unknown: node == ns::AVATAR_METADATA, ..NodeChange::default() };
            if notify || config.notify_retract {
                change.notices.push(notify::retracted(&node, config, ids));
            }
            Step::Change(change)
        }
        NodeRequest::Create { node, .. } if nodes.contains_key(&node) => refuse(Condition::Conflict),
        NodeRequest::Create { node, form } => {
            let config = NodeConfig::default();
            match form.map_or(Ok(config.clone()), |form| config.with(&form, limits.node_items, false)) {
                Err(bad) => refuse_form(bad),
                Ok(_) if nodes.len() >= limits.nodes => too_many_nodes(),
                Ok(config) => {
                    let op = StoreOp::NodePut { owner: owner(), node: node.clone(), config: config.to_xml() };
                    Step::Change(NodeChange {
                        ops: vec![op],
                        nodes: vec![(node, Some(config))],
                        ..NodeChange::default()
                    })
                }
            }
        }
        NodeRequest::Configuration { node } => {
            let Some(config) = nodes.get(&node) else { return refuse(Condition::ItemNotFound) };
            let configure = OwnerConfigure { node: Some(node), form: Some(config.form(FormType::Form)) };
            result(Owner { configure: Some(configure), ..Owner::default() }.write())
        }
        NodeRequest::Configure { node, form } => {
            let Some(config) = nodes.get(&node) else { return refuse(Condition::ItemNotFound) };
            let config = match config.with(&form, limits.node_items, false) {
                Ok(config) => config,
                Err(bad) => return refuse_form(bad),
            };
            let mut change = NodeChange {
                ops: vec![StoreOp::NodePut { owner: owner(), node: node.clone(), config: config.to_xml() }],
                ..NodeChange::default()
            };
            if config.notify_config {
                change.notices.push(notify::configured(&node, &config));
            }
            change.nodes.push((node, Some(config)));
            Step::Change(change)
        }
        NodeRequest::Default => {
            let form = NodeConfig::default().form(FormType::Form);
            result(Owner { default: Some(OwnerDefault { form: Some(form) }), ..Owner::default() }.write())
        }
        NodeRequest::Delete { node } => {
            let Some(config) = nodes.get(&node) else { return refuse(Condition::ItemNotFound) };
            let mut change = NodeChange {
                ops: vec![StoreOp::NodeRemove { owner: owner(), node: node.clone() }],
                photo_unknown: node == ns::AVATAR_METADATA,
                ..NodeChange::default()
            };
            if config.notify_delete {
                change.notices.push(notify::deleted(&node, config));
            }
            change.nodes.push((node, None));
            Step::Change(change)
        }
        NodeRequest::Purge { node } => {
            let Some(config) = nodes.get(&node) else { return refuse(Condition::ItemNotFound) };
            let mut change = NodeChange {
                ops: vec![StoreOp::NodePurge { owner: owner(), node: node.clone() }],
                photo_unknown: node == ns::AVATAR_METADATA,
                ..NodeChange::default()
            };
            if config.notify_retract {
                change.notices.push(notify::purged(&node, config));
            }
            Step::Change(change)
        }
        NodeRequest::Card => {
            let seen =
                |name: &str| nodes.get(&NodeName::from(name)).is_some_and(|config| barrier(config, request).is_none());
            let open = seen(ns::AVATAR_METADATA) && seen(ns::AVATAR_DATA);
            Step::Answer(avatar_conversion::read_card(request, open))
        }
        NodeRequest::PutCard { card } => Step::Change(avatar_conversion::put_card(request, nodes, &card, photo)),
        NodeRequest::DiscoNodes => {
            let seen = nodes.iter().filter(|(_, config)| barrier(config, request).is_none());
            let items = seen.map(|(node, config)| DiscoItem {
                jid: request.account.to_jid(),
                node: Some(node.to_string()),
                name: config.title().map(str::to_owned),
            });
            result(DiscoItems { items: items.collect(), ..DiscoItems::default() }.write())
        }
        NodeRequest::DiscoNode { node } => match nodes.get(&node).filter(|config| barrier(config, request).is_none()) {
            None => refuse(Condition::ItemNotFound),
            Some(config) => {
                let mut form = config.form(FormType::Result);
                form.fields[0].values = vec!["http://jabber.org/protocol/pubsub#meta-data".to_owned()];
                let info = DiscoInfo {
                    node: Some(node.to_string()),
                    identities: vec![Identity::new("pubsub", "leaf", config.title())],
                    features: vec![ns::PUBSUB.to_owned()],
                    forms: vec![form],
                };
                result(info.write())
            }
        },
        NodeRequest::DiscoItems { node } => {
            if nodes.get(&node).is_none_or(|config| barrier(config, request).is_some()) {
                return refuse(Condition::ItemNotFound);
            }
            let wanted = ItemsWanted::Newest(limits.node_items);
            let query = Query::Items { owner: owner(), node, wanted };
            Step::Answer(Answer::Load { query, memo: None, then: names_loaded })
        }
    }
}

fn result(element: xml::Element) -> Step {
    Step::Answer(Answer::Result(Some(element)))
}

fn too_many_nodes() -> Step {
    let error = StanzaError::new(ErrorType::Cancel, Condition::ResourceConstraint);
    Step::Answer(Answer::Error(error.with_text("the account has too many nodes")))
}

/// §7.1
fn publish(
    request: &Request<'_>,
    nodes: &Nodes,
    node: NodeName,
    item: Item,
    options: Option<DataForm>,
    fresh: impl FnOnce() -> String,
) -> Step {
    let limits = &request.config.limits;
    let owner = || request.account.clone();
    let mut change = NodeChange::default();
    let unmet = || refuse_with(ErrorType::Cancel, Condition::Conflict, "precondition-not-met");
    let config = match (nodes.get(&node), &options) {
        (Some(config), None) => config.clone(),
        // §7.1.5: each option is a condition.
        (Some(config), Some(form)) => match config.with(form, limits.node_items, true) {
            Ok(wanted) if wanted == *config => wanted,
            Ok(_) | Err(_) => return unmet(),
        },
        (None, _) if nodes.len() >= limits.nodes => return too_many_nodes(),
        // §7.1.4
        (None, options) => {
            let default = NodeConfig::default();
            let made = options.as_ref().map_or(Ok(default.clone()), |form| default.with(form, limits.node_items, true));
            let Ok(config) = made else { return unmet() };
            change.ops.push(StoreOp::NodePut { owner: owner(), node: node.clone(), config: config.to_xml() });
            change.nodes.push((node.clone(), Some(config.clone())));
            config
        }
    };
    if item.payload.is_none() && config.deliver_payloads {
        return refuse_with(ErrorType::Modify, Condition::BadRequest, "payload-required");
    }
    let payload = item.payload.as_ref().map(xml::Element::to_xml).unwrap_or_default();
    if payload.len() > limits.item_bytes {
        // §7.1.3.4
        return refuse_with(ErrorType::Modify, Condition::NotAcceptable, "payload-too-big");
    }
    let id = item.id.unwrap_or_else(|| ItemId::from(fresh()));
    if config.persist {
        change.ops.push(StoreOp::ItemPut {
            owner: owner(),
            node: node.clone(),
            item: ItemRow { id: id.clone(), at: request.now.wall, payload },
            keep: config.max_items.unwrap_or(limits.node_items),
            quota: limits.node_bytes as u64,
        });
    }
    if node == ns::AVATAR_METADATA {
        change.photo = Some(item.payload.as_ref().and_then(avatar_conversion::hash_of));
    }
    change.notices.push(notify::published(&node, &config, &id, item.payload));
    let published = Publish { node, items: vec![Item { id: Some(id), ..Item::default() }] };
    change.reply = Some(PubSub { publish: Some(published), ..PubSub::default() }.write());
    Step::Change(change)
}

fn items_loaded(request: &Request<'_>, rows: Rows) -> Answer {
    let Some(node) = asked_node(request) else { return Answer::Nothing };
    let Rows::Items(rows) = rows else {
        return Answer::Error(StanzaError::from(Condition::InternalServerError));
    };
    let mut bytes = 0;
    let most = request.config.limits.archive_page_bytes;
    let fitting = rows.into_iter().take_while(|row| {
        let first = bytes == 0;
        bytes += row.payload.len() + 1;
        first || bytes <= most
    });
    let items = fitting.map(|row| Item { id: Some(row.id), publisher: None, payload: xml::parse(&row.payload).ok() });
    let items = Items { node, max_items: None, items: items.collect() };
    Answer::Result(Some(PubSub { items: Some(items), ..PubSub::default() }.write()))
}

fn names_loaded(request: &Request<'_>, rows: Rows) -> Answer {
    let Rows::Items(rows) = rows else {
        return Answer::Error(StanzaError::from(Condition::InternalServerError));
    };
    let item = |row: ItemRow| DiscoItem { jid: request.account.to_jid(), node: None, name: Some(row.id.to_string()) };
    let node = request.iq.element().and_then(|payload| payload.attr("node")).map(str::to_owned);
    let items = DiscoItems { node, items: rows.into_iter().map(item).collect(), set: None };
    Answer::Result(Some(items.write()))
}

fn asked_node(request: &Request<'_>) -> Option<NodeName> {
    let asked = request.iq.element().and_then(|payload| PubSub::read(payload).ok())?;
    Some(asked.items?.node)
}

impl Shard {
    /// Runs a request in the account's turn.
    pub(crate) fn run_node_request(&mut self, account: &BareJid, asker: Asker, iq: Iq, asked: NodeRequest) {
        let known = self.accounts.get(account).is_some_and(|it| it.nodes.is_some());
        if !known {
            let task = Task::Node { asker, iq: Box::new(iq), asked: Box::new(asked) };
            return self.load_nodes(account, task);
        }
        let mut fresh = None;
        if matches!(asked, NodeRequest::Publish { .. }) {
            fresh = Some(self.ids.fresh());
        }
        let Some(it) = self.accounts.get(account) else { return };
        let Some(nodes) = &it.nodes else { return };
        let step =
            decide(&self.request(&asker, &iq, None), nodes, it.photo.as_ref(), asked, || fresh.unwrap_or_default());
        match step {
            Step::Answer(answer) => self.answered(asker, iq, answer),
            Step::Change(change) => {
                let ops = change.ops.clone();
                let (iq, change) = (Box::new(iq), Box::new(change));
                if ops.is_empty() {
                    // Told and forgotten.
                    return self.nodes_changed(account, asker, *iq, *change, Ok(Vec::new()));
                }
                self.account(account).busy = true;
                self.store(ops, Pending::Nodes { account: account.clone(), asker, iq, change });
            }
        }
    }

    /// Reads which nodes there are; then the task's turn comes again.
    pub(crate) fn load_nodes(&mut self, account: &BareJid, task: Task) {
        let it = self.account(account);
        it.tasks.push_front(task);
        if it.anonymous {
            it.nodes = Some(Nodes::new());
            self.account_moved(account);
        } else {
            it.busy = true;
            self.load(Query::Nodes(account.clone()), Pending::NodesLoaded { account: account.clone() });
        }
    }

    pub(crate) fn nodes_loaded(&mut self, account: &BareJid, result: Result<Rows, StorageError>) {
        let Some(it) = self.accounts.get_mut(account) else { return };
        it.busy = false;
        match result {
            Ok(Rows::Nodes(rows)) => {
                let nodes = rows.into_iter().map(|(node, config)| (node, NodeConfig::from_xml(&config)));
                it.nodes = Some(nodes.collect());
            }
            Ok(_) => it.nodes = Some(Nodes::new()),
            Err(error) => {
                // The task that wanted to know fails; the next one tries again.
                if let Some(task) = it.tasks.pop_front() {
                    self.refuse_task(task, storage_error(&error));
                }
            }
        }
        self.account_moved(account);
    }

    /// A change is durable, or refused.
    pub(crate) fn nodes_changed(
        &mut self,
        account: &BareJid,
        asker: Asker,
        iq: Iq,
        change: NodeChange,
        result: Result<Vec<OpResult>, StorageError>,
    ) {
        let Some(it) = self.accounts.get_mut(account) else { return };
        it.busy = false;
        let done = match result {
            Ok(results) if results.iter().any(|it| matches!(it, OpResult::NoSuchItem)) => {
                // §7.2.3.3
                Err(StanzaError::from(Condition::ItemNotFound))
            }
            Ok(_) => Ok(()),
            Err(error) => Err(storage_error(&error)),
        };
        let mut effects = Vec::new();
        match done {
            Err(error) => effects.push(Effect::Reply(iq.reply_error(error).into())),
            Ok(()) => {
                let nodes = it.nodes.get_or_insert_default();
                for (node, config) in change.nodes {
                    match config {
                        Some(config) => nodes.insert(node, config),
                        None => nodes.remove(&node),
                    };
                }
                if change.photo_unknown {
                    it.photo = None;
                }
                effects.push(Effect::Reply(iq.reply_result(change.reply).into()));
                if let Some(photo) = change.photo {
                    effects.extend(self.photo_changed(account, photo));
                }
                let notices = change.notices.into_iter();
                effects.extend(notices.map(|notice| Effect::Notify { account: account.clone(), notice }));
            }
        }
        self.account_moved(account);
        self.complete(asker.origin, effects);
    }
}
