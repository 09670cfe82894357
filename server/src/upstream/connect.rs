//! From a configured domain to a protected connection: addresses, TCP, STARTTLS (RFC 6120 §5), certificate.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use xmpp::ns;
use xmpp::xml::{Element, Limits};
use xmpp_stream::StreamHeader;
use xmpp_stream::transport::framer::{Framer, FramerError, FramerEvent};

use super::Upstream;
use crate::config::{HostPort, UpstreamTls};
use crate::tcp::Socket;

/// How long one address may take, to the end of the TLS handshake.
const ATTEMPT: Duration = Duration::from_secs(10);

/// How long all of them together may take.
const ALL: Duration = Duration::from_secs(30);

/// How long the other server may leave what it is sent unacknowledged.
const DEAD: Duration = Duration::from_secs(60);

/// Why a server could not be connected to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The name has no address, nobody listens, or TLS failed; a wrong certificate is such an error too.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Nobody answered in time.
    #[error("no answer in time")]
    TimedOut,
    /// SRV records say that there is no such service, or the host has no address.
    #[error("the domain names no address")]
    NoAddress,
    /// What answered is no XMPP server.
    #[error("the answer is no xmpp stream: {0}")]
    NotXmpp(#[from] FramerError),
    /// Without TLS nothing is sent.
    #[error("the server offers no STARTTLS, or refused it")]
    NoStartTls,
}

impl Upstream {
    /// Connects to the first address that answers, with TLS and the domain's certificate.
    ///
    /// # Errors
    /// The last address's reason when none of them works.
    pub(crate) async fn connect(&self) -> Result<Socket, ConnectError> {
        timeout(ALL, self.connect_to_any()).await.unwrap_or(Err(ConnectError::TimedOut))
    }

    async fn connect_to_any(&self) -> Result<Socket, ConnectError> {
        let hosts = match (&self.address, &self.resolver) {
            (Some(address), _) => vec![address.clone()],
            (None, Some(resolver)) => resolver.targets(self.tls).await,
            (None, None) => Vec::new(),
        };
        let mut last = ConnectError::NoAddress;
        for HostPort { host, port } in hosts {
            let addresses = match lookup_host((host.as_str(), port)).await {
                Ok(addresses) => addresses,
                Err(error) => {
                    last = error.into();
                    continue;
                }
            };
            for address in addresses {
                match timeout(ATTEMPT, self.connect_to(address)).await {
                    Ok(Ok(socket)) => return Ok(socket),
                    Ok(Err(error)) => last = error,
                    Err(_) => last = ConnectError::TimedOut,
                }
                tracing::debug!(domain = self.domain, %address, error = %last, "this address does not work");
            }
        }
        Err(last)
    }

    async fn connect_to(&self, address: SocketAddr) -> Result<Socket, ConnectError> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let socket = socket2::SockRef::from(&stream);
        socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(DEAD))?;
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(DEAD))?;
        if self.tls == UpstreamTls::StartTls {
            self.starttls(&mut stream).await?;
        }
        let tls = self.connector.connect(self.name.clone(), stream).await?;
        Ok(Socket::Tls(Box::new(tls.into())))
    }

    /// The negotiation before the handshake. Whatever else has been read by then is dropped (RFC 6120 §5.4.3.3).
    async fn starttls(&self, stream: &mut TcpStream) -> Result<(), ConnectError> {
        let header =
            StreamHeader { to: Some(self.domain.clone()), version: Some("1.0".to_owned()), ..StreamHeader::default() };
        stream.write_all(header.to_tcp().as_bytes()).await?;
        let mut framer = Framer::new(Limits::default());
        let features = element(stream, &mut framer).await?;
        if !features.is("features", ns::STREAM) || features.child("starttls", ns::TLS).is_none() {
            return Err(ConnectError::NoStartTls);
        }
        stream.write_all(Element::new("starttls", ns::TLS).to_xml().as_bytes()).await?;
        let answer = element(stream, &mut framer).await?;
        if answer.is("proceed", ns::TLS) { Ok(()) } else { Err(ConnectError::NoStartTls) }
    }
}

/// The next element of the other server.
async fn element(stream: &mut TcpStream, framer: &mut Framer) -> Result<Element, ConnectError> {
    let mut chunk = [0; 2048];
    loop {
        match framer.next() {
            Some(Ok(FramerEvent::Element(element))) => return Ok(element),
            Some(Ok(FramerEvent::StreamEnd)) => return Err(ConnectError::NoStartTls),
            Some(Ok(FramerEvent::StreamStart(_) | FramerEvent::Whitespace)) => {}
            Some(Err(error)) => return Err(error.into()),
            None => match stream.read(&mut chunk).await? {
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                count => framer.push(&chunk[..count]),
            },
        }
    }
}
