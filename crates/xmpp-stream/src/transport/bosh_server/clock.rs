//! What time does to a session: inactivity (XEP-0124 §10), missing requests (§17.3), stanzas nobody handles.

use super::io::CloseReason;
use super::{BoshServer, Phase};
use crate::transport::bosh_body::Condition;

impl BoshServer {
    /// Keeps `idle_since` true.
    pub(super) fn refresh_idle(&mut self) {
        match (self.window.has_live(), self.idle_since) {
            (true, _) => self.idle_since = None,
            (false, None) => self.idle_since = Some(self.now),
            (false, Some(_)) => {}
        }
    }

    /// Does what has become due. Requests whose `wait` is over are answered by `flush`.
    pub(super) fn expire(&mut self) {
        match self.phase {
            Phase::Open => {
                if self.handled_deadline().is_some_and(|at| at <= self.now) {
                    tracing::warn!("received stanzas were not stored in time: session ends");
                    self.end_all(Condition::InternalServerError, None);
                    return self.closed(CloseReason::NotHandled);
                }
                self.report_gaps();
                self.refresh_idle();
                if self.idle_deadline().is_some_and(|at| at <= self.now) {
                    self.closed(CloseReason::Inactive);
                }
            }
            Phase::Told { until } if until <= self.now => self.closed(CloseReason::Closed),
            _ => {}
        }
    }

    /// The next time at which something becomes due.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        match &self.phase {
            Phase::New | Phase::Closed => None,
            Phase::Told { until } => Some(*until),
            Phase::Closing(closing) => Some(closing.until),
            Phase::Open => {
                // `flush` has answered what is due, so a deadline in the past belongs to a response that waits to be
                // durable, and that has its own deadline.
                let front =
                    self.window.slots.front().filter(|front| front.key.is_some() && front.needs <= self.handled);
                let early = self.window.early.values().filter(|early| early.key.is_some()).map(|early| early.deadline);
                [front.map(|front| front.deadline), early.min(), self.handled_deadline(), self.idle_deadline()]
                    .into_iter()
                    .flatten()
                    .min()
            }
        }
    }

    fn idle_deadline(&self) -> Option<u64> {
        self.idle_since.map(|since| since + self.pause.unwrap_or(self.terms.inactivity))
    }

    /// When the oldest response has waited too long for its stanzas to become durable.
    fn handled_deadline(&self) -> Option<u64> {
        let front = self.window.slots.front().filter(|front| front.needs > self.handled)?;
        Some(front.arrived + self.terms.wait + self.config.handled_ms)
    }

    /// Requests that waited too long for a predecessor: the client shall repeat what has no response. The content
    /// stays, for clients that know no recoverable errors and will only repeat the missing one.
    fn report_gaps(&mut self) {
        let now = self.now;
        let due = self.window.early.iter_mut().filter(|(_, early)| early.deadline <= now);
        let due: Vec<_> = due.filter_map(|(rid, early)| early.key.take().map(|key| (*rid, key))).collect();
        for (rid, key) in due {
            self.respond_error(key, rid);
        }
    }
}
