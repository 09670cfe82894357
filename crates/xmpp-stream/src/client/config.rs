//! What a connection attempt is told before it begins.

use core::fmt;

use xmpp::ids::SmId;
use xmpp::jid::BareJid;

use crate::sasl::client::Policy;
use crate::sasl::{ScramHash, Secret};

/// How elements travel on the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One element per message, `<open/>` and `<close/>` (RFC 7395).
    WebSocket,
    /// Bodies (XEP-0206): the session's creation replaces the first header, a restart the second.
    Bosh,
    /// One XML document per direction (RFC 6120 §4).
    Tcp,
}

/// The session to take up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// The id that `<enabled/>` gave.
    pub previd: SmId,
    /// How many stanzas this side has handled, see [`crate::sm::Inbound::handled`].
    pub h: u32,
}

/// What SASL2 (XEP-0388) needs beyond the older profile.
#[derive(Clone)]
pub struct Sasl2 {
    /// The client's id of itself, a UUID that stays with it (§2.3).
    pub agent: String,
    /// What the resource is to begin with (XEP-0386 §3.2); `None`: [`StreamConfig::resource`] is bound as RFC 6120 says.
    pub tag: Option<String>,
    /// The token to try first, where the connection is secure.
    pub token: Option<TokenUse>,
    /// The service has offered SASL2 before: where it does not now, nothing weaker than SCRAM will be accepted.
    pub seen: bool,
}

/// One use of a token (XEP-0484 §3.4).
#[derive(Clone)]
pub struct TokenUse {
    /// The secret.
    pub text: String,
    /// Higher than with each use before.
    pub count: u32,
    /// It is the last use, and no session is wanted (§3.6): the stream closes when the server knows.
    pub invalidate: bool,
}

/// Everything one connection attempt needs to know.
#[derive(Clone)]
pub struct StreamConfig {
    /// The domain to sign in at.
    pub domain: String,
    /// The account; `None` for an anonymous one.
    pub jid: Option<BareJid>,
    /// What to sign in with.
    pub secret: Secret,
    /// The resource to ask for; `None` lets the server make one.
    pub resource: Option<String>,
    /// The user's language, for `xml:lang`.
    pub lang: String,
    /// TLS or loopback: PLAIN may be used.
    pub secure: bool,
    /// What SASL2 needs; `None`: only the older profile is spoken. It is spoken as well where SASL2 is not offered, and where
    /// the connection is not secure (XEP-0388 §4).
    pub sasl2: Option<Sasl2>,
    /// The strongest hash this account has used before; nothing weaker will be accepted.
    pub scram_floor: Option<ScramHash>,
    /// The most PBKDF2 rounds to run, usually [`crate::sasl::scram::MAX_ITERATIONS`].
    pub max_iterations: u32,
    /// The session to take up again, tried before binding a resource.
    pub resume: Option<Resume>,
    /// Enable stream management, with resumption, when the server has it.
    pub enable_sm: bool,
    /// Fresh random bytes for the nonce.
    pub random: [u8; 24],
}

impl StreamConfig {
    pub(super) fn policy(&self) -> Policy {
        Policy { secure: self.secure, floor: self.scram_floor, max_iterations: self.max_iterations }
    }

    pub(super) fn sasl2(&self) -> Option<&Sasl2> {
        self.sasl2.as_ref().filter(|_| self.secure)
    }
}

impl fmt::Debug for StreamConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamConfig")
            .field("domain", &self.domain)
            .field("jid", &self.jid)
            .field("secret", &self.secret)
            .field("resource", &self.resource)
            .field("resume", &self.resume.is_some())
            .finish_non_exhaustive()
    }
}
