//! IQ requests: to the domain, to an account, to a resource; and what their handlers ask of storage.

use xmpp::jid::BareJid;
use xmpp::stanza::{Condition, Iq, IqKind, StanzaError};
use xmpp::xml::Element;

use crate::account::{Origin, RosterState, Task};
use crate::effect::Effect;
use crate::io::{Envelope, EnvelopeBody, SessionId};
use crate::modules::blocking;
use crate::modules::{Access, Answer, At, Change, LoadThen, Request, StoreThen};
use crate::pending::{Asker, Pending, storage_error};
use crate::session::queue::EntryId;
use crate::shard::{Place, Shard};
use crate::storage::{OpResult, Rows, StorageError};

impl Shard {
    /// Starts an IQ of a session; `from` is stamped.
    pub(crate) fn send_iq(&mut self, id: SessionId, entry: EntryId, iq: Iq) {
        let Some(session) = self.sessions.get(&id) else { return };
        let account = session.account.clone();
        let to = iq.to.clone().unwrap_or_else(|| account.to_jid());
        let own = *account.as_jid() == to;
        let effects = match self.place(&to) {
            Place::Domain if !iq.is_request() => {
                self.capabilities_answered(id, &iq);
                Vec::new()
            }
            Place::Account if own && !iq.is_request() => Vec::new(),
            Place::Domain | Place::Account if own || to.local().is_none() => {
                let at = if own { At::Account } else { At::Domain };
                let asker = Asker { account, origin: Some(Origin { session: id, entry }) };
                let answer = self.ask(at, &asker, &iq);
                self.answered(asker, iq, answer);
                return;
            }
            Place::Elsewhere if iq.is_request() => {
                vec![Effect::Reply(iq.reply_error(StanzaError::from(Condition::RemoteServerNotFound)).into())]
            }
            Place::Elsewhere => Vec::new(),
            Place::Account if self.blocks(&account, &to) => {
                let reply = iq.is_request().then(|| iq.reply_error(blocking::refusal()));
                reply.map(|reply| Effect::Reply(reply.into())).into_iter().collect()
            }
            Place::Domain | Place::Account => {
                let iq = Iq { to: Some(to.clone()), ..iq };
                vec![Effect::Route(Envelope { to, body: EnvelopeBody::Iq(Box::new(iq)) })]
            }
        };
        self.finish(id, entry, effects);
    }

    /// A request from someone else to the bare JID of this account; the roster is known.
    pub(crate) fn run_outside_iq(&mut self, account: &BareJid, iq: Iq) {
        let asker = Asker { account: account.clone(), origin: None };
        let missing = self.accounts.get(account).is_none_or(|it| matches!(it.roster, RosterState::Missing));
        let blocked = iq.from.as_ref().is_some_and(|from| self.blocks(account, from));
        let answer = if blocked || missing && self.sessions_of(account, |_| true).is_empty() {
            Answer::Error(StanzaError::from(Condition::ServiceUnavailable))
        } else if self.outside_requests >= self.config.limits.outside_requests {
            Answer::Error(StanzaError::from(Condition::ResourceConstraint))
        } else {
            self.ask(At::Account, &asker, &iq)
        };
        self.answered(asker, iq, answer);
    }

    /// Finds the handler and lets it answer.
    fn ask(&self, at: At, asker: &Asker, iq: &Iq) -> Answer {
        let (payload, set) = match &iq.kind {
            IqKind::Get(payload) => (payload, false),
            IqKind::Set(payload) => (payload, true),
            IqKind::Result(_) | IqKind::Error(_) => return Answer::Nothing,
        };
        let Some(handler) = self.registry.handler(at, payload, set) else {
            return Answer::Error(StanzaError::from(Condition::ServiceUnavailable));
        };
        let request = self.request(asker, iq, None);
        let allowed = match handler.access {
            Access::Owner => request.owner,
            Access::Subscribers => request.owner || request.subscriber,
            Access::Anyone => true,
        };
        if allowed {
            (handler.handle)(&request, payload)
        } else {
            // XEP-0030 §8: as if there were nothing here.
            Answer::Error(StanzaError::from(Condition::ServiceUnavailable))
        }
    }

    pub(crate) fn request<'a>(&'a self, asker: &'a Asker, iq: &'a Iq, memo: Option<Element>) -> Request<'a> {
        let account = &asker.account;
        let from = iq.from.as_ref().map(|from| from.to_bare());
        let it = self.accounts.get(account);
        let row = from.as_ref().and_then(|from| it?.roster()?.rows.get(from));
        Request {
            iq,
            account,
            owner: asker.origin.is_some(),
            subscriber: row.is_some_and(|row| row.subscription.from()),
            anonymous: it.is_some_and(|it| it.anonymous),
            memo,
            now: self.now,
            config: &self.config,
            registry: &self.registry,
        }
    }

    /// Lets an answer happen.
    pub(crate) fn answered(&mut self, asker: Asker, iq: Iq, answer: Answer) {
        let reply = match answer {
            Answer::Nothing => return self.reply(asker, &iq, Vec::new()),
            Answer::Result(payload) => iq.reply_result(payload),
            Answer::Error(error) => iq.reply_error(error),
            Answer::Messages { messages, result } => {
                let mut elements: Vec<Element> = messages;
                elements.push(iq.reply_result(Some(result)).into());
                return self.reply(asker, &iq, elements);
            }
            Answer::Load { query, memo, then } => {
                self.outside_requests += usize::from(asker.origin.is_none());
                self.load(query, Pending::Load { asker, iq: Box::new(iq), memo, then });
                return;
            }
            Answer::Store { ops, then } => {
                self.outside_requests += usize::from(asker.origin.is_none());
                self.store(ops, Pending::Store { asker, iq: Box::new(iq), then });
                return;
            }
            Answer::Session(change) => {
                if let Some(session) = asker.origin.and_then(|origin| self.sessions.get_mut(&origin.session)) {
                    match change {
                        Change::Carbons(on) => session.carbons = on,
                    }
                }
                iq.reply_result(None)
            }
            Answer::Blocking(request) => {
                if let Some(origin) = asker.origin {
                    self.push_task(&asker.account, Task::Blocking { origin, iq: Box::new(iq), request });
                }
                return;
            }
            Answer::Account(change) => {
                if let Some(origin) = asker.origin {
                    self.push_task(&asker.account, Task::Change { origin, iq: Box::new(iq), change });
                }
                return;
            }
            Answer::Node(asked) => {
                let account = asker.account.clone();
                self.push_task(&account, Task::Node { asker, iq: Box::new(iq), asked });
                return;
            }
            Answer::Roster(request) => {
                if let Some(origin) = asker.origin {
                    self.push_task(&asker.account, Task::Roster { origin, iq: Box::new(iq), request });
                }
                return;
            }
        };
        self.reply(asker, &iq, vec![reply.into()]);
    }

    fn reply(&mut self, asker: Asker, iq: &Iq, elements: Vec<Element>) {
        match (asker.origin, &iq.from) {
            (Some(origin), _) => {
                self.complete(Some(origin), elements.into_iter().map(Effect::Reply).collect());
            }
            (None, Some(from)) => {
                for stanza in elements.into_iter().filter_map(|element| xmpp::Stanza::try_from(element).ok()) {
                    self.answer(from, stanza);
                }
            }
            (None, None) => {}
        }
    }

    pub(crate) fn iq_loaded(
        &mut self,
        asker: Asker,
        iq: Iq,
        memo: Option<Element>,
        then: LoadThen,
        result: Result<Rows, StorageError>,
    ) {
        self.outside_requests -= usize::from(asker.origin.is_none());
        let answer = match result {
            Ok(rows) => then(&self.request(&asker, &iq, memo), rows),
            Err(error) => Answer::Error(storage_error(&error)),
        };
        self.answered(asker, iq, answer);
    }

    pub(crate) fn iq_stored(
        &mut self,
        asker: Asker,
        iq: Iq,
        then: StoreThen,
        result: Result<Vec<OpResult>, StorageError>,
    ) {
        self.outside_requests -= usize::from(asker.origin.is_none());
        let answer = match result {
            Ok(results) => then(&self.request(&asker, &iq, None), results),
            Err(error) => Answer::Error(storage_error(&error)),
        };
        self.answered(asker, iq, answer);
    }
}
