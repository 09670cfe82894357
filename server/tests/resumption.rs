//! Sessions that outlive their connections (XEP-0198), on the real binary: a broken socket, a change of transport, a reader that stalls.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use std::time::Duration;

use common::{Raw, Server, body, http, visitor};
use futures_util::SinkExt as _;
use tokio::net::TcpSocket;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

const SM: &str = "urn:xmpp:sm:3";
const HTTPBIND: &str = "http://jabber.org/protocol/httpbind";

/// Makes the bound session resumable and available; returns its id.
async fn enable(raw: &mut Raw) -> String {
    raw.send(&format!("<enable xmlns='{SM}' resume='true'/>")).await;
    let enabled = raw.until(|element| element.is("enabled", SM)).await;
    raw.send("<presence xmlns='jabber:client'/>").await;
    raw.until(|element| element.name() == "presence").await;
    enabled.attr("id").unwrap().to_owned()
}

fn chat(to: &str, text: &str) -> String {
    format!("<message xmlns='jabber:client' to='{to}' type='chat'><body>{text}</body></message>")
}

#[tokio::test]
async fn a_broken_socket_loses_nothing() {
    let server = Server::start();
    let (mut alice, jid) = Raw::bind(server.address, "alice").await;
    let id = enable(&mut alice).await;
    let (mut bob, _) = Raw::online(server.address, "bob").await;
    bob.send(&chat(&jid, "first")).await;
    assert_eq!(body(&alice.until(|element| element.name() == "message").await).as_deref(), Some("first"));
    // Gone without a word.
    drop(alice);
    bob.send(&chat(&jid, "second")).await;
    bob.send("<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    bob.until(|element| element.attr("id") == Some("p")).await;

    // Somebody else's session cannot be taken over.
    let mut thief = Raw::sign_in(server.address, "bob").await;
    thief.send(&format!("<resume xmlns='{SM}' previd='{id}' h='0'/>")).await;
    assert!(thief.next().await.is("failed", SM));

    let mut alice = Raw::sign_in(server.address, "alice").await;
    // Presence of the own resource and the first message were handled.
    alice.send(&format!("<resume xmlns='{SM}' previd='{id}' h='2'/>")).await;
    let resumed = alice.next().await;
    assert!(resumed.is("resumed", SM), "{}", resumed.to_xml());
    assert_eq!(body(&alice.until(|element| element.name() == "message").await).as_deref(), Some("second"));
}

#[tokio::test]
async fn a_prebound_session_moves_from_bosh_to_a_websocket() {
    let server = Server::start();
    let answer =
        http(server.address, "POST", "/prebind", &[("authorization", &format!("Bearer {}", visitor("alice")))], "")
            .await
            .json();
    let (sid, jid) = (answer["sid"].as_str().unwrap(), answer["jid"].as_str().unwrap());
    let mut rid: u64 = answer["rid"].as_str().unwrap().parse().unwrap();
    let mut id = None;
    let mut payload = format!("<enable xmlns='{SM}' resume='true'/>");
    while id.is_none() {
        let request = format!("<body rid='{rid}' sid='{sid}' xmlns='{HTTPBIND}'>{payload}</body>");
        let answer = xmpp::xml::parse(&http(server.address, "POST", "/http-bind", &[], &request).await.text()).unwrap();
        id = answer.child("enabled", SM).and_then(|enabled| enabled.attr("id")).map(str::to_owned);
        (rid, payload) = (rid + 1, String::new());
    }
    let mut socket = Raw::sign_in(server.address, "alice").await;
    socket.send(&format!("<resume xmlns='{SM}' previd='{}' h='0'/>", id.unwrap())).await;
    assert!(socket.next().await.is("resumed", SM));
    let (mut bob, _) = Raw::online(server.address, "bob").await;
    bob.send(&chat(jid, "over there?")).await;
    assert_eq!(body(&socket.until(|element| element.name() == "message").await).as_deref(), Some("over there?"));
}

#[tokio::test]
async fn a_reader_that_stalls_is_dropped_and_gets_everything_when_it_comes_back() {
    let environment = [("CONVERSE_SERVER_LIMITS_WRITE_TIME", "500ms"), ("CONVERSE_SERVER_LIMITS_STANZA_BURST", "1000")];
    let server = Server::with(&[], &environment);
    // A small window, so that the system buffers little.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = MaybeTlsStream::Plain(socket.connect(server.address).await.unwrap());
    let mut request = format!("ws://{}/xmpp-websocket", server.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "xmpp".parse().unwrap());
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let mut alice = Raw { socket };
    let jid = alice.sign_in_here("alice").await;
    let id = enable(&mut alice).await;

    let (mut bob, _) = Raw::online(server.address, "bob").await;
    let count = 70;
    for number in 0..count {
        let text = format!("{number} {}", "x".repeat(100_000));
        bob.socket.send(Message::text(chat(&jid, &text))).await.unwrap();
    }
    bob.send("<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    // Nobody waits for the stalled reader.
    tokio::time::timeout(Duration::from_secs(15), bob.until(|element| element.attr("id") == Some("p"))).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;

    let mut again = Raw::sign_in(server.address, "alice").await;
    again.send(&format!("<resume xmlns='{SM}' previd='{id}' h='1'/>")).await;
    assert!(again.next().await.is("resumed", SM));
    for number in 0..count {
        let message = again.until(|element| element.name() == "message").await;
        let text = body(&message).unwrap();
        assert_eq!(text.split(' ').next().unwrap(), number.to_string());
        // A client that reads also acknowledges.
        again.send(&format!("<a xmlns='{SM}' h='{}'/>", number + 2)).await;
    }
    // What the old connection still holds ends before its time.
    let mut held = 0;
    while let Ok(Some(_)) = tokio::time::timeout(Duration::from_secs(5), alice.try_next()).await {
        held += 1;
    }
    assert!(held < count, "the first connection was dropped on the way");
}
