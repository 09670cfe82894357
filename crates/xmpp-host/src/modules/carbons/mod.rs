//! XEP-0280: Message Carbons. Routing asks [`eligible`] and sends what [`wrap`] makes.

use xmpp::ids::ArchiveId;
use xmpp::jid::{BareJid, FullJid};
use xmpp::ns;
use xmpp::stanza::{Message, MessageType};
use xmpp::xml::Element;

use crate::modules::{Access, Answer, At, Change, IqHandler, Module, Request, stable_ids};

pub(crate) const NAME: &str = "carbons";

pub(crate) struct Carbons;

impl Module for Carbons {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            At::Domain => &[ns::CARBONS],
            At::Account => &[],
        }
    }

    fn iq_handlers(&self) -> &'static [IqHandler] {
        &[
            IqHandler {
                name: "enable",
                ns: ns::CARBONS,
                set: true,
                at: At::Account,
                access: Access::Owner,
                handle: enable,
            },
            IqHandler {
                name: "disable",
                ns: ns::CARBONS,
                set: true,
                at: At::Account,
                access: Access::Owner,
                handle: disable,
            },
        ]
    }
}

fn enable(_: &Request<'_>, _: &Element) -> Answer {
    Answer::Session(Change::Carbons(true))
}

fn disable(_: &Request<'_>, _: &Element) -> Answer {
    Answer::Session(Change::Carbons(false))
}

/// §6.1. Errors are left out: whether the original was eligible cannot be told from them (§6.1 forbids to look into what they quote).
pub(crate) fn eligible(message: &Message) -> bool {
    let private = message.child("private", ns::CARBONS).is_some() || message.child("no-copy", ns::HINTS).is_some();
    let copy_itself =
        message.payloads.iter().any(|it| it.ns() == ns::CARBONS && matches!(it.name(), "sent" | "received"));
    if private || copy_itself {
        return false;
    }
    let im = |it: &Element| matches!(it.ns(), ns::RECEIPTS | ns::CHAT_STATES | ns::CHAT_MARKERS);
    match message.type_ {
        MessageType::Chat => true,
        MessageType::Normal => message.body().is_some() || message.payloads.iter().any(im),
        MessageType::Groupchat | MessageType::Headline | MessageType::Error => false,
    }
}

/// Which way the message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Sent,
    Received,
}

/// §7, §8: a copy for one session. `row`: the message's place in the account's archive, where it does not carry it yet.
pub(crate) fn wrap(
    direction: Direction,
    message: &Message,
    row: Option<&ArchiveId>,
    account: &BareJid,
    to: &FullJid,
) -> Message {
    let mut copy = message.clone();
    if let Some(row) = row {
        stable_ids::inject(&mut copy, account, row);
    }
    let name = match direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    };
    let forwarded = Element::new("forwarded", ns::FORWARD).with_child(copy.into());
    Message::new(message.type_)
        .with_from(account.clone())
        .with_to(to.clone())
        .with_element(Element::new(name, ns::CARBONS).with_child(forwarded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(type_: MessageType) -> Message {
        Message::new(type_)
    }

    #[test]
    fn who_gets_copies() {
        use MessageType as T;
        let private = Element::new("private", ns::CARBONS);
        let no_copy = Element::new("no-copy", ns::HINTS);
        let receipt = Element::new("received", ns::RECEIPTS).with_attr("id", "1");
        let cases = [
            (message(T::Chat), true),
            (message(T::Chat).with_body("x").with_element(private.clone()), false),
            (message(T::Chat).with_body("x").with_element(no_copy), false),
            (message(T::Normal), false),
            (message(T::Normal).with_body("x"), true),
            (message(T::Normal).with_element(receipt), true),
            (message(T::Headline).with_body("x"), false),
            (message(T::Groupchat).with_body("x"), false),
            (message(T::Error).with_body("x"), false),
        ];
        for (message, expected) in cases {
            assert_eq!(eligible(&message), expected, "{message:?}");
        }
    }
}
