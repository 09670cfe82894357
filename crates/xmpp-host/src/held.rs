//! Stanzas that wait until the roster of an account of this shard is read, because beside it stands who is blocked (XEP-0191).

use xmpp::jid::BareJid;
use xmpp::stanza::{Condition, Stanza, StanzaError};

use crate::account::RosterState;
use crate::effect::Effect;
use crate::io::{Envelope, EnvelopeBody, SessionId};
use crate::session::queue::EntryId;
use crate::shard::Shard;

/// A stanza that may not pass before it is known who is blocked (XEP-0191 §3.3).
#[derive(Debug)]
pub(crate) enum Held {
    /// From a session of the account.
    Outgoing { session: SessionId, entry: EntryId, stanza: Box<Stanza> },
    /// For a session of the account.
    Arrived(Envelope),
}

impl Shard {
    /// Lets a stanza wait until it is known who is blocked.
    pub(crate) fn hold(&mut self, jid: &BareJid, held: Held) {
        let limit = self.config.limits.waiting_tasks;
        let account = self.account(jid);
        if matches!(held, Held::Arrived(_)) && account.held.len() >= limit {
            return self.refuse_held(held, StanzaError::from(Condition::ResourceConstraint));
        }
        account.held.push_back(held);
        if matches!(account.roster, RosterState::Unknown) {
            self.load_roster(jid);
        }
    }

    /// The roster is known.
    pub(crate) fn release_held(&mut self, jid: &BareJid) {
        for held in self.account(jid).held.split_off(0) {
            match held {
                Held::Outgoing { session, entry, stanza } => self.dispatch(session, entry, *stanza),
                Held::Arrived(envelope) => self.arrive(envelope),
            }
        }
    }

    /// The roster cannot be read, or too much waits.
    pub(crate) fn refuse_held(&mut self, held: Held, error: StanzaError) {
        match held {
            Held::Outgoing { session, entry, stanza } => {
                let reply = error_to(&stanza, error).map(|reply| Effect::Refuse(reply.into()));
                self.finish(session, entry, reply.into_iter().collect());
            }
            Held::Arrived(Envelope { body, .. }) => {
                let stanza: Stanza = match body {
                    EnvelopeBody::Message { message, .. } => (*message).into(),
                    EnvelopeBody::Iq(iq) => (*iq).into(),
                    EnvelopeBody::Presence(_)
                    | EnvelopeBody::Subscription(_)
                    | EnvelopeBody::Probe { .. }
                    | EnvelopeBody::Event { .. }
                    | EnvelopeBody::EventProbe { .. } => return,
                };
                if let (Some(from), Some(reply)) = (stanza.from().cloned(), error_to(&stanza, error)) {
                    self.answer(&from, reply);
                }
            }
        }
    }
}

/// Errors and answers are never answered with errors.
fn error_to(stanza: &Stanza, error: StanzaError) -> Option<Stanza> {
    match stanza {
        Stanza::Message(message) => message.reply_error(error).map(Into::into),
        Stanza::Presence(presence) => presence.reply_error(error).map(Into::into),
        Stanza::Iq(iq) => iq.is_request().then(|| iq.reply_error(error).into()),
    }
}
