//! The machine itself: where a stream is, and what each input means there.

use std::collections::VecDeque;

use xmpp::jid::{BareJid, FullJid};
use xmpp::ns;
use xmpp::payload::Payload as _;
use xmpp::stanza::StreamError;
use xmpp::time::{Mono, Now};
use xmpp::xml::Element;

use super::config::{Framing, StreamConfig};
use super::event::{Input, Output, SmEnabled, StreamEvent, StreamFailure};
use super::features::Inline;
use crate::StreamHeader;
use crate::sasl::Mechanism;
use crate::sasl::client::ClientSasl;

/// From the open transport to the established session, in milliseconds.
pub(super) const NEGOTIATION_MS: u64 = 30_000;

/// One stream over one transport. See the [module](super) for what it does.
pub struct ClientStream {
    pub(super) framing: Framing,
    pub(super) config: StreamConfig,
    pub(super) state: State,
    pub(super) out: VecDeque<Output>,
    /// The features after authentication.
    pub(super) features: Option<Element>,
    /// The namespace of the profile in use: RFC 6120's or SASL2's.
    pub(super) profile: &'static str,
    /// What the server does together with SASL2.
    pub(super) inline: Inline,
    /// A token that was said before the server's features were here.
    pub(super) ahead: Option<ClientSasl>,
    /// Counts derivations, so that a late answer is not taken for a new one.
    pub(super) token: u32,
    pub(super) exchanges: u8,
    deadline: Option<Mono>,
    /// What is wrong with the server's header. A stream error that follows says more, so this waits for the next element.
    bad_header: Option<StreamFailure>,
}

/// Where the stream is.
pub(super) enum State {
    /// Before [`Input::Opened`].
    New,
    /// A header went out, the server's has not come.
    Header { authenticated: bool },
    /// The server's features have not come.
    Features { authenticated: bool },
    /// SASL runs.
    Sasl { exchange: ClientSasl, untried: Vec<Mechanism> },
    /// SASL2's success brought a session; its features have not come.
    BoundInline { jid: FullJid, sm: Option<SmEnabled> },
    /// `<resume/>` went out.
    Resuming,
    /// The bind request went out.
    Binding { with_resource: bool },
    /// The legacy session request went out.
    Session { jid: FullJid },
    /// `<enable/>` went out.
    Enabling { jid: FullJid },
    /// Bound or resumed.
    Established,
    /// Nothing more comes out.
    Over,
}

impl ClientStream {
    /// A stream over a transport that is not open yet.
    #[must_use]
    pub fn new(framing: Framing, config: StreamConfig) -> ClientStream {
        ClientStream {
            framing,
            config,
            state: State::New,
            out: VecDeque::new(),
            features: None,
            profile: ns::SASL,
            inline: Inline::ALL,
            ahead: None,
            token: 0,
            exchanges: 0,
            deadline: None,
            bad_header: None,
        }
    }

    /// Takes what happened.
    pub fn handle_input(&mut self, now: Now, input: Input) {
        if matches!(self.state, State::Over) {
            return;
        }
        match input {
            Input::Opened => self.opened(now),
            Input::StreamStart(header) => self.stream_start(&header),
            Input::Received(element) => self.received(element),
            Input::StreamEnd { see_other_uri } => self.stream_end(see_other_uri),
            Input::Derived { token, salted_password } => self.derived(token, &salted_password),
            Input::Closed => self.transport_closed(),
            Input::Malformed(error) => {
                self.out.push_back(Output::Transmit(Element::from(error.clone())));
                self.end_with_error(error);
            }
            Input::Timer => {
                if self.deadline.is_some_and(|deadline| now.mono >= deadline) {
                    self.fail(StreamFailure::TimedOut);
                } else {
                    // Timers of a page may come a little early.
                    self.out.push_back(Output::SetTimer(self.deadline));
                }
            }
        }
    }

    /// What to do next; call until `None` after every input, [`ClientStream::send`] and [`ClientStream::close`].
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Sends an element on the established stream. False, and nothing sent, when it is not established.
    pub fn send(&mut self, element: Element) -> bool {
        let established = self.is_established();
        if established {
            self.out.push_back(Output::Transmit(element));
        }
        established
    }

    /// Whether the server was signed in to by SASL2, so that its absence will be strange.
    #[must_use]
    pub fn speaks_sasl2(&self) -> bool {
        self.profile == ns::SASL2
    }

    /// Whether the stream is bound or resumed, and not over.
    #[must_use]
    pub fn is_established(&self) -> bool {
        matches!(self.state, State::Established)
    }

    /// Ends the stream properly; the server then ends the session. Does nothing when the stream is over.
    pub fn close(&mut self) {
        if !matches!(self.state, State::Over) {
            self.end(StreamEvent::Closed(None));
        }
    }

    /// Ends the stream because of something the server did, such as [`crate::sm::SmError`].
    pub fn close_with(&mut self, error: StreamError) {
        if !matches!(self.state, State::Over) {
            self.out.push_back(Output::Transmit(Element::from(error)));
            self.end(StreamEvent::Closed(None));
        }
    }

    fn opened(&mut self, now: Now) {
        if !matches!(self.state, State::New) {
            return;
        }
        let deadline = now.mono.after(NEGOTIATION_MS);
        self.deadline = Some(deadline);
        self.out.push_back(Output::SetTimer(Some(deadline)));
        if self.framing == Framing::Bosh {
            // The session's creation was the header, and its answer brings the features.
            self.state = State::Features { authenticated: false };
        } else {
            self.open(false);
            // Header and token travel together: the server answers both at once.
            self.ahead = self.say_token(Inline::ALL);
        }
    }

    /// Sends a stream header: the first, or after authentication another (RFC 6120 §6.4.6).
    pub(super) fn open(&mut self, authenticated: bool) {
        // RFC 6120 §4.7.1: `from` only where it may be read by nobody else.
        let from = self.config.jid.as_ref().filter(|_| self.config.secure).map(ToString::to_string);
        self.out.push_back(Output::Open(StreamHeader {
            to: Some(self.config.domain.clone()),
            from,
            id: None,
            lang: (!self.config.lang.is_empty()).then(|| self.config.lang.clone()),
            version: Some("1.0".to_owned()),
        }));
        self.state = match self.framing {
            Framing::Bosh => State::Features { authenticated },
            Framing::WebSocket | Framing::Tcp => State::Header { authenticated },
        };
    }

    fn stream_start(&mut self, header: &StreamHeader) {
        let State::Header { authenticated } = self.state else {
            return self.unexpected("open");
        };
        if let Some(from) = &header.from
            && !from.eq_ignore_ascii_case(&self.config.domain)
            && !BareJid::new(from).is_ok_and(|from| from.as_str() == self.config.domain)
        {
            self.bad_header = Some(StreamFailure::FromMismatch(from.clone()));
        } else if !header.is_version_1() {
            self.bad_header = Some(StreamFailure::UnsupportedVersion);
        }
        self.state = State::Features { authenticated };
    }

    fn received(&mut self, element: Element) {
        if let Some(error) = stream_error(&element) {
            return self.end_with_error(error);
        }
        if let Some(failure) = self.bad_header.take() {
            return self.fail(failure);
        }
        if element.is("features", ns::STREAM) {
            return self.received_features(element);
        }
        match element.ns() {
            ns if ns == self.profile && matches!(self.state, State::Sasl { .. }) => self.received_sasl(&element),
            _ if self.is_established() => self.event(StreamEvent::Element(element)),
            _ => self.received_in_negotiation(element),
        }
    }

    fn received_features(&mut self, features: Element) {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Features { authenticated: false } => self.begin(&features),
            State::Features { authenticated: true } => self.begin_session(features),
            State::BoundInline { jid, sm } => {
                self.features = Some(features);
                self.bound(jid, sm);
            }
            // Some servers repeat their features after a resumption.
            State::Established => self.state = State::Established,
            _ => self.unexpected("features"),
        }
    }

    fn stream_end(&mut self, see_other_uri: Option<String>) {
        let event = match see_other_uri {
            Some(uri) => StreamEvent::Failed(StreamFailure::SeeOtherUri(uri)),
            None if self.is_established() => StreamEvent::Closed(None),
            None => StreamEvent::Failed(StreamFailure::EndedByServer),
        };
        self.end(event);
    }

    fn transport_closed(&mut self) {
        let event =
            if self.is_established() { StreamEvent::Lost } else { StreamEvent::Failed(StreamFailure::ConnectionLost) };
        self.end(event);
    }

    fn end_with_error(&mut self, error: StreamError) {
        let event = if self.is_established() {
            StreamEvent::Closed(Some(error))
        } else {
            StreamEvent::Failed(StreamFailure::Stream(error))
        };
        self.end(event);
    }

    /// The session is there: no more deadline.
    pub(super) fn established(&mut self, event: StreamEvent) {
        self.state = State::Established;
        self.deadline = None;
        self.out.push_back(Output::SetTimer(None));
        self.event(event);
    }

    pub(super) fn event(&mut self, event: StreamEvent) {
        self.out.push_back(Output::Event(event));
    }

    pub(super) fn transmit(&mut self, element: Element) {
        self.out.push_back(Output::Transmit(element));
    }

    pub(super) fn fail(&mut self, failure: StreamFailure) {
        self.end(StreamEvent::Failed(failure));
    }

    /// An element that has no place here ends the attempt; its name may be long, and a stranger wrote it.
    pub(super) fn unexpected(&mut self, name: &str) {
        let name: String = name.chars().take(64).collect();
        self.fail(StreamFailure::Unexpected(name));
    }

    /// The last event, and the last output.
    pub(super) fn end(&mut self, event: StreamEvent) {
        self.state = State::Over;
        if self.deadline.take().is_some() {
            self.out.push_back(Output::SetTimer(None));
        }
        self.event(event);
        self.out.push_back(Output::Close);
    }
}

/// The stream error in this element, if it is one. A server behind a gateway that loses the namespace of the prefix, and one
/// that predates RFC 6120's conditions and writes only text, are understood as well.
fn stream_error(element: &Element) -> Option<StreamError> {
    let has_condition = element.children().any(|child| child.ns() == ns::STREAM_ERROR);
    if element.name() != "error" || (element.ns() != ns::STREAM && !has_condition) {
        return None;
    }
    let mut copy = element.clone();
    copy.set_ns(ns::STREAM);
    let mut error = StreamError::read(&copy).ok()?;
    if !has_condition && error.text.is_none() {
        error.text = Some(element.text()).filter(|text| !text.trim().is_empty());
    }
    Some(error)
}
