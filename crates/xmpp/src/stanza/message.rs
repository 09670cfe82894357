//! Messages (RFC 6121 §5).

use super::{StanzaError, choose_text, set_common};
use crate::ids::MessageId;
use crate::jid::Jid;
use crate::ns;
use crate::payload::{Payload, PayloadError};
use crate::text_enum;
use crate::xml::Element;

text_enum! {
    /// What kind of conversation a message belongs to (RFC 6121 §5.2.2).
    pub enum MessageType {
        /// A single message outside a conversation; the default, and what an unknown type means.
        Normal = "normal",
        /// One-to-one conversation.
        Chat = "chat",
        /// In a room.
        Groupchat = "groupchat",
        /// A broadcast that wants no answer.
        Headline = "headline",
        /// A message of the same id could not be delivered.
        Error = "error",
    }
}

/// A message stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The sender.
    pub from: Option<Jid>,
    /// The addressee.
    pub to: Option<Jid>,
    /// The sender's id for it.
    pub id: Option<MessageId>,
    /// What kind of conversation it belongs to.
    pub type_: MessageType,
    /// The language of what people read in it.
    pub lang: Option<String>,
    /// All children, in order.
    pub payloads: Vec<Element>,
}

impl Message {
    /// An empty message to nobody.
    pub fn new(type_: MessageType) -> Self {
        Self { from: None, to: None, id: None, type_, lang: None, payloads: Vec::new() }
    }

    /// An empty message in a one-to-one conversation.
    pub fn chat(to: impl Into<Jid>) -> Self {
        Self { to: Some(to.into()), ..Self::new(MessageType::Chat) }
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
    pub fn with_id(mut self, id: MessageId) -> Self {
        self.id = Some(id);
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn with_body(self, body: impl Into<String>) -> Self {
        self.with_element(Element::new("body", ns::CLIENT).with_text(body))
    }

    /// The same with a thread id (RFC 6121 §5.2.5).
    #[must_use]
    pub fn with_thread(self, thread: impl Into<String>) -> Self {
        self.with_element(Element::new("thread", ns::CLIENT).with_text(thread))
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

    /// The text of the message. Of several languages, the stanza's own; see [`body_in`](Self::body_in).
    pub fn body(&self) -> Option<String> {
        self.body_in(self.lang.as_deref())
    }

    /// The text of the message, in this language if there are several.
    pub fn body_in(&self, lang: Option<&str>) -> Option<String> {
        choose_text(&self.payloads, "body", lang)
    }

    /// The subject; an empty one clears a room's subject.
    pub fn subject(&self) -> Option<String> {
        choose_text(&self.payloads, "subject", self.lang.as_deref())
    }

    /// The id of the thread of conversation it belongs to (RFC 6121 §5.2.5).
    pub fn thread(&self) -> Option<String> {
        self.child("thread", ns::CLIENT).map(Element::text)
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
        (self.type_ == MessageType::Error).then(|| StanzaError::among(&self.payloads))
    }

    /// The answer that this message could not be delivered (RFC 6120 §8.3.1), without the original content. An error
    /// must not be answered by an error: then `None`.
    pub fn reply_error(&self, error: StanzaError) -> Option<Message> {
        (self.type_ != MessageType::Error).then(|| Message {
            from: self.to.clone(),
            to: self.from.clone(),
            id: self.id.clone(),
            ..Message::new(MessageType::Error).with(error)
        })
    }
}

impl From<Message> for Element {
    fn from(message: Message) -> Self {
        let mut element = Element::new("message", ns::CLIENT);
        let id = message.id.as_ref().map(MessageId::as_str);
        set_common(&mut element, message.from.as_ref(), message.to.as_ref(), id);
        if message.type_ != MessageType::Normal {
            element.set_attr("type", message.type_.as_str());
        }
        if let Some(lang) = message.lang {
            element.set_attr_ns(ns::XML, "lang", lang);
        }
        element.with_children(message.payloads)
    }
}
