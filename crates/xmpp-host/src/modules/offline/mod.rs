//! XEP-0160: messages for those who are away. Storing and reading are part of routing (`drain.rs`); here is what recipients see.

use xmpp::ns;
use xmpp::stanza::Message;
use xmpp::time::Timestamp;
use xmpp::xml::Element;

use crate::modules::{At, Module};

pub(crate) const NAME: &str = "offline";

pub(crate) struct Offline;

impl Module for Offline {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            At::Domain => &[ns::MSG_OFFLINE],
            At::Account => &[],
        }
    }
}

/// XEP-0203: when the host took the message.
pub(crate) fn delay(message: &mut Message, domain: &str, at: Timestamp) {
    message.payloads.push(stamp(domain, at));
}

/// The `<delay/>` of a message that waited here.
pub(crate) fn stamp(from: &str, at: Timestamp) -> Element {
    Element::new("delay", ns::DELAY).with_attr("from", from).with_attr("stamp", at.format())
}
