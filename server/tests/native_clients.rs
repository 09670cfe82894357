//! Native clients that people use, against the real binary over TCP. `cargo xtask test` prepares them; an absent one is a failure.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::{Raw, Server, body};
use tokio::process::Command;

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// The interpreter with the packages of `clients/requirements.txt`, where `cargo xtask test --only prepare` puts it.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let python = target.join("tools/python/bin/python");
    assert!(python.is_file(), "{} is missing: run cargo xtask test --only prepare", python.display());
    python
}

/// Runs a script to its end.
async fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let said = format!("{}{}", common::text(&output.stdout), common::text(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("everything came true"), "{said}");
}

async fn slixmpp(how: &str, address: SocketAddr, server: &Server) {
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    run(Command::new(python()).arg(script("slixmpp_session.py")).args([how, &host, &port]).arg(server.certificate()))
        .await;
}

#[tokio::test]
async fn slixmpp_over_starttls() {
    let server = Server::with_tcp(&[]);
    slixmpp("starttls", server.xmpp.unwrap(), &server).await;
}

#[tokio::test]
async fn slixmpp_over_tls_from_the_start() {
    let server = Server::with_tcp(&[]);
    slixmpp("direct", server.xmpps.unwrap(), &server).await;
}

/// Profanity says something to a browser's session, which answers.
async fn profanity(policy: &str, address: SocketAddr, server: &Server) {
    assert!(
        Path::new("/usr/bin/profanity").is_file(),
        "/usr/bin/profanity is missing: install Debian's profanity, or run cargo xtask test --only prepare"
    );
    let (mut bob, _) = Raw::online(server.address, "bob").await;
    let home = tempfile::tempdir().unwrap();
    let port = address.port().to_string();
    let mut command = Command::new(python());
    command.arg(script("profanity_chat.py")).arg(home.path()).args([
        &port,
        policy,
        "words-from-a-terminal",
        "words-from-a-page",
    ]);
    let talk = async {
        let message = bob.until(|element| element.name() == "message" && body(element).is_some()).await;
        assert_eq!(body(&message).as_deref(), Some("words-from-a-terminal"));
        let from = message.attr("from").unwrap();
        assert!(from.starts_with("alice@localhost/profanity"), "{from}");
        bob.send(&format!(
            "<message xmlns='jabber:client' to='{from}' type='chat'><body>words-from-a-page</body></message>"
        ))
        .await;
        bob
    };
    tokio::join!(run(&mut command), talk);
}

#[tokio::test]
async fn profanity_over_starttls() {
    let server = Server::with_tcp(&[]);
    profanity("force", server.xmpp.unwrap(), &server).await;
}

#[tokio::test]
async fn profanity_over_tls_from_the_start() {
    let server = Server::with_tcp(&[]);
    profanity("legacy", server.xmpps.unwrap(), &server).await;
}
