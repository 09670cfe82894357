//! Who is told what happens in a node: the owner's resources and those who see the owner's presence, if their clients want to know of
//! that node (XEP-0060 §9.2). Which clients do is known where they are connected, so the shard of each contact decides for its sessions.

use std::collections::BTreeSet;
use std::sync::Arc;

use xmpp::ids::{ItemId, NodeName};
use xmpp::jid::{BareJid, Jid};
use xmpp::payload::Payload;
use xmpp::stanza::{Message, MessageType};
use xmpp::time::Timestamp;
use xmpp::xep::data_forms::FormType;
use xmpp::xep::pubsub::{Event, EventConfiguration, EventDelete, EventItem, EventItems, EventPurge};
use xmpp::xml::{self, Element};

use super::config::{AccessModel, NodeConfig};
use crate::account::Task;
use crate::effect::Effect;
use crate::io::{Envelope, EnvelopeBody, SessionId};
use crate::modules::offline;
use crate::pending::Pending;
use crate::shard::{Place, Shard};
use crate::storage::{ItemsWanted, Query, Rows, StorageError};

/// Something to tell.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    node: NodeName,
    /// Nobody but the owner may know.
    private: bool,
    event: Element,
}

fn notice(node: &NodeName, config: &NodeConfig, event: Event) -> Notice {
    Notice { node: node.clone(), private: config.access == AccessModel::Whitelist, event: event.write() }
}

/// §7.1.2.1, §7.1.2.2
pub(crate) fn published(node: &NodeName, config: &NodeConfig, id: &ItemId, payload: Option<Element>) -> Notice {
    let payload = payload.filter(|_| config.deliver_payloads);
    let items = vec![EventItem { id: Some(id.clone()), publisher: None, payload }];
    let items = EventItems { node: node.clone(), items, retracted: Vec::new() };
    notice(node, config, Event { items: Some(items), ..Event::default() })
}

/// §7.2.2.1
pub(crate) fn retracted(node: &NodeName, config: &NodeConfig, ids: Vec<ItemId>) -> Notice {
    let items = EventItems { node: node.clone(), items: Vec::new(), retracted: ids };
    notice(node, config, Event { items: Some(items), ..Event::default() })
}

/// §8.4.2
pub(crate) fn deleted(node: &NodeName, config: &NodeConfig) -> Notice {
    let delete = EventDelete { node: node.clone(), redirect: None };
    notice(node, config, Event { delete: Some(delete), ..Event::default() })
}

/// §8.5.2
pub(crate) fn purged(node: &NodeName, config: &NodeConfig) -> Notice {
    notice(node, config, Event { purge: Some(EventPurge { node: node.clone() }), ..Event::default() })
}

/// §8.2.5.4
pub(crate) fn configured(node: &NodeName, config: &NodeConfig) -> Notice {
    let form = Some(config.form(FormType::Result));
    let configuration = EventConfiguration { node: node.clone(), form };
    notice(node, config, Event { configuration: Some(configuration), ..Event::default() })
}

/// XEP-0163 §4.3: a headline, which is neither archived nor kept for later.
fn message(account: &BareJid, event: Element) -> Message {
    Message::new(MessageType::Headline).with_from(account.clone()).with_element(event)
}

impl Shard {
    /// Tells everybody who may know.
    pub(crate) fn notify(&mut self, account: &BareJid, notice: &Notice) {
        let message = message(account, notice.event.clone());
        self.event_arrives(&account.to_jid(), account, &notice.node, &message);
        if notice.private {
            return;
        }
        let Some(roster) = self.accounts.get(account).and_then(|it| it.roster()) else { return };
        let sees = |contact: &Jid| self.place(contact) == Place::Account && !self.blocks(account, contact);
        let contacts: Vec<Jid> = roster
            .rows
            .values()
            .filter(|row| row.subscription.from())
            .map(|row| row.jid.to_jid())
            .filter(sees)
            .collect();
        for to in contacts {
            let body = EnvelopeBody::Event { node: notice.node.clone(), message: Box::new(message.clone()) };
            self.route(Envelope { to, body });
        }
    }

    /// A notification for an account of this shard: to the resource named, or to all, if their clients want it.
    pub(crate) fn event_arrives(&mut self, to: &Jid, account: &BareJid, node: &NodeName, message: &Message) {
        if message.from.as_ref().is_some_and(|from| self.blocks(account, from)) {
            return;
        }
        let wants = |id: &SessionId| {
            self.sessions.get(id).is_some_and(|session| {
                session.presence.is_some()
                    && session.interests.wants(node)
                    && (to.is_bare() || session.jid.as_jid() == to)
            })
        };
        for id in self.sessions_of(account, |_| true).into_iter().filter(wants).collect::<Vec<_>>() {
            let Some(session) = self.sessions.get(&id) else { continue };
            let copy = message.clone().with_to(session.jid.clone());
            self.deliver(id, copy.into(), None);
        }
    }

    /// XEP-0060 §9.1.2 and XEP-0163 §4.3.4: a client that comes online gets the last item of each node that it wants to know of.
    pub(crate) fn ask_for_last_items(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if session.presence.is_none() {
            return;
        }
        let nodes = session.interests.give();
        let (account, from) = (session.account.clone(), session.jid.to_jid());
        if nodes.is_empty() {
            return;
        }
        self.push_task(&account, Task::LastItems { from: from.clone(), nodes: Arc::clone(&nodes) });
        let Some(roster) = self.accounts.get(&account).and_then(|it| it.roster()) else { return };
        let shown = |contact: &Jid| self.place(contact) == Place::Account && !self.blocks(&account, contact);
        let contacts: Vec<Jid> = roster
            .rows
            .values()
            .filter(|row| row.subscription.to())
            .map(|row| row.jid.to_jid())
            .filter(shown)
            .collect();
        for to in contacts {
            let body = EnvelopeBody::EventProbe { from: from.clone(), nodes: Arc::clone(&nodes) };
            self.route(Envelope { to, body });
        }
    }

    /// The account may see a contact from now on: what its clients want to know of that one.
    pub(crate) fn probes_for_items(&self, account: &BareJid, contact: &BareJid) -> Vec<Effect> {
        let curious = self.sessions_of(account, |it| it.presence.is_some() && !it.interests.nodes().is_empty());
        let probe = |id: &SessionId| {
            let session = self.sessions.get(id)?;
            let body = EnvelopeBody::EventProbe { from: session.jid.to_jid(), nodes: session.interests.nodes() };
            Some(Effect::Route(Envelope { to: contact.to_jid(), body }))
        };
        curious.iter().filter_map(probe).collect()
    }

    /// Somebody's client has come online: what they may know goes there.
    pub(crate) fn run_last_items(&mut self, account: &BareJid, from: Jid, nodes: Arc<BTreeSet<NodeName>>) {
        let Some(it) = self.accounts.get(account) else { return };
        let asker = from.to_bare();
        let own = asker == *account;
        let subscriber = it.roster().and_then(|it| it.rows.get(&asker)).is_some_and(|row| row.subscription.from());
        if !own && !subscriber || self.blocks(account, &from) {
            return self.account_moved(account);
        }
        let Some(known) = &it.nodes else {
            return self.load_nodes(account, Task::LastItems { from, nodes });
        };
        let told = |config: &NodeConfig| config.sends_last() && (own || config.access != AccessModel::Whitelist);
        let told = known.iter().filter(|(node, config)| nodes.contains(*node) && told(config));
        let told: Vec<NodeName> = told.map(|(node, _)| node.clone()).collect();
        for node in told {
            let query = Query::Items { owner: account.clone(), node: node.clone(), wanted: ItemsWanted::Newest(1) };
            self.load(query, Pending::LastItem { account: account.clone(), to: from.clone(), node });
        }
        self.account_moved(account);
    }

    pub(crate) fn last_item_loaded(
        &mut self,
        account: &BareJid,
        to: Jid,
        node: NodeName,
        result: Result<Rows, StorageError>,
    ) {
        // What cannot be read now is asked for by whoever wants it.
        let Ok(Rows::Items(rows)) = result else { return };
        let Some(row) = rows.into_iter().next() else { return };
        let config = self.accounts.get(account).and_then(|it| it.nodes.as_ref()?.get(&node));
        let payload = xml::parse(&row.payload).ok().filter(|_| config.is_none_or(|config| config.deliver_payloads));
        let items = vec![EventItem { id: Some(row.id), publisher: None, payload }];
        let items = EventItems { node: node.clone(), items, retracted: Vec::new() };
        let event = Event { items: Some(items), ..Event::default() }.write();
        let delay = delayed(&self.config.domain, row.at);
        let message = Box::new(message(account, event).with_element(delay));
        self.route(Envelope { to, body: EnvelopeBody::Event { node, message } });
    }
}

/// XEP-0203, as XEP-0060 §7.1.2.1 asks for items that are not new.
fn delayed(domain: &str, at: Timestamp) -> Element {
    offline::stamp(domain, at)
}
