//! What a request does: its place in the window, order, repeats, pause, restart, terminate (XEP-0124 §8 to §14).

use super::io::{Output, RequestKey, StreamStart};
use super::respond::Overactivity;
use super::window::{Early, Place, Repeats, Slot};
use super::{BoshServer, Phase};
use crate::transport::bosh_body::{Body, BodyType, Condition, Rid};

/// How long an early request waits for its predecessors, in milliseconds. They come at once or are lost: a page that was
/// left may have used a rid that never arrived, and its successor should not wait for long.
const GAP_MS: u64 = 15_000;

impl BoshServer {
    pub(super) fn request(&mut self, key: RequestKey, body: Box<Body>) {
        match self.phase {
            Phase::New => return self.create(key, body),
            Phase::Closed => return self.violated(key, Condition::ItemNotFound),
            _ => {}
        }
        // What is due is answered first, so that it does not count as simultaneous.
        self.flush();
        let Some(rid) = body.rid else {
            return self.violated(key, Condition::BadRequest);
        };
        // §11: one request more may pause or terminate.
        let extra = body.pause.is_some() || body.type_ == Some(BodyType::Terminate);
        let reach = self.terms.requests + u64::from(extra);
        match self.window.place(rid, reach) {
            Place::Unanswered => self.repeat_unanswered(key, rid),
            Place::Answered => self.repeat_answered(key, rid),
            Place::Outside => self.violated(key, Condition::ItemNotFound),
            Place::New => self.admit(key, rid, body),
        }
    }

    /// A new rid: it waits for its predecessors, if any, and lets its successors go.
    fn admit(&mut self, key: RequestKey, rid: Rid, body: Box<Body>) {
        if matches!(self.phase, Phase::Told { .. }) {
            return self.violated(key, Condition::ItemNotFound);
        }
        let deadline = self.now + GAP_MS;
        let repeats = Repeats::new(self.now);
        self.window.early.insert(rid, Early { key: Some(key), body, deadline, repeats });
        while let Some((rid, early)) = self.next_in_turn() {
            self.in_turn(early, rid);
        }
    }

    fn next_in_turn(&mut self) -> Option<(Rid, Early)> {
        if !matches!(self.phase, Phase::Open | Phase::Closing(_)) {
            return None;
        }
        let next = self.window.last.next()?;
        self.window.early.remove(&next).map(|early| (next, early))
    }

    fn in_turn(&mut self, early: Early, rid: Rid) {
        let Early { key, body, repeats, .. } = early;
        self.window.last = rid;
        if matches!(self.phase, Phase::Closing(_)) {
            // The stream is over: what still arrives has nowhere to go, but the client must learn of the end.
            if self.window.slots.len() > self.most_unanswered() {
                return self.violated_by(key, Condition::PolicyViolation);
            }
            self.place(key, rid, 0, repeats);
            return;
        }
        if let Some(condition) = self.judge(&body) {
            return self.violated_by(key, condition);
        }
        self.acknowledge(&body, rid);
        self.pause = None;
        self.work(key, rid, body, repeats, false);
    }

    /// A creation request, which is in its turn by definition.
    pub(super) fn take(&mut self, key: RequestKey, rid: Rid, body: Box<Body>, creation: bool) {
        self.overactivity.arrived(self.now, false);
        self.work(Some(key), rid, body, Repeats::new(self.now), creation);
    }

    /// Forwards the payloads and puts the request where it waits for its response.
    fn work(&mut self, key: Option<RequestKey>, rid: Rid, body: Box<Body>, repeats: Repeats, creation: bool) {
        let Body { payloads, restart, pause, type_, to, from, lang, version, .. } = *body;
        let brought = restart || creation || !payloads.is_empty();
        if restart {
            // XEP-0206 §5: stanzas in a restart request are ignored.
            let version = version.unwrap_or_else(|| "1.0".to_owned());
            self.outputs.push_back(Output::StreamStart(StreamStart { to, from, lang, version, restart }));
        } else {
            for element in payloads {
                self.seq += 1;
                self.outputs.push_back(Output::Received { seq: self.seq, element });
            }
        }
        let needs = if self.durable { self.seq } else { 0 };
        if !self.durable {
            self.handled = self.seq;
        }
        // A polling session is answered at once, or after the moment in which an answer may come.
        let polls = self.terms.hold == 0 || self.terms.wait == 0;
        let wait = match (polls, brought) {
            (false, _) => self.terms.wait,
            (true, true) => self.config.linger_ms,
            (true, false) => 0,
        };
        let slot = self.place(key, rid, wait, repeats);
        slot.needs = needs;
        if let Some(seconds) = pause {
            self.start_pause(seconds);
        }
        if type_ == Some(BodyType::Terminate) {
            self.terminated_by_client();
        }
    }

    fn place(&mut self, key: Option<RequestKey>, rid: Rid, wait: u64, repeats: Repeats) -> &mut Slot {
        let (arrived, deadline) = (self.now, self.now + wait);
        self.window.slots.push_back(Slot {
            rid,
            key,
            arrived,
            deadline,
            needs: 0,
            release: false,
            pause: false,
            repeats,
        });
        let at = self.window.slots.len() - 1;
        &mut self.window.slots[at]
    }

    /// §10: all pending requests are answered, the pause request without payloads.
    fn start_pause(&mut self, seconds: u64) {
        for slot in &mut self.window.slots {
            slot.release = true;
        }
        if let Some(slot) = self.window.slots.back_mut() {
            slot.pause = true;
        }
        // A pause of nothing would end the session before the next request can come.
        self.pause = Some(seconds.max(1) * 1000);
    }

    /// §14.3: the old connection gets a recoverable error, the new one the response.
    fn repeat_unanswered(&mut self, key: RequestKey, rid: Rid) {
        let now = self.now;
        let slot = self.window.slots.iter_mut().find(|slot| slot.rid == rid);
        let (place, deadline, wait, repeats) = if let Some(slot) = slot {
            (&mut slot.key, &mut slot.deadline, self.terms.wait, &mut slot.repeats)
        } else if let Some(early) = self.window.early.get_mut(&rid) {
            (&mut early.key, &mut early.deadline, GAP_MS, &mut early.repeats)
        } else {
            return;
        };
        if !repeats.allow(now) {
            return self.violated(key, Condition::PolicyViolation);
        }
        let old = place.replace(key);
        *deadline = (*deadline).max(now + wait);
        if let Some(old) = old {
            self.respond_error(old, rid);
        }
    }

    /// §14.3: the kept copy of the response.
    fn repeat_answered(&mut self, key: RequestKey, rid: Rid) {
        let Some(sent) = self.window.sent.iter_mut().find(|sent| sent.rid == rid) else {
            return;
        };
        if !sent.repeats.allow(self.now) {
            return self.violated(key, Condition::PolicyViolation);
        }
        let body = if sent.acked { Body::default().to_xml() } else { sent.body.clone() };
        self.outputs.push_back(Output::Respond { key, status: 200, body });
        // The inactivity period counts from the last response (§10).
        self.idle_since = self.idle_since.map(|_| self.now);
    }

    /// Which rule a request in its turn breaks, if any.
    fn judge(&mut self, body: &Body) -> Option<Condition> {
        let terminates = body.type_ == Some(BodyType::Terminate);
        let exempt = body.pause.is_some() || terminates;
        if body.pause.is_some_and(|pause| pause > self.config.max_pause) {
            return Some(Condition::PolicyViolation);
        }
        // A socket that was closed leaves a place that only waits for the store; it counts, or it could grow.
        let unanswered = self.window.slots.len() + 1;
        if unanswered > self.most_unanswered().saturating_add(usize::from(exempt)) {
            return Some(Condition::PolicyViolation);
        }
        let empty = body.payloads.is_empty() && !body.restart && !exempt;
        let debt = self.overactivity.request(self.now, empty, self.terms.polling);
        (debt > self.config.overactivity_tolerance).then_some(Condition::PolicyViolation)
    }

    /// How many requests may stand unanswered before it is abuse (§11).
    fn most_unanswered(&self) -> usize {
        usize::try_from(self.terms.requests).unwrap_or(usize::MAX).saturating_add(self.config.requests_slack)
    }

    /// §9.2.
    fn acknowledge(&mut self, body: &Body, rid: Rid) {
        if !self.terms.acks {
            return;
        }
        let previous = rid.value() - 1;
        let ack = body.ack.unwrap_or(previous).min(previous);
        self.window.acked(ack);
        let lost = self.window.sent.iter().find(|sent| sent.rid.value() > ack);
        self.report = lost
            .filter(|sent| sent.rid.value() == ack + 1)
            .filter(|sent| self.now.saturating_sub(sent.at) >= self.config.report_after_ms)
            .map(|sent| (sent.rid, sent.at));
    }
}

impl Overactivity {
    /// A request came in its turn. The debt after it.
    fn request(&mut self, now: u64, empty: bool, interval: u64) -> u64 {
        let since = now.saturating_sub(self.last);
        let paid = since.checked_div(interval).unwrap_or(self.debt);
        self.debt -= self.debt.min(paid);
        // §11, §12: two empty ones in succession, the first answered without payloads or not at all.
        if empty && self.empty && !self.answered && since < interval {
            self.debt += 1;
        }
        self.arrived(now, empty);
        self.debt
    }
}
