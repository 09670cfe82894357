//! Which messages are kept (XEP-0313 §5.1, XEP-0160 §3, XEP-0334).

use xmpp::ns;
use xmpp::stanza::{Message, MessageType};
use xmpp::xep::hints::Hint;

use crate::modules::Policy;

/// How a message is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    /// Until it is delivered.
    pub(crate) until_delivered: bool,
    /// For good, found by queries.
    pub(crate) visible: bool,
}

impl Keep {
    pub(crate) fn stored(self) -> bool {
        self.until_delivered || self.visible
    }
}

/// What people write, and what tells them what became of it, is kept; states of the moment are not.
pub(crate) fn keep(message: &Message, policy: Policy) -> Keep {
    let hint = |hint: Hint| hint.is_in(&message.payloads);
    let of_people = matches!(message.type_, MessageType::Chat | MessageType::Normal);
    let worth = message.body().is_some() || hint(Hint::Store) || tells_of_another(message);
    if !of_people || !worth || hint(Hint::NoStore) {
        return Keep { until_delivered: false, visible: false };
    }
    Keep { until_delivered: policy.offline, visible: policy.archive && !hint(Hint::NoPermanentStore) }
}

/// A receipt (XEP-0184) or a displayed marker (XEP-0333).
fn tells_of_another(message: &Message) -> bool {
    message.child("received", ns::RECEIPTS).is_some() || message.child("displayed", ns::CHAT_MARKERS).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp::xml::Element;

    #[test]
    fn what_is_kept() {
        let all = Policy { archive: true, offline: true, ..Policy::default() };
        let chat = || Message::new(MessageType::Chat);
        let hint = |name| Element::new(name, ns::HINTS);
        let cases = [
            (chat().with_body("x"), true, true),
            (chat().with_element(Element::new("composing", ns::CHAT_STATES)), false, false),
            (chat().with_element(Element::new("received", ns::RECEIPTS)), true, true),
            (chat().with_element(Element::new("displayed", ns::CHAT_MARKERS)), true, true),
            (chat().with_body("x").with_element(hint("no-store")), false, false),
            (chat().with_body("x").with_element(hint("no-permanent-store")), true, false),
            (chat().with_element(hint("store")), true, true),
            (Message::new(MessageType::Normal).with_body("x"), true, true),
            (Message::new(MessageType::Headline).with_body("x"), false, false),
            (Message::new(MessageType::Groupchat).with_body("x"), false, false),
            (Message::new(MessageType::Error).with_body("x"), false, false),
        ];
        for (message, until_delivered, visible) in cases {
            assert_eq!(keep(&message, all), Keep { until_delivered, visible }, "{message:?}");
        }
        let kept = keep(&chat().with_body("x"), Policy { archive: false, ..all });
        assert_eq!(kept, Keep { until_delivered: true, visible: false });
    }
}
