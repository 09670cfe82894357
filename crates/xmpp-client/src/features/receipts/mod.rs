//! XEP-0184: that a message has arrived at the other side's client.

use xmpp::Payload;
use xmpp::ids::MessageId;
use xmpp::ns;
use xmpp::stanza::{Message, MessageType};
use xmpp::xep::receipts::{Received, Request};
use xmpp::xml::Element;

use crate::api::{Author, ConversationId, Delivery};
use crate::cx::Cx;
use crate::feature::{Feature, Flow, Inbound, Outbound, Source};

/// The feature.
pub struct Receipts;

impl Receipts {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self)
    }
}

impl Feature for Receipts {
    fn id(&self) -> &'static str {
        "receipts"
    }

    fn after(&self) -> &'static [&'static str] {
        &["carbons", "mam"]
    }

    fn disco(&self) -> &'static [&'static str] {
        &[ns::RECEIPTS]
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, inbound: &mut Inbound) -> Flow {
        let message = &inbound.message;
        if inbound.own || message.type_ == MessageType::Error || message.type_ == MessageType::Groupchat {
            return Flow::Continue;
        }
        if let Some(Ok(received)) = message.payload::<Received>() {
            let id = ConversationId::chat(inbound.peer.clone());
            let item = cx
                .state()
                .conversation(&id)
                .and_then(|c| c.timeline.by_message_id(&Author::Own, &MessageId::from(received.id.as_str())));
            if let Some(item) = item {
                cx.state_mut().conversation_mut(&id).timeline.set_delivery(item, Delivery::Delivered);
            }
            return Flow::Continue;
        }
        let asks = message.child(Request::NAME, Request::NS).is_some();
        // §5.4, §8: not for history, not for copies, and not to strangers, who would learn that somebody is here.
        if asks
            && inbound.source == Source::Live
            && let (Some(id), Some(from)) = (&message.id, &message.from)
            && cx.state().is_known_to(&inbound.peer)
        {
            let receipt = Element::new(Received::NAME, Received::NS).with_attr("id", id.as_str());
            let type_ = message.type_;
            cx.send_message(
                Message::new(type_)
                    .with_to(from.clone())
                    .with_element(receipt)
                    .with_element(Element::new("store", ns::HINTS)),
            );
        }
        Flow::Continue
    }

    fn before_send(&mut self, _cx: &mut Cx<'_>, outbound: &mut Outbound) -> Flow {
        outbound.message.payloads.push(Request {}.write());
        Flow::Continue
    }
}

#[cfg(test)]
mod tests {
    use crate::api::*;
    use crate::test_bench::Bench;

    fn ask(bench: &mut Bench) -> bool {
        bench.feed(
            "<message type='chat' id='q' from='you@x.y/1'><body>a</body><request xmlns='urn:xmpp:receipts'/></message>",
        );
        bench.find(|e| e.child("received", "urn:xmpp:receipts").is_some_and(|r| r.attr("id") == Some("q"))).is_some()
    }

    #[test]
    fn a_receipt_shows_and_only_from_the_other_side() {
        let mut bench = Bench::online();
        bench.open_chat("you@x.y");
        bench.say("you@x.y", "hi");
        let message = bench.find(|e| e.name() == "message").expect("sent");
        let id = message.attr("id").expect("an id");
        assert!(message.child("request", "urn:xmpp:receipts").is_some());
        let receipt = |from: &str| {
            ["<message from='", from, "' type='chat'><received xmlns='urn:xmpp:receipts' id='", id, "'/></message>"]
                .concat()
        };
        bench.feed(&receipt("evil@x.y/1"));
        assert_eq!(bench.delivery("you@x.y", "hi"), Delivery::Pending);
        bench.feed(&receipt("you@x.y/1"));
        assert_eq!(bench.delivery("you@x.y", "hi"), Delivery::Delivered);
    }

    #[test]
    fn receipts_go_to_who_may_know_of_us() {
        let mut bench = Bench::online();
        assert!(!ask(&mut bench), "a stranger learns nothing");
        bench.say("you@x.y", "hi");
        assert!(ask(&mut bench));
    }
}
