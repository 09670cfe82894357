//! XEP-0199: XMPP Ping.

use xmpp::ns;
use xmpp::xml::Element;

use crate::modules::{Access, Answer, At, IqHandler, Module, Request};

pub(crate) const NAME: &str = "ping";

pub(crate) struct Ping;

impl Module for Ping {
    fn features(&self, _: At) -> &'static [&'static str] {
        &[ns::PING]
    }

    fn iq_handlers(&self) -> &'static [IqHandler] {
        &[
            IqHandler { name: "ping", ns: ns::PING, set: false, at: At::Domain, access: Access::Anyone, handle: pong },
            IqHandler {
                name: "ping",
                ns: ns::PING,
                set: false,
                at: At::Account,
                access: Access::Subscribers,
                handle: pong,
            },
        ]
    }
}

fn pong(_: &Request<'_>, _: &Element) -> Answer {
    Answer::Result(None)
}
