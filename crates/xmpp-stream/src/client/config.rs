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
