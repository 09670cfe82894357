//! Subscription stanzas through the states of `modules::roster::subscription`: stored, pushed, passed on (RFC 6121 §3).

use xmpp::jid::{BareJid, Jid};
use xmpp::stanza::{Condition, Presence, PresenceType, StanzaError};
use xmpp::xml::Element;

use crate::account::{Origin, Request, RosterChange, RosterState};
use crate::effect::Effect;
use crate::io::{Envelope, EnvelopeBody};
use crate::modules::roster::subscription::{self, Verb};
use crate::modules::{blocking, roster};
use crate::shard::{Place, Shard};
use crate::storage::RosterRow;

/// A request longer than this is kept without what is in it.
const KEPT_REQUEST_BYTES: usize = 2_048;

impl Verb {
    /// The verb of a presence type, if it is one of the four.
    pub(crate) fn of(type_: PresenceType) -> Option<Self> {
        Some(match type_ {
            PresenceType::Subscribe => Self::Subscribe,
            PresenceType::Subscribed => Self::Subscribed,
            PresenceType::Unsubscribe => Self::Unsubscribe,
            PresenceType::Unsubscribed => Self::Unsubscribed,
            _ => return None,
        })
    }

    fn presence_type(self) -> PresenceType {
        match self {
            Self::Subscribe => PresenceType::Subscribe,
            Self::Subscribed => PresenceType::Subscribed,
            Self::Unsubscribe => PresenceType::Unsubscribe,
            Self::Unsubscribed => PresenceType::Unsubscribed,
        }
    }
}

impl Shard {
    /// A session sends one of the four.
    pub(crate) fn run_outbound(&mut self, account: &BareJid, origin: Origin, verb: Verb, presence: Presence) {
        if presence.to.as_ref().is_some_and(|to| self.blocks(account, to)) {
            let reply = presence.reply_error(blocking::refusal());
            self.complete(Some(origin), reply.map(|reply| Effect::Reply(reply.into())).into_iter().collect());
            return;
        }
        match self.outbound_change(account, verb, &presence) {
            Err(condition) => {
                let reply = presence.reply_error(StanzaError::from(condition));
                self.complete(Some(origin), reply.map(|reply| Effect::Reply(reply.into())).into_iter().collect());
            }
            Ok((row, effect)) => {
                let contact = row.jid.to_jid();
                let mut then = Vec::new();
                if effect.pass {
                    // RFC 6121 §3.1.2: from and to bare JIDs.
                    let stamped =
                        Presence { from: Some(account.to_jid()), to: Some(contact.clone()), ..presence.clone() };
                    let body = EnvelopeBody::Subscription(Box::new(stamped));
                    then.push(Effect::Route(Envelope { to: contact.clone(), body }));
                }
                then.extend(self.seen_or_not(account, &contact, effect));
                let request = Request::Presence(Box::new(presence));
                self.settle_item(account, Some(origin), row, effect, then, request);
            }
        }
    }

    fn outbound_change(
        &self,
        account: &BareJid,
        verb: Verb,
        presence: &Presence,
    ) -> Result<(RosterRow, subscription::Effect), Condition> {
        let to = presence.to.as_ref().ok_or(Condition::BadRequest)?;
        match self.place(to) {
            Place::Account => {}
            Place::Domain => return Err(Condition::ServiceUnavailable),
            Place::Elsewhere => return Err(Condition::RemoteServerNotFound),
        }
        let contact = to.to_bare();
        let it = self.accounts.get(account).ok_or(Condition::InternalServerError)?;
        if it.anonymous || contact == *account {
            return Err(Condition::NotAllowed);
        }
        let roster = it.roster().ok_or(Condition::NotAllowed)?;
        let known = roster.rows.get(&contact);
        if known.is_none() && roster.rows.len() >= self.config.limits.roster_items {
            return Err(Condition::ResourceConstraint);
        }
        let mut row = known.cloned().unwrap_or_else(|| roster::unlisted(contact));
        let effect = subscription::outbound(verb, &mut row);
        Ok((row, effect))
    }

    /// One of the four arrives for an account.
    pub(crate) fn run_inbound(&mut self, account: &BareJid, verb: Verb, presence: Presence) {
        let Some(from) = presence.from.as_ref().map(Jid::to_bare) else { return };
        if self.blocks(account, from.as_jid()) {
            // XEP-0191 §3.3: dropped without a word.
            return;
        }
        let Some(it) = self.accounts.get(account) else { return };
        if matches!(it.roster, RosterState::Missing) || it.anonymous {
            if verb == Verb::Subscribe {
                // RFC 6121 §3.1.3: there is nobody who could approve.
                let refusal = subscription_stanza(account, Verb::Unsubscribed, &from);
                self.complete(None, vec![refusal]);
            }
            return;
        }
        let Some(roster) = it.roster() else { return };
        let known = roster.rows.get(&from);
        let waiting = || roster.rows.values().filter(|row| row.pending_in.is_some()).count();
        if known.is_none() && verb == Verb::Subscribe && waiting() >= self.config.limits.pending_requests {
            if let Some(reply) = presence.reply_error(StanzaError::from(Condition::ResourceConstraint)) {
                self.answer(&from.into(), reply.into());
            }
            return;
        }
        let mut row = known.cloned().unwrap_or_else(|| roster::unlisted(from.clone()));
        let effect = subscription::inbound(verb, &mut row, &kept(&presence));
        let mut then = Vec::new();
        if effect.pass {
            let to = self.sessions_of(account, |session| {
                session.presence.is_some() || (verb != Verb::Subscribe && session.interested)
            });
            then.push(Effect::Deliver { to, element: presence.clone().into() });
        }
        if effect.pass && verb == Verb::Subscribed && self.place(from.as_jid()) == Place::Account {
            then.extend(self.probes_for_items(account, &from));
        }
        if effect.approve {
            then.push(subscription_stanza(account, Verb::Subscribed, &from));
        }
        then.extend(self.seen_or_not(account, &from.into(), effect));
        self.settle_item(account, None, row, effect, then, Request::Presence(Box::new(presence)));
    }

    fn seen_or_not(&self, account: &BareJid, contact: &Jid, effect: subscription::Effect) -> Vec<Effect> {
        match (effect.show, effect.hide) {
            (true, _) => self.shown_to(account, contact),
            (_, true) => self.hidden_from(account, contact),
            _ => Vec::new(),
        }
    }

    /// Stores what became of an item, if anything did, and goes on with `then`.
    fn settle_item(
        &mut self,
        account: &BareJid,
        origin: Option<Origin>,
        row: RosterRow,
        effect: subscription::Effect,
        then: Vec<Effect>,
        request: Request,
    ) {
        if !effect.store {
            self.complete(origin, then);
            return;
        }
        let push = if effect.push { vec![roster::item(&row)] } else { Vec::new() };
        let empty = !row.listed && row.pending_in.is_none();
        let (put, removed) = if empty { (Vec::new(), vec![row.jid]) } else { (vec![row], Vec::new()) };
        self.change_roster(account, RosterChange { origin, put, removed, push, then, request });
    }
}

/// A subscription stanza that the server sends for an account.
pub(crate) fn subscription_stanza(account: &BareJid, verb: Verb, to: &BareJid) -> Effect {
    let presence = Presence::new(verb.presence_type()).with_from(account.clone()).with_to(to.clone());
    Effect::Route(Envelope { to: to.to_jid(), body: EnvelopeBody::Subscription(Box::new(presence)) })
}

fn kept(presence: &Presence) -> String {
    let whole = Element::from(presence.clone()).to_xml();
    if whole.len() <= KEPT_REQUEST_BYTES {
        return whole;
    }
    Element::from(Presence { payloads: Vec::new(), ..presence.clone() }).to_xml()
}
