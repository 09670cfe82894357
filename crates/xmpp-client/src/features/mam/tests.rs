use crate::api::*;
use crate::test_bench::{Bench, chat};
use xmpp::Element;

pub(crate) const MAM: &str = "urn:xmpp:mam:2";

/// Signed in at a server with an archive, its first question not answered yet.
pub(crate) fn online() -> (Bench, Element) {
    let mut bench = Bench::new(crate::features::all());
    bench.sign_in("");
    let query = discover(&mut bench);
    (bench, query)
}

pub(crate) fn discover(bench: &mut Bench) -> Element {
    while let Some(iq) = bench.request("query", "http://jabber.org/protocol/disco#info") {
        bench.answer(
            &iq,
            "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:mam:2'/><feature var='urn:xmpp:sid:0'/></query>",
        );
    }
    bench.request("query", MAM).expect("asks the archive")
}

pub(crate) fn query_id(query: &Element) -> String {
    String::from(query.children().next().and_then(|q| q.attr("queryid")).expect("a query id"))
}

pub(crate) fn result_from(bench: &mut Bench, from: &str, query_id: &str, n: u32, own: bool) {
    let n = n.to_string();
    let (sender, to) = if own { ("me@x.y/other", "you@x.y") } else { ("you@x.y/1", "me@x.y") };
    bench.feed(
        &[
            "<message from='",
            from,
            "' to='me@x.y/r'><result xmlns='urn:xmpp:mam:2' queryid='",
            query_id,
            "' id='",
            &n,
            "'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2023-01-01T00:00:00Z'/>\
             <message xmlns='jabber:client' type='chat' id='m",
            &n,
            "' from='",
            sender,
            "' to='",
            to,
            "'><body>",
            &n,
            "</body></message></forwarded></result></message>",
        ]
        .concat(),
    );
}

pub(crate) fn page(bench: &mut Bench, query: &Element, numbers: std::ops::RangeInclusive<u32>, complete: bool) {
    let id = query_id(query);
    for n in numbers.clone() {
        result_from(bench, "me@x.y", &id, n, n % 2 == 0);
    }
    let [first, last] = [numbers.start(), numbers.end()].map(ToString::to_string);
    let fin = [
        "<fin xmlns='urn:xmpp:mam:2'",
        if complete { " complete='true'" } else { "" },
        "><set xmlns='http://jabber.org/protocol/rsm'><first>",
        &first,
        "</first><last>",
        &last,
        "</last></set></fin>",
    ]
    .concat();
    bench.answer(query, &fin);
}

pub(crate) fn live(bench: &mut Bench, n: u32) {
    let n = n.to_string();
    bench.feed(
        &[
            "<message type='chat' from='you@x.y/1' id='m",
            &n,
            "'><body>",
            &n,
            "</body><stanza-id xmlns='urn:xmpp:sid:0' by='me@x.y' id='",
            &n,
            "'/></message>",
        ]
        .concat(),
    );
}

#[test]
fn the_first_time_the_newest_page_makes_the_list_and_counts_as_read() {
    let (mut bench, query) = online();
    assert!(query.to_xml().contains("<before/>"));
    page(&mut bench, &query, 11..=13, false);
    let chat = &bench.view.chats[&chat("you@x.y")];
    assert_eq!((chat.preview.as_deref(), chat.unread, chat.older), (Some("13"), 0, Older::More));
    assert!(bench.request("query", MAM).is_some(), "looks for other conversations");
    bench.open_chat("you@x.y");
    let query = bench.request("query", MAM).expect("a conversation of three rows asks for more");
    assert!(query.to_xml().contains("<before>11</before>") && query.to_xml().contains("<value>you@x.y</value>"));
    page(&mut bench, &query, 1..=10, true);
    let all: Vec<String> = (1..=13).map(|n: u32| n.to_string()).collect();
    assert_eq!(bench.texts("you@x.y"), all);
    assert_eq!(bench.view.chats[&self::chat("you@x.y")].older, Older::Complete);
    bench.command(Command::LoadHistory { conversation: self::chat("you@x.y"), gap: None });
    assert!(bench.request("query", MAM).is_none());
}

#[test]
fn a_new_device_finds_conversations_behind_one_that_fills_the_newest_page() {
    let (mut bench, query) = online();
    page(&mut bench, &query, 11..=13, false);
    let query = bench.request("query", MAM).expect("reads on");
    assert!(query.to_xml().contains("<before>11</before>") && !query.to_xml().contains("<value>you@x.y</value>"));
    let id = query_id(&query);
    bench.feed(
        &[
            "<message from='me@x.y' to='me@x.y/r'><result xmlns='urn:xmpp:mam:2' queryid='",
            &id,
            "' id='5'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2022-01-01T00:00:00Z'/>\
             <message xmlns='jabber:client' type='chat' id='m5' from='old@x.y/1' to='me@x.y'><body>long ago</body>\
             </message></forwarded></result></message>",
        ]
        .concat(),
    );
    page(&mut bench, &query, 6..=7, false);
    assert_eq!(bench.view.chats[&chat("old@x.y")].preview.as_deref(), Some("long ago"));
    assert_eq!(bench.view.chats[&chat("old@x.y")].unread, 0);
    let query = bench.request("query", MAM).expect("and on");
    page(&mut bench, &query, 1..=4, true);
    assert!(bench.request("query", MAM).is_none(), "until the archive's beginning");
    bench.open_chat("you@x.y");
    let before: Vec<String> = [1, 2, 3, 4, 6, 7, 11, 12, 13].map(|n: u32| n.to_string()).into();
    assert_eq!(bench.texts("you@x.y"), before);
}

#[test]
fn after_a_break_the_archive_is_read_from_the_last_known_message_to_its_tail() {
    let (mut bench, query) = online();
    page(&mut bench, &query, 1..=2, true);
    bench.settle_with("urn:xmpp:mam:2 urn:xmpp:sid:0", "");
    bench.open_chat("you@x.y");
    bench.settle_with("urn:xmpp:mam:2", "");
    live(&mut bench, 3);
    bench.break_connection();
    bench.negotiate("");
    bench.bind("");
    let query = discover(&mut bench);
    assert!(query.to_xml().contains("<after>3</after>"));
    live(&mut bench, 9);
    assert_eq!(bench.texts("you@x.y"), ["1", "2", "3", "…", "9"]);
    page(&mut bench, &query, 4..=6, false);
    let query = bench.request("query", MAM).expect("reads on");
    assert!(query.to_xml().contains("<after>6</after>"));
    page(&mut bench, &query, 7..=10, true);
    assert_eq!(bench.texts("you@x.y"), ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    // 9 came before the own answer 10.
    assert_eq!(bench.view.chats[&chat("you@x.y")].unread, 0);
}

#[test]
fn a_catch_up_that_breaks_off_leaves_a_gap_and_goes_on_later() {
    let (mut bench, query) = online();
    page(&mut bench, &query, 1..=2, true);
    bench.open_chat("you@x.y");
    bench.settle_with("urn:xmpp:mam:2 urn:xmpp:sid:0", "");
    bench.break_connection();
    bench.negotiate("");
    bench.bind("");
    let query = discover(&mut bench);
    live(&mut bench, 5);
    bench.refuse(&query, "internal-server-error");
    assert_eq!(bench.texts("you@x.y"), ["1", "2", "…", "5"]);
    bench.wait(31_000);
    let query = bench.request("query", MAM).expect("tries again");
    page(&mut bench, &query, 3..=5, true);
    assert_eq!(bench.texts("you@x.y"), ["1", "2", "3", "4", "5"]);
}

#[test]
fn an_archive_that_forgot_gives_its_newest_page_and_the_gap_can_be_filled() {
    let (mut bench, query) = online();
    page(&mut bench, &query, 1..=2, true);
    bench.open_chat("you@x.y");
    bench.settle_with("urn:xmpp:mam:2 urn:xmpp:sid:0", "");
    bench.break_connection();
    bench.negotiate("");
    bench.bind("");
    let query = discover(&mut bench);
    bench.refuse(&query, "item-not-found");
    let query = bench.request("query", MAM).expect("asks for the newest page");
    page(&mut bench, &query, 8..=9, false);
    assert_eq!(bench.texts("you@x.y"), ["1", "2", "…", "8", "9"]);
    bench.settle_with("urn:xmpp:mam:2", "");
    let gap = bench.view.timelines[&chat("you@x.y")][2].id;
    let fill = Command::LoadHistory { conversation: chat("you@x.y"), gap: Some(gap) };
    bench.command(fill.clone());
    bench.command(fill);
    let query = bench.request("query", MAM).expect("fills the gap");
    assert!(bench.request("query", MAM).is_none(), "once");
    assert!(query.to_xml().contains("<after>2</after>"));
    page(&mut bench, &query, 3..=8, false);
    assert_eq!(bench.texts("you@x.y"), ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

#[test]
fn results_nobody_asked_for_or_of_other_archives_are_refused() {
    let (mut bench, query) = online();
    let id = query_id(&query);
    bench.open_chat("you@x.y");
    result_from(&mut bench, "you@x.y", &id, 1, false);
    result_from(&mut bench, "x.y", &id, 2, false);
    result_from(&mut bench, "me@x.y/other", &id, 3, false);
    result_from(&mut bench, "me@x.y", "wrong", 4, false);
    page(&mut bench, &query, 5..=5, true);
    result_from(&mut bench, "me@x.y", &id, 6, false);
    bench.settle_with("urn:xmpp:mam:2", "");
    assert_eq!(bench.texts("you@x.y"), ["5"]);
}

#[test]
fn without_an_archive_history_is_complete() {
    let mut bench = Bench::online();
    bench.open_chat("you@x.y");
    assert_eq!(bench.view.chats[&chat("you@x.y")].older, Older::Complete);
    assert!(bench.request("query", MAM).is_none());
}
