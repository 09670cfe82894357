//! [`Condition`]: why a BOSH session ended (XEP-0124 §17.2), and the HTTP errors that legacy peers use instead (§17.1).

use std::fmt;

macro_rules! conditions {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A terminal binding condition (XEP-0124 §17.2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Condition { $($(#[$doc])* $name,)* }

        impl Condition {
            /// The value of the `condition` attribute.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Reads a `condition` attribute. A word nobody defined is [`Condition::UndefinedCondition`]: the
            /// session has ended all the same.
            pub fn read(text: &str) -> Condition {
                match text {
                    $($text => Self::$name,)*
                    // One widespread server writes the tail of its internal name.
                    "other_request" => Self::OtherRequest,
                    _ => Self::UndefinedCondition,
                }
            }
        }
    };
}

conditions! {
    /// A header or binding element is unacceptable.
    BadRequest = "bad-request",
    /// The domain is no longer served here.
    HostGone = "host-gone",
    /// The domain is not served here.
    HostUnknown = "host-unknown",
    /// The creation request lacks `to`.
    ImproperAddressing = "improper-addressing",
    /// Something broke inside the connection manager.
    InternalServerError = "internal-server-error",
    /// No such sid or stream, a rid outside the window, a response no longer kept, or a wrong key.
    ItemNotFound = "item-not-found",
    /// Another request of the same session ended it.
    OtherRequest = "other-request",
    /// The client broke the session's rules.
    PolicyViolation = "policy-violation",
    /// No connection to the server behind.
    RemoteConnectionFailed = "remote-connection-failed",
    /// An error of the stream that is carried; the body holds it.
    RemoteStreamError = "remote-stream-error",
    /// Try the address in `<uri/>`.
    SeeOtherUri = "see-other-uri",
    /// The connection manager is being shut down.
    SystemShutdown = "system-shutdown",
    /// None of the others.
    UndefinedCondition = "undefined-condition",
}

impl Condition {
    /// The HTTP status that a client without `ver` gets instead of this condition (XEP-0124 §17.1); `None` where
    /// the condition is sent to such a client too.
    pub fn legacy_status(self) -> Option<u16> {
        match self {
            Self::BadRequest => Some(400),
            Self::PolicyViolation => Some(403),
            Self::ItemNotFound => Some(404),
            _ => None,
        }
    }

    /// What a legacy connection manager's HTTP status means (XEP-0124 §17.1).
    pub fn from_legacy_status(status: u16) -> Option<Condition> {
        match status {
            400 => Some(Self::BadRequest),
            403 => Some(Self::PolicyViolation),
            404 => Some(Self::ItemNotFound),
            _ => None,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_condition_still_ends_the_session() {
        assert_eq!(Condition::read("new-in-2.0"), Condition::UndefinedCondition);
        assert_eq!(Condition::read("host-gone"), Condition::HostGone);
    }

    #[test]
    fn section_17_1_status_codes_go_both_ways() {
        for condition in [Condition::BadRequest, Condition::PolicyViolation, Condition::ItemNotFound] {
            let status = condition.legacy_status().expect("these three have one");
            assert_eq!(Condition::from_legacy_status(status), Some(condition));
        }
        assert_eq!(Condition::HostUnknown.legacy_status(), None);
        assert_eq!(Condition::from_legacy_status(500), None);
    }
}
