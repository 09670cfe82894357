//! The real binary and XEP-0077: strangers register if they may, owners change their passwords and cancel.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use common::{Raw, Server, plain};

const ON: (&str, &str) = ("CONVERSE_SERVER_ACCOUNTS_REGISTRATION", "true");
/// The tests' server has prebind on.
const NO_VISITORS: (&str, &str) = ("CONVERSE_SERVER_PREBIND_AUTO_CREATE", "false");

fn query(type_: &str, inner: &str) -> String {
    format!("<iq xmlns='jabber:client' type='{type_}' id='r'><query xmlns='jabber:iq:register'>{inner}</query></iq>")
}

fn named(user: &str, password: &str) -> String {
    query("set", &format!("<username>{user}</username><password>{password}</password>"))
}

async fn answer(raw: &mut Raw, request: &str) -> String {
    raw.send(request).await;
    raw.until(|element| element.attr("id") == Some("r")).await.to_xml()
}

/// Whether PLAIN with this password is right.
async fn signs_in(server: &Server, user: &str, password: &str) -> bool {
    let mut raw = Raw::connect(server.address).await;
    raw.open().await;
    raw.send(&plain(user, password)).await;
    raw.next().await.name() == "success"
}

#[tokio::test]
async fn a_stranger_registers_and_signs_in() {
    let server = Server::with(&[], &[ON, NO_VISITORS]);
    let mut raw = Raw::connect(server.address).await;
    assert!(raw.open().await.to_xml().contains("http://jabber.org/features/iq-register"));
    assert!(answer(&mut raw, &query("get", "")).await.contains("<username/>"));
    assert!(answer(&mut raw, &named("alice", "x")).await.contains("conflict"));
    assert!(answer(&mut raw, &named("Carol", "tell me")).await.contains("type='result'"));
    assert!(signs_in(&server, "carol", "tell me").await);
    assert!(!signs_in(&server, "carol", "other").await);
}

#[tokio::test]
async fn one_address_registers_a_few_at_most() {
    let server = Server::with(&[], &[ON, NO_VISITORS, ("CONVERSE_SERVER_LIMITS_REGISTRATIONS_PER_ADDRESS", "2")]);
    for (n, condition) in [(0, "type='result'"), (1, "type='result'"), (2, "not-acceptable")] {
        let mut raw = Raw::connect(server.address).await;
        raw.open().await;
        let got = answer(&mut raw, &named(&format!("user{n}"), "x")).await;
        assert!(got.contains(condition), "{n}: {got}");
    }
    assert!(!signs_in(&server, "user2", "x").await);
}

#[tokio::test]
async fn without_the_setting_nobody_registers_or_cancels() {
    let server = Server::start();
    let mut raw = Raw::connect(server.address).await;
    assert!(!raw.open().await.to_xml().contains("iq-register"));
    raw.send(&named("carol", "x")).await;
    raw.until(|element| element.to_xml().contains("not-authorized")).await;
    let (mut alice, _) = Raw::online(server.address, "alice").await;
    assert!(answer(&mut alice, &query("set", "<remove/>")).await.contains("not-allowed"));
}

#[tokio::test]
async fn a_password_is_changed_and_other_sessions_end() {
    let server = Server::start();
    let (mut alice, _) = Raw::online(server.address, "alice").await;
    let (mut other, _) = Raw::online(server.address, "alice").await;
    assert!(answer(&mut alice, &named("alice", "new one")).await.contains("type='result'"));
    other.until(|element| element.to_xml().contains("<reset")).await;
    assert!(signs_in(&server, "alice", "new one").await);
    assert!(!signs_in(&server, "alice", "alice-password").await);
    assert!(answer(&mut alice, &query("get", "")).await.contains("<registered/>"), "this one goes on");
}

#[tokio::test]
async fn a_cancelled_account_is_gone() {
    let server = Server::with(&[], &[ON, NO_VISITORS]);
    let (mut alice, _) = Raw::online(server.address, "alice").await;
    assert!(answer(&mut alice, &query("set", "<remove/>")).await.contains("type='result'"));
    alice.until(|element| element.to_xml().contains("not-authorized")).await;
    assert!(!signs_in(&server, "alice", "alice-password").await);
}

#[test]
fn strangers_cannot_take_the_names_of_visitors() {
    let mut check = common::command(&["check-config"]);
    check.env("CONVERSE_SERVER_PREBIND_SECRET", common::SECRET).env(ON.0, ON.1);
    let output = check.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = common::text(&output.stderr);
    assert!(said.contains("accounts.registration") && said.contains("prebind.auto_create = false"), "{said}");
    check.env(NO_VISITORS.0, NO_VISITORS.1);
    assert_eq!(check.output().unwrap().status.code(), Some(0));
}
