//! One shard: the machine that owns some of the accounts. Inputs are dispatched here; what they set in motion is worked off in
//! [`Shard::settle`] until nothing moves, so that no handler calls another one deep down.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use xmpp::jid::{BareJid, Jid};
use xmpp::time::{Mono, Now, Timestamp};
use xmpp::xml::Element;

use crate::account::Account;
use crate::config::HostConfig;
use crate::ids::Ids;
use crate::io::{ConnId, Envelope, Input, Output, SessionId, ShardId, Token};
use crate::modules::Registry;
use crate::modules::caps::interests::Known;
use crate::pending::Pending;
use crate::session::memory::Remembered;
use crate::session::{Conn, Session};
use crate::storage::{Query, StoreOp};

/// Some of the accounts of a host: those that [`shard_of`] maps to its number.
pub struct Shard {
    pub(crate) id: ShardId,
    pub(crate) config: Arc<HostConfig>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) ids: Ids,
    pub(crate) now: Now,
    pub(crate) conns: HashMap<ConnId, Conn>,
    pub(crate) sessions: HashMap<SessionId, Session>,
    pub(crate) accounts: HashMap<BareJid, Account>,
    pub(crate) remembered: Remembered,
    pub(crate) known_capabilities: Known,
    /// Sessions that hibernate, by the time they end.
    pub(crate) deadlines: BTreeSet<(Mono, SessionId)>,
    /// Accounts whose undelivered messages could not be read, by the time of the next attempt.
    pub(crate) retries: BTreeSet<(Mono, BareJid)>,
    /// Requests of other accounts under way.
    pub(crate) outside_requests: usize,
    pending: HashMap<Token, Pending>,
    output: VecDeque<Output>,
    /// Envelopes to accounts of this shard.
    loopback: VecDeque<Envelope>,
    moved_sessions: VecDeque<SessionId>,
    moved_accounts: VecDeque<BareJid>,
    next_token: u64,
    next_session: u64,
    timer: Option<Mono>,
}

/// The shard of an account: FNV-1a over its address, so that it is the same in every process.
pub fn shard_of(account: &BareJid, shards: u16) -> ShardId {
    let hash = account
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    // The remainder is below `shards`, so it fits.
    ShardId((hash % u64::from(shards.max(1))) as u16)
}

impl Shard {
    /// A shard without sessions. `seed` makes its resource names and session ids; take it from a good source of randomness.
    pub fn new(id: ShardId, config: Arc<HostConfig>, seed: u64) -> Self {
        let registry = Arc::new(Registry::new(&config));
        let known_capabilities = Known::new(config.limits.known_capabilities);
        let remembered = Remembered::new(config.limits.remembered_sessions);
        Self {
            id,
            config,
            registry,
            ids: Ids::new(seed, id),
            now: Now { mono: Mono(0), wall: Timestamp(0) },
            conns: HashMap::new(),
            sessions: HashMap::new(),
            accounts: HashMap::new(),
            remembered,
            known_capabilities,
            deadlines: BTreeSet::new(),
            retries: BTreeSet::new(),
            outside_requests: 0,
            pending: HashMap::new(),
            output: VecDeque::new(),
            loopback: VecDeque::new(),
            moved_sessions: VecDeque::new(),
            moved_accounts: VecDeque::new(),
            next_token: 0,
            next_session: 0,
            timer: None,
        }
    }

    /// Takes one input. Never fails: whatever is wrong becomes an output.
    pub fn handle_input(&mut self, now: Now, input: Input) {
        self.now = now;
        match input {
            Input::Connected { conn, account, anonymous, inline } => self.connected(conn, account, anonymous, inline),
            Input::Received { conn, seq, element } => self.received(conn, seq, element),
            Input::Lost { conn } => self.connection_ended(conn, false),
            Input::Closed { conn } => self.connection_ended(conn, true),
            Input::Routed(envelope) => self.loopback.push_back(envelope),
            Input::Stored { token, result } => {
                if let Some(pending) = self.pending.remove(&token) {
                    self.stored(pending, result);
                }
            }
            Input::Loaded { token, result } => {
                if let Some(pending) = self.pending.remove(&token) {
                    self.loaded(pending, result);
                }
            }
            Input::PasswordSet { token, result } => {
                if let Some(Pending::Password { account, origin, iq }) = self.pending.remove(&token) {
                    self.password_set(&account, origin, &iq, result);
                }
            }
            // It is spent: whatever is next is asked for anew.
            Input::Timer => self.timer = None,
        }
        self.expire_sessions();
        self.retry_drains();
        self.settle();
        self.set_timer();
    }

    /// What the shard wants done; call until `None` after each input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// Sessions, connected or waiting to be resumed.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    fn settle(&mut self) {
        loop {
            if let Some(session) = self.moved_sessions.pop_front() {
                self.pump(session);
            } else if let Some(account) = self.moved_accounts.pop_front() {
                self.run_account(&account);
            } else if let Some(envelope) = self.loopback.pop_front() {
                self.arrive(envelope);
            } else {
                return;
            }
        }
    }

    fn set_timer(&mut self) {
        let deadline = self.deadlines.first().map(|(at, _)| *at);
        let retry = self.retries.first().map(|(at, _)| *at);
        let next = [deadline, retry].into_iter().flatten().min();
        if next != self.timer {
            self.timer = next;
            self.output.push_back(Output::SetTimer(next));
        }
    }

    pub(crate) fn emit(&mut self, output: Output) {
        self.output.push_back(output);
    }

    pub(crate) fn transmit(&mut self, conn: ConnId, element: Element) {
        self.output.push_back(Output::Transmit { conn, element });
    }

    /// The session has something to release or start.
    pub(crate) fn session_moved(&mut self, session: SessionId) {
        self.moved_sessions.push_back(session);
    }

    /// The account has a task to run, or may be forgotten.
    pub(crate) fn account_moved(&mut self, account: &BareJid) {
        self.moved_accounts.push_back(account.clone());
    }

    pub(crate) fn store(&mut self, ops: Vec<StoreOp>, pending: Pending) {
        let token = self.token(pending);
        self.output.push_back(Output::Store { token, ops });
    }

    pub(crate) fn load(&mut self, query: Query, pending: Pending) {
        let token = self.token(pending);
        self.output.push_back(Output::Load { token, query });
    }

    pub(crate) fn token(&mut self, pending: Pending) -> Token {
        self.next_token += 1;
        let token = Token(self.next_token);
        self.pending.insert(token, pending);
        token
    }

    pub(crate) fn session_id(&mut self) -> SessionId {
        self.next_session += 1;
        SessionId(self.next_session)
    }

    /// Sends an envelope to the shard of its account; the caller has checked that the account is of this domain.
    pub(crate) fn route(&mut self, envelope: Envelope) {
        let to = shard_of(&envelope.to.to_bare(), self.config.shards);
        if to == self.id {
            self.loopback.push_back(envelope);
        } else {
            self.output.push_back(Output::Route { to, envelope });
        }
    }

    pub(crate) fn place(&self, address: &Jid) -> Place {
        if address.domain() != self.config.domain {
            Place::Elsewhere
        } else if address.local().is_none() {
            Place::Domain
        } else {
            Place::Account
        }
    }
}

/// What an address is to this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The domain itself, or a resource of it.
    Domain,
    /// An account, which may not exist, or a resource of it.
    Account,
    /// Not ours. There is no server-to-server.
    Elsewhere,
}
