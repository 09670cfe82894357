//! The relay to another XMPP server, when that server does what a well-behaved one seldom does. It is a socket of the test's own.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::other::{self, DOMAIN};
use common::{FRAMING, PATIENCE, Raw, Server, body};
use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use xmpp::Element;

const HEADER: &str = "<?xml version='1.0'?><stream:stream from='people.test' id='7' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const BEFORE: &str = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><compression xmlns='http://jabber.org/features/compress'><method>zlib</method></compression><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>";
const AFTER: &str = "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>";

/// The other server's end of a relayed stream.
struct Fake {
    stream: TlsStream<TcpStream>,
}

impl Fake {
    /// Reads until this has come.
    async fn until(&mut self, end: &str) -> String {
        let mut said = Vec::new();
        while !said.ends_with(end.as_bytes()) {
            let byte = tokio::time::timeout(PATIENCE, self.stream.read_u8()).await.unwrap();
            said.push(byte.unwrap_or_else(|error| panic!("{error} after {}", common::text(&said))));
        }
        common::text(&said)
    }

    /// Everything until the connection ends, in order or not.
    async fn rest(&mut self) -> String {
        let mut said = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, self.stream.read_to_end(&mut said)).await.unwrap();
        common::text(&said)
    }

    async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }
}

/// A browser's socket that is signed in, and the other server at the far end.
async fn signed_in(environment: &[(&str, &str)]) -> (Server, Raw, Fake) {
    let (server, mut raw, mut fake) = connected(environment).await;
    raw.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>").await;
    fake.until("</auth>").await;
    fake.say("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>").await;
    assert_eq!(raw.next().await.name(), "success");
    raw.send(&open()).await;
    fake.until("version='1.0'>").await;
    fake.say(&format!("{HEADER}{AFTER}")).await;
    assert!(raw.next().await.is("open", FRAMING));
    assert!(raw.next().await.child("bind", "urn:ietf:params:xml:ns:xmpp-bind").is_some());
    (server, raw, fake)
}

fn open() -> String {
    format!("<open xmlns='{FRAMING}' to='{DOMAIN}' version='1.0'/>")
}

/// As far as the first features.
async fn connected(environment: &[(&str, &str)]) -> (Server, Raw, Fake) {
    let dir = tempfile::tempdir().unwrap();
    let authority = other::authority("Test authority");
    let (certificate, key) = other::certificate(&authority, DOMAIN);
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let file = dir.path().join("config.toml");
    let address = listener.local_addr().unwrap();
    let table = format!("domain = '{DOMAIN}'\naddress = '{address}'\ntls = 'direct'\nca_file = '{}'\n", ca.display());
    std::fs::write(&file, format!("[[upstream]]\n{table}")).unwrap();
    let environment = [environment, &[("CONVERSE_SERVER_LOG_FILTER", "error")]].concat();
    let server = Server::on(dir, &["--config", file.to_str().unwrap()], &environment);

    let mut raw = Raw::connect(server.address).await;
    raw.send(&open()).await;
    let (socket, _) = listener.accept().await.unwrap();
    let mut fake = Fake { stream: TlsAcceptor::from(Arc::new(tls)).accept(socket).await.unwrap() };
    assert!(fake.until("version='1.0'>").await.contains("to='people.test'"));
    fake.say(&format!("{HEADER}{BEFORE}")).await;
    assert_eq!(raw.next().await.attr("from"), Some(DOMAIN));
    let features = raw.next().await;
    assert_eq!(
        features.children().map(Element::name).collect::<Vec<_>>(),
        ["mechanisms"],
        "TLS and bytes are our business"
    );
    (server, raw, fake)
}

#[tokio::test]
async fn elements_pass_whole_and_the_end_is_passed_on() {
    let (_server, mut raw, mut fake) = signed_in(&[]).await;
    // Larger than a client may send, in pieces, with white space between, a prefix and a section of text.
    let long = "x".repeat(1_000_000);
    let text =
        format!("  \n<message xmlns:p='urn:p'><p:q r='1'/><body>{long}<![CDATA[<&>]]></body></message> <presence/>");
    for piece in text.as_bytes().chunks(70_001) {
        fake.stream.write_all(piece).await.unwrap();
        fake.stream.flush().await.unwrap();
    }
    let message = raw.next().await;
    assert!(message.child("q", "urn:p").is_some_and(|child| child.attr("r") == Some("1")));
    assert_eq!(body(&message).unwrap().len(), 1_000_003);
    assert_eq!(raw.next().await.name(), "presence");
    // What the client says last goes out before its end, however close behind that is.
    for number in 0..20 {
        raw.send(&format!("<message xmlns='jabber:client' to='a@b' id='{number}'><body>ü &amp; ö</body></message>"))
            .await;
    }
    raw.send(&format!("<close xmlns='{FRAMING}'/>")).await;
    let said = fake.rest().await;
    assert!(said.starts_with("<message to='a@b' id='0'><body>ü &amp; ö</body></message>"), "{said}");
    assert!(said.matches("<message").count() == 20 && said.ends_with("</stream:stream>"), "{said}");
    assert_eq!(raw.next().await.name(), "close");
}

#[tokio::test]
async fn one_round_trip_needs_no_second_header() {
    // XEP-0388 §2: features come right behind the success, in the same stream.
    let (_server, mut raw, mut fake) = connected(&[]).await;
    raw.send("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>AGEAYg==</initial-response></authenticate>").await;
    assert!(fake.until("</authenticate>").await.contains("xmlns='urn:xmpp:sasl:2'"));
    fake.say(&format!("<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>a@{DOMAIN}/x</authorization-identifier></success>{AFTER}<presence/>")).await;
    assert!(raw.next().await.is("success", "urn:xmpp:sasl:2"));
    assert_eq!(raw.next().await.name(), "features");
    assert_eq!(raw.next().await.name(), "presence");
    // Signed in, it may say more at a time.
    let long = "x".repeat(100_000);
    raw.send(&format!("<message xmlns='jabber:client'><body>{long}</body></message>")).await;
    assert_eq!(fake.until("</message>").await.len(), 100_000 + "<message><body></body></message>".len());
}

#[tokio::test]
async fn before_signing_in_little_is_taken() {
    let (_server, mut raw, _fake) = connected(&[]).await;
    let long = "A".repeat(9_000);
    raw.send(&format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{long}</auth>")).await;
    assert!(raw.next().await.to_xml().contains("policy-violation"));
}

#[tokio::test]
async fn a_lost_connection_is_a_lost_connection() {
    // On the far side: the page is to connect anew and resume, so nothing says that its stream has ended.
    let (_server, mut raw, fake) = signed_in(&[]).await;
    drop(fake);
    assert_eq!(raw.try_next().await, None);
    // On the near side: the other server keeps the session.
    let (_server, mut raw, mut fake) = signed_in(&[]).await;
    raw.send("<presence xmlns='jabber:client'/>").await;
    drop(raw);
    assert_eq!(fake.rest().await, "<presence/>");
}

#[tokio::test]
async fn errors_and_nonsense_end_the_stream() {
    let (_server, mut raw, mut fake) = signed_in(&[]).await;
    fake.say("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>")
        .await;
    assert!(raw.next().await.to_xml().contains("<conflict"));
    assert_eq!(raw.next().await.name(), "close");
    let (_server, mut raw, mut fake) = signed_in(&[]).await;
    fake.say("</stream:stream>").await;
    assert_eq!(raw.next().await.name(), "close", "an end in order");
    for nonsense in ["<message></presence>", "words", "<!-- -->", "\u{1}", "<a:b/>"] {
        let (_server, mut raw, mut fake) = signed_in(&[]).await;
        fake.say(nonsense).await;
        assert!(raw.next().await.to_xml().contains("remote-connection-failed"), "{nonsense}");
        assert_eq!(raw.next().await.name(), "close");
    }
}

#[tokio::test]
async fn bytes_are_not_the_clients_to_change() {
    for request in [
        "<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>",
        "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    ] {
        let (_server, mut raw, mut fake) = signed_in(&[]).await;
        raw.send(request).await;
        assert!(raw.next().await.to_xml().contains("policy-violation"));
        assert_eq!(fake.rest().await, "");
    }
}

#[tokio::test]
async fn who_does_not_read_holds_up_the_other_server_and_not_our_memory() {
    const ALL: usize = 500;
    let (_server, mut raw, mut fake) = signed_in(&[]).await;
    let written = Arc::new(AtomicUsize::new(0));
    let writing = tokio::spawn({
        let written = Arc::clone(&written);
        let stanza = format!("<message><body>{}</body></message>", "x".repeat(100_000));
        async move {
            for _ in 0..ALL {
                fake.say(&stanza).await;
                written.fetch_add(1, Ordering::Relaxed);
            }
            fake
        }
    });
    // What the system keeps for four sockets goes; then it stands still.
    let mut before = usize::MAX;
    while before != written.load(Ordering::Relaxed) {
        before = written.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    assert!(before < ALL, "fifty megabytes have gone somewhere");
    // Once it reads, everything comes.
    let mut seen = 0;
    while seen < ALL {
        match tokio::time::timeout(PATIENCE, raw.socket.next()).await.unwrap() {
            Some(Ok(Message::Text(text))) => seen += usize::from(text.starts_with("<message")),
            Some(Ok(_)) => {}
            end => panic!("{end:?} after {seen} of {ALL}"),
        }
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn the_end_of_our_server_leaves_the_session_to_be_resumed() {
    let (mut server, mut raw, mut fake) = signed_in(&[]).await;
    raw.send("<presence xmlns='jabber:client'/>").await;
    fake.until("<presence/>").await;
    server.signal("TERM");
    assert!(raw.next().await.to_xml().contains("system-shutdown"));
    assert_eq!(fake.rest().await, "", "no end of the stream");
    assert!(server.wait().success());
}

#[tokio::test]
async fn signing_in_may_not_take_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    let address = listener.local_addr().unwrap();
    std::fs::write(&file, format!("[[upstream]]\ndomain = '{DOMAIN}'\naddress = '{address}'\n")).unwrap();
    let quick = [("CONVERSE_SERVER_LIMITS_SIGN_IN_TIME", "500ms"), ("CONVERSE_SERVER_LOG_FILTER", "error")];
    let server = Server::on(dir, &["--config", file.to_str().unwrap()], &quick);
    let mut raw = Raw::connect(server.address).await;
    raw.send(&format!("<open xmlns='{FRAMING}' to='{DOMAIN}' version='1.0'/>")).await;
    // It accepts and says nothing.
    let _silent = listener.accept().await.unwrap();
    assert!(raw.until(|element| element.name() != "open").await.to_xml().contains("connection-timeout"));
}
