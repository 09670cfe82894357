//! What an account has: roster, card, private storage; and what its clients tell of themselves.

use proptest::prelude::*;
use xmpp::time::{Timestamp, ZoneOffset};
use xmpp::xep::{entity_time, ping, private_storage, roster, software_version, vcard_temp, vcard_update};
use xmpp::xml::Element;
use xmpp::{Payload, ns};
use xmpp_parsers::{bookmarks, minidom, private, time, vcard, version};

use crate::pair::{Agree, element, pair, same, unindented};
use crate::values::*;

pub(crate) fn pairs() -> Vec<Box<dyn Agree>> {
    vec![
        same("roster", roster_item).values(roster_items()).rows(roster_rows).done(),
        same("roster", |theirs: &xmpp_parsers::roster::Roster| roster::RosterQuery {
            ver: theirs.ver.as_deref().map(Into::into),
            items: theirs.items.iter().map(roster_item).collect(),
        })
        .values(roster_queries())
        .done(),
        pair("vcard_temp", card_of_ours, card_of_theirs).when(is_known_card).values(cards()).done(),
        same("vcard_temp", |_: &vcard::VCardQuery| vcard_temp::VCard::default())
            .when(is_request)
            .values(Just(vcard_temp::VCard::default()))
            .done(),
        same("vcard_temp", photo).when(is_inline).values(photos()).done(),
        same("vcard_update", |theirs: &xmpp_parsers::vcard_update::VCardUpdate| vcard_update::VCardUpdate {
            photo: theirs.photo.as_ref().map(|photo| photo.data.map(|hash| hex(&hash)).unwrap_or_default()),
        })
        .values(vcard_updates())
        .done(),
        pair("private_storage", stored_by_us, |theirs: &private::Query| Some(element(theirs.storage.clone())))
            .when(holds_bookmarks)
            .values(private_storages())
            .rows(bookmark_rows)
            .done(),
        same("software_version", |theirs: &version::VersionResult| software_version::SoftwareVersion {
            name: Some(theirs.name.clone()),
            version: Some(theirs.version.clone()),
            os: theirs.os.clone(),
        })
        .when(is_answer)
        .values(versions())
        .done(),
        same("software_version", |_: &version::VersionQuery| software_version::SoftwareVersion::default())
            .when(is_request)
            .values(Just(software_version::SoftwareVersion::default()))
            .done(),
        same("entity_time", |theirs: &time::TimeResult| entity_time::EntityTime {
            tzo: Some(ZoneOffset(i16::try_from(theirs.tz_offset.local_minus_utc() / 60).unwrap())),
            utc: Some(Timestamp(theirs.utc.timestamp_millis())),
        })
        .when(is_answer)
        .values(times())
        .done(),
        same("entity_time", |_: &time::TimeQuery| entity_time::EntityTime::default())
            .when(is_request)
            .values(Just(entity_time::EntityTime::default()))
            .done(),
        same("ping", |_: &xmpp_parsers::ping::Ping| ping::Ping {}).values(Just(ping::Ping {})).done(),
    ]
}

/// An IQ payload of several uses is empty in the request.
fn is_request(element: &Element) -> bool {
    element.children().next().is_none()
}

fn is_answer(element: &Element) -> bool {
    !is_request(element)
}

fn roster_item(theirs: &xmpp_parsers::roster::Item) -> roster::RosterItem {
    use xmpp_parsers::roster as of_theirs;
    roster::RosterItem {
        jid: ours_bare(&theirs.jid),
        name: theirs.name.clone(),
        subscription: match theirs.subscription {
            of_theirs::Subscription::None => roster::Subscription::None,
            of_theirs::Subscription::From => roster::Subscription::From,
            of_theirs::Subscription::To => roster::Subscription::To,
            of_theirs::Subscription::Both => roster::Subscription::Both,
            of_theirs::Subscription::Remove => roster::Subscription::Remove,
        },
        ask: match theirs.ask {
            of_theirs::Ask::Subscribe => Some(roster::Ask::Subscribe),
            of_theirs::Ask::None => None,
        },
        approved: theirs.approved.unwrap_or(false),
        groups: theirs.groups.iter().map(|group| group.0.clone()).collect(),
    }
}

fn roster_items() -> impl Strategy<Value = roster::RosterItem> {
    let subscription = prop::sample::select(roster::Subscription::ALL);
    let ask = prop::option::of(Just(roster::Ask::Subscribe));
    let groups = prop::collection::vec(text(), 0..3);
    (bare_jid(), prop::option::of(text()), subscription, ask, any::<bool>(), groups).prop_map(
        |(jid, name, subscription, ask, approved, groups)| roster::RosterItem {
            jid,
            name,
            subscription,
            ask,
            approved,
            groups,
        },
    )
}

fn roster_queries() -> impl Strategy<Value = roster::RosterQuery> {
    (prop::option::of(text()), prop::collection::vec(roster_items(), 0..4))
        .prop_map(|(ver, items)| roster::RosterQuery { ver: ver.map(Into::into), items })
}

/// They can write that an item is not approved; ours leaves the default out.
fn roster_rows() -> Vec<xmpp_parsers::roster::Item> {
    [Some(false), Some(true), None]
        .map(|approved| xmpp_parsers::roster::Item {
            jid: "juliet@example.com".parse().unwrap(),
            name: Some(String::new()),
            subscription: xmpp_parsers::roster::Subscription::None,
            ask: xmpp_parsers::roster::Ask::None,
            groups: vec![xmpp_parsers::roster::Group(String::new())],
            approved,
        })
        .into()
}

/// What is typed by both is the photo; the rest is compared as elements, in the order of their text.
type Card = (Option<vcard_temp::Photo>, Vec<String>);

fn card_of_ours(ours: &vcard_temp::VCard) -> Card {
    let rest = ours.write().into_children().filter(|child| !child.is("PHOTO", ns::VCARD));
    (ours.photo.clone(), sorted(rest))
}

fn card_of_theirs(theirs: &vcard::VCard) -> Card {
    (theirs.photo.as_ref().map(photo), sorted(theirs.payloads.iter().cloned().map(element)))
}

fn sorted(elements: impl Iterator<Item = Element>) -> Vec<String> {
    let mut all: Vec<String> = elements.map(|element| element.to_xml()).collect();
    all.sort();
    all
}

fn photo(theirs: &vcard::Photo) -> vcard_temp::Photo {
    vcard_temp::Photo { type_: Some(theirs.type_.data.clone()), binval: Some(theirs.binval.data.clone()), extval: None }
}

fn is_known_card(card: &Element) -> bool {
    is_answer(card) && card.child("PHOTO", ns::VCARD).is_none_or(is_inline)
}

/// They have no `EXTVAL`, and insist on `TYPE` and `BINVAL` (XEP-0054 §4 has neither required of readers).
fn is_inline(photo: &Element) -> bool {
    ["TYPE", "BINVAL"].iter().all(|name| photo.child(name, ns::VCARD).is_some())
}

fn photos() -> impl Strategy<Value = vcard_temp::Photo> {
    (text(), bytes()).prop_map(|(type_, binval)| vcard_temp::Photo {
        type_: Some(type_),
        binval: Some(binval),
        extval: None,
    })
}

fn cards() -> impl Strategy<Value = vcard_temp::VCard> {
    let line = || prop::option::of(text());
    let lines = (line(), line(), line(), line(), line(), line());
    let other = prop::collection::vec(text(), 0..2);
    (lines, prop::option::of(photos()), other).prop_map(
        |((full_name, nickname, url, title, role, desc), photo, other)| vcard_temp::VCard {
            full_name,
            nickname,
            photo,
            url,
            title,
            role,
            desc,
            other: other.into_iter().map(|text| Element::new("NOTE", ns::VCARD).with_text(text)).collect(),
        },
    )
}

fn vcard_updates() -> impl Strategy<Value = vcard_update::VCardUpdate> {
    let hash = any::<[u8; 20]>().prop_map(|hash| hex(&hash));
    prop::option::of(prop_oneof![Just(String::new()), hash]).prop_map(|photo| vcard_update::VCardUpdate { photo })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The only private element that they know is that of XEP-0048.
fn holds_bookmarks(query: &Element) -> bool {
    query.child("storage", ns::BOOKMARKS).is_some()
}

fn stored_by_us(ours: &private_storage::PrivateStorage) -> Option<Element> {
    ours.element.as_ref().map(unindented)
}

fn private_storages() -> impl Strategy<Value = private_storage::PrivateStorage> {
    let conference = (bare_jid(), any::<bool>(), text()).prop_map(|(jid, autojoin, name)| {
        Element::new("conference", ns::BOOKMARKS)
            .with_attr("autojoin", autojoin.to_string())
            .with_attr("jid", jid.as_str())
            .with_attr("name", name)
    });
    prop::collection::vec(conference, 0..3).prop_map(|conferences| private_storage::PrivateStorage {
        element: Some(Element::new("storage", ns::BOOKMARKS).with_children(conferences)),
    })
}

fn bookmark_rows() -> Vec<private::Query> {
    let url = bookmarks::Url { name: Some("a & b".into()), url: "https://example.com/?a&b".into() };
    vec![private::Query { storage: bookmarks::Storage { conferences: Vec::new(), urls: vec![url] } }]
}

fn versions() -> impl Strategy<Value = software_version::SoftwareVersion> {
    (text(), text(), prop::option::of(text())).prop_map(|(name, version, os)| software_version::SoftwareVersion {
        name: Some(name),
        version: Some(version),
        os,
    })
}

/// They write whole seconds, write `-05:-30` for half past five in the west, and do not read `Z`: see `differences`.
fn times() -> impl Strategy<Value = entity_time::EntityTime> {
    let east = (1_i16..14 * 60).prop_map(ZoneOffset);
    let west = (1_i16..12).prop_map(|hours| ZoneOffset(-60 * hours));
    (timestamp(), prop_oneof![east, west]).prop_map(|(utc, tzo)| entity_time::EntityTime {
        tzo: Some(tzo),
        utc: Some(Timestamp(utc.0.div_euclid(1000) * 1000)),
    })
}

#[test]
fn differences() {
    let theirs = |tzo: &str| {
        let xml = format!("<time xmlns='urn:xmpp:time'><tzo>{tzo}</tzo><utc>2006-12-19T17:58:35Z</utc></time>");
        time::TimeResult::try_from(xml.parse::<minidom::Element>().unwrap())
    };
    // XEP-0082 §3.2: the zone is `Z` or an offset. XEP-0202 §3 asks for what XEP-0082 has.
    assert!(theirs("Z").is_err(), "they read Z now: times() can cover it");
    let west = String::from(&minidom::Element::from(theirs("-05:30").unwrap()));
    assert!(west.contains("<tzo>-05:-30</tzo>"), "they write half hours now: times() can cover them");
}
