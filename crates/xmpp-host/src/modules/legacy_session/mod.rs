//! The session of RFC 3921 §3, which old clients still ask for after binding. It does nothing (RFC 6121 Appendix E).

use xmpp::ns;
use xmpp::xml::Element;

use crate::modules::{Access, Answer, At, IqHandler, Module, Request};

pub(crate) const NAME: &str = "legacy_session";

pub(crate) struct LegacySession;

impl Module for LegacySession {
    fn iq_handlers(&self) -> &'static [IqHandler] {
        const OWN: IqHandler = IqHandler {
            name: "session",
            ns: ns::SESSION,
            set: true,
            at: At::Account,
            access: Access::Owner,
            handle: agree,
        };
        &[OWN, IqHandler { at: At::Domain, access: Access::Anyone, ..OWN }]
    }
}

fn agree(_: &Request<'_>, _: &Element) -> Answer {
    Answer::Result(None)
}
