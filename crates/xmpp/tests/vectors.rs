//! The XEPs' own examples: every payload is parsed, read, written and compared.
//!
//! `tests/vectors/<file of the XEP>/*.xml` holds one element each, as it stands in a stream. Every element in it that is
//! a payload of that file must come back as it was. `*.err.xml` starts with a comment that names the error.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use xmpp::ids::{OriginId, StanzaId};
use xmpp::xep::*;
use xmpp::xml::{Element, Limits, Node, Scope, parse_in};
use xmpp::{Payload, ns};

/// One payload type, without its type.
struct Kind {
    type_name: &'static str,
    matches: fn(&Element) -> bool,
    /// Reads and writes; compares what it read with what it wrote.
    pass: fn(&Element) -> Result<Element, String>,
}

fn kind<P: Payload + Debug + PartialEq>() -> Kind {
    let pass = |element: &Element| {
        let read = P::read(element).map_err(|error| format!("{error:?}"))?;
        let written = read.write();
        assert_eq!(P::read(&written).as_ref(), Ok(&read), "reads its own writing differently");
        Ok(written)
    };
    Kind { type_name: std::any::type_name::<P>(), matches: P::matches, pass }
}

macro_rules! kinds {
    ($($type:ty),* $(,)?) => { vec![$(kind::<$type>()),*] };
}

/// Every payload type by the file it stands in.
fn registry() -> Vec<(&'static str, Vec<Kind>)> {
    vec![
        ("avatar", kinds![avatar::Metadata, avatar::Info, avatar::Data]),
        ("bind", kinds![bind::Bind]),
        ("blocking", kinds![blocking::Blocklist, blocking::Block, blocking::Unblock, blocking::Blocked]),
        ("bind2", kinds![bind2::Bind, bind2::Inline, bind2::Bound]),
        ("caps", kinds![caps::Caps]),
        ("carbons", kinds![carbons::Enable, carbons::Disable, carbons::Received, carbons::Sent, carbons::Private]),
        ("chat_markers", kinds![chat_markers::Markable, chat_markers::Displayed]),
        ("chat_states", kinds![chat_states::ChatState]),
        ("csi", kinds![csi::Csi, csi::Active, csi::Inactive]),
        (
            "data_forms",
            kinds![
                data_forms::DataForm,
                data_forms::Field,
                data_forms::FieldOption,
                data_forms::Reported,
                data_forms::Item,
            ],
        ),
        ("delay", kinds![delay::Delay]),
        ("disco", kinds![disco::DiscoInfo, disco::Identity, disco::DiscoItems, disco::DiscoItem]),
        ("entity_time", kinds![entity_time::EntityTime]),
        ("fast", kinds![fast::Fast, fast::RequestToken, fast::Token]),
        ("forward", kinds![forward::Forwarded]),
        ("framing", kinds![framing::Open, framing::Close]),
        ("hints", kinds![hints::Hint]),
        ("last", kinds![last::LastActivity]),
        ("mam", kinds![mam::MamQuery, mam::MamResult, mam::MamFin, mam::MamMetadata, mam::MamStart, mam::MamEnd]),
        ("ping", kinds![ping::Ping]),
        ("private_storage", kinds![private_storage::PrivateStorage]),
        (
            "pubsub",
            kinds![
                pubsub::PubSub,
                pubsub::Publish,
                pubsub::PublishOptions,
                pubsub::Item,
                pubsub::Retract,
                pubsub::Items,
                pubsub::Create,
                pubsub::Configure,
                pubsub::Event,
                pubsub::EventItems,
                pubsub::EventItem,
                pubsub::EventDelete,
                pubsub::EventRedirect,
                pubsub::EventPurge,
                pubsub::EventConfiguration,
                pubsub::Owner,
                pubsub::OwnerConfigure,
                pubsub::OwnerDefault,
                pubsub::OwnerDelete,
                pubsub::OwnerPurge,
            ],
        ),
        ("receipts", kinds![receipts::Request, receipts::Received]),
        ("register", kinds![register::Register, register::RegisterFeature]),
        ("roster", kinds![roster::RosterQuery, roster::RosterItem, roster::RosterVersioning, roster::PreApproval]),
        ("rsm", kinds![rsm::ResultSet, rsm::First]),
        (
            "sasl",
            kinds![
                sasl::Mechanisms,
                sasl::Auth,
                sasl::Challenge,
                sasl::Response,
                sasl::Abort,
                sasl::Success,
                sasl::Failure,
            ],
        ),
        (
            "sasl2",
            kinds![
                sasl2::Authentication,
                sasl2::Inline,
                sasl2::Authenticate,
                sasl2::UserAgent,
                sasl2::Challenge,
                sasl2::Response,
                sasl2::Abort,
                sasl2::Success,
                sasl2::Failure,
                sasl2::Continue,
                sasl2::Tasks,
                sasl2::Next,
                sasl2::TaskData,
            ],
        ),
        ("session", kinds![session::Session]),
        (
            "sm",
            kinds![
                sm::StreamManagement,
                sm::Enable,
                sm::Enabled,
                sm::Request,
                sm::Answer,
                sm::Resume,
                sm::Resumed,
                sm::Failed,
                sm::HandledCountTooHigh,
            ],
        ),
        ("software_version", kinds![software_version::SoftwareVersion]),
        ("stanza_id", kinds![StanzaId, OriginId]),
        ("stream_features", kinds![stream_features::StreamFeatures]),
        ("vcard_temp", kinds![vcard_temp::VCard, vcard_temp::Photo]),
        ("vcard_update", kinds![vcard_update::VCardUpdate]),
    ]
}

#[test]
fn every_example_comes_back() {
    for (name, kinds) in registry() {
        let mut unseen: BTreeSet<&str> = kinds.iter().map(|kind| kind.type_name).collect();
        for path in vectors(name).into_iter().filter(|path| !is_error(path)) {
            let text = fs::read_to_string(&path).unwrap();
            let root = parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let mut found = 0;
            for_each(&root, &mut |element| {
                for kind in kinds.iter().filter(|kind| (kind.matches)(element)) {
                    let written = (kind.pass)(element).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                    assert_eq!(canonical(&written), canonical(element), "{}", path.display());
                    let reread = xmpp::xml::parse(&written.to_xml()).unwrap();
                    assert_eq!(reread, written, "{}", path.display());
                    unseen.remove(kind.type_name);
                    found += 1;
                }
            });
            assert!(found > 0, "{} holds no payload of {name}", path.display());
        }
        assert!(unseen.is_empty(), "no vector in {name} for {unseen:?}");
    }
}

#[test]
fn every_bad_example_fails_as_it_says() {
    let mut count = 0;
    for (name, kinds) in registry() {
        for path in vectors(name).into_iter().filter(|path| is_error(path)) {
            let text = fs::read_to_string(&path).unwrap();
            let (comment, xml) = text.split_once('\n').unwrap();
            let expected = comment.strip_prefix("<!-- ").and_then(|c| c.strip_suffix(" -->")).unwrap();
            let root = parse(xml).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let kind = kinds.iter().find(|kind| (kind.matches)(&root));
            let kind = kind.unwrap_or_else(|| panic!("{} holds no payload of {name}", path.display()));
            assert_eq!((kind.pass)(&root), Err(expected.into()), "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 30);
}

/// Damaged examples: an attribute or child lost or replaced. They may be refused, and what is read must still be
/// written in a form that reads the same.
#[test]
fn damage_is_refused_or_survived() {
    let mut survived = 0;
    for (name, kinds) in registry() {
        for path in vectors(name).into_iter().filter(|path| !is_error(path)) {
            let root = parse(&fs::read_to_string(&path).unwrap()).unwrap();
            for_each(&root, &mut |element| {
                for kind in kinds.iter().filter(|kind| (kind.matches)(element)) {
                    survived += damaged(element).iter().filter(|element| (kind.pass)(element).is_ok()).count();
                }
            });
        }
    }
    assert!(survived > 1000);
}

/// Every element that differs from this one in one attribute, text or child, at any depth.
fn damaged(element: &Element) -> Vec<Element> {
    let mut all = Vec::new();
    let attrs: Vec<String> = element.attrs().map(|(_, name, _)| name.to_owned()).collect();
    for name in attrs {
        let mut without = element.clone();
        without.remove_attr(&name);
        all.push(without);
        for value in ["", "-1", "4294967296", "@", "\u{FFFD}"] {
            all.push(element.clone().with_attr(name.clone(), value));
        }
    }
    for text in ["=", "x", " ", "99999999999999999999"] {
        all.push(element.clone().with_text(text));
    }
    for at in 0..element.children().count() {
        let replacements = element.children().nth(at).map(damaged).unwrap_or_default();
        let replacements = replacements.into_iter().map(Some).chain([None]);
        for replacement in replacements {
            let mut copy = element.clone();
            let mut children = copy.take_children();
            children.splice(at..=at, replacement);
            all.push(copy.with_children(children));
        }
    }
    all
}

#[test]
fn every_file_of_a_xep_has_vectors() {
    let sources = fs::read_dir(crate_dir().join("src/xep")).unwrap();
    let sources = sources.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
    let sources: BTreeSet<String> = sources.filter(|name| name != "mod").collect();
    let registered: BTreeSet<String> = registry().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(sources, registered);
}

fn crate_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn vectors(name: &str) -> Vec<PathBuf> {
    let folder = crate_dir().join("tests/vectors").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn is_error(path: &Path) -> bool {
    path.to_str().unwrap().ends_with(".err.xml")
}

/// As in a stream: the examples leave its declarations out.
fn parse(xml: &str) -> Result<Element, xmpp::xml::XmlError> {
    let mut scope = Scope::new();
    scope.declare("", ns::CLIENT).unwrap();
    scope.declare("stream", ns::STREAM).unwrap();
    parse_in(xml, &scope, &Limits::default())
}

fn for_each(element: &Element, visit: &mut impl FnMut(&Element)) {
    visit(element);
    for child in element.children() {
        for_each(child, visit);
    }
}

/// The same for elements that say the same: white space, the order of children and attributes, and attributes that
/// repeat a default do not count.
fn canonical(element: &Element) -> String {
    let mut attrs: Vec<String> = element
        .attrs()
        .filter(|(_, name, value)| {
            !matches!((*name, *value), ("subscription", "none") | ("resume" | "complete" | "notify", "false"))
        })
        .map(|(ns, name, value)| format!("{ns:?} {name}={}", value.trim()))
        .collect();
    attrs.sort();
    let mut nodes: Vec<String> = element
        .nodes()
        .iter()
        .map(|node| match node {
            Node::Element(child) => canonical(child),
            Node::Text(text) => text.split_whitespace().collect(),
        })
        .filter(|text| !text.is_empty())
        .collect();
    nodes.sort();
    format!("<{}|{}|{attrs:?}>{}</>", element.name(), element.ns(), nodes.join(""))
}
