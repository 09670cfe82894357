//! What accounts ask of their server: blocking, client states, registration, nodes and what is published in them.

use proptest::prelude::*;
use xmpp::ids::{ItemId, NodeName};
use xmpp::jid::Jid;
use xmpp::xep::data_forms::DataForm;
use xmpp::xep::{avatar, blocking, csi, pubsub, register};
use xmpp::xml::Element;
use xmpp_parsers::pubsub as of_theirs;
use xmpp_parsers::{blocking as blocking_of_theirs, csi as csi_of_theirs, ibr};

use crate::discovery::{form_of_theirs, forms, normal_form};
use crate::pair::{Agree, element, pair, same, unindented};
use crate::values::*;

pub(crate) fn pairs() -> Vec<Box<dyn Agree>> {
    [account(), published(), nodes()].into_iter().flatten().collect()
}

fn account() -> Vec<Box<dyn Agree>> {
    vec![
        same("blocking", |theirs: &blocking_of_theirs::BlocklistResult| blocking::Blocklist {
            items: theirs.items.iter().map(ours).collect(),
        })
        .values(jids().prop_map(|items| blocking::Blocklist { items }))
        .done(),
        same("blocking", |_: &blocking_of_theirs::BlocklistRequest| blocking::Blocklist::default())
            .when(|element| element.children().next().is_none())
            .values(Just(blocking::Blocklist::default()))
            .done(),
        same("blocking", |theirs: &blocking_of_theirs::Block| blocking::Block {
            items: theirs.items.iter().map(ours).collect(),
        })
        .values(jids().prop_map(|items| blocking::Block { items }))
        .done(),
        same("blocking", |theirs: &blocking_of_theirs::Unblock| blocking::Unblock {
            items: theirs.items.iter().map(ours).collect(),
        })
        .values(jids().prop_map(|items| blocking::Unblock { items }))
        .done(),
        same("blocking", |_: &blocking_of_theirs::Blocked| blocking::Blocked {})
            .values(Just(blocking::Blocked {}))
            .done(),
        same("csi", |_: &csi_of_theirs::Feature| csi::Csi {}).values(Just(csi::Csi {})).done(),
        same("csi", |_: &csi_of_theirs::Active| csi::Active {}).values(Just(csi::Active {})).done(),
        same("csi", |_: &csi_of_theirs::Inactive| csi::Inactive {}).values(Just(csi::Inactive {})).done(),
        same("register", |theirs: &ibr::LegacyQuery| register::Register {
            registered: theirs.registered,
            instructions: theirs.instructions.clone(),
            username: theirs.username.clone(),
            password: theirs.password.clone(),
            email: theirs.email.clone(),
            remove: false,
            form: None,
        })
        .when(has_plain_fields)
        .values(registrations())
        .done(),
        pair(
            "register",
            |ours: &register::Register| (ours.instructions.clone(), ours.form.as_ref().map(normal_form)),
            |theirs: &ibr::FormQuery| (theirs.instructions.clone(), Some(form_of_theirs(&theirs.form))),
        )
        .when(|query| query.child("x", xmpp::ns::DATA_FORMS).is_some())
        .values((prop::option::of(text()), forms()).prop_map(|(instructions, form)| register::Register {
            instructions,
            form: Some(form),
            ..register::Register::default()
        }))
        .done(),
        same("register", |theirs: &ibr::RemoveQuery| register::Register {
            remove: theirs.remove,
            ..register::Register::default()
        })
        .when(|element| element.child("remove", xmpp::ns::REGISTER).is_some())
        .values(Just(register::Register { remove: true, ..register::Register::default() }))
        .done(),
    ]
}

fn published() -> Vec<Box<dyn Agree>> {
    vec![
        same("avatar", |theirs: &xmpp_parsers::avatar::Metadata| avatar::Metadata {
            infos: theirs.infos.iter().map(info).collect(),
        })
        .values(prop::collection::vec(infos(), 0..3).prop_map(|infos| avatar::Metadata { infos }))
        .done(),
        same("avatar", info).values(infos()).done(),
        same("avatar", |theirs: &xmpp_parsers::avatar::Data| avatar::Data { bytes: theirs.data.clone() })
            .values(bytes().prop_map(|bytes| avatar::Data { bytes }))
            .done(),
        pair("pubsub", |ours: &pubsub::Item| plain(ours), item).values(items()).done(),
        pair(
            "pubsub",
            |ours: &pubsub::Publish| (ours.node.clone(), ours.items.iter().map(plain).collect::<Vec<_>>()),
            |theirs: &of_theirs::pubsub::Publish| (node(&theirs.node), theirs.items.iter().map(item).collect()),
        )
        .values(publishes())
        .done(),
        pair(
            "pubsub",
            |ours: &pubsub::PublishOptions| ours.form.as_ref().map(normal_form),
            |theirs: &of_theirs::pubsub::PublishOptions| theirs.form.as_ref().map(form_of_theirs),
        )
        .values(some_form().prop_map(|form| pubsub::PublishOptions { form }))
        .done(),
        pair(
            "pubsub",
            |ours: &pubsub::Retract| (ours.node.clone(), ours.notify, ours.items.iter().map(plain).collect::<Vec<_>>()),
            |theirs: &of_theirs::pubsub::Retract| {
                (node(&theirs.node), theirs.notify, theirs.items.iter().map(item).collect())
            },
        )
        .values(retracts())
        .done(),
        pair(
            "pubsub",
            |ours: &pubsub::Items| {
                (ours.node.clone(), ours.max_items, ours.items.iter().map(plain).collect::<Vec<_>>())
            },
            |theirs: &of_theirs::pubsub::Items| {
                (node(&theirs.node), theirs.max_items, theirs.items.iter().map(item).collect())
            },
        )
        .values(item_lists())
        .done(),
        pair(
            "pubsub",
            |ours: &pubsub::PubSub| request(&ours.write_out()),
            |theirs: &of_theirs::PubSub| request(&element(theirs.clone())),
        )
        .when(has_one_request)
        .values(requests())
        .done(),
    ]
}

fn nodes() -> Vec<Box<dyn Agree>> {
    vec![
        same("pubsub", |theirs: &of_theirs::pubsub::Create| pubsub::Create { node: theirs.node.as_ref().map(node) })
            .values(prop::option::of(id()).prop_map(|node| pubsub::Create { node }))
            .done(),
        pair(
            "pubsub",
            |ours: &pubsub::Configure| ours.form.as_ref().map(normal_form),
            |theirs: &of_theirs::pubsub::Configure| theirs.form.as_ref().map(form_of_theirs),
        )
        .values(some_form().prop_map(|form| pubsub::Configure { form }))
        .done(),
        pair(
            "pubsub",
            |ours: &pubsub::Owner| request(&ours.write_out()),
            |theirs: &of_theirs::Owner| request(&element(theirs.clone())),
        )
        .values(owners())
        .done(),
        pair(
            "pubsub",
            |ours: &pubsub::Event| request(&ours.write_out()),
            |theirs: &of_theirs::Event| request(&element(theirs.clone())),
        )
        .when(|event| event.children().count() == 1)
        .values(events())
        .done(),
        pair(
            "pubsub",
            |ours: &pubsub::EventItem| plain_event(ours),
            |theirs: &of_theirs::event::Item| plain_event(&event_item(theirs)),
        )
        .values(event_items())
        .done(),
    ]
}

/// Both as elements, white space between them and the order of what is in a form left out.
trait WriteOut {
    fn write_out(&self) -> Element;
}

impl<P: xmpp::Payload> WriteOut for P {
    fn write_out(&self) -> Element {
        self.write()
    }
}

/// A request in the words of ours, whoever wrote it: types of fields are written by them and may be left out by us.
fn request(element: &Element) -> Vec<String> {
    fn normal(element: &Element) -> Element {
        let mut copy = element.clone();
        if copy.is("field", xmpp::ns::DATA_FORMS) {
            copy.remove_attr("type");
        }
        // Defaults that they write out.
        if copy.attr("notify") == Some("false") {
            copy.remove_attr("notify");
        }
        let mut children: Vec<Element> = copy.take_children().iter().map(normal).collect();
        children.sort_by_key(Element::to_xml);
        let mut shell = Element::new(copy.name().to_owned(), copy.ns().to_owned());
        let mut attrs: Vec<(String, String)> =
            copy.attrs().map(|(_, name, value)| (name.to_owned(), value.to_owned())).collect();
        attrs.sort();
        for (name, value) in attrs {
            shell.set_attr(name, value);
        }
        if children.is_empty() { shell.with_text(element.text()) } else { shell.with_children(children) }
    }
    vec![normal(&unindented(element)).to_xml()]
}

/// They read one request, and what qualifies it; no pages of items (XEP-0060 §6.5.4).
fn has_one_request(pubsub: &Element) -> bool {
    pubsub.child("set", xmpp::ns::RSM).is_none() && pubsub.children().next().is_some()
}

fn has_plain_fields(query: &Element) -> bool {
    query.children().all(|child| child.ns() == xmpp::ns::REGISTER && child.name() != "remove")
}

fn jids() -> impl Strategy<Value = Vec<Jid>> {
    prop::collection::vec(jid(), 0..4)
}

fn registrations() -> impl Strategy<Value = register::Register> {
    let field = || prop::option::of(text());
    (any::<bool>(), field(), field(), field(), field()).prop_map(
        |(registered, instructions, username, password, email)| register::Register {
            registered,
            instructions,
            username,
            password,
            email,
            remove: false,
            form: None,
        },
    )
}

fn info(theirs: &xmpp_parsers::avatar::Info) -> avatar::Info {
    avatar::Info {
        id: theirs.id.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        bytes: theirs.bytes,
        type_: theirs.type_.clone(),
        width: theirs.width,
        height: theirs.height,
        url: theirs.url.clone(),
    }
}

fn infos() -> impl Strategy<Value = avatar::Info> {
    let hash = any::<[u8; 20]>().prop_map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let side = || prop::option::of(any::<u16>());
    (hash, any::<u32>(), text(), side(), side(), prop::option::of(text()))
        .prop_map(|(id, bytes, type_, width, height, url)| avatar::Info { id, bytes, type_, width, height, url })
}

fn node(theirs: &of_theirs::NodeName) -> NodeName {
    NodeName::from(theirs.0.as_str())
}

fn plain(ours: &pubsub::Item) -> pubsub::Item {
    pubsub::Item { payload: ours.payload.as_ref().map(unindented), ..ours.clone() }
}

fn item(theirs: &of_theirs::pubsub::Item) -> pubsub::Item {
    pubsub::Item {
        id: theirs.id.as_ref().map(|id| ItemId::from(id.0.as_str())),
        publisher: theirs.publisher.as_ref().map(ours),
        payload: theirs.payload.clone().map(|payload| unindented(&element(payload))),
    }
}

fn plain_event(ours: &pubsub::EventItem) -> pubsub::EventItem {
    pubsub::EventItem { payload: ours.payload.as_ref().map(unindented), ..ours.clone() }
}

fn event_item(theirs: &of_theirs::event::Item) -> pubsub::EventItem {
    pubsub::EventItem {
        id: theirs.id.as_ref().map(|id| ItemId::from(id.0.as_str())),
        publisher: theirs.publisher.as_ref().map(ours),
        payload: theirs.payload.clone().map(|payload| unindented(&element(payload))),
    }
}

fn items() -> impl Strategy<Value = pubsub::Item> {
    (prop::option::of(id()), prop::option::of(jid()), prop::option::of(extension()))
        .prop_map(|(id, publisher, payload)| pubsub::Item { id, publisher, payload })
}

fn event_items() -> impl Strategy<Value = pubsub::EventItem> {
    items().prop_map(|item| pubsub::EventItem { id: item.id, publisher: item.publisher, payload: item.payload })
}

fn some_form() -> impl Strategy<Value = Option<DataForm>> {
    prop::option::of(forms())
}

fn publishes() -> impl Strategy<Value = pubsub::Publish> {
    (id(), prop::collection::vec(items(), 0..3)).prop_map(|(node, items)| pubsub::Publish { node, items })
}

fn retracts() -> impl Strategy<Value = pubsub::Retract> {
    (id(), any::<bool>(), prop::collection::vec(items(), 0..3)).prop_map(|(node, notify, items)| pubsub::Retract {
        node,
        notify,
        items,
    })
}

fn item_lists() -> impl Strategy<Value = pubsub::Items> {
    (id(), prop::option::of(any::<u32>()), prop::collection::vec(items(), 0..3))
        .prop_map(|(node, max_items, items)| pubsub::Items { node, max_items, items })
}

/// One kind of request each, as they read them.
fn requests() -> impl Strategy<Value = pubsub::PubSub> {
    let empty = pubsub::PubSub::default;
    prop_oneof![
        publishes().prop_map(move |publish| pubsub::PubSub { publish: Some(publish), ..empty() }),
        retracts().prop_map(move |retract| pubsub::PubSub { retract: Some(retract), ..empty() }),
        item_lists().prop_map(move |items| pubsub::PubSub { items: Some(items), ..empty() }),
        prop::option::of(id()).prop_map(move |node| pubsub::PubSub {
            create: Some(pubsub::Create { node }),
            configure: Some(pubsub::Configure::default()),
            ..empty()
        }),
    ]
}

fn owners() -> impl Strategy<Value = pubsub::Owner> {
    let empty = pubsub::Owner::default;
    prop_oneof![
        id().prop_map(move |node| pubsub::Owner { delete: Some(pubsub::OwnerDelete { node }), ..empty() }),
        id().prop_map(move |node| pubsub::Owner { purge: Some(pubsub::OwnerPurge { node }), ..empty() }),
        prop::option::of(id()).prop_map(move |node| pubsub::Owner {
            configure: Some(pubsub::OwnerConfigure { node, form: None }),
            ..empty()
        }),
        Just(pubsub::Owner { default: Some(pubsub::OwnerDefault::default()), ..empty() }),
    ]
}

fn events() -> impl Strategy<Value = pubsub::Event> {
    let empty = pubsub::Event::default;
    let items = (id(), prop::collection::vec(event_items(), 0..3), prop::collection::vec(id(), 0..3));
    prop_oneof![
        items.prop_map(move |(node, items, retracted)| pubsub::Event {
            items: Some(pubsub::EventItems { node, items, retracted }),
            ..empty()
        }),
        // They write an empty `<redirect/>` where there is none.
        (id(), text()).prop_map(move |(node, uri)| {
            let redirect = Some(pubsub::EventRedirect { uri });
            pubsub::Event { delete: Some(pubsub::EventDelete { node, redirect }), ..empty() }
        }),
        id().prop_map(move |node| pubsub::Event { purge: Some(pubsub::EventPurge { node }), ..empty() }),
        id().prop_map(move |node| pubsub::Event {
            configuration: Some(pubsub::EventConfiguration { node, form: None }),
            ..empty()
        }),
    ]
}
