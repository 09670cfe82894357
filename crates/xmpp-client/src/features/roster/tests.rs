use std::collections::BTreeMap;

use xmpp::jid::BareJid;

use crate::api::*;
use crate::test_bench::{Bench, settings};

const VERSIONING: &str = "<ver xmlns='urn:xmpp:features:rosterver'/>";
const ROSTER: &str = "jabber:iq:roster";

fn jid(text: &str) -> BareJid {
    BareJid::new(text).expect("a jid")
}

fn online(items: &str) -> Bench {
    let mut bench = Bench::new(crate::features::all());
    bench.sign_in("");
    bench.settle_with("", items);
    bench
}

fn push(bench: &mut Bench, from: &str, item: &str) {
    bench
        .feed(&["<iq type='set' id='push'", from, "><query xmlns='jabber:iq:roster'>", item, "</query></iq>"].concat());
}

#[test]
fn contacts_have_names_groups_and_presence() {
    let mut bench = online(
        "<item jid='a@x.y' name='Anna' subscription='both'><group>z</group><group>b</group></item>\
         <item jid='b@x.y' ask='subscribe'/><item jid='@'/>",
    );
    assert!(bench.view.roster_complete);
    let a = &bench.view.contacts[&jid("a@x.y")];
    assert_eq!(
        (a.name.as_str(), &a.groups[..], a.subscription),
        ("Anna", &["b", "z"].map(String::from)[..], Subscription::Both)
    );
    let b = &bench.view.contacts[&jid("b@x.y")];
    assert_eq!((b.name.as_str(), b.pending_out, b.availability), ("b", true, Availability::Offline));
    bench.feed("<presence from='a@x.y/1'><show>dnd</show><status>busy</status><priority>5</priority></presence>");
    bench.feed("<presence from='a@x.y/2'/>");
    bench.feed("<presence from='stranger@x.y/2'/>");
    let a = &bench.view.contacts[&jid("a@x.y")];
    assert_eq!((a.availability, a.status.as_deref()), (Availability::DoNotDisturb, Some("busy")));
    bench.feed("<presence from='a@x.y/1' type='unavailable'/>");
    assert_eq!(bench.view.contacts[&jid("a@x.y")].availability, Availability::Online);
}

#[test]
fn pushes_count_only_from_the_own_account() {
    let mut bench = online("");
    let item = "<item jid='a@x.y' subscription='both'/>";
    for from in [" from='evil@x.y/1'", " from='x.y'", " from='me@x.y/other'"] {
        push(&mut bench, from, item);
        assert!(bench.view.contacts.is_empty(), "{from}");
        assert_eq!(bench.next().attr("type"), Some("error"));
    }
    for from in ["", " from='me@x.y'"] {
        push(&mut bench, from, item);
        assert!(bench.view.contacts.contains_key(&jid("a@x.y")), "{from}");
        assert_eq!(bench.next().attr("type"), Some("result"));
        push(&mut bench, from, "<item jid='a@x.y' subscription='remove'/>");
        assert!(bench.view.contacts.is_empty());
        bench.next();
    }
}

#[test]
fn answers_from_elsewhere_make_no_roster() {
    let mut bench = Bench::new(crate::features::all());
    bench.sign_in("");
    let iq = bench.request("query", ROSTER).expect("asks");
    let id = iq.attr("id").expect("an id");
    let forged = "'><query xmlns='jabber:iq:roster'><item jid='evil@x.y' subscription='both'/></query></iq>";
    bench.feed(&["<iq type='result' from='evil@x.y' id='", id, forged].concat());
    assert!(!bench.view.roster_complete);
    bench.answer(&iq, "<query xmlns='jabber:iq:roster'/>");
    assert!(bench.view.roster_complete && bench.view.contacts.is_empty());
}

#[test]
fn a_cached_roster_shows_at_once_and_only_changes_are_asked_for() {
    let mut bench = Bench::new(crate::features::all());
    bench.sign_in(VERSIONING);
    let iq = bench.request("query", ROSTER).expect("asks");
    assert_eq!(iq.children().next().and_then(|q| q.attr("ver")), Some(""));
    bench.answer(&iq, "<query xmlns='jabber:iq:roster' ver='7'><item jid='a@x.y'/><item jid='b@x.y'/></query>");
    push(&mut bench, "", "<item jid='b@x.y' subscription='remove'/>");

    let mut again = Bench::with(settings(), crate::features::all(), bench.device.clone(), BTreeMap::new());
    let password = Password(String::from("secret"));
    again.command(Command::SignIn(SignIn::Password { jid: jid("me@x.y"), password }));
    assert!(again.view.roster_complete && again.view.contacts.len() == 1, "before any connection");
    again.negotiate(VERSIONING);
    again.bind(VERSIONING);
    let iq = again.request("query", ROSTER).expect("asks");
    assert_eq!(iq.children().next().and_then(|q| q.attr("ver")), Some("7"));
    again.answer(&iq, "");
    assert_eq!(again.view.contacts.len(), 1);
    again.wait(0);
    again.break_connection();
    again.negotiate(VERSIONING);
    again.bind(VERSIONING);
    let iq = again.request("query", ROSTER).expect("asks");
    again.answer(&iq, "<query xmlns='jabber:iq:roster' ver='8'><item jid='c@x.y'/></query>");
    assert_eq!(again.view.contacts.keys().collect::<Vec<_>>(), [&jid("c@x.y")]);
    assert!(!again.device.keys().any(|key| key.contains("item/a@x.y")));
}

#[test]
fn adding_accepting_refusing_and_removing() {
    let mut bench = online("");
    let groups = vec![String::from("Friends")];
    bench.command(Command::AddContact { jid: jid("a@x.y"), name: Some(String::from("A")), groups });
    let set = bench.request("query", ROSTER).expect("sets");
    assert!(
        set.to_xml().contains("<item jid=\"a@x.y\" name=\"A\"") || set.to_xml().contains("name='A'"),
        "{}",
        set.to_xml()
    );
    let presence = bench.next();
    assert_eq!((presence.attr("type"), presence.attr("to")), (Some("subscribe"), Some("a@x.y")));
    bench.refuse(&set, "not-allowed");
    assert!(bench.events.iter().any(
        |e| matches!(e, Event::CommandFailed { command: "add-contact", condition, .. } if condition == "not-allowed")
    ));

    bench.feed("<presence from='b@x.y' type='subscribe'><status>please</status><nick xmlns='http://jabber.org/protocol/nick'>Bob</nick></presence>");
    let request = &bench.view.requests[&jid("b@x.y")];
    assert_eq!((request.name.as_deref(), request.message.as_deref()), (Some("Bob"), Some("please")));
    assert!(bench.events.contains(&Event::ContactRequested(jid("b@x.y"))));
    bench.sent.clear();
    bench.command(Command::AcceptContact(jid("b@x.y")));
    let types: Vec<_> = bench.sent.iter().filter_map(|e| e.attr("type")).collect();
    assert_eq!(types, ["subscribed", "set", "subscribe"]);
    assert!(bench.view.requests.is_empty());

    bench.feed("<presence from='c@x.y' type='subscribe'/>");
    bench.sent.clear();
    bench.command(Command::RefuseContact(jid("c@x.y")));
    assert_eq!(bench.next().attr("type"), Some("unsubscribed"));
    bench.command(Command::RemoveContact(jid("b@x.y")));
    assert!(bench.request("query", ROSTER).is_some_and(|iq| iq.to_xml().contains("remove")));
}

#[test]
fn whom_we_asked_may_see_us() {
    let mut bench = online("<item jid='a@x.y' ask='subscribe'/>");
    bench.feed("<presence from='a@x.y' type='subscribe'/>");
    assert_eq!(bench.next().attr("type"), Some("subscribed"));
    assert!(bench.view.requests.is_empty());
}

#[test]
fn the_first_presence_comes_after_the_roster() {
    let mut bench = Bench::new(crate::features::all());
    bench.sign_in("");
    assert!(bench.find(|e| e.name() == "presence").is_none());
    while let Some(iq) = bench.request("query", "http://jabber.org/protocol/disco#info") {
        bench.refuse(&iq, "service-unavailable");
    }
    assert!(bench.find(|e| e.name() == "presence").is_none());
    let roster = bench.request("query", ROSTER).expect("asks");
    bench.answer(&roster, "<query xmlns='jabber:iq:roster'/>");
    assert!(bench.find(|e| e.name() == "presence").is_some());
    bench.command(Command::SetPresence { availability: Availability::Away, status: Some(String::from("lunch")) });
    let presence = bench.find(|e| e.name() == "presence").expect("again");
    assert!(presence.to_xml().contains("<show>away</show>") && presence.to_xml().contains("lunch"));
}
