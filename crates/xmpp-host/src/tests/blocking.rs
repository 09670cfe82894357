//! XEP-0191: what is blocked does not pass, in either direction.

use super::world::{World, bare};
use crate::io::ConnId;

fn set(world: &mut World, conn: ConnId, payload: &str) -> Vec<String> {
    world.send(conn, &format!("<iq type='set' id='s'>{payload}</iq>"));
    world.take_xml(conn)
}

fn block(world: &mut World, conn: ConnId, jid: &str) -> Vec<String> {
    set(world, conn, &format!("<block xmlns='urn:xmpp:blocking'><item jid='{jid}'/></block>"))
}

fn unblock(world: &mut World, conn: ConnId, jid: &str) -> Vec<String> {
    set(world, conn, &format!("<unblock xmlns='urn:xmpp:blocking'><item jid='{jid}'/></unblock>"))
}

fn list(world: &mut World, conn: ConnId) -> String {
    world.send(conn, "<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>");
    world.take_xml(conn).pop().expect("answered")
}

fn befriend(world: &mut World, a: &str, b: &str) {
    let (first, second) = (world.online(a, "x"), world.online(b, "x"));
    world.send(first, &format!("<presence to='{b}@example.com' type='subscribe'/>"));
    world.send(second, &format!("<presence to='{a}@example.com' type='subscribed'/>"));
    world.send(second, &format!("<presence to='{a}@example.com' type='subscribe'/>"));
    world.send(first, &format!("<presence to='{b}@example.com' type='subscribed'/>"));
    world.close(first);
    world.close(second);
}

const MESSAGE: &str = "<message to='juliet@example.com' type='chat' id='m'><body>x</body></message>";

#[test]
fn the_list_is_kept_pushed_and_answered() {
    let mut world = World::new();
    let balcony = world.online("juliet", "balcony");
    let chamber = world.online("juliet", "chamber");
    let garden = world.online("juliet", "garden");
    assert!(list(&mut world, balcony).contains("<blocklist xmlns=\"urn:xmpp:blocking\"/>"));
    list(&mut world, chamber);
    for conn in [balcony, chamber, garden] {
        world.take(conn);
    }
    let got = block(&mut world, balcony, "romeo@example.com");
    assert!(got[0].contains("type=\"result\"") && got[0].contains("id=\"s\""), "{got:?}");
    assert!(got[1].contains("<block xmlns=\"urn:xmpp:blocking\"><item jid=\"romeo@example.com\"/></block>"), "{got:?}");
    let push = world.take_xml(chamber);
    assert!(push[0].contains("type=\"set\"") && push[0].contains("to=\"juliet@example.com/chamber\""), "{push:?}");
    assert!(world.take(garden).is_empty(), "it has not asked for the list");
    world.restart();
    let balcony = world.online("juliet", "balcony");
    assert!(list(&mut world, balcony).contains("<item jid=\"romeo@example.com\"/>"));
    block(&mut world, balcony, "example.org");
    unblock(&mut world, balcony, "romeo@example.com");
    let left = list(&mut world, balcony);
    assert!(left.contains("example.org") && !left.contains("romeo"), "{left}");
    let got = set(&mut world, balcony, "<unblock xmlns='urn:xmpp:blocking'/>");
    assert!(got[1].contains("<unblock xmlns=\"urn:xmpp:blocking\"/>"), "{got:?}");
    assert!(list(&mut world, balcony).contains("<blocklist xmlns=\"urn:xmpp:blocking\"/>"));
    assert!(world.storage.blocked[&bare("juliet")].is_empty());
}

#[test]
fn requests_that_say_nothing_are_refused() {
    let mut world = World::with(|config| config.limits.blocked = 2);
    let juliet = world.online("juliet", "balcony");
    let cases = [
        ("<block xmlns='urn:xmpp:blocking'/>", "bad-request"),
        ("<block xmlns='urn:xmpp:blocking'><item/></block>", "bad-request"),
        ("<block xmlns='urn:xmpp:blocking'><item jid='@'/></block>", "jid-malformed"),
        ("<unblock xmlns='urn:xmpp:blocking'><item jid='@'/></unblock>", "jid-malformed"),
        ("<block xmlns='urn:xmpp:blocking'><item jid='juliet@example.com/x'/></block>", "not-allowed"),
        (
            "<block xmlns='urn:xmpp:blocking'><item jid='a@x'/><item jid='b@x'/><item jid='c@x'/></block>",
            "resource-constraint",
        ),
    ];
    for (payload, condition) in cases {
        let got = set(&mut world, juliet, payload);
        assert!(got[0].contains(condition), "{payload}: {got:?}");
    }
    assert!(!world.storage.blocked.contains_key(&bare("juliet")));
    let ghost = world.connect_as("ghost", true);
    world.bind(ghost, "x");
    assert!(block(&mut world, ghost, "a@x")[0].contains("not-allowed"));
}

#[test]
fn the_blocked_see_nobody_and_nothing_of_theirs_is_kept() {
    let mut world = World::new();
    befriend(&mut world, "romeo", "juliet");
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    world.take(romeo);
    block(&mut world, juliet, "romeo@example.com");
    let got = world.take_xml(romeo);
    assert_eq!(got.len(), 1, "{got:?}");
    assert!(got[0].contains("type=\"unavailable\"") && got[0].contains("juliet@example.com/balcony"), "{got:?}");

    for to in ["juliet@example.com", "juliet@example.com/balcony"] {
        let stanzas = [
            (format!("<message to='{to}' type='chat' id='m'><body>x</body></message>"), true),
            (
                format!(
                    "<message to='{to}' type='chat' id='m'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
                ),
                true,
            ),
            (format!("<message to='{to}' type='headline' id='m'><body>x</body></message>"), true),
            (format!("<message to='{to}' type='error' id='m'/>"), false),
            (format!("<iq to='{to}' type='get' id='m'><ping xmlns='urn:xmpp:ping'/></iq>"), true),
            (format!("<iq to='{to}' type='result' id='m'/>"), false),
            (format!("<presence to='{to}' id='m'/>"), false),
            (format!("<presence to='{to}' id='m' type='probe'/>"), false),
        ];
        for (stanza, answered) in stanzas {
            world.send(romeo, &stanza);
            let got = world.take_xml(romeo);
            assert_eq!(got.len(), usize::from(answered), "{stanza}: {got:?}");
            assert!(
                got.iter().all(|it| it.contains("service-unavailable") && it.contains("cancel")),
                "{stanza}: {got:?}"
            );
        }
    }
    world.send(romeo, "<presence to='juliet@example.com' type='unsubscribe'/>");
    world.send(romeo, "<presence><show>away</show></presence>");
    assert!(world.take(juliet).is_empty());
    assert!(world.storage.rows.is_empty(), "in no archive, the sender's neither");

    // Juliet goes and comes: nothing is told.
    world.take(romeo);
    world.close(juliet);
    let juliet = world.online("juliet", "balcony");
    assert!(world.take(romeo).is_empty());
    unblock(&mut world, juliet, "romeo@example.com");
    let got = world.take_xml(romeo);
    // That romeo has ended his subscription meanwhile was blocked, too.
    assert!(got.len() == 1 && got[0].contains("from=\"juliet@example.com/balcony\""), "{got:?}");
    world.send(romeo, MESSAGE);
    assert_eq!(world.bodies(juliet), ["x"]);
}

#[test]
fn unblocking_shows_both_again() {
    let mut world = World::new();
    befriend(&mut world, "romeo", "juliet");
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    block(&mut world, juliet, "example.com");
    assert!(world.take_xml(romeo).iter().any(|it| it.contains("unavailable")), "the domain covers its accounts");
    world.send(juliet, "<iq to='example.com' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert!(world.take_xml(juliet)[0].contains("type=\"result\""), "but the host itself is there");
    let got = unblock(&mut world, juliet, "example.com");
    assert!(got.iter().any(|it| it.contains("from=\"romeo@example.com/orchard\"")), "by probe: {got:?}");
    let got = world.take_xml(romeo);
    assert!(got[0].contains("from=\"juliet@example.com/balcony\"") && !got[0].contains("unavailable"), "{got:?}");
}

#[test]
fn nothing_goes_out_to_whom_one_has_blocked() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    world.send(juliet, "<presence to='romeo@example.com'/>");
    assert_eq!(world.take(romeo).len(), 1);
    block(&mut world, juliet, "romeo@example.com");
    assert!(world.take_xml(romeo)[0].contains("unavailable"), "directed presence is taken back");
    let to = "romeo@example.com";
    for stanza in [
        format!("<message to='{to}' type='chat' id='m'><body>x</body></message>"),
        format!("<iq to='{to}/orchard' type='get' id='m'><ping xmlns='urn:xmpp:ping'/></iq>"),
        format!("<presence to='{to}' id='m'/>"),
        format!("<presence to='{to}' id='m' type='subscribe'/>"),
    ] {
        world.send(juliet, &stanza);
        let got = world.take_xml(juliet);
        assert!(
            got[0].contains("<not-acceptable") && got[0].contains("<blocked xmlns=\"urn:xmpp:blocking:errors\"/>"),
            "{stanza}: {got:?}"
        );
    }
    world.send(juliet, "<iq to='romeo@example.com/orchard' type='result' id='m'/>");
    world.send(juliet, "<message to='romeo@example.com/orchard' type='error' id='m'/>");
    assert!(world.take(juliet).is_empty() && world.take(romeo).is_empty());
    assert!(world.storage.rows.is_empty());
}

#[test]
fn a_session_that_has_said_nothing_is_protected_and_order_holds() {
    let mut world = World::new();
    let juliet = world.online("juliet", "balcony");
    block(&mut world, juliet, "romeo@example.com");
    world.restart();
    world.slow = true;
    let romeo = world.bound("romeo", "orchard");
    let juliet = world.bound("juliet", "balcony");
    // Neither list is known yet.
    let headline =
        |n: u32| format!("<message to='juliet@example.com/balcony' type='headline' id='h'><body>{n}</body></message>");
    world.send(romeo, &headline(1));
    world.send(romeo, "<message to='nurse@example.com' type='chat' id='1'><body>1</body></message>");
    world.send(romeo, "<message to='nurse@example.com' type='chat' id='2'><body>2</body></message>");
    let nurse = world.bound("nurse", "hall");
    world.send(nurse, &headline(2));
    world.send(nurse, &headline(3));
    while world.waiting() > 0 {
        world.release(1);
    }
    assert_eq!(world.bodies(juliet), ["2", "3"]);
    assert!(world.take_xml(romeo)[0].contains("service-unavailable"));
    let kept: Vec<&str> = world.storage.rows.iter().map(|row| row.row.id.as_str()).collect();
    assert_eq!(kept.len(), 4, "{kept:?}");
    assert!(world.storage.rows[0].row.stanza.contains("<body>1<"));
}

#[test]
fn what_waited_is_not_delivered_once_its_sender_is_blocked() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    world.send(romeo, MESSAGE);
    let juliet = world.bound("juliet", "balcony");
    block(&mut world, juliet, "romeo@example.com");
    world.send(juliet, "<presence/>");
    assert!(world.bodies(juliet).is_empty());
    assert!(world.storage.rows.iter().all(|row| !row.undelivered), "it stays in the archive");
    assert_eq!(world.storage.rows.len(), 2);
}

#[test]
fn a_block_that_cannot_be_stored_blocks_nobody() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    world.failing = Some(crate::storage::StorageError::Full);
    assert!(block(&mut world, juliet, "romeo@example.com")[0].contains("resource-constraint"));
    world.failing = None;
    world.send(romeo, MESSAGE);
    assert_eq!(world.bodies(juliet), ["x"]);
}
