//! XEP-0163: what accounts publish, who gets it, and who does not.

use base64::Engine;
use sha1::Digest;
use xmpp::Payload;

use super::world::{World, bare};
use crate::io::ConnId;

const OPTIONS: &str = "http://jabber.org/protocol/pubsub#publish-options";

fn iq(world: &mut World, conn: ConnId, to: &str, type_: &str, payload: &str) -> String {
    world.send(conn, &format!("<iq{to} type='{type_}' id='i'>{payload}</iq>"));
    let got = world.take_xml(conn);
    got.into_iter().find(|it| it.contains("id=\"i\"")).expect("answered")
}

fn pubsub(inner: &str) -> String {
    format!("<pubsub xmlns='http://jabber.org/protocol/pubsub'>{inner}</pubsub>")
}

fn owner(inner: &str) -> String {
    format!("<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>{inner}</pubsub>")
}

fn form(type_: &str, fields: &[(&str, &str)]) -> String {
    let field = |(var, value): &(&str, &str)| format!("<field var='pubsub#{var}'><value>{value}</value></field>");
    let fields: String = fields.iter().map(field).collect();
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>{type_}</value></field>{fields}</x>"
    )
}

fn publish(world: &mut World, conn: ConnId, node: &str, id: &str, options: &[(&str, &str)]) -> String {
    let item = format!("<publish node='{node}'><item id='{id}'><tune xmlns='urn:tune'>{id}</tune></item></publish>");
    let options = if options.is_empty() {
        String::new()
    } else {
        format!("<publish-options>{}</publish-options>", form(OPTIONS, options))
    };
    iq(world, conn, "", "set", &pubsub(&(item + &options)))
}

fn items(world: &mut World, conn: ConnId, to: &str, node: &str) -> String {
    iq(world, conn, to, "get", &pubsub(&format!("<items node='{node}'/>")))
}

/// The presence of a client that wants to know of these nodes, and what it answers when it is asked.
fn capable(nodes: &[&str]) -> (String, String) {
    let features: String = nodes.iter().map(|node| format!("<feature var='{node}+notify'/>")).collect();
    let info = format!(
        "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='client' type='pc'/>{features}</query>"
    );
    let read = xmpp::xep::disco::DiscoInfo::read(&xmpp::xml::parse(&info).expect("well-formed")).expect("readable");
    let text = xmpp::xep::caps::verification_string(&read).expect("hashable");
    let ver = base64::engine::general_purpose::STANDARD.encode(sha1::Sha1::digest(text));
    let caps = format!(
        "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:client' ver='{ver}'/></presence>"
    );
    (caps, info)
}

/// Connects a client that wants to know of these nodes; tells whether it was asked. What else came stays in the inbox.
fn curious(world: &mut World, name: &str, resource: &str, nodes: &[&str]) -> (ConnId, Vec<String>, bool) {
    let conn = world.bound(name, resource);
    let (caps, info) = capable(nodes);
    world.send(conn, &caps);
    let mut got = world.take_xml(conn);
    let question = got.iter().find(|it| it.contains("disco#info")).cloned();
    if let Some(question) = &question {
        assert!(question.contains("from=\"example.com\"") && question.contains("node=\"urn:client#"), "{question}");
        let id = question.split("id=\"").nth(1).and_then(|it| it.split('"').next()).expect("an id").to_owned();
        world.send(conn, &format!("<iq to='example.com' type='result' id='{id}'>{info}</iq>"));
        got.extend(world.take_xml(conn));
    }
    let events = got.into_iter().filter(|it| it.contains("pubsub#event")).collect();
    (conn, events, question.is_some())
}

/// `b` sees `a`'s presence.
fn subscribe(world: &mut World, a: &str, b: &str) {
    let (first, second) = (world.online(a, "sub"), world.online(b, "sub"));
    world.send(second, &format!("<presence to='{a}@example.com' type='subscribe'/>"));
    world.send(first, &format!("<presence to='{b}@example.com' type='subscribed'/>"));
    world.close(first);
    world.close(second);
}

const TO_ROMEO: &str = " to='romeo@example.com'";

#[test]
fn what_is_published_reaches_who_wants_it_and_may_know() {
    let mut world = World::new();
    subscribe(&mut world, "romeo", "juliet");
    let (orchard, _, asked) = curious(&mut world, "romeo", "orchard", &["tune"]);
    assert!(asked, "its capabilities are not known");
    let (balcony, _, _) = curious(&mut world, "juliet", "balcony", &["tune"]);
    let (chamber, _, _) = curious(&mut world, "juliet", "chamber", &["mood"]);
    let (stranger, _, _) = curious(&mut world, "nurse", "hall", &["tune"]);
    for conn in [orchard, balcony, chamber, stranger] {
        world.take(conn);
    }
    world.send(
        orchard,
        &format!(
            "<iq type='set' id='i'>{}</iq>",
            pubsub("<publish node='tune'><item><tune xmlns='urn:tune'>air</tune></item></publish>")
        ),
    );
    let got = world.take_xml(orchard);
    assert!(got[0].contains("type=\"result\"") && got[0].contains("<publish node=\"tune\"><item id=\""), "{got:?}");
    assert!(
        got[1].contains("pubsub#event") && got[1].contains("to=\"romeo@example.com/orchard\""),
        "its own resource: {got:?}"
    );
    let got = world.take_xml(balcony);
    assert_eq!(got.len(), 1, "{got:?}");
    for part in [
        "type=\"headline\"",
        "from=\"romeo@example.com\"",
        "to=\"juliet@example.com/balcony\"",
        "<items node=\"tune\"><item id=\"",
        ">air</tune>",
    ] {
        assert!(got[0].contains(part), "{part}: {got:?}");
    }
    assert!(world.take(chamber).is_empty() && world.take(stranger).is_empty());
    assert!(world.storage.rows.is_empty(), "not archived");

    let got = items(&mut world, balcony, TO_ROMEO, "tune");
    assert!(got.contains(">air</tune>"), "{got}");
    let got = items(&mut world, stranger, TO_ROMEO, "tune");
    assert!(got.contains("<not-authorized") && got.contains("<presence-subscription-required"), "{got}");
    assert!(items(&mut world, stranger, TO_ROMEO, "nothing").contains("item-not-found"));
    let got = iq(
        &mut world,
        balcony,
        TO_ROMEO,
        "set",
        &pubsub("<publish node='tune'><item id='x'><a xmlns='b'/></item></publish>"),
    );
    assert!(got.contains("forbidden"), "{got}");

    // The second client with the same capabilities need not be asked, and gets the last item at once, also after a restart.
    world.close(balcony);
    let (_, events, asked) = curious(&mut world, "juliet", "garden", &["tune"]);
    assert!(
        !asked && events.len() == 1 && events[0].contains(">air</tune>") && events[0].contains("urn:xmpp:delay"),
        "{events:?}"
    );
    world.restart();
    let (_, events, asked) = curious(&mut world, "romeo", "street", &["tune"]);
    assert!(asked && events.len() == 1, "{events:?}");
}

#[test]
fn who_may_see_it_from_now_on_gets_the_last_item_and_nobody_gets_it_over_and_over() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    publish(&mut world, romeo, "tune", "1", &[]);
    let (juliet, events, _) = curious(&mut world, "juliet", "balcony", &["tune"]);
    assert!(events.is_empty());
    world.send(juliet, "<presence to='romeo@example.com' type='subscribe'/>");
    world.send(romeo, "<presence to='juliet@example.com' type='subscribed'/>");
    assert!(world.take_xml(juliet).iter().any(|it| it.contains("node=\"tune\"")));
    world.close(juliet);
    let (juliet, events, _) = curious(&mut world, "juliet", "balcony", &["tune"]);
    assert_eq!(events.len(), 1);
    let (caps, _) = capable(&["tune"]);
    world.send(juliet, "<presence/>");
    world.send(juliet, &caps);
    assert!(!world.take_xml(juliet).iter().any(|it| it.contains("pubsub#event")), "it has it");
    world.send(juliet, "<presence type='unavailable'/>");
    world.send(juliet, &caps);
    assert!(world.take_xml(juliet).iter().any(|it| it.contains("pubsub#event")), "it has come back");
}

/// XEP-0292 §4.1: a card in a node, which may be everybody's.
#[test]
fn cards_may_be_in_a_node() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let nurse = world.online("nurse", "hall");
    let card = "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Romeo</text></fn></vcard>";
    let options = form(OPTIONS, &[("access_model", "open")]);
    let request = format!(
        "<publish node='urn:xmpp:vcard4'><item id='current'>{card}</item></publish><publish-options>{options}</publish-options>"
    );
    assert!(iq(&mut world, romeo, "", "set", &pubsub(&request)).contains("type=\"result\""));
    assert!(items(&mut world, nurse, TO_ROMEO, "urn:xmpp:vcard4").contains("<fn><text>Romeo</text></fn>"));
}

#[test]
fn a_lying_hash_is_believed_of_its_client_alone() {
    let mut world = World::new();
    let first = world.bound("romeo", "orchard");
    let (caps, _) = capable(&["tune"]);
    let (_, other) = capable(&["mood"]);
    world.send(first, &caps);
    let question = world.take_xml(first).into_iter().find(|it| it.contains("disco#info")).expect("asked");
    let id = question.split("id=\"").nth(1).and_then(|it| it.split('"').next()).expect("an id").to_owned();
    world.send(first, &format!("<iq to='example.com' type='result' id='{id}'>{other}</iq>"));
    let (second, _, asked) = curious(&mut world, "romeo", "street", &["tune"]);
    assert!(asked, "not from the first one's answer");
    world.take(first);
    publish(&mut world, second, "mood", "1", &[]);
    assert!(world.take_xml(first).iter().any(|it| it.contains("node=\"mood\"")));
}

#[test]
fn nodes_are_made_by_publishing_and_options_are_conditions() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    let private = [
        ("persist_items", "true"),
        ("max_items", "max"),
        ("send_last_published_item", "never"),
        ("access_model", "whitelist"),
    ];
    for id in ["a@rooms", "b@rooms"] {
        assert!(publish(&mut world, romeo, "urn:xmpp:bookmarks:1", id, &private).contains("type=\"result\""));
    }
    let got = items(&mut world, romeo, "", "urn:xmpp:bookmarks:1");
    let (a, b) = (got.find("a@rooms").expect("kept"), got.find("b@rooms").expect("kept"));
    assert!(b < a, "newest first: {got}");
    let got = items(&mut world, juliet, TO_ROMEO, "urn:xmpp:bookmarks:1");
    assert!(got.contains("<not-allowed") && got.contains("<closed-node"), "{got}");
    let got = publish(&mut world, romeo, "urn:xmpp:bookmarks:1", "c", &[("access_model", "open")]);
    assert!(got.contains("<conflict") && got.contains("<precondition-not-met"), "{got}");
    let got = publish(&mut world, romeo, "urn:xmpp:bookmarks:1", "c", &[("item_expire", "1")]);
    assert!(got.contains("<precondition-not-met"), "an unknown field: {got}");
    let got = publish(&mut world, romeo, "new", "c", &[("access_model", "authorize")]);
    assert!(got.contains("<precondition-not-met"), "{got}");

    // One item unless told otherwise; the latest.
    publish(&mut world, romeo, "tune", "1", &[]);
    publish(&mut world, romeo, "tune", "2", &[]);
    let got = items(&mut world, romeo, "", "tune");
    assert!(got.contains("id=\"2\"") && !got.contains("id=\"1\""), "{got}");
    world.restart();
    let romeo = world.online("romeo", "orchard");
    let got = publish(&mut world, romeo, "urn:xmpp:bookmarks:1", "c", &private);
    assert!(got.contains("type=\"result\""), "the configuration was kept: {got}");
    let got = iq(
        &mut world,
        romeo,
        "",
        "get",
        &pubsub("<items node='urn:xmpp:bookmarks:1'><item id='a@rooms'/><item id='none'/></items>"),
    );
    assert!(got.contains("a@rooms") && !got.contains("b@rooms"), "{got}");
    let got = iq(&mut world, romeo, "", "get", &pubsub("<items node='urn:xmpp:bookmarks:1' max_items='1'/>"));
    assert!(got.contains("id=\"c\"") && !got.contains("b@rooms"), "{got}");
}

#[test]
fn nodes_are_configured_emptied_and_deleted() {
    let mut world = World::new();
    let (romeo, _, _) = curious(&mut world, "romeo", "orchard", &["n"]);
    let config = "http://jabber.org/protocol/pubsub#node_config";
    let create =
        |fields: &[(&str, &str)]| pubsub(&format!("<create node='n'/><configure>{}</configure>", form(config, fields)));
    assert!(iq(&mut world, romeo, "", "set", &create(&[("access_model", "roster")])).contains("not-acceptable"));
    assert!(
        iq(&mut world, romeo, "", "set", &create(&[("access_model", "open"), ("max_items", "5")]))
            .contains("type=\"result\"")
    );
    assert!(iq(&mut world, romeo, "", "set", &create(&[])).contains("conflict"));
    assert!(iq(&mut world, romeo, "", "set", &pubsub("<create/>")).contains("nodeid-required"));
    let got = iq(&mut world, romeo, "", "get", &owner("<configure node='n'/>"));
    assert!(
        got.contains("<field var=\"pubsub#access_model\" type=\"list-single\"><value>open</value>")
            && got.contains("<value>5</value>"),
        "{got}"
    );
    assert!(iq(&mut world, romeo, "", "get", &owner("<default/>")).contains("pubsub#max_items"));
    let change = owner(&format!(
        "<configure node='n'>{}</configure>",
        form(config, &[("title", "Notes"), ("notify_config", "1")])
    ));
    world.send(romeo, &format!("<iq type='set' id='i'>{change}</iq>"));
    let got = world.take_xml(romeo);
    assert!(got[1].contains("<configuration node=\"n\">"), "{got:?}");
    for id in ["1", "2"] {
        publish(&mut world, romeo, "n", id, &[]);
    }
    let retract = |id: &str| pubsub(&format!("<retract node='n' notify='true'><item id='{id}'/></retract>"));
    world.send(romeo, &format!("<iq type='set' id='i'>{}</iq>", retract("1")));
    let got = world.take_xml(romeo);
    assert!(got[1].contains("<items node=\"n\"><retract id=\"1\"/></items>"), "{got:?}");
    assert!(iq(&mut world, romeo, "", "set", &retract("1")).contains("item-not-found"));
    assert!(iq(&mut world, romeo, "", "set", &pubsub("<retract node='n'/>")).contains("item-required"));
    let juliet = world.online("juliet", "balcony");
    assert!(items(&mut world, juliet, TO_ROMEO, "n").contains("id=\"2\""), "it is open");
    assert!(iq(&mut world, juliet, TO_ROMEO, "set", &owner("<purge node='n'/>")).contains("forbidden"));
    world.send(romeo, &format!("<iq type='set' id='i'>{}</iq>", owner("<purge node='n'/>")));
    assert!(world.take_xml(romeo)[1].contains("<purge node=\"n\"/>"));
    assert!(items(&mut world, romeo, "", "n").contains("<items node=\"n\"/>"));
    world.send(romeo, &format!("<iq type='set' id='i'>{}</iq>", owner("<delete node='n'/>")));
    assert!(world.take_xml(romeo)[1].contains("<delete node=\"n\"/>"));
    for request in [owner("<delete node='n'/>"), owner("<purge node='n'/>"), retract("2")] {
        assert!(iq(&mut world, romeo, "", "set", &request).contains("item-not-found"));
    }
    assert!(world.storage.nodes[&bare("romeo")].is_empty());
}

#[test]
fn what_is_no_item_is_refused_and_everything_is_bounded() {
    let mut world = World::with(|config| {
        config.limits.nodes = 2;
        config.limits.node_bytes = 200;
        config.limits.item_bytes = 100;
    });
    let romeo = world.online("romeo", "orchard");
    let long = "x".repeat(1_100);
    let item = |inner: &str| pubsub(&format!("<publish node='n'>{inner}</publish>"));
    let cases = [
        (item(""), "item-required"),
        (item("<item/>"), "payload-required"),
        (item("<item><a xmlns='b'/><a xmlns='b'/></item>"), "invalid-payload"),
        (item("<item><a xmlns='b'/></item><item><a xmlns='b'/></item>"), "invalid-payload"),
        (item(&format!("<item id='{long}'><a xmlns='b'/></item>")), "invalid-payload"),
        (item(&format!("<item><a xmlns='b'>{}</a></item>", &long[..100])), "payload-too-big"),
        (pubsub(&format!("<publish node='{long}'><item><a xmlns='b'/></item></publish>")), "nodeid-required"),
        (pubsub("<publish><item><a xmlns='b'/></item></publish>"), "nodeid-required"),
        (pubsub("<subscribe node='n' jid='romeo@example.com'/>"), "<unsupported"),
        (pubsub("<nonsense/>"), "bad-request"),
    ];
    for (request, detail) in cases {
        let got = iq(&mut world, romeo, "", "set", &request);
        assert!(got.contains("type=\"error\"") && got.contains(detail), "{request}: {got}");
    }
    assert!(!world.storage.nodes.contains_key(&bare("romeo")));
    let payload = |node: &str| {
        pubsub(&format!("<publish node='{node}'><item id='1'><a xmlns='b'>{}</a></item></publish>", &long[..80]))
    };
    assert!(iq(&mut world, romeo, "", "set", &payload("a")).contains("type=\"result\""));
    assert!(iq(&mut world, romeo, "", "set", &payload("b")).contains("type=\"result\""));
    assert!(iq(&mut world, romeo, "", "set", &payload("c")).contains("resource-constraint"), "too many nodes");
    let more = pubsub(&format!("<publish node='a'><item id='2'><a xmlns='b'>{}</a></item></publish>", &long[..80]));
    assert!(iq(&mut world, romeo, "", "set", &more).contains("type=\"result\""), "it takes the place of the first");
    let config = owner(&format!(
        "<configure node='a'>{}</configure>",
        form("http://jabber.org/protocol/pubsub#node_config", &[("max_items", "9")])
    ));
    assert!(iq(&mut world, romeo, "", "set", &config).contains("type=\"result\""));
    let third = pubsub(&format!("<publish node='a'><item id='3'><a xmlns='b'>{}</a></item></publish>", &long[..80]));
    assert!(iq(&mut world, romeo, "", "set", &third).contains("not-acceptable"), "too much");
    let ghost = world.connect_as("ghost", true);
    world.bind(ghost, "x");
    assert!(publish(&mut world, ghost, "n", "1", &[]).contains("not-allowed"));
    world.failing = Some(crate::storage::StorageError::Full);
    assert!(publish(&mut world, romeo, "a", "4", &[]).contains("resource-constraint"));
}

#[test]
fn discovery_shows_what_may_be_seen() {
    let mut world = World::new();
    subscribe(&mut world, "romeo", "juliet");
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    publish(&mut world, romeo, "tune", "1", &[]);
    publish(&mut world, romeo, "secret", "1", &[("access_model", "whitelist")]);
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let got = iq(&mut world, juliet, TO_ROMEO, "get", info);
    assert!(got.contains("category=\"pubsub\" type=\"pep\"") && got.contains("pubsub#publish-options"), "{got}");
    let list = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    let own = iq(&mut world, romeo, "", "get", list);
    assert!(own.contains("node=\"tune\"") && own.contains("node=\"secret\""), "{own}");
    let seen = iq(&mut world, juliet, TO_ROMEO, "get", list);
    assert!(seen.contains("node=\"tune\"") && !seen.contains("secret"), "{seen}");
    let node =
        |name: &str, what: &str| format!("<query xmlns='http://jabber.org/protocol/disco#{what}' node='{name}'/>");
    let got = iq(&mut world, juliet, TO_ROMEO, "get", &node("tune", "info"));
    assert!(got.contains("category=\"pubsub\" type=\"leaf\"") && got.contains("pubsub#meta-data"), "{got}");
    assert!(iq(&mut world, juliet, TO_ROMEO, "get", &node("secret", "info")).contains("item-not-found"));
    assert!(iq(&mut world, juliet, TO_ROMEO, "get", &node("secret", "items")).contains("item-not-found"));
    let got = iq(&mut world, juliet, TO_ROMEO, "get", &node("tune", "items"));
    assert!(got.contains("<item jid=\"romeo@example.com\" name=\"1\"/>"), "{got}");
    let stranger = world.online("nurse", "hall");
    assert!(iq(&mut world, stranger, TO_ROMEO, "get", list).contains("service-unavailable"));
}

#[test]
fn the_blocked_get_nothing() {
    let mut world = World::new();
    subscribe(&mut world, "romeo", "juliet");
    let (juliet, _, _) = curious(&mut world, "juliet", "balcony", &["tune"]);
    let romeo = world.online("romeo", "orchard");
    world.send(
        romeo,
        "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='juliet@example.com'/></block></iq>",
    );
    world.take(romeo);
    world.take(juliet);
    publish(&mut world, romeo, "tune", "1", &[]);
    assert!(world.take(juliet).is_empty());
    assert!(items(&mut world, juliet, TO_ROMEO, "tune").contains("service-unavailable"));
    let (_, events, _) = curious(&mut world, "juliet", "garden", &["tune"]);
    assert!(events.is_empty(), "{events:?}");
}
