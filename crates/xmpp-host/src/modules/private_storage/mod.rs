//! XEP-0049: Private XML Storage. One element per name and namespace, for the owner alone.

use xmpp::ns;
use xmpp::stanza::{Condition, IqKind, StanzaError};
use xmpp::xml::{self, Element};

use crate::modules::{Access, Answer, At, IqHandler, Module, Request};
use crate::storage::{OpResult, Query, Rows, StoreOp};

pub(crate) const NAME: &str = "private_storage";

/// How many elements one request may set.
const MAX_ELEMENTS: usize = 20;

pub(crate) struct PrivateStorage;

impl Module for PrivateStorage {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            At::Domain => &[ns::PRIVATE],
            At::Account => &[],
        }
    }

    fn iq_handlers(&self) -> &'static [IqHandler] {
        &[
            IqHandler {
                name: "query",
                ns: ns::PRIVATE,
                set: false,
                at: At::Account,
                access: Access::Owner,
                handle: read,
            },
            IqHandler {
                name: "query",
                ns: ns::PRIVATE,
                set: true,
                at: At::Account,
                access: Access::Owner,
                handle: write,
            },
        ]
    }
}

/// §3, rules: an element needs a namespace of its own.
fn storable(element: &Element) -> bool {
    !element.ns().is_empty() && !matches!(element.ns(), ns::PRIVATE | ns::CLIENT | ns::SERVER | ns::ROSTER)
}

fn read(request: &Request<'_>, payload: &Element) -> Answer {
    let mut children = payload.children();
    let (Some(wanted), None) = (children.next(), children.next()) else {
        return Answer::Error(StanzaError::from(Condition::BadRequest));
    };
    if !storable(wanted) {
        return Answer::Error(StanzaError::from(Condition::NotAcceptable));
    }
    if request.anonymous {
        return found(wanted.clone());
    }
    let query =
        Query::Private { owner: request.account.clone(), name: wanted.name().to_owned(), ns: wanted.ns().to_owned() };
    Answer::Load { query, memo: None, then: loaded }
}

fn loaded(request: &Request<'_>, rows: Rows) -> Answer {
    let (IqKind::Get(payload) | IqKind::Set(payload)) = &request.iq.kind else { return Answer::Nothing };
    let stored = match rows {
        Rows::Private(Some(text)) => xml::parse(&text).ok(),
        // What was never stored is answered as it was asked: empty.
        Rows::Private(None) => payload.children().next().cloned(),
        _ => None,
    };
    match stored {
        Some(element) => found(element),
        None => Answer::Error(StanzaError::from(Condition::InternalServerError)),
    }
}

fn found(element: Element) -> Answer {
    Answer::Result(Some(Element::new("query", ns::PRIVATE).with_child(element)))
}

fn write(request: &Request<'_>, payload: &Element) -> Answer {
    let elements: Vec<&Element> = payload.children().collect();
    if elements.is_empty() || elements.len() > MAX_ELEMENTS {
        return Answer::Error(StanzaError::from(Condition::BadRequest));
    }
    if !elements.iter().all(|element| storable(element)) {
        return Answer::Error(StanzaError::from(Condition::NotAcceptable));
    }
    if request.anonymous {
        return Answer::Error(StanzaError::from(Condition::NotAllowed));
    }
    let quota = request.config.limits.private_bytes as u64;
    let put = |element: &&Element| StoreOp::PrivatePut {
        owner: request.account.clone(),
        name: element.name().to_owned(),
        ns: element.ns().to_owned(),
        xml: element.to_xml(),
        quota,
    };
    Answer::Store { ops: elements.iter().map(put).collect(), then: written }
}

fn written(_: &Request<'_>, _: Vec<OpResult>) -> Answer {
    Answer::Result(None)
}
