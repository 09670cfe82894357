//! Archives and copies: MAM and its pages, forwarded messages, carbons, delays and ids.

use proptest::prelude::*;
use xmpp::ids::{OriginId, StanzaId};
use xmpp::stanza::Message;
use xmpp::xep::{carbons, delay, forward, mam, rsm};
use xmpp::xml::Element;
use xmpp_parsers::forwarding;

use crate::discovery::{form_of_theirs, forms, normal_form};
use crate::pair::{Agree, pair, same};
use crate::stanzas::{MessageMeaning, message_of_ours, message_of_theirs, messages};
use crate::values::*;

pub(crate) fn pairs() -> Vec<Box<dyn Agree>> {
    vec![
        same("rsm", query_set).when(is_query_set).values(query_sets()).done(),
        same("rsm", result_set).when(is_result_set).values(result_sets()).done(),
        same("rsm", first).values(firsts()).done(),
        pair("mam", query_of_ours, query_of_theirs).values(queries()).done(),
        pair("mam", result_of_ours, result_of_theirs).values(results()).done(),
        same("mam", fin).when(is_known_fin).values(fins()).done(),
        same("mam", metadata).when(|element| element.children().next().is_some()).values(metadatas()).done(),
        same("mam", |_: &xmpp_parsers::mam::MetadataQuery| mam::MamMetadata::default())
            .when(|element| element.children().next().is_none())
            .values(Just(mam::MamMetadata::default()))
            .done(),
        same("mam", start).values(starts()).done(),
        same("mam", end).values(ends()).done(),
        pair("forward", forwarded_of_ours, forwarded_of_theirs).when(is_client_message).values(forwardeds()).done(),
        same("carbons", |_: &xmpp_parsers::carbons::Enable| carbons::Enable {}).values(Just(carbons::Enable {})).done(),
        same("carbons", |_: &xmpp_parsers::carbons::Disable| carbons::Disable {})
            .values(Just(carbons::Disable {}))
            .done(),
        same("carbons", |_: &xmpp_parsers::carbons::Private| carbons::Private {})
            .values(Just(carbons::Private {}))
            .done(),
        pair(
            "carbons",
            |ours: &carbons::Received| forwarded_of_ours(&ours.forwarded),
            |theirs: &xmpp_parsers::carbons::Received| forwarded_of_theirs(&theirs.forwarded),
        )
        .values(forwardeds().prop_map(|forwarded| carbons::Received { forwarded }))
        .done(),
        pair(
            "carbons",
            |ours: &carbons::Sent| forwarded_of_ours(&ours.forwarded),
            |theirs: &xmpp_parsers::carbons::Sent| forwarded_of_theirs(&theirs.forwarded),
        )
        .values(forwardeds().prop_map(|forwarded| carbons::Sent { forwarded }))
        .done(),
        same("delay", delay_of_theirs).values(delays()).rows(delay_rows).done(),
        same("stanza_id", |theirs: &xmpp_parsers::stanza_id::StanzaId| StanzaId {
            id: theirs.id.as_str().into(),
            by: ours(&theirs.by).into_bare().unwrap(),
        })
        .values((id(), bare_jid()).prop_map(|(id, by)| StanzaId { id, by }))
        .done(),
        same("stanza_id", |theirs: &xmpp_parsers::stanza_id::OriginId| OriginId::from(theirs.id.as_str()))
            .values(id::<OriginId>())
            .done(),
    ]
}

/// One element is both question and answer with us; they have a type for each.
fn is_query_set(set: &Element) -> bool {
    set.children().all(|child| matches!(child.name(), "max" | "after" | "before" | "index"))
}

fn is_result_set(set: &Element) -> bool {
    set.children().all(|child| matches!(child.name(), "first" | "last" | "count"))
}

pub(crate) fn query_set(theirs: &xmpp_parsers::rsm::SetQuery) -> rsm::ResultSet {
    rsm::ResultSet {
        max: theirs.max.map(number),
        after: theirs.after.clone(),
        before: theirs.before.clone(),
        index: theirs.index.map(number),
        ..rsm::ResultSet::default()
    }
}

pub(crate) fn result_set(theirs: &xmpp_parsers::rsm::SetResult) -> rsm::ResultSet {
    rsm::ResultSet {
        first: theirs.first.as_ref().map(first),
        last: theirs.last.clone(),
        count: theirs.count.map(number),
        ..rsm::ResultSet::default()
    }
}

fn first(theirs: &xmpp_parsers::rsm::First) -> rsm::First {
    rsm::First { index: theirs.index.map(number), id: theirs.item.clone() }
}

fn number(theirs: usize) -> u32 {
    u32::try_from(theirs).unwrap()
}

fn query_sets() -> impl Strategy<Value = rsm::ResultSet> {
    let number = || prop::option::of(any::<u32>());
    let id = || prop::option::of(text());
    (number(), id(), id(), number()).prop_map(|(max, after, before, index)| rsm::ResultSet {
        max,
        after,
        before,
        index,
        ..rsm::ResultSet::default()
    })
}

pub(crate) fn result_sets() -> impl Strategy<Value = rsm::ResultSet> {
    (prop::option::of(firsts()), prop::option::of(text()), prop::option::of(any::<u32>()))
        .prop_map(|(first, last, count)| rsm::ResultSet { first, last, count, ..rsm::ResultSet::default() })
}

fn firsts() -> impl Strategy<Value = rsm::First> {
    (prop::option::of(any::<u32>()), text()).prop_map(|(index, id)| rsm::First { index, id })
}

/// The form is compared as [`normal_form`].
fn query_of_ours(ours: &mam::MamQuery) -> mam::MamQuery {
    mam::MamQuery { form: ours.form.as_ref().map(normal_form), ..ours.clone() }
}

fn query_of_theirs(theirs: &xmpp_parsers::mam::Query) -> mam::MamQuery {
    mam::MamQuery {
        queryid: theirs.queryid.as_ref().map(|id| id.0.as_str().into()),
        node: theirs.node.as_ref().map(|node| node.0.clone()),
        form: theirs.form.as_ref().map(form_of_theirs),
        set: theirs.set.as_ref().map(query_set),
        flip_page: theirs.flip_page,
    }
}

fn queries() -> impl Strategy<Value = mam::MamQuery> {
    let form = prop_oneof![forms().prop_map(Some), filters().prop_map(|filter| filter.write())];
    (prop::option::of(id()), prop::option::of(text()), form, prop::option::of(query_sets()), any::<bool>())
        .prop_map(|(queryid, node, form, set, flip_page)| mam::MamQuery { queryid, node, form, set, flip_page })
}

fn filters() -> impl Strategy<Value = mam::MamFilter> {
    let time = || prop::option::of(timestamp());
    let ids = prop::collection::vec(id(), 0..3);
    let ends = (prop::option::of(id()), prop::option::of(id()), ids);
    (prop::option::of(jid()), time(), time(), ends, prop::option::of(any::<bool>())).prop_map(
        |(with, start, end, (before_id, after_id, ids), include_groupchat)| mam::MamFilter {
            with,
            start,
            end,
            before_id,
            after_id,
            ids,
            include_groupchat,
            other: Vec::new(),
        },
    )
}

type ResultMeaning = (Option<String>, String, ForwardedMeaning);

fn result_of_ours(ours: &mam::MamResult) -> ResultMeaning {
    (ours.queryid.clone().map(Into::into), ours.id.to_string(), forwarded_of_ours(&ours.forwarded))
}

fn result_of_theirs(theirs: &xmpp_parsers::mam::Result_) -> ResultMeaning {
    (theirs.queryid.clone().map(|id| id.0), theirs.id.clone(), forwarded_of_theirs(&theirs.forwarded))
}

fn results() -> impl Strategy<Value = mam::MamResult> {
    (prop::option::of(id()), id(), forwardeds()).prop_map(|(queryid, id, forwarded)| mam::MamResult {
        queryid,
        id,
        forwarded,
    })
}

fn fin(theirs: &xmpp_parsers::mam::Fin) -> mam::MamFin {
    mam::MamFin { complete: theirs.complete, stable: true, set: Some(result_set(&theirs.set)) }
}

/// They insist on the set (XEP-0313 §4.3 has it in every answer) and do not know `stable`.
fn is_known_fin(fin: &Element) -> bool {
    fin.children().next().is_some() && fin.attr("stable").is_none()
}

fn fins() -> impl Strategy<Value = mam::MamFin> {
    (any::<bool>(), result_sets()).prop_map(|(complete, set)| mam::MamFin { complete, stable: true, set: Some(set) })
}

fn metadata(theirs: &xmpp_parsers::mam::MetadataResponse) -> mam::MamMetadata {
    mam::MamMetadata { start: theirs.start.as_ref().map(start), end: theirs.end.as_ref().map(end) }
}

fn start(theirs: &xmpp_parsers::mam::Start) -> mam::MamStart {
    mam::MamStart { id: theirs.id.as_str().into(), timestamp: time(&theirs.timestamp) }
}

fn end(theirs: &xmpp_parsers::mam::End) -> mam::MamEnd {
    mam::MamEnd { id: theirs.id.as_str().into(), timestamp: time(&theirs.timestamp) }
}

fn metadatas() -> impl Strategy<Value = mam::MamMetadata> {
    (prop::option::of(starts()), prop::option::of(ends())).prop_map(|(start, end)| mam::MamMetadata { start, end })
}

fn starts() -> impl Strategy<Value = mam::MamStart> {
    (id(), timestamp()).prop_map(|(id, timestamp)| mam::MamStart { id, timestamp })
}

fn ends() -> impl Strategy<Value = mam::MamEnd> {
    (id(), timestamp()).prop_map(|(id, timestamp)| mam::MamEnd { id, timestamp })
}

/// Ours keeps the stanza as an element; theirs is a message.
type ForwardedMeaning = (Option<delay::Delay>, Option<MessageMeaning>);

fn forwarded_of_ours(ours: &forward::Forwarded) -> ForwardedMeaning {
    (ours.delay.clone(), ours.message().as_ref().map(message_of_ours))
}

fn forwarded_of_theirs(theirs: &forwarding::Forwarded) -> ForwardedMeaning {
    (theirs.delay.as_ref().map(delay_of_theirs), Some(message_of_theirs(&theirs.message)))
}

fn is_client_message(forwarded: &Element) -> bool {
    forwarded.child("message", xmpp::ns::CLIENT).is_some()
}

fn forwardeds() -> impl Strategy<Value = forward::Forwarded> {
    (prop::option::of(delays()), messages())
        .prop_map(|(delay, message): (_, Message)| forward::Forwarded { delay, stanza: message.into() })
}

fn delay_of_theirs(theirs: &xmpp_parsers::delay::Delay) -> delay::Delay {
    delay::Delay { from: theirs.from.as_ref().map(ours), stamp: time(&theirs.stamp), reason: theirs.data.clone() }
}

fn delays() -> impl Strategy<Value = delay::Delay> {
    (prop::option::of(jid()), timestamp(), prop::option::of(some_text()))
        .prop_map(|(from, stamp, reason)| delay::Delay { from, stamp, reason })
}

/// Zones and fractions as ours would not write them.
fn delay_rows() -> Vec<xmpp_parsers::delay::Delay> {
    ["2002-09-10T23:08:25+05:45", "1969-12-31T23:59:59.999999999-11:30", "2016-12-31T23:59:60Z"]
        .map(|stamp| xmpp_parsers::delay::Delay { from: None, stamp: stamp.parse().unwrap(), data: None })
        .into()
}

#[test]
fn times_are_the_same_moment_to_both() {
    use xmpp::time::Timestamp;
    let theirs = |text: &str| text.parse::<xmpp_parsers::date::DateTime>();
    for text in [
        "1970-01-01T00:00:00Z",
        "2000-02-29T23:59:59.1Z",
        "2000-02-29T23:59:59.12345678+14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
    ] {
        assert_eq!(Timestamp::parse(text).unwrap(), time(&theirs(text).unwrap()), "{text}");
    }
    for text in ["2001-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2001-13-01T00:00:00Z", "2001-01-01T00:00:00", ""] {
        assert_eq!((Timestamp::parse(text).is_err(), theirs(text).is_err()), (true, true), "{text}");
    }
    // Where the two differ: xs:dateTime has a midnight at the end of the day and zones up to 14 hours (XEP-0082 §2).
    assert_eq!(
        (Timestamp::parse("2000-01-01T24:00:00Z").is_ok(), theirs("2000-01-01T24:00:00Z").is_ok()),
        (true, false)
    );
    assert_eq!(
        (Timestamp::parse("2000-01-01T00:00:00+15:00").is_ok(), theirs("2000-01-01T00:00:00+15:00").is_ok()),
        (false, true)
    );
}
