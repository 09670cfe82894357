//! A raw XMPP client over TCP, with TLS that knows one certificate only.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use xmpp::Element;
use xmpp::ns;
use xmpp::xml::Limits;
use xmpp_stream::transport::framer::{Framer, FramerEvent};

use super::{PATIENCE, password, plain};

pub const HEADER: &str = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/// What a stream can run over.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A connection.
pub struct Native {
    pub io: Box<dyn Io>,
    framer: Framer,
}

/// A TLS client that trusts this certificate, with these protocols in its ALPN.
pub fn connector(certificate: &Path, alpn: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// The handshake, with the name of the domain.
pub async fn handshake(stream: TcpStream, connector: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await
}

impl Native {
    pub fn over(io: impl Io + 'static) -> Self {
        Self { io: Box::new(io), framer: Framer::new(Limits::OWN_SERVER) }
    }

    /// TLS from the first byte.
    pub async fn direct(address: SocketAddr, connector: &TlsConnector) -> Self {
        Self::over(handshake(TcpStream::connect(address).await.unwrap(), connector).await.unwrap())
    }

    /// STARTTLS, up to the handshake.
    pub async fn starttls(address: SocketAddr, connector: &TlsConnector) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("{HEADER}<starttls xmlns='{}'/>", ns::TLS);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        while !said.ends_with(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") {
            let mut byte = [0];
            let count = tokio::time::timeout(PATIENCE, stream.read(&mut byte)).await.unwrap().unwrap();
            assert_eq!(count, 1, "the end after {}", super::text(&said));
            said.push(byte[0]);
        }
        Self::over(handshake(stream, connector).await.unwrap())
    }

    pub async fn send(&mut self, text: &str) {
        self.io.write_all(text.as_bytes()).await.unwrap();
        self.io.flush().await.unwrap();
    }

    /// The next event; `None` at the end of the connection.
    pub async fn event(&mut self) -> Option<FramerEvent> {
        loop {
            match self.framer.next() {
                Some(event) => return Some(event.unwrap()),
                None => {
                    let mut chunk = [0; 4096];
                    match tokio::time::timeout(PATIENCE, self.io.read(&mut chunk)).await.expect("bytes in time") {
                        Ok(0) | Err(_) => return None,
                        Ok(count) => self.framer.push(&chunk[..count]),
                    }
                }
            }
        }
    }

    /// The next element; `None` at the end of the stream or of the connection.
    pub async fn try_next(&mut self) -> Option<Element> {
        loop {
            match self.event().await? {
                FramerEvent::Element(element) => return Some(element),
                FramerEvent::StreamEnd => return None,
                FramerEvent::StreamStart(_) | FramerEvent::Whitespace => {}
            }
        }
    }

    pub async fn next(&mut self) -> Element {
        self.try_next().await.expect("the stream goes on")
    }

    pub async fn until(&mut self, wanted: impl Fn(&Element) -> bool) -> Element {
        loop {
            let element = self.next().await;
            if wanted(&element) {
                return element;
            }
        }
    }

    /// Sends a header; returns the features.
    pub async fn open(&mut self) -> Element {
        self.framer.restart();
        self.send(HEADER).await;
        let header = self.event().await;
        let Some(FramerEvent::StreamStart(header)) = header else { panic!("{header:?}") };
        assert_eq!(header.from.as_deref(), Some("localhost"));
        self.next().await
    }

    /// Signs in with PLAIN, binds and becomes available; returns the full JID.
    pub async fn sign_in(&mut self, user: &str) -> String {
        self.open().await;
        self.send(&plain(user, &password(user))).await;
        let answer = self.next().await;
        assert_eq!(answer.name(), "success", "{}", answer.to_xml());
        self.open().await;
        self.send("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>").await;
        let bound = self.next().await;
        assert_eq!(bound.attr("type"), Some("result"), "{}", bound.to_xml());
        let jid = bound.children().next().unwrap().children().next().unwrap().text();
        self.send("<presence/>").await;
        self.until(|element| element.name() == "presence" && element.attr("from") == Some(jid.as_str())).await;
        jid
    }
}
