//! XEP-0054: vcard-temp. The host keeps the card and hands it out for the account; it does not look into it.

use xmpp::ns;
use xmpp::stanza::{Condition, ErrorType, StanzaError};
use xmpp::xml::{self, Element};

use crate::modules::pep::request::NodeRequest;
use crate::modules::{Access, Answer, At, IqHandler, Module, Request};
use crate::storage::{OpResult, Query, Rows, StoreOp};

pub(crate) const NAME: &str = "vcard_temp";

pub(crate) struct VcardTemp;

impl Module for VcardTemp {
    fn features(&self, _: At) -> &'static [&'static str] {
        &[ns::VCARD]
    }

    fn iq_handlers(&self) -> &'static [IqHandler] {
        &[
            IqHandler {
                name: "vCard",
                ns: ns::VCARD,
                set: false,
                at: At::Account,
                access: Access::Anyone,
                handle: read,
            },
            IqHandler {
                name: "vCard",
                ns: ns::VCARD,
                set: true,
                at: At::Account,
                access: Access::Owner,
                handle: write,
            },
        ]
    }
}

fn read(request: &Request<'_>, _: &Element) -> Answer {
    if request.anonymous {
        return Answer::Result(Some(Element::new("vCard", ns::VCARD)));
    }
    if request.registry.policy().avatars {
        return Answer::Node(Box::new(NodeRequest::Card));
    }
    Answer::Load { query: Query::Vcard(request.account.clone()), memo: None, then: loaded }
}

pub(crate) fn loaded(request: &Request<'_>, rows: Rows) -> Answer {
    match rows {
        Rows::Vcard(Some(text)) => match xml::parse(&text) {
            Ok(card) => Answer::Result(Some(card)),
            Err(error) => {
                tracing::error!(account = %request.account, %error, "a stored vCard cannot be read");
                Answer::Error(StanzaError::from(Condition::InternalServerError))
            }
        },
        // §3.1: no card. The owner gets an empty one, so that there is something to fill in.
        Rows::Vcard(None) if request.owner => Answer::Result(Some(Element::new("vCard", ns::VCARD))),
        Rows::Vcard(None) => Answer::Error(StanzaError::from(Condition::ItemNotFound)),
        Rows::NoSuchAccount => Answer::Error(StanzaError::from(Condition::ServiceUnavailable)),
        _ => Answer::Error(StanzaError::from(Condition::InternalServerError)),
    }
}

fn write(request: &Request<'_>, payload: &Element) -> Answer {
    if request.anonymous {
        return Answer::Error(StanzaError::from(Condition::NotAllowed));
    }
    let xml = payload.to_xml();
    if xml.len() > request.config.limits.vcard_bytes {
        let error = StanzaError::new(ErrorType::Modify, Condition::NotAcceptable).with_text("the vCard is too large");
        return Answer::Error(error);
    }
    if request.registry.policy().avatars {
        return Answer::Node(Box::new(NodeRequest::PutCard { card: payload.clone() }));
    }
    Answer::Store { ops: vec![StoreOp::VcardPut { owner: request.account.clone(), xml }], then: written }
}

fn written(_: &Request<'_>, _: Vec<OpResult>) -> Answer {
    Answer::Result(None)
}
