//! The connection manager: browsers reach another server's domain through the real binary. The other server is Debian's Prosody or
//! ejabberd, or a socket of the test's own that misbehaves.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use common::bosh::{Bosh, HTTPBIND};
use common::machine::{config, sign_in};
use common::other::{self, DOMAIN, Other};
use common::{FRAMING, PATIENCE, Raw, Server, body};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use xmpp::Element;
use xmpp::ids::SmId;
use xmpp_stream::client::{Resume, StreamEvent};

/// A server that hosts `localhost` and reaches Prosody's domain by these lines.
fn server(lines: &str, environment: &[(&str, &str)]) -> Server {
    let dir = tempfile::tempdir().unwrap();
    for user in ["alice", "bob"] {
        common::add_user(dir.path(), user);
    }
    let file = dir.path().join("config.toml");
    std::fs::write(&file, format!("[[upstream]]\ndomain = '{DOMAIN}'\n{lines}\n")).unwrap();
    Server::on(dir, &["--config", file.to_str().unwrap()], environment)
}

fn starttls(address: SocketAddr, ca: &Path) -> String {
    format!("address = '{address}'\nca_file = '{}'", ca.display())
}

fn chat(to: &str, text: &str) -> String {
    format!("<message xmlns='jabber:client' to='{to}' type='chat' id='{text}'><body>{text}</body></message>")
}

async fn open(raw: &mut Raw, to: &str) -> Element {
    raw.send(&format!("<open xmlns='{FRAMING}' to='{to}' version='1.0' xml:lang='en'/>")).await;
    let open = raw.next().await;
    assert!(open.is("open", FRAMING), "{}", open.to_xml());
    raw.next().await
}

/// The condition of a stream error.
fn condition(error: &Element) -> String {
    assert!(error.is("error", "http://etherx.jabber.org/streams"), "{}", error.to_xml());
    error.children().next().unwrap().name().to_owned()
}

/// Signs in over a WebSocket by our own client machine and becomes available; returns the full JID and the session's id.
async fn online(server: &Server, user: &str) -> (Raw, String, SmId) {
    let mut raw = Raw::connect(server.address).await;
    let event = sign_in(&mut raw, config(&format!("{user}@{DOMAIN}"), &format!("{user}-password"), None)).await;
    let StreamEvent::Bound { jid, sm, .. } = event else { panic!("{event:?}") };
    raw.send("<presence xmlns='jabber:client'/>").await;
    raw.until(|element| element.name() == "presence").await;
    (raw, jid.as_str().to_owned(), sm.unwrap().id.unwrap())
}

async fn heard(raw: &mut Raw) -> String {
    body(&raw.until(|element| element.name() == "message" && body(element).is_some()).await).unwrap()
}

#[tokio::test]
async fn websockets_reach_prosody_and_resume_there() {
    websockets_reach_and_resume(Other::prosody()).await;
}

#[tokio::test]
async fn websockets_reach_ejabberd_and_resume_there() {
    websockets_reach_and_resume(Other::ejabberd()).await;
}

async fn websockets_reach_and_resume(other: Other) {
    let server = server(&starttls(other.c2s, &other.ca_file()), &[]);
    let (mut alice, alice_jid, id) = online(&server, "alice").await;
    let (mut bob, bob_jid, _) = online(&server, "bob").await;
    alice.send(&chat(&bob_jid, "one")).await;
    assert_eq!(heard(&mut bob).await, "one");
    bob.send(&chat(&alice_jid, "two")).await;
    assert_eq!(heard(&mut alice).await, "two");
    // Gone without a word: the other server keeps the session, and what comes meanwhile.
    drop(alice);
    bob.send(&chat(&alice_jid, "three")).await;
    bob.send(&format!("<iq xmlns='jabber:client' type='get' id='p' to='{DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>"))
        .await;
    bob.until(|element| element.attr("id") == Some("p")).await;
    let mut alice = Raw::connect(server.address).await;
    // Presence and the message were handled.
    let resume = Resume { previd: id.clone(), h: 2 };
    let event = sign_in(&mut alice, config(&format!("alice@{DOMAIN}"), "alice-password", Some(resume))).await;
    assert!(matches!(&event, StreamEvent::Resumed { previd, .. } if *previd == id), "{event:?}\n{}", other.log());
    assert_eq!(heard(&mut alice).await, "three");
    // RFC 7395 §3.6: an end in order is one there as well, so that nothing is left to resume.
    alice.send(&format!("<close xmlns='{FRAMING}'/>")).await;
    while alice.try_next().await.is_some() {}
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        bob.send(&format!(
            "<iq xmlns='jabber:client' type='get' id='q' to='{alice_jid}'><ping xmlns='urn:xmpp:ping'/></iq>"
        ))
        .await;
        let answer = bob.until(|element| element.attr("id") == Some("q")).await;
        if answer.to_xml().contains("service-unavailable") {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{}", answer.to_xml());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn bosh_reaches_prosody_over_tls_from_the_start() {
    bosh_reaches_over_tls_from_the_start(Other::prosody()).await;
}

#[tokio::test]
async fn bosh_reaches_ejabberd_over_tls_from_the_start() {
    bosh_reaches_over_tls_from_the_start(Other::ejabberd()).await;
}

async fn bosh_reaches_over_tls_from_the_start(other: Other) {
    let lines = format!("tls = 'direct'\n{}", starttls(other.direct, &other.ca_file()));
    let server = server(&lines, &[]);
    let (mut alice, alice_jid) = Bosh::online_at(server.address, DOMAIN, "alice", 2).await;
    let (mut bob, bob_jid, _) = online(&server, "bob").await;
    alice.send(&chat(&bob_jid, "over BOSH")).await;
    assert_eq!(heard(&mut bob).await, "over BOSH");
    bob.send(&chat(&alice_jid, "over WebSocket")).await;
    let message = alice.until("", |element| element.name() == "message" && body(element).is_some()).await;
    assert_eq!(body(&message).as_deref(), Some("over WebSocket"));
    // The host itself is there as before.
    Raw::online(server.address, "alice").await;
    alice.request("type='terminate'", "<presence xmlns='jabber:client' type='unavailable'/>").await;
}

#[tokio::test]
async fn nothing_but_the_configured_domains() {
    let stranger = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = server("address = '127.0.0.1:1'", &[("CONVERSE_SERVER_TCP_LISTEN", "127.0.0.1:0")]);
    for to in [
        &format!("127.0.0.1:{}", stranger.local_addr().unwrap().port()),
        "127.0.0.1",
        "elsewhere.test",
        "alice@people.test",
    ] {
        let mut raw = Raw::connect(server.address).await;
        assert_eq!(condition(&open(&mut raw, to).await), "host-unknown", "{to}");
        let creation = format!("<body rid='1' to='{to}' wait='1' hold='1' ver='1.11' xmlns='{HTTPBIND}'/>");
        let answer = Bosh::post(server.address, &creation).await;
        assert!(answer.text().contains("host-unknown"), "{}", answer.text());
    }
    // A native client goes to its server by itself.
    let mut native = common::tcp::Native::over(tokio::net::TcpStream::connect(server.xmpp.unwrap()).await.unwrap());
    native.send(&common::tcp::HEADER.replace("'localhost'", &format!("'{DOMAIN}'"))).await;
    assert_eq!(condition(&native.next().await), "host-unknown");
    // Whoever has begun here does not change over.
    let mut raw = Raw::connect(server.address).await;
    open(&mut raw, "localhost").await;
    raw.send(&format!("<open xmlns='{FRAMING}' to='{DOMAIN}' version='1.0'/>")).await;
    assert_eq!(condition(&raw.next().await), "policy-violation");
    assert!(tokio::time::timeout(Duration::from_millis(300), stranger.accept()).await.is_err());
}

#[tokio::test]
async fn a_certificate_that_is_not_good_is_the_end() {
    let prosody = Other::prosody();
    let other = tempfile::tempdir().unwrap();
    let ca = other.path().join("ca.pem");
    std::fs::write(&ca, other::authority("Another authority").pem()).unwrap();
    let direct = format!("tls = 'direct'\n{}", starttls(prosody.direct, &ca));
    for lines in [starttls(prosody.c2s, &ca), direct, "address = '127.0.0.1:1'".to_owned()] {
        let server = server(&lines, &[("CONVERSE_SERVER_LOG_FILTER", "error")]);
        let mut raw = Raw::connect(server.address).await;
        assert_eq!(condition(&open(&mut raw, DOMAIN).await), "remote-connection-failed");
        assert_eq!(raw.next().await.name(), "close");
        let (mut bosh, created) = Bosh::create_at(server.address, DOMAIN, 2).await;
        let text = if created.attr("condition").is_some() {
            created.to_xml()
        } else {
            let next = format!("<body rid='{}' sid='{}' xmlns='{HTTPBIND}'/>", bosh.rid, bosh.sid);
            bosh.rid += 1;
            Bosh::post(server.address, &next).await.text()
        };
        assert!(text.contains("remote-connection-failed"), "{text}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_the_end() {
    // Prosody's authority vouches, but for people.test only; the configured domain is another.
    let prosody = Other::prosody();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    let lines = starttls(prosody.c2s, &prosody.ca_file());
    std::fs::write(&file, format!("[[upstream]]\ndomain = 'other.test'\n{lines}\n")).unwrap();
    let quiet = [("CONVERSE_SERVER_LOG_FILTER", "error")];
    let server = Server::on(dir, &["--config", file.to_str().unwrap()], &quiet);
    let mut raw = Raw::connect(server.address).await;
    assert_eq!(condition(&open(&mut raw, "other.test").await), "remote-connection-failed");
}

#[tokio::test]
async fn without_starttls_nothing_is_said() {
    let fake = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let quiet = [("CONVERSE_SERVER_LOG_FILTER", "error")];
    let server = server(&format!("address = '{}'", fake.local_addr().unwrap()), &quiet);
    let mut raw = Raw::connect(server.address).await;
    let client = tokio::spawn(async move { condition(&open(&mut raw, DOMAIN).await) });
    let (mut socket, _) = fake.accept().await.unwrap();
    // Somebody on the way has taken STARTTLS out.
    let features = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>";
    socket.write_all(features.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    socket.read_to_end(&mut said).await.unwrap();
    let said = common::text(&said);
    assert!(said.ends_with("version='1.0'>") && said.matches('<').count() == 2, "only our own header: {said}");
    assert_eq!(client.await.unwrap(), "remote-connection-failed");
}

#[tokio::test]
async fn guessing_is_slowed_down_here_because_prosody_sees_one_address_only() {
    let prosody = Other::prosody();
    let limit = [("CONVERSE_SERVER_LIMITS_SIGN_IN_FAILURES_PER_ADDRESS", "3"), ("CONVERSE_SERVER_LOG_FILTER", "error")];
    let server = server(&starttls(prosody.c2s, &prosody.ca_file()), &limit);
    let mut seen = Vec::new();
    // "alice" with "guess", then with the password.
    for data in [
        "AGFsaWNlAGd1ZXNz",
        "AGFsaWNlAGd1ZXNz",
        "AGFsaWNlAGFsaWNlLXBhc3N3b3Jk",
        "AGFsaWNlAGd1ZXNz",
        "AGFsaWNlAGFsaWNlLXBhc3N3b3Jk",
    ] {
        let mut raw = Raw::connect(server.address).await;
        let features = open(&mut raw, DOMAIN).await.to_xml();
        assert!(features.contains("PLAIN") && !features.contains("starttls"), "{features}");
        raw.send(&format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{data}</auth>")).await;
        let answer = raw.next().await;
        seen.push(answer.children().next().map_or_else(|| answer.name(), Element::name).to_owned());
    }
    assert_eq!(seen, ["not-authorized", "not-authorized", "success", "not-authorized", "temporary-auth-failure"]);
}

#[tokio::test]
async fn srv_records_say_where() {
    let prosody = Other::prosody();
    let dns = UdpSocket::bind("127.0.0.1:0").unwrap();
    let lines = format!("dns_server = '{}'\nca_file = '{}'", dns.local_addr().unwrap(), prosody.ca_file().display());
    let port = prosody.c2s.port();
    std::thread::spawn(move || answer_srv(&dns, port));
    let server = server(&lines, &[]);
    let (_raw, jid, _) = online(&server, "alice").await;
    assert!(jid.starts_with("alice@people.test/"), "{jid}");
}

/// A DNS server that knows two SRV records: the first host is not there, the second is Prosody.
fn answer_srv(dns: &UdpSocket, port: u16) {
    let wanted = b"\x0c_xmpp-client\x04_tcp\x06people\x04test\x00\x00\x21\x00\x01";
    let mut query = [0; 512];
    while let Ok((count, from)) = dns.recv_from(&mut query) {
        let known = query[12..count].to_ascii_lowercase().starts_with(wanted);
        let mut answer = query[..2].to_vec();
        // A response with authority; one question, two answers, nothing else. Code 3: no such name.
        answer.extend([0x84, if known { 0 } else { 3 }, 0, 1, 0, if known { 2 } else { 0 }, 0, 0, 0, 0]);
        let question = query[12..count].iter().position(|byte| *byte == 0).unwrap() + 5;
        answer.extend(&query[12..12 + question]);
        for (priority, port) in [(1_u8, 1_u16), (2, port)].into_iter().filter(|_| known) {
            answer.extend([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 17, 0, priority, 0, 0]);
            answer.extend(port.to_be_bytes());
            answer.extend(b"\x09localhost\x00");
        }
        dns.send_to(&answer, from).unwrap();
    }
}
