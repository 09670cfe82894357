//! What an entity is: disco, capabilities with their hash, and the forms that stand in many places.

use proptest::prelude::*;
use xmpp::Payload;
use xmpp::xep::caps::{self, verification_string};
use xmpp::xep::{data_forms, disco};
use xmpp::xml::Element;
use xmpp_parsers::data_forms as form;
use xmpp_parsers::disco as of_theirs;

use crate::archive::{query_set, result_set, result_sets};
use crate::pair::{Agree, element, pair, same, unindented};
use crate::values::*;

pub(crate) fn pairs() -> Vec<Box<dyn Agree>> {
    vec![
        pair("data_forms", normal_form, form_of_theirs).when(is_known_form).values(forms()).rows(form_rows).done(),
        pair("data_forms", normal_field, field_of_theirs).when(is_known_field).values(fields()).done(),
        same("data_forms", option).values(options()).done(),
        pair("disco", info_of_ours, info_of_theirs).values(infos()).done(),
        same("disco", |theirs: &of_theirs::DiscoInfoQuery| disco::DiscoInfo {
            node: theirs.node.clone(),
            ..disco::DiscoInfo::default()
        })
        .when(|element| element.children().next().is_none())
        .values(prop::option::of(text()).prop_map(|node| disco::DiscoInfo { node, ..disco::DiscoInfo::default() }))
        .done(),
        same("disco", identity).values(identities()).done(),
        same("disco", |theirs: &of_theirs::DiscoItemsResult| disco::DiscoItems {
            node: theirs.node.clone(),
            items: theirs.items.iter().map(item).collect(),
            set: theirs.rsm.as_ref().map(result_set),
        })
        .when(|element| element.children().next().is_some())
        .values(item_lists())
        .done(),
        same("disco", |theirs: &of_theirs::DiscoItemsQuery| disco::DiscoItems {
            node: theirs.node.clone(),
            items: Vec::new(),
            set: theirs.rsm.as_ref().map(query_set),
        })
        .when(|element| element.children().next().is_none())
        .values(prop::option::of(text()).prop_map(|node| disco::DiscoItems { node, ..disco::DiscoItems::default() }))
        .done(),
        same("disco", item).values(items()).done(),
        pair("caps", caps_of_ours, caps_of_theirs).when(is_hashed).values(all_caps()).done(),
    ]
}

/// XEP-0004 §3.2: a filled-in form may leave the type out; they have no word for that but `text-single`. They put
/// `FORM_TYPE` first and have the instructions in one piece.
pub(crate) fn normal_form(ours: &data_forms::DataForm) -> data_forms::DataForm {
    let mut form = ours.clone();
    form.fields = form.fields.iter().map(normal_field).collect();
    form.fields.sort_by_key(|field| field.var.as_deref() != Some("FORM_TYPE"));
    form
}

fn normal_field(ours: &data_forms::Field) -> data_forms::Field {
    let type_ = ours.type_.or(Some(data_forms::FieldType::TextSingle));
    data_forms::Field { type_, extensions: ours.extensions.iter().map(unindented).collect(), ..ours.clone() }
}

/// They have no reports of several items (XEP-0004 §3.4), and one `<instructions/>` at most.
fn is_known_form(form: &Element) -> bool {
    let count = |name| form.children_named(name, xmpp::ns::DATA_FORMS).count();
    count("reported") == 0 && count("item") == 0 && count("instructions") < 2 && form.children().all(is_known_field)
}

/// They insist on a name for all but fixed fields, and on a list for options (XEP-0004 §3.2).
fn is_known_field(field: &Element) -> bool {
    let named = field.name() != "field" || field.attr("var").is_some() || field.attr("type") == Some("fixed");
    let is_list = field.attr("type").is_some_and(|type_| type_.starts_with("list-"));
    named && (is_list || field.child("option", xmpp::ns::DATA_FORMS).is_none())
}

pub(crate) fn form_of_theirs(theirs: &form::DataForm) -> data_forms::DataForm {
    data_forms::DataForm {
        type_: match theirs.type_ {
            form::DataFormType::Form => data_forms::FormType::Form,
            form::DataFormType::Submit => data_forms::FormType::Submit,
            form::DataFormType::Cancel => data_forms::FormType::Cancel,
            form::DataFormType::Result_ => data_forms::FormType::Result,
        },
        title: theirs.title.clone(),
        instructions: theirs.instructions.iter().cloned().collect(),
        fields: theirs.fields.iter().map(field_of_theirs).collect(),
        reported: None,
        items: Vec::new(),
    }
}

fn field_of_theirs(theirs: &form::Field) -> data_forms::Field {
    let validate = theirs.validate.iter().cloned().map(element);
    data_forms::Field {
        var: theirs.var.clone(),
        type_: Some(field_type(&theirs.type_)),
        label: theirs.label.clone(),
        desc: theirs.desc.clone(),
        required: theirs.required,
        values: theirs.values.clone(),
        options: theirs.options.iter().map(option).collect(),
        extensions: theirs.media.iter().cloned().map(element).chain(validate).collect(),
    }
}

fn field_type(theirs: &form::FieldType) -> data_forms::FieldType {
    match theirs {
        form::FieldType::Boolean => data_forms::FieldType::Boolean,
        form::FieldType::Fixed => data_forms::FieldType::Fixed,
        form::FieldType::Hidden => data_forms::FieldType::Hidden,
        form::FieldType::JidMulti => data_forms::FieldType::JidMulti,
        form::FieldType::JidSingle => data_forms::FieldType::JidSingle,
        form::FieldType::ListMulti => data_forms::FieldType::ListMulti,
        form::FieldType::ListSingle => data_forms::FieldType::ListSingle,
        form::FieldType::TextMulti => data_forms::FieldType::TextMulti,
        form::FieldType::TextPrivate => data_forms::FieldType::TextPrivate,
        form::FieldType::TextSingle => data_forms::FieldType::TextSingle,
    }
}

fn option(theirs: &form::Option_) -> data_forms::FieldOption {
    data_forms::FieldOption { label: theirs.label.clone(), value: theirs.value.clone() }
}

pub(crate) fn forms() -> impl Strategy<Value = data_forms::DataForm> {
    let kind = prop::option::of((text(), any::<bool>()));
    let texts = (prop::option::of(text()), prop::collection::vec(text(), 0..2));
    let type_ = prop::sample::select(data_forms::FormType::ALL);
    (type_, texts, kind, prop::collection::vec(fields(), 0..4)).prop_map(
        |(type_, (title, instructions), kind, fields)| {
            let mut form = data_forms::DataForm::new(type_);
            if let Some((kind, hidden)) = kind {
                form = data_forms::DataForm::of_kind(type_, &kind);
                form.fields[0].type_ = hidden.then_some(data_forms::FieldType::Hidden);
            }
            form.fields.extend(fields);
            data_forms::DataForm { title, instructions, ..form }
        },
    )
}

fn fields() -> impl Strategy<Value = data_forms::Field> {
    let type_ = prop::option::of(prop::sample::select(data_forms::FieldType::ALL));
    let texts = (prop::option::of(text()), prop::option::of(text()));
    let lists = (prop::collection::vec(text(), 0..3), prop::collection::vec(options(), 0..3));
    (token(), type_, texts, any::<bool>(), lists).prop_map(
        |(var, type_, (label, desc), required, (values, options))| {
            let is_list = matches!(type_, Some(data_forms::FieldType::ListMulti | data_forms::FieldType::ListSingle));
            let is_fixed = type_ == Some(data_forms::FieldType::Fixed);
            data_forms::Field {
                var: (!is_fixed).then_some(var),
                type_,
                label,
                desc,
                required,
                values,
                options: if is_list { options } else { Vec::new() },
                extensions: Vec::new(),
            }
        },
    )
}

fn options() -> impl Strategy<Value = data_forms::FieldOption> {
    (prop::option::of(text()), text()).prop_map(|(label, value)| data_forms::FieldOption { label, value })
}

/// A field with the extensions of XEP-0122 and XEP-0221, which ours keeps as they are.
fn form_rows() -> Vec<form::DataForm> {
    use xmpp_parsers::{data_forms_validate, media_element};
    let uri = media_element::Uri { type_: "image/png".into(), uri: "cid:a@b?<&>".into() };
    let media = media_element::MediaElement { width: Some(320), height: None, uris: vec![uri] };
    let validate = data_forms_validate::Validate { datatype: None, method: None, list_range: None };
    let field =
        form::Field { media: vec![media], validate: Some(validate), ..form::Field::text_single("captcha", "é") };
    vec![form::DataForm::new(form::DataFormType::Form, "urn:xmpp:captcha", vec![field])]
}

/// They have the features in alphabetical order.
fn info_of_ours(ours: &disco::DiscoInfo) -> disco::DiscoInfo {
    let mut info = ours.clone();
    info.features.sort();
    info.features.dedup();
    info.forms = info.forms.iter().map(normal_form).collect();
    info
}

fn info_of_theirs(theirs: &of_theirs::DiscoInfoResult) -> disco::DiscoInfo {
    disco::DiscoInfo {
        node: theirs.node.clone(),
        identities: theirs.identities.iter().map(identity).collect(),
        features: theirs.features.iter().cloned().collect(),
        forms: theirs.extensions.iter().map(form_of_theirs).collect(),
    }
}

fn infos() -> impl Strategy<Value = disco::DiscoInfo> {
    let features = prop::collection::vec(text(), 0..4);
    let forms = prop::collection::vec(forms(), 0..2);
    (prop::option::of(text()), prop::collection::vec(identities(), 0..3), features, forms)
        .prop_map(|(node, identities, features, forms)| disco::DiscoInfo { node, identities, features, forms })
}

fn identity(theirs: &of_theirs::Identity) -> disco::Identity {
    disco::Identity {
        category: theirs.category.clone(),
        type_: theirs.type_.clone(),
        lang: theirs.lang.clone(),
        name: theirs.name.clone(),
    }
}

fn identities() -> impl Strategy<Value = disco::Identity> {
    (text(), text(), prop::option::of(lang()), prop::option::of(text()))
        .prop_map(|(category, type_, lang, name)| disco::Identity { category, type_, lang, name })
}

fn item(theirs: &of_theirs::Item) -> disco::DiscoItem {
    disco::DiscoItem { jid: ours(&theirs.jid), node: theirs.node.clone(), name: theirs.name.clone() }
}

fn items() -> impl Strategy<Value = disco::DiscoItem> {
    (jid(), prop::option::of(text()), prop::option::of(text())).prop_map(|(jid, node, name)| disco::DiscoItem {
        jid,
        node,
        name,
    })
}

fn item_lists() -> impl Strategy<Value = disco::DiscoItems> {
    (prop::option::of(text()), prop::collection::vec(items(), 0..4), prop::option::of(result_sets()))
        .prop_map(|(node, items, set)| disco::DiscoItems { node, items, set })
}

/// The hash as bytes, its function as a word.
type CapsMeaning = (Option<String>, String, String, Vec<u8>);

fn caps_of_ours(ours: &caps::Caps) -> CapsMeaning {
    let ver = xmpp::payload::codec::decode_base64(&ours.ver).unwrap();
    (ours.hash.clone(), ours.node.clone(), ours.ext.clone().unwrap_or_default(), ver)
}

fn caps_of_theirs(theirs: &xmpp_parsers::caps::Caps) -> CapsMeaning {
    let hash = String::from(theirs.hash.clone());
    (Some(hash), theirs.node.clone(), theirs.ext.clone().unwrap_or_default(), theirs.ver.clone())
}

/// They have no capabilities from before 2007 (XEP-0115 §7), which have no hash.
fn is_hashed(caps: &Element) -> bool {
    caps.attr("hash").is_some()
}

fn all_caps() -> impl Strategy<Value = caps::Caps> {
    let hash = prop::sample::select(vec!["sha-1", "sha-256", "sha3-512", "md5"]);
    (hash, text(), bytes(), prop::option::of(text())).prop_map(|(hash, node, ver, ext)| caps::Caps {
        hash: Some(hash.into()),
        node,
        ver: xmpp::payload::codec::encode_base64(&ver),
        ext,
    })
}

/// What XEP-0115 §5.1 hashes, of answers that need no care: see `differences`.
fn plain_infos() -> impl Strategy<Value = disco::DiscoInfo> {
    let word = || "[a-z]{3}";
    let identity = (word(), word(), prop::option::of(lang()), prop::option::of("[A-Z][a-z]{0,6}"))
        .prop_map(|(category, type_, lang, name)| disco::Identity { category, type_, lang, name });
    let values = prop::collection::vec("[a-zäπ]{3}", 0..3);
    let fields = prop::collection::btree_map(word(), values, 0..3);
    let forms = prop::collection::btree_map(word(), fields, 0..3);
    let features = prop::collection::btree_set("urn:[a-zé]{4}", 0..5);
    (prop::collection::vec(identity, 0..3), features, forms).prop_map(|(identities, features, forms)| {
        disco::DiscoInfo {
            node: None,
            identities,
            features: features.into_iter().rev().collect(),
            forms: forms.into_iter().rev().map(|(kind, fields)| plain_form(&kind, fields.into_iter())).collect(),
        }
    })
}

fn plain_form(kind: &str, fields: impl Iterator<Item = (String, Vec<String>)>) -> data_forms::DataForm {
    let mut form = data_forms::DataForm::of_kind(data_forms::FormType::Result, kind);
    form.fields.extend(fields.map(|(var, values)| data_forms::Field::new(&var, values)));
    form
}

fn string_of_theirs(info: &disco::DiscoInfo) -> String {
    let dom: xmpp_parsers::minidom::Element = info.write().to_xml().parse().unwrap();
    let theirs = of_theirs::DiscoInfoResult::try_from(dom).unwrap();
    String::from_utf8(xmpp_parsers::caps::compute_disco(&theirs)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn capabilities_are_hashed_alike(info in plain_infos()) {
        // Ours refuses what is ill-formed (XEP-0115 §5.4); here that is the same identity twice.
        match verification_string(&info) {
            Some(string) => prop_assert_eq!(string, string_of_theirs(&info)),
            None => prop_assert!(info.identities.iter().enumerate().any(|(at, one)| info.identities[..at].contains(one))),
        }
    }
}

#[test]
fn differences() {
    // XEP-0115 §5.1, steps 5 and 7.3: features and fields are sorted, and then `<` is appended. They append it first, so
    // that a feature stands behind those it is the start of; and they leave the fields as they came.
    let features = ["http://jabber.org/protocol/muc", "http://jabber.org/protocol/muc#user"].map(String::from).into();
    let info = disco::DiscoInfo { features, ..disco::DiscoInfo::default() };
    let expected = "http://jabber.org/protocol/muc<http://jabber.org/protocol/muc#user<";
    assert_eq!(verification_string(&info).as_deref(), Some(expected));
    assert_ne!(string_of_theirs(&info), expected, "they sort features now: plain_infos() can have any");

    let form =
        plain_form("kind", [("b", "1"), ("a", "2")].map(|(var, value)| (var.into(), vec![value.into()])).into_iter());
    let info = disco::DiscoInfo { forms: vec![form], ..disco::DiscoInfo::default() };
    assert_eq!(verification_string(&info).as_deref(), Some("kind<a<2<b<1<"));
    assert_ne!(string_of_theirs(&info), "kind<a<2<b<1<", "they sort fields now: plain_infos() need not");

    // §5.4, step 3.5 and §9.2: what could pass for another answer is not hashed at all.
    let info = disco::DiscoInfo { features: vec!["a<b".into()], ..disco::DiscoInfo::default() };
    assert_eq!((verification_string(&info), string_of_theirs(&info).as_str()), (None, "a<b<"));
}
