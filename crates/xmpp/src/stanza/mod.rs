//! The three stanzas (RFC 6120 §8) and the two kinds of protocol error.
//!
//! A stanza keeps all its children as elements, so that nothing is lost that this build has no type for; typed access is
//! on demand. Protocol errors are values that travel, not Rust errors.

mod condition;
mod iq;
mod message;
mod parse;
mod presence;
mod stanza_error;
mod stream_error;

pub use condition::{Condition, ErrorType, StreamCondition};
pub use iq::{Iq, IqKind};
pub use message::{Message, MessageType};
pub use parse::{StanzaFault, StanzaParseError};
pub use presence::{Presence, PresenceType, Show};
pub use stanza_error::StanzaError;
pub use stream_error::StreamError;

use crate::jid::Jid;
use crate::payload::TextValue;
use crate::xml::Element;

/// Any stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stanza {
    /// A message (RFC 6120 §8.2.1).
    Message(Message),
    /// A presence (RFC 6120 §8.2.2).
    Presence(Presence),
    /// An info/query (RFC 6120 §8.2.3).
    Iq(Iq),
}

impl Stanza {
    /// The sender.
    pub fn from(&self) -> Option<&Jid> {
        match self {
            Stanza::Message(message) => message.from.as_ref(),
            Stanza::Presence(presence) => presence.from.as_ref(),
            Stanza::Iq(iq) => iq.from.as_ref(),
        }
    }

    /// The addressee.
    pub fn to(&self) -> Option<&Jid> {
        match self {
            Stanza::Message(message) => message.to.as_ref(),
            Stanza::Presence(presence) => presence.to.as_ref(),
            Stanza::Iq(iq) => iq.to.as_ref(),
        }
    }

    /// Sets or clears the sender.
    pub fn set_from(&mut self, from: Option<Jid>) {
        match self {
            Stanza::Message(message) => message.from = from,
            Stanza::Presence(presence) => presence.from = from,
            Stanza::Iq(iq) => iq.from = from,
        }
    }

    /// Sets or clears the addressee.
    pub fn set_to(&mut self, to: Option<Jid>) {
        match self {
            Stanza::Message(message) => message.to = to,
            Stanza::Presence(presence) => presence.to = to,
            Stanza::Iq(iq) => iq.to = to,
        }
    }
}

impl From<Message> for Stanza {
    fn from(message: Message) -> Self {
        Stanza::Message(message)
    }
}

impl From<Presence> for Stanza {
    fn from(presence: Presence) -> Self {
        Stanza::Presence(presence)
    }
}

impl From<Iq> for Stanza {
    fn from(iq: Iq) -> Self {
        Stanza::Iq(iq)
    }
}

impl From<Stanza> for Element {
    fn from(stanza: Stanza) -> Self {
        match stanza {
            Stanza::Message(message) => message.into(),
            Stanza::Presence(presence) => presence.into(),
            Stanza::Iq(iq) => iq.into(),
        }
    }
}

/// The attributes that all stanzas share (RFC 6120 §8.1).
fn set_common(element: &mut Element, from: Option<&Jid>, to: Option<&Jid>, id: Option<&str>) {
    let common = [("from", from.map(Jid::as_str)), ("to", to.map(Jid::as_str)), ("id", id)];
    for (name, value) in common {
        if let Some(value) = value {
            element.set_attr(name, value);
        }
    }
}

/// The best of several texts in different languages: the one in `lang`, else the first without a language, else the
/// first (RFC 6121 §5.2.3 leaves the choice open).
fn choose_text(elements: &[Element], name: &str, lang: Option<&str>) -> Option<String> {
    let mut best: Option<(u8, &Element)> = None;
    for element in elements.iter().filter(|e| e.is(name, crate::ns::CLIENT)) {
        let rank = match element.lang() {
            own if own.is_some() && own == lang => 2,
            None => 1,
            Some(_) => 0,
        };
        if best.is_none_or(|(other, _)| rank > other) {
            best = Some((rank, element));
        }
    }
    best.map(|(_, element)| element.text())
}

/// An id attribute.
fn read_id<T: TextValue>(element: &Element) -> Option<T> {
    element.attr("id").and_then(T::from_text)
}

#[cfg(test)]
mod tests;
