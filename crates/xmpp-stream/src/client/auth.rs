//! Authentication within the stream (RFC 6120 §6).

use xmpp::ns;
use xmpp::xml::Element;

use super::event::{Output, StreamEvent};
use super::machine::{ClientStream, State};
use crate::sasl::client::{ClientSasl, Step, choose};
use crate::sasl::{self, AuthCondition, Mechanism, SaslCondition};

impl ClientStream {
    /// Begins an exchange with the best of these mechanisms.
    pub(super) fn authenticate(&mut self, mut offered: Vec<Mechanism>) {
        let policy = self.config.policy();
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
                let mut auth = Element::new("auth", ns::SASL).with_attr("mechanism", mechanism.name());
                // ANONYMOUS says nothing: without `=`, some servers answer with an empty challenge, which is fine too.
                if mechanism != Mechanism::Anonymous {
                    auth.push_text(sasl::encode(&initial));
                }
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
                let text = element.text();
                let data = if text.trim().is_empty() { Some(None) } else { sasl::decode(&text).map(Some) };
                let result = match data {
                    Some(data) => exchange.success(data.as_deref()),
                    None => Err(AuthCondition::ServerNotVerified),
                };
                match result {
                    Ok(keys) => {
                        if let Some(keys) = keys {
                            self.event(StreamEvent::ScramKeys(keys));
                        }
                        self.open(true);
                    }
                    // Too late for an abort: the stream is simply not used.
                    Err(condition) => self.auth_failed(condition, None),
                }
            }
            "failure" => {
                let condition = element.children().find(|child| child.name() != "text").map(|child| child.name());
                let condition = condition.and_then(SaslCondition::from_name);
                let text = element.child("text", ns::SASL).map(|text| text.text());
                let untried = core::mem::take(untried);
                let retry =
                    matches!(condition, Some(SaslCondition::InvalidMechanism | SaslCondition::MechanismTooWeak));
                if retry && choose(&untried, &self.config.secret, &self.config.policy()).is_ok() {
                    // The server offered what it does not do. The policy holds for the next one as well.
                    return self.authenticate(untried);
                }
                self.auth_failed(condition.map_or(AuthCondition::RefusedOther, AuthCondition::Refused), text);
            }
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
        let mut response = Element::new("response", ns::SASL);
        if !data.is_empty() {
            response.push_text(sasl::encode(data));
        }
        self.transmit(response);
    }

    /// RFC 6120 §6.4.4. What the server answers no longer matters: the connection goes.
    fn abort(&mut self, condition: AuthCondition) {
        self.transmit(Element::new("abort", ns::SASL));
        self.auth_failed(condition, None);
    }

    fn auth_failed(&mut self, condition: AuthCondition, text: Option<String>) {
        self.end(StreamEvent::AuthFailed { condition, text });
    }
}
