//! Messages from a session: stamped, archived for both sides in one transaction, then routed.

use xmpp::ids::{ArchiveId, OriginId};
use xmpp::jid::Jid;
use xmpp::stanza::{Condition, Message, StanzaError};
use xmpp::xml::Element;

use crate::effect::Effect;
use crate::io::{Archived, Envelope, EnvelopeBody, SessionId};
use crate::modules::{blocking, carbons, mam, stable_ids};
use crate::pending::{Pending, storage_error};
use crate::session::queue::EntryId;
use crate::shard::{Place, Shard};
use crate::storage::{ArchiveCopy, ArchiveMessage, OpResult, StorageError, StoreOp};

/// A message on its way to storage.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    message: Message,
    to: Jid,
    copies: Vec<ArchiveCopy>,
    origin_id: Option<OriginId>,
}

impl Shard {
    /// Starts a message of a session; `from` is stamped.
    pub(crate) fn send_message(&mut self, id: SessionId, entry: EntryId, mut message: Message) {
        let Some(session) = self.sessions.get(&id) else { return };
        let account = session.account.clone();
        let from = session.jid.to_jid();
        let anonymous = self.accounts.get(&account).is_some_and(|it| it.anonymous);
        // RFC 6121 §8.1.1.1: without an address it is for the account itself.
        let to = message.to.get_or_insert_with(|| account.to_jid()).clone();
        match self.place(&to) {
            Place::Account => {}
            Place::Domain => return self.refuse_message(id, entry, &message, Condition::ServiceUnavailable),
            Place::Elsewhere => return self.refuse_message(id, entry, &message, Condition::RemoteServerNotFound),
        }
        if self.blocks(&account, &to) {
            return self.finish(id, entry, error_reply(&message, blocking::refusal()));
        }
        let recipient = to.to_bare();
        stable_ids::strip_forged(&mut message, &[&account, &recipient], &self.config.domain);
        let keep = mam::policy::keep(&message, self.registry.policy());
        let mut copies = Vec::new();
        if keep.stored() {
            let undelivered = self.registry.policy().offline;
            if !anonymous && (keep.visible || recipient == account) {
                copies.push(ArchiveCopy {
                    owner: account.clone(),
                    with: to.clone(),
                    outgoing: true,
                    undelivered: recipient == account && undelivered,
                    visible: keep.visible,
                });
            }
            if recipient != account {
                copies.push(ArchiveCopy {
                    owner: recipient,
                    with: from,
                    outgoing: false,
                    undelivered,
                    visible: keep.visible,
                });
            }
        }
        let origin_id = stable_ids::origin_id(&message).filter(|_| copies.iter().any(|copy| copy.outgoing));
        let outgoing = Outgoing { message, to, copies, origin_id };
        if outgoing.copies.is_empty() {
            let effects = self.send_on(&outgoing, &[]);
            self.finish(id, entry, effects);
        } else {
            self.archive(id, entry, outgoing);
        }
    }

    fn archive(&mut self, id: SessionId, entry: EntryId, outgoing: Outgoing) {
        let Some(session) = self.sessions.get(&id) else { return };
        let op = StoreOp::Archive(Box::new(ArchiveMessage {
            stanza: Element::from(outgoing.message.clone()).to_xml(),
            at: self.now.wall,
            dedupe: outgoing.origin_id.clone().map(|origin_id| (session.account.clone(), origin_id)),
            mind_blocks: self.registry.policy().blocking,
            copies: outgoing.copies.clone(),
        }));
        self.store(vec![op], Pending::Message { session: id, entry, outgoing: Box::new(outgoing) });
    }

    /// The message is durable, or refused.
    pub(crate) fn message_stored(
        &mut self,
        id: SessionId,
        entry: EntryId,
        mut outgoing: Outgoing,
        result: Result<Vec<OpResult>, StorageError>,
    ) {
        let effects = match result {
            Ok(results) => match results.into_iter().next() {
                Some(OpResult::Archived { ids }) => self.send_on(&outgoing, &ids),
                // A repeat: handled, but not routed a second time.
                Some(OpResult::Duplicate) => Vec::new(),
                // XEP-0191 §3.3, as seen by whoever is blocked.
                Some(OpResult::Blocked) => {
                    error_reply(&outgoing.message, StanzaError::from(Condition::ServiceUnavailable))
                }
                _ => error_reply(&outgoing.message, StanzaError::from(Condition::InternalServerError)),
            },
            // The recipient has no account; it may be an anonymous one, with sessions but without an archive.
            Err(StorageError::NoSuchAccount(owner)) if owner == outgoing.to.to_bare() => {
                outgoing.copies.retain(|copy| copy.owner != owner);
                if !outgoing.copies.is_empty() {
                    self.archive(id, entry, outgoing);
                    return;
                }
                self.send_on(&outgoing, &[])
            }
            Err(error) => {
                let reply = outgoing.message.reply_error(storage_error(&error));
                reply.map(|reply| Effect::Refuse(reply.into())).into_iter().collect()
            }
        };
        self.finish(id, entry, effects);
    }

    /// What follows when everything is durable: the recipient's shard gets it, the sender's other sessions see it.
    fn send_on(&self, outgoing: &Outgoing, ids: &[ArchiveId]) -> Vec<Effect> {
        let row = |outgoing_copy: bool| {
            let position = outgoing.copies.iter().position(|copy| copy.outgoing == outgoing_copy)?;
            Some((ids.get(position)?.clone(), outgoing.copies.get(position)?))
        };
        let own = row(true);
        // A message to oneself has one row, which is both sent and received.
        let theirs = row(false).or_else(|| own.clone().filter(|(_, copy)| copy.owner == outgoing.to.to_bare()));
        let archived = theirs.map(|(id, copy)| Archived { id, visible: copy.visible });
        let to_self = outgoing.message.from.as_ref().is_some_and(|from| from.to_bare() == outgoing.to.to_bare());
        let mut effects = vec![Effect::Route(Envelope {
            to: outgoing.to.clone(),
            body: EnvelopeBody::Message {
                message: Box::new(outgoing.message.clone()),
                archived,
                sender_copy: own.as_ref().map(|(id, _)| id.clone()),
            },
        })];
        if self.registry.policy().carbons && !to_self && carbons::eligible(&outgoing.message) {
            effects.push(Effect::SentCarbons {
                message: Box::new(outgoing.message.clone()),
                row: own.filter(|(_, copy)| copy.visible).map(|(id, _)| id),
            });
        }
        effects
    }

    fn refuse_message(&mut self, id: SessionId, entry: EntryId, message: &Message, condition: Condition) {
        self.finish(id, entry, error_reply(message, StanzaError::from(condition)));
    }
}

/// Errors are never answered with errors: then there is no reply.
fn error_reply(message: &Message, error: StanzaError) -> Vec<Effect> {
    message.reply_error(error).map(|reply| Effect::Reply(reply.into())).into_iter().collect()
}
