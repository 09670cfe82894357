//! The site: the host's shards, their storage, and the connections in front of them, as `converse-server` joins them.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::stanza::{Stanza, StreamError};
use xmpp::xml::{Element, Limits, parse};
use xmpp_client::api::{HttpError, HttpResponse, RequestId};
use xmpp_host::{ConnId, HostConfig, Shard, ShardId, shard_of};
use xmpp_stream::StreamHeader;
use xmpp_stream::sasl::{Mechanism, ScramHash, StoredKeys, Tokens};
use xmpp_stream::server::{
    CredentialsUnavailable, Input as StreamInput, Output as StreamOutput, ServerEvent, ServerStream,
    ServerStreamConfig, TokenPolicy,
};
use xmpp_stream::transport::bosh_server::{
    Body, BoshServer, Condition, Config as BoshConfig, Input as BoshInput, Output as BoshOutput, RequestKey, refuse,
};
use xmpp_stream::transport::websocket::{self, Frame};

use super::device::DeviceInput;
use super::plan::Plan;
use super::rng::Rng;
use super::world::{Happening, Planted, World};
use crate::storage::MemoryStorage;
use xmpp_host::storage::{StorageError, StoreOp};

/// Of every account.
pub(super) const PASSWORD: &str = "wherefore art thou";
const SALT: &[u8] = b"a salt of some length";
const ITERATIONS: u32 = 4_096;

/// One HTTP request on its way to `/http-bind`.
#[derive(Clone)]
pub(super) struct HttpArrival {
    pub(super) device: usize,
    pub(super) epoch: u32,
    pub(super) request: RequestId,
    pub(super) body: String,
    pub(super) answer_lost: bool,
}

/// One stream of a client.
struct Conn {
    stream: ServerStream,
    front: Front,
    /// Authenticated, and known to this shard.
    shard: Option<usize>,
    seq: u64,
    timer: u64,
}

#[derive(Clone)]
enum Front {
    WebSocket(u64),
    Bosh(String),
}

struct Session {
    machine: BoshServer,
    conn: u64,
    waiting: BTreeMap<u64, HttpArrival>,
    timer: u64,
}

/// A shard with the transactions it waits for.
struct Node {
    shard: Shard,
    transactions: VecDeque<(xmpp_host::Token, Vec<StoreOp>)>,
    busy: u64,
    timer: u64,
}

pub(super) struct Site {
    config: Arc<HostConfig>,
    seed: u64,
    pub(super) up: bool,
    /// Counts starts; what belongs to an earlier one is void.
    life: u32,
    nodes: Vec<Node>,
    storage: MemoryStorage,
    /// By account and client; durable at once, as one small transaction is.
    tokens: BTreeMap<(BareJid, String), Tokens>,
    keys: StoredKeys,
    conns: BTreeMap<u64, Conn>,
    sessions: BTreeMap<String, Session>,
    next: u64,
    pub(super) failing_until: u64,
    slow_until: u64,
    slow_each: u64,
}

impl Site {
    pub(super) fn new(plan: &Plan, accounts: &[BareJid], seed: u64) -> Self {
        let config = HostConfig { shards: plan.shards, sm_timeout: plan.sm_timeout, ..HostConfig::new("example.net") };
        let salted = hi(ScramHash::Sha256, PASSWORD, SALT, ITERATIONS);
        let mut site = Self {
            config: Arc::new(config),
            seed,
            up: true,
            life: 0,
            nodes: Vec::new(),
            storage: MemoryStorage::with_accounts(accounts),
            tokens: BTreeMap::new(),
            keys: StoredKeys::new(ScramHash::Sha256, SALT.to_vec(), ITERATIONS, &salted),
            conns: BTreeMap::new(),
            sessions: BTreeMap::new(),
            next: 0,
            failing_until: 0,
            slow_until: 0,
            slow_each: 0,
        };
        site.start();
        site
    }

    /// Fresh shards over the storage there is.
    fn start(&mut self) {
        self.up = true;
        self.life += 1;
        let seed = self.seed.wrapping_mul(31).wrapping_add(u64::from(self.life));
        self.nodes = (0..self.config.shards)
            .map(|id| Node {
                shard: Shard::new(ShardId(id), self.config.clone(), seed),
                transactions: VecDeque::new(),
                busy: 0,
                timer: 0,
            })
            .collect();
    }

    /// Whether nothing can be written or read now.
    fn storage_fails(&self, now: u64) -> bool {
        now < self.failing_until
    }

    pub(super) fn slow(&mut self, until: u64, each: u64) {
        (self.slow_until, self.slow_each) = (until, each);
    }

    pub(super) fn next_link(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// The bodies in an account's archive, oldest first.
    pub(super) fn bodies(&self, account: &BareJid) -> Vec<String> {
        let stanzas = self.storage.history(account);
        stanzas
            .iter()
            .filter_map(|xml| match Stanza::try_from(parse(xml).ok()?).ok()? {
                Stanza::Message(message) => message.body(),
                _ => None,
            })
            .collect()
    }
}

impl World {
    pub(super) fn host_stops(&mut self) {
        self.site.up = false;
        // What was not committed is gone, as with a killed process.
        self.site.life += 1;
        self.site.conns.clear();
        self.site.sessions.clear();
        for device in 0..self.devices.len() {
            let device_after = self.rng.range(0, 2_000);
            self.cut(device, device_after, 0);
        }
    }

    pub(super) fn host_back(&mut self) {
        if !self.site.up {
            self.site.start();
        }
    }

    pub(super) fn new_websocket_conn(&mut self, link: u64) -> u64 {
        self.new_conn(Front::WebSocket(link))
    }

    fn new_conn(&mut self, front: Front) -> u64 {
        let id = self.site.next_link();
        let mut nonce = [0; 24];
        nonce.copy_from_slice(&self.rng.seed()[..24]);
        let stream = ServerStream::new(ServerStreamConfig {
            domain: String::from("example.net"),
            mechanisms: vec![Mechanism::Scram(ScramHash::Sha256), Mechanism::Plain],
            secure: true,
            stream_id: format!("stream-{id}"),
            nonce,
            bosh: matches!(front, Front::Bosh(_)),
            sm: true,
            sasl2: true,
            tokens: Some(TokenPolicy { lifetime_ms: self.plan.tokens.0, rotate_after_ms: self.plan.tokens.1 }),
            max_attempts: 3,
            anonymous: None,
            decoy_key: [7; 32],
            iterations: ITERATIONS,
            plain_hash: ScramHash::Sha256,
            features: Vec::new(),
        });
        self.site.conns.insert(id, Conn { stream, front, shard: None, seq: 0, timer: 0 });
        id
    }

    pub(super) fn frame_at_server(&mut self, link: u64, text: &str) {
        let Some(link) = self.links.get(&link) else { return };
        // A client that has gone may still have frames on the way; a cut cable has none.
        if link.cut || !link.up_at_server {
            return;
        }
        let Some(conn) = link.conn else { return };
        let Some(limits) = self.site.conns.get(&conn).map(|conn| conn.stream.limits(Limits::default())) else { return };
        let input = match websocket::parse(text, &limits) {
            Ok(frame) => {
                if let Frame::Close { .. } = frame {
                    self.closed_by_client(conn);
                }
                frame.into_server_input()
            }
            Err(error) => StreamInput::Malformed(error.into()),
        };
        if let Some(conn) = self.site.conns.get_mut(&conn) {
            conn.seq += 1;
        }
        self.stream_input(conn, input);
    }

    pub(super) fn link_gone_at_server(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let was_up = std::mem::replace(&mut link.up_at_server, false);
        let conn = link.conn;
        if let (true, Some(conn)) = (was_up, conn) {
            self.conn_lost(conn);
        }
    }

    fn conn_lost(&mut self, conn: u64) {
        let Some(gone) = self.site.conns.remove(&conn) else { return };
        if let Some(shard) = gone.shard {
            self.shard_input(self.site.life, shard, xmpp_host::Input::Lost { conn: ConnId(conn) });
        }
    }

    fn closed_by_client(&mut self, conn: u64) {
        let Some(shard) = self.site.conns.get_mut(&conn).and_then(|conn| conn.shard.take()) else { return };
        self.shard_input(self.site.life, shard, xmpp_host::Input::Closed { conn: ConnId(conn) });
    }

    pub(super) fn stream_input(&mut self, id: u64, input: StreamInput) {
        let now = self.clock(None);
        let Some(conn) = self.site.conns.get_mut(&id) else { return };
        conn.stream.handle_input(now, input);
        while let Some(output) = self.site.conns.get_mut(&id).and_then(|conn| conn.stream.poll_output()) {
            self.stream_output(id, output);
        }
    }

    fn stream_output(&mut self, id: u64, output: StreamOutput) {
        match output {
            StreamOutput::OpenReply(header) => {
                if let Some(Front::WebSocket(link)) = self.front(id) {
                    self.travel(link, 1, |link| Happening::FrameAtDevice { link, text: header.to_websocket() });
                }
            }
            StreamOutput::Transmit(element) => self.transmit(id, element),
            StreamOutput::Restarted | StreamOutput::StartTls => {}
            StreamOutput::LoadCredentials { token, account, hash } => {
                let known = self.devices.iter().any(|device| device.jid == account) && hash == ScramHash::Sha256;
                let result = Ok(known.then(|| self.site.keys.clone()));
                let after = self.rng.range(0, 5);
                let input = Box::new(StreamInput::Credentials { token, result });
                self.later(after, Happening::Stream { conn: id, input });
            }
            StreamOutput::Derive { token, kdf } => {
                let salted_password = hi(kdf.hash, &kdf.password, &kdf.salt, kdf.iterations);
                let input = Box::new(StreamInput::Derived { token, salted_password });
                self.later(10, Happening::Stream { conn: id, input });
            }
            StreamOutput::LoadTokens { token, account, agent } => {
                let tokens = self.site.tokens.get(&(account, agent)).cloned().unwrap_or_default();
                let result = if self.site.storage_fails(self.now) { Err(CredentialsUnavailable) } else { Ok(tokens) };
                let after = self.rng.range(0, 5);
                let input = Box::new(StreamInput::Tokens { token, result });
                self.later(after, Happening::Stream { conn: id, input });
            }
            // Nobody is offered that here.
            StreamOutput::Register { .. } => {}
            StreamOutput::ChangeTokens { token, account, agent, change } => {
                let result = if self.site.storage_fails(self.now) {
                    Err(CredentialsUnavailable)
                } else {
                    Ok(self.site.tokens.entry((account, agent)).or_default().apply(&change))
                };
                let after = self.rng.range(0, 10);
                let input = Box::new(StreamInput::TokensChanged { token, result });
                self.later(after, Happening::Stream { conn: id, input });
            }
            StreamOutput::Event(ServerEvent::Authenticated { account, mechanism, inline }) => {
                self.report.by_token += usize::from(mechanism == Mechanism::Token);
                let shard = usize::from(shard_of(&account, self.site.config.shards).0);
                let Some(conn) = self.site.conns.get_mut(&id) else { return };
                conn.shard = Some(shard);
                if let Front::Bosh(sid) = conn.front.clone() {
                    self.bosh_input(&sid, BoshInput::Authenticated);
                }
                let input = xmpp_host::Input::Connected { conn: ConnId(id), account, anonymous: false, inline };
                self.shard_input(self.site.life, shard, input);
            }
            StreamOutput::Event(ServerEvent::Element(element)) => {
                let Some(conn) = self.site.conns.get(&id) else { return };
                if let Some(shard) = conn.shard {
                    let input = xmpp_host::Input::Received { conn: ConnId(id), seq: conn.seq, element };
                    self.shard_input(self.site.life, shard, input);
                }
            }
            StreamOutput::Event(ServerEvent::AuthFailed { condition, .. }) => {
                use xmpp_stream::sasl::SaslCondition::{CredentialsExpired, NotAuthorized};
                // Nobody mistypes the password here.
                self.report.tokens_refused += usize::from(matches!(condition, CredentialsExpired | NotAuthorized));
            }
            StreamOutput::Close(error) => self.close(id, error),
            StreamOutput::SetTimer(at) => {
                let Some(conn) = self.site.conns.get_mut(&id) else { return };
                conn.timer += 1;
                let generation = conn.timer;
                if let Some(at) = at {
                    self.later(at.0.saturating_sub(self.now), Happening::StreamTimer { conn: id, generation });
                }
            }
        }
    }

    pub(super) fn stream_timer(&mut self, conn: u64, generation: u64) {
        if self.site.conns.get(&conn).is_some_and(|conn| conn.timer == generation) {
            self.stream_input(conn, StreamInput::Timer);
        }
    }

    fn front(&self, conn: u64) -> Option<Front> {
        self.site.conns.get(&conn).map(|conn| conn.front.clone())
    }

    fn transmit(&mut self, conn: u64, mut element: Element) {
        let resumes = element.is("success", ns::SASL2) && element.child("resumed", ns::SM).is_some();
        self.report.resumed_inline += usize::from(resumes);
        if self.planted == Some(Planted::WrongH) && element.is("a", ns::SM) {
            let h: u32 = element.attr("h").and_then(|h| h.parse().ok()).unwrap_or(0);
            element.set_attr("h", h.wrapping_add(1).to_string());
        }
        match self.front(conn) {
            Some(Front::WebSocket(link)) => {
                let text = websocket::write(&element);
                self.travel(link, 1, |link| Happening::FrameAtDevice { link, text });
            }
            Some(Front::Bosh(sid)) => self.bosh_input(&sid, BoshInput::Send(element)),
            None => {}
        }
    }

    fn close(&mut self, id: u64, error: Option<StreamError>) {
        match self.front(id) {
            Some(Front::WebSocket(link)) => {
                if let Some(error) = error {
                    self.transmit(id, error.into());
                }
                self.travel(link, 1, |link| Happening::FrameAtDevice { link, text: websocket::close(None) });
                self.travel(link, 1, Happening::LinkGoneAtDevice);
                if let Some(link) = self.links.get_mut(&link) {
                    link.up_at_server = false;
                }
            }
            Some(Front::Bosh(sid)) => self.bosh_input(&sid, BoshInput::Close(error)),
            None => {}
        }
        self.conn_lost(id);
    }

    // The host.

    pub(super) fn shard_input(&mut self, life: u32, shard: usize, input: xmpp_host::Input) {
        if life != self.site.life || !self.site.up {
            return;
        }
        let now = self.clock(None);
        self.site.nodes[shard].shard.handle_input(now, input);
        while let Some(output) = self.site.nodes[shard].shard.poll_output() {
            self.shard_output(shard, output);
        }
    }

    pub(super) fn shard_timer(&mut self, life: u32, shard: usize, generation: u64) {
        if life == self.site.life && self.site.nodes[shard].timer == generation {
            self.shard_input(life, shard, xmpp_host::Input::Timer);
        }
    }

    fn shard_output(&mut self, shard: usize, output: xmpp_host::Output) {
        let life = self.site.life;
        match output {
            xmpp_host::Output::Transmit { conn, element } => self.transmit(conn.0, element),
            xmpp_host::Output::Handled { conn, seq } => {
                if let Some(Front::Bosh(sid)) = self.front(conn.0) {
                    self.bosh_input(&sid, BoshInput::Handled { seq });
                }
            }
            xmpp_host::Output::Close { conn, error } => {
                if let Some(conn) = self.site.conns.get_mut(&conn.0) {
                    conn.shard = None;
                }
                self.close(conn.0, error);
            }
            xmpp_host::Output::Route { to, envelope } => {
                let input = Box::new(xmpp_host::Input::Routed(envelope));
                self.later(0, Happening::Shard { life, shard: usize::from(to.0), input });
            }
            xmpp_host::Output::Store { token, ops } => {
                let each = if self.now < self.site.slow_until { self.site.slow_each } else { 10 };
                let takes = self.rng.range(0, each);
                let node = &mut self.site.nodes[shard];
                node.transactions.push_back((token, ops));
                node.busy = node.busy.max(self.now) + takes;
                let after = node.busy - self.now;
                self.later(after, Happening::Commit { life, shard });
            }
            xmpp_host::Output::Load { token, query } => {
                let rows = self.site.storage.load(&query);
                let after = self.rng.range(0, 20);
                let input = Box::new(xmpp_host::Input::Loaded { token, result: Ok(rows) });
                self.later(after, Happening::Shard { life, shard, input });
            }
            // Nobody asks for that here.
            xmpp_host::Output::SetPassword { .. } => {}
            xmpp_host::Output::SetTimer(at) => {
                let node = &mut self.site.nodes[shard];
                node.timer += 1;
                let generation = node.timer;
                if let Some(at) = at {
                    self.later(at.0.saturating_sub(self.now), Happening::ShardTimer { life, shard, generation });
                }
            }
        }
    }

    /// The oldest transaction of a shard becomes durable, or fails; the shard hears of it a little later.
    pub(super) fn commit(&mut self, life: u32, shard: usize) {
        if life != self.site.life {
            return;
        }
        let Some((token, mut ops)) = self.site.nodes[shard].transactions.pop_front() else { return };
        if self.planted == Some(Planted::NoDeduplication) {
            for op in &mut ops {
                if let StoreOp::Archive(message) = op {
                    message.dedupe = None;
                }
            }
        }
        let result =
            if self.site.storage_fails(self.now) { Err(StorageError::Full) } else { self.site.storage.store(&ops) };
        // Completions keep the order of the commits: the same delay for all.
        let input = Box::new(xmpp_host::Input::Stored { token, result });
        self.later(2, Happening::Shard { life, shard, input });
    }

    // BOSH.

    pub(super) fn http_arrives(&mut self, arrival: HttpArrival) {
        if !self.site.up {
            return self.answer(&arrival, Err(HttpError::Network));
        }
        let body = match Body::read_request(&arrival.body, &Limits::default()) {
            Ok(body) => body,
            Err(_) => return self.answer(&arrival, ok(refuse_body(Condition::BadRequest))),
        };
        let key = self.site.next_link();
        let sid = match &body.sid {
            Some(sid) if self.site.sessions.contains_key(sid) => sid.clone(),
            Some(_) => return self.answer(&arrival, ok(refuse_body(Condition::ItemNotFound))),
            None => self.new_session(),
        };
        if let Some(session) = self.site.sessions.get_mut(&sid) {
            session.waiting.insert(key, arrival);
        }
        self.bosh_input(&sid, BoshInput::Request { key: RequestKey(key), body: Box::new(body) });
    }

    fn new_session(&mut self) -> String {
        let mut rng = Rng::new(self.rng.bits());
        let sid = format!("{:016x}{:016x}", rng.bits(), rng.bits());
        let conn = self.new_conn(Front::Bosh(sid.clone()));
        let machine = BoshServer::new(Arc::new(BoshConfig::default()), sid.clone());
        self.site.sessions.insert(sid.clone(), Session { machine, conn, waiting: BTreeMap::new(), timer: 0 });
        sid
    }

    fn bosh_input(&mut self, sid: &str, input: BoshInput) {
        let now = self.clock(None);
        let Some(session) = self.site.sessions.get_mut(sid) else { return };
        session.machine.handle_input(now, input);
        while let Some(output) = self.site.sessions.get_mut(sid).and_then(|session| session.machine.poll_output()) {
            self.bosh_output(sid, output);
        }
    }

    pub(super) fn bosh_timer(&mut self, sid: &str, generation: u64) {
        if self.site.sessions.get(sid).is_some_and(|session| session.timer == generation) {
            self.bosh_input(sid, BoshInput::Timer);
        }
    }

    fn bosh_output(&mut self, sid: &str, output: BoshOutput) {
        let Some(session) = self.site.sessions.get_mut(sid) else { return };
        let conn = session.conn;
        match output {
            BoshOutput::Respond { key, status, body } => {
                if let Some(arrival) = session.waiting.remove(&key.0) {
                    let response = HttpResponse { status, content_type: "text/xml".into(), redirected: false, body };
                    self.answer(&arrival, Ok(response));
                }
            }
            BoshOutput::Received { seq, element } => {
                if let Some(conn) = self.site.conns.get_mut(&conn) {
                    conn.seq = seq;
                }
                self.stream_input(conn, StreamInput::Received(element));
            }
            BoshOutput::StreamStart(start) => {
                let header = StreamHeader {
                    to: start.to,
                    from: start.from,
                    id: None,
                    lang: start.lang,
                    version: Some(start.version),
                };
                self.stream_input(conn, StreamInput::StreamStart(header));
            }
            BoshOutput::Closed(reason) => {
                if reason == xmpp_stream::transport::bosh_server::CloseReason::Terminated {
                    self.closed_by_client(conn);
                }
                self.conn_lost(conn);
            }
            BoshOutput::SetTimer(at) => {
                session.timer += 1;
                let generation = session.timer;
                if let Some(at) = at {
                    let sid = sid.to_owned();
                    self.later(at.0.saturating_sub(self.now), Happening::BoshTimer { sid, generation });
                }
            }
        }
    }

    fn answer(&mut self, arrival: &HttpArrival, result: Result<HttpResponse, HttpError>) {
        let HttpArrival { device, epoch, request, answer_lost, .. } = *arrival;
        let result = if answer_lost { Err(HttpError::Network) } else { result };
        let after = self.latency();
        let input = DeviceInput::Response(request, result);
        self.later(after, Happening::Device { device, epoch, input });
    }

    /// The browser closed the connection of a request: the site hears of it, if the request had arrived.
    pub(super) fn request_cancelled(&mut self, device: usize, epoch: u32, request: RequestId) {
        let found = self.site.sessions.iter().find_map(|(sid, session)| {
            let (key, _) = session
                .waiting
                .iter()
                .find(|(_, arrival)| (arrival.device, arrival.epoch, arrival.request) == (device, epoch, request))?;
            Some((sid.clone(), *key))
        });
        if let Some((sid, key)) = found {
            self.bosh_input(&sid, BoshInput::RequestGone { key: RequestKey(key) });
        }
    }
}

fn refuse_body(condition: Condition) -> String {
    refuse(condition).body
}

fn ok(body: String) -> Result<HttpResponse, HttpError> {
    Ok(HttpResponse { status: 200, content_type: String::from("text/xml"), redirected: false, body })
}

/// Salted passwords by hash, password, salt and iterations.
type Derived = BTreeMap<(u8, String, Vec<u8>, u32), Vec<u8>>;

thread_local! {
    static DERIVED: RefCell<Derived> = const { RefCell::new(BTreeMap::new()) };
}

/// PBKDF2 with one block (RFC 5802 §2.2), remembered: a thousand runs use one password.
pub(super) fn hi(hash: ScramHash, password: &str, salt: &[u8], iterations: u32) -> Vec<u8> {
    let key = (hash as u8, password.to_owned(), salt.to_vec(), iterations);
    if let Some(known) = DERIVED.with_borrow(|derived| derived.get(&key).cloned()) {
        return known;
    }
    let sum = hash.hi(password.as_bytes(), salt, iterations);
    DERIVED.with_borrow_mut(|derived| derived.insert(key, sum.clone()));
    sum
}
