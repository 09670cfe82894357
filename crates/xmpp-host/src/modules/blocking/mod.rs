//! XEP-0191: Blocking Command. What is blocked is kept beside the roster and is known before any stanza of others is let through: see
//! `account::Held`. Messages are checked by storage, too, in the transaction that would archive them.

use std::collections::BTreeSet;

use xmpp::jid::{BareJid, Jid};
use xmpp::ns;
use xmpp::payload::Payload;
use xmpp::stanza::{Condition, ErrorType, Iq, IqKind, Presence, StanzaError};
use xmpp::xep::blocking::{Block, Blocked, Blocklist, Unblock};
use xmpp::xml::Element;

use crate::account::{Origin, RosterState};
use crate::effect::Effect;
use crate::io::{Envelope, EnvelopeBody};
use crate::modules::{Access, Answer, At, IqHandler, Module, Request};
use crate::pending::{Pending, storage_error};
use crate::shard::{Place, Shard};
use crate::storage::{OpResult, StorageError, StoreOp};

pub(crate) const NAME: &str = "blocking";

pub(crate) struct Blocking;

impl Module for Blocking {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            At::Domain => &[ns::BLOCKING],
            At::Account => &[],
        }
    }

    fn iq_handlers(&self) -> &'static [IqHandler] {
        const LIST: IqHandler = IqHandler {
            name: "blocklist",
            ns: ns::BLOCKING,
            set: false,
            at: At::Account,
            access: Access::Owner,
            handle: list,
        };
        &[
            LIST,
            IqHandler { name: "block", set: true, handle: block, ..LIST },
            IqHandler { name: "unblock", set: true, handle: unblock, ..LIST },
        ]
    }
}

/// What is asked of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockRequest {
    /// Everything (§3.2).
    List,
    /// These more (§3.3).
    Block(BTreeSet<Jid>),
    /// These no longer (§3.4); empty: none at all (§3.5).
    Unblock(BTreeSet<Jid>),
}

/// A change of the list that is being stored.
#[derive(Debug)]
pub(crate) struct BlockChange {
    origin: Origin,
    iq: Iq,
    request: BlockRequest,
}

fn list(_: &Request<'_>, _: &Element) -> Answer {
    Answer::Blocking(BlockRequest::List)
}

fn block(request: &Request<'_>, payload: &Element) -> Answer {
    let Ok(Block { items }) = Block::read(payload) else { return refuse(malformed(payload)) };
    let items: BTreeSet<Jid> = items.into_iter().collect();
    if items.is_empty() {
        // §3.3
        return refuse(Condition::BadRequest);
    }
    // §5: never between the resources of one account. An anonymous account has no storage.
    if request.anonymous || items.iter().any(|jid| jid.to_bare() == *request.account) {
        return refuse(Condition::NotAllowed);
    }
    Answer::Blocking(BlockRequest::Block(items))
}

fn unblock(_: &Request<'_>, payload: &Element) -> Answer {
    match Unblock::read(payload) {
        Ok(Unblock { items }) => Answer::Blocking(BlockRequest::Unblock(items.into_iter().collect())),
        Err(_) => refuse(malformed(payload)),
    }
}

fn refuse(condition: Condition) -> Answer {
    Answer::Error(StanzaError::from(condition))
}

fn malformed(payload: &Element) -> Condition {
    let named = payload.children_named("item", ns::BLOCKING).all(|item| item.attr("jid").is_some());
    if named { Condition::JidMalformed } else { Condition::BadRequest }
}

/// What the owner gets for a stanza to somebody it has blocked (§3.3).
pub(crate) fn refusal() -> StanzaError {
    StanzaError::new(ErrorType::Cancel, Condition::NotAcceptable).with_app(Blocked {}.write())
}

/// §6: the address itself, its account, or its whole domain is on the list.
pub(crate) fn covers(blocked: &BTreeSet<Jid>, jid: &Jid) -> bool {
    !blocked.is_empty() && spellings(jid).any(|it| blocked.contains(&it))
}

/// The entries of a list that block an address.
pub fn spellings(jid: &Jid) -> impl Iterator<Item = Jid> {
    let bare = jid.to_bare();
    [jid.clone(), bare.to_jid(), bare.to_domain().into()].into_iter()
}

impl Shard {
    /// Whether the account has blocked this address. The domain's own address and the account itself cannot be blocked: the host
    /// speaks there.
    pub(crate) fn blocks(&self, account: &BareJid, other: &Jid) -> bool {
        self.registry.policy().blocking
            && self.accounts.get(account).and_then(|it| it.roster()).is_some_and(|it| covers(&it.blocked, other))
            && other.to_bare() != *account
            && self.place(other) != Place::Domain
    }

    /// Whether the list is known: otherwise stanzas wait for it.
    pub(crate) fn knows_blocks(&self, account: &BareJid) -> bool {
        !self.registry.policy().blocking
            || self
                .accounts
                .get(account)
                .is_some_and(|it| it.anonymous || matches!(it.roster, RosterState::Loaded(_) | RosterState::Missing))
    }

    /// Runs a request in the account's turn.
    pub(crate) fn run_block_request(&mut self, account: &BareJid, origin: Origin, iq: Iq, request: BlockRequest) {
        let known = self.accounts.get(account).and_then(|it| it.roster()).map(|roster| &roster.blocked);
        let op = match (&request, known) {
            (BlockRequest::List, known) => {
                let items = known.into_iter().flatten().cloned().collect();
                if let Some(session) = self.sessions.get_mut(&origin.session) {
                    session.knows_blocks = true;
                }
                let reply = iq.reply_result(Some(Blocklist { items }.write()));
                return self.complete(Some(origin), vec![Effect::Reply(reply.into())]);
            }
            (_, None) => return self.refuse_blocks(origin, &iq, StanzaError::from(Condition::NotAllowed)),
            (BlockRequest::Block(jids), Some(known)) => {
                let fresh: Vec<Jid> = jids.difference(known).cloned().collect();
                if known.len() + fresh.len() > self.config.limits.blocked {
                    let full = StanzaError::new(ErrorType::Cancel, Condition::ResourceConstraint);
                    return self.refuse_blocks(origin, &iq, full.with_text("too many addresses are blocked"));
                }
                StoreOp::Block { owner: account.clone(), jids: fresh }
            }
            (BlockRequest::Unblock(jids), Some(known)) => {
                let gone = known.iter().filter(|jid| jids.is_empty() || jids.contains(jid)).cloned().collect();
                StoreOp::Unblock { owner: account.clone(), jids: gone }
            }
        };
        let change = Box::new(BlockChange { origin, iq, request });
        self.account(account).busy = true;
        self.store(vec![op], Pending::Blocks { account: account.clone(), change });
    }

    fn refuse_blocks(&mut self, origin: Origin, iq: &Iq, error: StanzaError) {
        self.complete(Some(origin), vec![Effect::Reply(iq.reply_error(error).into())]);
    }

    /// The change is durable, or refused.
    pub(crate) fn blocks_changed(
        &mut self,
        account: &BareJid,
        change: BlockChange,
        result: Result<Vec<OpResult>, StorageError>,
    ) {
        let BlockChange { origin, iq, request } = change;
        if let Some(it) = self.accounts.get_mut(account) {
            it.busy = false;
        }
        self.account_moved(account);
        if let Err(error) = result {
            return self.refuse_blocks(origin, &iq, storage_error(&error));
        }
        let Some(RosterState::Loaded(roster)) = self.accounts.get_mut(account).map(|it| &mut it.roster) else {
            return self.refuse_blocks(origin, &iq, StanzaError::from(Condition::InternalServerError));
        };
        let before = roster.blocked.clone();
        let payload = match &request {
            BlockRequest::List => return self.complete(Some(origin), Vec::new()),
            BlockRequest::Block(jids) => {
                roster.blocked.extend(jids.iter().cloned());
                Block { items: jids.iter().cloned().collect() }.write()
            }
            BlockRequest::Unblock(jids) => {
                roster.blocked.retain(|jid| !jids.is_empty() && !jids.contains(jid));
                Unblock { items: jids.iter().cloned().collect() }.write()
            }
        };
        let mut effects = vec![Effect::Reply(iq.reply_result(None).into())];
        effects.push(Effect::PushBlocks { account: account.clone(), payload });
        effects.extend(self.show_and_hide(account, &before));
        self.complete(Some(origin), effects);
    }

    /// §3.3, §3.4: whoever is blocked now sees the account leave, whoever is no longer blocked sees it come, if they may see it at all.
    fn show_and_hide(&mut self, account: &BareJid, before: &BTreeSet<Jid>) -> Vec<Effect> {
        let mut effects = Vec::new();
        let Some(roster) = self.accounts.get(account).and_then(|it| it.roster()) else { return effects };
        let now = roster.blocked.clone();
        let change = |jid: &Jid| (covers(before, jid), covers(&now, jid));
        for row in roster.rows.values() {
            let contact = row.jid.to_jid();
            match change(&contact) {
                (false, true) if row.subscription.from() => effects.extend(self.hidden_from(account, &contact)),
                (true, false) => {
                    if row.subscription.from() {
                        effects.extend(self.shown_to(account, &contact));
                    }
                    if row.subscription.to() && self.place(&contact) == Place::Account {
                        for id in self.sessions_of(account, |session| session.presence.is_some()) {
                            let Some(session) = self.sessions.get(&id) else { continue };
                            let body = EnvelopeBody::Probe { from: session.jid.to_jid() };
                            effects.push(Effect::Route(Envelope { to: contact.clone(), body }));
                        }
                    }
                }
                _ => {}
            }
        }
        // Presence that was directed there (RFC 6121 §4.6) is taken back.
        for id in self.sessions_of(account, |session| !session.directed.is_empty()) {
            let Some(session) = self.sessions.get_mut(&id) else { continue };
            let gone = Presence::unavailable().with_from(session.jid.clone());
            let hidden: Vec<Jid> = session.directed.iter().filter(|to| covers(&now, to)).cloned().collect();
            session.directed.retain(|to| !hidden.contains(to));
            effects.extend(hidden.iter().filter_map(|to| self.presence_to(to, &gone)));
        }
        effects
    }

    /// §3.3, §3.4: to every session that has asked for the list.
    pub(crate) fn push_blocks(&mut self, account: &BareJid, payload: &Element) {
        for id in self.sessions_of(account, |session| session.knows_blocks) {
            let Some(to) = self.sessions.get(&id).map(|session| session.jid.to_jid()) else { continue };
            let push = Iq {
                from: Some(account.to_jid()),
                to: Some(to),
                id: self.ids.fresh().into(),
                kind: IqKind::Set(payload.clone()),
            };
            self.deliver(id, push.into(), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// §6
    #[test]
    fn what_an_entry_covers() {
        let jid = |text: &str| Jid::new(text).expect("valid");
        let cases = [
            ("romeo@example.com", "romeo@example.com/orchard", true),
            ("romeo@example.com", "romeo@example.com", true),
            ("romeo@example.com/orchard", "romeo@example.com/orchard", true),
            ("romeo@example.com/orchard", "romeo@example.com/street", false),
            ("romeo@example.com/orchard", "romeo@example.com", false),
            ("example.com", "romeo@example.com/orchard", true),
            ("example.com", "example.com/x", true),
            ("example.com/x", "example.com/x", true),
            ("example.com/x", "romeo@example.com/x", false),
            ("example.org", "romeo@example.com", false),
        ];
        for (entry, address, covered) in cases {
            let list = BTreeSet::from([jid(entry)]);
            assert_eq!(covers(&list, &jid(address)), covered, "{entry} and {address}");
        }
    }
}
