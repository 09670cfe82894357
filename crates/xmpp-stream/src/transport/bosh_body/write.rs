//! [`Body`] to text.

use xmpp::{Element, ns};

use super::{Body, BodyType, Version};

/// One payload as it stands inside a `<body/>`.
pub(crate) fn payload_xml(element: &Element) -> String {
    let mut out = String::new();
    element.write_to(&mut out, ns::HTTPBIND);
    out
}

impl Body {
    /// The body as XML.
    pub fn to_xml(&self) -> String {
        let payloads: Vec<String> = self.payloads.iter().map(payload_xml).collect();
        self.to_xml_with(payloads.iter().map(String::as_str))
    }

    /// The body with payloads that were written by [`payload_xml`] before; its own `payloads` are left out.
    pub(crate) fn to_xml_with<'a>(&self, payloads: impl Iterator<Item = &'a str> + Clone) -> String {
        let mut out = self.head().to_xml();
        if payloads.clone().next().is_none() {
            return out;
        }
        // An element without content ends in "/>".
        out.truncate(out.len().saturating_sub(2));
        // XEP-0206 §2: this declaration belongs on the wrapper, and simple clients look for the prefix.
        if payloads.clone().any(|payload| payload.starts_with("<stream:")) {
            out.push_str(" xmlns:stream='");
            out.push_str(ns::STREAM);
            out.push('\'');
        }
        out.push('>');
        out.extend(payloads);
        out.push_str("</body>");
        out
    }

    fn head(&self) -> Element {
        let mut head = Element::new("body", ns::HTTPBIND);
        let mut text = |name: &'static str, value: &Option<String>| {
            if let Some(value) = value {
                head.set_attr(name, value.as_str());
            }
        };
        text("sid", &self.sid);
        text("to", &self.to);
        text("from", &self.from);
        text("content", &self.content);
        let mut number = |name: &'static str, value: Option<u64>| {
            if let Some(value) = value {
                head.set_attr(name, value.to_string());
            }
        };
        number("rid", self.rid.map(super::Rid::value));
        number("wait", self.wait);
        number("hold", self.hold);
        number("requests", self.requests);
        number("inactivity", self.inactivity);
        number("polling", self.polling);
        number("maxpause", self.maxpause);
        number("pause", self.pause);
        number("ack", self.ack);
        number("report", self.report);
        number("time", self.time);
        if let Some(Version { major, minor }) = self.ver {
            head.set_attr("ver", format!("{major}.{minor}"));
        }
        match self.type_ {
            Some(BodyType::Terminate) => head.set_attr("type", "terminate"),
            Some(BodyType::Error) => head.set_attr("type", "error"),
            None => {}
        }
        if let Some(condition) = self.condition {
            head.set_attr("condition", condition.as_str());
        }
        if let Some(lang) = &self.lang {
            head.set_attr_ns(ns::XML, "lang", lang.as_str());
        }
        if self.restart {
            head.set_attr_ns(ns::XBOSH, "restart", "true");
        }
        if self.restartlogic {
            head.set_attr_ns(ns::XBOSH, "restartlogic", "true");
        }
        if let Some(version) = &self.version {
            head.set_attr_ns(ns::XBOSH, "version", version.as_str());
        }
        head
    }
}

#[cfg(test)]
mod tests {
    use xmpp::xml::Limits;

    use super::super::{Condition, Rid};
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let body = Body {
            rid: Rid::new(7),
            sid: Some("a'b<c>".into()),
            lang: Some("de".into()),
            ver: Some(Version::OURS),
            wait: Some(55),
            ack: Some(6),
            type_: Some(BodyType::Terminate),
            condition: Some(Condition::SystemShutdown),
            restart: true,
            version: Some("1.0".into()),
            payloads: vec![
                Element::new("message", ns::CLIENT).with_child(Element::new("body", ns::CLIENT).with_text("<&>")),
            ],
            ..Body::default()
        };
        assert_eq!(Body::read_request(&body.to_xml(), &Limits::default()), Ok(body));
    }

    #[test]
    fn features_declare_the_stream_prefix_on_the_wrapper_xep_0206_section_2() {
        let features = Element::new("features", ns::STREAM);
        let text = Body { payloads: vec![features], ..Body::default() }.to_xml();
        let wrapper = text.split_once('>').map(|(wrapper, _)| wrapper);
        assert!(
            wrapper.is_some_and(|wrapper| wrapper.contains("xmlns:stream='http://etherx.jabber.org/streams'")),
            "{text}"
        );
        assert!(text.contains("<stream:features"), "{text}");
        assert!(Body::read_response(&text, &Limits::default()).is_ok());
    }
}
