//! XEP-0352: what waits while nobody looks, and what makes it go out.

use xmpp_stream::server::Bind;

use super::world::World;
use crate::io::ConnId;

const ACTIVE: &str = "<active xmlns='urn:xmpp:csi:0'/>";
const INACTIVE: &str = "<inactive xmlns='urn:xmpp:csi:0'/>";

/// Two resources of one account see each other; what `street` sends reaches `orchard`.
fn pair(world: &mut World) -> (ConnId, ConnId) {
    let orchard = world.online("romeo", "orchard");
    let street = world.online("romeo", "street");
    world.take(orchard);
    world.take(street);
    (orchard, street)
}

fn show(world: &mut World, conn: ConnId, show: &str) {
    world.send(conn, &format!("<presence><show>{show}</show></presence>"));
}

#[test]
fn presence_waits_compacted_and_goes_before_what_is_urgent() {
    let mut world = World::new();
    let (orchard, street) = pair(&mut world);
    world.send(orchard, INACTIVE);
    show(&mut world, street, "away");
    show(&mut world, street, "xa");
    world.send(street, "<message to='romeo@example.com/orchard' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
    assert!(world.take(orchard).is_empty());
    world.send(street, "<message to='romeo@example.com/orchard' type='chat'><body>come</body></message>");
    let got = world.take_xml(orchard);
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(got[0].contains("<show>xa</show>") && got[1].contains("come"), "{got:?}");
    show(&mut world, street, "dnd");
    assert!(world.take(orchard).is_empty(), "it is inactive still");
    world.send(orchard, ACTIVE);
    world.send(orchard, "<iq to='example.com' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
    let got = world.take_xml(orchard);
    assert!(got[0].contains("<show>dnd</show>") && got[1].contains("id=\"p\""), "§5.1: {got:?}");
    show(&mut world, street, "away");
    assert_eq!(world.take(orchard).len(), 1);
}

#[test]
fn a_resumed_stream_is_active() {
    let mut world = World::new();
    let (orchard, id) = world.online_with_sm("romeo", "orchard");
    let street = world.online("romeo", "street");
    let seen = world.take(orchard).len() + 1;
    world.send(orchard, INACTIVE);
    show(&mut world, street, "away");
    world.lose(orchard);
    show(&mut world, street, "xa");
    let orchard = world.connect("romeo");
    world.send(orchard, &format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='{seen}'/>"));
    let got = world.take_xml(orchard);
    assert!(got[0].contains("<resumed") && got[1].contains("<show>xa</show>") && got.len() == 2, "{got:?}");
    show(&mut world, street, "chat");
    assert_eq!(world.take(orchard).len(), 1);
}

#[test]
fn a_client_may_be_inactive_from_the_start() {
    let mut world = World::new();
    let street = world.online("romeo", "street");
    let bind = Bind { resource: Some("orchard".to_owned()), sm: None, carbons: false, active: Some(false) };
    let orchard = world.connect_inline("romeo", bind);
    assert!(world.take_xml(orchard)[0].contains("romeo@example.com/orchard"));
    world.send(orchard, "<presence/>");
    show(&mut world, street, "away");
    assert!(world.take(orchard).is_empty());
    world.send(orchard, ACTIVE);
    assert!(world.take_xml(orchard).iter().any(|it| it.contains("<show>away</show>")));
}

#[test]
fn what_waits_is_bounded() {
    let mut world = World::with(|config| config.limits.held_back = 3);
    let (orchard, _) = pair(&mut world);
    world.send(orchard, INACTIVE);
    for n in 0..3 {
        world.online("romeo", &format!("r{n}"));
    }
    assert!(world.take(orchard).is_empty());
    world.online("romeo", "r3");
    assert_eq!(world.take(orchard).len(), 4);
    world.send(orchard, "<asleep xmlns='urn:xmpp:csi:0'/>");
    assert_eq!(world.closed(orchard).flatten().expect("closed").condition.as_str(), "unsupported-stanza-type");
}

#[test]
fn the_stream_offers_it() {
    let offered =
        |config: &crate::HostConfig| crate::stream_features(config).iter().any(|it| it.is("csi", xmpp::ns::CSI));
    let mut config = crate::HostConfig::new("example.com");
    assert!(offered(&config));
    config.denied_modules.push("csi".to_owned());
    assert!(!offered(&config));
}
