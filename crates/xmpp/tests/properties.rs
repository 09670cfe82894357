//! Properties that hold for any input: round trips, normal forms, and that nothing panics.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use xmpp::jid::Jid;
use xmpp::stanza::Stanza;
use xmpp::time::Timestamp;
use xmpp::xml::{Element, Limits, Scope, is_xml_char, parse, parse_in, parse_start};

/// Text that XML can carry.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\t\n\r]{0,12}",
        any::<String>().prop_map(|text| text.chars().filter(|c| is_xml_char(*c)).collect()),
    ]
}

fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just(String::from("jabber:client")),
        Just(String::from("http://etherx.jabber.org/streams")),
        Just(String::from("urn:xmpp:xbosh")),
        Just(String::from("http://www.w3.org/XML/1998/namespace")),
        text(),
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z_é][a-zA-Z0-9._\u{B7}-]{0,6}"
}

fn element() -> impl Strategy<Value = Element> {
    let attrs = prop::collection::vec((namespace(), name(), text()), 0..4);
    let leaf = (name(), namespace(), attrs, text()).prop_map(|(name, ns, attrs, text)| {
        let mut element = Element::new(name, ns);
        for (ns, name, value) in attrs {
            element.set_attr_ns(ns, name, value);
        }
        element.with_text(text)
    });
    leaf.prop_recursive(5, 40, 5, |inner| {
        (inner.clone(), prop::collection::vec((inner, text()), 0..5)).prop_map(|(mut outer, children)| {
            for (child, text) in children {
                outer.push(child);
                outer.push_text(text);
            }
            outer
        })
    })
}

/// Text made of what XML is made of, so that much of it is nearly well-formed.
fn xml_like() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "<",
        ">",
        "/",
        "</",
        "/>",
        "a",
        "b",
        "<a>",
        "</a>",
        "<b",
        "'",
        "\"",
        "=",
        " ",
        "&",
        ";",
        "&lt;",
        "&#",
        "x41",
        "xmlns",
        "xmlns:a='u'",
        "a:",
        ":",
        " b='c'",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml ",
        "?>",
        "<!DOCTYPE ",
        "[",
        "\n",
        "é",
        "\u{0}",
        "\u{FFFF}",
        "😀",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_element_comes_back(element in element()) {
        prop_assert_eq!(parse(&element.to_xml()), Ok(element));
    }

    #[test]
    fn an_element_comes_back_below_a_default_namespace(element in element(), parent in name()) {
        let mut xml = String::new();
        element.write_to(&mut xml, &parent);
        let mut scope = Scope::new();
        scope.declare("", &parent).unwrap();
        prop_assert_eq!(parse_in(&xml, &scope, &Limits::default()), Ok(element));
    }

    #[test]
    fn anything_can_be_written_and_read(name in any::<String>(), ns in any::<String>(), text in any::<String>()) {
        let mut element = Element::new(name.clone(), ns.clone()).with_attr(name.clone(), text.clone()).with_text(text);
        element.set_attr_ns(ns, name, "x");
        prop_assert!(parse(&element.to_xml()).is_ok(), "{}", element.to_xml());
    }

    #[test]
    fn no_text_panics_the_reader(xml in prop_oneof![any::<String>(), xml_like()]) {
        let _ = parse_start(&xml);
        if let Ok(element) = parse(&xml) {
            prop_assert_eq!(parse(&element.to_xml()), Ok(element));
        }
    }

    #[test]
    fn no_bytes_panic_the_reader(bytes in any::<Vec<u8>>()) {
        let _ = parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_stanza_comes_back(mut element in element(), name in prop::sample::select(vec!["message", "presence", "iq"])) {
        element.set_ns("jabber:client");
        let mut stanza = Element::new(name, "jabber:client").with_attr("id", "1").with_children(element.into_children());
        for attr in ["to", "from"] {
            stanza.set_attr(attr, "a@b/c");
        }
        if name == "iq" {
            stanza.set_attr("type", "result");
        }
        if let Ok(read) = Stanza::try_from(stanza.clone()) {
            prop_assert_eq!(Element::from(read), stanza);
        }
    }

    #[test]
    fn a_jid_is_its_own_normal_form(text in prop_oneof![any::<String>(), "[a-zA-Z@/.é ]{0,12}"]) {
        if let Ok(jid) = Jid::new(&text) {
            prop_assert_eq!(Jid::new(jid.as_str()), Ok(jid.clone()));
            prop_assert_eq!(&Jid::from_parts(jid.local(), jid.domain(), jid.resource()).unwrap(), &jid);
            prop_assert_eq!(jid.to_bare().to_string(), jid.as_str().split('/').next().unwrap());
        }
    }

    #[test]
    fn times_come_back(ms in -62_167_219_200_000_i64..253_402_300_800_000) {
        prop_assert_eq!(Timestamp::parse(&Timestamp(ms).format()), Ok(Timestamp(ms)));
    }

    #[test]
    fn no_text_panics_the_clock(text in prop_oneof![any::<String>(), "[0-9TZ:.+-]{15,32}"]) {
        let _ = Timestamp::parse(&text);
    }
}
