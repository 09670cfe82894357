//! What is routed to an account of this shard.

use xmpp::ids::ArchiveId;
use xmpp::jid::{BareJid, Jid};
use xmpp::stanza::{Condition, Iq, Message, MessageType, Presence, StanzaError};
use xmpp::xml::Element;

use crate::account::Task;
use crate::held::Held;
use crate::io::{Archived, Envelope, EnvelopeBody, SessionId};
use crate::modules::roster::subscription::Verb;
use crate::modules::{carbons, stable_ids};
use crate::pending::Pending;
use crate::route::table::{Delivery, Situation, delivery};
use crate::session::resume::tag;
use crate::shard::Shard;
use crate::storage::StoreOp;

impl Shard {
    /// Takes an envelope.
    pub(crate) fn arrive(&mut self, envelope: Envelope) {
        let account = envelope.to.to_bare();
        // Storage has looked at those that are archived; tasks run when the roster is known.
        let unchecked = match &envelope.body {
            EnvelopeBody::Message { archived, .. } => archived.is_none(),
            EnvelopeBody::Presence(_) | EnvelopeBody::Event { .. } => true,
            EnvelopeBody::Iq(_) => !envelope.to.is_bare(),
            EnvelopeBody::Subscription(_) | EnvelopeBody::Probe { .. } | EnvelopeBody::EventProbe { .. } => false,
        };
        let somebody = self.accounts.get(&account).is_some_and(|it| !it.resources.is_empty());
        if unchecked && somebody && !self.knows_blocks(&account) {
            self.hold(&account, Held::Arrived(envelope));
            return;
        }
        let Envelope { to, body } = envelope;
        match body {
            EnvelopeBody::Message { message, archived, sender_copy } => {
                self.message_arrives(&to, &account, *message, archived, sender_copy);
            }
            EnvelopeBody::Presence(presence) => self.presence_arrives(&to, &account, *presence),
            EnvelopeBody::Subscription(presence) => {
                if let Some(verb) = Verb::of(presence.type_) {
                    self.push_outside_task(&account, Task::Inbound { verb, presence });
                }
            }
            EnvelopeBody::Probe { from } => self.push_outside_task(&account, Task::Probe { from }),
            EnvelopeBody::Event { node, message } => self.event_arrives(&to, &account, &node, &message),
            EnvelopeBody::EventProbe { from, nodes } => {
                self.push_outside_task(&account, Task::LastItems { from, nodes });
            }
            EnvelopeBody::Iq(iq) => self.iq_arrives(&to, &account, *iq),
        }
    }

    fn session_at(&self, to: &Jid) -> Option<SessionId> {
        let full = to.to_full()?;
        let account = self.accounts.get(&full.to_bare())?;
        account.resources.get(&full.resource_part()).copied()
    }

    fn message_arrives(
        &mut self,
        to: &Jid,
        account: &BareJid,
        mut message: Message,
        archived: Option<Archived>,
        sender_copy: Option<ArchiveId>,
    ) {
        if message.from.as_ref().is_some_and(|from| self.blocks(account, from)) {
            // XEP-0191 §3.3: whatever it is, its sender sees what they would see if there were nobody.
            self.bounce(account, &message, archived, sender_copy, true);
            return;
        }
        let row = archived.as_ref().map(|it| it.id.clone());
        if let (Some(row), Some(it)) = (&row, self.accounts.get_mut(account)) {
            if let Some(drain) = &mut it.drain {
                // What waits in storage comes first, and this one with it.
                drain.again = true;
                self.go_on_draining(account);
                return;
            }
            if tag(row) <= it.drained {
                return;
            }
        }
        let exact = self.session_at(to);
        let takers = self.sessions_of(account, |session| session.takes_messages());
        let situation = Situation { full: !to.is_bare(), matches: exact.is_some(), available: !takers.is_empty() };
        let receivers = match delivery(message.type_, situation) {
            Delivery::Exact => exact.into_iter().collect(),
            Delivery::Broadcast => takers.clone(),
            Delivery::Offline if archived.is_some() && self.registry.policy().offline => Vec::new(),
            Delivery::Offline | Delivery::Refuse => {
                // Without a body it is a state or a notice that nobody misses.
                let wanted = message.body().is_some() || message.type_ == MessageType::Groupchat;
                self.bounce(account, &message, archived, sender_copy, wanted);
                return;
            }
            Delivery::Ignore => return,
        };
        if let Some(Archived { id, visible: true }) = &archived {
            stable_ids::inject(&mut message, account, id);
        }
        self.deliver_all(&receivers, &Element::from(message.clone()), row.as_ref());
        if self.registry.policy().carbons && carbons::eligible(&message) {
            self.received_carbons(account, &message, &receivers, row.as_ref());
        }
    }

    /// XEP-0280 §7: the carbons-enabled sessions that did not get it, nor sent it.
    fn received_carbons(
        &mut self,
        account: &BareJid,
        message: &Message,
        receivers: &[SessionId],
        row: Option<&ArchiveId>,
    ) {
        for id in self.sessions_of(account, |session| session.carbons) {
            let Some(session) = self.sessions.get(&id) else { continue };
            if receivers.contains(&id) || message.from.as_ref() == Some(session.jid.as_jid()) {
                continue;
            }
            // A session that takes no messages does not make them delivered.
            let row = row.filter(|_| session.takes_messages());
            let jid = session.jid.clone();
            let copy = carbons::wrap(carbons::Direction::Received, message, None, account, &jid);
            self.deliver(id, copy.into(), row);
        }
    }

    /// Takes a message's rows out of the archives, so that the sender may try again with the same ids; `answer`: and sends it back.
    fn bounce(
        &mut self,
        account: &BareJid,
        message: &Message,
        archived: Option<Archived>,
        sender_copy: Option<ArchiveId>,
        answer: bool,
    ) {
        let Some(from) = message.from.clone() else { return };
        let mut ops = Vec::new();
        if let Some(Archived { id, .. }) = archived {
            ops.push(StoreOp::Unarchive { owner: account.clone(), id });
        }
        if let Some(id) = sender_copy {
            ops.push(StoreOp::Unarchive { owner: from.to_bare(), id });
        }
        ops.dedup();
        if !ops.is_empty() {
            self.store(ops, Pending::Nobody);
        }
        if answer && let Some(reply) = message.reply_error(StanzaError::from(Condition::ServiceUnavailable)) {
            self.answer(&from, reply.into());
        }
    }

    /// RFC 6121 §8.5.2.1.2 and §8.5.3.1: to the resource named, or to all that are available.
    fn presence_arrives(&mut self, to: &Jid, account: &BareJid, presence: Presence) {
        if presence.from.as_ref().is_some_and(|from| self.blocks(account, from)) {
            return;
        }
        let receivers: Vec<SessionId> = if to.is_bare() {
            self.sessions_of(account, |session| session.presence.is_some())
        } else {
            self.session_at(to).into_iter().collect()
        };
        self.deliver_all(&receivers, &presence.into(), None);
    }

    fn iq_arrives(&mut self, to: &Jid, account: &BareJid, iq: Iq) {
        if to.is_bare() {
            // §8.5.2.1.3: the server answers for the account; an answer to nobody's question is dropped.
            if iq.is_request() {
                self.push_outside_task(account, Task::Iq(Box::new(iq)));
            }
        } else if let Some(id) = self.session_at(to)
            && !iq.from.as_ref().is_some_and(|from| self.blocks(account, from))
        {
            self.deliver(id, iq.into(), None);
        } else if iq.is_request()
            && let Some(from) = iq.from.clone()
        {
            self.answer(&from, iq.reply_error(StanzaError::from(Condition::ServiceUnavailable)).into());
        }
    }
}
