//! For the tests of features: a client signed in by hand-fed frames, with stores that answer, and a replica that applies
//! every diff as a view would.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use xmpp::jid::BareJid;
use xmpp::time::{Mono, Now, Timestamp};
use xmpp::xml::{Element, parse};

use crate::Client;
use crate::api::*;
use crate::feature::Constructor;

pub(crate) const ACCOUNT: &str = "me@x.y";
pub(crate) const FULL: &str = "me@x.y/r";

pub(crate) struct Bench {
    pub(crate) client: Client,
    pub(crate) now: Now,
    pub(crate) socket: Option<SocketId>,
    /// Stanzas and nonzas sent and not looked at yet.
    pub(crate) sent: VecDeque<Element>,
    pub(crate) events: Vec<Event>,
    pub(crate) requests: VecDeque<(RequestId, HttpRequest)>,
    pub(crate) device: BTreeMap<String, String>,
    pub(crate) tab: BTreeMap<String, String>,
    pub(crate) derive: Option<(Token, xmpp_stream::sasl::Kdf)>,
    pub(crate) view: View,
    pub(crate) timer: Option<Mono>,
    /// Stores are not answered while this is set.
    pub(crate) slow: bool,
    /// Nor loads while this is set.
    pub(crate) slow_loads: bool,
    loads: VecDeque<(Token, Vec<(String, String)>)>,
    stores: VecDeque<Token>,
    stanzas: u32,
    pub(crate) closed: Vec<SocketId>,
    pub(crate) opened: Vec<String>,
}

/// What a view would know.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) session: Option<Arc<Session>>,
    pub(crate) contacts: BTreeMap<BareJid, Arc<Contact>>,
    pub(crate) roster_complete: bool,
    pub(crate) requests: BTreeMap<BareJid, Arc<ContactRequest>>,
    pub(crate) chats: BTreeMap<ConversationId, Arc<Chat>>,
    pub(crate) timelines: BTreeMap<ConversationId, Vec<Arc<Item>>>,
    pub(crate) profile: Option<Arc<Profile>>,
}

impl View {
    fn apply(&mut self, diff: Diff) {
        match diff {
            Diff::Session(session) => self.session = Some(session),
            Diff::Contact(contact) => drop(self.contacts.insert(contact.jid.clone(), contact)),
            Diff::ContactRemoved(jid) => drop(self.contacts.remove(&jid)),
            Diff::RosterComplete => self.roster_complete = true,
            Diff::Request(request) => drop(self.requests.insert(request.jid.clone(), request)),
            Diff::RequestRemoved(jid) => drop(self.requests.remove(&jid)),
            Diff::Chat(chat) => drop(self.chats.insert(chat.id.clone(), chat)),
            Diff::ChatRemoved(id) => drop(self.chats.remove(&id)),
            Diff::Timeline { conversation, ops } => apply(self.timelines.entry(conversation).or_default(), ops),
            Diff::Profile(profile) => self.profile = Some(profile),
            Diff::Reset => *self = Self { session: self.session.take(), ..Self::default() },
        }
    }
}

/// Applies timeline changes as a view would.
pub(crate) fn apply(items: &mut Vec<Arc<Item>>, ops: Vec<TimelineOp>) {
    for op in ops {
        match op {
            TimelineOp::Reset(all) => *items = all,
            TimelineOp::Insert { index, items: new } => drop(items.splice(index..index, new)),
            TimelineOp::Update { index, item } => {
                assert_eq!(items[index].id, item.id);
                items[index] = item;
            }
            TimelineOp::Remove { index, count } => drop(items.drain(index..index + count)),
        }
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        websocket_url: Some(String::from("wss://x.y/ws")),
        resource: Some(String::from("r")),
        secure: true,
        ..Settings::default()
    }
}

pub(crate) fn chat(jid: &str) -> ConversationId {
    ConversationId::chat(BareJid::new(jid).expect("a jid"))
}

impl Bench {
    pub(crate) fn new(features: Vec<Constructor>) -> Self {
        Self::with(settings(), features, BTreeMap::new(), BTreeMap::new())
    }

    pub(crate) fn with(
        settings: Settings,
        features: Vec<Constructor>,
        device: BTreeMap<String, String>,
        tab: BTreeMap<String, String>,
    ) -> Self {
        Self {
            client: Client::new(settings, features),
            now: Now { mono: Mono(1_000), wall: Timestamp(1_700_000_000_000) },
            socket: None,
            sent: VecDeque::new(),
            events: Vec::new(),
            requests: VecDeque::new(),
            device,
            tab,
            derive: None,
            view: View::default(),
            timer: None,
            slow: false,
            slow_loads: false,
            loads: VecDeque::new(),
            stores: VecDeque::new(),
            stanzas: 0,
            closed: Vec::new(),
            opened: Vec::new(),
        }
    }

    /// Signed in, with every feature, and past what follows by itself.
    pub(crate) fn online() -> Self {
        let mut bench = Self::new(crate::features::all());
        bench.sign_in("");
        bench.settle();
        bench
    }

    pub(crate) fn input(&mut self, input: Input<'_>) {
        self.client.handle_input(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::OpenSocket { socket, url } => {
                    self.socket = Some(socket);
                    self.opened.push(url);
                }
                Output::Transmit { socket, text, .. } => {
                    assert_eq!(Some(socket), self.socket, "frames go to the open socket");
                    let element = parse(&text).expect("we write well-formed XML");
                    self.stanzas += u32::from(element.ns() == "jabber:client");
                    self.sent.push_back(element);
                }
                Output::CloseSocket(socket) => {
                    self.closed.push(socket);
                    if self.socket == Some(socket) {
                        self.socket = None;
                    }
                }
                Output::Request { request, http, .. } => self.requests.push_back((request, http)),
                Output::CancelRequest(request) => self.requests.retain(|(own, _)| *own != request),
                Output::SetTimer(at) => self.timer = at,
                Output::Event(event) => self.events.push(event),
                Output::Diff(diff) => self.view.apply(diff),
                Output::Store { token, scope, ops } => {
                    let rows = if scope == StoreScope::Device { &mut self.device } else { &mut self.tab };
                    for op in ops {
                        match op {
                            StoreOp::Put { key, value } => drop(rows.insert(key, value)),
                            StoreOp::Delete { key } => drop(rows.remove(&key)),
                            StoreOp::DeletePrefix { prefix } => rows.retain(|key, _| !key.starts_with(&prefix)),
                        }
                    }
                    self.stores.push_back(token);
                }
                Output::Load { token, scope, query: Query::Prefix(prefix) } => {
                    let rows = if scope == StoreScope::Device { &self.device } else { &self.tab };
                    let rows = rows.iter().filter(|(key, _)| key.starts_with(&prefix));
                    let rows = rows.map(|(key, value)| (key.clone(), value.clone())).collect();
                    self.loads.push_back((token, rows));
                }
                Output::Derive { token, kdf } => self.derive = Some((token, kdf)),
            }
            if !self.slow_loads
                && let Some((token, rows)) = self.loads.pop_front()
            {
                self.client.handle_input(self.now, Input::Loaded { token, result: Ok(rows) });
            }
            if !self.slow
                && let Some(token) = self.stores.pop_front()
            {
                self.client.handle_input(self.now, Input::Stored { token, result: Ok(()) });
            }
        }
        if !self.slow && !self.stores.is_empty() {
            while let Some(token) = self.stores.pop_front() {
                self.client.handle_input(self.now, Input::Stored { token, result: Ok(()) });
            }
            self.drain();
        }
    }

    pub(crate) fn hurry_stores(&mut self) {
        self.slow = false;
        self.drain();
    }

    /// The load that waits longest is answered.
    pub(crate) fn hurry_load(&mut self) {
        let (token, rows) = self.loads.pop_front().expect("a load");
        self.input(Input::Loaded { token, result: Ok(rows) });
    }

    pub(crate) fn hurry_loads(&mut self) {
        self.slow_loads = false;
        while let Some((token, rows)) = self.loads.pop_front() {
            self.input(Input::Loaded { token, result: Ok(rows) });
        }
    }

    /// The stores that wait fail.
    pub(crate) fn fail_stores(&mut self) {
        self.slow = false;
        while let Some(token) = self.stores.pop_front() {
            self.client.handle_input(self.now, Input::Stored { token, result: Err(StorageError::Full) });
        }
        self.drain();
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    /// A frame from the server; stanzas need no namespace.
    pub(crate) fn feed(&mut self, xml: &str) {
        let mut text = String::from(xml);
        for name in ["<message", "<presence", "<iq"] {
            if let Some(rest) = xml.strip_prefix(name)
                && !xml.split('>').next().unwrap_or_default().contains("xmlns='jabber:client'")
            {
                text = [name, " xmlns='jabber:client'", rest].concat();
            }
        }
        let socket = self.socket.expect("an open socket");
        self.input(Input::Text { socket, text: &text });
    }

    pub(crate) fn wait(&mut self, ms: u64) {
        let until = self.now.mono.after(ms);
        while let Some(at) = self.timer.filter(|at| *at <= until) {
            self.advance(at.since(self.now.mono));
            self.timer = None;
            self.input(Input::Timer);
        }
        self.advance(until.since(self.now.mono));
    }

    fn advance(&mut self, ms: u64) {
        self.now.mono = self.now.mono.after(ms);
        self.now.wall = self.now.wall.plus(i64::try_from(ms).expect("a short time"));
    }

    /// The next element sent.
    pub(crate) fn next(&mut self) -> Element {
        self.sent.pop_front().expect("something sent")
    }

    /// The first element sent that is asked for, and forgets it.
    pub(crate) fn find(&mut self, what: impl Fn(&Element) -> bool) -> Option<Element> {
        let at = self.sent.iter().position(what)?;
        self.sent.remove(at)
    }

    /// The request with this payload that was sent, and forgets it.
    pub(crate) fn request(&mut self, name: &str, ns: &str) -> Option<Element> {
        self.find(|e| e.name() == "iq" && e.children().next().is_some_and(|c| c.is(name, ns)))
    }

    /// Answers a request with a payload.
    pub(crate) fn answer(&mut self, iq: &Element, payload: &str) {
        let from = iq.attr("to").map(|to| [" from='", to, "'"].concat()).unwrap_or_default();
        let id = iq.attr("id").expect("an id");
        self.feed(&["<iq type='result' id='", id, "'", &from, ">", payload, "</iq>"].concat());
    }

    pub(crate) fn refuse(&mut self, iq: &Element, condition: &str) {
        let from = iq.attr("to").map(|to| [" from='", to, "'"].concat()).unwrap_or_default();
        let id = iq.attr("id").expect("an id");
        let error = "'><error type='cancel'><";
        let ns = " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
        self.feed(&["<iq type='error'", &from, " id='", id, error, condition, ns].concat());
    }

    /// Signs in by PLAIN. `features` goes into the features after authentication; stream management is answered if offered.
    pub(crate) fn sign_in(&mut self, features: &str) {
        let jid = BareJid::new(ACCOUNT).expect("a jid");
        self.command(Command::SignIn(SignIn::Password { jid, password: Password(String::from("secret")) }));
        self.negotiate(features);
        self.bind(features);
    }

    /// Up to the features after authentication.
    pub(crate) fn negotiate(&mut self, features: &str) {
        let socket = self.socket.expect("a socket");
        self.input(Input::Opened(socket));
        assert_eq!(self.next().name(), "open");
        self.open();
        self.feed(
            "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
             <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>",
        );
        assert_eq!(self.next().name(), "auth");
        self.feed("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
        assert_eq!(self.next().name(), "open");
        self.open();
        self.feed(
            &[
                "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
                 <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>",
                features,
                "</stream:features>",
            ]
            .concat(),
        );
    }

    pub(crate) fn bind(&mut self, features: &str) {
        let bind = self.next();
        let jid = ["<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>", FULL, "</jid></bind>"].concat();
        self.answer(&bind, &jid);
        if features.contains("urn:xmpp:sm:3") {
            assert_eq!(self.next().name(), "enable");
            self.stanzas = 0;
            self.feed("<enabled xmlns='urn:xmpp:sm:3' id='sm-1' resume='true'/>");
        }
    }

    fn open(&mut self) {
        self.feed("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='x.y' id='1' version='1.0'/>");
    }

    /// Answers what follows sign-in by itself: no archive, no carbons, an empty roster.
    pub(crate) fn settle(&mut self) {
        self.settle_with("", "");
    }

    /// As [`settle`](Self::settle), with features of the account and items of the roster.
    pub(crate) fn settle_with(&mut self, features: &str, items: &str) {
        while let Some(iq) = self.find(|e| e.name() == "iq" && matches!(e.attr("type"), Some("get" | "set"))) {
            let payload = iq.children().next().expect("a payload").clone();
            match payload.ns() {
                "http://jabber.org/protocol/disco#info" => {
                    let vars: String =
                        features.split_whitespace().map(|var| ["<feature var='", var, "'/>"].concat()).collect();
                    let query = ["<query xmlns='http://jabber.org/protocol/disco#info'>", &vars, "</query>"].concat();
                    self.answer(&iq, &query);
                }
                "jabber:iq:roster" => {
                    self.answer(&iq, &["<query xmlns='jabber:iq:roster'>", items, "</query>"].concat());
                }
                "urn:xmpp:mam:2" => self.answer(&iq, "<fin xmlns='urn:xmpp:mam:2' complete='true'/>"),
                "urn:xmpp:carbons:2" | "urn:xmpp:ping" => self.answer(&iq, ""),
                _ => self.refuse(&iq, "item-not-found"),
            }
        }
        self.sent.clear();
        self.events.clear();
    }

    /// The connection breaks, and the back-off passes.
    pub(crate) fn break_connection(&mut self) {
        let socket = self.socket.take().expect("an open socket");
        self.input(Input::Closed { socket });
        while self.socket.is_none() {
            self.wait(500);
        }
        self.sent.clear();
    }

    pub(crate) fn phase(&self) -> &Phase {
        &self.view.session.as_ref().expect("a session").phase
    }

    /// How many stanzas were sent on this session, by stream management's count.
    pub(crate) fn client_unacked(&self) -> u32 {
        self.stanzas
    }

    /// The texts of a timeline as the view has it; `…` for a gap.
    pub(crate) fn texts(&self, jid: &str) -> Vec<String> {
        let Some(items) = self.view.timelines.get(&chat(jid)) else { return Vec::new() };
        let text = |item: &Arc<Item>| match &item.kind {
            ItemKind::Message { body, .. } => String::from(&**body),
            ItemKind::Gap { .. } => String::from("…"),
        };
        items.iter().map(text).collect()
    }

    pub(crate) fn delivery(&self, jid: &str, text: &str) -> Delivery {
        let items = self.view.timelines.get(&chat(jid)).expect("an open timeline");
        let found = items.iter().find_map(|item| match &item.kind {
            ItemKind::Message { body, delivery, .. } if &**body == text => delivery.clone(),
            _ => None,
        });
        found.expect("an own message")
    }

    pub(crate) fn open_chat(&mut self, jid: &str) {
        self.command(Command::OpenChat(chat(jid)));
    }

    pub(crate) fn say(&mut self, jid: &str, body: &str) {
        self.command(Command::SendMessage { conversation: chat(jid), body: String::from(body) });
    }
}
