//! One TCP connection of a native client (RFC 6120): bytes in, bytes out, STARTTLS, keep-alive, and the end of the stream.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_rustls::TlsAcceptor;
use xmpp::StreamError;
use xmpp::ns;
use xmpp::stanza::StreamCondition;
use xmpp::xml::Element;
use xmpp_stream::server::{Input, PRE_AUTH_LIMITS};
use xmpp_stream::transport::framer::{Framer, FramerEvent};

use super::hub::{Hub, Permit, ended};
use super::link::{Action, Link, Wake};
use crate::http::origin::Client;
use crate::tcp::Socket;

/// How long the peer's part of closing the stream is waited for (RFC 6120 §4.4).
const GOODBYE: Duration = Duration::from_secs(3);

/// How long the TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(15);

/// Bytes read at a time.
const CHUNK: usize = 8 * 1024;

/// Drives a connection until its end; with `direct` it begins with TLS.
pub(crate) async fn run(socket: Socket, tls: TlsAcceptor, direct: bool, hub: Arc<Hub>, client: Client, permit: Permit) {
    tracing::debug!(direct, "tcp opened");
    let link = Link::over_tcp(&hub, client, !direct);
    let framer = Framer::new(PRE_AUTH_LIMITS);
    let mut connection = Connection { socket, tls, link, hub, framer, seq: 0, clean: false, wrote: false };
    let end = if direct && !connection.handshake().await { End::Gone } else { connection.serve().await };
    let Connection { mut socket, link, framer, clean, .. } = connection;
    // The host need not wait for the peer's manners.
    link.gone(clean).await;
    if let End::Closing { error } = end {
        if error {
            // RFC 6120 §4.9.1.1: nothing more is waited for. What the peer still sends is read, or the system would take our words back.
            let _ = socket.shutdown().await;
        }
        // Whatever fails now, the stream is over.
        let _ = timeout(GOODBYE, say_goodbye(&mut socket, framer, clean)).await;
    }
    tracing::debug!(clean, "tcp closed");
    drop(permit);
}

struct Connection {
    socket: Socket,
    tls: TlsAcceptor,
    link: Link,
    hub: Arc<Hub>,
    framer: Framer,
    seq: u64,
    /// The client has ended its stream.
    clean: bool,
    /// Something was sent since the last tick of the keep-alive.
    wrote: bool,
}

/// How a connection ends.
enum End {
    /// The stream's end tag has been sent, after an error or not.
    Closing { error: bool },
    /// There is nobody to say anything to.
    Gone,
}

impl Connection {
    async fn serve(&mut self) -> End {
        let mut shutdown = self.hub.shutdown.subscribe();
        let period = self.hub.config.limits.ping.0;
        let mut ping = interval_at(Instant::now() + period, period);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut chunk = vec![0; CHUNK];
        loop {
            if let Some(end) = self.act().await {
                return end;
            }
            let clock = self.hub.clock;
            let timer = self.link.timer;
            let reads_from = self.link.reads_from();
            let may_read = reads_from.is_some_and(|at| at <= clock.now().mono) && !self.link.awaits_answer();
            // What has arrived already comes first; each element may change how the next is to be read.
            if may_read && self.event().await {
                continue;
            }
            tokio::select! {
                wake = self.link.wait() => match wake {
                    Wake::Actions => {}
                    Wake::Answer(input) => self.link.input(input).await,
                    Wake::Dropped => return End::Gone,
                },
                read = self.socket.read(&mut chunk), if may_read => match read {
                    // No end tag before it: the session may come back (XEP-0198).
                    Ok(0) => return End::Gone,
                    Ok(count) => self.framer.push(&chunk[..count]),
                    Err(error) => {
                        tracing::debug!(%error, "tcp failed");
                        return End::Gone;
                    }
                },
                // Reading goes on by itself once this has passed.
                () = clock.sleep_until(reads_from), if !may_read && !self.link.awaits_answer() && reads_from.is_some() => {}
                () = clock.sleep_until(timer) => self.link.timer_fired().await,
                // RFC 6120 §4.6.1; what is not acknowledged for so long, the system reports as a broken connection.
                _ = ping.tick() => {
                    let silent = !std::mem::take(&mut self.wrote);
                    if silent && self.link.is_established() && !self.write(b" ").await {
                        return End::Gone;
                    }
                    self.wrote = false;
                }
                () = ended(&mut shutdown) => self.link.close(Some(StreamError::new(StreamCondition::SystemShutdown))).await,
            }
        }
    }

    /// Takes the next event out of the bytes that have arrived. `false`: there is none.
    async fn event(&mut self) -> bool {
        self.framer.set_limits(self.link.limits());
        loop {
            match self.framer.next() {
                None => return false,
                Some(Ok(FramerEvent::Whitespace)) => {}
                Some(Ok(FramerEvent::Element(element))) => {
                    self.seq += 1;
                    self.link.element(self.seq, element).await;
                    return true;
                }
                Some(Ok(FramerEvent::StreamStart(header))) => {
                    self.link.input(Input::StreamStart(header)).await;
                    return true;
                }
                Some(Ok(FramerEvent::StreamEnd)) => {
                    self.clean = true;
                    self.link.close(None).await;
                    return true;
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "malformed stream");
                    self.link.input(Input::Malformed(error.into())).await;
                    return true;
                }
            }
        }
    }

    /// Sends what there is to send.
    async fn act(&mut self) -> Option<End> {
        let mut text = String::new();
        for action in self.link.actions() {
            match action {
                Action::Header(header) => text.push_str(&header.to_tcp()),
                Action::Element(element) => element.write_to(&mut text, ns::CLIENT),
                Action::Restarted => self.framer.restart(),
                Action::StartTls => {
                    if !self.write(std::mem::take(&mut text).as_bytes()).await || !self.handshake().await {
                        return Some(End::Gone);
                    }
                }
                Action::Authenticated | Action::Handled(_) => {}
                Action::Close(error) => {
                    let end = End::Closing { error: error.is_some() };
                    if let Some(error) = error {
                        Element::from(error).write_to(&mut text, ns::CLIENT);
                    }
                    text.push_str("</stream:stream>");
                    let written = self.write(text.as_bytes()).await;
                    return Some(if written { end } else { End::Gone });
                }
            }
        }
        (!text.is_empty() && !self.write(text.as_bytes()).await).then_some(End::Gone)
    }

    /// Changes to TLS. What arrived before it is forgotten (RFC 6120 §5.4.3.3): anybody may have put it there.
    async fn handshake(&mut self) -> bool {
        self.framer = Framer::new(PRE_AUTH_LIMITS);
        let Some(stream) = self.socket.take_plain() else { return false };
        match timeout(HANDSHAKE, self.tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                self.socket = Socket::Tls(Box::new(stream.into()));
                true
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "tls handshake failed");
                false
            }
            Err(_) => false,
        }
    }

    /// Writes, unless the peer does not read or the shard has given it up meanwhile.
    async fn write(&mut self, bytes: &[u8]) -> bool {
        self.wrote = true;
        let (socket, link, limit) = (&mut self.socket, &self.link, self.hub.config.limits.write_time.0);
        let work = async {
            socket.write_all(bytes).await?;
            socket.flush().await
        };
        tokio::select! {
            biased;
            sent = timeout(limit, work) => matches!(sent, Ok(Ok(()))),
            () = link.dropped() => false,
        }
    }
}

/// RFC 6120 §4.4: whoever closes first waits for the other's end tag; then the connection is closed.
async fn say_goodbye(socket: &mut Socket, mut framer: Framer, mut said: bool) {
    let mut chunk = vec![0; CHUNK];
    while !said {
        match socket.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(count) => framer.push(&chunk[..count]),
        }
        while let Some(event) = framer.next() {
            said |= matches!(event, Ok(FramerEvent::StreamEnd) | Err(_));
        }
    }
    let _ = socket.shutdown().await;
}
