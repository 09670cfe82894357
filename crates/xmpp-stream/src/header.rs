//! The stream header (RFC 6120 §4.7), in its two spellings: `<stream:stream>` on TCP and `<open/>` in WebSocket frames.

use xmpp::ns;
use xmpp::xml::Element;

/// The attributes of a stream header, whichever way it was spelled. BOSH carries the same values on `<body/>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamHeader {
    /// The domain the initiator wants to speak to.
    pub to: Option<String>,
    /// Who is speaking: the domain in a reply, the account's bare JID in a client's second header.
    pub from: Option<String>,
    /// The stream id, given by the receiving side only.
    pub id: Option<String>,
    /// `xml:lang`, the default language of the stream's texts.
    pub lang: Option<String>,
    /// The XMPP version; `1.0` for everything this crate speaks.
    pub version: Option<String>,
}

impl StreamHeader {
    /// Reads a `<stream:stream>` or an `<open/>`; `None` when the element is neither.
    #[must_use]
    pub fn read(element: &Element) -> Option<StreamHeader> {
        if !element.is("open", ns::FRAMING) && !element.is("stream", ns::STREAM) {
            return None;
        }
        let text = |name| element.attr(name).map(str::to_owned);
        Some(StreamHeader {
            to: text("to"),
            from: text("from"),
            id: text("id"),
            lang: element.lang().map(str::to_owned),
            version: text("version"),
        })
    }

    /// The `<open/>` of RFC 7395 §3.3.2, as the text of one WebSocket message.
    #[must_use]
    pub fn to_websocket(&self) -> String {
        self.element("open", ns::FRAMING).to_xml()
    }

    /// The start tag of RFC 6120 §4.2, with its XML declaration.
    #[must_use]
    pub fn to_tcp(&self) -> String {
        let mut out = String::from("<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='");
        out.push_str(ns::STREAM);
        // The attributes come from a written element, so that escaping exists once: `<a …/>` without its name and end.
        let element = self.element("a", "").to_xml();
        let attributes = element.trim_start_matches("<a").trim_end_matches("/>").trim_end();
        out.push('\'');
        if !attributes.is_empty() && !attributes.starts_with(' ') {
            out.push(' ');
        }
        out.push_str(attributes);
        out.push('>');
        out
    }

    /// RFC 6120 §4.7.5: only a version of at least 1.0 has stream features.
    #[must_use]
    pub fn is_version_1(&self) -> bool {
        let major = self.version.as_deref().and_then(|v| v.split('.').next()).and_then(|m| m.parse::<u32>().ok());
        major.is_some_and(|major| major >= 1)
    }

    fn element(&self, name: &'static str, ns: &'static str) -> Element {
        let mut element = Element::new(name, ns)
            .with_opt_attr("to", self.to.clone())
            .with_opt_attr("from", self.from.clone())
            .with_opt_attr("id", self.id.clone())
            .with_opt_attr("version", self.version.clone());
        if let Some(lang) = &self.lang {
            element.set_attr_ns(ns::XML, "lang", lang.clone());
        }
        element
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_say_the_same() {
        let header = StreamHeader {
            to: Some("im.example".to_owned()),
            from: Some("o'hara@im.example".to_owned()),
            id: Some("<&\"'/>".to_owned()),
            lang: Some("de".to_owned()),
            version: Some("1.0".to_owned()),
        };
        let tcp = xmpp::xml::parse_start(&header.to_tcp()).expect("a start tag");
        assert_eq!(StreamHeader::read(&tcp).as_ref(), Some(&header));
        let open = xmpp::xml::parse(&header.to_websocket()).expect("an element");
        assert_eq!(StreamHeader::read(&open), Some(header));
        let empty = StreamHeader::default();
        let tcp = xmpp::xml::parse_start(&empty.to_tcp()).expect("a start tag");
        assert_eq!(StreamHeader::read(&tcp), Some(empty));
    }

    #[test]
    fn versions() {
        let of = |version: &str| StreamHeader { version: Some(version.to_owned()), ..StreamHeader::default() };
        assert!(
            of("1.0").is_version_1()
                && of("1.1").is_version_1()
                && of("2.0").is_version_1()
                && of("11.0").is_version_1()
        );
        assert!(!of("0.9").is_version_1() && !of("x").is_version_1() && !StreamHeader::default().is_version_1());
    }
}
