//! Why an authentication did not succeed: what a server says (RFC 6120 §6.5), and what a client finds out by itself.

/// A defined condition of `<failure/>` (RFC 6120 §6.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SaslCondition {
    /// The client aborted the exchange.
    Aborted,
    /// The account exists and has been disabled.
    AccountDisabled,
    /// The password is right and too old.
    CredentialsExpired,
    /// The mechanism is only allowed over TLS.
    EncryptionRequired,
    /// The data is not base64.
    IncorrectEncoding,
    /// The authorization identity is not one the account may act as.
    InvalidAuthzid,
    /// The mechanism was not offered.
    InvalidMechanism,
    /// The data is not what the mechanism expects.
    MalformedRequest,
    /// The server wants a stronger mechanism for this account.
    MechanismTooWeak,
    /// Wrong password or unknown account; servers do not tell which.
    NotAuthorized,
    /// The server cannot check credentials at the moment.
    TemporaryAuthFailure,
}

const NAMES: [(SaslCondition, &str); 11] = [
    (SaslCondition::Aborted, "aborted"),
    (SaslCondition::AccountDisabled, "account-disabled"),
    (SaslCondition::CredentialsExpired, "credentials-expired"),
    (SaslCondition::EncryptionRequired, "encryption-required"),
    (SaslCondition::IncorrectEncoding, "incorrect-encoding"),
    (SaslCondition::InvalidAuthzid, "invalid-authzid"),
    (SaslCondition::InvalidMechanism, "invalid-mechanism"),
    (SaslCondition::MalformedRequest, "malformed-request"),
    (SaslCondition::MechanismTooWeak, "mechanism-too-weak"),
    (SaslCondition::NotAuthorized, "not-authorized"),
    (SaslCondition::TemporaryAuthFailure, "temporary-auth-failure"),
];

impl SaslCondition {
    /// The name of the condition's element.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// The condition of this element name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<SaslCondition> {
        NAMES.iter().find(|row| row.1 == name).map(|row| row.0)
    }
}

/// Why a client is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthCondition {
    /// The server refused.
    #[error("the server refused: {}", .0.name())]
    Refused(SaslCondition),
    /// The server refused for a reason that RFC 6120 does not define.
    #[error("the server refused")]
    RefusedOther,
    /// The server offers nothing that this secret can be used with.
    #[error("the server offers no usable mechanism")]
    NoMechanism,
    /// What the server offers is weaker than what this account has used before; someone may be in between.
    #[error("the server offers only mechanisms weaker than before")]
    Downgrade,
    /// Only PLAIN would do, and the connection is not secure.
    #[error("the password would travel unprotected")]
    Insecure,
    /// The server asks for fewer rounds than RFC 7677 §4 allows, or more than the configured maximum.
    #[error("iteration count {0} is out of bounds")]
    IterationCount(u32),
    /// The server could not prove that it knows the account's keys.
    #[error("the server did not prove its identity")]
    ServerNotVerified,
    /// The remembered keys no longer fit the account (new salt or rounds): ask for the password.
    #[error("the remembered keys no longer fit")]
    StaleKeys,
    /// The server's SASL messages make no sense.
    #[error("malformed data from the server")]
    Malformed,
    /// The password has characters that SASLprep (RFC 4013) prohibits.
    #[error("the password has characters that are not allowed")]
    BadPassword,
    /// The server takes no tokens any more, and the stream is spoiled by the one that was said in advance.
    #[error("the server takes no tokens any more")]
    TokenNotTaken,
    /// The shell could not derive the key.
    #[error("the key could not be derived")]
    DerivationFailed,
}
