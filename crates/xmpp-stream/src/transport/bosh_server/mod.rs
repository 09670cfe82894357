//! One BOSH session, the connection manager's side (XEP-0124, XEP-0206).
//!
//! [`BoshServer`] turns HTTP requests in any order, doubled, late or cut off, into one ordered stream of elements, and
//! an ordered stream of elements into HTTP responses that survive the same. It does not know what the elements mean,
//! which sessions exist beside it, or what HTTP looks like; requests are numbers to it. Where to start reading:
//! [`Input`] and [`Output`], then `request.rs` (what a request does) and `respond.rs` (when it is answered).
//!
//! The shell finds a session by the `sid` of [`Body::read_request`]. Without a `sid`, it makes a new `BoshServer`
//! with a `sid` of at least 128 random bits. Where there is no session, [`refuse`] writes the answer. A session
//! that was signed in on a visitor's behalf starts with [`BoshServer::prebound`]; whoever knows its `sid` and its next
//! rid goes on with it.

mod clock;
mod close;
mod config;
mod create;
mod io;
mod outbound;
mod refuse;
mod request;
mod respond;
mod terms;
#[cfg(test)]
mod tests;
mod window;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use xmpp::StreamError;
use xmpp::stanza::StreamCondition;
use xmpp::time::{Mono, Now};

use self::close::Closing;
pub use self::config::Config;
pub use self::io::{CloseReason, Input, Output, RequestKey, StreamStart};
use self::outbound::Outbound;
pub use self::refuse::{Refusal, refuse};
use self::terms::{Creation, Terms};
use self::window::Window;
use super::bosh_body::payload_xml;
pub use super::bosh_body::{Body, BodyError, Condition, Rid, Version};

/// One session. See the [module](self).
pub struct BoshServer {
    config: Arc<Config>,
    sid: String,
    phase: Phase,
    terms: Terms,
    window: Window,
    outbound: Outbound,
    /// What the creation response will say, until it is written.
    creation: Option<Creation>,
    /// The number of the last element received.
    seq: u64,
    handled: u64,
    durable: bool,
    /// Milliseconds of the last input.
    now: u64,
    /// Since when no request waits at an open socket.
    idle_since: Option<u64>,
    /// A pause that was granted, in milliseconds.
    pause: Option<u64>,
    overactivity: respond::Overactivity,
    /// The first response that the client seems to have lost, and when it was sent (§9.2).
    report: Option<(Rid, u64)>,
    outputs: VecDeque<Output>,
    /// The time the shell was last told.
    timer: Option<u64>,
}

/// Without the `sid`, which is a secret, and without what travels.
impl fmt::Debug for BoshServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoshServer").field("phase", &self.phase).field("terms", &self.terms).finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Phase {
    /// Waits for the creation request.
    New,
    Open,
    /// Ends as soon as the client can be told.
    Closing(Closing),
    /// The client was told; a repeat of its request is still answered until then.
    Told {
        until: u64,
    },
    Closed,
}

impl BoshServer {
    /// A session that waits for its creation request, which is the first input.
    pub fn new(config: Arc<Config>, sid: String) -> Self {
        let terms = Terms::agree(&config, &Body { ver: Some(Version::OURS), ..Body::default() });
        Self {
            config,
            sid,
            phase: Phase::New,
            terms,
            window: Window::new(Rid::MAX),
            outbound: Outbound::default(),
            creation: None,
            seq: 0,
            handled: 0,
            durable: false,
            now: 0,
            idle_since: None,
            pause: None,
            overactivity: respond::Overactivity::default(),
            report: None,
            outputs: VecDeque::new(),
            timer: None,
        }
    }

    /// A session whose stream was negotiated on the client's behalf (prebind), in requests up to `last`; the client
    /// is told [`Rid::next`]. `creation` holds what its creation request would have said: `wait`, `hold`, `ver`.
    pub fn prebound(config: Arc<Config>, sid: String, last: Rid, creation: &Body, now: Now) -> Self {
        let mut session = Self::new(config, sid);
        session.terms = Terms::agree(&session.config, creation);
        session.window = Window::new(last);
        session.phase = Phase::Open;
        session.durable = true;
        session.now = now.mono.0;
        session.idle_since = Some(session.now);
        session
    }

    /// The `sid`.
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// The Content-Type of every response of this session (§7.1).
    pub fn content_type(&self) -> &'static str {
        self.terms.content_type
    }

    /// Takes one input. Poll the outputs afterwards; several inputs may come before that, and what they give to send
    /// then shares a response.
    pub fn handle_input(&mut self, now: Now, input: Input) {
        self.now = self.now.max(now.mono.0);
        match input {
            Input::Request { key, body } => self.request(key, body),
            Input::Malformed { key } => self.violated(key, Condition::BadRequest),
            Input::RequestGone { key } => self.window.gone(key),
            Input::Send(element) => self.send(payload_xml(&element)),
            Input::Handled { seq } => self.handled = self.handled.max(seq.min(self.seq)),
            Input::Authenticated => self.durable = true,
            Input::Close(error) => self.close(error),
            Input::Fail(condition) => self.close_with(Some(condition), None),
            Input::Timer => self.timer = None,
        }
        self.refresh_idle();
        self.expire();
    }

    /// The next thing to do; call until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.outputs.is_empty() {
            self.flush();
            self.refresh_idle();
        }
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        let next = self.next_deadline();
        if next == self.timer {
            return None;
        }
        self.timer = next;
        Some(Output::SetTimer(next.map(Mono)))
    }

    fn send(&mut self, payload: String) {
        if !matches!(self.phase, Phase::New | Phase::Open) {
            return;
        }
        if !self.outbound.push(payload, self.config.queued_payloads, self.config.queued_bytes) {
            tracing::debug!("the client reads too slowly: session ends");
            let error = StreamError::new(StreamCondition::ResourceConstraint);
            self.end_all(Condition::RemoteStreamError, Some(&payload_xml(&error.into())));
            self.closed(CloseReason::Overflow);
        }
    }
}
