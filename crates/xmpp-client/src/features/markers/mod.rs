//! XEP-0333: that a message was seen, by the other side or on another device of this account.

use xmpp::Payload;
use xmpp::collections::VecMap;
use xmpp::ids::MessageId;
use xmpp::ns;
use xmpp::stanza::{Message, MessageType};
use xmpp::xep::chat_markers::{Displayed, Markable};
use xmpp::xml::Element;

use crate::api::{Author, Command, ConversationId, TimelineId};
use crate::cx::Cx;
use crate::feature::{Feature, Flow, Inbound, Outbound, SessionChange, Signal};

/// The feature.
#[derive(Default)]
pub struct Markers {
    /// The last row that a marker went out for.
    told: VecMap<ConversationId, TimelineId>,
    /// Read while there was no connection.
    untold: VecMap<ConversationId, TimelineId>,
}

impl Markers {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    /// Tells the other side, and by the copy the own devices, how far the person has read.
    fn tell(&mut self, cx: &mut Cx<'_>, id: &ConversationId, up_to: TimelineId) {
        if !cx.online() {
            self.untold.insert(id.clone(), up_to);
            return;
        }
        let Some(conversation) = cx.state().conversation(id) else { return };
        let timeline = &conversation.timeline;
        let Some(end) = timeline.position(up_to) else { return };
        let Some((index, row)) =
            timeline.rows()[..=end].iter().enumerate().rev().find(|(_, row)| row.markable && row.by_other())
        else {
            return;
        };
        let before = self.told.get(id).and_then(|told| timeline.position(*told));
        let Some(message_id) = &row.message_id else { return };
        if before.is_some_and(|before| before >= index) || !cx.state().is_known_to(&id.jid) {
            return;
        }
        let displayed = Element::new(Displayed::NAME, Displayed::NS).with_attr("id", message_id.as_str());
        let item = row.id();
        self.told.insert(id.clone(), item);
        let store = Element::new("store", ns::HINTS);
        cx.send_message(Message::chat(id.jid.clone()).with_element(displayed).with_element(store));
    }
}

impl Feature for Markers {
    fn id(&self) -> &'static str {
        "markers"
    }

    fn after(&self) -> &'static [&'static str] {
        &["carbons", "mam"]
    }

    fn disco(&self) -> &'static [&'static str] {
        &[ns::CHAT_MARKERS]
    }

    fn on_session(&mut self, cx: &mut Cx<'_>, change: SessionChange) {
        if change != SessionChange::Lost {
            for (id, up_to) in std::mem::take(&mut self.untold) {
                self.tell(cx, &id, up_to);
            }
        }
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, inbound: &mut Inbound) -> Flow {
        if !matches!(inbound.message.type_, MessageType::Chat | MessageType::Normal) {
            return Flow::Continue;
        }
        let Some(Ok(displayed)) = inbound.message.payload::<Displayed>() else { return Flow::Continue };
        let id = ConversationId::chat(inbound.peer.clone());
        let Some(conversation) = cx.state().conversation(&id) else { return Flow::Continue };
        let marked = MessageId::from(displayed.id.as_str());
        if inbound.own {
            // This account, elsewhere: what was read there is read here.
            let author = Author::Contact(inbound.peer.clone());
            if let Some(item) = conversation.timeline.by_message_id(&author, &marked) {
                self.told.insert(id.clone(), item);
                cx.state_mut().conversation_mut(&id).mark_read(item);
                cx.signal(Signal::Read(id));
            }
        } else if let Some(item) = conversation.timeline.by_message_id(&Author::Own, &marked) {
            cx.state_mut().conversation_mut(&id).timeline.read_up_to(item);
        }
        Flow::Continue
    }

    fn before_send(&mut self, _cx: &mut Cx<'_>, outbound: &mut Outbound) -> Flow {
        outbound.message.payloads.push(Markable {}.write());
        Flow::Continue
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Flow {
        if let Command::MarkRead { conversation, up_to } = command {
            self.tell(cx, conversation, *up_to);
        }
        Flow::Continue
    }
}

#[cfg(test)]
mod tests {
    use crate::api::*;
    use crate::test_bench::{Bench, chat};

    const NS: &str = "urn:xmpp:chat-markers:0";

    #[test]
    fn displayed_reads_everything_before_it() {
        let mut bench = Bench::online();
        bench.open_chat("you@x.y");
        bench.say("you@x.y", "one");
        bench.say("you@x.y", "two");
        bench.say("you@x.y", "three");
        let sent: Vec<_> = bench.sent.iter().filter(|e| e.name() == "message").cloned().collect();
        assert!(sent.iter().all(|e| e.child("markable", NS).is_some()));
        let id = sent[1].attr("id").expect("an id");
        // The server has them before the other side can.
        bench.settle();
        let marker =
            ["<message type='chat' from='you@x.y/1'><displayed xmlns='", NS, "' id='", id, "'/></message>"].concat();
        bench.feed(&marker);
        let deliveries = ["one", "two", "three"].map(|text| bench.delivery("you@x.y", text));
        assert_eq!(deliveries, [Delivery::Read, Delivery::Read, Delivery::Sent]);
    }

    #[test]
    fn reading_tells_the_other_side_once_and_other_devices_tell_us() {
        let mut bench = Bench::online();
        bench.open_chat("you@x.y");
        bench.say("you@x.y", "hi");
        let say = |id: &str| {
            let markable = ["'><body>a</body><markable xmlns='", NS, "'/></message>"].concat();
            ["<message type='chat' from='you@x.y/1' id='", id, &markable].concat()
        };
        bench.feed(&say("a1"));
        bench.feed(&say("a2"));
        assert_eq!(bench.view.chats[&chat("you@x.y")].unread, 2);
        let last = bench.view.timelines[&chat("you@x.y")][2].id;
        bench.sent.clear();
        for _ in 0..2 {
            bench.command(Command::MarkRead { conversation: chat("you@x.y"), up_to: last });
        }
        assert_eq!(bench.sent.len(), 1);
        assert_eq!(bench.next().child("displayed", NS).and_then(|d| d.attr("id")), Some("a2"));
        assert_eq!(bench.view.chats[&chat("you@x.y")].unread, 0);

        bench.feed(&say("a3"));
        assert_eq!(bench.view.chats[&chat("you@x.y")].unread, 1);
        let carbon = "<message from='me@x.y'><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>\
            <message xmlns='jabber:client' type='chat' from='me@x.y/phone' to='you@x.y'>\
            <displayed xmlns='urn:xmpp:chat-markers:0' id='a3'/></message></forwarded></sent></message>";
        bench.feed(carbon);
        assert_eq!(bench.view.chats[&chat("you@x.y")].unread, 0);
    }
}
