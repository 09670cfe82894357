//! What the client's parts share: settings, clocks, randomness, the shown state, and what is to be done next.

use std::collections::VecDeque;

use xmpp::collections::{VecMap, VecSet};
use xmpp::jid::{BareJid, FullJid};
use xmpp::time::{Mono, Now};
use xmpp::xml::Element;

use crate::api::{Output, RequestId, Settings, SocketId, StoreOp, StoreScope, Token};
use crate::feature::{HoldId, Inbound, Label, Outbound, Signal};
use crate::iq::Requests;
use crate::random::Random;
use crate::rows::Rows;
use crate::state::State;

/// Shared by connection and features; nothing in here decides anything.
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) now: Now,
    pub(crate) random: Random,
    pub(crate) state: State,
    pub(crate) out: VecDeque<Output>,
    /// An account without a name (RFC 4505): nobody will come back for its rows.
    pub(crate) guest: bool,
    /// Whose rows and conversations these are.
    pub(crate) account: Option<BareJid>,
    /// The bound address of the session there is, also while it is being resumed.
    pub(crate) jid: Option<FullJid>,
    /// Whether stanzas can go out now.
    pub(crate) online: bool,
    pub(crate) requests: Requests,
    pub(crate) timers: VecMap<(usize, Label), Mono>,
    pub(crate) work: VecDeque<Work>,
    /// What account and server said they can do.
    pub(crate) account_features: VecSet<String>,
    pub(crate) server_features: VecSet<String>,
    /// `<stream:features/>` after authentication.
    pub(crate) stream_features: Option<Element>,
    /// After a reload: what was said of people, and what people said, until the features know who they are.
    pub(crate) kept: Option<Vec<Element>>,
    /// Ids of the features that run, in order.
    pub(crate) ids: Vec<&'static str>,
    /// The sum of what the features add to disco#info.
    pub(crate) disco: Vec<&'static str>,
    /// When the server was last heard.
    pub(crate) heard: Mono,
    /// Whether the page is in front.
    pub(crate) visible: bool,
    /// Deadlines of held messages, and whether they go on then.
    pub(crate) holds: VecMap<HoldId, (Mono, bool)>,
    /// Who waits for which completion.
    tokens: VecMap<Token, Owner>,
    /// What the device keeps of the account.
    pub(crate) rows: Rows,
    next: Counters,
}

#[derive(Default)]
struct Counters {
    token: u32,
    socket: u32,
    request: u32,
    hold: u32,
}

/// Something to do once the hook that asked for it has returned.
pub(crate) enum Work {
    /// A stanza goes to the server; the tag comes back with its acknowledgement, 0 for none.
    Transmit(Element, u64),
    /// A message goes through `before_send`.
    Submit(Outbound),
    /// A message goes through `on_message`.
    Receive(Inbound),
    /// A held message goes on.
    Release(HoldId, bool),
    /// All features are told.
    Signal(Signal),
    /// The connection is dead, whatever the transport thinks.
    GiveUp,
    /// The own presence goes out.
    SendPresence,
    /// Roster and service are known: what waited for that comes in.
    Kept,
    /// A feature wanted to know when everything before this is done.
    Then(usize, Label),
}

/// Who waits for the completion of a Store, Load or Derive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A feature wants to know that its Store is durable.
    Feature(usize, Label),
    /// The rows of the account that only the tab has.
    TabRows,
    /// The rows of the account that the device has.
    Rows,
    /// The connection.
    Connection,
    /// Nobody, but failure shows.
    Nobody,
}

impl Core {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            random: Random::new(settings.seed),
            settings,
            now: Now::default(),
            state: State::new(),
            out: VecDeque::new(),
            guest: false,
            account: None,
            jid: None,
            online: false,
            requests: Requests::default(),
            timers: VecMap::new(),
            work: VecDeque::new(),
            account_features: VecSet::new(),
            server_features: VecSet::new(),
            stream_features: None,
            kept: None,
            ids: Vec::new(),
            disco: Vec::new(),
            heard: Mono(0),
            visible: true,
            holds: VecMap::new(),
            tokens: VecMap::new(),
            rows: Rows::default(),
            next: Counters::default(),
        }
    }

    /// Whether rows may stay when the tab is closed.
    pub(crate) fn on_device(&self) -> bool {
        self.settings.trusted_device && !self.guest
    }

    pub(crate) fn token(&mut self, owner: Owner) -> Token {
        self.next.token += 1;
        let token = Token(self.next.token);
        self.tokens.insert(token, owner);
        token
    }

    pub(crate) fn take_owner(&mut self, token: Token) -> Option<Owner> {
        self.tokens.remove(&token)
    }

    /// Features are made anew: what the old ones wait for is nobody's.
    pub(crate) fn disown_features(&mut self) {
        for owner in self.tokens.values_mut() {
            if matches!(owner, Owner::Feature(..) | Owner::Rows | Owner::TabRows) {
                *owner = Owner::Nobody;
            }
        }
        self.timers.clear();
        self.work.clear();
        drop(self.requests.take_all());
    }

    pub(crate) fn socket(&mut self) -> SocketId {
        self.next.socket += 1;
        SocketId(self.next.socket)
    }

    pub(crate) fn request(&mut self) -> RequestId {
        self.next.request += 1;
        RequestId(self.next.request)
    }

    pub(crate) fn hold(&mut self) -> HoldId {
        self.next.hold += 1;
        HoldId(self.next.hold)
    }

    /// Asks the shell to write rows.
    pub(crate) fn store(&mut self, scope: StoreScope, ops: Vec<StoreOp>, owner: Owner) -> Token {
        let token = self.token(owner);
        self.out.push_back(Output::Store { token, scope, ops });
        token
    }
}
