//! Authentication within the stream (RFC 6120 §6), for the server.

use xmpp::jid::{BareJid, Jid};
use xmpp::ns;
use xmpp::stanza::{StreamCondition, StreamError};
use xmpp::xml::Element;

use super::event::{CredentialsUnavailable, Output, ServerEvent};
use super::machine::{Exchange, ServerStream, State, Waits};
use super::sasl2::Request;
use crate::sasl::server::{Context, ServerSasl, Step};
use crate::sasl::{self, Mechanism, SaslCondition, ScramHash, StoredKeys};

/// More base64 than any message of the mechanisms here needs.
const MAX_DATA: usize = 6_144;

impl ServerStream {
    pub(super) fn received_sasl(&mut self, element: &Element) {
        match (element.name(), &self.state) {
            ("auth", State::Mechanisms) => self.begin(element),
            ("response" | "abort", State::Sasl(exchange)) if exchange.request.is_none() => self.go_on(element),
            // RFC 6120 §6.4.1: neither before the offer, nor over a running exchange.
            _ => self.close_with(StreamCondition::PolicyViolation),
        }
    }

    /// `<response/>` or `<abort/>`, the same in both profiles.
    pub(super) fn go_on(&mut self, element: &Element) {
        if element.name() == "abort" {
            self.failed(SaslCondition::Aborted);
        } else if !self.waits_for(Waits::Client) {
            self.close_with(StreamCondition::PolicyViolation);
        } else {
            self.respond_with(data(element));
        }
    }

    pub(super) fn respond_with(&mut self, data: Option<Vec<u8>>) {
        match data {
            Some(data) => self.respond(&data),
            None => self.failed(SaslCondition::IncorrectEncoding),
        }
    }

    fn begin(&mut self, element: &Element) {
        let Some(mechanism) = self.exchange(element, None) else { return };
        if element.text().trim().is_empty() && mechanism != Mechanism::Anonymous {
            // RFC 6120 §6.4.2: no initial response; ask for it.
            self.out.push_back(Output::Transmit(Element::new("challenge", ns::SASL)));
            return;
        }
        self.respond_with(data(element));
    }

    /// Begins an exchange of the mechanism asked for, if it is offered.
    pub(super) fn exchange(&mut self, element: &Element, request: Option<Box<Request>>) -> Option<Mechanism> {
        let mechanism = element.attr("mechanism").and_then(Mechanism::from_name);
        let by_token =
            || request.as_ref().filter(|request| self.takes_token(element, request)).map(|_| Mechanism::Token);
        let offered = mechanism.filter(|mechanism| self.config.offered().contains(mechanism)).or_else(by_token);
        self.exchanges = self.exchanges.wrapping_add(1);
        // Nobody can tell one exchange's nonce from another's without the connection's random bytes.
        let mut random = ScramHash::Sha256.hmac(&self.config.nonce, &self.exchanges.to_be_bytes());
        random.truncate(24);
        let begun = offered.unwrap_or(Mechanism::Anonymous);
        self.state = State::Sasl(Box::new(Exchange {
            mechanism: begun,
            sasl: ServerSasl::new(begun),
            waits: Waits::Client,
            account: None,
            random,
            request,
        }));
        if offered.is_none() {
            let unprotected = mechanism == Some(Mechanism::Plain) && self.config.mechanisms.contains(&Mechanism::Plain);
            self.failed(if unprotected { SaslCondition::EncryptionRequired } else { SaslCondition::InvalidMechanism });
        }
        offered
    }

    fn respond(&mut self, data: &[u8]) {
        self.step(|exchange, context| exchange.sasl.response(data, context));
    }

    pub(super) fn credentials(&mut self, token: u32, result: Result<Option<StoredKeys>, CredentialsUnavailable>) {
        if token != self.token || !self.waits_for(Waits::Credentials) {
            return;
        }
        match result {
            Ok(keys) => self.step(|exchange, context| {
                let account = exchange.account.as_ref().map(BareJid::as_str).unwrap_or_default();
                exchange.sasl.credentials(keys, account, context)
            }),
            Err(CredentialsUnavailable) => self.failed(SaslCondition::TemporaryAuthFailure),
        }
    }

    pub(super) fn derived(&mut self, token: u32, salted_password: &[u8]) {
        if token != self.token || !self.waits_for(Waits::Derivation) {
            return;
        }
        if salted_password.is_empty() {
            return self.failed(SaslCondition::TemporaryAuthFailure);
        }
        self.step(|exchange, _| exchange.sasl.derived(salted_password));
    }

    pub(super) fn waits_for(&self, whom: Waits) -> bool {
        matches!(&self.state, State::Sasl(exchange) if exchange.waits == whom)
    }

    /// Lets the exchange go on, and does what it wants next.
    fn step(&mut self, go_on: impl FnOnce(&mut Exchange, &Context<'_>) -> Result<Step, SaslCondition>) {
        let State::Sasl(exchange) = &mut self.state else {
            return;
        };
        let random = core::mem::take(&mut exchange.random);
        let context = Context {
            decoy_key: &self.config.decoy_key,
            iterations: self.config.iterations,
            plain_hash: self.config.plain_hash,
            random: &random,
        };
        let result = go_on(exchange, &context);
        exchange.random = random;
        exchange.waits = Waits::Client;
        match result {
            Ok(Step::Challenge(data)) => {
                let challenge = Element::new("challenge", exchange.ns()).with_text(sasl::encode(&data));
                self.out.push_back(Output::Transmit(challenge));
            }
            Ok(Step::Load { username, authzid, hash }) => {
                let account = Jid::from_parts(Some(&username), &self.config.domain, None).ok().and_then(Jid::into_bare);
                // XEP-0388 §2.3: with SASL2, whoever the stream is from.
                let claimed = self.from.as_ref().filter(|_| exchange.request.is_some());
                let account = account.filter(|account| claimed.is_none_or(|from| from.has_bare(account)));
                let Some(account) = account else {
                    return self.failed(SaslCondition::NotAuthorized);
                };
                // RFC 6120 §6.3.8: only the account itself may be acted for.
                if authzid.is_some_and(|authzid| !BareJid::new(&authzid).is_ok_and(|authzid| authzid == account)) {
                    return self.failed(SaslCondition::InvalidAuthzid);
                }
                exchange.account = Some(account.clone());
                exchange.waits = Waits::Credentials;
                self.token = self.token.wrapping_add(1);
                self.out.push_back(Output::LoadCredentials { token: self.token, account, hash });
            }
            Ok(Step::Derive(kdf)) => {
                exchange.waits = Waits::Derivation;
                self.token = self.token.wrapping_add(1);
                self.out.push_back(Output::Derive { token: self.token, kdf });
            }
            Ok(Step::Success(data)) => self.succeeded(data.as_deref()),
            Err(condition) => self.failed(condition),
        }
    }

    pub(super) fn succeeded(&mut self, data: Option<&[u8]>) {
        let State::Sasl(exchange) = &self.state else {
            return;
        };
        let mechanism = exchange.mechanism;
        let account = match mechanism {
            Mechanism::Anonymous => self.config.anonymous.clone(),
            Mechanism::Plain | Mechanism::Scram(_) | Mechanism::Token => exchange.account.clone(),
        };
        let Some(account) = account else {
            return self.failed(SaslCondition::TemporaryAuthFailure);
        };
        if exchange.request.is_some() {
            return self.succeeded_with_request(account, data);
        }
        let mut success = Element::new("success", ns::SASL);
        if let Some(data) = data {
            success.push_text(sasl::encode(data));
        }
        self.state = State::Restart { account: account.clone() };
        self.out.push_back(Output::Transmit(success));
        self.out.push_back(Output::Restarted);
        self.out.push_back(Output::Event(ServerEvent::Authenticated { account, mechanism, inline: None }));
    }

    /// RFC 6120 §6.4.5: the client may try again, but not for ever.
    pub(super) fn failed(&mut self, condition: SaslCondition) {
        let (ns, account) = match core::mem::replace(&mut self.state, State::Mechanisms) {
            State::Sasl(exchange) => (exchange.ns(), exchange.account),
            _ => (ns::SASL, None),
        };
        self.failures += 1;
        let failure = Element::new("failure", ns).with_child(Element::new(condition.name(), ns::SASL));
        self.out.push_back(Output::Transmit(failure));
        self.out.push_back(Output::Event(ServerEvent::AuthFailed { account, condition }));
        if self.failures >= self.config.max_attempts.max(1) {
            self.close(Some(
                StreamError::new(StreamCondition::PolicyViolation).with_text("too many attempts to sign in"),
            ));
        }
    }
}

impl Exchange {
    /// In which namespace both sides speak.
    pub(super) fn ns(&self) -> &'static str {
        if self.request.is_some() { ns::SASL2 } else { ns::SASL }
    }
}

/// The data of an `<auth/>`, `<initial-response/>` or `<response/>`.
pub(super) fn data(element: &Element) -> Option<Vec<u8>> {
    let text = element.text();
    if text.len() > MAX_DATA { None } else { sasl::decode(&text) }
}
