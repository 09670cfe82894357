//! Messages between sessions: RFC 6121 §8, carbons, repeats.

use super::world::World;

#[test]
fn shards_may_run_on_any_thread() {
    fn movable<T: Send>() {}
    movable::<crate::Shard>();
    movable::<crate::Envelope>();
    movable::<crate::Output>();
}

fn chat(to: &str, body: &str) -> String {
    format!("<message to='{to}' type='chat' id='{body}'><body>{body}</body></message>")
}

#[test]
fn two_sessions_on_different_shards_chat() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    world.send(romeo, &chat("juliet@example.com", "art"));
    let got = world.take_xml(juliet);
    assert_eq!(got.len(), 1, "{got:?}");
    assert!(got[0].contains("from=\"romeo@example.com/orchard\""), "{got:?}");
    assert!(got[0].contains("<body>art</body>"));
    assert!(got[0].contains("<stanza-id xmlns=\"urn:xmpp:sid:0\" by=\"juliet@example.com\" id=\"2\"/>"), "{got:?}");
    assert!(world.take(romeo).is_empty());
    assert!(world.storage.rows.iter().all(|row| !row.undelivered));
}

#[test]
fn a_chat_goes_to_every_resource_that_takes_messages() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let balcony = world.online("juliet", "balcony");
    let chamber = world.online("juliet", "chamber");
    let shy = world.bound("juliet", "shy");
    world.send(shy, "<presence><priority>-1</priority></presence>");
    let silent = world.bound("juliet", "silent");
    for conn in [balcony, chamber, shy, silent] {
        world.take(conn);
    }
    world.send(romeo, &chat("juliet@example.com", "all"));
    assert_eq!(world.bodies(balcony), ["all"]);
    assert_eq!(world.bodies(chamber), ["all"]);
    assert!(world.bodies(shy).is_empty() && world.bodies(silent).is_empty());
    world.send(romeo, &chat("juliet@example.com/shy", "one"));
    assert_eq!(world.bodies(shy), ["one"], "a full jid reaches a negative priority");
    assert!(world.bodies(balcony).is_empty());
    world.send(romeo, &chat("juliet@example.com/gone", "fallback"));
    assert_eq!(world.bodies(balcony), ["fallback"], "a chat to a resource that is gone goes to the account");
}

#[test]
fn what_cannot_be_delivered_is_refused_once() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    for (to, type_, condition) in [
        ("nobody@example.com", "chat", "service-unavailable"),
        ("juliet@example.com/gone", "normal", "service-unavailable"),
        ("juliet@example.com", "groupchat", "service-unavailable"),
        ("example.com", "chat", "service-unavailable"),
        ("juliet@elsewhere.net", "chat", "remote-server-not-found"),
    ] {
        world.send(romeo, &format!("<message to='{to}' type='{type_}' id='m'><body>x</body></message>"));
        let got = world.take_xml(romeo);
        assert_eq!(got.len(), 1, "{to}: {got:?}");
        assert!(got[0].contains("type=\"error\"") && got[0].contains(condition), "{to}: {got:?}");
        assert!(got[0].contains(&format!("from=\"{to}\"")), "{to}: {got:?}");
    }
    for (to, type_) in
        [("nobody@example.com", "error"), ("juliet@example.com", "headline"), ("juliet@example.com/x", "error")]
    {
        world.send(romeo, &format!("<message to='{to}' type='{type_}' id='m'><body>x</body></message>"));
        assert!(world.take(romeo).is_empty(), "{type_} to {to}");
    }
    assert!(world.storage.rows.is_empty(), "what was refused is in no archive: {:?}", world.storage.rows);
}

#[test]
fn a_refused_message_may_be_sent_again_with_the_same_origin_id() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let message = "<message to='juliet@example.com/balcony' type='normal' id='m'><body>x</body><origin-id xmlns='urn:xmpp:sid:0' id='o1'/></message>";
    world.send(romeo, message);
    assert!(world.take_xml(romeo)[0].contains("service-unavailable"));
    let juliet = world.online("juliet", "balcony");
    world.send(romeo, message);
    assert_eq!(world.bodies(juliet), ["x"]);
    world.send(romeo, message);
    assert!(world.bodies(juliet).is_empty(), "a repeat is not routed");
    assert!(world.take(romeo).is_empty(), "and not refused");
    assert_eq!(world.storage.rows.len(), 2);
}

#[test]
fn a_message_to_nobody_in_particular_is_for_oneself_and_comes_once() {
    let mut world = World::new();
    let orchard = world.online("romeo", "orchard");
    let street = world.online("romeo", "street");
    for conn in [orchard, street] {
        world.send(conn, "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
        world.take(conn);
    }
    world.send(orchard, "<message type='chat' id='n'><body>note</body></message>");
    assert_eq!(world.take(street).len(), 1);
    assert_eq!(world.take(orchard).len(), 1);
    world.send(orchard, &chat("romeo@example.com/street", "full"));
    assert_eq!(world.take(street).len(), 1);
    assert!(world.take(orchard).is_empty(), "the sender gets no copy of its own message");
    assert_eq!(world.storage.rows.len(), 2, "one row each");
}

#[test]
fn carbons_reach_the_other_sessions_of_both_sides() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let watch = world.bound("romeo", "watch");
    let balcony = world.online("juliet", "balcony");
    let chamber = world.online("juliet", "chamber");
    let plain = world.online("juliet", "plain");
    for conn in [watch, balcony, chamber] {
        world.send(conn, "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
        assert!(world.take_xml(conn).last().expect("answered").contains("type=\"result\""));
    }
    for conn in [romeo, watch, balcony, chamber, plain] {
        world.take(conn);
    }
    world.send(romeo, &chat("juliet@example.com/balcony", "art"));
    assert_eq!(world.bodies(balcony), ["art"]);
    assert!(world.take(plain).is_empty());
    let sent = world.take_xml(watch);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].contains("<sent xmlns=\"urn:xmpp:carbons:2\">") && sent[0].contains("from=\"romeo@example.com\""));
    assert!(sent[0].contains("by=\"romeo@example.com\" id=\"1\""), "the archive's id: {sent:?}");
    let received = world.take_xml(chamber);
    assert_eq!(received.len(), 1);
    assert!(received[0].contains("<received xmlns=\"urn:xmpp:carbons:2\">"));
    assert!(received[0].contains("to=\"juliet@example.com/chamber\""));
    assert!(received[0].contains("by=\"juliet@example.com\" id=\"2\""));

    world.send(romeo, &chat("juliet@example.com", "both"));
    assert_eq!(world.bodies(chamber), ["both"], "who got the original gets no copy");
    world.take(watch);
    world.take(balcony);
    world.send(romeo, "<message to='juliet@example.com/balcony' type='chat'><body>p</body><private xmlns='urn:xmpp:carbons:2'/></message>");
    assert!(world.take(watch).is_empty() && world.take(chamber).is_empty());
    world.send(watch, "<iq type='set' id='d'><disable xmlns='urn:xmpp:carbons:2'/></iq>");
    world.take(watch);
    world.send(romeo, &chat("juliet@example.com", "later"));
    assert!(world.take(watch).is_empty());
}

#[test]
fn forged_stanza_ids_do_not_pass() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    world.send(
        romeo,
        "<message to='juliet@example.com' type='chat'><body>x</body>\
        <stanza-id xmlns='urn:xmpp:sid:0' by='juliet@example.com' id='forged'/>\
        <stanza-id xmlns='urn:xmpp:sid:0' by='JULIET@example.com/balcony' id='forged'/>\
        <stanza-id xmlns='urn:xmpp:sid:0' by='example.com' id='forged'/>\
        <stanza-id xmlns='urn:xmpp:sid:0' by='room@chat.net' id='kept'/></message>",
    );
    let got = world.take_xml(juliet);
    assert!(!got[0].contains("forged") && got[0].contains("kept") && got[0].contains("id=\"2\""), "{got:?}");
    assert!(world.storage.rows.iter().all(|row| !row.row.stanza.contains("forged")));
}

#[test]
fn another_resource_of_ones_own_is_corrected() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    world.take_xml(juliet);
    world.send(
        romeo,
        "<message from='romeo@example.com/old' to='juliet@example.com/balcony' type='chat'><body>x</body></message>",
    );
    let got = world.take_xml(juliet);
    assert!(got[0].contains("from=\"romeo@example.com/orchard\""), "{got:?}");
}

#[test]
fn someone_elses_address_ends_the_stream() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    world.send(romeo, "<message from='juliet@example.com' to='nurse@example.com'><body>x</body></message>");
    assert_eq!(world.closed(romeo).flatten().expect("closed").condition.as_str(), "invalid-from");
    assert_eq!(world.sessions(), 0);
}

#[test]
fn anonymous_guests_can_talk_while_they_are_there() {
    let mut world = World::new();
    let guest = world.connect_as("guest-1", true);
    world.bind(guest, "web");
    world.send(guest, "<presence/>");
    let agent = world.online("nurse", "desk");
    world.take(guest);
    world.send(guest, &chat("nurse@example.com", "help"));
    assert_eq!(world.bodies(agent), ["help"]);
    world.send(agent, &chat("guest-1@example.com", "sure"));
    assert_eq!(world.bodies(guest), ["sure"]);
    assert_eq!(world.storage.rows.len(), 2, "the agent's archive has both: {:?}", world.storage.rows);
    world.close(guest);
    world.take(agent);
    world.send(agent, &chat("guest-1@example.com", "still there?"));
    assert!(world.take_xml(agent)[0].contains("service-unavailable"));
    assert_eq!(world.storage.rows.len(), 2, "the refused one is taken back");
}

#[test]
fn a_message_for_someone_away_waits_and_comes_once_with_its_archive_id() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    world.send(romeo, &chat("juliet@example.com", "one"));
    world.send(romeo, &chat("juliet@example.com", "two"));
    assert!(world.take(romeo).is_empty());
    world.restart();
    let juliet = world.bound("juliet", "balcony");
    world.send(juliet, "<presence><priority>-5</priority></presence>");
    assert!(world.bodies(juliet).is_empty(), "a negative priority wants no messages");
    world.send(juliet, "<presence/>");
    let got: Vec<String> = world.take_xml(juliet).into_iter().filter(|it| it.contains("<body>")).collect();
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(got[0].contains("one") && got[0].contains("id=\"2\"") && got[0].contains("urn:xmpp:delay"), "{got:?}");
    assert!(got[1].contains("two") && got[1].contains("id=\"4\""));
    let again = world.online("juliet", "chamber");
    assert!(world.bodies(again).is_empty());
}
