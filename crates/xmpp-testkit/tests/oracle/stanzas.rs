//! Messages, presence, info/queries and their errors.

use std::collections::BTreeMap;

use proptest::prelude::*;
use xmpp::jid::Jid;
use xmpp::ns;
use xmpp::payload::TextValue;
use xmpp::stanza::{
    Condition, ErrorType, Iq, IqKind, Message, MessageType, Presence, PresenceType, Show, Stanza, StanzaError,
};
use xmpp::xml::Element;
use xmpp_parsers::message as of_message;
use xmpp_parsers::presence as of_presence;
use xmpp_parsers::stanza_error as of_error;
use xmpp_parsers::{iq, minidom};

use crate::pair::{Agree, element, same, stanza};
use crate::values::*;

pub(crate) fn pairs() -> Vec<Box<dyn Agree>> {
    vec![
        stanza(message, message_of_ours, message_of_theirs).values(messages()).done(),
        stanza(presence, presence_of_ours, presence_of_theirs).values(presences()).done(),
        stanza(info_query, info_query_of_ours, info_query_of_theirs).values(info_queries()).rows(iq_rows).done(),
        same("", error_of_theirs).values(errors()).done(),
        crate::streams::stream_error_pair(),
    ]
}

fn message(stanza: Stanza) -> Option<Message> {
    if let Stanza::Message(message) = stanza { Some(message) } else { None }
}

fn presence(stanza: Stanza) -> Option<Presence> {
    if let Stanza::Presence(presence) = stanza { Some(presence) } else { None }
}

fn info_query(stanza: Stanza) -> Option<Iq> {
    if let Stanza::Iq(iq) = stanza { Some(iq) } else { None }
}

/// Texts by language: their own, the stanza's, or none. They do not keep the stanza's where there is no text.
type Texts = BTreeMap<String, String>;

fn texts<'a>(payloads: &'a [Element], name: &'a str, lang: Option<&str>) -> Texts {
    let elements = payloads.iter().filter(|element| element.is(name, ns::CLIENT));
    elements.map(|e| (e.lang().or(lang).unwrap_or_default().to_owned(), e.text())).collect()
}

fn texts_of_theirs(theirs: &BTreeMap<of_message::Lang, String>) -> Texts {
    theirs.iter().map(|(lang, text)| (lang.0.clone(), text.clone())).collect()
}

/// What both say of a message.
#[derive(Debug, PartialEq)]
pub(crate) struct MessageMeaning {
    from: Option<Jid>,
    to: Option<Jid>,
    id: Option<String>,
    type_: MessageType,
    bodies: Texts,
    subjects: Texts,
    thread: Option<String>,
    others: Vec<Element>,
}

pub(crate) fn message_of_ours(ours: &Message) -> MessageMeaning {
    let typed = |e: &&Element| ["body", "subject", "thread"].iter().any(|name| e.is(name, ns::CLIENT));
    MessageMeaning {
        from: ours.from.clone(),
        to: ours.to.clone(),
        id: ours.id.clone().map(Into::into),
        type_: ours.type_,
        bodies: texts(&ours.payloads, "body", ours.lang.as_deref()),
        subjects: texts(&ours.payloads, "subject", ours.lang.as_deref()),
        thread: ours.thread(),
        others: ours.payloads.iter().filter(|e| !typed(e)).cloned().collect(),
    }
}

pub(crate) fn message_of_theirs(theirs: &of_message::Message) -> MessageMeaning {
    MessageMeaning {
        from: theirs.from.as_ref().map(ours),
        to: theirs.to.as_ref().map(ours),
        id: theirs.id.as_ref().map(|id| id.0.clone()),
        type_: match theirs.type_ {
            of_message::MessageType::Chat => MessageType::Chat,
            of_message::MessageType::Error => MessageType::Error,
            of_message::MessageType::Groupchat => MessageType::Groupchat,
            of_message::MessageType::Headline => MessageType::Headline,
            of_message::MessageType::Normal => MessageType::Normal,
        },
        bodies: texts_of_theirs(&theirs.bodies),
        subjects: texts_of_theirs(&theirs.subjects),
        thread: theirs.thread.as_ref().map(|thread| thread.id.clone()),
        others: theirs.payloads.iter().cloned().map(element).collect(),
    }
}

pub(crate) fn messages() -> impl Strategy<Value = Message> {
    let addresses = (prop::option::of(jid()), prop::option::of(jid()), prop::option::of(message_id()));
    let type_ = prop::sample::select(MessageType::ALL);
    let thread = prop::option::of(text());
    (addresses, type_, prop::option::of(lang()), localised("body"), localised("subject"), thread, extensions())
        .prop_map(|((from, to, id), type_, lang, bodies, subjects, thread, others)| {
            let payloads = [bodies, subjects, others].concat();
            let message = Message { from, to, id, type_, lang: lang.map(|lang| lang + "-x-own"), payloads };
            match thread {
                Some(thread) => message.with_thread(thread),
                None => message,
            }
        })
}

/// At most one per language (RFC 6121 §5.2.3).
fn localised(name: &'static str) -> impl Strategy<Value = Vec<Element>> {
    let text_in = move |lang: Option<&str>, text: String| {
        let mut element = Element::new(name, ns::CLIENT).with_text(text);
        if let Some(lang) = lang {
            element.set_attr_ns(ns::XML, "lang", lang);
        }
        element
    };
    let own = prop::option::of(text());
    (own, prop::collection::btree_map(lang(), text(), 0..2)).prop_map(move |(own, texts)| {
        let texts = texts.into_iter().map(|(lang, text)| text_in(Some(&lang), text));
        own.into_iter().map(|text| text_in(None, text)).chain(texts).collect()
    })
}

fn extensions() -> impl Strategy<Value = Vec<Element>> {
    prop::collection::vec(extension(), 0..3)
}

/// What both say of a presence.
#[derive(Debug, PartialEq)]
struct PresenceMeaning {
    from: Option<Jid>,
    to: Option<Jid>,
    id: Option<String>,
    type_: PresenceType,
    show: Option<Show>,
    statuses: Texts,
    priority: i8,
    others: Vec<Element>,
}

fn presence_of_ours(ours: &Presence) -> PresenceMeaning {
    let typed = |e: &&Element| ["show", "status", "priority"].iter().any(|name| e.is(name, ns::CLIENT));
    PresenceMeaning {
        from: ours.from.clone(),
        to: ours.to.clone(),
        id: ours.id.clone().map(Into::into),
        type_: ours.type_,
        show: ours.show(),
        statuses: texts(&ours.payloads, "status", ours.lang.as_deref()),
        priority: ours.priority(),
        others: ours.payloads.iter().filter(|e| !typed(e)).cloned().collect(),
    }
}

fn presence_of_theirs(theirs: &of_presence::Presence) -> PresenceMeaning {
    PresenceMeaning {
        from: theirs.from.as_ref().map(ours),
        to: theirs.to.as_ref().map(ours),
        id: theirs.id.clone(),
        type_: match theirs.type_ {
            of_presence::Type::None => PresenceType::Available,
            of_presence::Type::Error => PresenceType::Error,
            of_presence::Type::Probe => PresenceType::Probe,
            of_presence::Type::Subscribe => PresenceType::Subscribe,
            of_presence::Type::Subscribed => PresenceType::Subscribed,
            of_presence::Type::Unavailable => PresenceType::Unavailable,
            of_presence::Type::Unsubscribe => PresenceType::Unsubscribe,
            of_presence::Type::Unsubscribed => PresenceType::Unsubscribed,
        },
        show: theirs.show.as_ref().map(|show| match show {
            of_presence::Show::Away => Show::Away,
            of_presence::Show::Chat => Show::Chat,
            of_presence::Show::Dnd => Show::Dnd,
            of_presence::Show::Xa => Show::Xa,
        }),
        statuses: texts_of_theirs(&theirs.statuses),
        priority: theirs.priority.0,
        others: theirs.payloads.iter().cloned().map(element).collect(),
    }
}

fn presences() -> impl Strategy<Value = Presence> {
    let addresses = (prop::option::of(jid()), prop::option::of(jid()), prop::option::of(id()));
    let type_ = prop::sample::select(PresenceType::ALL);
    let show = prop::option::of(prop::sample::select(Show::ALL));
    (addresses, type_, prop::option::of(lang()), show, localised("status"), any::<i8>(), extensions()).prop_map(
        |((from, to, id), type_, lang, show, statuses, priority, others)| {
            let payloads = [statuses, others].concat();
            let presence = Presence { from, to, id, type_, lang: lang.map(|lang| lang + "-x-own"), payloads };
            presence.with_show(show).with_priority(priority)
        },
    )
}

fn info_query_of_ours(ours: &Iq) -> Iq {
    ours.clone()
}

fn info_query_of_theirs(theirs: &iq::Iq) -> Iq {
    let kind = match theirs {
        iq::Iq::Get { payload, .. } => IqKind::Get(element(payload.clone())),
        iq::Iq::Set { payload, .. } => IqKind::Set(element(payload.clone())),
        iq::Iq::Result { payload, .. } => IqKind::Result(payload.clone().map(element)),
        iq::Iq::Error { error, .. } => IqKind::Error(error_of_theirs(error)),
    };
    Iq { from: theirs.from().map(ours), to: theirs.to().map(ours), id: theirs.id().into(), kind }
}

fn info_queries() -> impl Strategy<Value = Iq> {
    let kind = prop_oneof![
        extension().prop_map(IqKind::Get),
        extension().prop_map(IqKind::Set),
        prop::option::of(extension()).prop_map(IqKind::Result),
        errors().prop_map(IqKind::Error),
    ];
    (prop::option::of(jid()), prop::option::of(jid()), id(), kind).prop_map(|(from, to, id, kind)| Iq {
        from,
        to,
        id,
        kind,
    })
}

/// An error that repeats the request (RFC 6120 §8.3.1), which ours does not.
fn iq_rows() -> Vec<iq::Iq> {
    let error = of_error::StanzaError::new(
        of_error::ErrorType::Cancel,
        of_error::DefinedCondition::ServiceUnavailable,
        "en",
        "no & never",
    );
    vec![iq::Iq::Error {
        from: Some("example.com".parse().unwrap()),
        to: None,
        id: "1".into(),
        error,
        payload: Some(xmpp_parsers::ping::Ping.into()),
    }]
}

fn error_of_theirs(theirs: &of_error::StanzaError) -> StanzaError {
    let condition = minidom::Element::from(theirs.defined_condition.clone());
    StanzaError {
        type_: match theirs.type_ {
            of_error::ErrorType::Auth => ErrorType::Auth,
            of_error::ErrorType::Cancel => ErrorType::Cancel,
            of_error::ErrorType::Continue => ErrorType::Continue,
            of_error::ErrorType::Modify => ErrorType::Modify,
            of_error::ErrorType::Wait => ErrorType::Wait,
        },
        condition: Condition::from_text(condition.name()).unwrap(),
        by: theirs.by.as_ref().map(ours),
        text: theirs.texts.values().next().cloned(),
        app: theirs.other.clone().map(element),
        new_address: Some(condition.text()).filter(|address| !address.is_empty()),
    }
}

fn errors() -> impl Strategy<Value = StanzaError> {
    let words = (prop::sample::select(ErrorType::ALL), prop::sample::select(Condition::ALL));
    let texts = (prop::option::of(text()), prop::option::of(some_text()));
    (words, prop::option::of(jid()), texts, prop::option::of(extension())).prop_map(
        |((type_, condition), by, (text, address), app)| {
            // RFC 6120 §8.3.3.5 and §8.3.3.14: only these two name an address.
            let has_address = matches!(condition, Condition::Gone | Condition::Redirect);
            StanzaError { type_, condition, by, text, app, new_address: address.filter(|_| has_address) }
        },
    )
}

#[test]
fn a_failed_stanza_carries_its_error_to_both() {
    let error = StanzaError::from(Condition::ItemNotFound).with_text("gone fishing");
    let message = Message::new(MessageType::Error).with(error.clone());
    let dom: minidom::Element = Element::from(message).to_xml().parse().unwrap();
    let mut theirs = of_message::Message::try_from(dom).unwrap();
    let heard: of_error::StanzaError = theirs.extract_payload().unwrap().unwrap();
    assert_eq!(error_of_theirs(&heard), error);
    let back = Stanza::try_from(element(theirs.with_payload(heard))).unwrap();
    assert_eq!(message_error(back), Some(error));
}

fn message_error(stanza: Stanza) -> Option<StanzaError> {
    message(stanza).and_then(|message| message.error())
}
