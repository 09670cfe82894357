//! SCRAM against the vectors of its standards, and against a computation that shares nothing with the code under test.
#![allow(clippy::unwrap_used, reason = "a test may fail here")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::salted_password;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha512};
use xmpp_stream::sasl::client::{ClientSasl, Policy, Step};
use xmpp_stream::sasl::{AuthCondition, Mechanism, ScramHash, Secret, StoredKeys};

const POLICY: Policy = Policy { secure: false, floor: None, max_iterations: 10_000 };

/// Runs a client against prescribed messages; returns its final message and what it makes of the server's.
fn exchange(hash: ScramHash, nonce: &str, server_first: &str, server_final: &str) -> (String, String, bool) {
    let secret = Secret::Password("pencil".to_owned());
    let random = STANDARD.decode(nonce).unwrap();
    let (mut sasl, first) = ClientSasl::start(Mechanism::Scram(hash), "user", &secret, &POLICY, &random).unwrap();
    let Ok(Step::Derive(kdf)) = sasl.challenge(server_first.as_bytes()) else { panic!("no derivation") };
    let last = sasl.derived(&salted_password(&kdf)).unwrap();
    let verified = sasl.success(Some(server_final.as_bytes()));
    let verified = verified.map_err(|condition| assert_eq!(condition, AuthCondition::ServerNotVerified));
    (String::from_utf8(first).unwrap(), String::from_utf8(last).unwrap(), verified.is_ok())
}

#[test]
fn rfc_5802_section_5() {
    let nonce = "fyko+d2lbbFgONRv9qkxdawL";
    let server_first = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
    let result = exchange(ScramHash::Sha1, nonce, server_first, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    let last = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
    assert_eq!(result, ("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL".to_owned(), last.to_owned(), true));
    for forged in ["v=smF9pqV8S7suAoZWja4dJRkFsKQ=", "v=", "e=other-error", "", "rmF9pqV8S7suAoZWja4dJRkFsKQ="] {
        assert!(!exchange(ScramHash::Sha1, nonce, server_first, forged).2, "{forged}");
    }
}

#[test]
fn rfc_7677_section_3() {
    let nonce = "rOprNGfwEbeRWgbNEkqO";
    let full = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    let server_first = format!("r={full},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    let result = exchange(ScramHash::Sha256, nonce, &server_first, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    let last = format!("c=biws,r={full},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    assert_eq!(result, (format!("n,,n=user,r={nonce}"), last, true));
}

fn hmac_512(key: &[u8], data: &[u8]) -> Vec<u8> {
    Hmac::<Sha512>::new_from_slice(key).unwrap().chain_update(data).finalize().into_bytes().to_vec()
}

/// RFC 5802 §3 written out for SHA-512, which has no vectors of its own.
#[test]
fn sha_512_as_the_formulas_say() {
    let nonce = "rOprNGfwEbeRWgbNEkqO";
    let salt = b"sixteen bytes ok";
    let mut salted = [0; 64];
    pbkdf2::pbkdf2_hmac::<Sha512>(b"pencil", salt, 4096, &mut salted);
    let server_first = format!("r={nonce}more,s={},i=4096", STANDARD.encode(salt));
    let without_proof = format!("c=biws,r={nonce}more");
    let auth_message = format!("n=user,r={nonce},{server_first},{without_proof}");
    let client_key = hmac_512(&salted, b"Client Key");
    let stored_key = Sha512::digest(&client_key);
    let signature = hmac_512(&stored_key, auth_message.as_bytes());
    let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
    let server_signature = hmac_512(&hmac_512(&salted, b"Server Key"), auth_message.as_bytes());
    let server_final = format!("v={}", STANDARD.encode(server_signature));
    let (_, last, verified) = exchange(ScramHash::Sha512, nonce, &server_first, &server_final);
    assert_eq!(last, format!("{without_proof},p={}", STANDARD.encode(proof)));
    assert!(verified);

    let keys = StoredKeys::new(ScramHash::Sha512, salt.to_vec(), 4096, &salted);
    assert_eq!(keys.stored_key, stored_key.to_vec());
    assert!(keys.matches(&salted) && !keys.matches(&[0; 64]) && !keys.matches(&[]));
}

#[test]
fn a_derivation_that_failed_or_was_not_asked_for() {
    let secret = Secret::Password("pencil".to_owned());
    let start = || ClientSasl::start(Mechanism::Scram(ScramHash::Sha1), "user", &secret, &POLICY, &[0; 24]).unwrap().0;
    assert_eq!(start().derived(&[0; 20]), Err(AuthCondition::DerivationFailed));
    let mut sasl = start();
    let challenge = format!("r={}x,s=QSXCR+Q6sek8bf92,i=4096", STANDARD.encode([0; 24]));
    assert!(matches!(sasl.challenge(challenge.as_bytes()), Ok(Step::Derive(_))));
    assert_eq!(sasl.derived(&[]), Err(AuthCondition::DerivationFailed));
    let bad = Secret::Password("bell\u{7}".to_owned());
    let started = ClientSasl::start(Mechanism::Plain, "user", &bad, &POLICY, &[]);
    assert_eq!(started.err(), Some(AuthCondition::BadPassword));
}
