//! The rules of one session, each named by its section of XEP-0124.

mod chaos;
mod creation;
mod end;
mod limits;
mod order;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use xmpp::Element;
use xmpp::time::{Mono, Now, Timestamp};
use xmpp::xml::Limits;

use super::*;
use crate::transport::bosh_body::BodyType;

/// The rid of every creation request here.
const FIRST: u64 = 1_573_741_820;

/// A session, and what came out of it.
struct Bench {
    server: BoshServer,
    now: u64,
    keys: u64,
    /// Responses by key: status and text.
    responses: BTreeMap<u64, (u16, String)>,
    received: Vec<(u64, Element)>,
    streams: Vec<StreamStart>,
    closed: Option<CloseReason>,
    timer: Option<u64>,
}

impl Bench {
    fn with(config: Config) -> Self {
        let server = BoshServer::new(Arc::new(config), "sid-1".into());
        let (responses, received, streams) = (BTreeMap::new(), Vec::new(), Vec::new());
        Bench { server, now: 1_000, keys: 0, responses, received, streams, closed: None, timer: None }
    }

    /// A session whose creation request was answered with features.
    fn open_with(config: Config, creation: &str) -> Self {
        let mut bench = Bench::with(config);
        let key = bench.post(&format!("rid='{FIRST}' to='example.com' {creation}"), "");
        bench.send("features");
        assert_eq!(bench.body(key).sid.as_deref(), Some("sid-1"));
        bench
    }

    fn open() -> Self {
        Self::open_with(Config::default(), "ver='1.6' wait='60' hold='1'")
    }

    fn input(&mut self, input: Input) {
        let now = Now { mono: Mono(self.now), wall: Timestamp(0) };
        self.server.handle_input(now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::Respond { key, status, body } => {
                    assert!(self.responses.insert(key.0, (status, body)).is_none(), "answered twice");
                }
                Output::Received { seq, element } => self.received.push((seq, element)),
                Output::StreamStart(start) => self.streams.push(start),
                Output::Closed(reason) => assert!(self.closed.replace(reason).is_none(), "closed twice"),
                Output::SetTimer(at) => {
                    self.timer = at.map(|at| at.0);
                    assert!(self.timer.is_none_or(|at| at > self.now), "a timer in the past would spin");
                }
            }
        }
    }

    /// Posts a body with these attributes and payloads; its key.
    fn post(&mut self, attributes: &str, payloads: &str) -> u64 {
        let text = format!(
            "<body {attributes} xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh'>{payloads}</body>"
        );
        let body = Body::read_request(&text, &Limits::default()).expect("the test's body is right");
        self.keys += 1;
        self.input(Input::Request { key: RequestKey(self.keys), body: Box::new(body) });
        self.keys
    }

    /// Posts the request `n` places after the creation request.
    fn nth(&mut self, n: u64, payloads: &str) -> u64 {
        self.nth_with(n, "", payloads)
    }

    fn nth_with(&mut self, n: u64, attributes: &str, payloads: &str) -> u64 {
        self.post(&format!("sid='sid-1' rid='{}' {attributes}", FIRST + n), payloads)
    }

    fn gone(&mut self, key: u64) {
        self.input(Input::RequestGone { key: RequestKey(key) });
    }

    fn send(&mut self, id: &str) {
        self.input(Input::Send(stanza(id)));
    }

    /// Lets time pass, ringing the timer when it is due.
    fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(at) = self.timer.filter(|at| *at <= end) {
            self.now = at;
            self.timer = None;
            self.input(Input::Timer);
        }
        self.now = end;
    }

    fn is_held(&self, key: u64) -> bool {
        !self.responses.contains_key(&key)
    }

    fn status(&self, key: u64) -> u16 {
        self.responses[&key].0
    }

    fn body(&self, key: u64) -> Body {
        let (status, text) = self.responses.get(&key).unwrap_or_else(|| panic!("request {key} has no response"));
        assert_eq!(*status, 200, "{text}");
        Body::read_response(text, &Limits::default()).expect("our own body")
    }

    /// The ids of the stanzas in a response.
    fn ids(&self, key: u64) -> Vec<String> {
        ids(&self.body(key).payloads)
    }

    fn received_ids(&self) -> Vec<String> {
        let elements: Vec<Element> = self.received.iter().map(|(_, element)| element.clone()).collect();
        ids(&elements)
    }

    fn assert_terminated(&self, key: u64, condition: Option<Condition>) {
        let body = self.body(key);
        assert_eq!((body.type_, body.condition), (Some(BodyType::Terminate), condition));
    }
}

fn stanza(id: &str) -> Element {
    Element::new("message", xmpp::ns::CLIENT).with_attr("id", id)
}

/// The same as text.
fn message(id: &str) -> String {
    stanza(id).to_xml()
}

fn ids(elements: &[Element]) -> Vec<String> {
    elements.iter().map(|element| element.attr("id").unwrap_or_default().to_owned()).collect()
}
