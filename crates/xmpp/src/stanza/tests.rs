use super::*;
use crate::payload::Payload;
use crate::xml::parse;

fn read(xml: &str) -> Result<Stanza, StanzaFault> {
    Stanza::try_from(parse(xml).unwrap()).map_err(|e| e.fault)
}

#[test]
fn a_stanza_comes_back_as_it_was() {
    for xml in [
        "<message xmlns='jabber:client' from='a@b' to='c@d/e' id='1' type='chat' xml:lang='de'><body>hi</body>\
         <x xmlns='unknown' y='z'>&lt;</x></message>",
        "<presence xmlns='jabber:client' type='subscribe' to='c@d'/>",
        "<iq xmlns='jabber:client' id='x' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<iq xmlns='jabber:client' id='x' type='error'><error type='wait'><conflict \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    ] {
        let element = parse(xml).unwrap();
        assert_eq!(Element::from(Stanza::try_from(element.clone()).unwrap()), element);
    }
}

#[test]
fn faults_are_named() {
    let cases = [
        ("<message xmlns='jabber:server'/>", StanzaFault::NotAStanza),
        ("<a xmlns='urn:xmpp:sm:3' to='@'/>", StanzaFault::NotAStanza),
        ("<message xmlns='jabber:client' to='@'/>", StanzaFault::To),
        ("<message xmlns='jabber:client' from='a@'/>", StanzaFault::From),
        ("<presence xmlns='jabber:client' type='available'/>", StanzaFault::Type),
        ("<presence xmlns='jabber:client' type='nonsense'/>", StanzaFault::Type),
        ("<iq xmlns='jabber:client' type='result'/>", StanzaFault::NoId),
        ("<iq xmlns='jabber:client' id='1' type='get'/>", StanzaFault::Children),
        ("<iq xmlns='jabber:client' id='1' type='result'><a/><b/></iq>", StanzaFault::Children),
        ("<iq xmlns='jabber:client' id='1'><a/></iq>", StanzaFault::Type),
    ];
    for (xml, fault) in cases {
        assert_eq!(read(xml), Err(fault), "{xml}");
    }
}

#[test]
fn a_fault_is_answered_to_its_sender_and_an_error_is_not() {
    let answer = |xml: &str| Stanza::try_from(parse(xml).unwrap()).unwrap_err().reply();
    let reply = answer("<iq xmlns='jabber:client' from='a@b/c' to='d@e' id='1' type='get'/>").unwrap();
    let Ok(Stanza::Iq(iq)) = Stanza::try_from(reply) else { panic!("not an iq") };
    assert_eq!((iq.from.unwrap().as_str(), iq.to.unwrap().as_str(), iq.id.as_str()), ("d@e", "a@b/c", "1"));
    assert_eq!(iq.kind, IqKind::Error(Condition::BadRequest.into()));
    assert_eq!(answer("<iq xmlns='jabber:client' type='error'/>"), None);
    assert_eq!(answer("<iq xmlns='jabber:client' type='result'/>"), None);
}

#[test]
fn an_unknown_message_type_is_normal() {
    let Ok(Stanza::Message(message)) = read("<message xmlns='jabber:client' type='shout'/>") else { panic!() };
    assert_eq!(message.type_, MessageType::Normal);
}

#[test]
fn the_body_is_chosen_by_language() {
    let xml = "<message xmlns='jabber:client' xml:lang='en'><body xml:lang='cs'>ahoj</body><body>hello</body>\
               <body xml:lang='de'>hallo</body></message>";
    let Ok(Stanza::Message(message)) = read(xml) else { panic!() };
    assert_eq!(message.body().as_deref(), Some("hello"));
    assert_eq!(message.body_in(Some("de")).as_deref(), Some("hallo"));
    assert_eq!(Message::new(MessageType::Chat).body(), None);
}

#[test]
fn presence_reads_what_people_set() {
    let presence = Presence::available().with_show(Some(Show::Away)).with_status(Some("tea".into())).with_priority(-1);
    let Ok(Stanza::Presence(read)) = Stanza::try_from(Element::from(presence)) else { panic!() };
    assert_eq!((read.show(), read.status().as_deref(), read.priority()), (Some(Show::Away), Some("tea"), -1));
    let plain = read.with_show(None).with_status(None).with_priority(0);
    assert!(plain.payloads.is_empty());
}

#[test]
fn an_error_without_condition_is_still_an_error() {
    let Ok(Stanza::Message(message)) = read("<message xmlns='jabber:client' type='error'/>") else { panic!() };
    assert_eq!(message.error().unwrap().condition, Condition::UndefinedCondition);
    assert_eq!(message.reply_error(Condition::Gone.into()), None);
}

#[test]
fn stream_errors_come_back() {
    let mut error = StreamError::new(StreamCondition::SeeOtherHost).with_text("moved");
    error.see_other_host = Some("[2001:db8::1]:5222".into());
    error.app = Some(Element::new("why", "app"));
    assert_eq!(StreamError::read(&error.write()), Ok(error.clone()));
    assert!(error.write().to_xml().starts_with("<stream:error xmlns:stream="));
}
