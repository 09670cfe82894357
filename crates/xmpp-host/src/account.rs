//! One account while it has sessions or something to do: its resources, its roster, and a queue of tasks that need the roster. Tasks
//! of one account run one after another, each until its writes are durable, so that two resources cannot undo each other's changes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use xmpp::ids::NodeName;
use xmpp::jid::{BareJid, FullJid, Jid, ResourcePart};
use xmpp::stanza::{Iq, Presence};
use xmpp::xml::Element;

use crate::effect::Effect;
use crate::held::Held;
use crate::io::SessionId;
use crate::modules::Answer;
use crate::modules::blocking::BlockRequest;
use crate::modules::pep::request::NodeRequest;
use crate::modules::pep::turn::Nodes;
use crate::modules::register::AccountChange;
use crate::modules::roster::RosterRequest;
use crate::modules::roster::subscription::Verb;
use crate::pending::{Asker, Pending, storage_error};
use crate::session::queue::EntryId;
use crate::shard::Shard;
use crate::storage::{OpResult, Query, RosterRow, Rows, StorageError, StoreOp};

/// What a shard knows of an account.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) anonymous: bool,
    pub(crate) resources: BTreeMap<ResourcePart, SessionId>,
    pub(crate) roster: RosterState,
    pub(crate) tasks: VecDeque<Task>,
    /// A task waits for storage.
    pub(crate) busy: bool,
    /// Stanzas that wait for the roster, as it says who is blocked.
    pub(crate) held: VecDeque<Held>,
    /// The nodes of its publish-subscribe service, once somebody has asked.
    pub(crate) nodes: Option<Nodes>,
    /// The hash of its avatar, once that is known (XEP-0398); the inner `None`: it has none.
    pub(crate) photo: Option<Option<String>>,
    /// Undelivered rows that are on their way to sessions.
    pub(crate) carried: BTreeMap<u64, Carried>,
    /// Undelivered rows are being read.
    pub(crate) drain: Option<Drain>,
    /// Every row up to here was seen by a drain; an envelope with such a row comes too late.
    pub(crate) drained: u64,
}

/// The roster, as far as it is known.
#[derive(Debug, Default)]
pub(crate) enum RosterState {
    #[default]
    Unknown,
    Loading,
    /// There is no such account.
    Missing,
    Loaded(Roster),
}

/// A roster with the server's side of it.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    pub(crate) version: u64,
    pub(crate) rows: BTreeMap<BareJid, RosterRow>,
    /// XEP-0191.
    pub(crate) blocked: BTreeSet<Jid>,
}

/// How far an undelivered row is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Carried {
    /// These sessions got it and have not acknowledged it.
    Holding(BTreeSet<SessionId>),
    /// One has acknowledged it; that is being stored.
    Storing,
    /// One has acknowledged it, and that could not be stored.
    Unmarked,
    /// Stored; kept until a read that began before has come back.
    Stored,
}

/// Reading of undelivered rows, in pages.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    /// The last row seen.
    pub(crate) after: u64,
    /// More came meanwhile: read once more.
    pub(crate) again: bool,
    /// What was read before may be undelivered again: read from the start.
    pub(crate) restart: bool,
    /// A page is being read; otherwise the sessions have to acknowledge first.
    pub(crate) loading: bool,
}

/// The stanza of a session that caused a task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) session: SessionId,
    pub(crate) entry: EntryId,
}

/// Something that needs the roster.
#[derive(Debug)]
pub(crate) enum Task {
    /// Roster get or set (RFC 6121 §2).
    Roster { origin: Origin, iq: Box<Iq>, request: RosterRequest },
    /// The list of what is blocked (XEP-0191).
    Blocking { origin: Origin, iq: Box<Iq>, request: BlockRequest },
    /// A new password, or the end of the account (XEP-0077).
    Change { origin: Origin, iq: Box<Iq>, change: AccountChange },
    /// A request about nodes (XEP-0163).
    Node { asker: Asker, iq: Box<Iq>, asked: Box<NodeRequest> },
    /// A client came online that wants the last items of nodes.
    LastItems { from: Jid, nodes: Arc<BTreeSet<NodeName>> },
    /// Broadcast presence (RFC 6121 §4).
    Broadcast { origin: Origin, presence: Box<Presence> },
    /// A subscription stanza of one of its sessions (RFC 6121 §3).
    Outbound { origin: Origin, verb: Verb, presence: Box<Presence> },
    /// A subscription stanza from someone else.
    Inbound { verb: Verb, presence: Box<Presence> },
    /// Someone wants to know its presence (RFC 6121 §4.3).
    Probe { from: Jid },
    /// A session ended, or said that it is unavailable: tell whoever has to know.
    Gone { jid: FullJid, available: bool, directed: BTreeSet<Jid>, presence: Option<(Origin, Box<Presence>)> },
    /// A request to the bare JID from someone else.
    Iq(Box<Iq>),
}

/// A change of the roster that is being stored, and what follows.
#[derive(Debug)]
pub(crate) struct RosterChange {
    pub(crate) origin: Option<Origin>,
    pub(crate) put: Vec<RosterRow>,
    pub(crate) removed: Vec<BareJid>,
    /// The items to push, with the version that the change leads to.
    pub(crate) push: Vec<Element>,
    pub(crate) then: Vec<Effect>,
    /// If it cannot be stored: the stanza to answer with the error.
    pub(crate) request: Request,
}

/// What an error answers.
#[derive(Debug)]
pub(crate) enum Request {
    Iq(Box<Iq>),
    Presence(Box<Presence>),
}

impl Account {
    /// Nothing to remember.
    fn is_idle(&self) -> bool {
        let carries = self.carried.values().any(|it| *it != Carried::Unmarked);
        self.resources.is_empty()
            && self.tasks.is_empty()
            && self.held.is_empty()
            && !self.busy
            && self.drain.is_none()
            && !carries
    }

    pub(crate) fn roster(&self) -> Option<&Roster> {
        match &self.roster {
            RosterState::Loaded(roster) => Some(roster),
            _ => None,
        }
    }
}

impl Shard {
    /// The account, known from now on.
    pub(crate) fn account(&mut self, account: &BareJid) -> &mut Account {
        self.accounts.entry(account.clone()).or_default()
    }

    pub(crate) fn push_task(&mut self, account: &BareJid, task: Task) {
        self.account(account).tasks.push_back(task);
        self.account_moved(account);
    }

    /// A task that someone else causes: refused when too many wait.
    pub(crate) fn push_outside_task(&mut self, account: &BareJid, task: Task) {
        if self.account(account).tasks.len() >= self.config.limits.waiting_tasks {
            self.refuse_task(task, xmpp::StanzaError::from(xmpp::stanza::Condition::ResourceConstraint));
        } else {
            self.push_task(account, task);
        }
    }

    /// Runs the tasks of an account until one waits; forgets the account when it is idle.
    pub(crate) fn run_account(&mut self, jid: &BareJid) {
        while let Some(account) = self.accounts.get_mut(jid) {
            if account.is_idle() {
                self.accounts.remove(jid);
                return;
            }
            if account.busy || account.tasks.is_empty() {
                return;
            }
            match account.roster {
                RosterState::Loading => return,
                RosterState::Unknown if account.anonymous => account.roster = RosterState::Loaded(Roster::default()),
                RosterState::Unknown => return self.load_roster(jid),
                RosterState::Missing | RosterState::Loaded(_) => {
                    if let Some(task) = account.tasks.pop_front() {
                        self.run_task(jid, task);
                    }
                }
            }
        }
    }

    pub(crate) fn load_roster(&mut self, jid: &BareJid) {
        self.account(jid).roster = RosterState::Loading;
        self.load(Query::Roster(jid.clone()), Pending::Roster { account: jid.clone() });
    }

    pub(crate) fn roster_loaded(&mut self, jid: &BareJid, result: Result<Rows, StorageError>) {
        let Some(account) = self.accounts.get_mut(jid) else { return };
        match result {
            Ok(Rows::Roster { version, rows, blocked }) => {
                let rows = rows.into_iter().map(|row| (row.jid.clone(), row)).collect();
                let blocked = blocked.into_iter().collect();
                account.roster = RosterState::Loaded(Roster { version, rows, blocked });
                self.release_held(jid);
            }
            Ok(Rows::NoSuchAccount) => {
                account.roster = RosterState::Missing;
                self.release_held(jid);
            }
            Ok(_) => self
                .roster_failed(jid, &StorageError::Broken("a roster query was answered by something else".to_owned())),
            Err(error) => self.roster_failed(jid, &error),
        }
        self.account_moved(jid);
    }

    /// The task that wanted the roster fails; the next one tries again.
    fn roster_failed(&mut self, jid: &BareJid, error: &StorageError) {
        let Some(account) = self.accounts.get_mut(jid) else { return };
        account.roster = RosterState::Unknown;
        for held in account.held.split_off(0) {
            self.refuse_held(held, storage_error(error));
        }
        let Some(account) = self.accounts.get_mut(jid) else { return };
        if let Some(task) = account.tasks.pop_front() {
            self.refuse_task(task, storage_error(error));
        }
    }

    pub(crate) fn refuse_task(&mut self, task: Task, error: xmpp::StanzaError) {
        match task {
            Task::Roster { origin, iq, .. } | Task::Blocking { origin, iq, .. } | Task::Change { origin, iq, .. } => {
                self.finish(origin.session, origin.entry, vec![Effect::Reply(iq.reply_error(error).into())]);
            }
            Task::Broadcast { origin, presence } | Task::Outbound { origin, presence, .. } => {
                let reply = presence.reply_error(error).map(|reply| Effect::Reply(reply.into()));
                self.finish(origin.session, origin.entry, reply.into_iter().collect());
            }
            Task::Inbound { presence, .. } => {
                if let (Some(from), Some(reply)) = (presence.from.clone(), presence.reply_error(error)) {
                    self.answer(&from, reply.into());
                }
            }
            Task::Iq(iq) => {
                if let Some(from) = iq.from.clone() {
                    self.answer(&from, iq.reply_error(error).into());
                }
            }
            Task::Gone { presence: Some((origin, presence)), .. } => {
                let reply = presence.reply_error(error).map(|reply| Effect::Reply(reply.into()));
                self.finish(origin.session, origin.entry, reply.into_iter().collect());
            }
            Task::Node { asker, iq, .. } => self.answered(asker, *iq, Answer::Error(error)),
            Task::Gone { .. } | Task::Probe { .. } | Task::LastItems { .. } => {}
        }
    }

    /// Stores a change of the roster; the account's next task waits for it.
    pub(crate) fn change_roster(&mut self, jid: &BareJid, change: RosterChange) {
        let mut ops: Vec<StoreOp> = Vec::new();
        for row in &change.put {
            ops.push(StoreOp::RosterPut { owner: jid.clone(), row: row.clone() });
        }
        for contact in &change.removed {
            ops.push(StoreOp::RosterRemove { owner: jid.clone(), jid: contact.clone() });
        }
        self.account(jid).busy = true;
        self.store(ops, Pending::RosterChange { account: jid.clone(), change: Box::new(change) });
    }

    pub(crate) fn roster_changed(
        &mut self,
        jid: &BareJid,
        change: RosterChange,
        result: Result<Vec<OpResult>, StorageError>,
    ) {
        let Some(account) = self.accounts.get_mut(jid) else { return };
        account.busy = false;
        self.account_moved(jid);
        let RosterChange { origin, put, removed, push, then, request } = change;
        let effects = match result {
            Ok(results) => {
                let version = results.iter().rev().find_map(|result| match result {
                    OpResult::RosterVersion(version) => Some(*version),
                    _ => None,
                });
                let mut current = 0;
                if let Some(RosterState::Loaded(roster)) = self.accounts.get_mut(jid).map(|it| &mut it.roster) {
                    roster.version = version.unwrap_or(roster.version);
                    current = roster.version;
                    for contact in &removed {
                        roster.rows.remove(contact);
                    }
                    roster.rows.extend(put.into_iter().map(|row| (row.jid.clone(), row)));
                }
                let pushes = push.into_iter().map(|item| Effect::Push { account: jid.clone(), item, version: current });
                pushes.chain(then).collect()
            }
            Err(error) => {
                let error = storage_error(&error);
                match (origin, request) {
                    (Some(_), Request::Iq(iq)) => vec![Effect::Reply(iq.reply_error(error).into())],
                    (Some(_), Request::Presence(presence)) => {
                        presence.reply_error(error).map(|reply| Effect::Reply(reply.into())).into_iter().collect()
                    }
                    (None, Request::Presence(presence)) => {
                        if let (Some(from), Some(reply)) = (presence.from.clone(), presence.reply_error(error)) {
                            self.answer(&from, reply.into());
                        }
                        Vec::new()
                    }
                    (None, Request::Iq(_)) => Vec::new(),
                }
            }
        };
        self.complete(origin, effects);
    }

    /// A task is done: its effects happen in the turn of the stanza that caused it, or now.
    pub(crate) fn complete(&mut self, origin: Option<Origin>, effects: Vec<Effect>) {
        match origin {
            Some(origin) => self.finish(origin.session, origin.entry, effects),
            None => {
                for effect in effects {
                    self.apply_outside(effect);
                }
            }
        }
    }

    fn run_task(&mut self, jid: &BareJid, task: Task) {
        match task {
            Task::Roster { origin, iq, request } => self.run_roster_request(jid, origin, *iq, request),
            Task::Blocking { origin, iq, request } => self.run_block_request(jid, origin, *iq, request),
            Task::Change { origin, iq, change } => self.run_account_change(jid, origin, *iq, change),
            Task::Node { asker, iq, asked } => self.run_node_request(jid, asker, *iq, *asked),
            Task::LastItems { from, nodes } => self.run_last_items(jid, from, nodes),
            Task::Broadcast { origin, presence } => self.run_broadcast(jid, origin, *presence),
            Task::Outbound { origin, verb, presence } => self.run_outbound(jid, origin, verb, *presence),
            Task::Inbound { verb, presence } => self.run_inbound(jid, verb, *presence),
            Task::Probe { from } => self.run_probe(jid, &from),
            Task::Gone { jid: gone, available, directed, presence } => {
                self.run_gone(jid, &gone, available, directed, presence);
            }
            Task::Iq(iq) => self.run_outside_iq(jid, *iq),
        }
    }
}
