//! The real binary over real WebSockets: signing in, talking, limits, the closing handshake, shutdown.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use std::time::Duration;

use common::machine::{config, sign_in};
use common::{FRAMING, Raw, Server, body, http, plain};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

#[tokio::test]
async fn two_people_talk() {
    let server = Server::start();
    let (mut alice, alice_jid) = Raw::online(server.address, "alice").await;
    let (mut bob, _) = Raw::online(server.address, "bob").await;
    alice.send("<message xmlns='jabber:client' to='bob@localhost' type='chat' id='m1'><body>Hello, Bob &amp; all &lt;3</body></message>").await;
    let message = bob.until(|element| element.name() == "message").await;
    assert_eq!(body(&message).as_deref(), Some("Hello, Bob & all <3"));
    assert_eq!(message.attr("from"), Some(alice_jid.as_str()));
    bob.send("<message xmlns='jabber:client' to='alice@localhost' type='chat' id='m2'><body>Hi</body></message>").await;
    let message = alice.until(|element| element.name() == "message").await;
    assert_eq!(body(&message).as_deref(), Some("Hi"));
}

#[tokio::test]
async fn scram_by_our_own_client_machine() {
    use xmpp_stream::client::StreamEvent;

    let server = Server::start();
    let mut raw = Raw::connect(server.address).await;
    let event = sign_in(&mut raw, config("alice@localhost", "alice-password", None)).await;
    let StreamEvent::Bound { jid, sm, .. } = event else { panic!("{event:?}") };
    assert_eq!(jid.to_bare().as_str(), "alice@localhost");
    assert!(sm.is_some_and(|sm| sm.resume), "stream management is on");
    let mut raw = Raw::connect(server.address).await;
    let event = sign_in(&mut raw, config("alice@localhost", "guess", None)).await;
    assert!(matches!(event, StreamEvent::AuthFailed { .. }), "{event:?}");
}

#[tokio::test]
async fn messages_wait_for_who_is_away_and_stay_in_the_archive() {
    let server = Server::start();
    let (mut alice, _) = Raw::online(server.address, "alice").await;
    alice
        .send("<message xmlns='jabber:client' to='bob@localhost' type='chat' id='m1'><body>later</body></message>")
        .await;
    // The answer to a ping comes after the message before it was dealt with.
    alice.send("<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    alice.until(|element| element.attr("id") == Some("p")).await;
    let (mut bob, _) = Raw::bind(server.address, "bob").await;
    bob.send("<presence xmlns='jabber:client'/>").await;
    let message = bob.until(|element| element.name() == "message").await;
    assert_eq!(body(&message).as_deref(), Some("later"));
    bob.send("<iq xmlns='jabber:client' type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>").await;
    let result = bob.until(|element| element.to_xml().contains("urn:xmpp:mam:2")).await;
    assert!(result.to_xml().contains("later"), "{}", result.to_xml());
}

#[tokio::test]
async fn handshake_demands_the_subprotocol_and_the_origin() {
    let server = Server::with(&[], &[("CONVERSE_SERVER_HTTP_ORIGINS", "https://shop.example")]);
    let upgrade = |origin: Option<&str>, protocol: Option<&str>| {
        let mut request = format!("ws://{}/xmpp-websocket", server.address).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        async move {
            match tokio_tungstenite::connect_async(request).await {
                Ok(_) => 101,
                Err(tokio_tungstenite::tungstenite::Error::Http(response)) => response.status().as_u16(),
                Err(error) => panic!("{error}"),
            }
        }
    };
    let own = format!("http://{}", server.address);
    assert_eq!(upgrade(Some(&own), Some("xmpp")).await, 101);
    assert_eq!(upgrade(Some("https://shop.example"), Some("chat, xmpp")).await, 101);
    assert_eq!(upgrade(Some("https://evil.example"), Some("xmpp")).await, 403);
    assert_eq!(upgrade(None, None).await, 400);
    assert_eq!(upgrade(None, Some("chat")).await, 400);
    assert_eq!(http(server.address, "GET", "/xmpp-websocket", &[], "").await.status, 400);
}

#[tokio::test]
async fn malformed_and_oversize_frames_get_a_stream_error() {
    let server = Server::start();
    let cases = ["<message", "<a/><b/>", "<!DOCTYPE a><a/>", "hello"];
    for case in cases {
        let (mut raw, _) = Raw::online(server.address, "alice").await;
        raw.send(case).await;
        let error = raw.until(|element| element.name() == "error").await;
        assert_eq!(error.ns(), "http://etherx.jabber.org/streams", "{case}");
        assert!(raw.until(|element| element.is("close", FRAMING)).await.is("close", FRAMING));
    }
    let (mut raw, _) = Raw::online(server.address, "alice").await;
    raw.socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert!(raw.until(|element| element.name() == "error").await.to_xml().contains("policy-violation"));

    let (mut raw, _) = Raw::online(server.address, "alice").await;
    let big =
        format!("<message xmlns='jabber:client' to='bob@localhost'><body>{}</body></message>", "x".repeat(300 * 1024));
    // The server may have hung up while the frame was on its way.
    let _ = raw.socket.send(Message::text(big)).await;
    let mut said = Vec::new();
    while let Some(element) = raw.try_next().await {
        said.push(element.name().to_owned());
    }
    assert!(said.is_empty() || said.ends_with(&["error".to_owned(), "close".to_owned()]), "{said:?}");
    // Nobody else has suffered.
    Raw::online(server.address, "bob").await;
}

#[tokio::test]
async fn the_closing_handshake_goes_both_ways() {
    let server = Server::start();
    let (mut raw, _) = Raw::online(server.address, "alice").await;
    raw.send(&format!("<close xmlns='{FRAMING}'/>")).await;
    assert!(raw.next().await.is("close", FRAMING));
    assert!(raw.try_next().await.is_none());
}

#[tokio::test]
async fn shutdown_tells_everybody_and_ends_cleanly() {
    let mut server = Server::start();
    let (mut raw, _) = Raw::online(server.address, "alice").await;
    server.signal("TERM");
    let error = raw.until(|element| element.name() == "error").await;
    assert!(error.to_xml().contains("system-shutdown"), "{}", error.to_xml());
    assert!(raw.next().await.is("close", FRAMING));
    raw.send(&format!("<close xmlns='{FRAMING}'/>")).await;
    assert!(server.wait().success());
    let log = server.data().join("converse.sqlite-wal");
    assert!(!log.exists() || log.metadata().unwrap().len() == 0, "the log was emptied");
}

#[tokio::test]
async fn failed_sign_ins_are_put_off_by_account_and_address() {
    let server = Server::with(
        &[],
        &[
            ("CONVERSE_SERVER_LIMITS_SIGN_IN_FAILURES_PER_ACCOUNT", "3"),
            ("CONVERSE_SERVER_LIMITS_SIGN_IN_FAILURES_PER_ADDRESS", "5"),
        ],
    );
    let attempt = async |user: &str, password: &str| {
        let mut raw = Raw::connect(server.address).await;
        raw.open().await;
        raw.send(&plain(user, password)).await;
        let answer = raw.next().await;
        answer.children().next().map_or(answer.name().to_owned(), |condition| condition.name().to_owned())
    };
    for _ in 0..3 {
        assert_eq!(attempt("alice", "guess").await, "not-authorized");
    }
    assert_eq!(attempt("alice", "alice-password").await, "temporary-auth-failure");
    assert_eq!(attempt("bob", "bob-password").await, "success", "one account's failures are not another's");
    assert_eq!(attempt("nobody", "guess").await, "not-authorized");
    assert_eq!(attempt("nobody", "guess").await, "not-authorized");
    assert_eq!(attempt("bob", "bob-password").await, "temporary-auth-failure", "the address has had enough");
}

#[tokio::test]
async fn sessions_per_address_are_limited() {
    let server = Server::with(&[], &[("CONVERSE_SERVER_LIMITS_SESSIONS_PER_ADDRESS", "2")]);
    let first = Raw::connect(server.address).await;
    let _second = Raw::connect(server.address).await;
    let mut request = format!("ws://{}/xmpp-websocket", server.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "xmpp".parse().unwrap());
    let Err(tokio_tungstenite::tungstenite::Error::Http(response)) = tokio_tungstenite::connect_async(request).await
    else {
        panic!("a third session")
    };
    assert_eq!(response.status(), 503);
    drop(first);
    tokio::time::sleep(Duration::from_millis(300)).await;
    Raw::connect(server.address).await;
}

#[tokio::test]
async fn a_fast_sender_is_slowed_down_and_loses_nothing() {
    let server = Server::with(
        &[],
        &[("CONVERSE_SERVER_LIMITS_STANZAS_PER_SECOND", "50"), ("CONVERSE_SERVER_LIMITS_STANZA_BURST", "20")],
    );
    let (mut alice, _) = Raw::online(server.address, "alice").await;
    let start = std::time::Instant::now();
    for number in 0..70 {
        alice
            .send(&format!("<iq xmlns='jabber:client' type='get' id='p{number}'><ping xmlns='urn:xmpp:ping'/></iq>"))
            .await;
    }
    for number in 0..70 {
        let id = format!("p{number}");
        alice.until(|element| element.attr("id") == Some(id.as_str())).await;
    }
    let took = start.elapsed();
    assert!(took > Duration::from_millis(800), "{took:?}");
}

#[tokio::test]
async fn a_thousand_of_anything_do_not_stop_a_connection() {
    let generous = [
        ("CONVERSE_SERVER_LIMITS_STANZAS_PER_SECOND", "100000"),
        ("CONVERSE_SERVER_LIMITS_STANZA_BURST", "100000"),
        ("CONVERSE_SERVER_LIMITS_OUTBOX", "10000"),
    ];
    let server = Server::with(&[], &generous);
    let (mut alice, _) = Raw::online(server.address, "alice").await;
    let cases = [
        "<r xmlns='urn:xmpp:sm:3'/>",
        "<a xmlns='urn:xmpp:sm:3' h='0'/>",
        "<presence xmlns='jabber:client'><status>x</status></presence>",
        "<message xmlns='jabber:client' to='nobody@localhost'/>",
        "<message xmlns='jabber:client' type='error' to='bob@localhost'/>",
        "<iq xmlns='jabber:client' type='result' id='x'/>",
        "<iq xmlns='jabber:client' type='get'/>",
        "<presence xmlns='jabber:client' to='bob@localhost' type='probe'/>",
        "<message xmlns='jabber:client' to='bob@localhost' type='headline'><body>x</body></message>",
    ];
    alice.send("<enable xmlns='urn:xmpp:sm:3'/>").await;
    alice.until(|element| element.name() == "enabled").await;
    for (number, case) in cases.iter().enumerate() {
        for _ in 0..1000 {
            alice.socket.feed(Message::text(*case)).await.unwrap();
        }
        let id = format!("after-{number}");
        alice.send(&format!("<iq xmlns='jabber:client' type='get' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>")).await;
        alice.until(|element| element.attr("id") == Some(id.as_str())).await;
    }
}

#[tokio::test]
async fn a_silent_peer_is_probed_and_dropped() {
    let server = Server::with(&[], &[("CONVERSE_SERVER_LIMITS_PING", "1s")]);
    let (mut raw, _) = Raw::online(server.address, "alice").await;
    // Polled, the client answers pings by itself and stays.
    let silence = tokio::time::timeout(Duration::from_millis(3500), async {
        loop {
            match raw.socket.next().await {
                Some(Ok(Message::Ping(_))) => {}
                other => break other,
            }
        }
    })
    .await;
    assert!(silence.is_err(), "{silence:?}");
    // Not polled, it does not answer, and the next read finds the connection closed.
    tokio::time::sleep(Duration::from_millis(3500)).await;
    let end = tokio::time::timeout(Duration::from_secs(5), async {
        loop {
            match raw.socket.next().await {
                Some(Ok(Message::Ping(_))) => {}
                other => break other,
            }
        }
    })
    .await;
    assert!(matches!(end, Ok(None | Some(Err(_) | Ok(Message::Close(_))))), "{end:?}");
}
