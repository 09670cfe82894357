//! What is not a stanza: features, framing, SASL, binding, stream management, stream errors.

use std::collections::BTreeSet;

use proptest::prelude::*;
use xmpp::payload::TextValue;
use xmpp::stanza::{Condition, StreamCondition, StreamError};
use xmpp::xep::sasl::{self, SaslCondition, SaslData};
use xmpp::xep::{bind, framing, roster, session, sm, stream_features};
use xmpp::xml::Element;
use xmpp::{Payload, ns};
use xmpp_parsers::bind as of_bind;
use xmpp_parsers::sasl as of_sasl;
use xmpp_parsers::sm as of_sm;
use xmpp_parsers::{minidom, stream_error, websocket};

use crate::pair::{Agree, element, pair, same, word};
use crate::values::*;

pub(crate) fn pairs() -> Vec<Box<dyn Agree>> {
    [bind_pairs(), sasl_pairs(), sm_pairs(), stream_pairs()].into_iter().flatten().collect()
}

fn bind_pairs() -> Vec<Box<dyn Agree>> {
    vec![
        same("bind", |theirs: &of_bind::BindQuery| bind::Bind { resource: theirs.resource.clone(), jid: None })
            .when(|bind| bind.child("jid", ns::BIND).is_none())
            .values(prop::option::of(text()).prop_map(|resource| bind::Bind { resource, jid: None }))
            .done(),
        same("bind", |theirs: &of_bind::BindResponse| bind::Bind {
            resource: None,
            jid: Some(ours(&theirs.jid.clone().into()).into_full().unwrap()),
        })
        .when(|bind| bind.child("jid", ns::BIND).is_some())
        .values(full_jid().prop_map(|jid| bind::Bind { resource: None, jid: Some(jid) }))
        .done(),
        // Ours does not read `<required/>`: binding always is (RFC 6120 §7.3.1).
        same("bind", |_: &of_bind::BindFeature| bind::Bind::default())
            .when(|bind| bind.children().next().is_none())
            .values(Just(bind::Bind::default()))
            .rows(|| [true, false].map(|required| of_bind::BindFeature { required }).into())
            .done(),
    ]
}

fn sasl_pairs() -> Vec<Box<dyn Agree>> {
    vec![
        pair("sasl", auth_of_ours, auth_of_theirs).when(is_known_auth).values(auths()).done(),
        same("sasl", |theirs: &of_sasl::Challenge| sasl::Challenge { data: SaslData(theirs.data.clone()) })
            .when(is_not_equals)
            .values(bytes().prop_map(|data| sasl::Challenge { data: SaslData(data) }))
            .done(),
        same("sasl", |theirs: &of_sasl::Response| sasl::Response { data: SaslData(theirs.data.clone()) })
            .when(is_not_equals)
            .values(bytes().prop_map(|data| sasl::Response { data: SaslData(data) }))
            .done(),
        same("sasl", |_: &of_sasl::Abort| sasl::Abort {}).values(Just(sasl::Abort {})).done(),
        pair(
            "sasl",
            |ours: &sasl::Success| ours.data.clone().map_or_else(Vec::new, |data| data.0),
            |theirs: &of_sasl::Success| theirs.data.clone(),
        )
        .when(is_not_equals)
        .values(some_bytes().prop_map(|data| sasl::Success { data }))
        .done(),
        same("sasl", |theirs: &of_sasl::Failure| sasl::Failure {
            condition: SaslCondition::from_text(&word(theirs.defined_condition.clone())).unwrap(),
            text: theirs.texts.values().next().cloned(),
        })
        .values(sasl_failures())
        .done(),
    ]
}

/// They do not tell no data from empty data, which RFC 6120 §6.4.2 writes `=`: see `differences`.
type AuthMeaning = (String, Vec<u8>);

fn auth_of_ours(ours: &sasl::Auth) -> AuthMeaning {
    (ours.mechanism.clone(), ours.data.clone().map_or_else(Vec::new, |data| data.0))
}

fn auth_of_theirs(theirs: &of_sasl::Auth) -> AuthMeaning {
    let mechanism = minidom::Element::from(theirs.clone()).attr("mechanism").unwrap().to_owned();
    (mechanism, theirs.data.clone())
}

const MECHANISMS: [&str; 6] =
    ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "ANONYMOUS"];

/// The mechanisms are a closed list with them.
fn is_known_auth(auth: &Element) -> bool {
    auth.attr("mechanism").is_some_and(|name| MECHANISMS.contains(&name)) && is_not_equals(auth)
}

fn is_not_equals(element: &Element) -> bool {
    element.text().trim() != "="
}

fn auths() -> impl Strategy<Value = sasl::Auth> {
    (prop::sample::select(MECHANISMS.to_vec()), some_bytes())
        .prop_map(|(mechanism, data)| sasl::Auth { mechanism: mechanism.into(), data })
}

/// No data, or some.
fn some_bytes() -> impl Strategy<Value = Option<SaslData>> {
    bytes().prop_map(|bytes| (!bytes.is_empty()).then_some(SaslData(bytes)))
}

fn sasl_failures() -> impl Strategy<Value = sasl::Failure> {
    (prop::sample::select(SaslCondition::ALL), prop::option::of(text()))
        .prop_map(|(condition, text)| sasl::Failure { condition, text })
}

fn sm_pairs() -> Vec<Box<dyn Agree>> {
    let enable = (any::<bool>(), prop::option::of(any::<u32>())).prop_map(|(resume, max)| sm::Enable { resume, max });
    let enabled = (prop::option::of(id()), any::<bool>(), prop::option::of(any::<u32>()), prop::option::of(text()))
        .prop_map(|(id, resume, max, location)| sm::Enabled { id, resume, max, location });
    vec![
        pair("sm", |ours: &sm::StreamManagement| ours.optional, |theirs: &of_sm::StreamManagement| theirs.optional)
            // XEP-0198 1.6.3 has no `<required/>` any more.
            .values(any::<bool>().prop_map(|optional| sm::StreamManagement { required: false, optional }))
            .done(),
        same("sm", |theirs: &of_sm::Enable| sm::Enable { resume: theirs.resume, max: theirs.max })
            .values(enable)
            .done(),
        same("sm", |theirs: &of_sm::Enabled| sm::Enabled {
            id: theirs.id.as_ref().map(|id| id.0.as_str().into()),
            resume: theirs.resume,
            max: theirs.max,
            location: theirs.location.clone(),
        })
        .values(enabled)
        .done(),
        same("sm", |_: &of_sm::R| sm::Request {}).values(Just(sm::Request {})).done(),
        same("sm", |theirs: &of_sm::A| sm::Answer { h: theirs.h })
            .values(any::<u32>().prop_map(|h| sm::Answer { h }))
            .done(),
        same("sm", |theirs: &of_sm::Resume| sm::Resume { h: theirs.h, previd: theirs.previd.0.as_str().into() })
            .values((any::<u32>(), id()).prop_map(|(h, previd)| sm::Resume { h, previd }))
            .done(),
        same("sm", |theirs: &of_sm::Resumed| sm::Resumed { h: theirs.h, previd: theirs.previd.0.as_str().into() })
            .values((any::<u32>(), id()).prop_map(|(h, previd)| sm::Resumed { h, previd }))
            .done(),
        same("sm", |theirs: &of_sm::HandledCountTooHigh| sm::HandledCountTooHigh {
            h: theirs.h,
            send_count: theirs.send_count,
        })
        .values((any::<u32>(), any::<u32>()).prop_map(|(h, send_count)| sm::HandledCountTooHigh { h, send_count }))
        .done(),
        pair("sm", failed_of_ours, failed_of_theirs).when(|e| e.attr("h").is_some()).values(failures()).done(),
    ]
}

/// They have no text in it, insist on `h` (see `differences`), and may leave the condition out, which ours calls undefined.
fn failed_of_ours(ours: &sm::Failed) -> (Option<u32>, Condition) {
    (ours.h, ours.condition)
}

fn failed_of_theirs(theirs: &of_sm::Failed) -> (Option<u32>, Condition) {
    let condition = theirs.error.clone().map(|condition| Condition::from_text(&word(condition)).unwrap());
    (theirs.h, condition.unwrap_or(Condition::UndefinedCondition))
}

fn failures() -> impl Strategy<Value = sm::Failed> {
    (any::<u32>(), prop::sample::select(Condition::ALL)).prop_map(|(h, condition)| sm::Failed {
        h: Some(h),
        condition,
        text: None,
    })
}

fn stream_pairs() -> Vec<Box<dyn Agree>> {
    let opens = (prop::option::of(bare_jid()), prop::option::of(bare_jid()), prop::option::of(id()), lang());
    vec![
        same("framing", |theirs: &websocket::Open| framing::Open {
            to: theirs.to.as_ref().map(|jid| ours_bare(jid).into()),
            from: theirs.from.as_ref().map(|jid| ours_bare(jid).into()),
            id: theirs.id.as_deref().map(Into::into),
            version: theirs.version.clone(),
            lang: theirs.xml_lang.clone(),
        })
        .values(opens.prop_map(|(to, from, id, lang)| framing::Open {
            to: to.map(Into::into),
            from: from.map(Into::into),
            id,
            version: Some("1.0".into()),
            lang: Some(lang),
        }))
        .rows(|| vec![websocket::Open::new("example.com".parse().unwrap())])
        .done(),
        pair("stream_features", features_of_ours, features_of_theirs).values(features()).done(),
        pair("sasl", mechanisms_of_ours, mechanisms_of_theirs).values(mechanisms()).done(),
    ]
}

/// What stands in features with a type of its own, and the names of all else.
#[derive(Debug, PartialEq)]
struct Features {
    mechanisms: BTreeSet<String>,
    bind: bool,
    stream_management: bool,
    register: bool,
    starttls: bool,
    others: BTreeSet<String>,
}

fn features_of_ours(ours: &stream_features::StreamFeatures) -> Features {
    const TYPED: [(&str, &str); 5] = [
        ("mechanisms", ns::SASL),
        ("bind", ns::BIND),
        ("sm", ns::SM),
        ("register", ns::REGISTER_FEATURE),
        ("starttls", ns::TLS),
    ];
    let others = ours.features.iter().filter(|feature| !TYPED.iter().any(|(name, ns)| feature.is(name, ns)));
    Features {
        mechanisms: ours.mechanisms().into_iter().collect(),
        bind: ours.offers("bind", ns::BIND),
        stream_management: ours.offers("sm", ns::SM),
        register: ours.offers("register", ns::REGISTER_FEATURE),
        starttls: ours.offers("starttls", ns::TLS),
        others: others.map(Element::to_xml).collect(),
    }
}

fn features_of_theirs(theirs: &xmpp_parsers::stream_features::StreamFeatures) -> Features {
    Features {
        mechanisms: theirs.sasl_mechanisms.clone(),
        bind: theirs.can_bind(),
        stream_management: theirs.stream_management.is_some(),
        register: theirs.in_band_registration,
        starttls: theirs.can_starttls(),
        others: theirs.others.iter().cloned().map(|feature| element(feature).to_xml()).collect(),
    }
}

fn features() -> impl Strategy<Value = stream_features::StreamFeatures> {
    let known = vec![
        bind::Bind::default().write(),
        sm::StreamManagement { required: false, optional: true }.write(),
        session::Session { optional: true }.write(),
        roster::RosterVersioning {}.write(),
        roster::PreApproval {}.write(),
        Element::new("register", ns::REGISTER_FEATURE),
        Element::new("starttls", ns::TLS),
        Element::new("ver", "urn:example:other").with_text("<&>"),
    ];
    let some = prop::sample::subsequence(known, 0..=8);
    (prop::option::of(mechanisms()), some).prop_map(|(mechanisms, mut features)| {
        features.extend(mechanisms.map(|mechanisms| mechanisms.write()));
        stream_features::StreamFeatures { features }
    })
}

/// They have the mechanisms only as a part of the features.
struct MechanismsOfTheirs(xmpp_parsers::stream_features::StreamFeatures);

impl TryFrom<minidom::Element> for MechanismsOfTheirs {
    type Error = xmpp_parsers::FromElementError;

    fn try_from(element: minidom::Element) -> Result<Self, Self::Error> {
        minidom::Element::builder("features", ns::STREAM).append(element).build().try_into().map(Self)
    }
}

impl From<MechanismsOfTheirs> for minidom::Element {
    fn from(theirs: MechanismsOfTheirs) -> Self {
        let features = minidom::Element::from(theirs.0);
        features.children().next().unwrap().clone()
    }
}

fn mechanisms_of_ours(ours: &sasl::Mechanisms) -> BTreeSet<String> {
    ours.names.iter().cloned().collect()
}

fn mechanisms_of_theirs(theirs: &MechanismsOfTheirs) -> BTreeSet<String> {
    theirs.0.sasl_mechanisms.clone()
}

fn mechanisms() -> impl Strategy<Value = sasl::Mechanisms> {
    prop::collection::vec("[A-Z0-9-]{1,20}", 1..4).prop_map(|names| sasl::Mechanisms { names })
}

/// Not one of the payloads of `xep`.
pub(crate) fn stream_error_pair() -> Box<dyn Agree> {
    same("", stream_error_of_theirs).values(stream_errors()).rows(stream_error_rows).done()
}

fn stream_error_of_theirs(theirs: &stream_error::StreamError) -> StreamError {
    let condition = minidom::Element::from(theirs.condition.clone());
    StreamError {
        condition: StreamCondition::from_text(condition.name()).unwrap(),
        text: theirs.texts.values().next().cloned(),
        app: theirs.application_specific.first().cloned().map(element),
        see_other_host: Some(condition.text()).filter(|host| !host.is_empty()),
    }
}

fn stream_errors() -> impl Strategy<Value = StreamError> {
    let texts = (prop::option::of(text()), some_text());
    (prop::sample::select(StreamCondition::ALL), texts, prop::option::of(extension())).prop_map(
        |(condition, (text, host), app)| {
            // RFC 6120 §4.9.3.19: the address is not optional.
            let see_other_host = (condition == StreamCondition::SeeOtherHost).then_some(host);
            StreamError { condition, text, app, see_other_host }
        },
    )
}

fn stream_error_rows() -> Vec<stream_error::StreamError> {
    let error = stream_error::DefinedCondition::SeeOtherHost("[2001:db8::1]:5222".into());
    vec![
        stream_error::StreamError::new(error, "en", "go there"),
        of_sm::HandledCountTooHigh { h: 10, send_count: 8 }.into(),
    ]
}

#[test]
fn the_header_of_a_tcp_stream_is_read() {
    let theirs = xmpp_parsers::stream::Stream::new("example.com".parse().unwrap())
        .with_from("juliet@example.com".parse().unwrap())
        .with_id("++TR84Sm6A3hnt3Q065SnAbbk3Y=".into())
        .with_lang("de".into());
    let ours = element(theirs);
    assert!(ours.is("stream", ns::STREAM));
    assert_eq!(ours.attr("to"), Some("example.com"));
    assert_eq!(ours.attr("from"), Some("juliet@example.com"));
    assert_eq!(ours.attr("id"), Some("++TR84Sm6A3hnt3Q065SnAbbk3Y="));
    assert_eq!((ours.attr("version"), ours.lang()), (Some("1.0"), Some("de")));
}

#[test]
fn differences() {
    // RFC 6120 §6.4.2 and §6.4.6: `=` is data of zero bytes. They do not read it.
    let ours = sasl::Auth { mechanism: "PLAIN".into(), data: Some(SaslData(Vec::new())) }.write();
    let dom: minidom::Element = ours.to_xml().parse().unwrap();
    assert_eq!(ours.text(), "=");
    assert!(of_sasl::Auth::try_from(dom).is_err(), "they read = now: auths() can cover it");

    // XEP-0198 §3 and §5: a failed `<enable/>` has no count, a failed `<resume/>` may have one.
    let dom: minidom::Element = sm::Failed::new(Condition::ItemNotFound).write().to_xml().parse().unwrap();
    assert!(of_sm::Failed::try_from(dom).is_err(), "they read a failure without h now: failures() can cover it");
}
