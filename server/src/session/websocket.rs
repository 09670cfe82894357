//! One WebSocket connection (RFC 7395): frames in, frames out, keep-alive, and the closing handshake.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::SinkExt as _;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use xmpp::StreamError;
use xmpp::stanza::StreamCondition;
use xmpp::xml::{Element, Limits};
use xmpp_stream::server::Input;
use xmpp_stream::transport::websocket;

use super::hub::{Hub, Permit, ended};
use super::link::{Action, Link, Wake};
use crate::http::origin::Client;

/// How long the peer's part of the closing handshake is waited for (RFC 7395 §3.6).
const GOODBYE: Duration = Duration::from_secs(3);

/// Drives a connection until its end.
pub(crate) async fn run(socket: WebSocket, hub: Arc<Hub>, client: Client, permit: Permit) {
    let link = Link::new(&hub, client, false);
    tracing::debug!(network = %client.network, "websocket opened");
    let mut connection = Connection { socket, link, hub, seq: 0, clean: false };
    let end = connection.serve().await;
    let Connection { mut socket, link, clean, .. } = connection;
    // The host need not wait for the peer's manners.
    link.gone(clean).await;
    if end == End::Closing {
        // Whatever fails now, the stream is over.
        let _ = timeout(GOODBYE, say_goodbye(&mut socket, clean)).await;
    }
    tracing::debug!(clean, "websocket closed");
    drop(permit);
}

struct Connection {
    socket: WebSocket,
    link: Link,
    hub: Arc<Hub>,
    seq: u64,
    /// The client has ended its stream.
    clean: bool,
}

/// How a connection ends.
#[derive(PartialEq, Eq)]
enum End {
    /// `<close/>` has been sent.
    Closing,
    /// There is nobody to say anything to.
    Gone,
}

impl Connection {
    async fn serve(&mut self) -> End {
        let mut shutdown = self.hub.shutdown.subscribe();
        let period = self.hub.config.limits.ping.0;
        let mut ping = interval_at(Instant::now() + period, period);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Whether the peer has shown life since the last tick.
        let mut alive = true;
        let mut probed = false;
        loop {
            if let Some(end) = self.act().await {
                return end;
            }
            let clock = self.hub.clock;
            let timer = self.link.timer;
            let reads_from = self.link.reads_from();
            let may_read = reads_from.is_some_and(|at| at <= clock.now().mono);
            tokio::select! {
                wake = self.link.wait() => match wake {
                    Wake::Actions => {}
                    Wake::Answer(input) => self.link.input(input).await,
                    Wake::Dropped => return End::Gone,
                },
                message = self.socket.recv(), if may_read => {
                    alive = true;
                    match message {
                        Some(Ok(message)) => {
                            if !self.message(message).await {
                                return End::Gone;
                            }
                        }
                        Some(Err(error)) => {
                            tracing::debug!(%error, "websocket failed");
                            // What is too large is a fault of the client, and it can be told; a socket that is gone takes no answer anyway.
                            let error = StreamError::new(StreamCondition::PolicyViolation).with_text("the message is too large or not a websocket message");
                            self.link.input(Input::Malformed(error)).await;
                        }
                        None => return End::Gone,
                    }
                }
                // Reading goes on by itself once this has passed.
                () = clock.sleep_until(reads_from), if !may_read && reads_from.is_some() => {}
                () = clock.sleep_until(timer) => self.link.timer_fired().await,
                _ = ping.tick() => {
                    // Unread answers are no sign of death.
                    if probed && !alive && may_read {
                        tracing::debug!("websocket peer does not answer");
                        return End::Gone;
                    }
                    probed = may_read;
                    alive = !may_read;
                    if !self.write([Message::Ping(axum::body::Bytes::new())]).await {
                        return End::Gone;
                    }
                }
                () = ended(&mut shutdown) => self.link.close(Some(StreamError::new(StreamCondition::SystemShutdown))).await,
            }
        }
    }

    /// One message of the client. `false`: the socket is closed.
    async fn message(&mut self, message: Message) -> bool {
        match message {
            Message::Text(text) => match websocket::parse(text.as_str(), &self.link.limits()) {
                Ok(frame) => match frame.into_server_input() {
                    Input::Received(element) => {
                        self.seq += 1;
                        self.link.element(self.seq, element).await;
                    }
                    Input::StreamEnd => {
                        self.clean = true;
                        self.link.close(None).await;
                    }
                    other => self.link.input(other).await,
                },
                Err(error) => self.malformed(error.into()).await,
            },
            // RFC 7395 §3.2: text only.
            Message::Binary(_) => {
                self.malformed(StreamError::new(StreamCondition::PolicyViolation).with_text("messages must be text"))
                    .await
            }
            Message::Ping(_) | Message::Pong(_) => {}
            // No `<close/>` before it: the page was left, and its session may come back (XEP-0198).
            Message::Close(_) => return false,
        }
        true
    }

    async fn malformed(&mut self, error: StreamError) {
        tracing::debug!(condition = ?error.condition, "malformed frame");
        self.link.input(Input::Malformed(error)).await;
    }

    /// Sends what there is to send.
    async fn act(&mut self) -> Option<End> {
        let actions = self.link.actions();
        if actions.is_empty() {
            return None;
        }
        let mut texts = Vec::with_capacity(actions.len());
        let mut closing = false;
        for action in actions {
            match action {
                Action::Header(header) => texts.push(header.to_websocket()),
                Action::Element(element) => texts.push(websocket::write(&element)),
                Action::Authenticated | Action::Handled(_) | Action::Restarted | Action::StartTls => {}
                Action::Close(error) => {
                    texts.extend(error.map(|error| websocket::write(&Element::from(error))));
                    texts.push(websocket::close(None));
                    closing = true;
                }
            }
        }
        if !self.write(texts.into_iter().map(Message::text)).await {
            return Some(End::Gone);
        }
        closing.then_some(End::Closing)
    }

    /// Writes messages together, unless the peer does not read or the shard has given it up meanwhile.
    async fn write(&mut self, messages: impl IntoIterator<Item = Message>) -> bool {
        let (socket, link, limit) = (&mut self.socket, &self.link, self.hub.config.limits.write_time.0);
        let work = async {
            for message in messages {
                socket.feed(message).await?;
            }
            socket.flush().await
        };
        tokio::select! {
            biased;
            sent = timeout(limit, work) => matches!(sent, Ok(Ok(()))),
            () = link.dropped() => false,
        }
    }
}

/// RFC 7395 §3.6.1: whoever closes first waits for the other's `<close/>`; then the WebSocket is closed.
async fn say_goodbye(socket: &mut WebSocket, mut said: bool) {
    while !said {
        match socket.recv().await {
            Some(Ok(Message::Text(text))) => {
                let answer = websocket::parse(text.as_str(), &Limits::default());
                said = matches!(answer, Ok(websocket::Frame::Close { .. }));
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            Some(Ok(_)) => {}
        }
    }
    let _ = socket.send(Message::Close(None)).await;
    let _ = socket.close().await;
}
