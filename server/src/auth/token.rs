//! Visitor tokens: JSON Web Tokens (RFC 7519) signed with HS256 by the site's back end.
//!
//! Only HMAC with SHA-256 exists in this file. The `alg` of a token is compared with that one name and never chooses anything,
//! so neither `none` nor a public-key algorithm can be talked into it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

/// A token longer than this is not looked at.
const MAX_LENGTH: usize = 4096;
/// How far the clocks of the site's machine and ours may be apart.
const LEEWAY_SECONDS: u64 = 30;

/// What a valid token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The account: a local part or a bare JID.
    pub subject: String,
    /// The visitor's name, for a new account.
    pub name: Option<String>,
}

/// Why a token is refused. None of these quotes the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts of base64url with JSON inside, or too long.
    #[error("the token is not a JSON Web Token")]
    Malformed,
    /// Another algorithm than HS256, or a critical extension.
    #[error("the token must be signed with HS256")]
    Algorithm,
    /// The MAC does not match.
    #[error("the token's signature does not match")]
    Signature,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` lies ahead.
    #[error("the token is not valid yet")]
    NotYet,
    /// `exp` lies further ahead than the server accepts.
    #[error("the token lives longer than the server accepts")]
    TooLong,
    /// `sub` or `exp` is absent, or a claim has the wrong type.
    #[error("the token must say sub (text) and exp (seconds since 1970)")]
    Claims,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    iat: Option<f64>,
    #[serde(default)]
    name: Option<String>,
}

/// Checks a token at `now` (seconds since 1970) and says whose it is. `max_age`: the furthest that `exp` may lie ahead, in seconds.
///
/// # Errors
/// The first reason found; the signature is checked before any claim is read.
pub fn verify(token: &str, secret: &[u8], now: u64, max_age: u64) -> Result<Visitor, TokenError> {
    if token.len() > MAX_LENGTH {
        return Err(TokenError::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| TokenError::Malformed)?;
    // RFC 7515 §4.1.11: extensions that must be understood and are not.
    if header.alg != "HS256" || header.crit.is_some() {
        return Err(TokenError::Algorithm);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| TokenError::Signature)?;
    mac.update(signed.as_bytes());
    mac.verify_slice(&decode(signature)?).map_err(|_| TokenError::Signature)?;

    let claims: Claims = serde_json::from_slice(&decode(payload)?).map_err(|_| TokenError::Claims)?;
    let now_seconds = now as f64;
    let leeway = LEEWAY_SECONDS as f64;
    if !claims.exp.is_finite() || claims.sub.is_empty() {
        return Err(TokenError::Claims);
    }
    if now_seconds >= claims.exp + leeway {
        return Err(TokenError::Expired);
    }
    if claims.exp > now_seconds + max_age as f64 + leeway {
        return Err(TokenError::TooLong);
    }
    if [claims.nbf, claims.iat].into_iter().flatten().any(|moment| moment > now_seconds + leeway) {
        return Err(TokenError::NotYet);
    }
    Ok(Visitor { subject: claims.sub, name: claims.name })
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"9f2c4be1a07d43c2b6f3e8d1905a7c64";
    const NOW: u64 = 1_764_000_000;

    fn sign(header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn check(header: &str, payload: &str) -> Result<Visitor, TokenError> {
        verify(&sign(header, payload), SECRET, NOW, 3600)
    }

    const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

    #[test]
    fn good_token() {
        let payload = format!(r#"{{"sub":"alice","name":"Alice","exp":{}}}"#, NOW + 60);
        assert_eq!(check(HS256, &payload), Ok(Visitor { subject: "alice".into(), name: Some("Alice".into()) }));
    }

    #[test]
    fn the_example_of_rfc_7515_appendix_a_1() {
        // Its key, header and signature, so that our MAC is compared with somebody else's.
        let key = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        // The signature holds; the claims lack `sub`.
        assert_eq!(verify(token, &key, 1_300_819_000, 3600), Err(TokenError::Claims));
        assert_eq!(verify(token, SECRET, 1_300_819_000, 3600), Err(TokenError::Signature));
    }

    #[test]
    fn no_other_algorithm() {
        let payload = format!(r#"{{"sub":"alice","exp":{}}}"#, NOW + 60);
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"hs256"}"#,
            r#"{"alg":"HS512"}"#,
            r#"{"alg":"RS256"}"#,
            r#"{"alg":"HS256","crit":["x"]}"#,
        ] {
            assert_eq!(check(header, &payload), Err(TokenError::Algorithm), "{header}");
        }
        let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode(HS256), URL_SAFE_NO_PAD.encode(&payload));
        assert_eq!(verify(&unsigned, SECRET, NOW, 3600), Err(TokenError::Signature));
    }

    #[test]
    fn times_and_claims() {
        let cases = [
            (format!(r#"{{"sub":"a","exp":{}}}"#, NOW - 31), TokenError::Expired),
            (format!(r#"{{"sub":"a","exp":{}}}"#, NOW + 7200), TokenError::TooLong),
            (format!(r#"{{"sub":"a","exp":{},"nbf":{}}}"#, NOW + 60, NOW + 50), TokenError::NotYet),
            (r#"{"sub":"a"}"#.to_owned(), TokenError::Claims),
            (r#"{"exp":1}"#.to_owned(), TokenError::Claims),
            (format!(r#"{{"sub":"a","exp":"{}"}}"#, NOW + 60), TokenError::Claims),
            (format!(r#"{{"sub":"","exp":{}}}"#, NOW + 60), TokenError::Claims),
        ];
        for (payload, error) in cases {
            assert_eq!(check(HS256, &payload), Err(error), "{payload}");
        }
    }

    #[test]
    fn rubbish_is_malformed() {
        for token in ["", ".", "..", "a.b.c", "a.b", "🦀.🦀.🦀", &"a".repeat(5000)] {
            assert_eq!(verify(token, SECRET, NOW, 3600), Err(TokenError::Malformed), "{token}");
        }
    }
}
