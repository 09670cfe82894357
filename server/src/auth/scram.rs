//! Passwords become SCRAM keys (RFC 5802 §3), one set for each hash. The password itself is never stored.
//!
//! Every hash has its own salt, so that the keys of one cannot be matched with those of another.

use xmpp_stream::sasl::server::SALT_LEN;
use xmpp_stream::sasl::{Kdf, ScramHash, StoredKeys};

use crate::prep;

/// Why a password cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// SASLprep refuses it, or it is empty.
    #[error("the password is empty or holds characters that SASLprep (RFC 4013) forbids, such as control characters")]
    Characters,
    /// The machine has no randomness.
    #[error("no randomness from the operating system: {0}")]
    Random(getrandom::Error),
}

/// Derives the keys for all hashes, each with a fresh salt. This takes processor time on purpose.
///
/// # Errors
/// When the password has no prepared form, or the system has no randomness.
pub fn derive(password: &str, iterations: u32) -> Result<Vec<StoredKeys>, PasswordError> {
    let password = prep::password(password).ok_or(PasswordError::Characters)?;
    ScramHash::STRONGEST_FIRST
        .into_iter()
        .map(|hash| {
            let mut salt = vec![0; SALT_LEN];
            getrandom::fill(&mut salt).map_err(PasswordError::Random)?;
            let kdf = Kdf { hash, password: password.clone(), salt, iterations };
            let salted = salted_password(&kdf);
            Ok(StoredKeys::new(hash, kdf.salt, iterations, &salted))
        })
        .collect()
}

/// SaltedPassword := Hi(password, salt, i), which is PBKDF2 with HMAC.
pub fn salted_password(kdf: &Kdf) -> Vec<u8> {
    let mut out = vec![0; kdf.hash.output_len()];
    let (password, salt, rounds) = (kdf.password.as_bytes(), &kdf.salt, kdf.iterations);
    match kdf.hash {
        ScramHash::Sha1 => pbkdf2::pbkdf2_hmac::<sha1::Sha1>(password, salt, rounds, &mut out),
        ScramHash::Sha256 => pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, salt, rounds, &mut out),
        ScramHash::Sha512 => pbkdf2::pbkdf2_hmac::<sha2::Sha512>(password, salt, rounds, &mut out),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn keys_agree_with_the_signature_in_rfc_5802() {
        // RFC 5802 §5: user "user", password "pencil".
        let salt = STANDARD.decode("QSXCR+Q6sek8bf92").unwrap();
        let kdf = Kdf { hash: ScramHash::Sha1, password: "pencil".into(), salt: salt.clone(), iterations: 4096 };
        let keys = StoredKeys::new(ScramHash::Sha1, salt, 4096, &salted_password(&kdf));
        let auth_message = "n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
        let signature = ScramHash::Sha1.hmac(&keys.server_key, auth_message.as_bytes());
        assert_eq!(STANDARD.encode(signature), "rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    }

    #[test]
    fn salts_differ_between_hashes_and_calls() {
        let first = derive("pencil", 1).unwrap();
        let second = derive("pencil", 1).unwrap();
        let mut salts: Vec<_> = first.iter().chain(&second).map(|keys| keys.salt.clone()).collect();
        salts.sort();
        salts.dedup();
        assert_eq!(salts.len(), 6);
        assert!(matches!(derive("", 1), Err(PasswordError::Characters)));
    }
}
