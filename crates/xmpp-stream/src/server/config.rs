//! What a connection's stream is told before it begins.

use core::fmt;

use xmpp::jid::BareJid;
use xmpp::xml::{Element, Limits};

use crate::sasl::{Mechanism, ScramHash};

/// What one element may cost before authentication: SASL needs little, and strangers get no more.
pub const PRE_AUTH_LIMITS: Limits = Limits { depth: 4, attributes: 16, bytes: 8_192, elements: 32 };

/// For how long tokens are good (XEP-0484 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenPolicy {
    /// From being given to their end, in milliseconds.
    pub lifetime_ms: i64,
    /// A token older than this, in milliseconds, is replaced when it is used.
    pub rotate_after_ms: i64,
}

impl Default for TokenPolicy {
    /// Two weeks; a new one each day.
    fn default() -> Self {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        TokenPolicy { lifetime_ms: 14 * DAY, rotate_after_ms: DAY }
    }
}

/// Everything the stream of one connection needs to know.
#[derive(Clone)]
pub struct ServerStreamConfig {
    /// The domain that is served here.
    pub domain: String,
    /// The mechanisms to offer. PLAIN is left out where the connection is not `secure`, ANONYMOUS without `anonymous`.
    pub mechanisms: Vec<Mechanism>,
    /// TLS or loopback: PLAIN may be used.
    pub secure: bool,
    /// Unpredictable, unique per connection: the stream's id.
    pub stream_id: String,
    /// Fresh random bytes: nonces are made from them.
    pub nonce: [u8; 24],
    /// The stream is carried by BOSH, which has no header of its own.
    pub bosh: bool,
    /// Offer stream management.
    pub sm: bool,
    /// Offer SASL2 and Bind 2 as well, where the connection is `secure` (XEP-0388 §4).
    pub sasl2: bool,
    /// Give tokens to clients that sign in by SASL2 and ask for one.
    pub tokens: Option<TokenPolicy>,
    /// Failed attempts after which the connection is closed.
    pub max_attempts: u32,
    /// The fresh account that ANONYMOUS signs in to; `None` when that is not allowed.
    pub anonymous: Option<BareJid>,
    /// The server's own secret, the same for all connections and after a restart: decoy salts for accounts that do not exist.
    pub decoy_key: [u8; 32],
    /// The PBKDF2 rounds that new accounts get, at least [`crate::sasl::scram::MIN_ITERATIONS`].
    pub iterations: u32,
    /// The hash of the stored keys that a PLAIN password is checked against.
    pub plain_hash: ScramHash,
    /// More features to offer after authentication, such as roster versioning.
    pub features: Vec<Element>,
}

impl ServerStreamConfig {
    /// The mechanisms this connection is offered, strongest first.
    pub(super) fn offered(&self) -> Vec<Mechanism> {
        let mut offered = self.mechanisms.clone();
        offered.retain(|mechanism| match mechanism {
            Mechanism::Plain => self.secure,
            Mechanism::Anonymous => self.anonymous.is_some(),
            Mechanism::Scram(_) => true,
            Mechanism::Token => false,
        });
        offered.sort_unstable_by(|a, b| b.cmp(a));
        offered.dedup();
        offered
    }
}

impl fmt::Debug for ServerStreamConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerStreamConfig")
            .field("domain", &self.domain)
            .field("mechanisms", &self.mechanisms)
            .field("secure", &self.secure)
            .field("bosh", &self.bosh)
            .finish_non_exhaustive()
    }
}
