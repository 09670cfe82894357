//! RFC 6121 §4: presence to subscribers, siblings and those it was directed to.

use super::world::World;

fn befriend(world: &mut World, a: &str, b: &str) {
    let first = world.online(a, "x");
    let second = world.online(b, "x");
    world.send(first, &format!("<presence to='{b}@example.com' type='subscribe'/>"));
    world.send(second, &format!("<presence to='{a}@example.com' type='subscribed'/>"));
    world.send(second, &format!("<presence to='{a}@example.com' type='subscribe'/>"));
    world.send(first, &format!("<presence to='{b}@example.com' type='subscribed'/>"));
    world.close(first);
    world.close(second);
}

#[test]
fn friends_see_each_other_come_change_and_go() {
    let mut world = World::new();
    befriend(&mut world, "romeo", "juliet");
    let romeo = world.online("romeo", "orchard");
    let juliet = world.bound("juliet", "balcony");
    world.send(juliet, "<presence><show>away</show></presence>");
    let got = world.take_xml(romeo);
    assert_eq!(got.len(), 1, "{got:?}");
    assert!(
        got[0].contains("from=\"juliet@example.com/balcony\"") && got[0].contains("to=\"romeo@example.com/orchard\"")
    );
    let got = world.take_xml(juliet);
    assert!(got.iter().any(|it| it.contains("from=\"romeo@example.com/orchard\"")), "by probe: {got:?}");
    assert!(got.iter().any(|it| it.contains("from=\"juliet@example.com/balcony\"")), "its own: {got:?}");
    world.send(juliet, "<presence type='unavailable'><status>bye</status></presence>");
    let got = world.take_xml(romeo);
    assert!(got[0].contains("type=\"unavailable\"") && got[0].contains("bye"), "{got:?}");
    world.send(juliet, "<presence/>");
    assert_eq!(world.take(romeo).len(), 1);
    world.lose(juliet);
    assert!(world.take_xml(romeo)[0].contains("type=\"unavailable\""));
    let stranger = world.online("mercutio", "street");
    assert!(world.take(romeo).is_empty() && world.take(stranger).is_empty());
}

#[test]
fn siblings_see_each_other() {
    let mut world = World::new();
    let orchard = world.online("romeo", "orchard");
    let street = world.bound("romeo", "street");
    world.send(street, "<presence><priority>3</priority></presence>");
    assert!(world.take_xml(orchard)[0].contains("romeo@example.com/street"));
    let got = world.take_xml(street);
    assert!(got.iter().any(|it| it.contains("from=\"romeo@example.com/orchard\"")), "{got:?}");
    world.close(street);
    assert!(world.take_xml(orchard)[0].contains("unavailable"));
}

#[test]
fn directed_presence_is_taken_back() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    world.send(romeo, "<presence to='juliet@example.com'/>");
    assert!(world.take_xml(juliet)[0].contains("from=\"romeo@example.com/orchard\""));
    world.send(romeo, "<presence><show>dnd</show></presence>");
    assert!(world.take(juliet).is_empty());
    world.close(romeo);
    assert!(world.take_xml(juliet)[0].contains("unavailable"));
}

#[test]
fn a_probe_without_subscription_sets_the_roster_right() {
    let mut world = World::new();
    befriend(&mut world, "romeo", "juliet");
    // The contact's side is gone, as after a crash between the two writes.
    world.storage.rosters.remove(&super::world::bare("juliet"));
    let romeo = world.bound("romeo", "orchard");
    world.send(romeo, "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>");
    assert!(world.take_xml(romeo)[0].contains("subscription=\"both\""));
    world.send(romeo, "<presence/>");
    let got = world.take_xml(romeo);
    assert!(got.iter().any(|it| it.contains("type=\"unsubscribed\"")), "{got:?}");
    assert!(got.iter().any(|it| it.contains("subscription=\"from\"")), "{got:?}");
}

#[test]
fn a_priority_that_is_none_is_refused() {
    let mut world = World::new();
    let romeo = world.bound("romeo", "orchard");
    world.send(romeo, "<presence><priority>1000</priority></presence>");
    assert!(world.take_xml(romeo)[0].contains("bad-request"));
}

#[test]
fn a_resource_taken_over_does_not_look_gone() {
    let mut world = World::new();
    befriend(&mut world, "romeo", "juliet");
    let juliet = world.online("juliet", "balcony");
    let old = world.online("romeo", "orchard");
    world.take(juliet);
    world.slow = true;
    world.send(old, "<message to='nurse@example.com' type='chat'><body>x</body></message>");
    let new = world.connect("romeo");
    world.bind(new, "orchard");
    assert_eq!(world.closed(old).flatten().expect("closed").condition.as_str(), "conflict");
    world.send(new, "<presence/>");
    while world.waiting() > 0 {
        world.release(1);
    }
    let got = world.take_xml(juliet);
    assert!(!got.iter().any(|it| it.contains("unavailable")), "{got:?}");
}
