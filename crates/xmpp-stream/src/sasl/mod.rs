//! SASL as XMPP uses it (RFC 6120 §6, XEP-0388): SCRAM (RFC 5802, RFC 7677), PLAIN (RFC 4616), ANONYMOUS (RFC 4505) and tokens
//! (XEP-0484), both roles.
//!
//! The exchanges here work on decoded bytes and know neither XML nor streams. They never run PBKDF2: a [`scram::Kdf`] goes out
//! and the salted password comes back. Start with [`client::ClientSasl`] and [`server::ServerSasl`].

pub mod client;
pub mod condition;
pub mod saslprep;
pub mod scram;
pub mod server;
pub mod token;

pub use client::Secret;
pub use condition::{AuthCondition, SaslCondition};
pub use scram::{Kdf, ScramHash, ScramKeys, StoredKeys};
pub use token::{StoredToken, TokenChange, Tokens};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A SASL mechanism, ordered from weakest to strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mechanism {
    /// `ANONYMOUS` (RFC 4505): a fresh account for one stream.
    Anonymous,
    /// `PLAIN` (RFC 4616): the password itself, so only where [`secure`](crate::client::StreamConfig::secure).
    Plain,
    /// `SCRAM-…` without channel binding.
    Scram(ScramHash),
    /// `HT-SHA-256-NONE`: a token of XEP-0484, and only that; never among the mechanisms for passwords.
    Token,
}

impl Mechanism {
    /// The mechanism's registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Anonymous => "ANONYMOUS",
            Mechanism::Plain => "PLAIN",
            Mechanism::Scram(ScramHash::Sha1) => "SCRAM-SHA-1",
            Mechanism::Scram(ScramHash::Sha256) => "SCRAM-SHA-256",
            Mechanism::Scram(ScramHash::Sha512) => "SCRAM-SHA-512",
            Mechanism::Token => "HT-SHA-256-NONE",
        }
    }

    /// The mechanism of this name, if this crate speaks it. Tokens have a place of their own.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Mechanism> {
        let all = [
            Mechanism::Anonymous,
            Mechanism::Plain,
            Mechanism::Scram(ScramHash::Sha1),
            Mechanism::Scram(ScramHash::Sha256),
            Mechanism::Scram(ScramHash::Sha512),
        ];
        all.into_iter().find(|mechanism| mechanism.name() == name)
    }
}

/// Base64 as RFC 6120 §6.4.2 wants it in `<auth/>` and `<success/>`: `=` stands for data of no bytes.
pub(crate) fn encode(data: &[u8]) -> String {
    if data.is_empty() { String::from("=") } else { STANDARD.encode(data) }
}

/// The reverse of [`encode`]; an empty text means no bytes as well.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if text.is_empty() || text == "=" { Some(Vec::new()) } else { STANDARD.decode(text).ok() }
}

/// Compares without telling by its duration where two values differ. Lengths are not secret.
pub(crate) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let difference = a.iter().zip(b).fold(0_u8, |sum, (a, b)| core::hint::black_box(sum | (a ^ b)));
    core::hint::black_box(difference) == 0
}
