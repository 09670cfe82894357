//! The small modules, and how they are switched off.

use base64::Engine;
use sha1::Digest;

use super::world::World;
use crate::modules::contact::Role;
use crate::storage::StorageError;

fn ask(world: &mut World, conn: crate::io::ConnId, to: &str, type_: &str, payload: &str) -> String {
    world.send(conn, &format!("<iq{to} type='{type_}' id='i'>{payload}</iq>"));
    let got = world.take_xml(conn);
    got.into_iter().find(|it| it.contains("id=\"i\"")).expect("answered")
}

const DOMAIN: &str = " to='example.com'";

#[test]
fn what_the_host_tells() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let info = ask(&mut world, romeo, DOMAIN, "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
    for part in
        ["category=\"server\" type=\"im\"", "urn:xmpp:carbons:2", "urn:xmpp:ping", "jabber:iq:roster", "msgoffline"]
    {
        assert!(info.contains(part), "{part}: {info}");
    }
    assert!(!info.contains("urn:xmpp:mam:2"), "archives are the accounts': {info}");
    let own = ask(&mut world, romeo, "", "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
    assert!(
        own.contains("category=\"account\"")
            && own.contains("urn:xmpp:mam:2#extended")
            && own.contains("urn:xmpp:sid:0")
    );
    let time = ask(&mut world, romeo, DOMAIN, "get", "<time xmlns='urn:xmpp:time'/>");
    assert!(time.contains("<tzo>+00:00</tzo><utc>2023-11-14T22:13:20Z</utc>"), "{time}");
    let version = ask(&mut world, romeo, DOMAIN, "get", "<query xmlns='jabber:iq:version'/>");
    assert!(version.contains("<name>converse-server</name>"), "{version}");
    let items = ask(&mut world, romeo, DOMAIN, "get", "<query xmlns='http://jabber.org/protocol/disco#items'/>");
    assert!(items.contains("type=\"result\""));
    let session = ask(&mut world, romeo, "", "set", "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>");
    assert!(session.contains("type=\"result\""), "{session}");
}

#[test]
fn what_it_does_not_know_it_refuses() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    for to in ["", DOMAIN, " to='romeo@example.com'", " to='juliet@example.com'", " to='juliet@example.com/gone'"] {
        let got = ask(&mut world, romeo, to, "get", "<query xmlns='urn:example:nothing'/>");
        assert!(got.contains("service-unavailable"), "{to}: {got}");
    }
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    for to in [" to='juliet@example.com'", " to='nobody@example.com'"] {
        let got = ask(&mut world, romeo, to, "get", info);
        assert!(got.contains("service-unavailable"), "strangers learn nothing, not even that there is nobody: {got}");
    }
    world.send(romeo, "<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert!(world.take_xml(romeo)[0].contains("bad-request"), "an id is required");
    world.send(romeo, "<iq to='example.com' type='result' id='x'/>");
    world.send(romeo, "<iq to='juliet@example.com' type='error' id='x'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
    assert!(world.take(romeo).is_empty(), "errors and results are never answered");
    world.send(romeo, "<stream-of-consciousness/>");
    assert_eq!(world.closed(romeo).flatten().expect("closed").condition.as_str(), "unsupported-stanza-type");
}

#[test]
fn capabilities_say_what_disco_says() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let features = crate::stream_features(&world.config);
    let c = features.iter().find(|it| it.is("c", xmpp::ns::CAPS)).expect("caps");
    let node = format!("{}#{}", c.attr("node").expect("node"), c.attr("ver").expect("ver"));
    let query = format!("<query xmlns='http://jabber.org/protocol/disco#info' node='{node}'/>");
    world.send(romeo, &format!("<iq to='example.com' type='get' id='i'>{query}</iq>"));
    let answer = world.take(romeo).remove(0);
    let info: xmpp::xep::disco::DiscoInfo =
        xmpp::Payload::read(answer.children().next().expect("a payload")).expect("well-formed");
    let text = xmpp::xep::caps::verification_string(&info).expect("well-formed");
    let hash = base64::engine::general_purpose::STANDARD.encode(sha1::Sha1::digest(text));
    assert_eq!(Some(hash.as_str()), c.attr("ver"));
    let got = ask(&mut world, romeo, DOMAIN, "get", "<query xmlns='http://jabber.org/protocol/disco#info' node='x'/>");
    assert!(got.contains("item-not-found"));
}

#[test]
fn whom_to_write_to() {
    let addresses = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
    let mut world = World::with(|config| {
        config.contacts = vec![
            (Role::Abuse, addresses(&["mailto:abuse@example.com", "xmpp:abuse@example.com"])),
            (Role::Status, addresses(&["https://status.example.com"])),
        ];
    });
    let romeo = world.online("romeo", "orchard");
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let got = ask(&mut world, romeo, DOMAIN, "get", info);
    for part in [
        "type=\"result\"><field var=\"FORM_TYPE\" type=\"hidden\"><value>http://jabber.org/network/serverinfo</value>",
        "<field var=\"abuse-addresses\" type=\"list-multi\"><value>mailto:abuse@example.com</value><value>xmpp:abuse@example.com</value>",
        "<field var=\"status-addresses\"",
    ] {
        assert!(got.contains(part), "{part}: {got}");
    }
    assert!(!ask(&mut world, romeo, "", "get", info).contains("serverinfo"), "accounts are no service");
}

#[test]
fn cards_are_kept_for_everybody_to_see() {
    let mut world = World::with(|config| config.limits.vcard_bytes = 100);
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    let read = "<vCard xmlns='vcard-temp'/>";
    assert!(ask(&mut world, romeo, "", "get", read).contains("<vCard"));
    assert!(ask(&mut world, juliet, " to='romeo@example.com'", "get", read).contains("item-not-found"));
    let card = "<vCard xmlns='vcard-temp'><FN>Romeo</FN></vCard>";
    assert!(ask(&mut world, romeo, "", "set", card).contains("type=\"result\""));
    let got = ask(&mut world, juliet, " to='romeo@example.com'", "get", read);
    assert!(got.contains("<FN>Romeo</FN>") && got.contains("from=\"romeo@example.com\""), "{got}");
    assert!(ask(&mut world, juliet, " to='romeo@example.com'", "set", card).contains("service-unavailable"));
    let large = format!("<vCard xmlns='vcard-temp'><FN>{}</FN></vCard>", "x".repeat(100));
    assert!(ask(&mut world, romeo, "", "set", &large).contains("not-acceptable"));
    assert!(ask(&mut world, juliet, " to='nobody@example.com'", "get", read).contains("service-unavailable"));
}

#[test]
fn private_storage_is_private_and_bounded() {
    let mut world = World::with(|config| config.limits.private_bytes = 100);
    let romeo = world.online("romeo", "orchard");
    let query = |inner: &str| format!("<query xmlns='jabber:iq:private'>{inner}</query>");
    assert!(ask(&mut world, romeo, "", "get", &query("<a xmlns='b'/>")).contains("<a xmlns=\"b\"/>"));
    assert!(ask(&mut world, romeo, "", "set", &query("<a xmlns='b'>x</a>")).contains("type=\"result\""));
    assert!(ask(&mut world, romeo, "", "get", &query("<a xmlns='b'/>")).contains(">x</a>"));
    let large = query(&format!("<a xmlns='b'>{}</a>", "x".repeat(100)));
    assert!(ask(&mut world, romeo, "", "set", &large).contains("not-acceptable"));
    assert!(ask(&mut world, romeo, "", "get", &query("<a/>")).contains("not-acceptable"));
    assert!(
        ask(&mut world, romeo, " to='juliet@example.com'", "get", &query("<a xmlns='b'/>"))
            .contains("service-unavailable")
    );
    world.failing = Some(StorageError::Full);
    assert!(ask(&mut world, romeo, "", "set", &query("<a xmlns='b'>y</a>")).contains("resource-constraint"));
}

#[test]
fn binding() {
    let mut world = World::with(|config| config.max_sessions_per_account = 2);
    let first = world.connect("romeo");
    let got = ask(&mut world, first, "", "set", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>");
    assert!(got.contains("<jid>romeo@example.com/"), "{got}");
    let second = world.bound("romeo", "orchard");
    let third = world.connect("romeo");
    let bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>street</resource></bind>";
    assert!(ask(&mut world, third, "", "set", bind).contains("resource-constraint"));
    let bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>orchard</resource></bind>";
    assert!(ask(&mut world, third, "", "set", bind).contains("<jid>romeo@example.com/orchard</jid>"));
    assert_eq!(world.closed(second).flatten().expect("closed").condition.as_str(), "conflict");
    let fourth = world.connect("juliet");
    world.send(fourth, "<message to='romeo@example.com'><body>x</body></message>");
    assert_eq!(world.closed(fourth).flatten().expect("closed").condition.as_str(), "not-authorized");
}

#[test]
fn a_denied_module_leaves_no_trace() {
    for (name, _) in crate::modules::ALL {
        let mut world = World::with(|config| {
            config.denied_modules = vec![(*name).to_owned()];
            config.contacts = vec![(Role::Abuse, vec!["mailto:abuse@example.com".to_owned()])];
        });
        let romeo = world.online("romeo", "orchard");
        let (ns, payload, set, to) = match *name {
            "roster" => ("jabber:iq:roster", "<query xmlns='jabber:iq:roster'/>", "get", ""),
            "carbons" => ("urn:xmpp:carbons:2", "<enable xmlns='urn:xmpp:carbons:2'/>", "set", ""),
            "blocking" => ("urn:xmpp:blocking", "<blocklist xmlns='urn:xmpp:blocking'/>", "get", ""),
            "csi" => ("urn:xmpp:csi:0", "", "get", ""),
            "register" => ("jabber:iq:register", "<query xmlns='jabber:iq:register'/>", "get", ""),
            "contact" => ("serverinfo", "", "get", ""),
            "pep" => (
                "http://jabber.org/protocol/pubsub",
                "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n'/></pubsub>",
                "get",
                "",
            ),
            "avatar_conversion" => ("urn:xmpp:pep-vcard-conversion:0", "", "get", ""),
            "mam" => ("urn:xmpp:mam:2", "<query xmlns='urn:xmpp:mam:2'/>", "set", ""),
            "disco" => ("disco#info", "<query xmlns='http://jabber.org/protocol/disco#info'/>", "get", DOMAIN),
            "vcard_temp" => ("vcard-temp", "<vCard xmlns='vcard-temp'/>", "get", ""),
            "private_storage" => {
                ("jabber:iq:private", "<query xmlns='jabber:iq:private'><a xmlns='b'/></query>", "get", "")
            }
            "ping" => ("urn:xmpp:ping", "<ping xmlns='urn:xmpp:ping'/>", "get", DOMAIN),
            "time" => ("urn:xmpp:time", "<time xmlns='urn:xmpp:time'/>", "get", DOMAIN),
            "version" => ("jabber:iq:version", "<query xmlns='jabber:iq:version'/>", "get", DOMAIN),
            "offline" => ("msgoffline", "", "get", ""),
            "caps" => ("http://jabber.org/protocol/caps", "", "get", ""),
            "stable_ids" => ("urn:xmpp:sid:0", "", "get", ""),
            "legacy_session" => ("xmpp-session", "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>", "set", ""),
            other => panic!("{other} is not in this table"),
        };
        if !payload.is_empty() {
            let got = ask(&mut world, romeo, to, set, payload);
            assert!(got.contains("service-unavailable"), "{name}: {got}");
        }
        if *name != "disco" {
            for to in ["", DOMAIN] {
                let info = ask(&mut world, romeo, to, "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
                assert!(!info.contains(ns), "{name}: {info}");
            }
        }
    }
}

#[test]
fn without_archive_messages_carry_no_id_and_without_offline_they_are_refused() {
    let mut world = World::with(|config| config.denied_modules = vec!["mam".to_owned()]);
    let romeo = world.online("romeo", "orchard");
    let message = "<message to='juliet@example.com' type='chat' id='m'><body>x</body></message>";
    world.send(romeo, message);
    let juliet = world.bound("juliet", "balcony");
    world.send(juliet, "<presence/>");
    let got = world.take_xml(juliet).pop().expect("the message");
    assert!(got.contains("<body>x</body>") && !got.contains("stanza-id"), "{got}");
    assert!(world.storage.rows.is_empty());

    let mut world = World::with(|config| config.denied_modules = vec!["offline".to_owned()]);
    let romeo = world.online("romeo", "orchard");
    world.send(romeo, message);
    assert!(world.take_xml(romeo)[0].contains("service-unavailable"));
    assert!(world.storage.rows.is_empty());
}
