//! One BOSH session, the client's side (XEP-0124, XEP-0206).
//!
//! [`BoshClient`] makes one ordered stream of elements in both directions out of HTTP requests that may fail, be
//! answered late, twice or in another order. It keeps one request open at the connection manager and uses a second one
//! to send. It does not know what the elements mean, nor how a request is made. Where to start reading: [`Input`] and
//! [`Output`], then `send.rs` (which request is made when), `receive.rs` and `fail.rs`.

mod end;
mod fail;
mod flight;
mod io;
mod outbox;
mod receive;
mod send;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;

use xmpp::time::{Mono, Now};

use self::flight::Flight;
pub use self::io::{Created, Event, Input, LostReason, Output, Session, Start, Terminated};
use self::outbox::Outbox;
use self::terms::Terms;
use super::bosh_body::payload_xml;
pub use super::bosh_body::{Condition, Rid, RidError};

/// One session. See the [module](self).
pub struct BoshClient {
    phase: Phase,
    start: Option<Box<Start>>,
    sid: Option<String>,
    /// The rid of the next new request; `None` when they are used up.
    next_rid: Option<Rid>,
    terms: Terms,
    /// Requests in the order of their rids.
    flights: VecDeque<Flight>,
    outbox: Outbox,
    pause: Pause,
    /// What the last request of an orderly end is to carry.
    last_words: Option<Vec<String>>,
    /// So many requests of the page before are to be repeated, empty, before anything new is sent.
    refill: u32,
    /// Nothing has been heard from an attached session yet.
    attaching: bool,
    /// The client acknowledges responses (XEP-0124 §9.2).
    acks: bool,
    /// Milliseconds of the last input.
    now: u64,
    /// When the last request was sent first.
    last_sent: u64,
    /// Since when no request is under way.
    idle_since: Option<u64>,
    /// Since when requests have done nothing but fail.
    failing_since: Option<u64>,
    /// When to give up on the responses before a `terminate`, or on the end the client asked for.
    end_by: Option<u64>,
    outputs: VecDeque<Output>,
    /// The time the shell was last told.
    timer: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Creating,
    Open,
    /// The client has asked for the end.
    Terminating,
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    No,
    /// To be asked for, in seconds.
    Wanted(u64),
    /// Asked for; ends by itself after these milliseconds.
    Asked(u64),
    /// Until then.
    Until(u64),
}

/// Without the `sid`, which is a secret, and without what travels.
impl fmt::Debug for BoshClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoshClient").field("phase", &self.phase).field("terms", &self.terms).finish_non_exhaustive()
    }
}

impl Default for BoshClient {
    fn default() -> Self {
        Self::new()
    }
}

impl BoshClient {
    /// A session to be; the first input is [`Input::Start`].
    pub fn new() -> Self {
        Self {
            phase: Phase::Idle,
            start: None,
            sid: None,
            next_rid: None,
            terms: Terms::assumed(60),
            flights: VecDeque::new(),
            outbox: Outbox::default(),
            pause: Pause::No,
            last_words: None,
            refill: 0,
            attaching: false,
            acks: false,
            now: 0,
            last_sent: 0,
            idle_since: None,
            failing_since: None,
            end_by: None,
            outputs: VecDeque::new(),
            timer: None,
        }
    }

    /// What another page needs to go on with this session, while it is open.
    pub fn session(&self) -> Option<Session> {
        if self.phase != Phase::Open {
            return None;
        }
        // Those that are answered and only wait for their turn count: their responses die with this page.
        let unanswered = u32::try_from(self.flights.len()).unwrap_or(u32::MAX);
        Some(Session { sid: self.sid.clone()?, rid: self.next_rid?, unanswered })
    }

    /// Takes one input. Poll the outputs afterwards; what several inputs give to send then shares a request.
    pub fn handle_input(&mut self, now: Now, input: Input<'_>) {
        self.now = self.now.max(now.mono.0);
        if self.phase == Phase::Ended {
            return;
        }
        match input {
            Input::Start(start) => self.begin(start),
            Input::Send(elements) => {
                for element in elements {
                    self.outbox.push(payload_xml(&element));
                }
                self.wake();
            }
            Input::Restart => {
                self.outbox.restart();
                self.wake();
            }
            Input::Terminate(elements) => self.terminate(elements.iter().map(payload_xml).collect()),
            Input::Pause { seconds } => self.want_pause(seconds),
            Input::Response { rid, attempt, status, body } => self.response(rid, attempt, status, body),
            Input::RequestFailed { rid, attempt } => self.request_failed(rid, attempt),
            Input::Timer => self.timer = None,
        }
        self.expire();
    }

    /// The next thing to do; call until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.outputs.is_empty() {
            self.send_due();
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

    fn begin(&mut self, start: Box<Start>) {
        if self.phase != Phase::Idle {
            return;
        }
        self.terms = Terms::assumed(start.wait);
        match &start.attach {
            Some(Session { sid, rid, unanswered }) => {
                self.sid = Some(sid.clone());
                // No connection manager lets more than a few stand open.
                self.refill = (*unanswered).min(3);
                let first = (0..self.refill).try_fold(*rid, |rid, _| rid.previous());
                self.next_rid = Some(first.unwrap_or(*rid));
                self.attaching = true;
                self.phase = Phase::Open;
            }
            None => {
                self.next_rid = Some(Rid::first(start.random));
                self.acks = true;
                self.phase = Phase::Creating;
            }
        }
        self.idle_since = Some(self.now);
        self.start = Some(start);
    }
}
