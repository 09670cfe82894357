//! Presence (RFC 6121 §3 and §4).

use super::{StanzaError, choose_text, set_common};
use crate::ids::PresenceId;
use crate::jid::Jid;
use crate::ns;
use crate::payload::{Payload, PayloadError, TextValue};
use crate::text_enum;
use crate::xml::Element;

text_enum! {
    /// What a presence stanza is for (RFC 6121 §4.7.1).
    pub enum PresenceType {
        /// Available; on the wire, no type at all.
        Available = "available",
        /// No longer available.
        Unavailable = "unavailable",
        /// Asks to be subscribed.
        Subscribe = "subscribe",
        /// Grants a subscription.
        Subscribed = "subscribed",
        /// Ends the own subscription.
        Unsubscribe = "unsubscribe",
        /// Ends or refuses someone else's subscription.
        Unsubscribed = "unsubscribed",
        /// A server asks for current presence.
        Probe = "probe",
        /// A presence of the same id could not be delivered.
        Error = "error",
    }

    /// How available (RFC 6121 §4.7.2.1). Absent is plainly available.
    pub enum Show {
        /// Temporarily away.
        Away = "away",
        /// Actively interested in chatting.
        Chat = "chat",
        /// Do not disturb.
        Dnd = "dnd",
        /// Away for an extended period.
        Xa = "xa",
    }
}

/// A presence stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The sender.
    pub from: Option<Jid>,
    /// The addressee; none is a broadcast.
    pub to: Option<Jid>,
    /// The sender's id for it.
    pub id: Option<PresenceId>,
    /// What it is for.
    pub type_: PresenceType,
    /// The language of what people read in it.
    pub lang: Option<String>,
    /// All children, in order.
    pub payloads: Vec<Element>,
}

impl Presence {
    /// An empty presence to nobody in particular.
    pub fn new(type_: PresenceType) -> Self {
        Self { from: None, to: None, id: None, type_, lang: None, payloads: Vec::new() }
    }

    /// Plainly available.
    pub fn available() -> Self {
        Self::new(PresenceType::Available)
    }

    /// No longer available.
    pub fn unavailable() -> Self {
        Self::new(PresenceType::Unavailable)
    }

    /// The same to someone.
    #[must_use]
    pub fn with_to(mut self, to: impl Into<Jid>) -> Self {
        self.to = Some(to.into());
        self
    }

    /// The same from someone.
    #[must_use]
    pub fn with_from(mut self, from: impl Into<Jid>) -> Self {
        self.from = Some(from.into());
        self
    }

    /// The same with an id.
    #[must_use]
    pub fn with_id(mut self, id: PresenceId) -> Self {
        self.id = Some(id);
        self
    }

    /// The same with a degree of availability, in place of the one it had.
    #[must_use]
    pub fn with_show(self, show: Option<Show>) -> Self {
        self.with_text_child("show", show.map(|show| show.as_str().into()))
    }

    /// The same with a text for people, in place of the one it had.
    #[must_use]
    pub fn with_status(self, status: Option<String>) -> Self {
        self.with_text_child("status", status)
    }

    /// The same with a priority, in place of the one it had. Zero is the default and not written.
    #[must_use]
    pub fn with_priority(self, priority: i8) -> Self {
        self.with_text_child("priority", (priority != 0).then(|| priority.to_string()))
    }

    /// The same with a payload more.
    #[must_use]
    pub fn with(self, payload: impl Payload) -> Self {
        self.with_element(payload.write())
    }

    /// The same with a child more.
    #[must_use]
    pub fn with_element(mut self, element: Element) -> Self {
        self.payloads.push(element);
        self
    }

    /// How available. Absent, and a word that the RFC does not define, is plainly available.
    pub fn show(&self) -> Option<Show> {
        self.child("show", ns::CLIENT).and_then(|e| Show::from_text(e.text().trim()))
    }

    /// The text for people.
    pub fn status(&self) -> Option<String> {
        choose_text(&self.payloads, "status", self.lang.as_deref())
    }

    /// The priority among the resources of an account (RFC 6121 §4.7.2.3). Absent or bad is zero.
    pub fn priority(&self) -> i8 {
        self.child("priority", ns::CLIENT).and_then(|e| i8::from_text(&e.text())).unwrap_or(0)
    }

    /// The first child of this name and namespace.
    pub fn child(&self, name: &str, ns: &str) -> Option<&Element> {
        self.payloads.iter().find(|e| e.is(name, ns))
    }

    /// The first payload of a type, if there is one.
    pub fn payload<P: Payload>(&self) -> Option<Result<P, PayloadError>> {
        P::find(&self.payloads)
    }

    /// The error, if the type is error.
    pub fn error(&self) -> Option<StanzaError> {
        (self.type_ == PresenceType::Error).then(|| StanzaError::among(&self.payloads))
    }

    /// The answer that this presence could not be delivered. An error must not be answered by an error: then `None`.
    pub fn reply_error(&self, error: StanzaError) -> Option<Presence> {
        (self.type_ != PresenceType::Error).then(|| Presence {
            from: self.to.clone(),
            to: self.from.clone(),
            id: self.id.clone(),
            ..Presence::new(PresenceType::Error).with(error)
        })
    }

    fn with_text_child(mut self, name: &'static str, text: Option<String>) -> Self {
        self.payloads.retain(|e| !e.is(name, ns::CLIENT));
        match text {
            Some(text) => self.with_element(Element::new(name, ns::CLIENT).with_text(text)),
            None => self,
        }
    }
}

impl From<Presence> for Element {
    fn from(presence: Presence) -> Self {
        let mut element = Element::new("presence", ns::CLIENT);
        let id = presence.id.as_ref().map(PresenceId::as_str);
        set_common(&mut element, presence.from.as_ref(), presence.to.as_ref(), id);
        if presence.type_ != PresenceType::Available {
            element.set_attr("type", presence.type_.as_str());
        }
        if let Some(lang) = presence.lang {
            element.set_attr_ns(ns::XML, "lang", lang);
        }
        element.with_children(presence.payloads)
    }
}
