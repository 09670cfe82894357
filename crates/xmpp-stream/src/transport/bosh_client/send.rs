//! Which request is made when (XEP-0124 §4, §8, §10, §12).

use super::flight::{Flight, Kind, State};
use super::io::{LostReason, Output};
use super::outbox::Load;
use super::{BoshClient, Pause, Phase};
use crate::transport::bosh_body::{Body, BodyType, Version};

/// Payload bytes of one request: below what connection managers accept.
const REQUEST_BYTES: usize = 128 * 1024;
/// What a response may need on its way beyond the time it is held; a connection manager that stores stanzas durably
/// may also need it.
const MARGIN_MS: u64 = 20_000;
/// The machine gives up this much after the shell should have.
const GRACE_MS: u64 = 2_000;

impl BoshClient {
    /// Repeats what is due, then makes every new request that is possible and useful.
    pub(super) fn send_due(&mut self) {
        self.repeat_due();
        while let Some((kind, load)) = self.next_request() {
            self.launch(kind, load);
        }
    }

    /// Ends a pause.
    pub(super) fn wake(&mut self) {
        self.pause = Pause::No;
    }

    pub(super) fn want_pause(&mut self, seconds: u64) {
        let granted = seconds.saturating_mul(1000) <= self.terms.maxpause;
        if granted && seconds > 0 && self.phase == Phase::Open && self.outbox.is_empty() {
            self.pause = Pause::Wanted(seconds);
        }
    }

    fn next_request(&mut self) -> Option<(Kind, Load)> {
        let nothing = || Load::Payloads(Vec::new());
        // §11 allows one request more than usual to pause or to terminate.
        let has_extra = self.flights.len() <= self.terms.simultaneous();
        match self.phase {
            Phase::Creating => self.flights.is_empty().then(|| (Kind::Create, nothing())),
            Phase::Open => {
                if let Pause::Wanted(seconds) = self.pause
                    && has_extra
                {
                    self.pause = Pause::Asked(seconds * 1000);
                    return Some((Kind::Pause, nothing()));
                }
                // While the network fails, new requests would only fail too.
                let failing = self.flights.iter().any(|flight| matches!(flight.state, State::Failed { .. }));
                if failing || self.flights.len() >= self.terms.simultaneous() {
                    return None;
                }
                if self.refill > 0 {
                    self.refill -= 1;
                    return Some((Kind::Ordinary, nothing()));
                }
                if let Some(load) = self.outbox.take(REQUEST_BYTES) {
                    return Some((Kind::Ordinary, load));
                }
                (self.poll_at()? <= self.now).then(|| (Kind::Ordinary, nothing()))
            }
            Phase::Terminating => {
                let last = self.last_words.take_if(|_| has_extra)?;
                let mut payloads = self.outbox.take_all();
                payloads.extend(last);
                Some((Kind::Terminate, Load::Payloads(payloads)))
            }
            Phase::Idle | Phase::Ended => None,
        }
    }

    /// When an empty request is due: at once if none is held, or at the rhythm of a polling session.
    pub(super) fn poll_at(&self) -> Option<u64> {
        if self.phase != Phase::Open || !self.flights.is_empty() {
            return None;
        }
        match self.pause {
            Pause::No if self.terms.polls() => Some(self.last_sent + self.terms.poll_interval()),
            Pause::No => Some(0),
            // A pause that nobody ends must not end the session.
            Pause::Until(until) => Some(until),
            Pause::Wanted(_) | Pause::Asked(_) => None,
        }
    }

    fn launch(&mut self, kind: Kind, load: Load) {
        let Some(rid) = self.next_rid else {
            return self.lost(LostReason::NoRid);
        };
        self.next_rid = rid.next();
        let mut body = Body { rid: Some(rid), sid: self.sid.clone(), ..Body::default() };
        // §9.2: absent means that every response has come.
        let unanswered = self.flights.front().and_then(|oldest| oldest.rid.previous());
        body.ack = unanswered.filter(|_| self.acks).map(|last| last.value());
        match (kind, self.pause) {
            (Kind::Create, _) => self.describe_session(&mut body),
            (Kind::Pause, Pause::Asked(ms)) => body.pause = Some(ms / 1000),
            (Kind::Terminate, _) => body.type_ = Some(BodyType::Terminate),
            (_, Pause::Until(_)) => self.pause = Pause::No,
            _ => {}
        }
        let payloads = match load {
            Load::Payloads(payloads) => payloads,
            Load::Restart => {
                // XEP-0206 §5.
                body.restart = true;
                if let Some(start) = &self.start {
                    (body.to, body.lang) = (Some(start.to.clone()), start.lang.clone());
                }
                Vec::new()
            }
        };
        let body = body.to_xml_with(payloads.iter().map(String::as_str));
        let state = State::Failed { retry_at: self.now };
        self.flights.push_back(Flight { rid, kind, body, attempt: 0, sent_at: self.now, failures: 0, state });
        self.last_sent = self.now;
        self.idle_since = None;
        self.post(self.flights.len() - 1);
    }

    /// The attributes of a session creation request (§7.1, XEP-0206 §3).
    fn describe_session(&self, body: &mut Body) {
        if let Some(start) = &self.start {
            body.to = Some(start.to.clone());
            body.from = start.from.clone();
            body.lang = start.lang.clone();
            body.wait = Some(start.wait);
        }
        body.hold = Some(1);
        body.ver = Some(Version::OURS);
        body.ack = Some(1);
        body.version = Some("1.0".to_owned());
    }

    /// Sends the next try of a request.
    pub(super) fn post(&mut self, at: usize) {
        let wait = self.terms.wait;
        let Some(flight) = self.flights.get_mut(at) else {
            return;
        };
        let timeout_ms = match flight.kind {
            // Nothing is held back here.
            Kind::Create | Kind::Terminate | Kind::Pause => MARGIN_MS,
            Kind::Ordinary => wait + MARGIN_MS,
        };
        flight.attempt += 1;
        flight.sent_at = self.now;
        flight.state = State::Sent { deadline: self.now + timeout_ms + GRACE_MS };
        let (rid, attempt, body) = (flight.rid, flight.attempt, flight.body.clone());
        self.outputs.push_back(Output::Request { rid, attempt, body, timeout_ms });
    }
}
