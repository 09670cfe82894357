//! RFC 6121 §2: the roster, its versions and its pushes.

pub(crate) mod subscription;

use std::collections::BTreeSet;

use xmpp::jid::{BareJid, Jid};
use xmpp::ns;
use xmpp::stanza::{Condition, Iq, IqKind, StanzaError};
use xmpp::xml::Element;

use crate::account::{Origin, Request as Refused, RosterChange};
use crate::config::HostConfig;
use crate::effect::Effect;
use crate::modules::{Access, Answer, At, IqHandler, Module, Registry, Request};
use crate::route::subscription::subscription_stanza;
use crate::shard::Shard;
use crate::storage::{RosterRow, Subscription};

pub(crate) const NAME: &str = "roster";

/// The longest name of a contact or group, in bytes (RFC 6121 §2.3.3, case 4).
const NAME_BYTES: usize = 1_023;

pub(crate) struct Roster;

impl Module for Roster {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            At::Domain => &[ns::ROSTER],
            At::Account => &[],
        }
    }

    fn iq_handlers(&self) -> &'static [IqHandler] {
        &[
            IqHandler {
                name: "query",
                ns: ns::ROSTER,
                set: false,
                at: At::Account,
                access: Access::Owner,
                handle: read,
            },
            IqHandler {
                name: "query",
                ns: ns::ROSTER,
                set: true,
                at: At::Account,
                access: Access::Owner,
                handle: write,
            },
        ]
    }

    fn stream_features(&self, _: &Registry, _: &HostConfig) -> Vec<Element> {
        vec![Element::new("ver", ns::ROSTER_VERSIONING), Element::new("sub", ns::PRE_APPROVAL)]
    }
}

/// What is asked of a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RosterRequest {
    /// Everything, unless it is at this version still.
    Get {
        /// The client's version (RFC 6121 §2.6).
        ver: Option<String>,
    },
    /// Name and groups of a contact.
    Set {
        /// Who.
        jid: BareJid,
        /// What the user calls it.
        name: Option<String>,
        /// Where the user puts it.
        groups: Vec<String>,
    },
    /// Away with it.
    Remove {
        /// Who.
        jid: BareJid,
    },
}

fn read(_: &Request<'_>, payload: &Element) -> Answer {
    Answer::Roster(RosterRequest::Get { ver: payload.attr("ver").map(str::to_owned) })
}

fn write(request: &Request<'_>, payload: &Element) -> Answer {
    match read_item(request, payload) {
        Ok(wanted) => Answer::Roster(wanted),
        Err(condition) => Answer::Error(StanzaError::from(condition)),
    }
}

/// RFC 6121 §2.3.3: what may be set.
fn read_item(request: &Request<'_>, payload: &Element) -> Result<RosterRequest, Condition> {
    if request.anonymous {
        return Err(Condition::NotAllowed);
    }
    let mut items = payload.children();
    let (Some(item), None) = (items.next(), items.next()) else { return Err(Condition::BadRequest) };
    if !item.is("item", ns::ROSTER) {
        return Err(Condition::BadRequest);
    }
    let jid = item.attr("jid").ok_or(Condition::BadRequest)?;
    let jid = Jid::new(jid).map_err(|_| Condition::BadRequest)?.to_bare();
    if item.attr("subscription") == Some("remove") {
        return Ok(RosterRequest::Remove { jid });
    }
    if jid == *request.account {
        return Err(Condition::NotAllowed);
    }
    let name = item.attr("name").filter(|name| !name.is_empty()).map(str::to_owned);
    let groups: Vec<String> = item.children_named("group", ns::ROSTER).map(Element::text).collect();
    let distinct: BTreeSet<&String> = groups.iter().collect();
    if distinct.len() != groups.len() {
        return Err(Condition::BadRequest);
    }
    let acceptable = |text: &str| !text.is_empty() && text.len() <= NAME_BYTES;
    let too_many = groups.len() > request.config.limits.roster_groups;
    if too_many || !groups.iter().all(|group| acceptable(group)) || !name.as_deref().is_none_or(acceptable) {
        return Err(Condition::NotAcceptable);
    }
    Ok(RosterRequest::Set { jid, name, groups })
}

/// A contact that is not in the roster yet.
pub(crate) fn unlisted(jid: BareJid) -> RosterRow {
    RosterRow {
        jid,
        name: None,
        groups: Vec::new(),
        subscription: Subscription::None,
        ask: false,
        approved: false,
        pending_in: None,
        listed: false,
    }
}

/// The item as the user sees it.
pub(crate) fn item(row: &RosterRow) -> Element {
    Element::new("item", ns::ROSTER)
        .with_attr("jid", row.jid.as_str())
        .with_opt_attr("name", row.name.clone())
        .with_attr("subscription", row.subscription.as_str())
        .with_opt_attr("ask", row.ask.then_some("subscribe"))
        .with_opt_attr("approved", row.approved.then_some("true"))
        .with_children(row.groups.iter().map(|group| Element::new("group", ns::ROSTER).with_text(group.clone())))
}

impl Shard {
    /// Runs a request in the account's turn.
    pub(crate) fn run_roster_request(&mut self, account: &BareJid, origin: Origin, iq: Iq, request: RosterRequest) {
        let result = match request {
            RosterRequest::Get { ver } => Ok(self.read_roster(account, origin, &iq, ver.as_deref())),
            RosterRequest::Set { jid, name, groups } => self.set_item(account, origin, &iq, jid, name, groups),
            RosterRequest::Remove { jid } => self.remove_item(account, origin, &iq, &jid),
        };
        match result {
            Ok(Some(reply)) => self.complete(Some(origin), vec![Effect::Reply(reply.into())]),
            Ok(None) => {}
            Err(condition) => {
                let reply = iq.reply_error(StanzaError::from(condition));
                self.complete(Some(origin), vec![Effect::Reply(reply.into())]);
            }
        }
    }

    fn read_roster(&mut self, account: &BareJid, origin: Origin, iq: &Iq, ver: Option<&str>) -> Option<Iq> {
        if let Some(session) = self.sessions.get_mut(&origin.session) {
            session.interested = true;
        }
        let mut query = Element::new("query", ns::ROSTER);
        if let Some(roster) = self.accounts.get(account).and_then(|it| it.roster()) {
            let current = roster.version.to_string();
            if ver == Some(&current) {
                // §2.6.3: nothing has changed.
                return Some(iq.reply_result(None));
            }
            if ver.is_some() {
                query.set_attr("ver", current);
            }
            query = query.with_children(roster.rows.values().filter(|row| row.listed).map(item));
        }
        Some(iq.reply_result(Some(query)))
    }

    fn set_item(
        &mut self,
        account: &BareJid,
        origin: Origin,
        iq: &Iq,
        jid: BareJid,
        name: Option<String>,
        groups: Vec<String>,
    ) -> Result<Option<Iq>, Condition> {
        let roster = self.accounts.get(account).and_then(|it| it.roster());
        let roster = roster.ok_or(Condition::ItemNotFound)?;
        let known = roster.rows.get(&jid);
        if known.is_none() && roster.rows.len() >= self.config.limits.roster_items {
            return Err(Condition::ResourceConstraint);
        }
        let row = RosterRow { name, groups, listed: true, ..known.cloned().unwrap_or_else(|| unlisted(jid)) };
        let change = RosterChange {
            origin: Some(origin),
            push: vec![item(&row)],
            put: vec![row],
            removed: Vec::new(),
            then: vec![Effect::Reply(iq.reply_result(None).into())],
            request: Refused::Iq(Box::new(iq.clone())),
        };
        self.change_roster(account, change);
        Ok(None)
    }

    /// §2.5: removal ends the subscriptions in both directions.
    fn remove_item(
        &mut self,
        account: &BareJid,
        origin: Origin,
        iq: &Iq,
        jid: &BareJid,
    ) -> Result<Option<Iq>, Condition> {
        let roster = self.accounts.get(account).and_then(|it| it.roster());
        let row = roster.and_then(|roster| roster.rows.get(jid)).filter(|row| row.listed);
        let row = row.ok_or(Condition::ItemNotFound)?.clone();
        let local = self.place(&jid.to_jid()) == crate::shard::Place::Account;
        let mut then = Vec::new();
        if local {
            if row.subscription.from() {
                then.extend(self.hidden_from(account, &jid.to_jid()));
            }
            let verbs = subscription::removal(&row).into_iter();
            then.extend(verbs.map(|verb| subscription_stanza(account, verb, jid)));
        }
        then.push(Effect::Reply(iq.reply_result(None).into()));
        let gone = Element::new("item", ns::ROSTER).with_attr("jid", jid.as_str()).with_attr("subscription", "remove");
        // A request of the contact that waits is not part of the roster and stays.
        let waiting = row.pending_in.map(|request| RosterRow { pending_in: Some(request), ..unlisted(jid.clone()) });
        let removed = if waiting.is_none() { vec![jid.clone()] } else { Vec::new() };
        let change = RosterChange {
            origin: Some(origin),
            put: waiting.into_iter().collect(),
            removed,
            push: vec![gone],
            then,
            request: Refused::Iq(Box::new(iq.clone())),
        };
        self.change_roster(account, change);
        Ok(None)
    }

    /// §2.1.6: each interested resource gets the item, with the version it leads to.
    pub(crate) fn push_roster(&mut self, account: &BareJid, item: &Element, version: u64) {
        for id in self.sessions_of(account, |session| session.interested) {
            let Some(to) = self.sessions.get(&id).map(|session| session.jid.to_jid()) else { continue };
            let query =
                Element::new("query", ns::ROSTER).with_attr("ver", version.to_string()).with_child(item.clone());
            let push = Iq {
                from: Some(account.to_jid()),
                to: Some(to),
                id: self.ids.fresh().into(),
                kind: IqKind::Set(query),
            };
            self.deliver(id, push.into(), None);
        }
    }
}
