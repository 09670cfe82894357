//! [`Element`] to [`Stanza`]. A malformed stanza is an error that can be answered, and never loses its stream.

use super::{
    Condition, Iq, IqKind, Message, MessageType, Presence, PresenceType, Stanza, StanzaError, read_id, set_common,
};
use crate::jid::Jid;
use crate::ns;
use crate::payload::{Payload, TextValue};
use crate::xml::Element;

/// What is wrong with a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StanzaFault {
    /// Not a message, presence or iq of `jabber:client`. On a stream this is a stream error (RFC 6120 §4.9.3.24).
    #[error("this is not a stanza")]
    NotAStanza,
    /// The sender's address is not a JID.
    #[error("from is not a jid")]
    From,
    /// The addressee's address is not a JID (RFC 6120 §8.3.3.8).
    #[error("to is not a jid")]
    To,
    /// The type is not one that this kind of stanza may have.
    #[error("bad type")]
    Type,
    /// An iq without id (RFC 6120 §8.2.3).
    #[error("the iq has no id")]
    NoId,
    /// A request must have exactly one child, a result at most one (RFC 6120 §8.2.3).
    #[error("the iq has the wrong number of children")]
    Children,
}

/// A stanza that cannot be understood, with all that is needed to answer it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct StanzaParseError {
    /// What is wrong.
    pub fault: StanzaFault,
    /// The stanza as it came.
    pub element: Element,
}

impl StanzaParseError {
    /// The condition that answers the fault.
    pub fn condition(&self) -> Condition {
        match self.fault {
            StanzaFault::From | StanzaFault::To => Condition::JidMalformed,
            _ => Condition::BadRequest,
        }
    }

    /// The error stanza that answers the fault, back to the sender as far as there is an address to use. `None` for
    /// what must not be answered: errors, results and what is no stanza.
    pub fn reply(&self) -> Option<Element> {
        let type_ = self.element.attr("type").unwrap_or_default();
        let name = match self.element.name() {
            "message" => "message",
            "presence" => "presence",
            "iq" if type_ != "result" => "iq",
            _ => return None,
        };
        if type_ == "error" || self.element.ns() != ns::CLIENT {
            return None;
        }
        let mut reply = Element::new(name, ns::CLIENT);
        let [from, to] = ["from", "to"].map(|name| self.element.attr(name).and_then(Jid::from_text));
        set_common(&mut reply, to.as_ref(), from.as_ref(), self.element.attr("id"));
        Some(reply.with_attr("type", "error").with_child(StanzaError::from(self.condition()).write()))
    }
}

impl TryFrom<Element> for Stanza {
    type Error = StanzaParseError;

    fn try_from(element: Element) -> Result<Self, StanzaParseError> {
        match read_addresses(&element) {
            Ok((from, to)) if element.ns() == ns::CLIENT => match element.name() {
                "message" => Ok(Stanza::Message(message(element, from, to))),
                "presence" => presence(element, from, to).map(Stanza::Presence),
                "iq" => iq(element, from, to).map(Stanza::Iq),
                _ => Err(StanzaParseError { fault: StanzaFault::NotAStanza, element }),
            },
            Err(fault) if element.ns() == ns::CLIENT => Err(StanzaParseError { fault, element }),
            _ => Err(StanzaParseError { fault: StanzaFault::NotAStanza, element }),
        }
    }
}

fn read_addresses(element: &Element) -> Result<(Option<Jid>, Option<Jid>), StanzaFault> {
    let read = |name, fault| element.attr(name).map(|text| Jid::from_text(text).ok_or(fault)).transpose();
    Ok((read("from", StanzaFault::From)?, read("to", StanzaFault::To)?))
}

fn message(element: Element, from: Option<Jid>, to: Option<Jid>) -> Message {
    // RFC 6121 §5.2.2: an unknown type is treated as normal.
    let type_ = element.attr("type").and_then(MessageType::from_text).unwrap_or(MessageType::Normal);
    let lang = element.lang().map(String::from);
    Message { from, to, id: read_id(&element), type_, lang, payloads: element.into_children().collect() }
}

fn presence(element: Element, from: Option<Jid>, to: Option<Jid>) -> Result<Presence, StanzaParseError> {
    let type_ = match element.attr("type").map(PresenceType::from_text) {
        None => PresenceType::Available,
        // Available is the absence of a type; nobody may say it (RFC 6121 §4.7.1).
        Some(Some(PresenceType::Available) | None) => {
            return Err(StanzaParseError { fault: StanzaFault::Type, element });
        }
        Some(Some(type_)) => type_,
    };
    let lang = element.lang().map(String::from);
    Ok(Presence { from, to, id: read_id(&element), type_, lang, payloads: element.into_children().collect() })
}

fn iq(element: Element, from: Option<Jid>, to: Option<Jid>) -> Result<Iq, StanzaParseError> {
    let kind = match element.attr("type") {
        Some("get") => only_child(&element).map(IqKind::Get),
        Some("set") => only_child(&element).map(IqKind::Set),
        Some("result") => at_most_one_child(&element).map(IqKind::Result),
        Some("error") => {
            let payloads: Vec<Element> = element.children().cloned().collect();
            Ok(IqKind::Error(StanzaError::among(&payloads)))
        }
        _ => Err(StanzaFault::Type),
    };
    match (kind, read_id(&element)) {
        (_, None) => Err(StanzaParseError { fault: StanzaFault::NoId, element }),
        (Err(fault), _) => Err(StanzaParseError { fault, element }),
        (Ok(kind), Some(id)) => Ok(Iq { from, to, id, kind }),
    }
}

fn at_most_one_child(element: &Element) -> Result<Option<Element>, StanzaFault> {
    let mut children = element.children();
    let first = children.next().cloned();
    if children.next().is_none() { Ok(first) } else { Err(StanzaFault::Children) }
}

fn only_child(element: &Element) -> Result<Element, StanzaFault> {
    at_most_one_child(element)?.ok_or(StanzaFault::Children)
}
