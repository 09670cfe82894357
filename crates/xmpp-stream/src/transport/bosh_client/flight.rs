//! [`Flight`]: one request from its first try until its response has had its turn.

use crate::transport::bosh_body::{Body, Rid};

/// A request under way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) rid: Rid,
    pub(super) kind: Kind,
    /// The exact copy that a repeat has to be (XEP-0124 §14.3).
    pub(super) body: String,
    /// The number of the last try.
    pub(super) attempt: u32,
    pub(super) sent_at: u64,
    /// Failures in a row.
    pub(super) failures: u32,
    pub(super) state: State,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Create,
    /// Payloads, a restart, or nothing.
    Ordinary,
    Pause,
    Terminate,
}

/// Where a request stands.
#[derive(Debug)]
pub(super) enum State {
    /// The machine gives it up at `deadline`.
    Sent { deadline: u64 },
    /// It failed and will be repeated.
    Failed { retry_at: u64 },
    /// Its response waits for those of earlier requests (§14.2).
    Answered(Box<Body>),
}

impl Flight {
    pub(super) fn is_answered(&self) -> bool {
        matches!(self.state, State::Answered(_))
    }
}
