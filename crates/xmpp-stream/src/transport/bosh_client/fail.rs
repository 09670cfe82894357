//! Requests that fail, and when they are repeated (XEP-0124 §14.3, §17.3).

use super::flight::{Kind, State};
use super::io::{LostReason, Output};
use super::{BoshClient, Phase};
use crate::transport::bosh_body::{Condition, Rid};

/// The first delay of a repeat and the longest, in milliseconds.
const DELAY_MS: (u64, u64) = (500, 10_000);
/// A request that was open for so long has shown that the network works; something between cut it.
const CUT_MS: u64 = 10_000;
/// How often a session that exists survives an answer that is none in a row.
const STRANGE_MAX: u32 = 3;
/// How often the creation is tried, and the end.
const CREATE_MAX: u32 = 3;

/// How a try failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// No response.
    Network,
    /// Something that is no body.
    NotBosh,
    Http(u16),
    /// The connection manager asks to repeat.
    Repeat,
}

impl BoshClient {
    /// The shell could not get a response.
    pub(super) fn request_failed(&mut self, rid: Rid, attempt: u32) {
        let current = |flight: &super::Flight| {
            flight.rid == rid && flight.attempt == attempt && matches!(flight.state, State::Sent { .. })
        };
        let Some(at) = self.flights.iter().position(current) else {
            return;
        };
        let flight = &mut self.flights[at];
        let open = self.now.saturating_sub(flight.sent_at);
        if (CUT_MS..self.terms.wait + CUT_MS).contains(&open) {
            flight.failures = 0;
            self.failing_since = None;
        }
        self.failed(at, Fault::Network);
    }

    /// A try has failed: repeat it later, or give the session up.
    pub(super) fn failed(&mut self, at: usize, fault: Fault) {
        let jitter = self.start.as_ref().map_or(0, |start| start.random % 250);
        let since = *self.failing_since.get_or_insert(self.now);
        let give_up = self.terms.inactivity.unwrap_or(60_000).max(30_000) + self.terms.wait;
        let (known, legacy) = (self.phase != Phase::Creating, self.terms.legacy);
        let Some(flight) = self.flights.get_mut(at) else {
            return;
        };
        flight.failures += 1;
        let reason = match fault {
            Fault::Network | Fault::Repeat => LostReason::Unreachable,
            Fault::NotBosh => LostReason::NotBosh,
            Fault::Http(status) => LostReason::Http(status),
        };
        if let (Fault::Http(status), true, true) = (fault, known, legacy)
            && let Some(condition) = Condition::from_legacy_status(status)
        {
            return self.ended_by_status(condition);
        }
        // An error of the server or of overload may pass; other answers that are none rarely do.
        let strange = match fault {
            Fault::NotBosh => true,
            Fault::Http(status) => status < 500 && status != 408 && status != 429,
            Fault::Network | Fault::Repeat => false,
        };
        let most = match (flight.kind, strange) {
            (Kind::Create, true) => 0,
            (Kind::Create | Kind::Terminate, _) => CREATE_MAX - 1,
            (_, true) => STRANGE_MAX,
            (_, false) => u32::MAX,
        };
        if flight.failures > most || self.now.saturating_sub(since) > give_up {
            return self.lost(reason);
        }
        let delay = DELAY_MS.0 << (flight.failures - 1).min(10);
        flight.state = State::Failed { retry_at: self.now + delay.min(DELAY_MS.1) + jitter };
    }

    /// §17.3: this request and all before it that have no response are repeated.
    pub(super) fn recover(&mut self, rid: Rid) {
        for at in 0..self.flights.len() {
            let flight = &self.flights[at];
            if flight.rid > rid || self.phase == Phase::Ended {
                return;
            }
            if matches!(flight.state, State::Sent { .. }) {
                if flight.rid != rid {
                    let (rid, attempt) = (flight.rid, flight.attempt);
                    self.outputs.push_back(Output::Cancel { rid, attempt });
                }
                self.failed(at, Fault::Repeat);
            }
        }
    }

    pub(super) fn repeat_due(&mut self) {
        for at in 0..self.flights.len() {
            if matches!(self.flights[at].state, State::Failed { retry_at } if retry_at <= self.now) {
                self.post(at);
            }
        }
    }

    /// Gives up the tries that the shell has forgotten.
    pub(super) fn time_out(&mut self) {
        let mut at = 0;
        while let Some(flight) = self.flights.get(at) {
            if matches!(flight.state, State::Sent { deadline } if deadline <= self.now) {
                let (rid, attempt) = (flight.rid, flight.attempt);
                self.outputs.push_back(Output::Cancel { rid, attempt });
                self.failed(at, Fault::Network);
            }
            at += 1;
        }
    }
}
