//! The client's rules, and client and server joined in memory.

mod chaos;
mod fail;
mod pair;
mod session;

use xmpp::time::Timestamp;
use xmpp::xml::Limits;
use xmpp::{Element, ns};

use super::*;
use crate::transport::bosh_body::{Body, BodyType};

/// A client, and what came out of it.
struct Bench {
    client: BoshClient,
    now: u64,
    /// Requests in the order they were made.
    requests: Vec<Made>,
    cancelled: Vec<(Rid, u32)>,
    events: Vec<Event>,
    timer: Option<u64>,
}

#[derive(Clone)]
struct Made {
    rid: Rid,
    attempt: u32,
    text: String,
    body: Body,
}

const GRANTED: &str = "sid='s1' wait='55' requests='2' hold='1' inactivity='60' polling='5' maxpause='120' ver='1.6'";

impl Bench {
    fn start(attach: Option<Session>) -> Self {
        let mut bench = Bench {
            client: BoshClient::new(),
            now: 1_000,
            requests: Vec::new(),
            cancelled: Vec::new(),
            events: Vec::new(),
            timer: None,
        };
        let (to, lang) = ("example.com".to_owned(), Some("en".to_owned()));
        bench.input(Input::Start(Box::new(Start { to, from: None, lang, wait: 55, random: 0, attach })));
        bench
    }

    fn attached() -> Self {
        Self::start(Some(Session { sid: "s1".into(), rid: Rid::new(100).expect("in range"), unanswered: 0 }))
    }

    /// A session that was created with these attributes; the creation request and its event are forgotten.
    fn open_with(attributes: &str) -> Self {
        let mut bench = Self::start(None);
        bench.answer(0, attributes, "");
        bench.requests.remove(0);
        bench.events.clear();
        bench
    }

    /// Its first poll is request 0.
    fn open() -> Self {
        Self::open_with(GRANTED)
    }

    fn input(&mut self, input: Input<'_>) {
        let now = Now { mono: Mono(self.now), wall: Timestamp(0) };
        self.client.handle_input(now, input);
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Request { rid, attempt, body: text, .. } => {
                    let body = Body::read_request(&text, &Limits::default()).expect("a client's own body");
                    self.requests.push(Made { rid, attempt, text, body });
                }
                Output::Cancel { rid, attempt } => self.cancelled.push((rid, attempt)),
                Output::Event(event) => self.events.push(event),
                Output::SetTimer(at) => {
                    self.timer = at.map(|at| at.0);
                    assert!(self.timer.is_none_or(|at| at > self.now), "a timer in the past would spin");
                }
            }
        }
    }

    fn send(&mut self, ids: &[&str]) {
        self.input(Input::Send(ids.iter().map(|id| stanza(id)).collect()));
    }

    /// Answers the request that was made as number `at`.
    fn answer(&mut self, at: usize, attributes: &str, payloads: &str) {
        let text = format!("<body {attributes} xmlns='http://jabber.org/protocol/httpbind'>{payloads}</body>");
        self.answer_text(at, 200, &text);
    }

    fn answer_text(&mut self, at: usize, status: u16, body: &str) {
        let Made { rid, attempt, .. } = self.requests[at].clone();
        self.input(Input::Response { rid, attempt, status, body });
    }

    fn fail(&mut self, at: usize) {
        let Made { rid, attempt, .. } = self.requests[at].clone();
        self.input(Input::RequestFailed { rid, attempt });
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(at) = self.timer.filter(|at| *at <= end) {
            self.now = at;
            self.timer = None;
            self.input(Input::Timer);
        }
        self.now = end;
    }

    /// The ids of the stanzas in the request that was made as number `at`.
    fn ids(&self, at: usize) -> Vec<String> {
        ids(self.requests[at].body.payloads.iter())
    }

    fn received(&self) -> Vec<String> {
        ids(self.events.iter().filter_map(|event| match event {
            Event::Received(element) => Some(element),
            _ => None,
        }))
    }

    fn ended(&self) -> Option<&Event> {
        self.events.iter().find(|event| matches!(event, Event::Terminated(_) | Event::Lost(_)))
    }

    fn assert_terminated(&self, condition: Option<Condition>) {
        assert_eq!(self.ended(), Some(&Event::Terminated(Terminated { condition, uri: None })));
    }

    fn assert_lost(&self, reason: LostReason) {
        assert_eq!(self.ended(), Some(&Event::Lost(reason)));
    }
}

fn stanza(id: &str) -> Element {
    Element::new("message", ns::CLIENT).with_attr("id", id)
}

fn message(id: &str) -> String {
    stanza(id).to_xml()
}

fn ids<'a>(elements: impl Iterator<Item = &'a Element>) -> Vec<String> {
    elements.map(|element| element.attr("id").unwrap_or_default().to_owned()).collect()
}
