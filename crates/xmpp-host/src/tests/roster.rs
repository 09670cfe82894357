//! RFC 6121 §2 and §3 between whole accounts.

use super::world::{World, bare};

const GET: &str = "<iq type='get' id='g'><query xmlns='jabber:iq:roster' ver=''/></iq>";

fn interested(world: &mut World, name: &str) -> crate::io::ConnId {
    let conn = world.online(name, "x");
    world.send(conn, GET);
    world.take(conn);
    conn
}

#[test]
fn a_subscription_from_request_to_presence() {
    let mut world = World::new();
    let romeo = interested(&mut world, "romeo");
    let juliet = interested(&mut world, "juliet");
    world.send(romeo, "<presence to='juliet@example.com/balcony' type='subscribe'><status>hi</status></presence>");
    let got = world.take_xml(romeo);
    assert!(
        got.len() == 1 && got[0].contains("ask=\"subscribe\"") && got[0].contains("subscription=\"none\""),
        "{got:?}"
    );
    let got = world.take_xml(juliet);
    assert_eq!(got.len(), 1, "no push for someone who only asks: {got:?}");
    assert!(
        got[0].contains("type=\"subscribe\"") && got[0].contains("from=\"romeo@example.com\"") && got[0].contains("hi")
    );
    world.send(juliet, "<presence to='romeo@example.com' type='subscribed'/>");
    let got = world.take_xml(juliet);
    assert!(got.len() == 1 && got[0].contains("subscription=\"from\""), "{got:?}");
    let got = world.take_xml(romeo);
    assert_eq!(got.len(), 3, "{got:?}");
    assert!(got.iter().any(|it| it.contains("subscription=\"to\"") && !it.contains("ask=")));
    assert!(got.iter().any(|it| it.contains("type=\"subscribed\"")));
    assert!(got.iter().any(|it| it.contains("from=\"juliet@example.com/x\"")));
    world.send(juliet, "<presence to='romeo@example.com' type='unsubscribed'/>");
    let got = world.take_xml(romeo);
    assert!(got.iter().any(|it| it.contains("type=\"unsubscribed\"")), "{got:?}");
    assert!(got.iter().any(|it| it.contains("type=\"unavailable\"")), "{got:?}");
}

#[test]
fn a_request_waits_for_someone_away_and_is_shown_at_each_sign_in() {
    let mut world = World::new();
    let romeo = interested(&mut world, "romeo");
    world.send(romeo, "<presence to='juliet@example.com' type='subscribe'><status>hi</status></presence>");
    world.send(romeo, "<presence to='juliet@example.com' type='subscribe'/>");
    world.restart();
    for _ in 0..2 {
        let juliet = world.bound("juliet", "x");
        world.send(juliet, GET);
        assert!(!world.take_xml(juliet)[0].contains("romeo"), "not in the roster");
        world.send(juliet, "<presence/>");
        let requests: Vec<_> =
            world.take_xml(juliet).into_iter().filter(|it| it.contains("type=\"subscribe\"")).collect();
        assert!(requests.len() == 1 && requests[0].contains("hi"), "{requests:?}");
        world.close(juliet);
    }
    let juliet = world.online("juliet", "x");
    world.send(juliet, "<presence to='romeo@example.com' type='unsubscribed'/>");
    world.close(juliet);
    assert!(world.storage.rosters[&bare("juliet")].1.is_empty(), "nothing is kept of a refused request");
}

#[test]
fn nobody_is_subscribed_to_someone_who_does_not_exist() {
    let mut world = World::new();
    let romeo = interested(&mut world, "romeo");
    world.send(romeo, "<presence to='nobody@example.com' type='subscribe'/>");
    let got = world.take_xml(romeo);
    assert!(got.iter().any(|it| it.contains("type=\"unsubscribed\"")), "{got:?}");
    assert!(got.last().is_some_and(|it| !it.contains("ask=")), "{got:?}");
    world.send(romeo, "<presence to='juliet@elsewhere.net' type='subscribe'/>");
    assert!(world.take_xml(romeo)[0].contains("remote-server-not-found"));
}

#[test]
fn versions_save_the_roster_from_being_sent() {
    let mut world = World::new();
    let romeo = world.online("romeo", "x");
    world.send(romeo, "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='nurse@example.com' name='N'><group>A</group><group>B</group></item></query></iq>");
    assert!(world.take_xml(romeo)[0].contains("id=\"s\""), "no push to one that never asked");
    world.send(romeo, GET);
    let got = world.take_xml(romeo);
    assert!(got[0].contains("ver=\"1\"") && got[0].contains("<group>A</group><group>B</group>"), "{got:?}");
    world.send(romeo, "<iq type='get' id='h'><query xmlns='jabber:iq:roster' ver='1'/></iq>");
    assert!(!world.take_xml(romeo)[0].contains("query"));
}

#[test]
fn removal_ends_the_subscriptions() {
    let mut world = World::new();
    let romeo = interested(&mut world, "romeo");
    let juliet = interested(&mut world, "juliet");
    for (from, to) in [(romeo, "juliet"), (juliet, "romeo")] {
        world.send(from, &format!("<presence to='{to}@example.com' type='subscribe'/>"));
    }
    world.send(juliet, "<presence to='romeo@example.com' type='subscribed'/>");
    world.send(romeo, "<presence to='juliet@example.com' type='subscribed'/>");
    world.take(romeo);
    world.take(juliet);
    world.send(romeo, "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='juliet@example.com' subscription='remove'/></query></iq>");
    let got = world.take_xml(romeo);
    assert!(
        got.iter().any(|it| it.contains("subscription=\"remove\"")) && got.iter().any(|it| it.contains("id=\"s\""))
    );
    let got = world.take_xml(juliet);
    assert!(got.iter().any(|it| it.contains("subscription=\"none\"")), "{got:?}");
    assert!(got.iter().any(|it| it.contains("from=\"romeo@example.com/x\"") && it.contains("unavailable")), "{got:?}");
    world.send(romeo, "<iq type='set' id='t'><query xmlns='jabber:iq:roster'><item jid='juliet@example.com' subscription='remove'/></query></iq>");
    assert!(world.take_xml(romeo)[0].contains("item-not-found"));
}

#[test]
fn what_may_not_be_set() {
    let mut world = World::with(|config| config.limits.roster_items = 1);
    let romeo = world.online("romeo", "x");
    let item = |inner: &str| format!("<iq type='set' id='s'><query xmlns='jabber:iq:roster'>{inner}</query></iq>");
    for (inner, condition) in [
        ("", "bad-request"),
        ("<item jid='a@example.com'/><item jid='b@example.com'/>", "bad-request"),
        ("<item jid='@'/>", "bad-request"),
        ("<item jid='a@example.com'><group>x</group><group>x</group></item>", "bad-request"),
        ("<item jid='a@example.com'><group/></item>", "not-acceptable"),
        ("<item jid='romeo@example.com'/>", "not-allowed"),
    ] {
        world.send(romeo, &item(inner));
        let got = world.take_xml(romeo);
        assert!(got[0].contains(condition), "{inner}: {got:?}");
    }
    world.send(romeo, &item("<item jid='a@example.com'/>"));
    assert!(world.take_xml(romeo)[0].contains("type=\"result\""));
    world.send(romeo, &item("<item jid='b@example.com'/>"));
    assert!(world.take_xml(romeo)[0].contains("resource-constraint"));
    world.send(romeo, "<iq to='juliet@example.com' type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>");
    assert!(world.take_xml(romeo)[0].contains("service-unavailable"), "nobody else's roster");
}

#[test]
fn strangers_cannot_fill_a_roster() {
    let mut world = World::with(|config| config.limits.pending_requests = 1);
    for name in ["romeo", "mercutio"] {
        let conn = world.online(name, "x");
        world.send(conn, "<presence to='juliet@example.com' type='subscribe'/>");
        let got = world.take_xml(conn);
        assert_eq!(got.iter().any(|it| it.contains("resource-constraint")), name == "mercutio", "{got:?}");
    }
    assert_eq!(world.storage.rosters[&bare("juliet")].1.len(), 1);
}
