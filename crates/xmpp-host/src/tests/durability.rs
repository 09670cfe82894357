//! Nothing is promised before it is durable; slow and failing storage.

use super::world::World;
use crate::storage::StorageError;

fn chat(body: &str) -> String {
    format!("<message to='juliet@example.com' type='chat' id='{body}'><body>{body}</body></message>")
}

#[test]
fn acknowledgement_delivery_and_copies_wait_for_the_store() {
    let mut world = World::new();
    let juliet = world.online("juliet", "balcony");
    let (romeo, _) = world.online_with_sm("romeo", "orchard");
    let before = world.handled(romeo);
    world.slow = true;
    world.send(romeo, &chat("one"));
    world.send(romeo, &chat("two"));
    world.send(romeo, "<r xmlns='urn:xmpp:sm:3'/>");
    // The presence of `online_with_sm` was the first stanza.
    assert_eq!(world.take_xml(romeo), ["<a xmlns=\"urn:xmpp:sm:3\" h=\"1\"/>"], "at once, but of what is durable only");
    assert!(world.take(juliet).is_empty());
    assert_eq!(world.handled(romeo), before);
    assert_eq!(world.waiting(), 2, "side by side, so that they share a commit");
    world.release(1);
    assert_eq!(world.bodies(juliet), ["one"]);
    assert_eq!(world.handled(romeo), before + 1);
    assert!(world.take(romeo).is_empty());
    world.release(1);
    assert_eq!(world.bodies(juliet), ["two"]);
    assert_eq!(world.take_xml(romeo), ["<a xmlns=\"urn:xmpp:sm:3\" h=\"3\"/>"], "and again when the rest is");
    assert_eq!(world.handled(romeo), before + 3);
}

#[test]
fn what_needs_no_store_does_not_overtake_what_does() {
    let mut world = World::new();
    let juliet = world.online("juliet", "balcony");
    let romeo = world.online("romeo", "orchard");
    world.slow = true;
    world.send(romeo, &chat("one"));
    world.send(romeo, "<message to='juliet@example.com' type='chat'><active xmlns='http://jabber.org/protocol/chatstates'/></message>");
    world.send(romeo, "<iq to='juliet@example.com/balcony' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
    world.send(romeo, "<iq to='example.com' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert!(world.take(juliet).is_empty() && world.take(romeo).is_empty());
    world.release(1);
    let got = world.take_xml(juliet);
    assert!(got[0].contains("one") && got[1].contains("active") && got[2].contains("ping"), "{got:?}");
    assert!(world.take_xml(romeo)[0].contains("id=\"q\""));
}

#[test]
fn failing_storage_is_a_temporary_error_and_counts_as_handled() {
    let mut world = World::new();
    let juliet = world.online("juliet", "balcony");
    let (romeo, _) = world.online_with_sm("romeo", "orchard");
    for (failure, condition) in [
        (StorageError::Full, "resource-constraint"),
        (StorageError::Busy, "internal-server-error"),
        (StorageError::Broken("x".to_owned()), "internal-server-error"),
    ] {
        world.failing = Some(failure);
        for stanza in [
            chat("lost"),
            "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='nurse@example.com'/></query></iq>"
                .to_owned(),
            "<iq type='set' id='v'><vCard xmlns='vcard-temp'/></iq>".to_owned(),
            "<presence to='juliet@example.com' type='subscribe'/>".to_owned(),
        ] {
            let before = world.handled(romeo);
            world.send(romeo, &stanza);
            let got = world.take_xml(romeo);
            assert_eq!(got.len(), 1, "{stanza}: {got:?}");
            assert!(got[0].contains("type=\"wait\"") && got[0].contains(condition), "{stanza}: {got:?}");
            assert_eq!(world.handled(romeo), before + 1);
        }
    }
    assert!(world.take(juliet).is_empty());
    world.failing = None;
    world.send(romeo, &chat("lost"));
    assert_eq!(world.bodies(juliet), ["lost"], "the same message may be sent again");
    world.take(romeo);
    world.send(romeo, "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>");
    assert!(!world.take_xml(romeo)[0].contains("<item"), "nothing of the failed changes is there");
}

#[test]
fn a_roster_change_is_pushed_and_answered_after_the_store() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    world.send(romeo, "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>");
    world.take(romeo);
    world.slow = true;
    world.send(
        romeo,
        "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='nurse@example.com'/></query></iq>",
    );
    world.send(romeo, "<iq type='get' id='h'><query xmlns='jabber:iq:roster'/></iq>");
    assert!(world.take(romeo).is_empty());
    world.release(1);
    let got = world.take_xml(romeo);
    assert_eq!(got.len(), 3);
    assert!(got[0].contains("type=\"set\"") && got[0].contains("ver=\"1\""), "{got:?}");
    assert!(got[1].contains("id=\"s\"") && got[2].contains("nurse@example.com"), "{got:?}");
}

#[test]
fn a_client_that_leaves_at_once_has_its_messages_sent() {
    let mut world = World::new();
    let juliet = world.online("juliet", "balcony");
    let romeo = world.online("romeo", "orchard");
    world.slow = true;
    world.send(romeo, &chat("one"));
    world.send(romeo, "<iq type='set' id='v'><vCard xmlns='vcard-temp'><FN>R</FN></vCard></iq>");
    world.send(romeo, &chat("two"));
    world.close(romeo);
    for _ in 0..5 {
        world.release(5);
    }
    world.slow = false;
    assert_eq!(world.bodies(juliet), ["one", "two"]);
    assert_eq!(world.sessions(), 1);
}

#[test]
fn too_much_that_waits_for_storage_ends_the_stream_but_loses_nothing_begun() {
    let mut world = World::with(|config| config.limits.held_stanzas = 3);
    let juliet = world.online("juliet", "balcony");
    let romeo = world.online("romeo", "orchard");
    world.slow = true;
    for n in 0..4 {
        world.send(romeo, &chat(&format!("m{n}")));
    }
    assert_eq!(world.closed(romeo).flatten().expect("closed").condition.as_str(), "resource-constraint");
    world.slow = false;
    world.release(10);
    assert_eq!(world.bodies(juliet), ["m0", "m1", "m2"]);
    assert_eq!(world.sessions(), 1);
}

#[test]
fn nothing_stays_in_memory_when_everybody_has_left() {
    let mut world = World::new();
    let (romeo, _) = world.online_with_sm("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    world.send(romeo, &chat("one"));
    world.send(juliet, "<presence to='nurse@example.com' type='subscribe'/>");
    world.send(juliet, "<iq to='mercutio@example.com' type='get' id='v'><vCard xmlns='vcard-temp'/></iq>");
    world.close(juliet);
    world.lose(romeo);
    assert_eq!(world.sessions(), 1);
    world.pass(world.config.sm_timeout);
    assert_eq!((world.sessions(), world.accounts_in_memory()), (0, 0));
}

#[test]
fn what_could_not_be_read_is_read_again_soon() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    world.send(romeo, &chat("one"));
    world.unreadable = true;
    let juliet = world.online("juliet", "balcony");
    world.send(romeo, &chat("two"));
    world.pass(2_000);
    assert!(world.bodies(juliet).is_empty(), "what waits comes first");
    world.unreadable = false;
    world.pass(2_000);
    assert_eq!(world.bodies(juliet), ["one", "two"]);
}

#[test]
fn an_account_that_was_being_read_is_forgotten_with_its_last_session() {
    let mut world = World::with(|config| config.limits.offline_page = 1);
    let romeo = world.online("romeo", "orchard");
    for body in ["one", "two", "three"] {
        world.send(romeo, &chat(body));
    }
    world.close(romeo);
    let (juliet, _) = world.online_with_sm("juliet", "balcony");
    world.lose(juliet);
    world.pass(world.config.sm_timeout);
    assert_eq!((world.sessions(), world.accounts_in_memory()), (0, 0));
    assert_eq!(world.storage.rows.iter().filter(|row| row.undelivered).count(), 2, "one was acknowledged");
}
