//! What both roles of SCRAM share (RFC 5802, RFC 7677): hashes, keys, and the text of its messages.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

use super::same_bytes;

/// The fewest rounds a client accepts and a server should store (RFC 5802 §5.1, RFC 7677 §4).
///
/// Fewer would let whoever pretends to be the server try passwords cheaply against the proof it receives.
pub const MIN_ITERATIONS: u32 = 4096;

/// The most rounds a client accepts by default: about a second on a phone.
///
/// What is recommended today lies below (600,000 for SHA-256, 210,000 for SHA-512), what servers use far below; the
/// largest number the syntax allows would keep a device busy for hours.
pub const MAX_ITERATIONS: u32 = 1_000_000;

/// The hash of a SCRAM mechanism, ordered by strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScramHash {
    /// SHA-1, what every server has.
    Sha1,
    /// SHA-256 (RFC 7677).
    Sha256,
    /// SHA-512.
    Sha512,
}

impl ScramHash {
    /// All hashes, strongest first: the order in which mechanisms are offered and tried.
    pub const STRONGEST_FIRST: [ScramHash; 3] = [ScramHash::Sha512, ScramHash::Sha256, ScramHash::Sha1];

    /// A short stable name for storage, such as `sha-256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ScramHash::Sha1 => "sha-1",
            ScramHash::Sha256 => "sha-256",
            ScramHash::Sha512 => "sha-512",
        }
    }

    /// The hash of this [`ScramHash::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<ScramHash> {
        ScramHash::STRONGEST_FIRST.into_iter().find(|hash| hash.name() == name)
    }

    /// How many bytes the hash has, and with it the salted password and every key.
    #[must_use]
    pub fn output_len(self) -> usize {
        match self {
            ScramHash::Sha1 => 20,
            ScramHash::Sha256 => 32,
            ScramHash::Sha512 => 64,
        }
    }

    /// `H(data)` of RFC 5802 §2.2.
    #[must_use]
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            ScramHash::Sha1 => Sha1::digest(data).to_vec(),
            ScramHash::Sha256 => Sha256::digest(data).to_vec(),
            ScramHash::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    /// `HMAC(key, data)` of RFC 5802 §2.2.
    #[must_use]
    pub fn hmac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        match self {
            ScramHash::Sha1 => keyed::<Hmac<Sha1>>(key).chain_update(data).finalize().into_bytes().to_vec(),
            ScramHash::Sha256 => keyed::<Hmac<Sha256>>(key).chain_update(data).finalize().into_bytes().to_vec(),
            ScramHash::Sha512 => keyed::<Hmac<Sha512>>(key).chain_update(data).finalize().into_bytes().to_vec(),
        }
    }

    /// `Hi(str, salt, i)` of RFC 5802 §2.2: PBKDF2 with one block, the `SaltedPassword`.
    ///
    /// For shells without a faster one at hand; it takes as long as `iterations` says.
    #[must_use]
    pub fn hi(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        match self {
            ScramHash::Sha1 => hi(&keyed::<Hmac<Sha1>>(password), salt, iterations),
            ScramHash::Sha256 => hi(&keyed::<Hmac<Sha256>>(password), salt, iterations),
            ScramHash::Sha512 => hi(&keyed::<Hmac<Sha512>>(password), salt, iterations),
        }
    }
}

fn keyed<M: Mac + KeyInit>(key: &[u8]) -> M {
    <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of every length")
}

fn hi<M: Mac + Clone>(keyed: &M, salt: &[u8], iterations: u32) -> Vec<u8> {
    let mut last = keyed.clone().chain_update(salt).chain_update(1u32.to_be_bytes()).finalize().into_bytes();
    let mut sum = last.to_vec();
    for _ in 1..iterations {
        last = keyed.clone().chain_update(&last).finalize().into_bytes();
        sum.iter_mut().zip(&last).for_each(|(left, right)| *left ^= right);
    }
    sum
}

/// A key derivation asked of the shell: PBKDF2-HMAC with the given hash. The answer is the `SaltedPassword` of RFC 5802 §3,
/// as many bytes as the hash has.
#[derive(Clone, PartialEq, Eq)]
pub struct Kdf {
    /// The hash under HMAC.
    pub hash: ScramHash,
    /// The password, already prepared by SASLprep.
    pub password: String,
    /// The salt, decoded.
    pub salt: Vec<u8>,
    /// The rounds.
    pub iterations: u32,
}

impl fmt::Debug for Kdf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kdf").field("hash", &self.hash).field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

/// What a client needs to sign in again without the password. As good as the password at this server, and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramKeys {
    /// The hash the keys are made with.
    pub hash: ScramHash,
    /// The account's salt.
    pub salt: Vec<u8>,
    /// The account's rounds.
    pub iterations: u32,
    /// `ClientKey` of RFC 5802 §3.
    pub client_key: Vec<u8>,
    /// `ServerKey` of RFC 5802 §3.
    pub server_key: Vec<u8>,
}

impl ScramKeys {
    /// The keys of a salted password.
    #[must_use]
    pub fn new(hash: ScramHash, salt: Vec<u8>, iterations: u32, salted_password: &[u8]) -> ScramKeys {
        ScramKeys {
            hash,
            salt,
            iterations,
            client_key: hash.hmac(salted_password, b"Client Key"),
            server_key: hash.hmac(salted_password, b"Server Key"),
        }
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramKeys")
            .field("hash", &self.hash)
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

/// What a server stores of an account's password for one hash. A thief of these can try passwords, and pretend to be
/// the server, but cannot sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKeys {
    /// The hash the keys are made with.
    pub hash: ScramHash,
    /// Random, for this account only.
    pub salt: Vec<u8>,
    /// The rounds of PBKDF2.
    pub iterations: u32,
    /// `StoredKey` of RFC 5802 §3.
    pub stored_key: Vec<u8>,
    /// `ServerKey` of RFC 5802 §3.
    pub server_key: Vec<u8>,
}

impl StoredKeys {
    /// What to store of a salted password.
    #[must_use]
    pub fn new(hash: ScramHash, salt: Vec<u8>, iterations: u32, salted_password: &[u8]) -> StoredKeys {
        let ScramKeys { client_key, server_key, .. } = ScramKeys::new(hash, Vec::new(), iterations, salted_password);
        StoredKeys { hash, salt, iterations, stored_key: hash.digest(&client_key), server_key }
    }

    /// Whether this salted password (the answer to a [`Kdf`] with this salt and rounds) is the account's.
    #[must_use]
    pub fn matches(&self, salted_password: &[u8]) -> bool {
        let client_key = self.hash.hmac(salted_password, b"Client Key");
        same_bytes(&self.hash.digest(&client_key), &self.stored_key)
    }
}

impl fmt::Debug for StoredKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKeys")
            .field("hash", &self.hash)
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

/// The value of the attribute `key` of a SCRAM message, when it stands at place `at` as RFC 5802 §5 orders them.
pub(crate) fn attribute(message: &str, at: usize, key: char) -> Option<&str> {
    let part = message.split(',').nth(at)?;
    part.strip_prefix(key)?.strip_prefix('=')
}

/// A name as `saslname` of RFC 5802 §7.
pub(crate) fn escape_name(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// The reverse of [`escape_name`]; any other use of `=` is an error (RFC 5802 §5.1).
pub(crate) fn unescape_name(name: &str) -> Option<String> {
    let mut parts = name.split('=');
    let mut out = String::from(parts.next()?);
    for part in parts {
        if let Some(rest) = part.strip_prefix("3D") {
            out.push('=');
            out.push_str(rest);
        } else if let Some(rest) = part.strip_prefix("2C") {
            out.push(',');
            out.push_str(rest);
        } else {
            return None;
        }
    }
    Some(out)
}

/// `a XOR b` for values of one length.
pub(crate) fn xor(a: &[u8], b: &[u8]) -> Vec<u8> {
    a.iter().zip(b).map(|(a, b)| a ^ b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_both_ways() {
        assert_eq!(escape_name("a=b,c"), "a=3Db=2Cc");
        assert_eq!(unescape_name("a=3Db=2Cc").as_deref(), Some("a=b,c"));
        assert_eq!(unescape_name("a=3d"), None);
        assert_eq!(unescape_name("a="), None);
        assert_eq!(unescape_name(""), Some(String::new()));
    }

    #[test]
    fn the_password_is_salted_as_by_others() {
        for hash in ScramHash::STRONGEST_FIRST {
            let mut expected = vec![0; hash.output_len()];
            match hash {
                ScramHash::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(b"pencil", b"salt", 70, &mut expected),
                ScramHash::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(b"pencil", b"salt", 70, &mut expected),
                ScramHash::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(b"pencil", b"salt", 70, &mut expected),
            }
            assert_eq!(hash.hi(b"pencil", b"salt", 70), expected);
        }
    }

    #[test]
    fn hashes_are_ordered_by_strength_and_named() {
        assert!(ScramHash::Sha1 < ScramHash::Sha256 && ScramHash::Sha256 < ScramHash::Sha512);
        for hash in ScramHash::STRONGEST_FIRST {
            assert_eq!(ScramHash::from_name(hash.name()), Some(hash));
            assert_eq!(hash.digest(b"").len(), hash.output_len());
            assert_eq!(hash.hmac(b"", b"").len(), hash.output_len());
        }
    }
}
