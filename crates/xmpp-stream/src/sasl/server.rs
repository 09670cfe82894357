//! The server's side of a SASL exchange, on decoded bytes.
//!
//! An unknown account must look like a known one with a wrong password: SCRAM answers it with a salt made from the
//! server's own secret, PLAIN derives a key as well, and both fail in the same words after the same work.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::condition::SaslCondition;
use super::scram::{self, Kdf, ScramHash, StoredKeys};
use super::{Mechanism, same_bytes, saslprep};

/// What every exchange of one connection shares.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The server's own secret, the same for every connection and after a restart: the source of decoy salts.
    pub decoy_key: &'a [u8; 32],
    /// The rounds that new accounts get, and decoys with them.
    pub iterations: u32,
    /// The hash whose keys check a PLAIN password.
    pub plain_hash: ScramHash,
    /// Fresh random bytes for this exchange's nonce.
    pub random: &'a [u8],
}

/// What the exchange wants next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this challenge.
    Challenge(Vec<u8>),
    /// Load the keys of the account with this local part, then call [`ServerSasl::credentials`].
    Load {
        /// As the client wrote it, unescaped, not yet prepared.
        username: String,
        /// The authorization identity the client asked for, if any.
        authzid: Option<String>,
        /// Which keys.
        hash: ScramHash,
    },
    /// Derive a key, then call [`ServerSasl::derived`].
    Derive(Kdf),
    /// The client is who it says. The data belongs into `<success/>`.
    Success(Option<Vec<u8>>),
}

/// One exchange, of one mechanism.
pub struct ServerSasl {
    state: State,
}

enum State {
    Initial(Mechanism),
    LoadingScram { hash: ScramHash, gs2: String, first_bare: String, nonce: String },
    LoadingPlain { hash: ScramHash, password: String },
    ClientFinal { gs2: String, first_bare: String, server_first: String, nonce: String, keys: StoredKeys, known: bool },
    DerivingPlain { keys: StoredKeys, known: bool },
    Over,
}

impl ServerSasl {
    /// Begins an exchange. The initial response, if there is one, goes to [`ServerSasl::response`].
    #[must_use]
    pub fn new(mechanism: Mechanism) -> ServerSasl {
        ServerSasl { state: State::Initial(mechanism) }
    }

    /// Takes the data of `<auth/>` or `<response/>`.
    ///
    /// # Errors
    /// The condition to put into `<failure/>`; the exchange is over then.
    pub fn response(&mut self, data: &[u8], context: &Context<'_>) -> Result<Step, SaslCondition> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Initial(Mechanism::Anonymous) => Ok(Step::Success(None)),
            State::Initial(Mechanism::Plain) => self.plain(data, context),
            State::Initial(Mechanism::Scram(hash)) => self.client_first(data, hash, context),
            State::ClientFinal { gs2, first_bare, server_first, nonce, keys, known } => {
                let auth_base = [&first_bare, ",", &server_first, ","].concat();
                client_final(data, &gs2, &auth_base, &nonce, &keys, known)
            }
            // A token is not checked in steps, see `crate::server`.
            _ => Err(SaslCondition::MalformedRequest),
        }
    }

    /// Takes the keys that [`Step::Load`] asked for; `None` when there is no such account (or it has no such keys).
    /// `account` is the prepared bare JID: what the decoy salt of an unknown one depends on.
    ///
    /// # Errors
    /// The condition to put into `<failure/>`.
    pub fn credentials(
        &mut self,
        keys: Option<StoredKeys>,
        account: &str,
        context: &Context<'_>,
    ) -> Result<Step, SaslCondition> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::LoadingScram { hash, gs2, first_bare, nonce } => {
                let (keys, known) = keys_or_decoy(keys, hash, account, context);
                let salt = STANDARD.encode(&keys.salt);
                let server_first = ["r=", &nonce, ",s=", &salt, ",i=", &keys.iterations.to_string()].concat();
                let challenge = server_first.clone().into_bytes();
                self.state = State::ClientFinal { gs2, first_bare, server_first, nonce, keys, known };
                Ok(Step::Challenge(challenge))
            }
            State::LoadingPlain { hash, password } => {
                let (keys, known) = keys_or_decoy(keys, hash, account, context);
                let kdf = Kdf { hash, password, salt: keys.salt.clone(), iterations: keys.iterations };
                self.state = State::DerivingPlain { keys, known };
                Ok(Step::Derive(kdf))
            }
            _ => Err(SaslCondition::TemporaryAuthFailure),
        }
    }

    /// Takes the salted password that [`Step::Derive`] asked for.
    ///
    /// # Errors
    /// The condition to put into `<failure/>`.
    pub fn derived(&mut self, salted_password: &[u8]) -> Result<Step, SaslCondition> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::DerivingPlain { keys, known } => {
                let matches = keys.matches(salted_password);
                if matches & known { Ok(Step::Success(None)) } else { Err(SaslCondition::NotAuthorized) }
            }
            _ => Err(SaslCondition::TemporaryAuthFailure),
        }
    }

    /// RFC 4616 §2: `[authzid] NUL authcid NUL passwd`.
    fn plain(&mut self, data: &[u8], context: &Context<'_>) -> Result<Step, SaslCondition> {
        let text = core::str::from_utf8(data).map_err(|_| SaslCondition::MalformedRequest)?;
        let mut parts = text.split('\0');
        let (Some(authzid), Some(username), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SaslCondition::MalformedRequest);
        };
        if username.is_empty() || password.is_empty() {
            return Err(SaslCondition::MalformedRequest);
        }
        let password = saslprep::prepare(password).ok_or(SaslCondition::NotAuthorized)?;
        let hash = context.plain_hash;
        self.state = State::LoadingPlain { hash, password };
        Ok(Step::Load { username: username.to_owned(), authzid: non_empty(authzid), hash })
    }

    /// RFC 5802 §7: `gs2-cbind-flag "," [authzid] "," [m=…,] n=name "," r=nonce [extensions]`.
    fn client_first(&mut self, data: &[u8], hash: ScramHash, context: &Context<'_>) -> Result<Step, SaslCondition> {
        const BAD: SaslCondition = SaslCondition::MalformedRequest;
        let text = core::str::from_utf8(data).map_err(|_| BAD)?;
        let (flag, rest) = text.split_once(',').ok_or(BAD)?;
        let (authzid, first_bare) = rest.split_once(',').ok_or(BAD)?;
        // `y` says that the client believes we have no channel binding, which is true. `p=…` would need a -PLUS mechanism.
        if flag != "n" && flag != "y" {
            return Err(BAD);
        }
        let authzid = match authzid.strip_prefix("a=") {
            Some(name) => non_empty(&scram::unescape_name(name).ok_or(BAD)?),
            None if authzid.is_empty() => None,
            None => return Err(BAD),
        };
        let username = scram::attribute(first_bare, 0, 'n').and_then(scram::unescape_name).ok_or(BAD)?;
        let client_nonce = scram::attribute(first_bare, 1, 'r').ok_or(BAD)?;
        if username.is_empty() || client_nonce.is_empty() {
            return Err(BAD);
        }
        let gs2 = text[..text.len() - first_bare.len()].to_owned();
        let nonce = [client_nonce, &STANDARD.encode(context.random)].concat();
        self.state = State::LoadingScram { hash, gs2, first_bare: first_bare.to_owned(), nonce };
        Ok(Step::Load { username, authzid, hash })
    }
}

/// RFC 5802 §7: `c=…,r=nonce[,extensions],p=proof`.
fn client_final(
    data: &[u8],
    gs2: &str,
    auth_base: &str,
    nonce: &str,
    keys: &StoredKeys,
    known: bool,
) -> Result<Step, SaslCondition> {
    const BAD: SaslCondition = SaslCondition::MalformedRequest;
    let text = core::str::from_utf8(data).map_err(|_| BAD)?;
    let (without_proof, proof) = text.rsplit_once(",p=").ok_or(BAD)?;
    let binding = scram::attribute(without_proof, 0, 'c').and_then(|c| STANDARD.decode(c).ok()).ok_or(BAD)?;
    let proof = STANDARD.decode(proof).map_err(|_| BAD)?;
    if binding != gs2.as_bytes() || scram::attribute(without_proof, 1, 'r') != Some(nonce) {
        return Err(BAD);
    }
    let auth_message = [auth_base, without_proof].concat();
    let signature = keys.hash.hmac(&keys.stored_key, auth_message.as_bytes());
    let client_key = scram::xor(&proof, &signature);
    let matches = proof.len() == signature.len() && same_bytes(&keys.hash.digest(&client_key), &keys.stored_key);
    let server_signature = keys.hash.hmac(&keys.server_key, auth_message.as_bytes());
    if matches & known {
        Ok(Step::Success(Some(["v=", &STANDARD.encode(server_signature)].concat().into_bytes())))
    } else {
        Err(SaslCondition::NotAuthorized)
    }
}

/// The account's keys, or such as nobody has the password of: always the same salt for the same name, so that asking
/// twice tells nothing. Keys of another hash than asked for count as none.
fn keys_or_decoy(
    keys: Option<StoredKeys>,
    hash: ScramHash,
    account: &str,
    context: &Context<'_>,
) -> (StoredKeys, bool) {
    let decoy = decoy(hash, account, context);
    match keys {
        Some(keys) if keys.hash == hash => (keys, true),
        _ => (decoy, false),
    }
}

fn decoy(hash: ScramHash, account: &str, context: &Context<'_>) -> StoredKeys {
    let derive = |what: &str| {
        let label = [what, "\0", hash.name(), "\0", account].concat();
        hash.hmac(context.decoy_key, label.as_bytes())
    };
    let mut salt = derive("salt");
    salt.truncate(SALT_LEN);
    StoredKeys {
        hash,
        salt,
        iterations: context.iterations,
        stored_key: derive("stored"),
        server_key: derive("server"),
    }
}

/// How many bytes of salt accounts get; decoys must have as many.
pub const SALT_LEN: usize = 16;

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The server's part of an exchange whose nonce a standard prescribes.
    fn waiting_for_final(hash: ScramHash, first_bare: &str, server_first: &str, salted_password: &[u8]) -> ServerSasl {
        let keys = StoredKeys::new(hash, Vec::new(), 4096, salted_password);
        let nonce = scram::attribute(server_first, 0, 'r').expect("a nonce").to_owned();
        let (first_bare, server_first) = (first_bare.to_owned(), server_first.to_owned());
        ServerSasl {
            state: State::ClientFinal { gs2: "n,,".to_owned(), first_bare, server_first, nonce, keys, known: true },
        }
    }

    fn context() -> Context<'static> {
        Context { decoy_key: &[1; 32], iterations: 4096, plain_hash: ScramHash::Sha1, random: &[2; 24] }
    }

    fn pbkdf2(hash: ScramHash, salt: &str) -> Vec<u8> {
        let salt = STANDARD.decode(salt).expect("base64");
        let mut out = vec![0; hash.output_len()];
        match hash {
            ScramHash::Sha1 => pbkdf2::pbkdf2_hmac::<sha1::Sha1>(b"pencil", &salt, 4096, &mut out),
            _ => pbkdf2::pbkdf2_hmac::<sha2::Sha256>(b"pencil", &salt, 4096, &mut out),
        }
        out
    }

    #[test]
    fn rfc_5802_section_5() {
        let server_first = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
        let salted = pbkdf2(ScramHash::Sha1, "QSXCR+Q6sek8bf92");
        let first = "n=user,r=fyko+d2lbbFgONRv9qkxdawL";
        let last = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
        let step =
            waiting_for_final(ScramHash::Sha1, first, server_first, &salted).response(last.as_bytes(), &context());
        assert_eq!(step, Ok(Step::Success(Some(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=".to_vec()))));
    }

    #[test]
    fn rfc_7677_section_3() {
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let server_first = ["r=", nonce, ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"].concat();
        let salted = pbkdf2(ScramHash::Sha256, "W22ZaJ0SNY7soEsUEjb6gQ==");
        let first = "n=user,r=rOprNGfwEbeRWgbNEkqO";
        let last = ["c=biws,r=", nonce, ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="].concat();
        let step =
            waiting_for_final(ScramHash::Sha256, first, &server_first, &salted).response(last.as_bytes(), &context());
        assert_eq!(step, Ok(Step::Success(Some(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".to_vec()))));
    }

    #[test]
    fn channel_binding_flags() {
        let first =
            |text: &str| ServerSasl::new(Mechanism::Scram(ScramHash::Sha1)).response(text.as_bytes(), &context());
        assert!(matches!(first("n,,n=user,r=abc"), Ok(Step::Load { .. })));
        assert!(matches!(first("y,,n=user,r=abc"), Ok(Step::Load { .. })));
        let acting = first("n,a=ann@im.example,n=user,r=abc,ext=1");
        assert!(matches!(acting, Ok(Step::Load { authzid: Some(name), .. }) if name == "ann@im.example"));
        for bad in [
            "p=tls-exporter,,n=user,r=abc",
            "n,,m=x,n=user,r=abc",
            "n,,n=,r=abc",
            "n,,n=user,r=",
            "n,,n=u=x,r=abc",
            "n",
            "n,x,n=u,r=a",
            "",
        ] {
            assert_eq!(first(bad), Err(SaslCondition::MalformedRequest), "{bad}");
        }
    }

    #[test]
    fn what_was_said_about_channel_binding_must_be_repeated() {
        let known = |gs2: &str, binding: &str| {
            let mut sasl = ServerSasl::new(Mechanism::Scram(ScramHash::Sha1));
            let first = [gs2, "n=user,r=abc"].concat();
            assert!(matches!(sasl.response(first.as_bytes(), &context()), Ok(Step::Load { .. })));
            let Ok(Step::Challenge(challenge)) = sasl.credentials(None, "user@im.example", &context()) else {
                panic!("no challenge");
            };
            let challenge = String::from_utf8(challenge).expect("utf-8");
            let nonce = scram::attribute(&challenge, 0, 'r').expect("a nonce");
            let last = ["c=", &STANDARD.encode(binding), ",r=", nonce, ",p=", &STANDARD.encode([0; 20])].concat();
            sasl.response(last.as_bytes(), &context())
        };
        assert_eq!(known("y,,", "y,,"), Err(SaslCondition::NotAuthorized));
        assert_eq!(known("y,,", "n,,"), Err(SaslCondition::MalformedRequest));
        assert_eq!(known("n,,", "n,,"), Err(SaslCondition::NotAuthorized));
    }
}
