//! What dealing with a stanza leads to, once everything it promises is durable.

use xmpp::ids::ArchiveId;
use xmpp::jid::{BareJid, Jid};
use xmpp::stanza::{Message, Stanza, StreamError};
use xmpp::xml::Element;

use crate::io::{Envelope, EnvelopeBody, SessionId};
use crate::modules::carbons;
use crate::modules::pep::notify::Notice;
use crate::shard::{Place, Shard};

/// One consequence.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Send this to the session whose stanza it was.
    Reply(Element),
    /// The same, and it tells that storage refused the stanza: see `session::handled`.
    Refuse(Element),
    /// Send this to the shard of an account.
    Route(Envelope),
    /// Send each interested session a roster push with this item (RFC 6121 §2.1.6).
    Push { account: BareJid, item: Element, version: u64 },
    /// Send each session that knows what is blocked a push (XEP-0191 §3.3).
    PushBlocks { account: BareJid, payload: Element },
    /// Send each of these sessions a copy; presence is addressed to each.
    Deliver { to: Vec<SessionId>, element: Element },
    /// The session sent this message: its siblings get copies (XEP-0280).
    SentCarbons { message: Box<Message>, row: Option<ArchiveId> },
    /// Tell of what has happened in a node of the account (XEP-0163).
    Notify { account: BareJid, notice: Notice },
    /// End the sessions of the account, but for one.
    EndSessions { account: BareJid, but: Option<SessionId>, error: StreamError },
    /// The session takes messages now: give it what is undelivered.
    Drain { account: BareJid },
}

impl Shard {
    /// Lets a consequence of a stanza of session `id` happen.
    pub(crate) fn apply(&mut self, id: SessionId, effect: Effect) {
        match effect {
            Effect::Reply(element) | Effect::Refuse(element) => self.deliver(id, element, None),
            Effect::SentCarbons { message, row } => self.sent_carbons(id, &message, row.as_ref()),
            other => self.apply_outside(other),
        }
    }

    /// Lets a consequence happen that concerns no session in particular.
    pub(crate) fn apply_outside(&mut self, effect: Effect) {
        match effect {
            Effect::Reply(_) | Effect::Refuse(_) | Effect::SentCarbons { .. } => {}
            Effect::Route(envelope) => self.route(envelope),
            Effect::Push { account, item, version } => self.push_roster(&account, &item, version),
            Effect::PushBlocks { account, payload } => self.push_blocks(&account, &payload),
            Effect::Deliver { to, element } => self.deliver_all(&to, &element, None),
            Effect::Notify { account, notice } => self.notify(&account, &notice),
            Effect::EndSessions { account, but, error } => self.end_sessions(&account, but, &error),
            Effect::Drain { account } => self.drain(&account),
        }
    }

    fn sent_carbons(&mut self, sender: SessionId, message: &Message, row: Option<&ArchiveId>) {
        let Some(account) = self.sessions.get(&sender).map(|session| session.account.clone()) else { return };
        let others: Vec<SessionId> =
            self.sessions_of(&account, |session| session.carbons).into_iter().filter(|id| *id != sender).collect();
        for id in others {
            let Some(to) = self.sessions.get(&id).map(|session| session.jid.clone()) else { continue };
            let copy = carbons::wrap(carbons::Direction::Sent, message, row, &account, &to);
            self.deliver(id, copy.into(), None);
        }
    }

    /// Sends an answer to whoever asked, if that is somebody we can reach.
    pub(crate) fn answer(&mut self, to: &Jid, stanza: Stanza) {
        if self.place(to) != Place::Account {
            return;
        }
        let body = match stanza {
            Stanza::Message(message) => {
                EnvelopeBody::Message { message: Box::new(message), archived: None, sender_copy: None }
            }
            Stanza::Presence(presence) => EnvelopeBody::Presence(Box::new(presence)),
            Stanza::Iq(iq) => EnvelopeBody::Iq(Box::new(iq)),
        };
        self.route(Envelope { to: to.clone(), body });
    }
}
