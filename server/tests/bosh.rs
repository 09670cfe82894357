//! The real binary over real BOSH: signing in, talking, prebind, repeats, the end.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use std::time::{Duration, Instant};

use common::bosh::{Bosh, HTTPBIND};
use common::{Raw, Server, body, http, visitor};

#[tokio::test]
async fn two_transports_talk() {
    let server = Server::start();
    let (mut alice, alice_jid) = Bosh::online(server.address, "alice", 2).await;
    let (mut bob, _) = Raw::online(server.address, "bob").await;
    alice
        .send("<message xmlns='jabber:client' to='bob@localhost' type='chat' id='m1'><body>over BOSH</body></message>")
        .await;
    let message = bob.until(|element| element.name() == "message").await;
    assert_eq!((body(&message).as_deref(), message.attr("from")), (Some("over BOSH"), Some(alice_jid.as_str())));
    bob.send(
        "<message xmlns='jabber:client' to='alice@localhost' type='chat' id='m2'><body>over WebSocket</body></message>",
    )
    .await;
    let message = alice.until("", |element| element.name() == "message").await;
    assert_eq!(body(&message).as_deref(), Some("over WebSocket"));
}

#[tokio::test]
async fn a_held_request_is_answered_after_wait_or_at_once_by_a_message() {
    let server = Server::start();
    let (mut alice, _) = Bosh::online(server.address, "alice", 2).await;
    while !alice.send("").await.is_empty() {}
    let start = Instant::now();
    assert!(alice.send("").await.is_empty());
    assert!(start.elapsed() >= Duration::from_millis(1500), "{:?}", start.elapsed());

    let (mut alice, _) = Bosh::online(server.address, "alice", 30).await;

    let (mut bob, _) = Raw::online(server.address, "bob").await;
    let waiting = tokio::spawn(async move {
        let start = Instant::now();
        let message = alice.until("", |element| element.name() == "message").await;
        (start.elapsed(), message)
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    bob.send("<message xmlns='jabber:client' to='alice@localhost' type='chat'><body>now</body></message>").await;
    let (took, message) = waiting.await.unwrap();
    assert_eq!(body(&message).as_deref(), Some("now"));
    assert!(took < Duration::from_secs(15), "{took:?}");
}

#[tokio::test]
async fn prebind_hands_over_a_session_that_is_bound() {
    let server = Server::start();
    let answer =
        http(server.address, "POST", "/prebind", &[("authorization", &format!("Bearer {}", visitor("visitor")))], "")
            .await;
    let json = answer.json();
    let mut page = Bosh {
        domain: "localhost".to_owned(),
        address: server.address,
        sid: json["sid"].as_str().unwrap().into(),
        rid: json["rid"].as_str().unwrap().parse().unwrap(),
    };
    let (mut bob, _) = Raw::online(server.address, "bob").await;
    page.send("<presence xmlns='jabber:client'/><message xmlns='jabber:client' to='bob@localhost' type='chat'><body>from the page</body></message>").await;
    let message = bob.until(|element| element.name() == "message").await;
    assert_eq!((body(&message).as_deref(), message.attr("from")), (Some("from the page"), json["jid"].as_str()));
    bob.send(&format!(
        "<message xmlns='jabber:client' to='{}' type='chat'><body>welcome</body></message>",
        json["jid"].as_str().unwrap()
    ))
    .await;
    let message = page.until("", |element| element.name() == "message").await;
    assert_eq!(body(&message).as_deref(), Some("welcome"));
    // A rid of the past is outside the window.
    let stale = format!(
        "<body rid='{}' sid='{}' xmlns='{HTTPBIND}'/>",
        json["rid"].as_str().unwrap().parse::<u64>().unwrap() - 5,
        page.sid
    );
    assert!(Bosh::post(server.address, &stale).await.text().contains("item-not-found"));
}

#[tokio::test]
async fn a_visitors_name_is_seen_by_others_until_a_vcard_is_published() {
    let server = Server::start();
    let (mut bob, _) = Raw::online(server.address, "bob").await;
    let ask = async |bob: &mut Raw, id: &str| {
        bob.send(&format!(
            "<iq xmlns='jabber:client' type='get' to='guest@localhost' id='{id}'><vCard xmlns='vcard-temp'/></iq>"
        ))
        .await;
        bob.until(|element| element.attr("id") == Some(id)).await.to_xml()
    };
    let start = async |name: &str| {
        let claims = serde_json::json!({ "sub": "guest", "name": name, "exp": common::unix_time() + 60 });
        let token = format!("Bearer {}", common::token(&claims.to_string()));
        assert_eq!(http(server.address, "POST", "/prebind", &[("authorization", &token)], "").await.status, 200);
    };
    start("Grace <b>Guest</b>\u{7}").await;
    let vcard = ask(&mut bob, "v1").await;
    assert!(vcard.contains("<FN>Grace &lt;b&gt;Guest&lt;/b&gt;</FN>"), "{vcard}");
    start("Grace Host").await;
    assert!(ask(&mut bob, "v2").await.contains("<FN>Grace Host</FN>"));
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_answer_and_sends_nothing_twice() {
    let server = Server::start();
    let (mut alice, _) = Bosh::online(server.address, "alice", 2).await;
    let (mut bob, _) = Raw::online(server.address, "bob").await;
    let text = format!(
        "<body rid='{}' sid='{}' xmlns='{HTTPBIND}'><message xmlns='jabber:client' to='bob@localhost' type='chat' id='once'><body>once</body></message><iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq></body>",
        alice.rid, alice.sid
    );
    alice.rid += 1;
    let first = Bosh::post(server.address, &text).await.text();
    assert!(first.contains("id='p'"), "{first}");
    assert_eq!(Bosh::post(server.address, &text).await.text(), first);
    alice
        .send("<message xmlns='jabber:client' to='bob@localhost' type='chat' id='twice'><body>after</body></message>")
        .await;
    let next = async |raw: &mut Raw| body(&raw.until(|element| element.name() == "message").await);
    assert_eq!((next(&mut bob).await.as_deref(), next(&mut bob).await.as_deref()), (Some("once"), Some("after")));
}

#[tokio::test]
async fn terminate_ends_the_session_and_presence() {
    let server = Server::start();
    let (alice, jid) = Bosh::online(server.address, "alice", 2).await;
    let (mut second, _) = Raw::online(server.address, "alice").await;
    let text = format!(
        "<body rid='{}' sid='{}' type='terminate' xmlns='{HTTPBIND}'><presence xmlns='jabber:client' type='unavailable'/></body>",
        alice.rid, alice.sid
    );
    assert!(Bosh::post(server.address, &text).await.text().contains("terminate"));
    let gone =
        second.until(|element| element.name() == "presence" && element.attr("type") == Some("unavailable")).await;
    assert_eq!(gone.attr("from"), Some(jid.as_str()));
    assert!(Bosh::post(server.address, &text.replace("type='terminate'", "")).await.text().contains("item-not-found"));
}

#[tokio::test]
async fn what_is_no_session_is_refused_in_the_words_of_the_xep() {
    let server = Server::start();
    let cases = [
        (String::new(), "bad-request"),
        ("<html/>".to_owned(), "bad-request"),
        (format!("<body rid='1' sid='nobody' xmlns='{HTTPBIND}'/>"), "item-not-found"),
        (
            format!("<body rid='1' to='elsewhere.example' wait='1' hold='1' ver='1.6' xmlns='{HTTPBIND}'/>"),
            "host-unknown",
        ),
        (format!("<body rid='0' to='localhost' xmlns='{HTTPBIND}'/>"), "bad-request"),
        (format!("<body rid='1' wait='1' ver='1.6' xmlns='{HTTPBIND}'/>"), "improper-addressing"),
    ];
    for (request, condition) in cases {
        let answer = Bosh::post(server.address, &request).await;
        assert!(answer.text().contains(condition), "{request}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("text/xml; charset=utf-8"));
    }
}

#[tokio::test]
async fn shutdown_terminates_held_requests() {
    let mut server = Server::start();
    let (alice, _) = Bosh::online(server.address, "alice", 2).await;
    let (address, text) =
        (server.address, format!("<body rid='{}' sid='{}' xmlns='{HTTPBIND}'/>", alice.rid, alice.sid));
    let mut answers = Vec::new();
    let waiting = tokio::spawn(async move { Bosh::post(address, &text).await.text() });
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.signal("TERM");
    answers.push(waiting.await.unwrap());
    assert!(server.wait().success());
    assert!(
        answers.iter().any(|answer| answer.contains("system-shutdown")) || answers[0].contains("presence"),
        "{answers:?}"
    );
}
