//! XEP-0398: the same picture in the card, in the nodes and in presence.

use super::world::World;
use crate::io::ConnId;

/// The bytes `abc`, their SHA-1, and in base64.
const HASH: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";
const DATA: &str = "YWJj";

fn iq(world: &mut World, conn: ConnId, to: &str, type_: &str, payload: &str) -> String {
    world.send(conn, &format!("<iq{to} type='{type_}' id='i'>{payload}</iq>"));
    let got = world.take_xml(conn);
    got.into_iter().find(|it| it.contains("id=\"i\"")).expect("answered")
}

fn publish(world: &mut World, conn: ConnId, node: &str, id: &str, payload: &str, access: &str) -> String {
    let field = |var: &str, value: &str| format!("<field var='{var}'><value>{value}</value></field>");
    let fields =
        field("FORM_TYPE", "http://jabber.org/protocol/pubsub#publish-options") + &field("pubsub#access_model", access);
    let options = format!("<publish-options><x xmlns='jabber:x:data' type='submit'>{fields}</x></publish-options>");
    let item = format!("<publish node='{node}'><item id='{id}'>{payload}</item></publish>");
    iq(world, conn, "", "set", &format!("<pubsub xmlns='http://jabber.org/protocol/pubsub'>{item}{options}</pubsub>"))
}

fn publish_avatar(world: &mut World, conn: ConnId, access: &str) {
    let data = format!("<data xmlns='urn:xmpp:avatar:data'>{DATA}</data>");
    assert!(publish(world, conn, "urn:xmpp:avatar:data", HASH, &data, access).contains("result"));
    let info =
        format!("<metadata xmlns='urn:xmpp:avatar:metadata'><info id='{HASH}' bytes='3' type='image/png'/></metadata>");
    assert!(publish(world, conn, "urn:xmpp:avatar:metadata", HASH, &info, access).contains("result"));
}

const TO_ROMEO: &str = " to='romeo@example.com'";
const CARD: &str = "<vCard xmlns='vcard-temp'/>";

fn items(node: &str) -> String {
    format!("<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub>")
}

#[test]
fn what_is_published_is_in_the_card_and_in_presence() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let juliet = world.online("juliet", "balcony");
    world.send(juliet, "<presence to='romeo@example.com' type='subscribe'/>");
    world.send(romeo, "<presence to='juliet@example.com' type='subscribed'/>");
    let nurse = world.online("nurse", "hall");
    iq(&mut world, romeo, "", "set", "<vCard xmlns='vcard-temp'><FN>Romeo</FN></vCard>");
    world.take(juliet);
    publish_avatar(&mut world, romeo, "presence");
    let got = world.take_xml(juliet);
    assert!(
        got.len() == 1 && got[0].contains(&format!("<x xmlns=\"vcard-temp:x:update\"><photo>{HASH}</photo></x>")),
        "{got:?}"
    );
    let got = iq(&mut world, juliet, TO_ROMEO, "get", CARD);
    assert!(
        got.contains("<FN>Romeo</FN>") && got.contains(&format!("<TYPE>image/png</TYPE><BINVAL>{DATA}</BINVAL>")),
        "{got}"
    );
    let got = iq(&mut world, nurse, TO_ROMEO, "get", CARD);
    assert!(got.contains("<FN>Romeo</FN>") && !got.contains("PHOTO"), "not for strangers: {got}");
    assert!(iq(&mut world, romeo, "", "get", CARD).contains("BINVAL"));

    world.send(romeo, "<presence><show>away</show><x xmlns='vcard-temp:x:update'/></presence>");
    assert!(world.take_xml(juliet)[0].contains(HASH));
    world.send(romeo, "<presence><x xmlns='vcard-temp:x:update'><photo/></x></presence>");
    assert!(world.take_xml(juliet)[0].contains("<photo/>"), "it has none to show");
    world.restart();
    let juliet = world.online("juliet", "balcony");
    let romeo = world.online("romeo", "orchard");
    assert!(world.take_xml(juliet)[0].contains(HASH), "also after a restart");
    world.send(romeo, "<presence to='nurse@example.com'/>");
    let off = "<metadata xmlns='urn:xmpp:avatar:metadata'/>";
    publish(&mut world, romeo, "urn:xmpp:avatar:metadata", "off", off, "presence");
    let got = world.take_xml(juliet);
    assert!(got.len() == 1 && !got[0].contains("vcard-temp:x:update"), "{got:?}");
    assert!(!iq(&mut world, juliet, TO_ROMEO, "get", CARD).contains("PHOTO"));
}

#[test]
fn an_open_avatar_is_everybodys_and_needs_no_card() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let nurse = world.online("nurse", "hall");
    assert!(iq(&mut world, nurse, TO_ROMEO, "get", CARD).contains("item-not-found"));
    publish_avatar(&mut world, romeo, "open");
    assert!(iq(&mut world, nurse, TO_ROMEO, "get", CARD).contains(DATA));
    world.send(romeo, "<presence to='nurse@example.com'/>");
    assert!(world.take_xml(nurse)[0].contains(HASH), "directed presence as well");
}

#[test]
fn a_picture_in_a_card_is_published() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    let card = format!(
        "<vCard xmlns='vcard-temp'><FN>Romeo</FN><PHOTO><TYPE>image/jpeg</TYPE><BINVAL>{DATA}</BINVAL></PHOTO></vCard>"
    );
    world.send(romeo, &format!("<iq type='set' id='i'>{card}</iq>"));
    let got = world.take_xml(romeo);
    assert!(got[0].contains("type=\"result\"") && got[1].contains(HASH), "{got:?}");
    let got = iq(&mut world, romeo, "", "get", &items("urn:xmpp:avatar:metadata"));
    assert!(got.contains(&format!("<info id=\"{HASH}\" bytes=\"3\" type=\"image/jpeg\"/>")), "{got}");
    assert!(iq(&mut world, romeo, "", "get", &items("urn:xmpp:avatar:data")).contains(DATA));
    let nurse = world.online("nurse", "hall");
    assert!(iq(&mut world, nurse, TO_ROMEO, "get", CARD).contains(DATA), "the card is everybody's");
    // The same once more changes nothing; without a picture there is none.
    world.send(romeo, &format!("<iq type='set' id='i'>{card}</iq>"));
    assert_eq!(world.take(romeo).len(), 1);
    world.send(romeo, "<iq type='set' id='i'><vCard xmlns='vcard-temp'><FN>Romeo</FN></vCard></iq>");
    assert!(!world.take_xml(romeo).last().expect("presence").contains("x:update"));
    assert!(iq(&mut world, romeo, "", "get", &items("urn:xmpp:avatar:metadata")).contains("<metadata"));
    assert!(!iq(&mut world, romeo, "", "get", CARD).contains("PHOTO"));
}

#[test]
fn a_picture_that_is_not_what_it_says_is_not_shown() {
    let mut world = World::new();
    let romeo = world.online("romeo", "orchard");
    publish_avatar(&mut world, romeo, "open");
    publish(&mut world, romeo, "urn:xmpp:avatar:data", HASH, "<data xmlns='urn:xmpp:avatar:data'>AAAA</data>", "open");
    assert!(!iq(&mut world, romeo, "", "get", CARD).contains("PHOTO"));
    let long = "<metadata xmlns='urn:xmpp:avatar:metadata'><info id='anything' bytes='3' type='image/png'/></metadata>";
    publish(&mut world, romeo, "urn:xmpp:avatar:metadata", "x", long, "open");
    world.send(romeo, "<presence/>");
    assert!(!world.take_xml(romeo)[0].contains("anything"));
}
