//! The end of a session, and what time does to it.

use super::flight::State;
use super::io::{Event, LostReason, Output, Terminated};
use super::{BoshClient, Pause, Phase};
use crate::transport::bosh_body::BodyType;

/// For how long an orderly end may take, in milliseconds.
const TERMINATE_MS: u64 = 15_000;
/// Beyond the inactivity period the session is surely over.
const INACTIVE_MARGIN_MS: u64 = 10_000;

impl BoshClient {
    /// XEP-0124 §13.
    pub(super) fn terminate(&mut self, last_words: Vec<String>) {
        match self.phase {
            Phase::Open => {
                self.phase = Phase::Terminating;
                self.last_words = Some(last_words);
                self.end_by = Some(self.now + TERMINATE_MS);
            }
            // There is no session yet that could be ended; one that the response would create expires by itself.
            Phase::Idle | Phase::Creating => self.terminated(Terminated { condition: None, uri: None }),
            Phase::Terminating | Phase::Ended => {}
        }
    }

    pub(super) fn terminated(&mut self, terminated: Terminated) {
        self.finish(Event::Terminated(terminated));
    }

    pub(super) fn lost(&mut self, reason: LostReason) {
        self.finish(Event::Lost(reason));
    }

    fn finish(&mut self, event: Event) {
        if self.phase == Phase::Ended {
            return;
        }
        self.phase = Phase::Ended;
        for flight in self.flights.drain(..) {
            if let State::Sent { .. } = flight.state {
                self.outputs.push_back(Output::Cancel { rid: flight.rid, attempt: flight.attempt });
            }
        }
        self.outputs.push_back(Output::Event(event));
    }

    /// Does what has become due, but for requests, which `send_due` makes.
    pub(super) fn expire(&mut self) {
        self.time_out();
        if self.phase == Phase::Ended {
            return;
        }
        if self.end_by.is_some_and(|at| at <= self.now) {
            return self.give_up_waiting();
        }
        if self.inactive_at().is_some_and(|at| at <= self.now) {
            self.lost(LostReason::Inactive);
        }
    }

    pub(super) fn next_deadline(&self) -> Option<u64> {
        if matches!(self.phase, Phase::Idle | Phase::Ended) {
            return None;
        }
        let flights = self.flights.iter().filter_map(|flight| match flight.state {
            State::Sent { deadline } => Some(deadline),
            State::Failed { retry_at } => Some(retry_at),
            State::Answered(_) => None,
        });
        [flights.min(), self.poll_at(), self.end_by, self.inactive_at()].into_iter().flatten().min()
    }

    /// Responses before a `terminate` never came, or the `terminate` the client asked for.
    fn give_up_waiting(&mut self) {
        let answers = self.flights.iter_mut().filter_map(|flight| match &mut flight.state {
            State::Answered(body) if body.type_ == Some(BodyType::Terminate) => Some(body),
            _ => None,
        });
        match answers.map(|body| body.condition).next() {
            Some(condition) => self.terminated(Terminated { condition, uri: None }),
            None => self.lost(LostReason::Unreachable),
        }
    }

    /// When the connection manager has surely given the session up (§10).
    fn inactive_at(&self) -> Option<u64> {
        let allowed = match self.pause {
            Pause::Until(until) => return Some(until + self.terms.maxpause / 4 + INACTIVE_MARGIN_MS),
            _ => self.terms.inactivity?,
        };
        (self.phase == Phase::Open).then_some(())?;
        Some(self.idle_since? + allowed + INACTIVE_MARGIN_MS)
    }
}
