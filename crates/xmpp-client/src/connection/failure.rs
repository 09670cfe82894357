//! What the end of an attempt or a stream means: for good, or to be tried again.

use xmpp::stanza::{StreamCondition, StreamError};
use xmpp_stream::client::StreamFailure;
use xmpp_stream::sasl::{AuthCondition, SaslCondition};

use crate::api::SignInError;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Trying again would end the same way, or do harm.
    Final(SignInError),
    /// What was remembered or given earlier is not accepted any more; something newer may be.
    Stale(SignInError),
    /// Another address may do.
    Next,
    /// The same will do later.
    Later,
}

pub(super) fn of_auth(condition: AuthCondition) -> Verdict {
    use SaslCondition as S;
    match condition {
        AuthCondition::Refused(S::AccountDisabled) => Verdict::Final(SignInError::AccountDisabled),
        AuthCondition::Refused(S::TemporaryAuthFailure | S::Aborted) => Verdict::Later,
        AuthCondition::Refused(S::EncryptionRequired | S::MechanismTooWeak | S::InvalidMechanism)
        | AuthCondition::NoMechanism => Verdict::Final(SignInError::NoMechanism),
        AuthCondition::Downgrade
        | AuthCondition::Insecure
        | AuthCondition::IterationCount(_)
        | AuthCondition::ServerNotVerified => Verdict::Final(SignInError::Insecure),
        AuthCondition::Malformed | AuthCondition::DerivationFailed | AuthCondition::TokenNotTaken => Verdict::Later,
        AuthCondition::Refused(_)
        | AuthCondition::RefusedOther
        | AuthCondition::StaleKeys
        | AuthCondition::BadPassword => Verdict::Stale(SignInError::NotAuthorized),
    }
}

pub(super) fn of_attempt(failure: &StreamFailure) -> Verdict {
    match failure {
        StreamFailure::Stream(error) => of_stream(error),
        StreamFailure::TimedOut
        | StreamFailure::ConnectionLost
        | StreamFailure::EndedByServer
        | StreamFailure::SeeOtherUri(_)
        | StreamFailure::UnsupportedVersion
        | StreamFailure::Unexpected(_)
        | StreamFailure::NoBinding
        | StreamFailure::NoAuthentication
        | StreamFailure::FromMismatch(_) => Verdict::Next,
        StreamFailure::BindRefused(_) => Verdict::Later,
    }
}

pub(super) fn of_stream(error: &StreamError) -> Verdict {
    match error.condition {
        // Whoever took the place would be thrown out by coming back, and so on for ever.
        StreamCondition::Conflict => Verdict::Final(SignInError::Conflict),
        StreamCondition::HostUnknown | StreamCondition::HostGone => Verdict::Final(SignInError::HostUnknown),
        StreamCondition::NotAuthorized => Verdict::Stale(SignInError::NotAuthorized),
        _ => Verdict::Later,
    }
}
