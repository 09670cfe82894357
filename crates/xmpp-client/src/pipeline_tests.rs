//! The contract of a feature: holding, order, deadlines, and leaving no trace when switched off.

use std::collections::BTreeMap;

use crate::api::*;
use crate::feature::{Constructor, Feature, Flow, HoldId, Inbound, Label, Outbound};
use crate::test_bench::{Bench, settings};
use crate::{Cx, features};

/// Holds every message with `slow` in it for a second, and says so in it; drops `never` after its deadline.
#[derive(Default)]
struct Slow {
    holds: Vec<(Label, HoldId)>,
    labels: u32,
}

impl Slow {
    fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    fn see(&mut self, cx: &mut Cx<'_>, message: &mut xmpp::Message) -> Flow {
        let body = message.body().unwrap_or_default();
        if body.contains("never") {
            return Flow::Hold(cx.hold(5_000, false));
        }
        if body.contains("late") && !body.contains("held") {
            return Flow::Hold(cx.hold(5_000, true));
        }
        if !body.contains("slow") || body.contains("held") {
            return Flow::Continue;
        }
        message.payloads.retain(|e| e.name() != "body");
        *message = message.clone().with_body([&body, " held"].concat());
        self.labels += 1;
        let hold = cx.hold(60_000, false);
        self.holds.push((Label(self.labels), hold));
        cx.wake_in(Label(self.labels), 1_000);
        Flow::Hold(hold)
    }
}

impl Feature for Slow {
    fn id(&self) -> &'static str {
        "slow"
    }

    fn disco(&self) -> &'static [&'static str] {
        &["urn:example:slow"]
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, inbound: &mut Inbound) -> Flow {
        self.see(cx, &mut inbound.message)
    }

    fn before_send(&mut self, cx: &mut Cx<'_>, outbound: &mut Outbound) -> Flow {
        self.see(cx, &mut outbound.message)
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>, label: Label) {
        self.holds.retain(|(own, hold)| {
            if *own == label {
                cx.release(*hold, true);
            }
            *own != label
        });
    }
}

fn with_slow() -> Vec<Constructor> {
    let mut all = features::all();
    all.insert(0, Slow::make);
    all
}

fn online(settings: Settings) -> Bench {
    let mut bench = Bench::with(settings, with_slow(), BTreeMap::new(), BTreeMap::new());
    bench.sign_in("");
    bench.settle();
    bench
}

fn hear(bench: &mut Bench, from: &str, body: &str) {
    bench
        .feed(&["<message type='chat' from='", from, "/1' id='", body, "'><body>", body, "</body></message>"].concat());
}

fn bodies(bench: &Bench) -> Vec<String> {
    let body = |e: &xmpp::Element| e.child("body", "jabber:client").map(xmpp::Element::text);
    bench.sent.iter().filter_map(body).collect()
}

#[test]
fn what_comes_behind_a_held_message_waits_and_other_conversations_do_not() {
    let mut bench = online(settings());
    bench.open_chat("a@x.y");
    bench.open_chat("b@x.y");
    bench.settle();
    hear(&mut bench, "a@x.y", "slow 1");
    hear(&mut bench, "a@x.y", "2");
    hear(&mut bench, "a@x.y", "slow 3");
    hear(&mut bench, "a@x.y", "4");
    hear(&mut bench, "b@x.y", "other");
    assert_eq!((bench.texts("a@x.y").len(), bench.texts("b@x.y").len()), (0, 1));
    bench.wait(1_100);
    assert_eq!(bench.texts("a@x.y"), ["slow 1 held", "2"]);
    bench.wait(1_100);
    assert_eq!(bench.texts("a@x.y"), ["slow 1 held", "2", "slow 3 held", "4"]);
}

#[test]
fn messages_go_out_in_the_order_they_were_written_and_show_at_once() {
    let mut bench = online(settings());
    bench.open_chat("a@x.y");
    bench.settle();
    bench.say("a@x.y", "slow 1");
    bench.say("a@x.y", "2");
    bench.say("b@x.y", "other");
    assert_eq!(bench.texts("a@x.y"), ["slow 1", "2"]);
    assert_eq!(bodies(&bench), ["other"]);
    bench.wait(1_100);
    assert_eq!(bodies(&bench), ["other", "slow 1 held", "2"]);
}

#[test]
fn a_deadline_ends_every_hold_as_its_feature_wished() {
    let mut bench = online(settings());
    bench.open_chat("a@x.y");
    bench.settle();
    bench.say("a@x.y", "never");
    bench.say("a@x.y", "late");
    bench.say("a@x.y", "3");
    hear(&mut bench, "a@x.y", "heard never");
    hear(&mut bench, "a@x.y", "heard");
    bench.wait(5_100);
    let failed = Delivery::Failed { condition: String::from("not-acceptable"), text: None };
    assert_eq!(bench.delivery("a@x.y", "never"), failed, "a message that is stopped is not silently gone");
    assert_eq!(bench.texts("a@x.y"), ["never", "late", "3", "heard"]);
    bench.wait(5_100);
    assert_eq!(bodies(&bench), ["late", "3"]);
}

/// Everything the client sends after signing in, as text.
fn traffic(disabled: &str) -> String {
    let settings = Settings { disabled: vec![String::from(disabled)], ..settings() };
    let mut fresh = Bench::with(settings, with_slow(), BTreeMap::new(), BTreeMap::new());
    fresh.sign_in("");
    let mut out: String = fresh.sent.iter().map(xmpp::Element::to_xml).collect();
    let has = "urn:xmpp:mam:2 urn:xmpp:carbons:2 urn:xmpp:sid:0 urn:xmpp:ping vcard-temp";
    // Two rounds: the second is what the answers bring about.
    for _ in 0..2 {
        let before: String = fresh.sent.iter().map(xmpp::Element::to_xml).collect();
        out.push_str(&before);
        fresh.settle_with(has, "<item jid='you@x.y' subscription='both'/>");
    }
    fresh.open_chat("you@x.y");
    fresh.feed("<presence from='you@x.y/1'><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/></presence>");
    fresh.feed(
        "<message type='chat' from='you@x.y/1' id='q'><body>a</body><request xmlns='urn:xmpp:receipts'/>\
         <markable xmlns='urn:xmpp:chat-markers:0'/><active xmlns='http://jabber.org/protocol/chatstates'/></message>",
    );
    fresh.say("you@x.y", "hi");
    let conversation = crate::test_bench::chat("you@x.y");
    fresh.command(Command::Typing { conversation: conversation.clone(), state: ChatState::Composing });
    fresh.command(Command::Draft { conversation: conversation.clone(), text: String::from("dr") });
    let up_to = fresh.view.timelines[&conversation][0].id;
    fresh.command(Command::MarkRead { conversation, up_to });
    fresh.feed("<iq type='get' id='d' from='x.y'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    fresh.wait(70_000);
    out.extend(fresh.sent.iter().map(xmpp::Element::to_xml));
    out.extend(fresh.device.keys().map(String::as_str));
    out
}

#[test]
fn a_feature_that_is_switched_off_leaves_no_trace() {
    let traces = [
        ("slow", "urn:example:slow"),
        ("chat-states", "http://jabber.org/protocol/chatstates"),
        ("receipts", "urn:xmpp:receipts"),
        ("markers", "urn:xmpp:chat-markers:0"),
        ("carbons", "urn:xmpp:carbons:2"),
        ("mam", "urn:xmpp:mam:2"),
        ("vcard", "vcard-temp"),
        ("caps", "http://jabber.org/protocol/caps"),
        ("drafts", "/drafts/"),
    ];
    let all = traffic("nothing");
    for (id, trace) in traces {
        assert!(all.contains(trace) || id == "carbons", "{id} shows while it is on");
        assert!(!traffic(id).contains(trace), "{id} shows while it is off");
    }
}

#[test]
fn a_list_of_enabled_features_leaves_the_essential_ones() {
    let bench = online(Settings { enabled: vec![String::from("receipts")], ..settings() });
    let ids = bench.client.core.ids.clone();
    assert!(ids.contains(&"receipts") && ids.contains(&"roster") && ids.contains(&"outbox"));
    assert!(!ids.contains(&"markers") && !ids.contains(&"slow"));
}
