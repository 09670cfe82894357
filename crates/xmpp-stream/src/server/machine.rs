//! The machine itself: where a stream is, and what each input means there.

use std::collections::VecDeque;

use xmpp::jid::{BareJid, Jid};
use xmpp::ns;
use xmpp::stanza::{StreamCondition, StreamError};
use xmpp::time::{Mono, Now};
use xmpp::xml::{Element, Limits};

use super::config::{PRE_AUTH_LIMITS, ServerStreamConfig};
use super::event::{Input, Output, ServerEvent};
use super::register::Registration;
use super::sasl2::Request;
use crate::StreamHeader;
use crate::sasl::Mechanism;
use crate::sasl::server::ServerSasl;

/// From the first header to the restarted stream, in milliseconds.
const NEGOTIATION_MS: u64 = 30_000;

/// One client's stream. See the [module](super) for what it does.
pub struct ServerStream {
    pub(super) config: ServerStreamConfig,
    pub(super) state: State,
    pub(super) out: VecDeque<Output>,
    /// Counts requests to the shell, so that a late answer is not taken for a new one.
    pub(super) token: u32,
    pub(super) failures: u32,
    /// Counts exchanges: each gets its own nonce.
    pub(super) exchanges: u32,
    /// STARTTLS can still be done.
    pub(super) starttls: bool,
    /// XEP-0077, before signing in.
    pub(super) registration: Registration,
    /// Who the client says it is, before it has proven that (RFC 6120 §4.7.1).
    pub(super) from: Option<Jid>,
    pub(super) now: Now,
    /// Elements before authentication.
    elements: u32,
    deadline: Option<Mono>,
}

/// Where the stream is.
pub(super) enum State {
    /// Before the first header.
    New,
    /// Mechanisms are offered.
    Mechanisms,
    /// SASL runs.
    Sasl(Box<Exchange>),
    /// Authenticated; the client owes a restart.
    Restart { account: BareJid },
    /// Restarted: everything passes through.
    Established,
    /// Nothing more comes out.
    Over,
}

/// One authentication exchange.
pub(super) struct Exchange {
    pub(super) mechanism: Mechanism,
    pub(super) sasl: ServerSasl,
    pub(super) waits: Waits,
    pub(super) account: Option<BareJid>,
    pub(super) random: Vec<u8>,
    /// What SASL2 has beyond RFC 6120; `None` in the older profile.
    pub(super) request: Option<Box<Request>>,
}

/// Whom an exchange waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    Client,
    Credentials,
    Derivation,
    Tokens,
    TokensChanged,
}

impl ServerStream {
    /// The stream of a connection that has said nothing yet.
    #[must_use]
    pub fn new(config: ServerStreamConfig) -> ServerStream {
        ServerStream {
            config,
            state: State::New,
            out: VecDeque::new(),
            token: 0,
            failures: 0,
            exchanges: 0,
            starttls: false,
            registration: Registration::Off,
            from: None,
            now: Now::default(),
            elements: 0,
            deadline: None,
        }
    }

    /// Takes what happened.
    pub fn handle_input(&mut self, now: Now, input: Input) {
        if matches!(self.state, State::Over) {
            return;
        }
        self.now = now;
        if self.deadline.is_none() && !self.is_established() {
            let deadline = now.mono.after(NEGOTIATION_MS);
            self.deadline = Some(deadline);
            self.out.push_back(Output::SetTimer(Some(deadline)));
        }
        match input {
            // The deadline above is all it is for.
            Input::Opened => {}
            Input::StreamStart(header) => self.stream_start(&header),
            Input::Received(element) => self.received(element),
            Input::Credentials { token, result } => self.credentials(token, result),
            Input::Derived { token, salted_password } => self.derived(token, &salted_password),
            Input::Tokens { token, result } => self.tokens(token, result),
            Input::TokensChanged { token, result } => self.tokens_changed(token, result),
            Input::Registered { token, result } => self.registered(token, result),
            Input::StreamEnd | Input::Closed => self.close(None),
            Input::Malformed(error) => self.close_before_header(error),
            Input::Timer => {
                if self.deadline.is_some_and(|deadline| now.mono >= deadline) {
                    self.close_before_header(StreamError::new(StreamCondition::ConnectionTimeout));
                } else {
                    self.out.push_back(Output::SetTimer(self.deadline));
                }
            }
        }
    }

    /// What to do next; call until `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Whether the client is authenticated and has restarted the stream: elements pass through.
    #[must_use]
    pub fn is_established(&self) -> bool {
        matches!(self.state, State::Established)
    }

    /// What the next element may cost its reader; `later` is what the shell allows the authenticated.
    #[must_use]
    pub fn limits(&self, later: Limits) -> Limits {
        if self.is_established() { later } else { PRE_AUTH_LIMITS }
    }

    /// Ends the stream from this side, such as at shutdown.
    pub fn close(&mut self, error: Option<StreamError>) {
        if matches!(self.state, State::Over) {
            return;
        }
        self.state = State::Over;
        if self.deadline.take().is_some() {
            self.out.push_back(Output::SetTimer(None));
        }
        self.out.push_back(Output::Close(error));
    }

    /// RFC 6120 §4.9.1.2: an error before the client's header still needs a header in front.
    fn close_before_header(&mut self, error: StreamError) {
        if matches!(self.state, State::New | State::Restart { .. }) {
            self.open_reply(None);
        }
        self.close(Some(error));
    }

    pub(super) fn close_with(&mut self, condition: StreamCondition) {
        self.close(Some(StreamError::new(condition)));
    }

    fn open_reply(&mut self, header: Option<&StreamHeader>) {
        // RFC 6120 §4.7.3: every stream has an id of its own, the restarted one too.
        let mut id = self.config.stream_id.clone();
        if matches!(self.state, State::Restart { .. }) {
            id.push_str("-2");
        }
        self.out.push_back(Output::OpenReply(StreamHeader {
            from: Some(self.config.domain.clone()),
            to: None,
            id: Some(id),
            lang: header.and_then(|header| header.lang.clone()).filter(|lang| lang.len() <= 35),
            version: Some("1.0".to_owned()),
        }));
    }

    fn stream_start(&mut self, header: &StreamHeader) {
        if !matches!(self.state, State::New | State::Restart { .. }) {
            return self.close_with(StreamCondition::PolicyViolation);
        }
        self.open_reply(Some(header));
        // A BOSH restart need not repeat `to`.
        let repeats = self.config.bosh && header.to.is_none() && matches!(self.state, State::Restart { .. });
        let domain_is_right = header.to.as_deref().is_some_and(|to| {
            to == self.config.domain || Jid::new(to).is_ok_and(|to| to.is_bare() && to.as_str() == self.config.domain)
        });
        if !domain_is_right && !repeats {
            return self.close_with(StreamCondition::HostUnknown);
        }
        // BOSH clients may leave `xmpp:version` out (XEP-0206 §3).
        let version_is_right = header.is_version_1() || (self.config.bosh && header.version.is_none());
        if !version_is_right {
            return self.close_with(StreamCondition::UnsupportedVersion);
        }
        if let State::Restart { account } = &self.state {
            // RFC 6120 §4.9.3.9.
            if header.from.as_deref().is_some_and(|from| !Jid::new(from).is_ok_and(|from| from.has_bare(account))) {
                return self.close_with(StreamCondition::InvalidFrom);
            }
            self.established();
            let features = self.session_features();
            self.out.push_back(Output::Transmit(features));
        } else {
            self.from = header.from.as_deref().and_then(|from| Jid::new(from).ok());
            self.state = State::Mechanisms;
            self.offer_mechanisms();
        }
    }

    /// RFC 6120 §6.4.1.
    fn offer_mechanisms(&mut self) {
        let mechanisms =
            self.config.offered().into_iter().fold(Element::new("mechanisms", ns::SASL), |all, mechanism| {
                all.with_child(Element::new("mechanism", ns::SASL).with_text(mechanism.name()))
            });
        let features = Element::new("features", ns::STREAM).with_children(self.starttls_feature());
        let features = if self.requires_tls() {
            features
        } else {
            features.with_child(mechanisms).with_children(self.sasl2_feature()).with_children(self.register_feature())
        };
        self.out.push_back(Output::Transmit(features));
    }

    /// The client is who it says, and owes no restart: everything passes through.
    pub(super) fn established(&mut self) {
        self.state = State::Established;
        self.deadline = None;
        self.out.push_back(Output::SetTimer(None));
    }

    /// RFC 6120 §7.4, XEP-0198 §2, and the session that RFC 3921 clients look for.
    pub(super) fn session_features(&mut self) -> Element {
        let session = Element::new("session", ns::SESSION).with_child(Element::new("optional", ns::SESSION));
        let mut features =
            Element::new("features", ns::STREAM).with_child(Element::new("bind", ns::BIND)).with_child(session);
        if self.config.sm {
            features.push(Element::new("sm", ns::SM).with_child(Element::new("optional", ns::SM)));
        }
        features.with_children(core::mem::take(&mut self.config.features))
    }

    fn received(&mut self, element: Element) {
        if element.is("error", ns::STREAM) {
            return self.close(None);
        }
        if self.is_established() {
            return self.out.push_back(Output::Event(ServerEvent::Element(element)));
        }
        if matches!(self.state, State::New) {
            return self.close_before_header(StreamError::new(StreamCondition::NotAuthorized));
        }
        self.elements += 1;
        if self.elements > 4 + 4 * self.config.max_attempts.max(1) {
            return self.close_with(StreamCondition::PolicyViolation);
        }
        if element.ns() == ns::TLS {
            self.received_tls(&element);
        } else if self.requires_tls() {
            self.received_before_tls(&element);
        } else if element.ns() == ns::SASL {
            self.received_sasl(&element);
        } else if element.ns() == ns::SASL2 && self.offers_sasl2() {
            self.received_sasl2(&element);
        } else if matches!(self.state, State::Mechanisms) && self.received_registration(&element) {
            // Answered.
        } else {
            // RFC 6120 §4.9.3.12: stanzas and everything else wait for authentication.
            self.close_before_header(StreamError::new(StreamCondition::NotAuthorized));
        }
    }
}
