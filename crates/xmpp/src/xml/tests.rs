use super::*;
use crate::ns;

fn fails(xml: &str, error: XmlError) {
    assert_eq!(parse(xml), Err(error), "{xml}");
}

#[test]
fn names_and_namespaces_are_resolved() {
    let element = parse(
        "<?xml version='1.0'?>\n<a:x xmlns:a='urn:a' xmlns='urn:d' p='1' a:p=\"2\" xml:lang='en'>\
         <y/><a:z xmlns:a='urn:b'/><w xmlns=''/></a:x>\n",
    )
    .unwrap();
    assert!(element.is("x", "urn:a"));
    assert_eq!((element.attr("p"), element.attr_ns("urn:a", "p")), (Some("1"), Some("2")));
    assert_eq!(element.lang(), Some("en"));
    let children: Vec<_> = element.children().map(|c| (c.name(), c.ns())).collect();
    assert_eq!(children, [("y", "urn:d"), ("z", "urn:b"), ("w", "")]);
}

#[test]
fn the_five_entities_and_characters_are_resolved() {
    let element =
        parse("<a b='&lt;&quot;&#10;\t\n&#x1F600;'>&amp;&gt;&apos;&#x41;<![CDATA[<&amp;>]]>\r\n\r</a>").unwrap();
    assert_eq!(element.attr("b"), Some("<\"\n  😀"));
    assert_eq!(element.text(), "&>'A<&amp;>\n\n");
    assert_eq!(element.nodes().len(), 1);
}

#[test]
fn what_rfc_6120_restricts_is_refused() {
    fails("<!DOCTYPE a><a/>", XmlError::DocumentType);
    fails("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", XmlError::DocumentType);
    fails("<a><?php x?></a>", XmlError::ProcessingInstruction);
    fails("<a/><?xml version='1.0'?>", XmlError::ProcessingInstruction);
    fails(" <?xml version='1.0'?><a/>", XmlError::ProcessingInstruction);
    fails("<?xml version='1.0'?><?xml version='1.0'?><a/>", XmlError::ProcessingInstruction);
    fails("<!-- x --><a/>", XmlError::Comment);
    fails("<a><!-- x --></a>", XmlError::Comment);
    fails("<a>&nbsp;</a>", XmlError::UnknownEntity);
    fails("<a b='&nbsp;'/>", XmlError::UnknownEntity);
}

#[test]
fn ill_formed_text_is_refused() {
    for xml in [
        "<a></b>",
        "</a>",
        "<a b/>",
        "<a b=c/>",
        "<a b='1'c='2'/>",
        "<a b='<'/>",
        "<a>]]></a>",
        "<a>&</a>",
        "x<a/>",
        "<a>&amp</a>",
        "<a b='&amp'/>",
        "&lt;<a/>",
        "<![CDATA[]]><a/>",
        "<a b='1' = '2'/>",
        "<a =''/>",
    ] {
        let result = parse(xml);
        assert!(matches!(result, Err(XmlError::NotWellFormed | XmlError::IllegalName)), "{xml} {result:?}");
    }
    for xml in ["", " ", "<?xml version='1.0'?>"] {
        fails(xml, XmlError::Empty);
    }
    for xml in ["<a>", "<a><b></b>", "<a", "<a b='", "<a>x</a", "<a><![CDATA[x]]"] {
        fails(xml, XmlError::Unclosed);
    }
    for xml in ["<a/><b/>", "<a></a>x", "<a/><![CDATA[]]>"] {
        fails(xml, XmlError::Trailing);
    }
    for xml in [
        "<a>\0</a>",
        "<a>\u{1}</a>",
        "<a>\u{FFFF}</a>",
        "<a>&#0;</a>",
        "<a>&#xD800;</a>",
        "<a b='&#11;'/>",
        "<a>&#+65;</a>",
        "<a>&#x110000;</a>",
        "<a>&#;</a>",
    ] {
        fails(xml, XmlError::IllegalCharacter);
    }
    for xml in [
        "<1/>",
        "<a:/>",
        "<:a/>",
        "<a:b:c xmlns:a='x'/>",
        "<a-é\u{D7}/>",
        "<a b:='1'/>",
        "<a 1='1'/>",
        "<a xmlns:1='x'/>",
        "<xmlns:a/>",
    ] {
        fails(xml, XmlError::IllegalName);
    }
}

#[test]
fn namespaces_in_xml_are_kept_to() {
    fails("<p:a/>", XmlError::UndeclaredPrefix);
    fails("<a p:b=''/>", XmlError::UndeclaredPrefix);
    fails("<a><b xmlns:p='x'/><p:c/></a>", XmlError::UndeclaredPrefix);
    fails("<a b='1' b='2'/>", XmlError::DuplicateAttribute);
    fails("<a xmlns='1' xmlns='2'/>", XmlError::DuplicateAttribute);
    fails("<a xmlns:p='x' xmlns:q='x' p:b='1' q:b='2'/>", XmlError::DuplicateAttribute);
    fails("<a xmlns:p=''/>", XmlError::BadDeclaration);
    fails("<a xmlns:xml='x'/>", XmlError::BadDeclaration);
    fails("<a xmlns:xmlns='x'/>", XmlError::BadDeclaration);
    fails("<a xmlns='http://www.w3.org/2000/xmlns/'/>", XmlError::BadDeclaration);
    assert!(parse("<a xmlns:p='x' b='1' p:b='2'/>").is_ok());
}

#[test]
fn limits_hold() {
    let limits = Limits { depth: 3, attributes: 2, bytes: 100, elements: 4 };
    let fails = |xml: &str, error| assert_eq!(parse_with(xml, &limits), Err(error), "{xml}");
    assert!(parse_with("<a><b><c/></b></a>", &limits).is_ok());
    fails("<a><b><c><d/></c></b></a>", XmlError::TooDeep);
    assert!(parse_with("<a b='' c=''/>", &limits).is_ok());
    fails("<a b='' c='' xmlns:d='x'/>", XmlError::TooManyAttributes);
    assert!(parse_with("<a><b/><b/><b/></a>", &limits).is_ok());
    fails("<a><b/><b/><b/><b/></a>", XmlError::TooManyElements);
    fails(&format!("<a>{}</a>", "x".repeat(94)), XmlError::TooLarge);
    assert!(parse_with(&format!("<a>{}</a>", "x".repeat(93)), &limits).is_ok());
}

#[test]
fn the_deepest_tree_allowed_is_dropped_and_written() {
    let xml = format!("{}{}", "<a>".repeat(64), "</a>".repeat(64));
    assert!(parse(&xml).unwrap().to_xml().starts_with("<a><a>"));
    assert_eq!(parse(&"<a>".repeat(87_000)), Err(XmlError::TooDeep));
}

#[test]
fn a_lone_start_tag_gives_its_scope() {
    let xml = "<?xml version='1.0'?><stream:stream to='a' version='1.0' xmlns='jabber:client' \
               xmlns:stream='http://etherx.jabber.org/streams'>";
    let (stream, scope) = parse_start_scoped(xml, &Limits::default()).unwrap();
    assert!(stream.is("stream", ns::STREAM));
    assert_eq!(stream.attr("to"), Some("a"));
    let error = parse_in("<stream:error><x/></stream:error>", &scope, &Limits::default()).unwrap();
    assert!(error.is("error", ns::STREAM) && error.child("x", ns::CLIENT).is_some());
    assert_eq!(parse_start("<a><b>"), Err(XmlError::Trailing));
    assert_eq!(parse_start("<a b='"), Err(XmlError::Unclosed));
}

#[test]
fn namespaces_are_declared_once() {
    let iq = Element::new("iq", ns::CLIENT)
        .with_child(Element::new("query", ns::ROSTER).with_child(Element::new("item", ns::ROSTER)))
        .with_child(Element::new("none", "").with_child(Element::new("none", "")));
    let body = "<query xmlns='jabber:iq:roster'><item/></query><none xmlns=''><none/></none>";
    assert_eq!(iq.to_xml(), format!("<iq xmlns='jabber:client'>{body}</iq>"));
    let mut out = String::new();
    iq.write_to(&mut out, ns::CLIENT);
    assert_eq!(out, format!("<iq>{body}</iq>"));
}

#[test]
fn stream_elements_and_known_attributes_have_the_prefixes_peers_look_for() {
    let features = Element::new("features", ns::STREAM).with_child(Element::new("bind", ns::BIND));
    assert_eq!(
        features.to_xml(),
        "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
         <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>"
    );
    let mut body = Element::new("body", ns::HTTPBIND);
    body.set_attr_ns(ns::XBOSH, "version", "1.0");
    body.set_attr_ns(ns::XBOSH, "restart", "true");
    body.set_attr_ns(ns::XML, "lang", "en");
    assert_eq!(
        body.to_xml(),
        "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0' \
         xmpp:restart='true' xml:lang='en'/>"
    );
}

#[test]
fn nothing_written_is_ill_formed() {
    let element = Element::new("a b><c", "x\0'>").with_attr("d='e'", "\u{1}\u{FFFE}\r\n").with_text("]]>\0<&\r");
    assert_eq!(
        element.to_xml(),
        "<a_b__c xmlns=\"x\u{FFFD}'&gt;\" d__e_='\u{FFFD}\u{FFFD}&#13;&#10;'>]]&gt;\u{FFFD}&lt;&amp;&#13;</a_b__c>"
    );
    assert_eq!(Element::new("", "").to_xml(), "<_/>");
    assert_eq!(Element::new("1", "").to_xml(), "<_1/>");
    for ns in [ns::XML, ns::XMLNS] {
        let mut element = Element::new("a", ns).with_child(Element::new("b", "c"));
        element.set_attr_ns(ns, "d", "e");
        assert!(parse(&element.to_xml()).is_ok(), "{}", element.to_xml());
    }
}

#[test]
fn elements_compare_without_order_of_attributes() {
    let a = Element::new("a", "").with_attr("b", "1").with_attr("c", "2");
    assert_eq!(a, Element::new("a", "").with_attr("c", "2").with_attr("b", "1"));
    assert_ne!(a, Element::new("a", "").with_attr("b", "1"));
    assert_ne!(a, Element::new("a", "").with_attr("b", "1").with_attr("c", "3"));
    let mut replaced = a.clone().with_attr("b", "3");
    assert_eq!(replaced.remove_attr("b").as_deref(), Some("3"));
    assert_eq!((replaced.attr("b"), replaced.attrs().count()), (None, 1));
}

#[test]
fn dropping_children_merges_texts() {
    let mut element = parse("<a>1<b/>2<c/>3</a>").unwrap();
    element.retain_children(|child| child.name() == "c");
    assert_eq!(element.to_xml(), "<a>12<c/>3</a>");
    assert_eq!(element.take_children(), [Element::new("c", "")]);
    assert_eq!(element.to_xml(), "<a>123</a>");
}

/// Written again, this would have 3 GB.
#[test]
fn a_namespace_behind_a_prefix_does_not_multiply() {
    let long = "x".repeat(100_000);
    let elements = format!("<a xmlns:p='{long}'>{}</a>", "<p:b/>".repeat(16_000));
    fails(&elements, XmlError::TooLarge);
    let attributes = format!("<a xmlns:p='{long}'>{}</a>", "<b p:c=''/>".repeat(10_000));
    fails(&attributes, XmlError::TooLarge);
}

/// Whatever one default-limited reader accepts, an `OWN_SERVER` reader accepts when it is written again and wrapped.
#[test]
fn what_a_stranger_may_send_can_be_forwarded() {
    let namespaces: String = (0..63).map(|n| format!(" xmlns:p{n}='urn:{n}'")).collect();
    let attributes: String = (0..63).map(|n| format!(" p{n}:a='\"'")).collect();
    let quotes = "'\"".repeat(40_000);
    let worst = [
        format!("{}{}", "<a>".repeat(64), "</a>".repeat(64)),
        format!("<a{namespaces}><b{attributes}/></a>"),
        format!("<a b='{}'/>", quotes.replace('\'', "&#39;")),
        format!("<a><![CDATA[{}]]></a>", "&".repeat(262_000)),
        format!("<a xmlns:p='urn:example:a-name-of-usual-length'>{}</a>", "<p:b/>".repeat(5_000)),
    ];
    for xml in worst {
        let mut element = parse(&xml).unwrap();
        for wrapper in ["message", "forwarded", "received", "message", "body"] {
            element = Element::new(wrapper, "urn:wrapper").with_child(element);
        }
        assert_eq!(parse_with(&element.to_xml(), &Limits::OWN_SERVER), Ok(element));
    }
}

/// A namespace that thousands of elements inherit is stored once: this would take 4 GB if it were copied.
#[test]
fn an_inherited_namespace_is_not_copied() {
    let xml = format!("<a xmlns='{}'>{}</a>", "x".repeat(190_000), "<b/>".repeat(16_383));
    assert_eq!(parse(&xml).unwrap().children().count(), 16_383);
}
