//! A device: a browser tab around the client, with storage that takes time and may fail, sockets that break and a clock that is off.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use xmpp::jid::BareJid;
use xmpp_client::Client;
use xmpp_client::api::{
    Command, Event, HttpError, HttpRequest, HttpResponse, Input, Output, PageEvent, Password, Phase, Query, RequestId,
    Settings, SignIn, SocketId, StorageError, StoreOp, StoreScope, Token,
};
use xmpp_stream::sasl::Kdf;

use super::replica::Replica;
use super::site::{HttpArrival, PASSWORD, hi};
use super::world::{Happening, Link, Planted, World};

/// `xmpp_client::api::Input` that owns its text.
pub(super) enum DeviceInput {
    Timer,
    Opened(SocketId),
    Closed(SocketId),
    Text(SocketId, String),
    Response(RequestId, Result<HttpResponse, HttpError>),
    Write(Token, StoreScope, Vec<StoreOp>),
    /// The tab's rows are written by then.
    Written(Token),
    /// Somebody who sees the form fills it in.
    SignIn,
    Read(Token, StoreScope, String),
    Derived(Token, Vec<u8>),
    Page(PageEvent),
    Command(Command),
}

/// What waits for a store, in the wire's order.
enum Held {
    Text(SocketId, String),
    Close(SocketId),
    Request(RequestId, HttpRequest),
}

/// One tab of one account.
pub(super) struct Device {
    pub(super) jid: BareJid,
    client: Option<Client>,
    /// Counts page loads; what belongs to an earlier one is void.
    pub(super) epoch: u32,
    pub(super) timer: u64,
    pub(super) network: bool,
    pub(super) told_offline: bool,
    pub(super) failing_until: u64,
    pub(super) replica: Replica,
    sockets: BTreeMap<SocketId, u64>,
    requests: BTreeSet<RequestId>,
    rows: BTreeMap<(bool, String), String>,
    writing: BTreeSet<Token>,
    held: VecDeque<(Option<Token>, Held)>,
    /// Writes keep their order.
    storage_busy: u64,
}

impl Device {
    pub(super) fn new(jid: BareJid) -> Self {
        Self {
            jid,
            client: None,
            epoch: 0,
            timer: 0,
            network: true,
            told_offline: false,
            failing_until: 0,
            replica: Replica::default(),
            sockets: BTreeMap::new(),
            requests: BTreeSet::new(),
            rows: BTreeMap::new(),
            writing: BTreeSet::new(),
            held: VecDeque::new(),
            storage_busy: 0,
        }
    }

    fn write(&mut self, scope: StoreScope, ops: &[StoreOp]) {
        let device = scope == StoreScope::Device;
        for op in ops {
            match op {
                StoreOp::Put { key, value } => {
                    self.rows.insert((device, key.clone()), value.clone());
                }
                StoreOp::Delete { key } => {
                    self.rows.remove(&(device, key.clone()));
                }
                StoreOp::DeletePrefix { prefix } => {
                    self.rows.retain(|(of, key), _| *of != device || !key.starts_with(prefix));
                }
            }
        }
    }

    fn read(&self, scope: StoreScope, prefix: &str) -> Vec<(String, String)> {
        let device = scope == StoreScope::Device;
        let rows = self.rows.iter().filter(|((of, key), _)| *of == device && key.starts_with(prefix));
        rows.map(|((_, key), value)| (key.clone(), value.clone())).collect()
    }
}

impl World {
    /// The page is there (again): a new client with the stores of the one before.
    pub(super) fn load_page(&mut self, device: usize) {
        let settings = Settings {
            websocket_url: Some(String::from("wss://example.net/xmpp-websocket")),
            bosh_url: Some(String::from("https://example.net/http-bind")),
            secure: true,
            seed: self.rng.seed(),
            ..Settings::default()
        };
        let again = self.devices[device].epoch > 0;
        let this = &mut self.devices[device];
        this.client = Some(Client::new(settings, xmpp_client::features::all()));
        this.replica = Replica::default();
        if again {
            self.command(device, Command::SignIn(SignIn::Restore));
        } else {
            self.sign_in(device);
        }
        let conversation = self.peer(device);
        self.command(device, Command::OpenChat(conversation));
    }

    /// The page goes: its sockets drop, nothing of it is heard again.
    pub(super) fn unload_page(&mut self, device: usize) {
        self.device_input(device, DeviceInput::Page(PageEvent::Unload));
        let this = &mut self.devices[device];
        this.client = None;
        this.epoch += 1;
        this.timer += 1;
        this.requests.clear();
        this.writing.clear();
        this.held.clear();
        for (_, link) in std::mem::take(&mut this.sockets) {
            self.hang_up(link);
        }
    }

    pub(super) fn sign_in(&mut self, device: usize) {
        let jid = self.devices[device].jid.clone();
        let password = Password(String::from(PASSWORD));
        self.command(device, Command::SignIn(SignIn::Password { jid, password }));
        let conversation = self.peer(device);
        self.command(device, Command::OpenChat(conversation));
    }

    pub(super) fn command(&mut self, device: usize, command: Command) {
        self.device_input(device, DeviceInput::Command(command));
    }

    pub(super) fn network_back(&mut self, device: usize) {
        let was_there = std::mem::replace(&mut self.devices[device].network, true);
        let told_offline = std::mem::take(&mut self.devices[device].told_offline);
        if !was_there && told_offline {
            self.device_input(device, DeviceInput::Page(PageEvent::Online));
        }
    }

    /// Every connection of the device breaks.
    pub(super) fn cut(&mut self, device: usize, device_after: u64, server_after: u64) {
        let epoch = self.devices[device].epoch;
        let links: Vec<u64> =
            self.links.iter().filter(|(_, link)| link.device == device && !link.cut).map(|(id, _)| *id).collect();
        for id in links {
            if let Some(link) = self.links.get_mut(&id) {
                link.cut = true;
            }
            self.later(device_after, Happening::LinkGoneAtDevice(id));
            self.later(server_after, Happening::LinkGoneAtServer(id));
        }
        let requests: Vec<RequestId> = self.devices[device].requests.iter().copied().collect();
        for request in requests {
            let input = DeviceInput::Response(request, Err(HttpError::Network));
            self.later(device_after, Happening::Device { device, epoch, input });
        }
    }

    pub(super) fn device_input(&mut self, device: usize, input: DeviceInput) {
        let now = self.clock(Some(device));
        match input {
            DeviceInput::Write(token, scope, ops) => self.write(device, token, scope, &ops),
            DeviceInput::Written(token) => {
                self.devices[device].writing.remove(&token);
                self.release(device);
                self.give(device, now, Input::Stored { token, result: Ok(()) });
            }
            DeviceInput::SignIn => {
                if self.is_signed_out(device) {
                    self.report.asked += 1;
                    self.sign_in(device);
                }
            }
            DeviceInput::Read(token, scope, prefix) => {
                let rows = self.devices[device].read(scope, &prefix);
                self.give(device, now, Input::Loaded { token, result: Ok(rows) });
            }
            DeviceInput::Response(request, result) => {
                // A response that comes twice is one that nobody waits for any more.
                if self.devices[device].requests.remove(&request) {
                    self.give(device, now, Input::Response { request, result });
                }
            }
            DeviceInput::Closed(socket) => {
                self.devices[device].sockets.remove(&socket);
                self.give(device, now, Input::Closed { socket });
            }
            DeviceInput::Timer => self.give(device, now, Input::Timer),
            DeviceInput::Opened(socket) => self.give(device, now, Input::Opened(socket)),
            DeviceInput::Text(socket, text) => self.give(device, now, Input::Text { socket, text: &text }),
            DeviceInput::Derived(token, key) => self.give(device, now, Input::Derived { token, key }),
            DeviceInput::Page(event) => self.give(device, now, Input::Page(event)),
            DeviceInput::Command(command) => self.give(device, now, Input::Command(command)),
        }
    }

    fn write(&mut self, device: usize, token: Token, scope: StoreScope, ops: &[StoreOp]) {
        let failing = scope == StoreScope::Device && self.now < self.devices[device].failing_until;
        let result = if failing {
            Err(StorageError::Full)
        } else {
            self.apply(device, scope, ops);
            Ok(())
        };
        self.devices[device].writing.remove(&token);
        self.release(device);
        let now = self.clock(Some(device));
        self.give(device, now, Input::Stored { token, result });
    }

    fn apply(&mut self, device: usize, scope: StoreScope, ops: &[StoreOp]) {
        let kept: Vec<StoreOp> = ops.iter().filter(|op| !self.is_planted(op)).cloned().collect();
        self.devices[device].write(scope, &kept);
        for op in ops {
            if let StoreOp::Put { value, .. } = op {
                self.judge.taken(device, value);
            }
        }
    }

    /// With [`Planted::NoOutbox`] the rows of the outbox get lost on their way.
    fn is_planted(&self, op: &StoreOp) -> bool {
        self.planted == Some(Planted::NoOutbox) && matches!(op, StoreOp::Put { key, .. } if key.contains("/outbox/"))
    }

    fn give(&mut self, device: usize, now: xmpp::time::Now, input: Input<'_>) {
        let Some(client) = &mut self.devices[device].client else { return };
        let resumes = matches!(&input, Input::Text { text, .. } if text.contains("<resumed "));
        client.handle_input(now, input);
        let outputs: Vec<Output> = std::iter::from_fn(|| client.poll_output()).collect();
        for output in outputs {
            // What goes out in answer to a resumption is what the server has not acknowledged.
            let again = resumes && matches!(&output, Output::Transmit { text, .. } if text.starts_with("<message"));
            if !(again && self.planted == Some(Planted::NoResend)) {
                self.carry_out(device, output);
            }
        }
    }

    fn carry_out(&mut self, device: usize, output: Output) {
        let epoch = self.devices[device].epoch;
        match output {
            Output::OpenSocket { socket, .. } => self.open_socket(device, socket),
            Output::Transmit { socket, text, after } => self.hold(device, after, Held::Text(socket, text)),
            Output::CloseSocket(socket) => self.hold(device, None, Held::Close(socket)),
            Output::Request { request, http, after } => {
                self.devices[device].requests.insert(request);
                self.hold(device, after, Held::Request(request, http));
            }
            Output::CancelRequest(request) => {
                self.devices[device].requests.remove(&request);
                self.request_cancelled(device, epoch, request);
            }
            Output::SetTimer(deadline) => {
                self.devices[device].timer += 1;
                let generation = self.devices[device].timer;
                if let Some(at) = deadline {
                    let after = at.0.saturating_sub(self.now);
                    self.later(after, Happening::DeviceTimer { device, epoch, generation });
                }
            }
            Output::Event(event) => self.event(device, &event),
            Output::Diff(diff) => self.devices[device].replica.apply(diff),
            Output::Store { token, scope, ops } => {
                self.devices[device].writing.insert(token);
                if scope == StoreScope::Tab {
                    // The browser writes these at once, also while the page goes.
                    self.apply(device, scope, &ops);
                    return self.in_storage(device, DeviceInput::Written(token));
                }
                self.in_storage(device, DeviceInput::Write(token, scope, ops));
            }
            Output::Load { token, scope, query: Query::Prefix(prefix) } => {
                self.in_storage(device, DeviceInput::Read(token, scope, prefix));
            }
            Output::Derive { token, kdf } => {
                let Kdf { hash, password, salt, iterations } = &kdf;
                let key = hi(*hash, password, salt, *iterations);
                let after = self.rng.range(1, 80);
                self.later(after, Happening::Device { device, epoch, input: DeviceInput::Derived(token, key) });
            }
        }
    }

    fn in_storage(&mut self, device: usize, input: DeviceInput) {
        let epoch = self.devices[device].epoch;
        let slowest = if self.faults_over() { 5 } else { 60 };
        let at = self.devices[device].storage_busy.max(self.now) + self.rng.range(0, slowest);
        self.devices[device].storage_busy = at;
        self.later(at - self.now, Happening::Device { device, epoch, input });
    }

    fn event(&mut self, device: usize, event: &Event) {
        if let Event::Connected { resumed, .. } = event {
            if *resumed {
                self.report.resumed += 1;
            } else {
                self.report.bound += 1;
            }
        }
        self.note(|| format!("device {device}: {event:?}"));
        if matches!(event, Event::SignInFailed(_)) {
            let epoch = self.devices[device].epoch;
            let after = self.rng.range(200, 5_000);
            self.later(after, Happening::Device { device, epoch, input: DeviceInput::SignIn });
        }
    }

    pub(super) fn is_signed_out(&self, device: usize) -> bool {
        matches!(self.devices[device].replica.phase, Some(Phase::SignedOut { .. }))
    }

    fn hold(&mut self, device: usize, after: Option<Token>, held: Held) {
        self.devices[device].held.push_back((after, held));
        self.release(device);
    }

    fn release(&mut self, device: usize) {
        loop {
            let this = &mut self.devices[device];
            let ready = match this.held.front() {
                Some((after, _)) => after.is_none_or(|token| !this.writing.contains(&token)),
                None => false,
            };
            if !ready {
                return;
            }
            let Some((_, held)) = this.held.pop_front() else { return };
            match held {
                Held::Text(socket, text) => self.send_text(device, socket, text),
                Held::Close(socket) => {
                    if let Some(link) = self.devices[device].sockets.remove(&socket) {
                        self.hang_up(link);
                    }
                }
                Held::Request(request, http) => self.send_request(device, request, http),
            }
        }
    }

    fn open_socket(&mut self, device: usize, socket: SocketId) {
        let epoch = self.devices[device].epoch;
        let reachable = self.devices[device].network && self.site.up && !self.plan.bosh[device];
        let after = 2 * self.latency();
        if !reachable {
            let input = DeviceInput::Closed(socket);
            self.later(after, Happening::Device { device, epoch, input });
            return;
        }
        let id = self.site.next_link();
        let link = Link {
            device,
            epoch,
            socket,
            conn: None,
            up_at_device: false,
            up_at_server: false,
            busy: [0, 0],
            cut: false,
        };
        self.links.insert(id, link);
        self.devices[device].sockets.insert(socket, id);
        self.later(after, Happening::LinkUp(id));
    }

    pub(super) fn link_up(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.cut || self.devices[link.device].epoch != link.epoch {
            return;
        }
        (link.up_at_device, link.up_at_server) = (true, true);
        let (device, epoch, socket) = (link.device, link.epoch, link.socket);
        let conn = self.new_websocket_conn(id);
        if let Some(link) = self.links.get_mut(&id) {
            link.conn = Some(conn);
        }
        self.later(0, Happening::Device { device, epoch, input: DeviceInput::Opened(socket) });
    }

    fn send_text(&mut self, device: usize, socket: SocketId, text: String) {
        self.judge.taken(device, &text);
        let Some(id) = self.devices[device].sockets.get(&socket).copied() else { return };
        self.travel(id, 0, |link| Happening::FrameAtServer { link, text });
    }

    /// Sends a frame along a link, behind what is on the way.
    pub(super) fn travel(&mut self, id: u64, direction: usize, happening: impl FnOnce(u64) -> Happening) {
        let latency = self.latency();
        let now = self.now;
        let Some(link) = self.links.get_mut(&id) else { return };
        let at = link.busy[direction].max(now + latency);
        link.busy[direction] = at;
        self.later(at - now, happening(id));
    }

    pub(super) fn frame_at_device(&mut self, id: u64, text: String) {
        let Some(link) = self.links.get(&id) else { return };
        if link.cut || !link.up_at_device || self.devices[link.device].epoch != link.epoch {
            return;
        }
        let (device, socket) = (link.device, link.socket);
        self.device_input(device, DeviceInput::Text(socket, text));
    }

    pub(super) fn link_gone_at_device(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.up_at_device = false;
        let (device, epoch, socket) = (link.device, link.epoch, link.socket);
        if self.devices[device].epoch == epoch && self.devices[device].sockets.contains_key(&socket) {
            self.device_input(device, DeviceInput::Closed(socket));
        }
    }

    /// The device closes its end: what it has sent still arrives, then the server hears that it is gone.
    fn hang_up(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.up_at_device = false;
        self.travel(id, 0, Happening::LinkGoneAtServer);
    }

    fn send_request(&mut self, device: usize, request: RequestId, http: HttpRequest) {
        let epoch = self.devices[device].epoch;
        let body = http.body.unwrap_or_default();
        self.judge.taken(device, &body);
        let timeout = u64::from(http.timeout_ms);
        let timed_out = DeviceInput::Response(request, Err(HttpError::TimedOut));
        self.later(timeout, Happening::Device { device, epoch, input: timed_out });
        let failed = DeviceInput::Response(request, Err(HttpError::Network));
        if !self.devices[device].network || !self.site.up {
            let after = self.latency();
            return self.later(after, Happening::Device { device, epoch, input: failed });
        }
        let trouble = !self.faults_over() && self.rng.chance(self.plan.http_trouble);
        let kind = if trouble { self.rng.range(0, 3) } else { 9 };
        let arrival = HttpArrival { device, epoch, request, body, answer_lost: kind == 1 };
        if kind == 0 {
            // Lost on the way there.
            let after = self.rng.range(1, 3_000);
            return self.later(after, Happening::Device { device, epoch, input: failed });
        }
        if kind == 2 {
            // A proxy repeats it, the browser hears one of the answers.
            let after = self.latency() + self.rng.range(0, 500);
            self.later(after, Happening::Http(arrival.clone()));
        }
        let late = if kind == 3 { self.rng.range(0, 20_000) } else { 0 };
        let after = self.latency() + late;
        self.later(after, Happening::Http(arrival));
    }
}
