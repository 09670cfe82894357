//! One open transport with its stream: what comes from the shell goes in, what the two machines want done goes out.

mod bosh;

use xmpp::ids::IqId;
use xmpp::stanza::{Iq, StreamError};
use xmpp::time::{Mono, Now};
use xmpp::xep::ping::Ping;
use xmpp::xml::{Element, Limits};
use xmpp_stream::client::{ClientStream, Framing, Input, Output, StreamConfig, StreamEvent};
use xmpp_stream::transport::bosh_client::Session;
use xmpp_stream::transport::websocket;

use super::endpoints::Endpoint;
use crate::api::{self, HttpError, HttpResponse, RequestId, SocketId, Token, Transport};
use crate::core::{Core, Owner};
use bosh::{Bosh, FromBosh};

/// One open transport.
pub(super) struct Link {
    carrier: Carrier,
    /// None: the session was made by somebody else (prebind), and there is nothing to negotiate.
    stream: Option<ClientStream>,
    /// By when the transport must be open, while it is not.
    pub(super) open_by: Option<Mono>,
    stream_timer: Option<Mono>,
    derivations: Vec<(Token, u32)>,
    over: bool,
}

enum Carrier {
    WebSocket(SocketId),
    Bosh(Box<Bosh>),
}

/// What the connection must know.
pub(super) enum LinkEvent {
    /// From the stream.
    Stream(StreamEvent),
    /// The session that somebody else made answers.
    Attached,
}

impl Link {
    /// A transport to this address.
    pub(super) fn open(core: &mut Core, endpoint: Endpoint, config: StreamConfig) -> Self {
        match endpoint.transport {
            Transport::WebSocket => Self::websocket(core, endpoint.url, config),
            Transport::Bosh => Self::bosh(core, endpoint.url, config),
        }
    }

    fn websocket(core: &mut Core, url: String, config: StreamConfig) -> Self {
        let socket = core.socket();
        core.out.push_back(api::Output::OpenSocket { socket, url });
        let stream = ClientStream::new(Framing::WebSocket, config);
        let open_by = core.now.mono.after(u64::from(core.settings.websocket_timeout_ms));
        Self { open_by: Some(open_by), ..Self::new(Carrier::WebSocket(socket), Some(stream)) }
    }

    fn bosh(core: &mut Core, url: String, config: StreamConfig) -> Self {
        let from = config.jid.as_ref().filter(|_| config.secure).map(ToString::to_string);
        let bosh = Bosh::start(core, url, config.domain.clone(), from, None);
        Self::new(Carrier::Bosh(Box::new(bosh)), Some(ClientStream::new(Framing::Bosh, config)))
    }

    /// Goes on with a session that the site made.
    pub(super) fn attach(core: &mut Core, url: String, domain: String, session: Session) -> Self {
        let question = Iq::get(IqId::new(core.random.id(12)), None, Ping {});
        let mut bosh = Bosh::start(core, url, domain, None, Some(session));
        // An empty request would be held for as long as nobody writes: a question (XEP-0199 §4.2) shows at once whether the
        // session lives. Its answer has done its work by coming.
        bosh.send(core.now, question.into());
        Self::new(Carrier::Bosh(Box::new(bosh)), None)
    }

    fn new(carrier: Carrier, stream: Option<ClientStream>) -> Self {
        Self { carrier, stream, open_by: None, stream_timer: None, derivations: Vec::new(), over: false }
    }

    /// Whether it was signed in to by SASL2.
    pub(super) fn speaks_sasl2(&self) -> bool {
        self.stream.as_ref().is_some_and(ClientStream::speaks_sasl2)
    }

    pub(super) fn transport(&self) -> Transport {
        match self.carrier {
            Carrier::WebSocket(_) => Transport::WebSocket,
            Carrier::Bosh(_) => Transport::Bosh,
        }
    }

    pub(super) fn is(&self, socket: SocketId) -> bool {
        matches!(self.carrier, Carrier::WebSocket(own) if own == socket)
    }

    pub(super) fn opened(&mut self, now: Now) {
        if self.open_by.take().is_some() {
            self.tell(now, Input::Opened);
        }
    }

    pub(super) fn text(&mut self, now: Now, text: &str) {
        let input = match websocket::parse(text, &Limits::OWN_SERVER) {
            Ok(frame) => frame.into_client_input(),
            Err(error) => Input::Malformed(error.into()),
        };
        self.tell(now, input);
    }

    pub(super) fn closed(&mut self, now: Now) {
        self.over = true;
        self.tell(now, Input::Closed);
    }

    /// Whether the response was one of this link's.
    pub(super) fn response(&mut self, now: Now, request: RequestId, result: &Result<HttpResponse, HttpError>) -> bool {
        match &mut self.carrier {
            Carrier::Bosh(bosh) => bosh.response(now, request, result),
            Carrier::WebSocket(_) => false,
        }
    }

    pub(super) fn derived(&mut self, now: Now, token: Token, key: Vec<u8>) {
        if let Some(at) = self.derivations.iter().position(|(own, _)| *own == token) {
            let (_, token) = self.derivations.remove(at);
            self.tell(now, Input::Derived { token, salted_password: key });
        }
    }

    pub(super) fn timer(&mut self, now: Now) {
        if self.stream_timer.is_some_and(|at| at <= now.mono) {
            self.stream_timer = None;
            self.tell(now, Input::Timer);
        }
        if let Carrier::Bosh(bosh) = &mut self.carrier {
            bosh.timer(now);
        }
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        let bosh = match &self.carrier {
            Carrier::Bosh(bosh) => bosh.deadline(),
            Carrier::WebSocket(_) => None,
        };
        [self.open_by, self.stream_timer, bosh].into_iter().flatten().min()
    }

    pub(super) fn send(&mut self, now: Now, element: Element) {
        match (&mut self.stream, &mut self.carrier) {
            (Some(stream), _) => {
                stream.send(element);
            }
            (None, Carrier::Bosh(bosh)) => bosh.send(now, element),
            // A WebSocket always has a stream.
            (None, Carrier::WebSocket(_)) => {}
        }
    }

    /// Ends the session in an orderly way.
    pub(super) fn close(&mut self, now: Now) {
        match (&mut self.stream, &mut self.carrier) {
            (Some(stream), _) => stream.close(),
            (None, Carrier::Bosh(bosh)) => bosh.terminate(now),
            (None, Carrier::WebSocket(_)) => {}
        }
    }

    /// Ends it because of something the server did.
    pub(super) fn close_with(&mut self, now: Now, error: StreamError) {
        match &mut self.stream {
            Some(stream) => stream.close_with(error),
            None => self.close(now),
        }
    }

    /// Does what the machines want until one of them has something to say.
    pub(super) fn poll(&mut self, core: &mut Core) -> Option<LinkEvent> {
        loop {
            if let Some(output) = self.stream.as_mut().and_then(ClientStream::poll_output) {
                match output {
                    Output::Event(event) => return Some(LinkEvent::Stream(event)),
                    output => self.perform(core, output),
                }
                continue;
            }
            let Carrier::Bosh(bosh) = &mut self.carrier else { return None };
            let input = match bosh.poll(core)? {
                FromBosh::Stream(input) => input,
                FromBosh::Attached => return Some(LinkEvent::Attached),
            };
            match &mut self.stream {
                Some(stream) => stream.handle_input(core.now, input),
                None => {
                    if let Some(event) = bosh::without_stream(input) {
                        return Some(LinkEvent::Stream(event));
                    }
                }
            }
        }
    }

    /// The transport goes away without a word.
    pub(super) fn abandon(mut self, core: &mut Core) {
        self.shut(core);
    }

    fn perform(&mut self, core: &mut Core, output: Output) {
        match (output, &mut self.carrier) {
            (Output::Open(header), Carrier::WebSocket(socket)) => transmit(core, *socket, header.to_websocket()),
            (Output::Open(_), Carrier::Bosh(bosh)) => bosh.restart(core.now),
            (Output::Transmit(element), Carrier::WebSocket(socket)) => {
                transmit(core, *socket, websocket::write(&element))
            }
            (Output::Transmit(element), Carrier::Bosh(bosh)) => bosh.send(core.now, element),
            (Output::Derive { token, kdf }, _) => {
                let outer = core.token(Owner::Connection);
                self.derivations.push((outer, token));
                core.out.push_back(api::Output::Derive { token: outer, kdf });
            }
            (Output::SetTimer(at), _) => self.stream_timer = at,
            (Output::Close, Carrier::WebSocket(socket)) => {
                if !self.over {
                    transmit(core, *socket, websocket::close(None));
                }
                self.shut(core);
            }
            (Output::Close, Carrier::Bosh(bosh)) => bosh.terminate(core.now),
            (Output::Event(_), _) => {}
        }
    }

    fn shut(&mut self, core: &mut Core) {
        match &mut self.carrier {
            Carrier::WebSocket(socket) if !self.over => core.out.push_back(api::Output::CloseSocket(*socket)),
            Carrier::WebSocket(_) => {}
            Carrier::Bosh(bosh) => bosh.abandon(core),
        }
        self.over = true;
    }

    fn tell(&mut self, now: Now, input: Input) {
        if let Some(stream) = &mut self.stream {
            stream.handle_input(now, input);
        }
    }
}

/// Messages are on the device before they come here, so no frame has to wait.
fn transmit(core: &mut Core, socket: SocketId, text: String) {
    core.out.push_back(api::Output::Transmit { socket, text, after: None });
}
