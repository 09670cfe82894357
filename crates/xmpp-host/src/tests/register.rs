//! XEP-0077 after signing in: new passwords and the end of accounts.

use super::world::{World, bare};
use crate::io::{ConnId, PasswordRefused};

fn ask(world: &mut World, conn: ConnId, type_: &str, inner: &str) -> Vec<String> {
    world.send(conn, &format!("<iq type='{type_}' id='r'><query xmlns='jabber:iq:register'>{inner}</query></iq>"));
    if world.closed(conn).is_some() { Vec::new() } else { world.take_xml(conn) }
}

const CHANGE: &str = "<username>Romeo</username><password>sesame</password>";

#[test]
fn a_new_password_ends_the_other_sessions() {
    let mut world = World::new();
    let orchard = world.online("romeo", "orchard");
    let street = world.online("romeo", "street");
    let (lost, previd) = world.online_with_sm("romeo", "lost");
    world.lose(lost);
    let unbound = world.connect("romeo");
    let juliet = world.online("juliet", "balcony");
    let told = ask(&mut world, orchard, "get", "");
    assert!(told.iter().any(|it| it.contains("<registered/><username>romeo</username><password/>")), "{told:?}");
    let got = ask(&mut world, orchard, "set", CHANGE);
    assert!(got.iter().any(|it| it.contains("type=\"result\"") && it.contains("id=\"r\"")), "{got:?}");
    assert_eq!(world.passwords, [(bare("romeo"), "sesame".to_owned())]);
    for conn in [street, unbound] {
        assert_eq!(world.closed(conn).flatten().expect("closed").condition.as_str(), "reset");
    }
    assert!(world.closed(orchard).is_none() && world.closed(juliet).is_none());
    let back = world.connect("romeo");
    world.send(back, &format!("<resume xmlns='urn:xmpp:sm:3' previd='{previd}' h='0'/>"));
    assert!(world.take_xml(back)[0].contains("item-not-found"), "nor does it come back");
}

#[test]
fn what_is_no_change_changes_nothing() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let cases = [
        ("<password>x</password>", "bad-request"),
        ("<username>romeo</username>", "bad-request"),
        ("<username>romeo</username><password/>", "not-acceptable"),
        ("<username>juliet</username><password>x</password>", "not-allowed"),
        ("<remove/>", "not-allowed"),
    ];
    for (inner, condition) in cases {
        let got = ask(&mut world, romeo, "set", inner);
        assert!(got[0].contains(condition) && !got[0].contains("<password>"), "{inner}: {got:?}");
    }
    let refusals = [
        (PasswordRefused::Unusable, "not-acceptable"),
        (PasswordRefused::NotAllowed, "not-allowed"),
        (PasswordRefused::TooMany, "resource-constraint"),
        (PasswordRefused::Unavailable, "internal-server-error"),
    ];
    for (refused, condition) in refusals {
        world.refused = Some(refused);
        assert!(ask(&mut world, romeo, "set", CHANGE)[0].contains(condition));
    }
    assert!(world.passwords.is_empty());
    let ghost = world.connect_as("ghost", true);
    world.bind(ghost, "x");
    assert!(ask(&mut world, ghost, "set", CHANGE)[0].contains("not-allowed"));
}

#[test]
fn a_cancelled_account_leaves_its_contacts_and_is_gone() {
    let mut world = World::with(|config| config.registration = true);
    let romeo = world.online("romeo", "orchard");
    let second = world.online("romeo", "street");
    let juliet = world.online("juliet", "balcony");
    world.send(juliet, "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>");
    world.send(romeo, "<presence to='juliet@example.com' type='subscribe'/>");
    world.send(juliet, "<presence to='romeo@example.com' type='subscribed'/>");
    world.send(juliet, "<presence to='romeo@example.com' type='subscribe'/>");
    world.send(romeo, "<presence to='juliet@example.com' type='subscribed'/>");
    world.send(romeo, "<message to='juliet@example.com' type='chat'><body>x</body></message>");
    world.take(juliet);
    assert!(
        ask(&mut world, romeo, "set", "<remove/><username>romeo</username>")
            .iter()
            .any(|it| it.contains("bad-request"))
    );
    world.take(romeo);
    world.send(romeo, "<iq type='set' id='r'><query xmlns='jabber:iq:register'><remove/></query></iq>");
    let got = world.take_xml(romeo);
    assert!(got.iter().any(|it| it.contains("type=\"result\"")), "{got:?}");
    for conn in [romeo, second] {
        assert_eq!(world.closed(conn).flatten().expect("closed").condition.as_str(), "not-authorized");
    }
    let got = world.take_xml(juliet);
    for part in ["type=\"unavailable\"", "type=\"unsubscribed\"", "type=\"unsubscribe\"", "subscription=\"none\""] {
        assert!(got.iter().any(|it| it.contains(part)), "{part}: {got:?}");
    }
    assert!(!world.storage.accounts.contains(&bare("romeo")));
    assert!(world.storage.rows.iter().all(|row| row.owner == bare("juliet")));
    world.send(juliet, "<message to='romeo@example.com' type='chat' id='m'><body>x</body></message>");
    assert!(world.take_xml(juliet).iter().any(|it| it.contains("service-unavailable")));
}
