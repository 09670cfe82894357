use std::collections::BTreeMap;

use super::row;
use crate::api::*;
use crate::features::mam::tests::{MAM, discover, live, page};
use crate::test_bench::{Bench, chat, settings};
use xmpp::jid::BareJid;

const YOU: &str = "you@x.y";

/// Another page on the same device, its network still silent.
fn reloaded(before: &Bench) -> Bench {
    let mut bench = Bench::with(settings(), crate::features::all(), before.device.clone(), BTreeMap::new());
    bench.command(Command::SignIn(SignIn::Password {
        jid: BareJid::new("me@x.y").expect("a jid"),
        password: Password(String::from("secret")),
    }));
    bench.open_chat(YOU);
    bench
}

fn signed_in(mut bench: Bench) -> Bench {
    bench.negotiate("");
    bench.bind("");
    bench
}

/// A session whose archive has 1 to 4, and 5 has come live.
fn talked() -> Bench {
    let mut bench = Bench::new(crate::features::all());
    bench.sign_in("");
    let query = discover(&mut bench);
    page(&mut bench, &query, 1..=4, true);
    live(&mut bench, 5);
    bench.wait(5_000);
    bench
}

fn after(query: &xmpp::Element) -> Option<String> {
    let set = query.children().next()?.children().find(|c| c.name() == "set")?;
    set.children().find(|c| c.name() == "after").map(|c| c.text())
}

#[test]
fn the_last_messages_are_there_before_the_network_answers() {
    let bench = reloaded(&talked());
    assert_eq!(bench.phase(), &Phase::Connecting);
    assert_eq!(bench.texts(YOU), ["1", "2", "3", "4", "5"]);
}

#[test]
fn the_archive_is_read_on_from_there_and_nothing_stands_twice() {
    let mut bench = signed_in(reloaded(&talked()));
    let query = discover(&mut bench);
    assert_eq!(after(&query).as_deref(), Some("5"));
    page(&mut bench, &query, 6..=8, true);
    assert_eq!(bench.texts(YOU), ["1", "2", "3", "4", "5", "6", "7", "8"]);
}

#[test]
fn an_opened_conversation_is_compared_with_the_archive_once() {
    let mut bench = signed_in(reloaded(&talked()));
    let query = discover(&mut bench);
    page(&mut bench, &query, 9..=9, true);
    // Another tab's write had lost 6 to 8.
    let newest = bench.request("query", MAM).expect("compares");
    page(&mut bench, &newest, 4..=9, false);
    assert_eq!(bench.texts(YOU), ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    bench.settle();
    bench.open_chat(YOU);
    assert!(bench.request("query", MAM).is_none());
}

#[test]
fn an_own_message_meets_its_archived_self_in_the_archives_order() {
    let mut bench = talked();
    bench.command(Command::SendMessage { conversation: chat(YOU), body: String::from("mine") });
    let sent = bench.find(|e| e.name() == "message").expect("sent");
    let id = String::from(sent.attr("id").expect("an id"));
    // The server answers what was sent behind it: it has the message.
    while let Some(ping) = bench.request("ping", "urn:xmpp:ping") {
        bench.answer(&ping, "");
    }
    live(&mut bench, 7);
    bench.wait(5_000);
    let mut again = reloaded(&bench);
    assert_eq!(again.texts(YOU), ["1", "2", "3", "4", "5", "mine", "7"]);
    again = signed_in(again);
    let query = discover(&mut again);
    // The cursor did not go past the own message.
    assert_eq!(after(&query).as_deref(), Some("5"));
    let query_id = query.children().next().and_then(|q| q.attr("queryid")).map(String::from).expect("an id");
    again.feed(
        &[
            "<message from='me@x.y' to='me@x.y/r'><result xmlns='urn:xmpp:mam:2' queryid='",
            &query_id,
            "' id='6'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2023-01-01T00:00:00Z'/>\
             <message xmlns='jabber:client' type='chat' id='",
            &id,
            "' from='me@x.y/r' to='you@x.y'><body>mine</body><origin-id xmlns='urn:xmpp:sid:0' id='",
            &id,
            "'/></message></forwarded></result></message>",
        ]
        .concat(),
    );
    page(&mut again, &query, 7..=7, true);
    assert_eq!(again.texts(YOU), ["1", "2", "3", "4", "5", "mine", "7"]);
}

#[test]
fn rows_that_come_late_are_not_used() {
    let before = talked();
    let mut bench = Bench::with(settings(), crate::features::all(), before.device.clone(), BTreeMap::new());
    bench.slow_loads = true;
    let jid = BareJid::new("me@x.y").expect("a jid");
    bench.command(Command::SignIn(SignIn::Password { jid, password: Password(String::from("secret")) }));
    // The tab's rows and what is known of the server; the device's rows still wait.
    bench.hurry_load();
    bench.hurry_load();
    let mut bench = signed_in(bench);
    let query = discover(&mut bench);
    assert_eq!(after(&query), None);
    bench.hurry_loads();
    bench.open_chat(YOU);
    page(&mut bench, &query, 7..=8, true);
    assert_eq!(bench.texts(YOU), ["7", "8"]);
}

#[test]
fn nothing_stays_of_guests_and_on_devices_that_are_not_trusted() {
    let distrusting = Settings { trusted_device: false, ..settings() };
    let mut bench = Bench::with(distrusting, crate::features::all(), BTreeMap::new(), BTreeMap::new());
    bench.sign_in("");
    let query = discover(&mut bench);
    page(&mut bench, &query, 1..=4, true);
    bench.wait(5_000);
    let rows = |rows: &BTreeMap<String, String>| rows.keys().filter(|key| key.contains("/history/")).count();
    assert_eq!((rows(&bench.device), rows(&bench.tab)), (0, 0));
    assert_eq!(rows(&talked().device), 2);
}

#[test]
fn another_form_or_a_broken_row_is_left_out() {
    let jid = |text| BareJid::new(text).expect("a jid");
    let read = |text: &str| row::read(text, &jid("me@x.y"), &jid(YOU)).len();
    assert_eq!(read("1\u{1e}o\u{1f}5\u{1f}\u{1f}a\u{1f}\u{1f}two\nlines"), 1);
    for text in [
        "",
        "1",
        "2\u{1e}o\u{1f}5\u{1f}\u{1f}a\u{1f}\u{1f}hi",
        "1\u{1e}o\u{1f}x\u{1f}\u{1f}a\u{1f}\u{1f}hi",
        "1\u{1e}o\u{1f}5",
    ] {
        assert_eq!(read(text), 0, "{text:?}");
    }
}
