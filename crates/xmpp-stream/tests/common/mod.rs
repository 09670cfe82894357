//! A client's and a server's stream joined in memory over any framing, with a wire that can be tampered with.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may fail here")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use pbkdf2::pbkdf2_hmac;
use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::stanza::StreamError;
use xmpp::time::{Mono, Now, Timestamp};
use xmpp::xml::{Element, Limits};
use xmpp_stream::StreamHeader;
use xmpp_stream::client::{self, ClientStream, Framing, StreamConfig, StreamEvent};
use xmpp_stream::sasl::{Kdf, Mechanism, ScramHash, Secret, StoredKeys, Tokens};
use xmpp_stream::server::{self, ServerEvent, ServerStream, ServerStreamConfig};
use xmpp_stream::transport::framer::Framer;
use xmpp_stream::transport::websocket;

pub const PASSWORD: &str = "correct horse";
pub const ACCOUNT: &str = "ann@im.example";

pub fn now(ms: u64) -> Now {
    Now { mono: Mono(ms), wall: Timestamp(1_700_000_000_000 + ms as i64) }
}

/// PBKDF2 by a crate that the code under test does not use; each derivation once, they are slow.
pub fn salted_password(kdf: &Kdf) -> Vec<u8> {
    type Derived = Vec<(Kdf, Vec<u8>)>;
    static DERIVED: Mutex<Derived> = Mutex::new(Vec::new());
    if let Some((_, out)) = DERIVED.lock().unwrap().iter().find(|(known, _)| known == kdf) {
        return out.clone();
    }
    let mut out = vec![0; kdf.hash.output_len()];
    let (password, salt) = (kdf.password.as_bytes(), &kdf.salt);
    match kdf.hash {
        ScramHash::Sha1 => pbkdf2_hmac::<sha1::Sha1>(password, salt, kdf.iterations, &mut out),
        ScramHash::Sha256 => pbkdf2_hmac::<sha2::Sha256>(password, salt, kdf.iterations, &mut out),
        ScramHash::Sha512 => pbkdf2_hmac::<sha2::Sha512>(password, salt, kdf.iterations, &mut out),
    }
    DERIVED.lock().unwrap().push((kdf.clone(), out.clone()));
    out
}

pub fn stored(hash: ScramHash, password: &str) -> StoredKeys {
    let salt = b"0123456789abcdef".to_vec();
    let kdf = Kdf { hash, password: password.to_owned(), salt: salt.clone(), iterations: 4096 };
    StoredKeys::new(hash, salt, 4096, &salted_password(&kdf))
}

pub fn client_config() -> StreamConfig {
    StreamConfig {
        domain: "im.example".to_owned(),
        jid: Some(BareJid::new(ACCOUNT).unwrap()),
        secret: Secret::Password(PASSWORD.to_owned()),
        resource: Some("page".to_owned()),
        lang: "en".to_owned(),
        secure: true,
        sasl2: None,
        scram_floor: None,
        max_iterations: 1_000_000,
        resume: None,
        enable_sm: true,
        random: [7; 24],
    }
}

pub const AGENT: &str = "d4565fa7-4d72-4749-b3d3-740edbf87770";

/// A client that speaks SASL2 and Bind 2, without a token.
pub fn sasl2() -> client::Sasl2 {
    client::Sasl2 { agent: AGENT.to_owned(), tag: Some("page".to_owned()), token: None, seen: false }
}

/// The same client with a token and nothing else, after a reload.
pub fn with_token(mut config: StreamConfig, token: &str, count: u32) -> StreamConfig {
    let token = client::TokenUse { text: token.to_owned(), count, invalidate: false };
    config.secret = Secret::None;
    config.sasl2 = Some(client::Sasl2 { token: Some(token), ..sasl2() });
    config
}

pub fn server_config() -> ServerStreamConfig {
    ServerStreamConfig {
        domain: "im.example".to_owned(),
        mechanisms: vec![
            Mechanism::Scram(ScramHash::Sha1),
            Mechanism::Scram(ScramHash::Sha256),
            Mechanism::Scram(ScramHash::Sha512),
            Mechanism::Plain,
        ],
        secure: true,
        stream_id: "c0ffee".to_owned(),
        nonce: [9; 24],
        bosh: false,
        sm: true,
        sasl2: false,
        tokens: None,
        max_attempts: 3,
        anonymous: None,
        decoy_key: [3; 32],
        iterations: 4096,
        plain_hash: ScramHash::Sha256,
        features: vec![Element::new("ver", ns::ROSTER_VERSIONING)],
    }
}

/// What a tamperer does with an element on its way: nothing, change it, or drop it by returning false.
pub type Tamper = Box<dyn FnMut(&mut Element) -> bool>;

/// Answers an element of the authenticated client the way a host's session would.
pub type Session = Box<dyn FnMut(&Element) -> Vec<Element>>;

/// Answers what was asked for with a sign-in by SASL2 the way a host's session would.
pub type InlineSession = Box<dyn FnMut(&str, &server::Inline) -> Vec<Element>>;

/// Binds what is to be bound, and resumes the session `former` after 3 stanzas.
pub fn inline(account: &str, inline: &server::Inline) -> Vec<Element> {
    let identified = |success: Element, jid: &str| {
        success.with_child(Element::new("authorization-identifier", ns::SASL2).with_text(jid))
    };
    let mut success = inline.success.clone();
    if let Some(resume) = &inline.resume {
        if resume.attr("previd") == Some("former") {
            let resumed = Element::new("resumed", ns::SM).with_attr("previd", "former").with_attr("h", "3");
            return vec![identified(success.with_child(resumed), &format!("{account}/bound"))];
        }
        success.push(Element::new("failed", ns::SM).with_attr("h", "2"));
    }
    let mut jid = account.to_owned();
    if let Some(bind) = &inline.bind {
        let mut bound = Element::new("bound", ns::BIND2);
        if bind.sm.is_some() {
            bound.push(Element::new("enabled", ns::SM).with_attr("id", "sm-1").with_attr("resume", "true"));
        }
        jid = format!("{account}/{}", bind.resource.as_deref().unwrap_or("any"));
        success.push(bound);
    }
    vec![identified(success, &jid), inline.features.clone()]
}

pub struct Pair {
    pub framing: Framing,
    pub client: ClientStream,
    pub server: ServerStream,
    pub accounts: Vec<(String, StoredKeys)>,
    pub session: Session,
    pub inline: InlineSession,
    /// By account and client.
    pub tokens: BTreeMap<(String, String), Tokens>,
    pub to_client: Tamper,
    pub to_server: Tamper,
    pub clock: u64,
    /// What the client told its owner.
    pub events: Vec<StreamEvent>,
    /// What the server told its owner, elements left out.
    pub server_events: Vec<ServerEvent>,
    /// Everything on the wire, with its direction.
    pub log: Vec<String>,
    pub derived_by_server: Vec<Kdf>,
    pub server_closed: Option<Option<StreamError>>,
    pub client_closed: bool,
    client_framer: Framer,
    server_framer: Framer,
}

enum Wire {
    Bytes(Vec<u8>),
    Element(Element),
    Header(StreamHeader),
    End,
}

impl Pair {
    pub fn new(framing: Framing, client: StreamConfig, mut server: ServerStreamConfig) -> Pair {
        server.bosh = framing == Framing::Bosh;
        let accounts = ScramHash::STRONGEST_FIRST.map(|hash| (ACCOUNT.to_owned(), stored(hash, PASSWORD))).to_vec();
        Pair {
            framing,
            client: ClientStream::new(framing, client),
            server: ServerStream::new(server),
            accounts,
            session: Box::new(session),
            inline: Box::new(inline),
            tokens: BTreeMap::new(),
            to_client: Box::new(|_| true),
            to_server: Box::new(|_| true),
            clock: 0,
            events: Vec::new(),
            server_events: Vec::new(),
            log: Vec::new(),
            derived_by_server: Vec::new(),
            server_closed: None,
            client_closed: false,
            client_framer: Framer::new(Limits::default()),
            server_framer: Framer::new(Limits::default()),
        }
    }

    /// Opens the transport and runs until nobody has anything to say.
    pub fn run(&mut self) -> &mut Pair {
        self.client.handle_input(now(self.clock), client::Input::Opened);
        if self.framing == Framing::Bosh {
            // The creation of the session, which is BoshClient's and BoshServer's.
            let header = StreamHeader {
                to: Some("im.example".to_owned()),
                version: Some("1.0".to_owned()),
                ..StreamHeader::default()
            };
            self.server.handle_input(now(self.clock), server::Input::StreamStart(header));
        }
        self.settle();
        self
    }

    pub fn settle(&mut self) {
        for _ in 0..1_000 {
            if !(self.pump_client() | self.pump_server()) {
                return;
            }
        }
        panic!("the two never come to rest:\n{}", self.log.join("\n"));
    }

    pub fn bound(&self) -> bool {
        self.events.iter().any(|event| matches!(event, StreamEvent::Bound { .. }))
    }

    pub fn pump_client(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.client.poll_output() {
            moved = true;
            match output {
                client::Output::Open(header) => {
                    let wire = match self.framing {
                        Framing::WebSocket => Wire::Bytes(header.to_websocket().into_bytes()),
                        Framing::Tcp => Wire::Bytes(header.to_tcp().into_bytes()),
                        Framing::Bosh => Wire::Header(header),
                    };
                    self.deliver_to_server(wire);
                }
                client::Output::Transmit(mut element) => {
                    if (self.to_server)(&mut element) {
                        let wire = self.wire(element);
                        self.deliver_to_server(wire);
                    }
                }
                client::Output::Derive { token, kdf } => {
                    let salted_password = salted_password(&kdf);
                    self.client.handle_input(now(self.clock), client::Input::Derived { token, salted_password });
                }
                client::Output::Event(event) => self.events.push(event),
                client::Output::SetTimer(_) => {}
                client::Output::Close => {
                    self.client_closed = true;
                    self.deliver_to_server(Wire::End);
                }
            }
        }
        moved
    }

    pub fn pump_server(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.server.poll_output() {
            moved = true;
            match output {
                server::Output::OpenReply(header) => {
                    let wire = match self.framing {
                        Framing::WebSocket => Wire::Bytes(header.to_websocket().into_bytes()),
                        Framing::Tcp => Wire::Bytes(header.to_tcp().into_bytes()),
                        Framing::Bosh => continue,
                    };
                    self.deliver_to_client(wire);
                }
                server::Output::Transmit(element) => self.transmit_to_client(element),
                server::Output::StartTls => panic!("nobody offered it"),
                server::Output::Restarted => {
                    self.server_framer.restart();
                    self.client_framer.restart();
                }
                server::Output::LoadCredentials { token, account, hash } => {
                    let keys = self.accounts.iter().find(|(name, keys)| *name == account.as_str() && keys.hash == hash);
                    let result = Ok(keys.map(|(_, keys)| keys.clone()));
                    self.server.handle_input(now(self.clock), server::Input::Credentials { token, result });
                }
                server::Output::LoadTokens { token, account, agent } => {
                    let tokens = self.tokens.get(&(account.to_string(), agent)).cloned().unwrap_or_default();
                    self.server.handle_input(now(self.clock), server::Input::Tokens { token, result: Ok(tokens) });
                }
                server::Output::Register { .. } => panic!("it is not offered"),
                server::Output::ChangeTokens { token, account, agent, change } => {
                    let done = self.tokens.entry((account.to_string(), agent)).or_default().apply(&change);
                    self.server.handle_input(now(self.clock), server::Input::TokensChanged { token, result: Ok(done) });
                }
                server::Output::Derive { token, kdf } => {
                    let salted_password = salted_password(&kdf);
                    self.derived_by_server.push(kdf);
                    self.server.handle_input(now(self.clock), server::Input::Derived { token, salted_password });
                }
                server::Output::Event(ServerEvent::Element(element)) => {
                    for reply in (self.session)(&element) {
                        self.transmit_to_client(reply);
                    }
                }
                server::Output::Event(ServerEvent::Authenticated { account, mechanism, inline: Some(inline) }) => {
                    for answer in (self.inline)(account.as_str(), &inline) {
                        self.transmit_to_client(answer);
                    }
                    self.server_events.push(ServerEvent::Authenticated { account, mechanism, inline: Some(inline) });
                }
                server::Output::Event(event) => self.server_events.push(event),
                server::Output::SetTimer(_) => {}
                server::Output::Close(error) => {
                    self.server_closed = Some(error.clone());
                    if let Some(error) = error {
                        self.transmit_to_client(Element::from(error));
                    }
                    self.deliver_to_client(Wire::End);
                }
            }
        }
        moved
    }

    fn transmit_to_client(&mut self, mut element: Element) {
        if (self.to_client)(&mut element) {
            let wire = self.wire(element);
            self.deliver_to_client(wire);
        }
    }

    fn wire(&self, element: Element) -> Wire {
        match self.framing {
            Framing::WebSocket => Wire::Bytes(websocket::write(&element).into_bytes()),
            Framing::Tcp => {
                let mut text = String::new();
                element.write_to(&mut text, ns::CLIENT);
                Wire::Bytes(text.into_bytes())
            }
            Framing::Bosh => Wire::Element(element),
        }
    }

    fn end_text(&self) -> Vec<u8> {
        match self.framing {
            Framing::Tcp => b"</stream:stream>".to_vec(),
            _ => websocket::close(None).into_bytes(),
        }
    }

    fn deliver_to_server(&mut self, wire: Wire) {
        let mut inputs = VecDeque::new();
        match wire {
            Wire::Header(header) => inputs.push_back(server::Input::StreamStart(header)),
            Wire::Element(element) => {
                self.log.push(format!("C: {}", element.to_xml()));
                inputs.push_back(server::Input::Received(element));
            }
            Wire::End if self.framing == Framing::Bosh => inputs.push_back(server::Input::StreamEnd),
            Wire::End | Wire::Bytes(_) => {
                let bytes = if let Wire::Bytes(bytes) = wire { bytes } else { self.end_text() };
                let text = String::from_utf8(bytes).expect("we write utf-8");
                self.log.push(format!("C: {text}"));
                if self.framing == Framing::WebSocket {
                    let frame = websocket::parse(&text, &self.server.limits(Limits::default()));
                    inputs.push_back(frame.map_or_else(
                        |error| server::Input::Malformed(error.into()),
                        websocket::Frame::into_server_input,
                    ));
                } else {
                    self.server_framer.set_limits(self.server.limits(Limits::default()));
                    self.server_framer.push(text.as_bytes());
                    while let Some(event) = self.server_framer.next() {
                        inputs.extend(event.expect("the client writes a stream").into_server_input());
                    }
                }
            }
        }
        for input in inputs {
            self.server.handle_input(now(self.clock), input);
        }
    }

    fn deliver_to_client(&mut self, wire: Wire) {
        let mut inputs = VecDeque::new();
        match wire {
            Wire::Header(_) => {}
            Wire::Element(element) => {
                self.log.push(format!("S: {}", element.to_xml()));
                inputs.push_back(client::Input::Received(element));
            }
            Wire::End if self.framing == Framing::Bosh => {
                inputs.push_back(client::Input::StreamEnd { see_other_uri: None });
            }
            Wire::End | Wire::Bytes(_) => {
                let bytes = if let Wire::Bytes(bytes) = wire { bytes } else { self.end_text() };
                let text = String::from_utf8(bytes).expect("we write utf-8");
                self.log.push(format!("S: {text}"));
                if self.framing == Framing::WebSocket {
                    let frame = websocket::parse(&text, &Limits::default());
                    inputs.push_back(frame.map_or_else(
                        |error| client::Input::Malformed(error.into()),
                        websocket::Frame::into_client_input,
                    ));
                } else {
                    self.client_framer.push(text.as_bytes());
                    while let Some(event) = self.client_framer.next() {
                        inputs.extend(event.expect("the server writes a stream").into_client_input());
                    }
                }
            }
        }
        for input in inputs {
            self.client.handle_input(now(self.clock), input);
        }
    }
}

/// A session that binds what is asked for, and resumes what is called `old`.
pub fn session(element: &Element) -> Vec<Element> {
    if let Some(bind) = element.child("bind", ns::BIND) {
        let resource = bind.child("resource", ns::BIND).map_or_else(|| "made-up".to_owned(), Element::text);
        let jid = Element::new("jid", ns::BIND).with_text(format!("{ACCOUNT}/{resource}"));
        return vec![result(element, Some(Element::new("bind", ns::BIND).with_child(jid)))];
    }
    if element.is("enable", ns::SM) {
        let enabled = Element::new("enabled", ns::SM).with_attr("id", "sm-1").with_attr("resume", "1");
        return vec![enabled.with_attr("max", "300")];
    }
    if element.is("resume", ns::SM) {
        let previd = element.attr("previd").unwrap_or_default().to_owned();
        return vec![if previd == "old" {
            Element::new("resumed", ns::SM).with_attr("previd", previd).with_attr("h", "4294967295")
        } else {
            Element::new("failed", ns::SM)
                .with_attr("h", "5")
                .with_child(Element::new("item-not-found", ns::STANZA_ERROR))
        }];
    }
    if element.name() == "iq" { vec![result(element, None)] } else { Vec::new() }
}

pub fn result(request: &Element, payload: Option<Element>) -> Element {
    Element::new("iq", ns::CLIENT)
        .with_attr("type", "result")
        .with_attr("id", request.attr("id").unwrap_or_default())
        .with_children(payload)
}
