//! Values to write, and the small types of theirs as ours.

use proptest::prelude::*;
use xmpp::ids::MessageId;
use xmpp::jid::{BareJid, FullJid, Jid};
use xmpp::time::Timestamp;
use xmpp::xml::{Element, is_xml_char};
use xmpp_parsers::date::DateTime;
use xmpp_parsers::jid as theirs;

/// Text that XML can carry.
pub(crate) fn text() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        4 => "[ -~\t\n\r]{0,12}",
        1 => any::<String>().prop_map(|text| text.chars().filter(|c| is_xml_char(*c)).collect()),
    ]
}

/// Text with something in it.
pub(crate) fn some_text() -> impl Strategy<Value = String> + Clone {
    (text(), "[!-~äß€😀]").prop_map(|(text, end)| text + &end)
}

/// A name as protocols make them.
pub(crate) fn token() -> impl Strategy<Value = String> + Clone {
    "[a-z][a-z0-9:/#.-]{0,8}"
}

/// An id of any kind.
pub(crate) fn id<T: From<String> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    some_text().prop_map(T::from)
}

/// The id of a message.
pub(crate) fn message_id() -> impl Strategy<Value = MessageId> {
    id()
}

/// A language tag.
pub(crate) fn lang() -> impl Strategy<Value = String> + Clone {
    prop::sample::select(vec!["en", "de", "zh-Hans"]).prop_map(String::from)
}

fn domain() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["example.com", "b", "192.0.2.1", "[2001:db8::1]", "bücher.example"])
}

fn local() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["juliet", "romeo.montague+1", "josé", "d\\27artagnan", "π"])
}

/// An address without resource.
pub(crate) fn bare_jid() -> impl Strategy<Value = BareJid> + Clone {
    (prop::option::of(local()), domain())
        .prop_map(|(local, domain)| BareJid::from_parts(local, domain).unwrap())
        .boxed()
}

/// An address with a resource.
pub(crate) fn full_jid() -> impl Strategy<Value = FullJid> + Clone {
    (bare_jid(), "[!-~][ -~é]{0,8}").prop_map(|(bare, resource)| bare.with_resource(&resource).unwrap()).boxed()
}

/// Any address.
pub(crate) fn jid() -> impl Strategy<Value = Jid> + Clone {
    prop_oneof![bare_jid().prop_map(Jid::from), full_jid().prop_map(Jid::from)].boxed()
}

/// A time with milliseconds, in the years that have four digits.
pub(crate) fn timestamp() -> impl Strategy<Value = Timestamp> + Clone {
    (-62_135_596_800_000_i64..253_402_300_800_000).prop_map(Timestamp)
}

/// Base64's input.
pub(crate) fn bytes() -> impl Strategy<Value = Vec<u8>> + Clone {
    prop::collection::vec(any::<u8>(), 0..24)
}

/// An element of an extension that nobody knows.
pub(crate) fn extension() -> impl Strategy<Value = Element> + Clone {
    let leaf = (token(), text(), text()).prop_map(|(ns, value, text)| {
        Element::new("extension", format!("urn:example:{ns}")).with_attr("value", value).with_text(text)
    });
    (leaf.clone(), prop::option::of(leaf)).prop_map(|(outer, inner)| outer.with_children(inner)).boxed()
}

/// An address of theirs, which must be one of ours.
pub(crate) fn ours(jid: &theirs::Jid) -> Jid {
    Jid::new(jid.as_str()).unwrap_or_else(|error| panic!("{error}: {jid}"))
}

/// An address of theirs without resource.
pub(crate) fn ours_bare(jid: &theirs::BareJid) -> BareJid {
    BareJid::new(jid.as_str()).unwrap_or_else(|error| panic!("{error}: {jid}"))
}

/// A time of theirs, which may have finer fractions than ours: they are cut off.
pub(crate) fn time(time: &DateTime) -> Timestamp {
    Timestamp(time.0.timestamp_millis())
}
