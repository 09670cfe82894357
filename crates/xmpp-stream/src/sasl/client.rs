//! The client's side of a SASL exchange, on decoded bytes.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::condition::AuthCondition;
use super::scram::{self, Kdf, ScramHash, ScramKeys};
use super::{Mechanism, same_bytes, saslprep, token};

/// What the user signs in with. `Debug` shows only which kind it is.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// A password, as typed.
    Password(String),
    /// Keys remembered from an earlier sign-in; usable with their own hash only.
    ScramKeys(ScramKeys),
    /// No account: `ANONYMOUS`.
    Anonymous,
    /// Nothing but a token (XEP-0484), which stands elsewhere.
    None,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Secret::Password(_) => "Password(..)",
            Secret::ScramKeys(_) => "ScramKeys(..)",
            Secret::Anonymous => "Anonymous",
            Secret::None => "None",
        })
    }
}

/// What bounds a sign-in from the client's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The connection is TLS or loopback, so that PLAIN may be used.
    pub secure: bool,
    /// The strongest hash this account has used before: nothing weaker will do now, PLAIN included.
    pub floor: Option<ScramHash>,
    /// The most PBKDF2 rounds to run, see [`scram::MAX_ITERATIONS`].
    pub max_iterations: u32,
}

/// The strongest mechanism that is offered, fits the secret and obeys the policy.
///
/// # Errors
/// Why there is none: [`AuthCondition::NoMechanism`], [`AuthCondition::Downgrade`] or [`AuthCondition::Insecure`].
pub fn choose(offered: &[Mechanism], secret: &Secret, policy: &Policy) -> Result<Mechanism, AuthCondition> {
    let best = offered
        .iter()
        .copied()
        .filter(|mechanism| match (secret, mechanism) {
            (Secret::Anonymous, Mechanism::Anonymous) => true,
            (Secret::Password(_), Mechanism::Plain | Mechanism::Scram(_)) => true,
            (Secret::ScramKeys(keys), Mechanism::Scram(hash)) => keys.hash == *hash,
            _ => false,
        })
        .max();
    match best {
        None => Err(AuthCondition::NoMechanism),
        Some(Mechanism::Anonymous) => Ok(Mechanism::Anonymous),
        Some(best) if policy.floor.is_some_and(|floor| best < Mechanism::Scram(floor)) => Err(AuthCondition::Downgrade),
        Some(Mechanism::Plain) if !policy.secure => Err(AuthCondition::Insecure),
        Some(best) => Ok(best),
    }
}

/// What the exchange wants next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this response.
    Respond(Vec<u8>),
    /// Derive a key, then call [`ClientSasl::derived`].
    Derive(Kdf),
}

/// One exchange, of one mechanism.
pub struct ClientSasl {
    state: State,
    secret: Secret,
    max_iterations: u32,
}

enum State {
    /// PLAIN and ANONYMOUS say everything at once.
    AllSaid,
    ServerFirst {
        hash: ScramHash,
        first_bare: String,
        nonce: String,
    },
    Deriving {
        hash: ScramHash,
        salt: Vec<u8>,
        iterations: u32,
        auth_message: String,
        final_bare: String,
    },
    ServerFinal {
        keys: ScramKeys,
        auth_message: String,
    },
    Verified {
        keys: ScramKeys,
    },
    /// A token is said; the server owes this.
    Token {
        responder: Vec<u8>,
    },
    Failed,
}

impl ClientSasl {
    /// Begins the exchange; returns it and the initial response. `username` is the local part of the account's JID,
    /// `random` fresh bytes for the nonce.
    ///
    /// # Errors
    /// [`AuthCondition::BadPassword`] when SASLprep refuses the password.
    pub fn start(
        mechanism: Mechanism,
        username: &str,
        secret: &Secret,
        policy: &Policy,
        random: &[u8],
    ) -> Result<(ClientSasl, Vec<u8>), AuthCondition> {
        let mut secret = secret.clone();
        if let Secret::Password(password) = &mut secret {
            *password = saslprep::prepare(password).ok_or(AuthCondition::BadPassword)?;
        }
        let (state, initial) = match (mechanism, &secret) {
            (Mechanism::Anonymous, _) => (State::AllSaid, Vec::new()),
            (Mechanism::Plain, Secret::Password(password)) => {
                // RFC 4616 §2: [authzid] NUL authcid NUL passwd.
                let mut initial = vec![0];
                initial.extend_from_slice(username.as_bytes());
                initial.push(0);
                initial.extend_from_slice(password.as_bytes());
                (State::AllSaid, initial)
            }
            (Mechanism::Plain | Mechanism::Token, _) => return Err(AuthCondition::NoMechanism),
            (Mechanism::Scram(hash), _) => {
                let nonce = STANDARD.encode(random);
                let mut first_bare = String::from("n=");
                first_bare.push_str(&scram::escape_name(username));
                first_bare.push_str(",r=");
                first_bare.push_str(&nonce);
                // `n`: no channel binding; a page cannot see its TLS session.
                let initial = ["n,,", &first_bare].concat().into_bytes();
                (State::ServerFirst { hash, first_bare, nonce }, initial)
            }
        };
        Ok((ClientSasl { state, secret, max_iterations: policy.max_iterations }, initial))
    }

    /// Begins and ends an exchange with a token (see [`token`]); returns it and the initial response.
    #[must_use]
    pub fn with_token(username: &str, token: &str) -> (ClientSasl, Vec<u8>) {
        let initial = [username.as_bytes(), &[0], &token::initiator(token)].concat();
        let state = State::Token { responder: token::responder(token) };
        (ClientSasl { state, secret: Secret::None, max_iterations: 0 }, initial)
    }

    /// Whether this is an exchange with a token.
    pub(crate) fn is_token(&self) -> bool {
        matches!(self.state, State::Token { .. })
    }

    /// Whether the mechanism has said everything in its initial response.
    pub(crate) fn said_all(&self) -> bool {
        matches!(self.state, State::AllSaid)
    }

    /// Whether [`ClientSasl::derived`] is waited for.
    pub(crate) fn is_deriving(&self) -> bool {
        matches!(self.state, State::Deriving { .. })
    }

    /// Takes the data of a `<challenge/>`.
    ///
    /// # Errors
    /// When the exchange cannot go on; the client then sends `<abort/>`.
    pub fn challenge(&mut self, data: &[u8]) -> Result<Step, AuthCondition> {
        match core::mem::replace(&mut self.state, State::Failed) {
            State::ServerFirst { hash, first_bare, nonce } => self.server_first(data, hash, &first_bare, &nonce),
            // Some servers put the signature into a challenge of its own and let an empty `<success/>` follow.
            state @ State::ServerFinal { .. } => {
                self.state = state;
                self.server_final(data)?;
                Ok(Step::Respond(Vec::new()))
            }
            _ => Err(AuthCondition::Malformed),
        }
    }

    /// Takes the salted password that a [`Step::Derive`] asked for; returns the response to send.
    ///
    /// # Errors
    /// [`AuthCondition::DerivationFailed`] when there is no or no fitting key.
    pub fn derived(&mut self, salted_password: &[u8]) -> Result<Vec<u8>, AuthCondition> {
        match core::mem::replace(&mut self.state, State::Failed) {
            State::Deriving { hash, salt, iterations, auth_message, final_bare }
                if salted_password.len() == hash.output_len() =>
            {
                let keys = ScramKeys::new(hash, salt, iterations, salted_password);
                Ok(self.client_final(keys, auth_message, &final_bare))
            }
            _ => Err(AuthCondition::DerivationFailed),
        }
    }

    /// Takes `<success/>` with its data, if it has any; returns the keys to remember after SCRAM.
    ///
    /// # Errors
    /// [`AuthCondition::ServerNotVerified`] when the server has not shown that it knows the account's keys: the stream
    /// must then not be used.
    pub fn success(&mut self, data: Option<&[u8]>) -> Result<Option<ScramKeys>, AuthCondition> {
        if matches!(self.state, State::ServerFinal { .. }) {
            self.server_final(data.unwrap_or_default())?;
        }
        match core::mem::replace(&mut self.state, State::Failed) {
            State::AllSaid => Ok(None),
            State::Token { responder } if data.is_some_and(|data| same_bytes(data, &responder)) => Ok(None),
            State::Verified { keys } => Ok(Some(keys)),
            _ => Err(AuthCondition::ServerNotVerified),
        }
    }

    /// RFC 5802 §7: `[m=…,]r=nonce,s=salt,i=rounds[,extensions]`. An `m=` in front is a mandatory extension and an error.
    fn server_first(
        &mut self,
        data: &[u8],
        hash: ScramHash,
        first_bare: &str,
        nonce: &str,
    ) -> Result<Step, AuthCondition> {
        let message = core::str::from_utf8(data).map_err(|_| AuthCondition::Malformed)?;
        let full_nonce = scram::attribute(message, 0, 'r').ok_or(AuthCondition::Malformed)?;
        let salt = scram::attribute(message, 1, 's')
            .and_then(|salt| STANDARD.decode(salt).ok())
            .ok_or(AuthCondition::Malformed)?;
        let iterations =
            scram::attribute(message, 2, 'i').and_then(|i| i.parse::<u32>().ok()).ok_or(AuthCondition::Malformed)?;
        if full_nonce.len() <= nonce.len() || !full_nonce.starts_with(nonce) || salt.is_empty() {
            return Err(AuthCondition::Malformed);
        }
        if iterations < scram::MIN_ITERATIONS || iterations > self.max_iterations {
            return Err(AuthCondition::IterationCount(iterations));
        }
        // `biws` is "n,," again, in base64.
        let final_bare = ["c=biws,r=", full_nonce].concat();
        let auth_message = [first_bare, ",", message, ",", &final_bare].concat();
        match &self.secret {
            Secret::Password(password) => {
                let kdf = Kdf { hash, password: password.clone(), salt: salt.clone(), iterations };
                self.state = State::Deriving { hash, salt, iterations, auth_message, final_bare };
                Ok(Step::Derive(kdf))
            }
            Secret::ScramKeys(keys) if keys.hash == hash && keys.salt == salt && keys.iterations == iterations => {
                let keys = keys.clone();
                Ok(Step::Respond(self.client_final(keys, auth_message, &final_bare)))
            }
            Secret::ScramKeys(_) => Err(AuthCondition::StaleKeys),
            Secret::Anonymous | Secret::None => Err(AuthCondition::Malformed),
        }
    }

    fn client_final(&mut self, keys: ScramKeys, auth_message: String, final_bare: &str) -> Vec<u8> {
        let stored_key = keys.hash.digest(&keys.client_key);
        let signature = keys.hash.hmac(&stored_key, auth_message.as_bytes());
        let proof = STANDARD.encode(scram::xor(&keys.client_key, &signature));
        self.state = State::ServerFinal { keys, auth_message };
        [final_bare, ",p=", &proof].concat().into_bytes()
    }

    /// RFC 5802 §5.1: `v=` the server's signature, or `e=` an error.
    fn server_final(&mut self, data: &[u8]) -> Result<(), AuthCondition> {
        let State::ServerFinal { keys, auth_message } = core::mem::replace(&mut self.state, State::Failed) else {
            return Err(AuthCondition::ServerNotVerified);
        };
        let message = core::str::from_utf8(data).map_err(|_| AuthCondition::ServerNotVerified)?;
        let claimed = scram::attribute(message, 0, 'v')
            .and_then(|v| STANDARD.decode(v).ok())
            .ok_or(AuthCondition::ServerNotVerified)?;
        let expected = keys.hash.hmac(&keys.server_key, auth_message.as_bytes());
        if !same_bytes(&claimed, &expected) {
            return Err(AuthCondition::ServerNotVerified);
        }
        self.state = State::Verified { keys };
        Ok(())
    }
}
