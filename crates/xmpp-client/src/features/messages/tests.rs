use crate::api::*;
use crate::test_bench::{Bench, chat};

#[test]
fn two_people_talk() {
    let mut bench = Bench::online();
    bench.open_chat("you@x.y");
    bench.say("you@x.y", " hello ");
    let message = bench.find(|e| e.name() == "message").expect("sent");
    assert_eq!(message.attr("to"), Some("you@x.y"));
    assert_eq!(message.child("body", "jabber:client").map(|b| b.text()).as_deref(), Some("hello"));
    let id = message.attr("id").expect("an id");
    assert_eq!(message.child("origin-id", "urn:xmpp:sid:0").and_then(|o| o.attr("id")), Some(id));
    assert_eq!(bench.delivery("you@x.y", "hello"), Delivery::Pending);

    bench.feed("<message from='you@x.y/1' type='chat' id='a'><body>&lt;b>hi&lt;/b></body></message>");
    assert_eq!(bench.texts("you@x.y"), ["hello", "<b>hi</b>"]);
    let chat = &bench.view.chats[&chat("you@x.y")];
    assert_eq!((chat.preview.as_deref(), chat.unread, chat.preview_own), (Some("<b>hi</b>"), 1, false));
    let names = bench.events.iter().filter(|e| matches!(e, Event::MessageReceived { name, .. } if name == "you"));
    assert_eq!(names.count(), 1);
}

#[test]
fn the_same_message_shows_once() {
    let mut bench = Bench::online();
    bench.open_chat("you@x.y");
    for _ in 0..2 {
        bench.feed("<message from='you@x.y/1' type='chat' id='a'><body>hi</body></message>");
    }
    // A counter that begins anew is no repetition.
    bench.feed("<message from='you@x.y/1' type='chat' id='a'><body>other</body></message>");
    assert_eq!(bench.texts("you@x.y"), ["hi", "other"]);
}

#[test]
fn what_is_no_chat_makes_no_row() {
    let mut bench = Bench::online();
    bench.feed("<message from='room@x.y/nick' type='groupchat'><body>hi</body></message>");
    bench.feed("<message from='x.y' type='headline'><body>hi</body></message>");
    bench.feed("<message from='you@x.y/1' type='chat'><body>  </body></message>");
    bench.feed("<message from='you@x.y/1' type='error' id='z'><body>hi</body></message>");
    assert!(bench.view.chats.is_empty());
}

#[test]
fn a_thousand_strangers_do_not_fill_the_memory() {
    let mut bench = Bench::online();
    bench.open_chat("friend@x.y");
    bench.say("friend2@x.y", "not sent yet");
    for n in 0..3_500 {
        let n = n.to_string();
        bench.feed(&["<message from='spam", &n, "@x.y/1' type='chat' id='a'><body>buy</body></message>"].concat());
    }
    assert!(bench.view.chats.len() <= 3_000);
    assert!(bench.view.chats.contains_key(&chat("friend@x.y")) && bench.view.chats.contains_key(&chat("friend2@x.y")));
    for n in 0..200 {
        let n = n.to_string();
        bench.feed(&["<message from='spam@x.y/1' type='chat' id='a", &n, "'><body>", &n, "</body></message>"].concat());
    }
    assert_eq!(bench.view.chats[&chat("spam@x.y")].unread, 200);
    let rows = bench.client.core.state.conversation(&chat("spam@x.y")).map(|c| c.timeline.rows().len());
    assert!(rows.is_some_and(|rows| rows <= 50));
}
