//! When a request is answered, and with what (XEP-0124 §8, §9, §11).

use super::io::{Output, RequestKey};
use super::window::Slot;
use super::{BoshServer, Phase};
use crate::transport::bosh_body::{Body, BodyType, Condition, Rid};

/// The rhythm of empty requests (§11, §12).
#[derive(Debug, Default)]
pub(super) struct Overactivity {
    /// When the last request arrived, and whether it was empty.
    pub(super) last: u64,
    pub(super) empty: bool,
    /// Whether payloads were sent since.
    pub(super) answered: bool,
    /// Too frequent requests that are not paid back.
    pub(super) debt: u64,
}

impl Overactivity {
    pub(super) fn arrived(&mut self, now: u64, empty: bool) {
        (self.last, self.empty, self.answered) = (now, empty, false);
    }
}

/// A terminal binding condition, or the HTTP error that a legacy client expects (§17).
pub(super) fn terminal(condition: Condition, legacy: bool, payload: Option<&str>) -> (u16, String) {
    match condition.legacy_status().filter(|_| legacy) {
        Some(status) => (status, String::new()),
        None => {
            let body = Body { type_: Some(BodyType::Terminate), condition: Some(condition), ..Body::default() };
            (200, body.to_xml_with(payload.into_iter()))
        }
    }
}

impl BoshServer {
    /// Answers what can and should be answered now, oldest first (§8: in the order of the rids).
    pub(super) fn flush(&mut self) {
        match self.phase {
            Phase::Open => {
                while self.front_is_due() {
                    self.answer_front();
                }
            }
            Phase::Closing(_) => self.flush_closing(),
            _ => {}
        }
    }

    fn front_is_due(&self) -> bool {
        let Some(front) = self.window.slots.front() else {
            return false;
        };
        // Acknowledged is only what is durable.
        if front.needs > self.handled {
            return false;
        }
        let unanswered = self.window.slots.len() as u64;
        if front.key.is_none() {
            // Nobody listens. A repeat may come, until the client shows that it went on.
            return unanswered > 1;
        }
        let data = !self.outbound.is_empty() && !front.pause;
        let released = front.release || (self.report.is_some() && !front.pause);
        // A held request is answered when the next one comes: the sockets change roles (§4).
        data || released || front.deadline <= self.now || unanswered > self.terms.hold.max(1)
    }

    fn answer_front(&mut self) {
        let Some(slot) = self.window.slots.pop_front() else {
            return;
        };
        let payloads = match slot.key {
            // What went to a closed socket would be lost if the client goes on with the next rid.
            Some(_) if !slot.pause => self.outbound.take(self.config.response_bytes),
            _ => Vec::new(),
        };
        self.overactivity.answered |= !payloads.is_empty();
        let mut body = self.head(slot.rid);
        if let Some((rid, at)) = self.report.take() {
            body.report = Some(rid.value());
            body.time = Some(self.now.saturating_sub(at));
        }
        self.finish(slot, &body, &payloads);
    }

    /// Writes a response, keeps it and sends it.
    pub(super) fn finish(&mut self, slot: Slot, body: &Body, payloads: &[String]) {
        let text = body.to_xml_with(payloads.iter().map(String::as_str));
        // §14.3: as many as there may be simultaneous requests; §11 allows one more to pause or terminate.
        let keep = usize::try_from(self.terms.requests).unwrap_or(usize::MAX).saturating_add(1);
        self.window.remember(slot.rid, text.clone(), self.now, keep);
        if let Some(key) = slot.key {
            self.outputs.push_back(Output::Respond { key, status: 200, body: text });
        }
    }

    /// The attributes of the response to this rid: those of the creation, or the acknowledgement (§9.1).
    pub(super) fn head(&mut self, rid: Rid) -> Body {
        if let Some(creation) = self.creation.take_if(|creation| creation.rid == rid) {
            return self.terms.announce(&self.config, &self.sid, &creation);
        }
        Body { ack: self.ack_beside(rid), ..Body::default() }
    }

    /// The highest rid that is received with all before it (§9.1) and durable; nothing where that says no more than
    /// the response itself. Call it while the slots hold what comes after `rid`.
    fn ack_beside(&self, rid: Rid) -> Option<u64> {
        let durable = self.window.slots.iter().take_while(|slot| slot.needs <= self.handled);
        durable.last().map(|slot| slot.rid).filter(|last| *last > rid).map(Rid::value)
    }

    /// A recoverable binding condition (§17.3): the client repeats whatever has no response.
    pub(super) fn respond_error(&mut self, key: RequestKey, rid: Rid) {
        let ack = self.ack_beside(rid);
        let body = Body { type_: Some(BodyType::Error), ack, ..Body::default() }.to_xml();
        self.outputs.push_back(Output::Respond { key, status: 200, body });
    }
}
