//! Text to [`Body`].

use xmpp::xml::{self, Limits, XmlError};
use xmpp::{Element, ns};

use super::rid::decimal;
use super::{Body, BodyType, Condition, Version};

/// Why a text is no [`Body`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not XML as XMPP allows it.
    #[error("the body is not acceptable xml: {0}")]
    Xml(#[from] XmlError),
    /// XML, but no `<body/>` of BOSH: often the error page of something between.
    #[error("not a <body/> of bosh")]
    NotBody,
    /// An attribute that cannot be understood. The session it belongs to, if the body told.
    #[error("the attribute '{name}' has an unacceptable value")]
    Attribute {
        /// The attribute.
        name: &'static str,
        /// The `sid` beside it.
        sid: Option<String>,
    },
}

impl BodyError {
    /// The session that the unacceptable body claims to belong to.
    pub fn sid(&self) -> Option<&str> {
        match self {
            Self::Attribute { sid, .. } => sid.as_deref(),
            _ => None,
        }
    }
}

impl Body {
    /// Reads a request. Every attribute that is there must be acceptable.
    ///
    /// # Errors
    /// [`BodyError`]; §17.2 answers each with `bad-request`.
    pub fn read_request(text: &str, limits: &Limits) -> Result<Body, BodyError> {
        let (body, bad) = read(xml::parse_with(text, limits)?)?;
        match bad {
            Some(name) => Err(BodyError::Attribute { name, sid: body.sid }),
            None => Ok(body),
        }
    }

    /// Reads a response. A value that cannot be understood counts as absent, because the payloads beside it matter
    /// more.
    ///
    /// # Errors
    /// [`BodyError::Xml`] and [`BodyError::NotBody`].
    pub fn read_response(text: &str, limits: &Limits) -> Result<Body, BodyError> {
        Ok(read(xml::parse_with(text, limits)?)?.0)
    }

    /// The `sid` in the start tag of a text that is no acceptable body as a whole, so that the session it belongs to
    /// can be ended rather than left waiting.
    pub fn sniff_sid(text: &str) -> Option<String> {
        let end = text.find('>')?;
        // Far more than any body's start tag; what follows cannot be one.
        let tag = text.get(..=end).filter(|tag| tag.len() <= 4096)?;
        let tag = tag.strip_suffix("/>").map_or_else(|| tag.to_owned(), |open| format!("{open}>"));
        let body = xml::parse_start(&tag).ok().filter(|element| element.is("body", ns::HTTPBIND))?;
        body.attr("sid").map(str::to_owned)
    }
}

/// The body and the name of the first attribute that could not be understood.
fn read(element: Element) -> Result<(Body, Option<&'static str>), BodyError> {
    if !element.is("body", ns::HTTPBIND) {
        return Err(BodyError::NotBody);
    }
    let mut attributes = Attributes { element: &element, bad: None };
    let text = |name| element.attr(name).map(str::to_owned);
    let mut body = Body {
        rid: attributes.read("rid", |value| value.parse().ok()),
        sid: text("sid"),
        to: text("to"),
        from: text("from"),
        lang: element.lang().map(str::to_owned),
        ver: attributes.read("ver", Version::read),
        wait: attributes.read("wait", decimal),
        hold: attributes.read("hold", decimal),
        requests: attributes.read("requests", decimal),
        inactivity: attributes.read("inactivity", decimal),
        polling: attributes.read("polling", decimal),
        maxpause: attributes.read("maxpause", decimal),
        pause: attributes.read("pause", decimal),
        ack: attributes.read("ack", decimal),
        report: attributes.read("report", decimal),
        time: attributes.read("time", decimal),
        content: text("content"),
        type_: attributes.read("type", |value| match value {
            "terminate" => Some(BodyType::Terminate),
            "error" => Some(BodyType::Error),
            _ => None,
        }),
        condition: element.attr("condition").map(Condition::read),
        restart: is_true(element.attr_ns(ns::XBOSH, "restart")),
        restartlogic: is_true(element.attr_ns(ns::XBOSH, "restartlogic")),
        version: element.attr_ns(ns::XBOSH, "version").map(str::to_owned),
        payloads: Vec::new(),
    };
    let bad = attributes.bad;
    body.payloads = element.into_children().collect();
    // `<uri/>` of see-other-uri is BOSH's own element, the only one (§17.2).
    for payload in body.payloads.iter_mut().filter(|payload| payload.name() != "uri") {
        adopt(payload);
    }
    Ok((body, bad))
}

struct Attributes<'a> {
    element: &'a Element,
    bad: Option<&'static str>,
}

impl Attributes<'_> {
    fn read<T>(&mut self, name: &'static str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.element.attr(name)?;
        let read = read(value);
        if read.is_none() && self.bad.is_none() {
            self.bad = Some(name);
        }
        read
    }
}

/// Many peers send stanzas without a namespace of their own and mean `jabber:client` (XEP-0206 §2). What inherited
/// the wrapper's namespace with them moves along. The reader bounds the depth.
fn adopt(element: &mut Element) {
    if element.ns() == ns::HTTPBIND {
        element.set_ns(ns::CLIENT);
        element.children_mut().for_each(adopt);
    }
}

/// `xs:boolean`.
fn is_true(value: Option<&str>) -> bool {
    matches!(value, Some("true" | "1"))
}

#[cfg(test)]
mod tests {
    use super::super::Rid;
    use super::*;

    fn request(text: &str) -> Result<Body, BodyError> {
        Body::read_request(text, &Limits::default())
    }

    #[test]
    fn example_1_of_section_7_1() {
        let body = request(
            "<body content='text/xml; charset=utf-8' from='user@example.com' hold='1' rid='1573741820' \
             to='example.com' route='xmpp:example.com:9999' ver='1.6' wait='60' ack='1' xml:lang='en' \
             xmpp:version='1.0' xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh'/>",
        )
        .expect("the example is right");
        assert_eq!(body.rid.map(Rid::value), Some(1_573_741_820));
        assert_eq!((body.hold, body.wait, body.ack), (Some(1), Some(60), Some(1)));
        assert_eq!(body.ver, Some(Version { major: 1, minor: 6 }));
        assert_eq!(body.lang.as_deref(), Some("en"));
        assert_eq!(body.version.as_deref(), Some("1.0"));
        assert_eq!(body.sid, None);
    }

    #[test]
    fn stanzas_in_the_wrappers_namespace_are_client_stanzas_xep_0206_section_2() {
        let body = request(
            "<body rid='1' xmlns='http://jabber.org/protocol/httpbind'><message><body>hi</body>\
             <x xmlns='urn:other'/></message></body>",
        )
        .expect("liberal");
        let message = &body.payloads[0];
        assert!(message.is("message", ns::CLIENT));
        assert!(message.child("body", ns::CLIENT).is_some());
        assert!(message.child("x", "urn:other").is_some());
        assert!(!message.to_xml().contains("httpbind"));
    }

    #[test]
    fn the_minor_version_is_an_integer_section_7_1() {
        assert!(Version::read("1.10") > Version::read("1.6"));
        assert_eq!(Version::read("1.x"), None);
    }

    #[test]
    fn a_bad_attribute_tells_whose_it_was() {
        let error = request("<body rid='x' sid='s1' xmlns='http://jabber.org/protocol/httpbind'/>").unwrap_err();
        assert_eq!(error, BodyError::Attribute { name: "rid", sid: Some("s1".into()) });
        assert_eq!(error.sid(), Some("s1"));
    }

    #[test]
    fn a_malformed_body_still_tells_its_sid() {
        let sniff = Body::sniff_sid("<body rid='1' sid='s1' xmlns='http://jabber.org/protocol/httpbind'><a></body>");
        assert_eq!(sniff.as_deref(), Some("s1"));
        assert_eq!(Body::sniff_sid("<html sid='s1'>"), None);
        assert_eq!(Body::sniff_sid("no tag"), None);
    }

    #[test]
    fn an_error_page_is_not_a_body() {
        assert_eq!(request("<html xmlns='http://www.w3.org/1999/xhtml'/>"), Err(BodyError::NotBody));
        assert!(matches!(request("<p>it works<br></p>"), Err(BodyError::Xml(_))));
    }
}
