//! Authentication within the stream (RFC 6120 §6).

use xmpp::ns;
use xmpp::xml::Element;

use super::event::{Output, StreamEvent, StreamFailure};
use super::features::{self, Inline};
use super::machine::{ClientStream, State};
use crate::sasl::client::{ClientSasl, Policy, Step, choose};
use crate::sasl::{self, AuthCondition, Mechanism, SaslCondition, ScramHash};

impl ClientStream {
    /// Begins with what the server's first features offer.
    pub(super) fn begin(&mut self, features: &Element) {
        let sasl2 = features.child("authentication", ns::SASL2).filter(|_| self.config.sasl2().is_some());
        if let Some(offer) = sasl2 {
            self.profile = ns::SASL2;
            self.inline = Inline::read(offer);
            return self.begin_sasl2(features::mechanisms(offer));
        }
        if self.ahead.is_some() {
            return self.token_not_taken();
        }
        match features.child("mechanisms", ns::SASL) {
            None => self.fail(StreamFailure::NoAuthentication),
            Some(offer) => self.authenticate(features::mechanisms(offer)),
        }
    }

    /// What this attempt accepts.
    fn policy(&self) -> Policy {
        let mut policy = self.config.policy();
        if self.profile == ns::SASL && self.config.sasl2().is_some_and(|sasl2| sasl2.seen) {
            policy.floor = policy.floor.or(Some(ScramHash::Sha1));
        }
        policy
    }

    pub(super) fn username(&self) -> &str {
        self.config.jid.as_ref().and_then(|jid| jid.local()).unwrap_or_default()
    }

    /// Begins an exchange with the best of these mechanisms.
    pub(super) fn authenticate(&mut self, mut offered: Vec<Mechanism>) {
        let policy = self.policy();
        let username = self.config.jid.as_ref().and_then(|jid| jid.local()).unwrap_or_default();
        // Every exchange has a nonce of its own.
        let mut random = self.config.random;
        random[0] = random[0].wrapping_add(self.exchanges);
        self.exchanges = self.exchanges.wrapping_add(1);
        let begun = choose(&offered, &self.config.secret, &policy).and_then(|mechanism| {
            let (exchange, initial) = ClientSasl::start(mechanism, username, &self.config.secret, &policy, &random)?;
            Ok((mechanism, exchange, initial))
        });
        match begun {
            Ok((mechanism, exchange, initial)) => {
                // ANONYMOUS says nothing: without `=`, some servers answer with an empty challenge, which is fine too.
                let said = if mechanism == Mechanism::Anonymous { String::new() } else { sasl::encode(&initial) };
                let auth = if self.profile == ns::SASL2 {
                    self.authenticate_element(mechanism, said, self.inline, None)
                } else {
                    Element::new("auth", ns::SASL).with_attr("mechanism", mechanism.name()).with_text(said)
                };
                self.transmit(auth);
                offered.retain(|other| *other != mechanism);
                self.state = State::Sasl { exchange, untried: offered };
            }
            Err(condition) => self.auth_failed(condition, None),
        }
    }

    /// An element in SASL's namespace while an exchange runs.
    pub(super) fn received_sasl(&mut self, element: &Element) {
        let State::Sasl { exchange, untried } = &mut self.state else {
            return self.unexpected(element.name());
        };
        match element.name() {
            "challenge" => {
                let step = match sasl::decode(&element.text()) {
                    // The challenge that only asks for an initial response.
                    Some(data) if data.is_empty() && exchange.said_all() => Ok(Step::Respond(Vec::new())),
                    Some(data) => exchange.challenge(&data),
                    None => Err(AuthCondition::Malformed),
                };
                match step {
                    Ok(Step::Respond(data)) => self.respond(&data),
                    Ok(Step::Derive(kdf)) => {
                        self.token = self.token.wrapping_add(1);
                        self.out.push_back(Output::Derive { token: self.token, kdf });
                    }
                    Err(condition) => self.abort(condition),
                }
            }
            "success" => {
                let text = if self.profile == ns::SASL2 {
                    element.child("additional-data", ns::SASL2).map(Element::text).unwrap_or_default()
                } else {
                    element.text()
                };
                let data = if text.trim().is_empty() { Some(None) } else { sasl::decode(&text).map(Some) };
                let result = match data {
                    Some(data) => exchange.success(data.as_deref()),
                    None => Err(AuthCondition::ServerNotVerified),
                };
                match result {
                    Ok(keys) => {
                        self.token_given(element);
                        if let Some(keys) = keys {
                            self.event(StreamEvent::ScramKeys(keys));
                        }
                        if self.profile == ns::SASL2 {
                            self.succeeded(element);
                        } else {
                            self.open(true);
                        }
                    }
                    // Too late for an abort: the stream is simply not used.
                    Err(condition) => self.auth_failed(condition, None),
                }
            }
            "failure" => {
                let condition = element.children().find_map(|child| SaslCondition::from_name(child.name()));
                let text = element.child("text", element.ns()).map(|text| text.text());
                let untried = core::mem::take(untried);
                let later = matches!(condition, Some(SaslCondition::TemporaryAuthFailure | SaslCondition::Aborted));
                if exchange.is_token() && !later {
                    return self.token_refused(untried, condition);
                }
                let retry =
                    matches!(condition, Some(SaslCondition::InvalidMechanism | SaslCondition::MechanismTooWeak));
                if retry && choose(&untried, &self.config.secret, &self.policy()).is_ok() {
                    // The server offered what it does not do. The policy holds for the next one as well.
                    return self.authenticate(untried);
                }
                self.auth_failed(condition.map_or(AuthCondition::RefusedOther, AuthCondition::Refused), text);
            }
            // XEP-0388 §2.6.3: more than a password is wanted.
            "continue" => self.auth_failed(AuthCondition::NoMechanism, None),
            name => {
                let name = name.to_owned();
                self.unexpected(&name);
            }
        }
    }

    /// The shell's answer to a derivation. One that is not waited for is ignored.
    pub(super) fn derived(&mut self, token: u32, salted_password: &[u8]) {
        let State::Sasl { exchange, .. } = &mut self.state else {
            return;
        };
        if token != self.token || !exchange.is_deriving() {
            return;
        }
        match exchange.derived(salted_password) {
            Ok(data) => self.respond(&data),
            Err(condition) => self.abort(condition),
        }
    }

    fn respond(&mut self, data: &[u8]) {
        let mut response = Element::new("response", self.profile);
        if !data.is_empty() {
            response.push_text(sasl::encode(data));
        }
        self.transmit(response);
    }

    /// RFC 6120 §6.4.4. What the server answers no longer matters: the connection goes.
    fn abort(&mut self, condition: AuthCondition) {
        self.transmit(Element::new("abort", self.profile));
        self.auth_failed(condition, None);
    }

    pub(super) fn auth_failed(&mut self, condition: AuthCondition, text: Option<String>) {
        self.end(StreamEvent::AuthFailed { condition, text });
    }
}
