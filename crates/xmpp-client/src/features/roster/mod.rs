//! RFC 6121 §2 and §3: the roster with its cache, and who may see whose presence.

mod item;
#[cfg(test)]
mod tests;

use xmpp::Payload;
use xmpp::ids::RosterVersion;
use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::stanza::{Presence, PresenceType};
use xmpp::xep::roster::{RosterItem, RosterQuery};
use xmpp::xml::Element;

use crate::api::{Command, ContactRequest, Event, Subscription};
use crate::cx::Cx;
use crate::feature::{Feature, Flow, IqRequest, Label, RequestError, SessionChange, Signal};

/// The feature.
#[derive(Default)]
pub struct Roster {
    /// The version of the cached items; `None`: nothing is cached.
    version: Option<String>,
    rows_loaded: bool,
    bound: bool,
}

const FETCH: Label = Label(1);
const ADD: Label = Label(2);
const RENAME: Label = Label(3);
const REMOVE: Label = Label(4);
const ACCEPT: Label = Label(5);

/// The row with the version.
const VERSION: &str = "version";
/// Rows of items are named by this and the address.
const ITEM: &str = "item/";
/// More open requests than this are an attack.
const MAX_REQUESTS: usize = 200;

impl Roster {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    /// Asks for the roster, or for what changed since the cached version (§2.6).
    fn fetch(&mut self, cx: &mut Cx<'_>) {
        if !(self.rows_loaded && self.bound) {
            return;
        }
        let versions = cx.stream_features().is_some_and(|f| f.child("ver", ns::ROSTER_VERSIONING).is_some());
        let ver = versions.then(|| RosterVersion::from(self.version.clone().unwrap_or_default()));
        cx.get(None, RosterQuery { ver, items: Vec::new() }.write(), FETCH);
    }

    /// The whole roster: what is not in it is not a contact.
    fn replace(&mut self, cx: &mut Cx<'_>, query: RosterQuery) {
        let items = query.items;
        let known: Vec<BareJid> =
            cx.state().people().filter(|(_, person)| person.roster.is_some()).map(|(jid, _)| jid.clone()).collect();
        for jid in known {
            if !items.iter().any(|item| item.jid == jid) {
                cx.state_mut().person_mut(&jid).roster = None;
            }
        }
        let mut rows = Vec::new();
        for item in items {
            if let Some(entry) = item::entry(&item) {
                rows.push(([ITEM, item.jid.as_str()].concat(), item.write().to_xml()));
                self.put(cx, &item.jid, entry);
            }
        }
        self.version = query.ver.map(String::from);
        if let Some(version) = &self.version {
            rows.push((String::from(VERSION), version.clone()));
        }
        cx.put_all("", rows);
    }

    fn put(&self, cx: &mut Cx<'_>, jid: &BareJid, entry: crate::state::RosterEntry) {
        if matches!(entry.subscription, Subscription::From | Subscription::Both) {
            cx.state_mut().remove_request(jid);
        }
        cx.state_mut().person_mut(jid).roster = Some(entry);
    }

    /// One pushed change (§2.1.6).
    fn pushed(&mut self, cx: &mut Cx<'_>, query: RosterQuery) {
        for item in query.items {
            let key = [ITEM, item.jid.as_str()].concat();
            match item::entry(&item) {
                Some(entry) => {
                    cx.put(&key, item.write().to_xml(), None);
                    self.put(cx, &item.jid, entry);
                }
                None => {
                    cx.state_mut().person_mut(&item.jid).roster = None;
                    cx.delete(&key);
                }
            }
        }
        if let Some(version) = query.ver.map(String::from) {
            self.version = Some(version.clone());
            cx.put(VERSION, version, None);
        }
    }

    fn set(&self, cx: &mut Cx<'_>, item: RosterItem, label: Label) {
        cx.set(None, RosterQuery { ver: None, items: vec![item] }.write(), label);
    }

    /// Adds somebody and asks to see them (§3.1).
    fn add(&self, cx: &mut Cx<'_>, jid: &BareJid, name: Option<&str>, groups: &[String], label: Label) {
        self.set(cx, item::edit(jid, name, groups), label);
        cx.send_presence(Presence::new(PresenceType::Subscribe).with_to(jid.clone()));
    }

    fn requested(&self, cx: &mut Cx<'_>, presence: &Presence, jid: BareJid) {
        let wanted =
            cx.state().person(&jid).and_then(|person| person.roster.as_ref()).is_some_and(|item| {
                item.pending_out || matches!(item.subscription, Subscription::To | Subscription::Both)
            });
        if wanted {
            // Whom we asked to see may see us.
            return cx.send_presence(Presence::new(PresenceType::Subscribed).with_to(jid));
        }
        let is_new = cx.state().request(&jid).is_none();
        if is_new && cx.state().requests() >= MAX_REQUESTS {
            return;
        }
        let name = presence.child("nick", ns::NICK).map(Element::text).filter(|name| !name.trim().is_empty());
        cx.state_mut().set_request(ContactRequest { jid: jid.clone(), name, message: presence.status() });
        if is_new {
            cx.emit(Event::ContactRequested(jid));
        }
    }
}

impl Feature for Roster {
    fn id(&self) -> &'static str {
        "roster"
    }

    fn essential(&self) -> bool {
        true
    }

    fn on_rows(&mut self, cx: &mut Cx<'_>, rows: &[(&str, &str)]) {
        self.rows_loaded = true;
        for (key, value) in rows {
            if *key == VERSION {
                self.version = Some(String::from(*value));
            } else if key.starts_with(ITEM)
                && let Ok(element) = xmpp::xml::parse(value)
                && let Ok(item) = RosterItem::read(&element)
                && let Some(entry) = item::entry(&item)
            {
                self.put(cx, &item.jid, entry);
            }
        }
        if self.version.is_some() {
            cx.state_mut().tell_roster_complete();
        }
        self.fetch(cx);
    }

    fn on_session(&mut self, cx: &mut Cx<'_>, change: SessionChange) {
        if change == SessionChange::Bound {
            self.bound = true;
            self.fetch(cx);
        }
    }

    fn on_reply(&mut self, cx: &mut Cx<'_>, label: Label, result: Result<Option<&Element>, &RequestError>) {
        let command = match label {
            FETCH => {
                if let Ok(Some(query)) = result
                    && let Ok(query) = RosterQuery::read(query)
                {
                    self.replace(cx, query);
                }
                if !matches!(result, Err(RequestError::Disconnected)) {
                    // Without an answer people are not shown as contacts, but can still be talked to.
                    cx.state_mut().tell_roster_complete();
                    cx.signal(Signal::Roster);
                }
                return;
            }
            ADD => "add-contact",
            RENAME => "rename-contact",
            REMOVE => "remove-contact",
            ACCEPT => "accept-contact",
            _ => return,
        };
        if let Err(error) = result {
            cx.command_failed(command, error);
        }
    }

    fn on_iq(&mut self, cx: &mut Cx<'_>, request: IqRequest<'_>) -> Flow {
        if !request.set {
            return Flow::Continue;
        }
        let Ok(query) = RosterQuery::read(request.payload) else { return Flow::Continue };
        // §2.1.6: only the own server may push; anybody else is told that there is no such service.
        let from_account = |from: &xmpp::Jid| from.is_bare() && cx.is_own(from);
        if !request.iq.from.as_ref().is_none_or(from_account) {
            return Flow::Continue;
        }
        self.pushed(cx, query);
        cx.answer(request, Ok(None));
        Flow::Stop
    }

    fn on_presence(&mut self, cx: &mut Cx<'_>, presence: &Presence) -> Flow {
        let Some(jid) = presence.from.as_ref().map(xmpp::Jid::to_bare) else { return Flow::Continue };
        match presence.type_ {
            PresenceType::Subscribe => self.requested(cx, presence, jid),
            PresenceType::Unsubscribe => {
                cx.state_mut().remove_request(&jid);
            }
            // The roster push says the rest.
            PresenceType::Subscribed | PresenceType::Unsubscribed => {}
            _ => return Flow::Continue,
        }
        Flow::Stop
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Flow {
        match command {
            Command::AddContact { jid, name, groups } => self.add(cx, jid, name.as_deref(), groups, ADD),
            Command::AcceptContact(jid) => {
                cx.state_mut().remove_request(jid);
                cx.send_presence(Presence::new(PresenceType::Subscribed).with_to(jid.clone()));
                let entry = cx.state().person(jid).and_then(|person| person.roster.clone());
                let sees = entry.as_ref().is_some_and(|item| {
                    item.pending_out || matches!(item.subscription, Subscription::To | Subscription::Both)
                });
                if !sees {
                    let (name, groups) = entry.map(|item| (item.name, item.groups)).unwrap_or_default();
                    self.add(cx, jid, name.as_deref(), &groups, ACCEPT);
                }
            }
            Command::RefuseContact(jid) => {
                cx.state_mut().remove_request(jid);
                cx.send_presence(Presence::new(PresenceType::Unsubscribed).with_to(jid.clone()));
            }
            Command::RenameContact { jid, name, groups } => {
                self.set(cx, item::edit(jid, name.as_deref(), groups), RENAME);
            }
            Command::RemoveContact(jid) => self.set(cx, item::remove(jid), REMOVE),
            _ => return Flow::Continue,
        }
        Flow::Stop
    }
}
