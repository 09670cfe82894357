//! The listening sockets: one for streams that begin bare and change to TLS (RFC 6120 §5), one with TLS from the first byte (XEP-0368).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, ServerConfig};
use tracing::Instrument as _;

use super::{Certificate, Socket};
use crate::config::Config;
use crate::http::ServerError;
use crate::http::origin::Client;
use crate::places::Places;
use crate::session::{Hub, ended, tcp};

/// How often the certificate's files are looked at.
const LOOK: Duration = Duration::from_secs(60);

/// XEP-0368 §3: the protocol's name in the TLS handshake.
const ALPN: &[u8] = b"xmpp-client";

/// The bound sockets, not yet accepting.
pub struct Listener {
    bare: Option<TcpListener>,
    tls: Option<TcpListener>,
    places: Arc<Places>,
}

impl Listener {
    /// Binds the addresses of the configuration, if there are any.
    ///
    /// # Errors
    /// When one of them cannot be had.
    pub async fn bind(config: &Config, places: Arc<Places>) -> Result<Self, ServerError> {
        Ok(Self { bare: bind(config.tcp.listen).await?, tls: bind(config.tcp.tls_listen).await?, places })
    }

    /// Whether anything is to be served.
    pub fn is_on(&self) -> bool {
        self.bare.is_some() || self.tls.is_some()
    }

    /// Where it listens, as the beginning of an address: `xmpp://` with STARTTLS, `xmpps://` with TLS from the start.
    pub fn addresses(&self) -> Vec<String> {
        [("xmpp", &self.bare), ("xmpps", &self.tls)]
            .into_iter()
            .filter_map(|(scheme, listener)| Some(format!("{scheme}://{}", listener.as_ref()?.local_addr().ok()?)))
            .collect()
    }

    /// Serves until `shutdown` becomes true.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub async fn run(
        self,
        hub: Arc<Hub>,
        certificate: Arc<Certificate>,
        mut shutdown: watch::Receiver<bool>,
    ) -> Result<(), rustls::Error> {
        let (with_starttls, direct) = (acceptor(&certificate, &[])?, acceptor(&certificate, &[ALPN])?);
        let looking = async {
            let mut ticks = tokio::time::interval(LOOK);
            loop {
                ticks.tick().await;
                let certificate = Arc::clone(&certificate);
                // Files may be on a slow disk. A panic there would be ours to see in the log already.
                let _ = tokio::task::spawn_blocking(move || certificate.refresh()).await;
            }
        };
        tokio::select! {
            () = accept(self.bare, &self.places, &hub, with_starttls, false) => {}
            () = accept(self.tls, &self.places, &hub, direct, true) => {}
            () = looking => {}
            () = ended(&mut shutdown) => {}
        }
        Ok(())
    }
}

async fn bind(address: Option<SocketAddr>) -> Result<Option<TcpListener>, ServerError> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).await.map_err(|source| ServerError::new(address, source))?;
    Ok(Some(listener))
}

fn acceptor(certificate: &Arc<Certificate>, alpn: &[&[u8]]) -> Result<TlsAcceptor, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::<Certificate>::clone(certificate));
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Takes connections for ever; does nothing without a socket.
async fn accept(listener: Option<TcpListener>, places: &Arc<Places>, hub: &Arc<Hub>, tls: TlsAcceptor, direct: bool) {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        let place = places.free().await;
        match listener.accept().await {
            Ok((stream, peer)) => {
                let client = Client::direct(peer.ip(), direct);
                let Some(counted) = places.admit(peer.ip()) else {
                    tracing::debug!(%peer, "too many connections from this address");
                    continue;
                };
                let Some(permit) = hub.admit(client.network) else {
                    tracing::warn!(network = %client.network, "too many sessions");
                    continue;
                };
                prepare(&stream, hub.config.limits.ping.0);
                let (hub, tls) = (Arc::clone(hub), tls.clone());
                let span = tracing::info_span!("tcp", network = %client.network);
                tokio::spawn(
                    async move {
                        tcp::run(Socket::Plain(stream), tls, direct, hub, client, permit).await;
                        drop((place, counted));
                    }
                    .instrument(span),
                );
            }
            Err(error) => {
                // Out of file descriptors, most likely; trying again at once would spin.
                tracing::error!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Small messages leave at once, and a peer that no longer acknowledges what it is sent is noticed.
fn prepare(stream: &TcpStream, ping: Duration) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(2 * ping)) {
        tracing::debug!(%error, "TCP_USER_TIMEOUT was refused");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = ping;
}
