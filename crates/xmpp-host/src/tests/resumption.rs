//! XEP-0198: resumption, from lost and from living connections, expiry, and what becomes of unacknowledged stanzas.

use super::world::World;

fn chat(to: &str, body: &str) -> String {
    format!("<message to='{to}' type='chat' id='{body}'><body>{body}</body></message>")
}

fn resume(id: &str, h: u32) -> String {
    format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='{h}'/>")
}

#[test]
fn a_lost_session_goes_on_where_it_was() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let (juliet, id) = world.online_with_sm("juliet", "balcony");
    world.send(romeo, &chat("juliet@example.com", "one"));
    assert_eq!(world.bodies(juliet), ["one"]);
    world.lose(juliet);
    world.send(romeo, &chat("juliet@example.com", "two"));
    assert!(world.take(romeo).is_empty());
    let again = world.connect("juliet");
    // The presence was acknowledged, "one" was received but not acknowledged before.
    world.send(again, &resume(&id, 2));
    let got = world.take_xml(again);
    assert_eq!(got[0], format!("<resumed xmlns=\"urn:xmpp:sm:3\" previd=\"{id}\" h=\"1\"/>"));
    assert_eq!(got.len(), 2);
    assert!(got[1].contains("two"), "{got:?}");
    assert!(world.storage.rows.iter().filter(|row| row.undelivered).count() == 1);
    world.send(again, "<a xmlns='urn:xmpp:sm:3' h='3'/>");
    assert!(world.storage.rows.iter().all(|row| !row.undelivered));
    world.pass(world.config.sm_timeout * 2);
    assert_eq!(world.sessions(), 2);
}

#[test]
fn everything_unacknowledged_comes_again_in_order() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let (juliet, id) = world.online_with_sm("juliet", "balcony");
    for n in 0..3 {
        world.send(romeo, &chat("juliet@example.com", &format!("m{n}")));
    }
    world.lose(juliet);
    let again = world.connect("juliet");
    world.send(again, &resume(&id, 1));
    assert_eq!(world.bodies(again), ["m0", "m1", "m2"]);
    world.lose(again);
    let third = world.connect("juliet");
    world.send(third, &resume(&id, 2));
    assert_eq!(world.bodies(third), ["m1", "m2"]);
}

#[test]
fn a_living_connection_is_taken_over_with_a_conflict() {
    let mut world = World::new();
    let (juliet, id) = world.online_with_sm("juliet", "balcony");
    let again = world.connect("juliet");
    world.send(again, &resume(&id, 1));
    assert_eq!(world.closed(juliet).flatten().expect("closed").condition.as_str(), "conflict");
    assert!(world.take_xml(again)[0].contains("resumed"));
    assert_eq!(world.sessions(), 1);
}

#[test]
fn resumed_waits_for_what_the_former_stream_brought_so_that_h_is_exact() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let (juliet, id) = world.online_with_sm("juliet", "balcony");
    world.slow = true;
    world.send(juliet, &chat("romeo@example.com", "late"));
    world.lose(juliet);
    let again = world.connect("juliet");
    world.send(again, &resume(&id, 1));
    assert!(world.take(again).is_empty());
    world.release(1);
    assert!(world.take_xml(again)[0].contains("h=\"2\""));
    assert_eq!(world.bodies(romeo), ["late"]);
}

#[test]
fn a_resumption_that_is_lost_itself_may_be_tried_again() {
    let mut world = World::new();
    let (juliet, id) = world.online_with_sm("juliet", "balcony");
    world.slow = true;
    world.send(juliet, &chat("romeo@example.com", "late"));
    world.lose(juliet);
    let second = world.connect("juliet");
    world.send(second, &resume(&id, 1));
    world.lose(second);
    let third = world.connect("juliet");
    world.send(third, &resume(&id, 1));
    world.release(2);
    assert!(world.take(second).is_empty());
    assert!(world.take_xml(third)[0].contains("resumed"));
}

#[test]
fn nobody_elses_session_and_no_unknown_one_is_resumed() {
    let mut world = World::new();
    let (_, id) = world.online_with_sm("juliet", "balcony");
    let romeo = world.connect("romeo");
    world.send(romeo, &resume(&id, 1));
    assert!(world.take_xml(romeo)[0].contains("item-not-found"));
    world.bind(romeo, "orchard");
    let mute = world.connect("juliet");
    world.send(mute, "<resume xmlns='urn:xmpp:sm:3'/>");
    assert!(world.take_xml(mute)[0].contains("bad-request"));
    world.send(mute, "<enable xmlns='urn:xmpp:sm:3'/>");
    assert!(world.take_xml(mute)[0].contains("unexpected-request"));
    world.send(romeo, &resume(&id, 1));
    assert!(world.take_xml(romeo)[0].contains("unexpected-request"), "it is bound");
}

#[test]
fn too_high_a_count_ends_the_stream() {
    let mut world = World::new();
    let (juliet, id) = world.online_with_sm("juliet", "balcony");
    world.send(juliet, "<a xmlns='urn:xmpp:sm:3' h='9'/>");
    let error = world.closed(juliet).flatten().expect("closed");
    assert_eq!(error.app.expect("condition of its own").name(), "handled-count-too-high");
    let again = world.connect("juliet");
    world.send(again, &resume(&id, 1));
    assert!(world.take_xml(again)[0].contains("failed"));
}

#[test]
fn an_expired_session_says_goodbye_and_its_messages_are_for_the_next_one() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let (juliet, id) = world.online_with_sm("juliet", "balcony");
    world.send(juliet, "<presence to='romeo@example.com'/>");
    world.take(romeo);
    world.lose(juliet);
    world.send(romeo, &chat("juliet@example.com", "kept"));
    world.send(romeo, "<message to='juliet@example.com/balcony' type='chat' id='n'><body>off the record</body><no-store xmlns='urn:xmpp:hints'/></message>");
    world.send(romeo, "<iq to='juliet@example.com/balcony' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert!(world.take(romeo).is_empty());
    world.pass(world.config.sm_timeout);
    let got = world.take_xml(romeo);
    assert_eq!(got.len(), 3, "{got:?}");
    assert!(got[0].contains("id=\"n\"") && got[0].contains("recipient-unavailable"), "{got:?}");
    assert!(got[1].contains("id=\"q\"") && got[1].contains("type=\"error\""), "{got:?}");
    assert!(got[2].contains("<presence") && got[2].contains("type=\"unavailable\""), "{got:?}");
    let late = world.connect("juliet");
    world.send(late, &resume(&id, 1));
    let got = world.take_xml(late);
    // Two presence stanzas were handled.
    assert!(got[0].contains("failed") && got[0].contains("h=\"2\""), "{got:?}");
    world.bind(late, "balcony");
    world.send(late, "<presence/>");
    assert_eq!(world.bodies(late), ["kept"]);
}

#[test]
fn what_an_expired_session_had_goes_to_the_ones_that_are_left() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let (phone, _) = world.online_with_sm("juliet", "phone");
    let desk = world.online("juliet", "desk");
    world.lose(phone);
    world.take(desk);
    world.send(romeo, &chat("juliet@example.com/phone", "for the phone"));
    world.send(romeo, &chat("juliet@example.com", "for both"));
    assert_eq!(world.bodies(desk), ["for both"]);
    world.pass(world.config.sm_timeout);
    assert_eq!(world.bodies(desk), ["for the phone"], "each once");
    assert!(world.storage.rows.iter().all(|row| !row.undelivered));
}

#[test]
fn a_client_that_never_acknowledges_is_given_up() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let (juliet, id) = world.online_with_sm("juliet", "balcony");
    world.send(romeo, &chat("juliet@example.com", "one"));
    world.pass(60_000);
    assert_eq!(world.closed(juliet).flatten().expect("closed").condition.as_str(), "connection-timeout");
    let again = world.connect("juliet");
    world.send(again, &resume(&id, 1));
    assert_eq!(world.bodies(again), ["one"]);
}

#[test]
fn an_unbounded_queue_ends_the_session_and_keeps_the_messages() {
    let mut world = World::with(|config| config.limits.unacked_stanzas = 3);
    let romeo = world.online("romeo", "orchard");
    let (juliet, _) = world.online_with_sm("juliet", "balcony");
    world.lose(juliet);
    for n in 0..5 {
        world.send(romeo, &chat("juliet@example.com", &format!("m{n}")));
    }
    assert_eq!(world.sessions(), 1);
    let again = world.online_bodies("juliet", "balcony");
    assert_eq!(again, ["m0", "m1", "m2", "m3", "m4"]);
}

#[test]
fn many_waiting_messages_come_in_pages_as_the_client_acknowledges() {
    let mut world = World::with(|config| config.limits.offline_page = 2);
    let romeo = world.online("romeo", "orchard");
    for n in 0..5 {
        world.send(romeo, &chat("juliet@example.com", &format!("m{n}")));
    }
    let juliet = world.bound("juliet", "balcony");
    world.send(juliet, "<enable xmlns='urn:xmpp:sm:3'/>");
    world.take(juliet);
    world.send(juliet, "<presence/>");
    assert_eq!(world.bodies(juliet), ["m0", "m1"]);
    world.send(romeo, &chat("juliet@example.com", "live"));
    assert!(world.take(juliet).is_empty(), "behind what waits");
    world.send(juliet, "<a xmlns='urn:xmpp:sm:3' h='3'/>");
    assert_eq!(world.bodies(juliet), ["m2", "m3"]);
    world.send(juliet, "<a xmlns='urn:xmpp:sm:3' h='5'/>");
    assert_eq!(world.bodies(juliet), ["m4", "live"]);
    world.send(juliet, "<a xmlns='urn:xmpp:sm:3' h='7'/>");
    world.send(romeo, &chat("juliet@example.com", "later"));
    assert_eq!(world.bodies(juliet), ["later"]);
}

#[test]
fn live_delivery_and_reading_what_waits_do_not_double() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let juliet = world.bound("juliet", "balcony");
    world.slow = true;
    world.send(romeo, &chat("juliet@example.com", "one"));
    world.send(juliet, "<presence/>");
    // The roster, then the undelivered messages are asked for; then the store of "one" completes.
    while world.waiting() > 0 {
        world.release(1);
    }
    assert_eq!(world.bodies(juliet), ["one"]);
    world.slow = false;
    world.send(romeo, &chat("juliet@example.com", "two"));
    assert_eq!(world.bodies(juliet), ["two"]);
}
