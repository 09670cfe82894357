//! SASL2 (XEP-0388): one request for everything, and its answer. With a token (XEP-0484) that is all there is to say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use xmpp::jid::FullJid;
use xmpp::ns;
use xmpp::xml::Element;

use super::config::TokenUse;
use super::event::StreamEvent;
use super::features::Inline;
use super::machine::{ClientStream, State};
use super::session::{enable_element, enabled, resume_element};
use crate::sasl::client::{ClientSasl, Secret};
use crate::sasl::{AuthCondition, Mechanism, SaslCondition};
use crate::sm;

impl ClientStream {
    /// The server speaks SASL2.
    pub(super) fn begin_sasl2(&mut self, offered: Vec<Mechanism>) {
        let ahead = self.ahead.take();
        match (ahead, self.inline.token) {
            (Some(exchange), true) => self.state = State::Sasl { exchange, untried: offered },
            (Some(_), false) => self.token_not_taken(),
            (None, true) => match self.say_token(self.inline) {
                Some(exchange) => self.state = State::Sasl { exchange, untried: offered },
                None => self.authenticate(offered),
            },
            (None, false) => self.authenticate(offered),
        }
    }

    /// Signs in with the token, if there is one.
    pub(super) fn say_token(&mut self, inline: Inline) -> Option<ClientSasl> {
        let token = self.config.sasl2()?.token.clone()?;
        let (exchange, initial) = ClientSasl::with_token(self.username(), &token.text);
        let element = self.authenticate_element(Mechanism::Token, STANDARD.encode(initial), inline, Some(&token));
        self.transmit(element);
        Some(exchange)
    }

    /// §2.3, with all that can be done in the same request: XEP-0198 §9, XEP-0386 §3.2, XEP-0484 §3.
    pub(super) fn authenticate_element(
        &self,
        mechanism: Mechanism,
        initial: String,
        inline: Inline,
        token: Option<&TokenUse>,
    ) -> Element {
        let mut element = Element::new("authenticate", ns::SASL2).with_attr("mechanism", mechanism.name());
        // §2.2: no `=` here; an element without text is no data.
        let initial = if initial == "=" { String::new() } else { initial };
        element.push(Element::new("initial-response", ns::SASL2).with_text(initial));
        let Some(sasl2) = &self.config.sasl2 else { return element };
        element.push(Element::new("user-agent", ns::SASL2).with_attr("id", sasl2.agent.as_str()));
        if let Some(token) = token {
            let fast = Element::new("fast", ns::FAST).with_attr("count", token.count.to_string());
            if token.invalidate {
                return element.with_child(fast.with_attr("invalidate", "true"));
            }
            element.push(fast);
        } else if inline.token {
            element.push(Element::new("request-token", ns::FAST).with_attr("mechanism", Mechanism::Token.name()));
        }
        if inline.sm
            && let Some(resume) = &self.config.resume
        {
            element.push(resume_element(resume));
        }
        if inline.bind
            && let Some(tag) = &sasl2.tag
        {
            let mut bind = Element::new("bind", ns::BIND2);
            bind.push(Element::new("tag", ns::BIND2).with_text(tag.as_str()));
            if self.config.enable_sm {
                bind.push(enable_element());
            }
            element.push(bind);
        }
        element
    }

    /// XEP-0484 §3.3.
    pub(super) fn token_given(&mut self, success: &Element) {
        let token = success.child("token", ns::FAST).and_then(|token| token.attr("token"));
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            self.event(StreamEvent::Token(token.to_owned()));
        }
    }

    /// §2.6.1: what came of the session in the same answer.
    pub(super) fn succeeded(&mut self, success: &Element) {
        let token = self.config.sasl2.as_ref().and_then(|sasl2| sasl2.token.as_ref());
        if token.is_some_and(|token| token.invalidate) {
            return self.end(StreamEvent::Closed(None));
        }
        if let Some(resumed) = success.child("resumed", ns::SM) {
            return self.resumed(resumed);
        }
        if self.inline.sm && self.config.resume.take().is_some() {
            let h = success.child("failed", ns::SM).and_then(sm::read_h);
            self.event(StreamEvent::ResumeFailed { h });
        }
        let Some(bound) = success.child("bound", ns::BIND2) else {
            self.state = State::Features { authenticated: true };
            return;
        };
        let jid = success.child("authorization-identifier", ns::SASL2).map(Element::text);
        match jid.and_then(|jid| FullJid::new(jid.trim()).ok()) {
            Some(jid) => self.state = State::BoundInline { jid, sm: bound.child("enabled", ns::SM).map(enabled) },
            None => self.unexpected("bound"),
        }
    }

    /// XEP-0484 §4.1: the token is of no use any more; something else may be.
    pub(super) fn token_refused(&mut self, offered: Vec<Mechanism>, condition: Option<SaslCondition>) {
        self.event(StreamEvent::TokenRefused);
        if let Some(sasl2) = &mut self.config.sasl2 {
            sasl2.token = None;
        }
        if self.config.secret == Secret::None {
            return self.auth_failed(condition.map_or(AuthCondition::RefusedOther, AuthCondition::Refused), None);
        }
        self.authenticate(offered);
    }

    /// The server no longer takes tokens, and what was said in advance will end the stream.
    pub(super) fn token_not_taken(&mut self) {
        self.event(StreamEvent::TokenRefused);
        self.auth_failed(AuthCondition::TokenNotTaken, None);
    }
}
