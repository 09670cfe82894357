//! The real binary over TCP: STARTTLS, TLS from the start, the same sessions as a browser's, and what strangers may try.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use std::time::Duration;

use common::tcp::{HEADER, Native, connector, handshake};
use common::{PATIENCE, Raw, Server, body, password, plain};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use xmpp::Element;
use xmpp_stream::transport::framer::FramerEvent;

const SM: &str = "urn:xmpp:sm:3";

fn chat(to: &str, text: &str) -> String {
    format!("<message to='{to}' type='chat' xmlns='jabber:client'><body>{text}</body></message>")
}

/// A bare connection, in the middle of whatever the test says.
async fn bare(server: &Server) -> Native {
    Native::over(TcpStream::connect(server.xmpp.unwrap()).await.unwrap())
}

/// The condition of a stream error.
fn condition(error: &Element) -> String {
    assert!(error.is("error", "http://etherx.jabber.org/streams"), "{}", error.to_xml());
    error.children().next().unwrap().name().to_owned()
}

#[tokio::test]
async fn a_native_client_and_a_browser_talk() {
    let server = Server::with_tcp(&[]);
    let tls = connector(&server.certificate(), &[]);
    let mut alice = Native::starttls(server.xmpp.unwrap(), &tls).await;
    let features = alice.open().await.to_xml();
    assert!(
        features.contains("SCRAM-SHA-256") && features.contains("PLAIN") && !features.contains("starttls"),
        "{features}"
    );
    let mut alice = Native::starttls(server.xmpp.unwrap(), &tls).await;
    let alice_jid = alice.sign_in("alice").await;
    let (mut bob, _) = Raw::online(server.address, "bob").await;
    alice.send(&chat("bob@localhost", "from a terminal")).await;
    let message = bob.until(|element| element.name() == "message").await;
    assert_eq!((body(&message).as_deref(), message.attr("from")), (Some("from a terminal"), Some(alice_jid.as_str())));
    bob.send(&chat("alice@localhost", "from a page")).await;
    let message = alice.until(|element| element.name() == "message").await;
    assert_eq!(body(&message).as_deref(), Some("from a page"));
    // RFC 6120 §4.4: the end tag is answered, then the connection ends.
    alice.send("</stream:stream>").await;
    while alice.try_next().await.is_some() {}
    assert_eq!(alice.event().await, None);
}

#[tokio::test]
async fn tls_from_the_start_knows_its_protocol() {
    let server = Server::with_tcp(&[]);
    for alpn in [&["xmpp-client"][..], &[]] {
        let stream = TcpStream::connect(server.xmpps.unwrap()).await.unwrap();
        let tls = handshake(stream, &connector(&server.certificate(), alpn)).await.unwrap();
        assert_eq!(tls.get_ref().1.alpn_protocol(), alpn.first().map(|name| name.as_bytes()));
        let mut alice = Native::over(tls);
        assert!(alice.open().await.child("starttls", "urn:ietf:params:xml:ns:xmpp-tls").is_none());
    }
    // XEP-0368 §5: another protocol's client is not meant.
    let stream = TcpStream::connect(server.xmpps.unwrap()).await.unwrap();
    assert!(handshake(stream, &connector(&server.certificate(), &["h2"])).await.is_err());
    Native::direct(server.xmpps.unwrap(), &connector(&server.certificate(), &["xmpp-client"]))
        .await
        .sign_in("alice")
        .await;
}

#[tokio::test]
async fn one_round_trip_signs_in_and_binds() {
    use base64::Engine as _;

    const SASL2: &str = "urn:xmpp:sasl:2";
    let server = Server::with_tcp(&[]);
    let mut alice = Native::direct(server.xmpps.unwrap(), &connector(&server.certificate(), &["xmpp-client"])).await;
    assert!(alice.open().await.child("authentication", SASL2).is_some());
    // XEP-0388 and XEP-0386: no restart, so that a stanza may come close behind.
    let plain = base64::engine::general_purpose::STANDARD.encode("\0alice\0alice-password");
    let authenticate = format!(
        "<authenticate xmlns='{SASL2}' mechanism='PLAIN'><initial-response>{plain}</initial-response><bind xmlns='urn:xmpp:bind:0'/></authenticate>"
    );
    alice.send(&format!("{authenticate}<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>")).await;
    let success = alice.until(|element| element.is("success", SASL2)).await;
    let jid = success.child("authorization-identifier", SASL2).unwrap().text();
    assert!(jid.starts_with("alice@localhost/"), "{}", success.to_xml());
    let pong = alice.until(|element| element.attr("id") == Some("1")).await;
    assert_eq!(pong.attr("type"), Some("result"), "{}", pong.to_xml());
}

#[tokio::test]
async fn what_was_said_before_tls_is_forgotten() {
    let server = Server::with_tcp(&[]);
    let mut stream = TcpStream::connect(server.xmpp.unwrap()).await.unwrap();
    // Somebody on the way puts a sign-in and a half element behind the client's own request, all in one segment.
    let injected = format!(
        "{HEADER}<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>{HEADER}{}<message><bo",
        plain("bob", &password("bob"))
    );
    stream.write_all(injected.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    while !said.ends_with(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") {
        said.push(stream.read_u8().await.unwrap());
    }
    let mut alice = Native::over(handshake(stream, &connector(&server.certificate(), &[])).await.unwrap());
    let features = alice.open().await;
    assert!(features.child("mechanisms", "urn:ietf:params:xml:ns:xmpp-sasl").is_some(), "{}", features.to_xml());
    alice.send("<presence/>").await;
    assert_eq!(condition(&alice.next().await), "not-authorized");
}

#[tokio::test]
async fn bytes_come_as_they_like() {
    let server = Server::with_tcp(&[]);
    let mut slow = bare(&server).await;
    for byte in [HEADER, &plain("alice", &password("alice"))].concat().bytes() {
        slow.io.write_all(&[byte]).await.unwrap();
    }
    slow.until(|element| element.name() == "success").await;
    slow.open().await;
    // All at once, before any answer: what follows a sign-in waits until it is judged.
    let mut hasty = bare(&server).await;
    let bind = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
    hasty.io.write_all([HEADER, &plain("bob", &password("bob")), HEADER, bind].concat().as_bytes()).await.unwrap();
    let mut said = String::new();
    while !said.contains("<jid>bob@localhost/") {
        let mut chunk = [0; 4096];
        let count = tokio::time::timeout(PATIENCE, hasty.io.read(&mut chunk)).await.unwrap().unwrap();
        assert_ne!(count, 0, "{said}");
        said.push_str(&common::text(&chunk[..count]));
    }
}

#[tokio::test]
async fn what_is_no_stream_is_told_so() {
    let server = Server::with_tcp(&[]);
    let deep = format!("{HEADER}<a><b><c><d><e>");
    let large =
        format!("{HEADER}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{}", "A".repeat(9000));
    let comment = format!("{HEADER}<!-- hello -->");
    let elsewhere = HEADER.replace("'localhost'", "'elsewhere.example'");
    let cases = [
        ("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", "not-well-formed"),
        ("<html>", "invalid-namespace"),
        (&deep, "policy-violation"),
        (&large, "policy-violation"),
        (&comment, "restricted-xml"),
        (&elsewhere, "host-unknown"),
    ];
    for (bytes, expected) in cases {
        let mut stranger = bare(&server).await;
        stranger.send(bytes).await;
        // RFC 6120 §4.9.1.2: a header comes before any error.
        assert!(matches!(stranger.event().await, Some(FramerEvent::StreamStart(_))), "{bytes}");
        let mut last = stranger.next().await;
        if last.name() == "features" {
            last = stranger.next().await;
        }
        assert_eq!(condition(&last), expected, "{bytes}");
        assert_eq!(stranger.try_next().await, None);
        assert_eq!(stranger.event().await, None, "and then the connection ends");
    }
}

#[tokio::test]
async fn a_broken_connection_is_resumed_from_a_page() {
    let server = Server::with_tcp(&[]);
    let tls = connector(&server.certificate(), &[]);
    let mut alice = Native::direct(server.xmpps.unwrap(), &tls).await;
    let jid = alice.sign_in("alice").await;
    alice.send(&format!("<enable xmlns='{SM}' resume='true'/>")).await;
    let id = alice.until(|element| element.is("enabled", SM)).await.attr("id").unwrap().to_owned();
    // Gone without a word.
    drop(alice);
    let (mut bob, _) = Raw::online(server.address, "bob").await;
    bob.send(&chat(&jid, "are you there?")).await;
    let mut again = Raw::sign_in(server.address, "alice").await;
    again.send(&format!("<resume xmlns='{SM}' previd='{id}' h='0'/>")).await;
    assert!(again.next().await.is("resumed", SM));
    let message = again.until(|element| element.name() == "message").await;
    assert_eq!(body(&message).as_deref(), Some("are you there?"));
}

#[tokio::test]
async fn limits_hold_for_native_clients_too() {
    let server = Server::with_tcp(&[
        ("CONVERSE_SERVER_LIMITS_SIGN_IN_TIME", "1s"),
        ("CONVERSE_SERVER_LIMITS_SIGN_IN_FAILURES_PER_ADDRESS", "3"),
        ("CONVERSE_SERVER_LIMITS_SESSIONS_PER_ADDRESS", "3"),
    ]);
    // Whoever says nothing, or nothing after the header, or nothing in the TLS handshake, does not stay.
    let mut silent = bare(&server).await;
    let mut idle = bare(&server).await;
    idle.send(HEADER).await;
    assert_eq!(condition(&silent.next().await), "connection-timeout");
    idle.until(|element| element.name() == "features").await;
    assert_eq!(condition(&idle.next().await), "connection-timeout");
    drop((silent, idle));
    // One more than the sessions of an address.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let _three = [bare(&server).await, bare(&server).await, bare(&server).await];
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut fourth = bare(&server).await;
    assert_eq!(fourth.event().await, None);
    drop(_three);
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Guessing is slowed down across connections.
    let guess = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAGd1ZXNz</auth>";
    let mut seen = Vec::new();
    for _ in 0..2 {
        let mut guesser = bare(&server).await;
        guesser.open().await;
        for _ in 0..2 {
            guesser.send(guess).await;
            seen.push(guesser.next().await.children().next().unwrap().name().to_owned());
        }
    }
    assert_eq!(seen, ["not-authorized", "not-authorized", "not-authorized", "temporary-auth-failure"]);
}

#[tokio::test]
async fn a_flood_is_read_slowly_and_nothing_of_it_is_lost() {
    let server = Server::with_tcp(&[
        ("CONVERSE_SERVER_LIMITS_STANZAS_PER_SECOND", "100"),
        ("CONVERSE_SERVER_LIMITS_STANZA_BURST", "50"),
    ]);
    let tls = connector(&server.certificate(), &[]);
    let mut alice = Native::direct(server.xmpps.unwrap(), &tls).await;
    alice.sign_in("alice").await;
    let flood: String =
        (0..250).map(|n| format!("<iq type='get' id='{n}'><ping xmlns='urn:xmpp:ping'/></iq>\n")).collect();
    let start = std::time::Instant::now();
    alice.send(&flood).await;
    for n in 0..250 {
        assert_eq!(alice.next().await.attr("id"), Some(n.to_string().as_str()));
    }
    let took = start.elapsed();
    assert!(took > Duration::from_millis(1500), "{took:?}");
}

#[tokio::test]
async fn a_silent_connection_is_kept_alive_by_white_space() {
    let server = Server::with_tcp(&[("CONVERSE_SERVER_LIMITS_PING", "500ms")]);
    let mut alice = Native::direct(server.xmpps.unwrap(), &connector(&server.certificate(), &[])).await;
    alice.sign_in("alice").await;
    for _ in 0..3 {
        assert_eq!(alice.event().await, Some(FramerEvent::Whitespace));
    }
    // Nor does its own keep-alive hurt.
    alice.send("  \n<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    alice.until(|element| element.attr("id") == Some("1")).await;
}

#[tokio::test]
async fn a_new_certificate_is_shown_from_the_signal_on() {
    let server = Server::with_tcp(&[]);
    let before = connector(&server.certificate(), &[]);
    let mut alice = Native::direct(server.xmpps.unwrap(), &before).await;
    alice.sign_in("alice").await;
    // A client of its own: one that was there before resumes its TLS session and asks for no certificate.
    let stranger = connector(&server.certificate(), &[]);
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(server.data().join("tcp-key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(server.certificate(), made.cert.pem()).unwrap();
    server.signal("HUP");
    let after = connector(&server.certificate(), &[]);
    let mut tries = 0;
    loop {
        let stream = TcpStream::connect(server.xmpps.unwrap()).await.unwrap();
        if handshake(stream, &after).await.is_ok() {
            break;
        }
        tries += 1;
        assert!(tries < 50, "the new certificate is not shown");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let stream = TcpStream::connect(server.xmpps.unwrap()).await.unwrap();
    assert!(handshake(stream, &stranger).await.is_err(), "the old one is gone");
    // Who is there stays there.
    alice.send("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    alice.until(|element| element.attr("id") == Some("1")).await;
}

#[tokio::test]
async fn the_end_of_the_server_is_said() {
    let mut server = Server::with_tcp(&[]);
    let mut alice = Native::direct(server.xmpps.unwrap(), &connector(&server.certificate(), &[])).await;
    alice.sign_in("alice").await;
    server.signal("TERM");
    let error = alice.until(|element| element.name() == "error").await;
    assert_eq!(condition(&error), "system-shutdown");
    assert_eq!(alice.try_next().await, None);
    assert!(server.wait().success());
}

#[tokio::test]
async fn the_signal_does_no_harm_without_native_clients() {
    let server = Server::start();
    server.signal("HUP");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(common::http(server.address, "GET", "/healthz", &[], "").await.status, 200);
}
