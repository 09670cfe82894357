//! Signing in by SASL2 and by token (XEP-0388, XEP-0386, XEP-0484), on the real binary and its database.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{FRAMING, Raw, Server, body, http, run, text};
use rusqlite::Connection;
use xmpp::Element;
use xmpp_stream::sasl::token::{initiator, responder};

const SASL2: &str = "urn:xmpp:sasl:2";
const FAST: &str = "urn:xmpp:fast:0";
const SM: &str = "urn:xmpp:sm:3";
const HTTPBIND: &str = "http://jabber.org/protocol/httpbind";
const AGENT: &str = "d4565fa7-4d72-4749-b3d3-740edbf87770";
const BIND: &str = "<bind xmlns='urn:xmpp:bind:0'><tag>test</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>";

fn open() -> String {
    format!("<open xmlns='{FRAMING}' to='localhost' from='alice@localhost' version='1.0'/>")
}

fn by_password(inner: &str) -> String {
    let plain = STANDARD.encode("\0alice\0alice-password");
    format!(
        "<authenticate xmlns='{SASL2}' mechanism='PLAIN'><initial-response>{plain}</initial-response><user-agent id='{AGENT}'/>\
         <request-token xmlns='{FAST}' mechanism='HT-SHA-256-NONE'/>{inner}</authenticate>"
    )
}

fn by_token(token: &str, fast: &str, inner: &str) -> String {
    let initial = STANDARD.encode([b"alice\0".as_slice(), &initiator(token)].concat());
    format!(
        "<authenticate xmlns='{SASL2}' mechanism='HT-SHA-256-NONE'><initial-response>{initial}</initial-response>\
         <user-agent id='{AGENT}'/><fast xmlns='{FAST}' {fast}/>{inner}</authenticate>"
    )
}

/// Says everything at once and answers what comes after the server's features.
async fn say(server: &Server, authenticate: &str) -> (Raw, Element) {
    let mut raw = Raw::connect(server.address).await;
    raw.send(&open()).await;
    raw.send(authenticate).await;
    assert!(raw.next().await.is("open", FRAMING));
    let features = raw.next().await;
    assert!(features.child("authentication", SASL2).is_some(), "{}", features.to_xml());
    let answer = raw.next().await;
    (raw, answer)
}

fn token_in(success: &Element) -> String {
    success.child("token", FAST).unwrap_or_else(|| panic!("{}", success.to_xml())).attr("token").unwrap().to_owned()
}

fn address_in(success: &Element) -> String {
    success.child("authorization-identifier", SASL2).unwrap().text()
}

fn is_refused(answer: &Element) -> bool {
    answer.is("failure", SASL2) && answer.to_xml().contains("not-authorized")
}

#[tokio::test]
async fn a_session_and_a_token_in_one_answer_and_the_session_again_by_token() {
    let server = Server::start();
    let (mut alice, success) = say(&server, &by_password(BIND)).await;
    let token = token_in(&success);
    let jid = address_in(&success);
    assert!(jid.starts_with("alice@localhost/test/"), "{jid}");
    let bound = success.child("bound", "urn:xmpp:bind:0").unwrap();
    let id = bound.child("enabled", SM).unwrap().attr("id").unwrap().to_owned();
    let features = alice.next().await;
    assert!(features.name() == "features" && features.child("ver", "urn:xmpp:features:rosterver").is_some());
    assert!(features.children().all(|it| !matches!(it.name(), "bind" | "sm" | "session")), "all that is done");
    let (mut bob, _) = Raw::online(server.address, "bob").await;
    drop(alice);
    let message = format!("<message xmlns='jabber:client' to='{jid}' type='chat'><body>hello</body></message>");
    bob.send(&message).await;
    bob.send("<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    bob.until(|element| element.attr("id") == Some("p")).await;

    let resume = format!("<resume xmlns='{SM}' previd='{id}' h='0'/>{BIND}");
    let (mut alice, success) = say(&server, &by_token(&token, "count='1'", &resume)).await;
    assert_eq!(success.child("additional-data", SASL2).unwrap().text(), STANDARD.encode(responder(&token)));
    assert_eq!(success.child("resumed", SM).unwrap().attr("previd"), Some(id.as_str()));
    assert!(success.child("bound", "urn:xmpp:bind:0").is_none() && address_in(&success) == jid);
    // XEP-0198 §9.2: the session goes on at once, without features in between.
    let first = alice.next().await;
    assert_eq!(body(&first).as_deref(), Some("hello"), "{}", first.to_xml());

    // A session that is gone: the same answer brings another, under the same address.
    let resume = format!("<resume xmlns='{SM}' previd='no-such' h='0'/>{BIND}");
    let (_, success) = say(&server, &by_token(&token, "count='2'", &resume)).await;
    assert!(success.child("failed", SM).is_some() && success.child("bound", "urn:xmpp:bind:0").is_some());
    assert_eq!(address_in(&success), jid);
    // Nobody repeats what was said.
    assert!(is_refused(&say(&server, &by_token(&token, "count='2'", BIND)).await.1));
}

#[tokio::test]
async fn what_the_database_holds_of_a_token_signs_nobody_in_and_outlives_a_crash() {
    let server = Server::start();
    let (_, success) = say(&server, &by_password(BIND)).await;
    let token = token_in(&success);
    let directory = server.kill();
    let database = directory.path().join("data/converse.sqlite");
    let rows: Vec<(Vec<u8>, Vec<u8>)> = Connection::open(&database)
        .unwrap()
        .prepare("SELECT verifier, responder FROM fast_tokens")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(rows.len(), 1);
    assert!(rows[0].0 != initiator(&token) && rows[0].1 == responder(&token));
    for entry in std::fs::read_dir(directory.path().join("data")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "the token is on the disk");
    }
    let server = Server::on(directory, &[], &[]);
    let (_, success) = say(&server, &by_token(&token, "count='1'", BIND)).await;
    assert!(success.is("success", SASL2), "{}", success.to_xml());
}

#[tokio::test]
async fn a_token_ends_by_its_client_and_with_the_password() {
    let server = Server::start();
    let (_, success) = say(&server, &by_password("")).await;
    assert_eq!(address_in(&success), "alice@localhost", "nobody asked for a resource");
    let token = token_in(&success);
    let (_, success) = say(&server, &by_token(&token, "count='1' invalidate='true'", "")).await;
    assert!(success.is("success", SASL2) && success.child("token", FAST).is_none());
    assert!(is_refused(&say(&server, &by_token(&token, "count='2'", BIND)).await.1));

    let token = token_in(&say(&server, &by_password("")).await.1);
    let data = server.data();
    let changed = run(&["user", "passwd", "alice", "--data-dir", data.to_str().unwrap()], "another-password\n");
    assert!(changed.status.success(), "{}", text(&changed.stderr));
    assert!(is_refused(&say(&server, &by_token(&token, "count='1'", BIND)).await.1));
}

#[tokio::test]
async fn a_client_that_binds_again_takes_its_own_place() {
    let server = Server::start();
    let (mut first, success) = say(&server, &by_password(BIND)).await;
    let jid = address_in(&success);
    let (_, success) = say(&server, &by_token(&token_in(&success), "count='1'", BIND)).await;
    assert_eq!(address_in(&success), jid);
    let error = first.until(|element| element.name() == "error").await;
    assert!(error.to_xml().contains("conflict"));
}

#[tokio::test]
async fn over_bosh_a_token_needs_no_restart() {
    let server = Server::start();
    let token = token_in(&say(&server, &by_password("")).await.1);
    let create = format!(
        "<body rid='1' to='localhost' from='alice@localhost' wait='5' hold='1' ver='1.6' xmlns='{HTTPBIND}' \
         xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'/>"
    );
    let post = async |body: String| {
        xmpp::xml::parse(&http(server.address, "POST", "/http-bind", &[], &body).await.text()).unwrap()
    };
    let created = post(create).await;
    let sid = created.attr("sid").unwrap().to_owned();
    let authenticate = by_token(&token, "count='1'", BIND);
    let answer = post(format!("<body rid='2' sid='{sid}' xmlns='{HTTPBIND}'>{authenticate}</body>")).await;
    let success = answer.child("success", SASL2).unwrap_or_else(|| panic!("{}", answer.to_xml()));
    assert!(success.child("bound", "urn:xmpp:bind:0").is_some());
    let ping = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";
    let mut answer = post(format!("<body rid='3' sid='{sid}' xmlns='{HTTPBIND}'>{ping}</body>")).await;
    let mut rid = 4;
    while !answer.children().any(|child| child.attr("id") == Some("p")) {
        answer = post(format!("<body rid='{rid}' sid='{sid}' xmlns='{HTTPBIND}'/>")).await;
        rid += 1;
        assert!(rid < 10, "{}", answer.to_xml());
    }
}
