//! Answers to requests that belong to no session.

use super::respond::terminal;
use crate::transport::bosh_body::{BodyError, Condition};

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The body, of type `text/xml; charset=utf-8`.
    pub body: String,
}

/// The answer to a request that belongs to no session: `item-not-found` for an unknown `sid`, `bad-request` for what
/// is no body, `system-shutdown`, `policy-violation` where an address has too many sessions. Whether the client is a
/// legacy one (§17.1) cannot be known any more, so that it is told in the body, which all can read.
pub fn refuse(condition: Condition) -> Refusal {
    let (status, body) = terminal(condition, false, None);
    Refusal { status, body }
}

impl From<&BodyError> for Refusal {
    fn from(_: &BodyError) -> Self {
        refuse(Condition::BadRequest)
    }
}
