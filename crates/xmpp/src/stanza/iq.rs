//! Info/query: a request and exactly one answer (RFC 6120 §8.2.3).

use super::{StanzaError, set_common};
use crate::ids::IqId;
use crate::jid::Jid;
use crate::ns;
use crate::payload::{Payload, PayloadError};
use crate::xml::Element;

/// An info/query stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iq {
    /// The sender.
    pub from: Option<Jid>,
    /// The addressee; none is the sender's own account.
    pub to: Option<Jid>,
    /// What joins request and answer.
    pub id: IqId,
    /// Request or answer.
    pub kind: IqKind,
}

/// What an info/query says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "short-lived; most are requests or results, which are of one size")]
pub enum IqKind {
    /// Asks for information.
    Get(Element),
    /// Gives information or asks for a change.
    Set(Element),
    /// The request succeeded.
    Result(Option<Element>),
    /// The request failed.
    Error(StanzaError),
}

impl Iq {
    /// A request for information.
    pub fn get(id: IqId, to: Option<Jid>, payload: impl Payload) -> Self {
        Self { from: None, to, id, kind: IqKind::Get(payload.write()) }
    }

    /// A request for a change.
    pub fn set(id: IqId, to: Option<Jid>, payload: impl Payload) -> Self {
        Self { from: None, to, id, kind: IqKind::Set(payload.write()) }
    }

    /// An answer.
    pub fn result(id: IqId, to: Option<Jid>, payload: Option<Element>) -> Self {
        Self { from: None, to, id, kind: IqKind::Result(payload) }
    }

    /// A refusal.
    pub fn error(id: IqId, to: Option<Jid>, error: StanzaError) -> Self {
        Self { from: None, to, id, kind: IqKind::Error(error) }
    }

    /// Whether this is a request, which must be answered.
    pub fn is_request(&self) -> bool {
        matches!(self.kind, IqKind::Get(_) | IqKind::Set(_))
    }

    /// The child that says what this is about.
    pub fn element(&self) -> Option<&Element> {
        match &self.kind {
            IqKind::Get(element) | IqKind::Set(element) => Some(element),
            IqKind::Result(element) => element.as_ref(),
            IqKind::Error(_) => None,
        }
    }

    /// The payload of a request or result, if it is of this type.
    pub fn payload<P: Payload>(&self) -> Option<Result<P, PayloadError>> {
        self.element().filter(|e| P::matches(e)).map(P::read)
    }

    /// The successful answer to this request, back to its sender.
    pub fn reply_result(&self, payload: Option<Element>) -> Iq {
        self.reply(IqKind::Result(payload))
    }

    /// The failed answer to this request, back to its sender.
    pub fn reply_error(&self, error: StanzaError) -> Iq {
        self.reply(IqKind::Error(error))
    }

    fn reply(&self, kind: IqKind) -> Iq {
        Iq { from: self.to.clone(), to: self.from.clone(), id: self.id.clone(), kind }
    }
}

impl From<Iq> for Element {
    fn from(iq: Iq) -> Self {
        let (type_, child) = match iq.kind {
            IqKind::Get(element) => ("get", Some(element)),
            IqKind::Set(element) => ("set", Some(element)),
            IqKind::Result(element) => ("result", element),
            IqKind::Error(error) => ("error", Some(error.write())),
        };
        let mut element = Element::new("iq", ns::CLIENT);
        set_common(&mut element, iq.from.as_ref(), iq.to.as_ref(), Some(iq.id.as_str()));
        element.with_attr("type", type_).with_children(child)
    }
}
