use std::collections::BTreeMap;

use xmpp::Element;

use crate::api::*;
use crate::test_bench::{Bench, chat, settings};

const SM: &str = "<sm xmlns='urn:xmpp:sm:3'/>";
const ARCHIVE: &str = "urn:xmpp:mam:2";

fn online(features: &str) -> Bench {
    let mut bench = Bench::new(crate::features::all());
    bench.sign_in(SM);
    bench.settle_with(features, "");
    bench.open_chat("you@x.y");
    bench.settle_with(features, "");
    bench
}

fn messages(bench: &Bench) -> Vec<Element> {
    bench.sent.iter().filter(|e| e.child("body", "jabber:client").is_some()).cloned().collect()
}

fn bodies(bench: &Bench) -> Vec<String> {
    messages(bench).iter().filter_map(|e| e.child("body", "jabber:client").map(Element::text)).collect()
}

/// Loses the session for good and binds another; the server had handled `h` stanzas, if it still knows.
fn lose_session(bench: &mut Bench, h: Option<u32>) {
    bench.break_connection();
    bench.negotiate(SM);
    assert_eq!(bench.next().name(), "resume");
    let h = h.map(|h| [" h='", &h.to_string(), "'"].concat()).unwrap_or_default();
    let condition = "><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
    bench.feed(&["<failed xmlns='urn:xmpp:sm:3'", &h, condition].concat());
    bench.bind(SM);
    disco(bench, ARCHIVE);
}

fn disco(bench: &mut Bench, features: &str) {
    while let Some(iq) = bench.request("query", "http://jabber.org/protocol/disco#info") {
        let feature = ["<feature var='", features, "'/>"].concat();
        bench.answer(&iq, &["<query xmlns='http://jabber.org/protocol/disco#info'>", &feature, "</query>"].concat());
    }
}

/// The archive query about one conversation.
fn check(bench: &mut Bench) -> Element {
    let about_one = |e: &Element| {
        e.children().next().is_some_and(|q| q.is("query", ARCHIVE)) && e.to_xml().contains("<value>you@x.y</value>")
    };
    bench.find(about_one).expect("asks the archive")
}

fn found(bench: &mut Bench, query: &Element, n: u32, message: &Element) {
    let query_id = query.children().next().and_then(|q| q.attr("queryid")).expect("an id");
    let n = n.to_string();
    bench.feed(
        &[
            "<message from='me@x.y' to='me@x.y/r'><result xmlns='urn:xmpp:mam:2' queryid='",
            query_id,
            "' id='",
            &n,
            "'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2023-11-14T22:13:20Z'/>",
            &message.clone().with_attr("from", "me@x.y/r").to_xml(),
            "</forwarded></result></message>",
        ]
        .concat(),
    );
}

#[test]
fn nothing_goes_out_before_it_is_written_down() {
    let mut bench = online("");
    bench.slow = true;
    bench.say("you@x.y", "one");
    assert!(messages(&bench).is_empty());
    assert_eq!(bench.delivery("you@x.y", "one"), Delivery::Pending);
    bench.say("you@x.y", "two");
    bench.hurry_stores();
    bench.wait(0);
    assert_eq!(bodies(&bench), ["one", "two"]);
    assert_eq!(bench.device.keys().filter(|key| key.contains("/outbox/")).count(), 2);
}

#[test]
fn a_reload_shows_what_waits_and_sends_what_never_went_out() {
    let mut bench = Bench::new(crate::features::all());
    bench.sign_in(SM);
    bench.settle();
    bench.open_chat("you@x.y");
    let socket = bench.socket.take().expect("open");
    bench.input(Input::Page(PageEvent::Offline));
    bench.input(Input::Closed { socket });
    bench.say("you@x.y", "written\non the train");
    let mut again = Bench::with(settings(), crate::features::all(), bench.device.clone(), BTreeMap::new());
    again.sign_in(SM);
    again.open_chat("you@x.y");
    assert_eq!(again.delivery("you@x.y", "written\non the train"), Delivery::Pending);
    again.settle();
    again.wait(2_000);
    // It never went out, so the archive need not be asked: it simply goes.
    assert_eq!(again.client.core.state.conversation(&chat("you@x.y")).map(|c| c.timeline.rows().len()), Some(1));
    let mut third = Bench::with(settings(), crate::features::all(), bench.device.clone(), BTreeMap::new());
    third.sign_in(SM);
    assert_eq!(bodies(&third), ["written\non the train"]);
}

#[test]
fn after_a_refused_resumption_only_what_the_archive_lacks_goes_again_with_the_same_ids() {
    let mut bench = online(ARCHIVE);
    let before = bench.client_unacked();
    for text in ["counted", "archived", "absent"] {
        bench.say("you@x.y", text);
    }
    let sent = messages(&bench);
    assert_eq!(sent.len(), 3);
    // `<failed h>` covers the first (XEP-0198 §5).
    lose_session(&mut bench, Some(before + 1));
    assert_eq!(bench.delivery("you@x.y", "counted"), Delivery::Sent);
    bench.say("you@x.y", "new");
    assert!(bodies(&bench).is_empty(), "order is kept: nothing goes before it is known what went");
    let query = check(&mut bench);
    found(&mut bench, &query, 7, &sent[1]);
    assert_eq!(bench.delivery("you@x.y", "archived"), Delivery::Sent);
    bench.answer(&query, "<fin xmlns='urn:xmpp:mam:2' complete='true'/>");
    assert_eq!(bodies(&bench), ["absent", "new"]);
    let again = &messages(&bench)[0];
    assert_eq!(again.attr("id"), sent[2].attr("id"));
    let origin = |e: &Element| e.child("origin-id", "urn:xmpp:sid:0").and_then(|o| o.attr("id")).map(String::from);
    assert_eq!(origin(again), origin(&sent[2]));
    assert_eq!(bench.texts("you@x.y"), ["counted", "archived", "absent", "new"]);
}

#[test]
fn the_check_reads_on_to_the_tail_and_asks_again_after_a_failure() {
    let mut bench = online(ARCHIVE);
    bench.say("you@x.y", "hi");
    lose_session(&mut bench, None);
    let query = check(&mut bench);
    bench.refuse(&query, "internal-server-error");
    assert!(bodies(&bench).is_empty());
    bench.wait(16_000);
    let query = check(&mut bench);
    let fin = "<fin xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><first>1</first><last>9</last></set></fin>";
    bench.answer(&query, fin);
    assert!(bodies(&bench).is_empty(), "not the tail yet");
    let query = check(&mut bench);
    assert!(query.to_xml().contains("<after>9</after>"));
    bench.answer(&query, "<fin xmlns='urn:xmpp:mam:2' complete='true'/>");
    assert_eq!(bodies(&bench), ["hi"]);
}

#[test]
fn a_forged_result_proves_nothing() {
    let mut bench = online(ARCHIVE);
    bench.say("you@x.y", "hi");
    let sent = messages(&bench);
    lose_session(&mut bench, None);
    let query = check(&mut bench);
    let query_id = query.children().next().and_then(|q| q.attr("queryid")).expect("an id");
    bench.feed(
        &[
            "<message from='you@x.y/1'><result xmlns='urn:xmpp:mam:2' id='1' queryid='",
            query_id,
            "'><forwarded xmlns='urn:xmpp:forward:0'>",
            &sent[0].to_xml(),
            "</forwarded></result></message>",
        ]
        .concat(),
    );
    bench.answer(&query, "<fin xmlns='urn:xmpp:mam:2' complete='true'/>");
    assert_eq!(bodies(&bench), ["hi"]);
}

#[test]
fn without_an_archive_what_is_unknown_is_shown_as_failed_and_the_person_decides() {
    let mut bench = online("");
    bench.say("you@x.y", "one");
    bench.say("you@x.y", "two");
    bench.break_connection();
    bench.negotiate(SM);
    bench.next();
    bench.feed("<failed xmlns='urn:xmpp:sm:3'/>");
    bench.bind(SM);
    disco(&mut bench, "nothing");
    let failed = Delivery::Failed { condition: String::from("timeout"), text: None };
    assert_eq!(bench.delivery("you@x.y", "one"), failed);
    let items = bench.view.timelines[&chat("you@x.y")].clone();
    bench.command(Command::Retry { conversation: chat("you@x.y"), item: items[1].id });
    assert_eq!(bench.delivery("you@x.y", "two"), Delivery::Pending);
    assert_eq!(bodies(&bench), ["two"]);
    bench.command(Command::Discard { conversation: chat("you@x.y"), item: items[0].id });
    assert_eq!(bench.texts("you@x.y"), ["two"]);
    assert_eq!(bench.device.keys().filter(|key| key.contains("/outbox/")).count(), 1);
}

#[test]
fn an_error_from_the_other_side_is_shown_and_survives_a_reload() {
    let mut bench = online("");
    bench.say("you@x.y", "hi");
    let id = String::from(messages(&bench)[0].attr("id").expect("an id"));
    let h = bench.client_unacked().to_string();
    bench.feed(&["<a xmlns='urn:xmpp:sm:3' h='", &h, "'/>"].concat());
    assert_eq!(bench.delivery("you@x.y", "hi"), Delivery::Sent);
    let error = |from: &str| {
        let error = "'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";
        ["<message type='error' from='", from, "' id='", &id, error].concat()
    };
    bench.feed(&error("evil@x.y"));
    assert_eq!(bench.delivery("you@x.y", "hi"), Delivery::Sent, "only its addressee can refuse it");
    bench.feed(&error("you@x.y"));
    let failed = Delivery::Failed { condition: String::from("service-unavailable"), text: None };
    assert_eq!(bench.delivery("you@x.y", "hi"), failed);
    let mut again = Bench::with(settings(), crate::features::all(), bench.device.clone(), BTreeMap::new());
    again.sign_in(SM);
    again.open_chat("you@x.y");
    assert_eq!(again.delivery("you@x.y", "hi"), failed);
}

#[test]
fn a_store_that_fails_is_told_and_keeps_nothing_back() {
    let mut bench = online("");
    bench.slow = true;
    bench.say("you@x.y", "hi");
    bench.fail_stores();
    assert!(bench.events.contains(&Event::StorageDegraded));
    assert_eq!(bodies(&bench), ["hi"]);
}

#[test]
fn what_the_device_refuses_the_tab_keeps_over_a_reload() {
    let mut bench = online("");
    bench.slow = true;
    bench.say("you@x.y", "first");
    bench.fail_stores();
    // The device wrote nothing, whatever the bench's map says.
    bench.device.clear();
    assert!(bench.tab.keys().any(|key| key.contains("/outbox/")));
    bench.say("you@x.y", "second");
    bench.device.clear();
    let mut again = Bench::with(settings(), crate::features::all(), BTreeMap::new(), bench.tab.clone());
    again.sign_in(SM);
    again.open_chat("you@x.y");
    assert_eq!(again.texts("you@x.y"), ["first", "second"]);
}

#[test]
fn on_a_device_that_is_not_trusted_only_the_tab_keeps_what_was_written() {
    let distrusting = Settings { trusted_device: false, ..settings() };
    let mut bench = Bench::with(distrusting, crate::features::all(), BTreeMap::new(), BTreeMap::new());
    bench.sign_in(SM);
    bench.settle();
    bench.say("you@x.y", "hi");
    bench.wait(2_000);
    assert!(bench.device.is_empty(), "{:?}", bench.device);
    assert!(bench.tab.keys().any(|key| key.contains("/outbox/")));
    assert!(!bench.tab.keys().any(|key| key.contains("/chats/")));
}

#[test]
fn what_was_written_before_a_reload_stands_before_what_is_written_while_it_loads() {
    let mut bench = online("");
    let socket = bench.socket.take().expect("open");
    bench.input(Input::Page(PageEvent::Offline));
    bench.input(Input::Closed { socket });
    bench.say("you@x.y", "before");
    let other_page = Settings { seed: [1; 32], ..settings() };
    let mut again = Bench::with(other_page, crate::features::all(), bench.device.clone(), BTreeMap::new());
    again.slow_loads = true;
    let jid = xmpp::BareJid::new("me@x.y").expect("a jid");
    again.command(Command::SignIn(SignIn::Password { jid, password: Password(String::from("secret")) }));
    again.open_chat("you@x.y");
    again.say("you@x.y", "after");
    assert_eq!(again.texts("you@x.y"), ["after"]);
    again.hurry_loads();
    assert_eq!(again.texts("you@x.y"), ["before", "after"]);
}
