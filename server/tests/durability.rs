//! What was acknowledged is on the disk: checked below the database, with a shim between the server and the C library
//! (`shim/shim.c`), and by killing the server under load.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Raw, Server, add_user, body, http, visitor};
use xmpp::Element;

const SM: &str = "urn:xmpp:sm:3";

/// Compiles the shim into this directory.
fn shim(dir: &Path) -> PathBuf {
    let library = dir.join("shim.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shim/shim.c");
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-o", library.to_str().unwrap(), source, "-ldl"])
        .output()
        .expect("a C compiler is needed for the durability tests: install gcc or clang as cc");
    assert!(output.status.success(), "{}", common::text(&output.stderr));
    library
}

/// A server with the shim underneath.
struct Watched {
    server: Server,
    tools: tempfile::TempDir,
}

impl Watched {
    fn start() -> Self {
        let tools = tempfile::tempdir().unwrap();
        let library = shim(tools.path());
        let dir = tempfile::tempdir().unwrap();
        for user in ["alice", "bob"] {
            add_user(dir.path(), user);
        }
        fs::create_dir(tools.path().join("control")).unwrap();
        let environment = [
            ("LD_PRELOAD", library.to_str().unwrap().to_owned()),
            ("SHIM_LOG", tools.path().join("log").to_str().unwrap().to_owned()),
            ("SHIM_CONTROL", tools.path().join("control").to_str().unwrap().to_owned()),
        ];
        let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Self { server: Server::on(dir, &[], &environment), tools }
    }

    fn set(&self, fault: &str, content: &str) {
        fs::write(self.tools.path().join("control").join(fault), content).unwrap();
    }

    fn clear(&self, fault: &str) {
        fs::remove_file(self.tools.path().join("control").join(fault)).unwrap();
    }

    fn log(&self) -> Vec<String> {
        fs::read_to_string(self.tools.path().join("log")).unwrap().lines().map(str::to_owned).collect()
    }
}

fn chat(to: &str, marker: &str) -> String {
    format!(
        "<message xmlns='jabber:client' to='{to}' type='chat' id='{marker}'><body>{marker}</body><origin-id xmlns='urn:xmpp:sid:0' id='{marker}'/></message>"
    )
}

/// Signs in and switches stream management on.
async fn managed(server: &Server, user: &str) -> Raw {
    let (mut raw, _) = Raw::bind(server.address, user).await;
    raw.send(&format!("<enable xmlns='{SM}' resume='true'/>")).await;
    raw.until(|element| element.is("enabled", SM)).await;
    raw
}

fn acknowledged(element: &Element) -> Option<usize> {
    element.is("a", SM).then(|| element.attr("h").unwrap().parse().unwrap())
}

/// The bodies in an account's archive, in its order, over all pages.
async fn archive(server: &Server, user: &str) -> Vec<String> {
    let (mut raw, _) = Raw::bind(server.address, user).await;
    let mut bodies = Vec::new();
    let mut after = String::new();
    loop {
        raw.send(&format!(
            "<iq xmlns='jabber:client' type='set' id='q'><query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>100</max>{after}</set></query></iq>"
        ))
        .await;
        loop {
            let element = raw.next().await;
            if element.name() == "iq" && element.attr("id") == Some("q") {
                let fin =
                    element.child("fin", "urn:xmpp:mam:2").unwrap_or_else(|| panic!("{}", element.to_xml())).clone();
                if fin.attr("complete") == Some("true") {
                    return bodies;
                }
                let rsm = "http://jabber.org/protocol/rsm";
                after = format!("<after>{}</after>", fin.child("set", rsm).unwrap().child("last", rsm).unwrap().text());
                break;
            }
            if let Some(result) = element.child("result", "urn:xmpp:mam:2") {
                let forwarded = result.child("forwarded", "urn:xmpp:forward:0").unwrap();
                bodies.extend(forwarded.children().find(|child| child.name() == "message").and_then(body));
            }
        }
    }
}

fn assert_sound(database: &Path) {
    let connection = rusqlite::Connection::open(database).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let dangling: i64 =
        connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
    assert_eq!(dangling, 0);
}

#[tokio::test]
async fn acknowledgement_and_delivery_begin_after_the_sync_that_covers_them() {
    let watched = Watched::start();
    let mut alice = managed(&watched.server, "alice").await;
    let (mut bob, _) = Raw::online(watched.server.address, "bob").await;
    let count = 40;
    for number in 1..=count {
        alice.send(&chat("bob@localhost", &format!("marker-{number:04}"))).await;
        alice.send(&format!("<r xmlns='{SM}'/>")).await;
        // Alone at first, then several at once, so that groups form.
        if number < 10 || number % 7 == 0 {
            alice.until(|element| acknowledged(element) == Some(number)).await;
        }
    }
    alice.until(|element| acknowledged(element) == Some(count)).await;
    for number in 1..=count {
        let message = bob.until(|element| element.name() == "message").await;
        assert_eq!(body(&message), Some(format!("marker-{number:04}")), "in order");
    }

    let log = watched.log();
    let mut written = HashMap::new();
    let mut syncing = 0;
    let mut durable = HashSet::new();
    let (mut acknowledged, mut delivered) = (0, 0);
    for (at, line) in log.iter().enumerate() {
        match line.split_once(' ').map_or((line.as_str(), ""), |(what, rest)| (what, rest)) {
            ("W", marker) => {
                written.entry(marker.to_owned()).or_insert(at);
            }
            ("f", _) => syncing = at,
            // What was written before the sync began is durable now.
            ("F", _) => {
                durable.extend(written.iter().filter(|(_, when)| **when < syncing).map(|(marker, _)| marker.clone()))
            }
            ("S", what) => {
                if let Some(h) = what.strip_prefix("h=") {
                    let h: usize = h.parse().unwrap();
                    for number in 1..=h.min(count) {
                        assert!(
                            durable.contains(&format!("marker-{number:04}")),
                            "line {at}: h={h} was sent before message {number} was durable"
                        );
                    }
                    acknowledged = acknowledged.max(h);
                } else {
                    assert!(durable.contains(what), "line {at}: {what} was delivered before it was durable");
                    delivered += 1;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(acknowledged >= count && delivered >= count, "{acknowledged} {delivered}: the shim sees what is sent");
    let syncs = log.iter().filter(|line| *line == "F").count();
    assert!(syncs >= 10, "{syncs} syncs");
}

#[tokio::test]
async fn a_slow_disk_delays_the_acknowledgement_of_either_transport() {
    let watched = Watched::start();
    let mut alice = managed(&watched.server, "alice").await;
    let answer = http(
        watched.server.address,
        "POST",
        "/prebind",
        &[("authorization", &format!("Bearer {}", visitor("bob")))],
        "",
    )
    .await
    .json();
    watched.set("slow", "1500");

    let start = Instant::now();
    alice.send(&chat("bob@localhost", "marker-0001")).await;
    alice.send(&format!("<r xmlns='{SM}'/>")).await;
    alice.until(|element| acknowledged(element) == Some(1)).await;
    assert!(start.elapsed() >= Duration::from_millis(1500), "{:?}", start.elapsed());

    // The response to a BOSH request acknowledges its stanzas (XEP-0124 §9). A second request makes the first one due at once.
    let (sid, rid) =
        (answer["sid"].as_str().unwrap().to_owned(), answer["rid"].as_str().unwrap().parse::<u64>().unwrap());
    let request = |rid: u64, payload: &str| {
        format!("<body rid='{rid}' sid='{sid}' xmlns='http://jabber.org/protocol/httpbind'>{payload}</body>")
    };
    let start = Instant::now();
    let address = watched.server.address;
    let (first, second) = (request(rid, &chat("alice@localhost", "marker-0002")), request(rid + 1, ""));
    let first = tokio::spawn(async move { http(address, "POST", "/http-bind", &[], &first).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::spawn(async move { http(address, "POST", "/http-bind", &[], &second).await });
    assert_eq!(first.await.unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_millis(1500), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_full_disk_is_a_temporary_error_and_passes() {
    let watched = Watched::start();
    let mut alice = managed(&watched.server, "alice").await;
    let ask = async |raw: &mut Raw, marker: &str| {
        raw.send(&chat("bob@localhost", marker)).await;
        raw.send(&format!("<r xmlns='{SM}'/>")).await;
        let mut error = None;
        loop {
            let element = raw.next().await;
            if element.attr("type") == Some("error") {
                error = Some(element);
            } else if acknowledged(&element).is_some() {
                return error;
            }
        }
    };
    assert!(ask(&mut alice, "marker-0001").await.is_none());
    watched.set("full", "");
    for number in 2..5 {
        let error = ask(&mut alice, &format!("marker-{number:04}")).await.expect("the sender learns of it").to_xml();
        assert!(error.contains("type='wait'") && error.contains("resource-constraint"), "{error}");
    }
    // Reading still works, and so does signing in.
    assert_eq!(archive(&watched.server, "alice").await, ["marker-0001"]);
    assert_eq!(http(watched.server.address, "GET", "/healthz", &[], "").await.status, 200);
    watched.clear("full");
    assert!(ask(&mut alice, "marker-0005").await.is_none());
    // The same message again, with the same origin-id, as a client retries it.
    assert!(ask(&mut alice, "marker-0002").await.is_none());
    assert_eq!(archive(&watched.server, "bob").await, ["marker-0001", "marker-0005", "marker-0002"]);
    let dir = watched.server.kill();
    assert_sound(&dir.path().join("data/converse.sqlite"));
    let again = Server::on(dir, &[], &[]);
    assert_eq!(archive(&again, "alice").await, ["marker-0001", "marker-0005", "marker-0002"]);
}

#[tokio::test]
async fn a_failing_sync_acknowledges_nothing_and_passes() {
    let watched = Watched::start();
    let mut alice = managed(&watched.server, "alice").await;
    watched.set("eio", "");
    alice.send(&chat("bob@localhost", "marker-0001")).await;
    let error = alice.until(|element| element.attr("type") == Some("error")).await.to_xml();
    assert!(error.contains("type='wait'") || error.contains("internal-server-error"), "{error}");
    watched.clear("eio");
    // The host's count stays below a refused stanza until the refusal is known to have arrived.
    alice.send(&format!("<a xmlns='{SM}' h='1'/>")).await;
    alice.send(&chat("bob@localhost", "marker-0002")).await;
    alice.send(&format!("<r xmlns='{SM}'/>")).await;
    alice.until(|element| acknowledged(element) == Some(2)).await;
    let dir = watched.server.kill();
    assert_sound(&dir.path().join("data/converse.sqlite"));
    let again = Server::on(dir, &[], &[]);
    assert!(archive(&again, "bob").await.ends_with(&["marker-0002".to_owned()]));
}

/// Sends until the connection breaks. Returns what was sent and how many of these were acknowledged.
async fn sender(
    address: std::net::SocketAddr,
    user: &'static str,
    to: &'static str,
    round: usize,
    progress: Arc<AtomicUsize>,
) -> (Vec<String>, usize) {
    let (mut raw, _) = Raw::bind(address, user).await;
    raw.send(&format!("<enable xmlns='{SM}'/>")).await;
    raw.until(|element| element.is("enabled", SM)).await;
    let mut sent = Vec::new();
    let mut acknowledged_count = 0;
    'load: loop {
        for _ in 0..5 {
            let text = format!("{user}-{round}-{}", sent.len());
            use futures_util::SinkExt as _;
            let message = tokio_tungstenite::tungstenite::Message::text(chat(to, &text));
            // It may arrive even if sending says that it failed.
            sent.push(text);
            if raw.socket.send(message).await.is_err() {
                break 'load;
            }
        }
        use futures_util::SinkExt as _;
        if raw.socket.send(tokio_tungstenite::tungstenite::Message::text(format!("<r xmlns='{SM}'/>"))).await.is_err() {
            break;
        }
        // At most a few hundred are under way.
        loop {
            match raw.try_next().await {
                None => break 'load,
                Some(element) => {
                    if let Some(h) = acknowledged(&element) {
                        progress.fetch_add(h - acknowledged_count, Ordering::Relaxed);
                        acknowledged_count = h;
                        if sent.len() - h < 100 {
                            break;
                        }
                    }
                }
            }
        }
    }
    (sent, acknowledged_count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_under_load_loses_nothing_that_was_acknowledged() {
    let mut dir = tempfile::tempdir().unwrap();
    for user in ["alice", "bob"] {
        add_user(dir.path(), user);
    }
    let environment =
        [("CONVERSE_SERVER_LIMITS_STANZAS_PER_SECOND", "100000"), ("CONVERSE_SERVER_LIMITS_STANZA_BURST", "100000")];
    let mut promised: HashMap<&str, Vec<String>> = HashMap::new();
    let mut tried = HashSet::new();
    for round in 0..12 {
        let server = Server::on(dir, &[], &environment);
        let progress = Arc::new(AtomicUsize::new(0));
        let load = [("alice", "bob@localhost"), ("bob", "alice@localhost")]
            .map(|(user, to)| tokio::spawn(sender(server.address, user, to, round, Arc::clone(&progress))));
        // In full swing, and at another moment in each round.
        while progress.load(Ordering::Relaxed) < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(31 * round as u64)).await;
        dir = server.kill();
        for (user, load) in ["alice", "bob"].into_iter().zip(load) {
            // One that was still signing in has sent nothing.
            let Ok((sent, acknowledged)) = load.await else { continue };
            promised.entry(user).or_default().extend(sent[..acknowledged].iter().cloned());
            tried.extend(sent);
        }
        assert_sound(&dir.path().join("data/converse.sqlite"));
    }
    let promises = promised.values().map(Vec::len).sum::<usize>();
    assert!(promises >= 240, "only {promises} messages were acknowledged: no load");
    let server = Server::on(dir, &[], &[]);
    for user in ["alice", "bob"] {
        let kept = archive(&server, user).await;
        let once: HashSet<_> = kept.iter().collect();
        assert_eq!(once.len(), kept.len(), "nothing twice");
        assert!(kept.iter().all(|text| tried.contains(text)), "nothing that nobody sent");
        for (sender, texts) in &promised {
            // In both archives, and in the order of sending.
            let mut of_sender = kept.iter().filter(|text| text.starts_with(sender));
            for text in texts {
                assert!(
                    of_sender.any(|kept| kept == text),
                    "{user}'s archive lacks {text}, which was acknowledged to {sender}"
                );
            }
        }
    }
}
