use crate::api::*;
use crate::test_bench::Bench;

fn online() -> Bench {
    let mut bench = Bench::new(crate::features::all());
    bench.sign_in("");
    bench.settle_with("urn:xmpp:carbons:2 urn:xmpp:sid:0", "");
    bench.open_chat("you@x.y");
    bench
}

fn carbon(bench: &mut Bench, from: &str, kind: &str, message: &str) {
    bench.feed(
        &[
            "<message",
            from,
            "><",
            kind,
            " xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>\
             <message xmlns='jabber:client' type='chat' ",
            message,
            "</message></forwarded></",
            kind,
            "></message>",
        ]
        .concat(),
    );
}

#[test]
fn copies_of_other_devices_show() {
    let mut bench = online();
    carbon(&mut bench, " from='me@x.y'", "sent", "id='1' from='me@x.y/phone' to='you@x.y'><body>from my phone</body>");
    carbon(&mut bench, " from='me@x.y'", "received", "id='2' from='you@x.y/1' to='me@x.y/phone'><body>answer</body>");
    assert_eq!(bench.texts("you@x.y"), ["from my phone", "answer"]);
    assert_eq!(bench.delivery("you@x.y", "from my phone"), Delivery::Sent);
}

#[test]
fn forged_copies_are_dropped_whole() {
    let mut bench = online();
    let sent = "id='1' from='me@x.y/phone' to='you@x.y'><body>I owe you</body>";
    for from in [" from='you@x.y/1'", " from='evil@x.y'", " from='x.y'", " from='me@x.y/other'", ""] {
        carbon(&mut bench, from, "sent", sent);
        carbon(&mut bench, from, "received", "id='2' from='you@x.y/1' to='me@x.y/r'><body>forged</body>");
    }
    // Nor may a true copy say something else than copies say.
    carbon(&mut bench, " from='me@x.y'", "sent", "id='3' from='you@x.y/1' to='me@x.y'><body>upside down</body>");
    carbon(&mut bench, " from='me@x.y'", "received", "id='4' from='you@x.y/1' to='evil@x.y'><body>elsewhere</body>");
    assert!(bench.texts("you@x.y").is_empty());
}

#[test]
fn a_stanza_id_counts_only_where_somebody_vouches_for_it() {
    let say = |bench: &mut Bench, by: &str| {
        let id = ["<stanza-id xmlns='urn:xmpp:sid:0' id='77' by='", by, "'/></message>"].concat();
        bench.feed(&["<message from='you@x.y/1' type='chat' id='", by, "'><body>", by, "</body>", &id].concat());
        let items = &bench.view.timelines[&crate::test_bench::chat("you@x.y")];
        match &items.last().expect("a row").kind {
            ItemKind::Message { stanza_id, .. } => stanza_id.as_ref().map(|s| String::from(s.id.as_str())),
            _ => None,
        }
    };
    let mut bench = online();
    assert_eq!(say(&mut bench, "you@x.y"), None);
    assert_eq!(say(&mut bench, "x.y"), None);
    assert_eq!(say(&mut bench, "me@x.y").as_deref(), Some("77"));
    // A server that does not know stanza ids lets through what the sender wrote.
    let mut bench = Bench::online();
    bench.open_chat("you@x.y");
    assert_eq!(say(&mut bench, "me@x.y"), None);
}
