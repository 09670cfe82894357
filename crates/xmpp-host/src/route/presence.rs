//! Presence of sessions: broadcast, directed, probed, and taken back at the end (RFC 6121 §4).

use std::collections::BTreeSet;

use xmpp::jid::{BareJid, FullJid, Jid};
use xmpp::stanza::{Condition, ErrorType, Presence, PresenceType, StanzaError};
use xmpp::xml;

use crate::account::{Origin, Task};
use crate::effect::Effect;
use crate::io::{Envelope, EnvelopeBody, SessionId};
use crate::modules::blocking;
use crate::modules::roster::subscription::Verb;
use crate::session::queue::EntryId;
use crate::shard::{Place, Shard};
use crate::storage::RosterRow;

impl Shard {
    /// Starts a presence stanza of a session; `from` is stamped.
    pub(crate) fn send_presence(&mut self, id: SessionId, entry: EntryId, presence: Presence) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let account = session.account.clone();
        let origin = Origin { session: id, entry };
        if let Some(verb) = Verb::of(presence.type_) {
            self.push_task(&account, Task::Outbound { origin, verb, presence: Box::new(presence) });
            return;
        }
        match (presence.type_, presence.to.clone()) {
            (PresenceType::Available, None) => {
                self.push_task(&account, Task::Broadcast { origin, presence: Box::new(presence) });
            }
            (PresenceType::Unavailable, None) => {
                let available = session.presence.take().is_some();
                let (jid, directed) = (session.jid.clone(), std::mem::take(&mut session.directed));
                let presence = Some((origin, Box::new(presence)));
                self.push_task(&account, Task::Gone { jid, available, directed, presence });
            }
            (_, Some(to)) => {
                let effects = self.direct_presence(id, presence, to);
                self.finish(id, entry, effects);
            }
            (_, None) => self.finish(id, entry, Vec::new()),
        }
    }

    /// §4.6: to one address.
    fn direct_presence(&mut self, id: SessionId, presence: Presence, to: Jid) -> Vec<Effect> {
        let refuse = |condition| {
            let reply = presence.reply_error(StanzaError::from(condition));
            reply.map(|reply| Effect::Reply(reply.into())).into_iter().collect()
        };
        match self.place(&to) {
            Place::Account if self.sessions.get(&id).is_some_and(|session| self.blocks(&session.account, &to)) => {
                let reply = presence.reply_error(blocking::refusal());
                return reply.map(|reply| Effect::Reply(reply.into())).into_iter().collect();
            }
            Place::Account => {}
            Place::Domain => return Vec::new(),
            Place::Elsewhere => return refuse(Condition::RemoteServerNotFound),
        }
        let limit = self.config.limits.directed_presence;
        let Some(session) = self.sessions.get_mut(&id) else { return Vec::new() };
        let body = match presence.type_ {
            PresenceType::Probe => EnvelopeBody::Probe { from: session.jid.to_jid() },
            PresenceType::Available if session.directed.len() >= limit && !session.directed.contains(&to) => {
                return refuse(Condition::ResourceConstraint);
            }
            type_ => {
                if type_ == PresenceType::Available {
                    session.directed.insert(to.clone());
                } else {
                    session.directed.remove(&to);
                }
                let account = session.account.clone();
                EnvelopeBody::Presence(Box::new(self.with_photo(&account, presence)))
            }
        };
        let to = if matches!(body, EnvelopeBody::Probe { .. }) { to.to_bare().into() } else { to };
        vec![Effect::Route(Envelope { to, body })]
    }

    /// §4.2 and §4.4: initial presence and its updates.
    pub(crate) fn run_broadcast(&mut self, account: &BareJid, origin: Origin, presence: Presence) {
        let id = origin.session;
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if !has_valid_priority(&presence) {
            let error = StanzaError::new(ErrorType::Modify, Condition::BadRequest).with_text("priority is -128 to 127");
            let reply = presence.reply_error(error).map(|reply| Effect::Reply(reply.into()));
            self.complete(Some(origin), reply.into_iter().collect());
            return;
        }
        let ended = session.ended;
        if !ended && !self.knows_photo(account) {
            return self.load_photo(account, Task::Broadcast { origin, presence: Box::new(presence) });
        }
        if ended {
            // It would be taken back at once.
            self.complete(Some(origin), Vec::new());
            return;
        }
        let presence = self.with_photo(account, presence);
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let initial = session.presence.is_none();
        let took = session.takes_messages();
        session.priority = presence.priority();
        session.presence = Some(presence.clone());
        let takes = session.takes_messages();
        let me = session.jid.clone();

        self.note_capabilities(id, &presence, initial);
        let mut effects: Vec<Effect> = self.for_subscribers(account, &presence);
        let available = self.sessions_of(account, |session| session.presence.is_some());
        effects.push(Effect::Deliver { to: available.clone(), element: presence.into() });
        if initial {
            for other in available.iter().filter(|other| **other != id) {
                if let Some(theirs) = self.sessions.get(other).and_then(|session| session.presence.clone()) {
                    effects.push(Effect::Reply(theirs.with_to(me.clone()).into()));
                }
            }
            effects.extend(self.probes(account, &me));
            effects.extend(self.pending_requests(account));
        }
        if takes && !took {
            effects.push(Effect::Drain { account: account.clone() });
        }
        self.complete(Some(origin), effects);
    }

    /// One copy for each contact that sees the user.
    pub(crate) fn for_subscribers(&self, account: &BareJid, presence: &Presence) -> Vec<Effect> {
        let Some(roster) = self.accounts.get(account).and_then(|it| it.roster()) else { return Vec::new() };
        let sees = |row: &&RosterRow| row.subscription.from() && !self.blocks(account, row.jid.as_jid());
        roster.rows.values().filter(sees).filter_map(|row| self.presence_to(&row.jid.to_jid(), presence)).collect()
    }

    pub(crate) fn presence_to(&self, to: &Jid, presence: &Presence) -> Option<Effect> {
        let body = EnvelopeBody::Presence(Box::new(presence.clone().with_to(to.clone())));
        (self.place(to) == Place::Account).then(|| Effect::Route(Envelope { to: to.clone(), body }))
    }

    /// §4.3: asks the contacts the user sees.
    fn probes(&self, account: &BareJid, me: &FullJid) -> Vec<Effect> {
        let Some(roster) = self.accounts.get(account).and_then(|it| it.roster()) else { return Vec::new() };
        let seen = roster.rows.values().filter(|row| row.subscription.to()).map(|row| row.jid.to_jid());
        seen.filter(|to| !self.blocks(account, to))
            .filter(|to| self.place(to) == Place::Account)
            .map(|to| Effect::Route(Envelope { to, body: EnvelopeBody::Probe { from: me.to_jid() } }))
            .collect()
    }

    /// §3.1.3: the requests that wait are shown at each sign-in.
    fn pending_requests(&self, account: &BareJid) -> Vec<Effect> {
        let Some(roster) = self.accounts.get(account).and_then(|it| it.roster()) else { return Vec::new() };
        let shown = roster.rows.values().filter(|row| !self.blocks(account, row.jid.as_jid()));
        let waiting = shown.filter_map(|row| row.pending_in.as_deref());
        waiting.filter_map(|stanza| xml::parse(stanza).ok()).map(Effect::Reply).collect()
    }

    /// §4.5: a session is unavailable; tells those who saw it, by subscription or directed presence.
    pub(crate) fn run_gone(
        &mut self,
        account: &BareJid,
        gone: &FullJid,
        available: bool,
        directed: BTreeSet<Jid>,
        presence: Option<(Origin, Box<Presence>)>,
    ) {
        let (origin, presence) = match presence {
            Some((origin, presence)) => (Some(origin), *presence),
            None => (None, Presence::unavailable().with_from(gone.clone())),
        };
        let successor = self.sessions_of(account, |session| session.jid == *gone && session.presence.is_some());
        if origin.is_none() && !successor.is_empty() {
            // The resource was taken over and is available: nothing to tell.
            return;
        }
        let mut effects = Vec::new();
        if available {
            effects = self.for_subscribers(account, &presence);
            let to = self.sessions_of(account, |session| session.presence.is_some());
            effects.push(Effect::Deliver { to, element: presence.clone().into() });
        }
        let told = |to: &Jid| {
            let row = self.accounts.get(account).and_then(|it| it.roster()?.rows.get(&to.to_bare()));
            available && row.is_some_and(|row| row.subscription.from())
        };
        effects.extend(directed.iter().filter(|to| !told(to)).filter_map(|to| self.presence_to(to, &presence)));
        self.complete(origin, effects);
    }

    /// §4.3.2: answers a probe with the presence of each resource, if the one who asks may see it.
    pub(crate) fn run_probe(&mut self, account: &BareJid, from: &Jid) {
        if self.blocks(account, from) {
            // XEP-0191 §3.3: no answer, not even that there is none.
            return self.complete(None, Vec::new());
        }
        let asker = from.to_bare();
        let row = self.accounts.get(account).and_then(|it| it.roster()?.rows.get(&asker));
        let effects = if asker == *account || row.is_some_and(|row| row.subscription.from()) {
            let mut known = self.shown_to(account, from);
            if known.is_empty() {
                known.extend(self.presence_to(from, &Presence::unavailable().with_from(account.clone())));
            }
            known
        } else {
            // Whoever probes believes to be subscribed; this sets its roster right.
            let refusal = Presence::new(PresenceType::Unsubscribed).with_from(account.clone());
            let body = EnvelopeBody::Subscription(Box::new(refusal.with_to(asker.clone())));
            vec![Effect::Route(Envelope { to: asker.into(), body })]
        };
        self.complete(None, effects);
    }

    /// The presence of each available resource, to one address.
    pub(crate) fn shown_to(&self, account: &BareJid, to: &Jid) -> Vec<Effect> {
        let sessions = self.sessions_of(account, |session| session.presence.is_some());
        let presences = sessions.iter().filter_map(|id| self.sessions.get(id)?.presence.as_ref());
        presences.filter_map(|presence| self.presence_to(to, presence)).collect()
    }

    /// Unavailable presence from each available resource, to one address.
    pub(crate) fn hidden_from(&self, account: &BareJid, to: &Jid) -> Vec<Effect> {
        let sessions = self.sessions_of(account, |session| session.presence.is_some());
        let jids = sessions.iter().filter_map(|id| Some(self.sessions.get(id)?.jid.clone()));
        jids.filter_map(|jid| self.presence_to(to, &Presence::unavailable().with_from(jid))).collect()
    }
}

/// §4.7.2.3: an integer from -128 to 127, if it is there.
fn has_valid_priority(presence: &Presence) -> bool {
    presence.child("priority", xmpp::ns::CLIENT).is_none_or(|it| it.text().trim().parse::<i8>().is_ok())
}
