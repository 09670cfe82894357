//! RFC 6121 §2 and §3: the roster with its cache, and who may see whose presence.

mod item;
#[cfg(test)]
mod tests;

use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::stanza::{Presence, PresenceType};
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
        let version = versions.then(|| self.version.clone().unwrap_or_default());
        cx.get(None, Element::new("query", ns::ROSTER).with_opt_attr("ver", version), FETCH);
    }

    /// The whole roster: what is not in it is not a contact.
    fn replace(&mut self, cx: &mut Cx<'_>, query: &Element) {
        let items: Vec<_> = query.children_named("item", ns::ROSTER).filter_map(item::read).collect();
        let known: Vec<BareJid> =
            cx.state().people().filter(|(_, person)| person.roster.is_some()).map(|(jid, _)| jid.clone()).collect();
        for jid in known {
            if !items.iter().any(|(own, _)| *own == jid) {
                cx.state_mut().person_mut(&jid).roster = None;
            }
        }
        let mut rows = Vec::new();
        for (jid, entry) in items {
            rows.push(([ITEM, jid.as_str()].concat(), item::write(&jid, &entry).to_xml()));
            self.put(cx, &jid, entry);
        }
        self.version = query.attr("ver").map(String::from);
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
    fn pushed(&mut self, cx: &mut Cx<'_>, query: &Element) {
        for element in query.children_named("item", ns::ROSTER) {
            let Some(jid) = element.attr("jid").and_then(|jid| BareJid::new(jid).ok()) else { continue };
            let key = [ITEM, jid.as_str()].concat();
            if element.attr("subscription") == Some("remove") {
                cx.state_mut().person_mut(&jid).roster = None;
                cx.delete(&key);
            } else if let Some((jid, entry)) = item::read(element) {
                cx.put(&key, item::write(&jid, &entry).to_xml(), None);
                self.put(cx, &jid, entry);
            }
        }
        if let Some(version) = query.attr("ver") {
            self.version = Some(String::from(version));
            cx.put(VERSION, String::from(version), None);
        }
    }

    fn set(&self, cx: &mut Cx<'_>, item: Element, label: Label) {
        cx.set(None, Element::new("query", ns::ROSTER).with_child(item), label);
    }

    /// Adds somebody and asks to see them (§3.1).
    fn add(&self, cx: &mut Cx<'_>, jid: &BareJid, name: Option<&str>, groups: &[String], label: Label) {
        self.set(cx, item::edit(jid, name, groups), label);
        cx.send_presence(Presence::new(PresenceType::Subscribe).with_to(jid.clone()));
    }

    fn requested(&self, cx: &mut Cx<'_>, presence: &Presence, jid: BareJid) {
        let wanted = cx.state().person(&jid).and_then(|person| person.roster.as_ref()).is_some_and(|item| {
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
                && let Some((jid, entry)) = item::read(&element)
            {
                self.put(cx, &jid, entry);
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
                if let Ok(Some(query)) = result {
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
        if !request.set || !request.payload.is("query", ns::ROSTER) {
            return Flow::Continue;
        }
        // §2.1.6: only the own server may push; anybody else is told that there is no such service.
        let from_account = |from: &xmpp::Jid| from.is_bare() && cx.is_own(from);
        if !request.iq.from.as_ref().is_none_or(from_account) {
            return Flow::Continue;
        }
        self.pushed(cx, request.payload);
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
