//! A browser's stream carried to another XMPP server over TCP, and back: headers are translated, elements pass as they are.
//!
//! The client signs in to the other server by itself and has its stream management with it, so both ends acknowledge each other and
//! nothing here does so in their place. Toward the client a relay is the part of a [`Link`](super::link::Link) that is otherwise the host.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::sync::oneshot;
use tokio::time::{Duration, timeout};
use tracing::Instrument as _;
use xmpp::StreamError;
use xmpp::ns;
use xmpp::payload::Payload as _;
use xmpp::stanza::StreamCondition;
use xmpp::xml::{Element, Limits};
use xmpp_stream::StreamHeader;
use xmpp_stream::transport::framer::{Framer, FramerEvent};

use super::clock::random_text;
use super::link::{Action, Wake};
use crate::tcp::Socket;
use crate::upstream::{ConnectError, Upstream};

/// Bytes that may wait for the other server before the client is read further.
const WAITING: usize = 64 * 1024;

/// Bytes read at a time.
const CHUNK: usize = 8 * 1024;

/// How long the last words may take to get out, and the other server's to come in.
const GOODBYE: Duration = Duration::from_secs(3);

/// Compression would change what the bytes mean under our hands (XEP-0138).
const COMPRESS: [&str; 2] = ["http://jabber.org/protocol/compress", "http://jabber.org/features/compress"];

/// What a step of SASL says, whichever of the two profiles it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignIn {
    Begins,
    Succeeded,
    /// The credentials are wrong.
    Refused,
    /// For a reason that says nothing about them.
    Failed,
}

/// One connection to another server.
pub(super) struct Relay {
    upstream: Arc<Upstream>,
    state: State,
    framer: Framer,
    chunk: Vec<u8>,
    /// What waits to be written; the last element in it has this number.
    out: Vec<u8>,
    seq: Option<u64>,
    flushed: bool,
    /// The other server's header has been passed on.
    header: bool,
    pub(super) authenticated: bool,
}

enum State {
    Connecting(oneshot::Receiver<Result<Socket, ConnectError>>),
    Open(ReadHalf<Socket>, WriteHalf<Socket>),
    Over,
}

impl Relay {
    /// Begins to connect, with the client's header as the first thing to say.
    pub(super) fn start(upstream: &Arc<Upstream>, header: StreamHeader) -> Self {
        let (done, connecting) = oneshot::channel();
        let connect = {
            let upstream = Arc::clone(upstream);
            async move {
                // Whoever waited may be gone; the connection then closes.
                let _ = done.send(upstream.connect().await);
            }
        };
        tokio::spawn(connect.in_current_span());
        let mut relay = Self {
            upstream: Arc::clone(upstream),
            state: State::Connecting(connecting),
            framer: Framer::new(Limits::OWN_SERVER),
            chunk: vec![0; CHUNK],
            out: Vec::new(),
            seq: None,
            flushed: true,
            header: false,
            authenticated: false,
        };
        relay.header(header);
        relay
    }

    /// A new header of the client, after SASL (RFC 6120 §6.4.6): the other server answers with one of its own.
    pub(super) fn restart(&mut self, header: StreamHeader) {
        self.framer.restart();
        self.header(header);
    }

    fn header(&mut self, header: StreamHeader) {
        // A BOSH restart need not repeat `to`.
        let header = StreamHeader {
            to: Some(self.upstream.domain.clone()),
            version: header.version.or_else(|| Some("1.0".to_owned())),
            id: None,
            ..header
        };
        self.say(&header.to_tcp());
    }

    /// An element of the client, with its number.
    pub(super) fn element(&mut self, seq: u64, element: &Element) {
        let mut text = String::new();
        element.write_to(&mut text, ns::CLIENT);
        self.seq = Some(seq);
        self.say(&text);
    }

    fn say(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.flushed = false;
    }

    /// Whether more of the client can be taken.
    pub(super) fn takes(&self) -> bool {
        matches!(self.state, State::Open(..)) && self.out.len() < WAITING
    }

    /// What comes from the other server, or how writing to it goes on. Safe to cancel.
    pub(super) async fn wait(&mut self, actions: &mut Vec<Action>) -> Wake {
        loop {
            while actions.len() < 32 && !matches!(self.state, State::Over) {
                match self.framer.next() {
                    None => break,
                    Some(Ok(event)) => self.event(event, actions),
                    Some(Err(error)) => {
                        tracing::warn!(%error, domain = self.upstream.domain, "the other server's stream cannot be read");
                        self.fail(StreamCondition::RemoteConnectionFailed, actions);
                    }
                }
            }
            if !actions.is_empty() {
                return Wake::Actions;
            }
            match &mut self.state {
                State::Connecting(connecting) => match connecting.await {
                    Ok(Ok(socket)) => {
                        let (reader, writer) = split(socket);
                        self.state = State::Open(reader, writer);
                    }
                    Ok(Err(error)) => {
                        tracing::warn!(%error, domain = self.upstream.domain, "the other server cannot be reached");
                        self.fail(StreamCondition::RemoteConnectionFailed, actions);
                    }
                    Err(_) => self.fail(StreamCondition::RemoteConnectionFailed, actions),
                },
                State::Open(reader, writer) => tokio::select! {
                    read = reader.read(&mut self.chunk) => match read {
                        Ok(count) if count > 0 => self.framer.push(&self.chunk[..count]),
                        // No end of the stream: the client's session can be resumed there (XEP-0198), once it connects anew.
                        _ if self.authenticated => return Wake::Dropped,
                        _ => self.fail(StreamCondition::RemoteConnectionFailed, actions),
                    },
                    wrote = write(writer, &self.out), if !self.flushed => match wrote {
                        Ok(0) if self.out.is_empty() => {
                            self.flushed = true;
                            actions.extend(self.seq.take().map(Action::Handled));
                        }
                        Ok(count) => drop(self.out.drain(..count)),
                        Err(_) if self.authenticated => return Wake::Dropped,
                        Err(_) => self.fail(StreamCondition::RemoteConnectionFailed, actions),
                    },
                },
                State::Over => return std::future::pending().await,
            }
        }
    }

    fn event(&mut self, event: FramerEvent, actions: &mut Vec<Action>) {
        match event {
            FramerEvent::Whitespace => {}
            FramerEvent::StreamStart(header) => {
                self.header = true;
                actions.push(Action::Header(header));
            }
            FramerEvent::StreamEnd => self.end(None, actions),
            FramerEvent::Element(element) if element.is("error", ns::STREAM) => {
                let error = StreamError::read(&element)
                    .unwrap_or_else(|_| StreamError::new(StreamCondition::UndefinedCondition));
                self.end(Some(error), actions);
            }
            FramerEvent::Element(mut element) => {
                if element.is("features", ns::STREAM) {
                    // TLS is there, and ends here.
                    element.retain_children(|child| child.ns() != ns::TLS && !COMPRESS.contains(&child.ns()));
                }
                let success = sign_in(&element) == Some(SignIn::Succeeded);
                actions.push(Action::Element(element));
                if success && !self.authenticated {
                    self.authenticated = true;
                    actions.push(Action::Authenticated);
                }
            }
        }
    }

    fn fail(&mut self, condition: StreamCondition, actions: &mut Vec<Action>) {
        if !self.header {
            // RFC 6120 §4.9.1.2: a header comes before an error.
            actions.push(Action::Header(StreamHeader {
                from: Some(self.upstream.domain.clone()),
                id: Some(random_text::<16>()),
                version: Some("1.0".to_owned()),
                ..StreamHeader::default()
            }));
        }
        self.end(Some(StreamError::new(condition)), actions);
    }

    fn end(&mut self, error: Option<StreamError>, actions: &mut Vec<Action>) {
        self.state = State::Over;
        actions.push(Action::Close(error));
    }

    /// The client is gone. What it said goes out; its stream is ended only if it has ended it.
    pub(super) fn finish(self, clean: bool) {
        let State::Open(mut reader, mut writer) = self.state else { return };
        let (mut out, mut chunk) = (self.out, self.chunk);
        if clean {
            out.extend_from_slice(b"</stream:stream>");
        }
        let last_words = async move {
            writer.write_all(&out).await?;
            writer.shutdown().await?;
            // What is on its way here is read, or the system would take our words back.
            while reader.read(&mut chunk).await? > 0 {}
            std::io::Result::Ok(())
        };
        tokio::spawn(timeout(GOODBYE, last_words));
    }
}

/// Writes some bytes, or flushes when there are none left and then answers 0.
async fn write(writer: &mut WriteHalf<Socket>, bytes: &[u8]) -> std::io::Result<usize> {
    if bytes.is_empty() {
        writer.flush().await?;
        return Ok(0);
    }
    match writer.write(bytes).await? {
        0 => Err(std::io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}

/// What an element of either side means for signing in (RFC 6120 §6, XEP-0388).
pub(super) fn sign_in(element: &Element) -> Option<SignIn> {
    if element.ns() != ns::SASL && element.ns() != ns::SASL2 {
        return None;
    }
    match element.name() {
        "auth" | "authenticate" => Some(SignIn::Begins),
        "success" => Some(SignIn::Succeeded),
        "failure" if element.child("not-authorized", ns::SASL).is_some() => Some(SignIn::Refused),
        "failure" => Some(SignIn::Failed),
        _ => None,
    }
}

/// Whether the client asks for something that only the two ends of one connection can agree on.
pub(super) fn concerns_the_connection(element: &Element) -> bool {
    element.ns() == ns::TLS || COMPRESS.contains(&element.ns())
}
