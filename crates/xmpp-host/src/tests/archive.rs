//! XEP-0313 between whole sessions: what is in the archive, paging, ids that agree with delivery.

use xmpp::ns;

use super::world::World;
use crate::io::ConnId;

fn filled(messages: usize) -> (World, ConnId) {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    for n in 0..messages {
        world.pass(1_000);
        let (conn, to) = if n % 2 == 0 { (romeo, "juliet") } else { (juliet, "romeo") };
        world.send(conn, &format!("<message to='{to}@example.com' type='chat' id='i{n}'><body>m{n}</body></message>"));
    }
    world.take(juliet);
    world.take(romeo);
    (world, romeo)
}

/// The bodies of the results, and the `<fin/>` or error.
fn query(world: &mut World, conn: ConnId, fields: &[(&str, &str)], rest: &str) -> (Vec<String>, String) {
    let fields: String =
        fields.iter().map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>")).collect();
    let form = format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field>{fields}</x>"
    );
    world.send(
        conn,
        &format!("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2' queryid='f'>{form}{rest}</query></iq>"),
    );
    let mut got = world.take(conn);
    let fin = got.pop().expect("answered");
    let bodies = got.iter().map(|message| {
        let result = message.child("result", ns::MAM).expect("a result");
        assert_eq!(result.attr("queryid"), Some("f"));
        let forwarded = result.child("forwarded", ns::FORWARD).expect("forwarded");
        assert!(forwarded.child("delay", ns::DELAY).is_some_and(|it| it.attr("stamp").is_some()));
        let message = forwarded.child("message", ns::CLIENT).expect("the message");
        message.child("body", ns::CLIENT).expect("a body").text()
    });
    (bodies.collect(), fin.to_xml().replace('\'', "\""))
}

fn rsm(inner: &str) -> String {
    format!("<set xmlns='http://jabber.org/protocol/rsm'>{inner}</set>")
}

#[test]
fn pages_forwards_and_backwards() {
    let (mut world, romeo) = filled(5);
    let (bodies, fin) = query(&mut world, romeo, &[], &rsm("<max>2</max>"));
    assert_eq!(bodies, ["m0", "m1"]);
    assert!(fin.contains("<first index=\"0\">1</first><last>4</last>") && fin.contains("<count>5</count>"), "{fin}");
    assert!(!fin.contains("complete=\"true\""));
    let (bodies, _) = query(&mut world, romeo, &[], &rsm("<max>2</max><after>4</after>"));
    assert_eq!(bodies, ["m2", "m3"]);
    let (bodies, fin) = query(&mut world, romeo, &[], &rsm("<max>2</max><after>8</after>"));
    assert_eq!(bodies, ["m4"]);
    assert!(fin.contains("complete=\"true\""), "{fin}");
    let (bodies, fin) = query(&mut world, romeo, &[], &rsm("<max>2</max><before/>"));
    assert_eq!(bodies, ["m3", "m4"]);
    assert!(fin.contains("index=\"3\"") && !fin.contains("complete=\"true\""), "{fin}");
    let (bodies, _) = query(&mut world, romeo, &[], &format!("{}<flip-page/>", rsm("<max>2</max><before/>")));
    assert_eq!(bodies, ["m4", "m3"]);
    let (bodies, fin) = query(&mut world, romeo, &[], &rsm("<max>9</max><before>8</before>"));
    assert_eq!(bodies, ["m0", "m1", "m2"]);
    assert!(fin.contains("complete=\"true\""));
    let (bodies, fin) = query(&mut world, romeo, &[], &rsm("<max>0</max>"));
    assert!(bodies.is_empty() && fin.contains("<count>5</count>") && !fin.contains("complete=\"true\""), "{fin}");
    let (_, fin) = query(&mut world, romeo, &[], &rsm("<after>2</after>"));
    assert!(fin.contains("item-not-found"), "that one is juliet's: {fin}");
}

#[test]
fn large_pages_are_cut_at_the_end_that_was_asked_for() {
    let mut world = World::with(|config| config.limits.archive_page_bytes = 500);
    let romeo = world.online("romeo", "orchard");
    for n in 0..4 {
        world
            .send(romeo, &format!("<message to='nurse@example.com' type='chat' id='i{n}'><body>m{n}</body></message>"));
    }
    let (bodies, fin) = query(&mut world, romeo, &[], "");
    assert_eq!(bodies, ["m0", "m1", "m2"]);
    assert!(!fin.contains("complete=\"true\"") && fin.contains("<last>5</last>"), "{fin}");
    let (bodies, fin) = query(&mut world, romeo, &[], &rsm("<before/>"));
    assert_eq!(bodies, ["m1", "m2", "m3"]);
    assert!(fin.contains("<first index=\"1\">3</first>") && !fin.contains("complete=\"true\""), "{fin}");
}

#[test]
fn filters() {
    let (mut world, romeo) = filled(4);
    world.send(romeo, "<message to='nurse@example.com' type='chat'><body>n</body></message>");
    world.send(romeo, "<message to='romeo@example.com' type='chat'><body>self</body></message>");
    world.take(romeo);
    type Case = (&'static [(&'static str, &'static str)], &'static [&'static str]);
    let cases: [Case; 9] = [
        (&[], &["m0", "m1", "m2", "m3", "n", "self"]),
        (&[("with", "nurse@example.com")], &["n"]),
        (&[("with", "juliet@example.com/balcony")], &["m1", "m3"]),
        (&[("with", "romeo@example.com")], &["self"]),
        (&[("start", "2023-11-14T22:13:23Z"), ("with", "juliet@example.com")], &["m2", "m3"]),
        (&[("end", "2023-11-14T22:13:21Z")], &["m0"]),
        (&[("after-id", "1"), ("before-id", "8")], &["m1", "m2"]),
        (&[("ids", "5")], &["m2"]),
        (&[("with", "nobody@example.com")], &[]),
    ];
    for (fields, expected) in cases {
        let (bodies, fin) = query(&mut world, romeo, fields, "");
        assert_eq!(bodies, expected, "{fields:?}");
        assert!(fin.contains("complete=\"true\""), "{fields:?}: {fin}");
    }
    for (fields, condition) in [
        (&[("start", "yesterday")], "bad-request"),
        (&[("with", "@")], "bad-request"),
        (&[("shoe-size", "43")], "feature-not-implemented"),
        (&[("ids", "999")], "item-not-found"),
    ] {
        let (_, fin) = query(&mut world, romeo, fields, "");
        assert!(fin.contains(condition), "{fields:?}: {fin}");
    }
}

#[test]
fn nobody_elses_archive() {
    let (mut world, romeo) = filled(1);
    for to in ["juliet@example.com", "example.com"] {
        world.send(romeo, &format!("<iq to='{to}' type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>"));
        let got = world.take_xml(romeo);
        assert!(got.len() == 1 && got[0].contains("service-unavailable"), "{to}: {got:?}");
    }
}

#[test]
fn form_metadata_and_preferences() {
    let (mut world, romeo) = filled(150);
    world.send(romeo, "<iq type='get' id='f'><query xmlns='urn:xmpp:mam:2'/></iq>");
    let form = world.take_xml(romeo).remove(0);
    for field in ["with", "start", "end", "before-id", "after-id", "ids"] {
        assert!(form.contains(&format!("var=\"{field}\"")), "{form}");
    }
    world.send(romeo, "<iq type='get' id='m'><metadata xmlns='urn:xmpp:mam:2'/></iq>");
    let metadata = world.take_xml(romeo).remove(0);
    assert!(metadata.contains("<start id=\"1\"") && metadata.contains("<end id=\"300\""), "{metadata}");
    world.send(romeo, "<iq type='get' id='p'><prefs xmlns='urn:xmpp:mam:2'/></iq>");
    assert!(world.take_xml(romeo)[0].contains("default=\"always\""));
}

#[test]
fn off_the_record_messages_are_delivered_and_forgotten() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    world.send(romeo, "<message to='juliet@example.com' type='chat'><body>x</body><no-permanent-store xmlns='urn:xmpp:hints'/></message>");
    assert_eq!(world.storage.rows.len(), 1, "for delivery only");
    let got = world.online_bodies("juliet", "balcony");
    assert_eq!(got, ["x"]);
    assert!(world.storage.rows.is_empty());
}
