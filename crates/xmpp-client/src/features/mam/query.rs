//! The elements of XEP-0313: the question, its results, its end.

use xmpp::ids::ArchiveId;
use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::stanza::Message;
use xmpp::time::Timestamp;
use xmpp::xml::Element;

use crate::features::delay::stamp;

/// Which part of the archive (XEP-0059).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Range<'a> {
    /// The oldest page after this message.
    After(&'a ArchiveId),
    /// The newest page before this message.
    Before(&'a ArchiveId),
    /// The newest page.
    Newest,
}

/// A result as it stands in its message.
pub(crate) struct Found<'a> {
    pub(crate) query_id: &'a str,
    pub(crate) id: ArchiveId,
    forwarded: &'a Element,
}

/// The end of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fin {
    /// Nothing is left in the direction of the question.
    pub(crate) complete: bool,
    pub(crate) first: Option<ArchiveId>,
    pub(crate) last: Option<ArchiveId>,
}

/// The question (§4.1), about one other side or all of them.
pub(crate) fn write(query_id: &str, with: Option<&BareJid>, range: Range<'_>, max: u16) -> Element {
    let field = |var: &'static str, value: &str| {
        let value = Element::new("value", ns::DATA_FORMS).with_text(value);
        Element::new("field", ns::DATA_FORMS).with_attr("var", var).with_child(value)
    };
    let mut form = Element::new("x", ns::DATA_FORMS)
        .with_attr("type", "submit")
        .with_child(field("FORM_TYPE", ns::MAM).with_attr("type", "hidden"));
    if let Some(with) = with {
        form.push(field("with", with.as_str()));
    }
    let (edge, id) = match range {
        Range::After(id) => ("after", id.as_str()),
        Range::Before(id) => ("before", id.as_str()),
        Range::Newest => ("before", ""),
    };
    let mut edge = Element::new(edge, ns::RSM);
    if !id.is_empty() {
        edge.push_text(id);
    }
    let set = Element::new("set", ns::RSM)
        .with_child(Element::new("max", ns::RSM).with_text(max.to_string()))
        .with_child(edge);
    Element::new("query", ns::MAM).with_attr("queryid", query_id).with_child(form).with_child(set)
}

/// The result in a message (§4.2).
pub(crate) fn result(message: &Message) -> Option<Found<'_>> {
    let result = message.child("result", ns::MAM)?;
    Some(Found {
        query_id: result.attr("queryid")?,
        id: result.attr("id").filter(|id| !id.is_empty()).map(ArchiveId::from)?,
        forwarded: result.child("forwarded", ns::FORWARD)?,
    })
}

impl Found<'_> {
    /// The archived message.
    pub(crate) fn message(&self) -> Option<&Element> {
        self.forwarded.child("message", ns::CLIENT)
    }

    /// When the archive got it.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        stamp(self.forwarded.children())
    }
}

/// Reads `<fin/>` (§4.4).
pub(crate) fn fin(element: &Element) -> Option<Fin> {
    if !element.is("fin", ns::MAM) {
        return None;
    }
    let set = element.child("set", ns::RSM);
    let edge = |name| set.and_then(|set| set.child(name, ns::RSM)).map(Element::text).filter(|id| !id.is_empty());
    Some(Fin {
        complete: matches!(element.attr("complete"), Some("true" | "1")),
        first: edge("first").map(ArchiveId::from),
        last: edge("last").map(ArchiveId::from),
    })
}
