//! The listening socket: HTTP/1.1 connections with limits that the routes cannot set.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::origin::Peer;
use crate::config::Config;
use crate::places::Places;
use crate::session::ended;

/// How long the head of a request may take: a connection that says nothing is closed after this as well.
const HEAD: Duration = Duration::from_secs(30);

/// Why the server does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Another program has the port.
    #[error("{0}: the address is in use by another program; choose another one with --listen, http.listen or in [tcp]")]
    InUse(SocketAddr),
    /// Anything else.
    #[error("{address}: cannot listen: {source}; correct --listen, http.listen or [tcp]")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ServerError {
    /// From what the system said.
    pub(crate) fn new(address: SocketAddr, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::AddrInUse => Self::InUse(address),
            _ => Self::Bind { address, source },
        }
    }
}

/// A bound socket, not yet accepting.
pub struct Server {
    listener: TcpListener,
    places: Arc<Places>,
}

impl Server {
    /// Binds the address of the configuration; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn bind(config: &Config, places: Arc<Places>) -> Result<Self, ServerError> {
        let address = config.http.listen;
        let listener = TcpListener::bind(address).await.map_err(|source| ServerError::new(address, source))?;
        Ok(Self { listener, places })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves `app` until `shutdown` becomes true; requests under way get their answers.
    pub async fn run(self, app: Router, mut shutdown: watch::Receiver<bool>) {
        let tasks = Arc::new(());
        loop {
            let place = tokio::select! {
                place = self.places.free() => place,
                () = ended(&mut shutdown) => break,
            };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = ended(&mut shutdown) => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let Some(counted) = self.places.admit(peer.ip()) else {
                        tracing::debug!(%peer, "too many connections from this address");
                        continue;
                    };
                    let (app, shutdown, running) = (app.clone(), shutdown.clone(), Arc::clone(&tasks));
                    tokio::spawn(async move {
                        connection(stream, peer, app, shutdown).await;
                        drop((place, counted, running));
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely; trying again at once would spin.
                    tracing::error!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        // The last answers go out; nobody is waited for longer than that takes.
        let patience = tokio::time::Instant::now() + Duration::from_secs(5);
        while Arc::strong_count(&tasks) > 1 && tokio::time::Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, app: Router, mut shutdown: watch::Receiver<bool>) {
    // Chat is small messages that should leave at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        app.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = ended(&mut shutdown) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "http connection ended");
    }
}
