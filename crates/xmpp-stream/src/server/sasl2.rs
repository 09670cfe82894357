//! SASL2 (XEP-0388), for the server: the same exchanges with less around them, and what is asked for with the first of them.

use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::stanza::StreamCondition;
use xmpp::xml::Element;

use super::auth::data;
use super::event::{Output, ServerEvent};
use super::inline::{Bind, Inline};
use super::machine::{ServerStream, State};
use crate::sasl::{self, Mechanism, SaslCondition, ScramHash};

/// What stands in an `<authenticate/>` beside the mechanism and its initial response.
pub(super) struct Request {
    /// The client's id of itself, if it is a UUID (§2.3).
    pub(super) agent: Option<String>,
    /// XEP-0484 §3.2: it wants a token.
    pub(super) wants_token: bool,
    /// XEP-0484 §3.4: it has one.
    pub(super) fast: Option<Fast>,
    resume: Option<Element>,
    bind: Option<Element>,
    /// What the mechanism says with its success.
    pub(super) additional_data: Option<Vec<u8>>,
    /// The token to give, as an element, once it is stored.
    pub(super) token: Option<Element>,
}

/// How a token is used.
#[derive(Clone, Copy)]
pub(super) struct Fast {
    pub(super) count: Option<u32>,
    pub(super) invalidate: bool,
}

impl ServerStream {
    /// §4: only where nobody else can listen.
    pub(super) fn offers_sasl2(&self) -> bool {
        self.config.sasl2 && self.config.secure
    }

    /// §2.1, XEP-0386 §3.1, XEP-0198 §9, XEP-0484 §3.1.
    pub(super) fn sasl2_feature(&self) -> Option<Element> {
        let offered = self.config.offered();
        if !self.offers_sasl2() || offered.is_empty() {
            return None;
        }
        let mechanism = |ns, mechanism: Mechanism| Element::new("mechanism", ns).with_text(mechanism.name());
        let feature = |var| Element::new("feature", ns::BIND2).with_attr("var", var);
        let mut can = Element::new("inline", ns::BIND2);
        let mut inline = Element::new("inline", ns::SASL2);
        if self.config.sm {
            can.push(feature(ns::SM));
            inline.push(Element::new("sm", ns::SM));
        }
        let mut can = can.with_child(feature(ns::CARBONS));
        if self.config.features.iter().any(|feature| feature.is("csi", ns::CSI)) {
            can.push(feature(ns::CSI));
        }
        inline.push(Element::new("bind", ns::BIND2).with_child(can));
        if self.config.tokens.is_some() {
            inline.push(Element::new("fast", ns::FAST).with_child(mechanism(ns::FAST, Mechanism::Token)));
        }
        let feature = Element::new("authentication", ns::SASL2)
            .with_children(offered.into_iter().map(|offered| mechanism(ns::SASL2, offered)));
        Some(feature.with_child(inline))
    }

    pub(super) fn received_sasl2(&mut self, element: &Element) {
        match (element.name(), &self.state) {
            ("authenticate", State::Mechanisms) => self.begin_sasl2(element),
            ("response" | "abort", State::Sasl(exchange)) if exchange.request.is_some() => self.go_on(element),
            // §2.4: nothing else, and no second request (§5.8).
            _ => self.close_with(StreamCondition::PolicyViolation),
        }
    }

    fn begin_sasl2(&mut self, element: &Element) {
        let Some(mechanism) = self.exchange(element, Some(Box::new(Request::read(element)))) else { return };
        let initial = element.child("initial-response", ns::SASL2);
        match (initial.map(data), mechanism) {
            (Some(Some(initial)), Mechanism::Token) => self.received_token(&initial),
            (Some(initial), _) => self.respond_with(initial),
            (None, Mechanism::Anonymous) => self.respond_with(Some(Vec::new())),
            // §2.2 has no empty challenge, and none of the mechanisms begins with the server.
            (None, _) => self.failed(SaslCondition::MalformedRequest),
        }
    }

    /// The mechanism is content. What is left is a token, if the client wants one.
    pub(super) fn succeeded_with_request(&mut self, account: BareJid, data: Option<&[u8]>) {
        let State::Sasl(exchange) = &mut self.state else { return };
        let is_anonymous = exchange.mechanism == Mechanism::Anonymous;
        if let Some(request) = &mut exchange.request {
            request.additional_data = data.map(<[u8]>::to_vec);
            if core::mem::take(&mut request.wants_token) && !is_anonymous {
                return self.issue_token(account);
            }
        }
        self.authenticated(account);
    }

    /// §2.6.1: all is done but for what the host has to answer.
    pub(super) fn authenticated(&mut self, account: BareJid) {
        let features = self.session_features();
        let State::Sasl(exchange) = &mut self.state else { return };
        let mechanism = exchange.mechanism;
        let Some(request) = exchange.request.take() else { return };
        let mut success = Element::new("success", ns::SASL2);
        if let Some(data) = request.additional_data {
            success.push(Element::new("additional-data", ns::SASL2).with_text(sasl::encode(&data)));
        }
        let bind = request.bind.map(|bind| {
            // XEP-0386 §3.2.1: the same for the same client, and its id is not told.
            let stable = request.agent.as_ref().map(|agent| {
                let client = [account.as_str(), "\0", agent].concat();
                let hash = ScramHash::Sha256.hmac(&self.config.decoy_key, client.as_bytes());
                hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect::<String>()
            });
            Bind::read(&bind, stable.as_deref())
        });
        let success = success.with_children(request.token);
        let inline = Inline { success, resume: request.resume, bind, features };
        self.established();
        let inline = Some(Box::new(inline));
        self.out.push_back(Output::Event(ServerEvent::Authenticated { account, mechanism, inline }));
    }
}

impl Request {
    fn read(element: &Element) -> Request {
        let agent = element.child("user-agent", ns::SASL2).and_then(|agent| agent.attr("id"));
        let fast = element.child("fast", ns::FAST);
        let wanted = element.child("request-token", ns::FAST).and_then(|request| request.attr("mechanism"));
        Request {
            agent: agent.filter(|id| is_uuid(id)).map(str::to_ascii_lowercase),
            wants_token: wanted == Some(Mechanism::Token.name()),
            fast: fast.map(|fast| Fast {
                // A count that is none must not count as absent.
                count: fast.attr("count").map(|count| count.trim().parse().unwrap_or(0)),
                invalidate: matches!(fast.attr("invalidate"), Some("1" | "true")),
            }),
            resume: element.child("resume", ns::SM).cloned(),
            bind: element.child("bind", ns::BIND2).cloned(),
            additional_data: None,
            token: None,
        }
    }
}

/// The form of RFC 9562 §4; which version it claims to be does not matter here.
fn is_uuid(id: &str) -> bool {
    let parts: Vec<&str> = id.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
