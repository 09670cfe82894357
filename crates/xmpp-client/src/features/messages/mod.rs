//! RFC 6121 §5: what people say goes into the timeline of its conversation.

use xmpp::ns;
use xmpp::stanza::MessageType;

use crate::api::{Author, ConversationId, Delivery, Event};
use crate::cx::Cx;
use crate::feature::{Feature, Flow, Inbound, Signal, Source};
use crate::timeline::{Entry, Placed, Placement};

/// The feature.
pub struct Messages;

impl Messages {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self)
    }
}

impl Feature for Messages {
    fn id(&self) -> &'static str {
        "messages"
    }

    fn essential(&self) -> bool {
        true
    }

    fn after(&self) -> &'static [&'static str] {
        &["carbons", "mam", "stanza-id", "delay", "outbox", "receipts", "markers", "chat-states"]
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, inbound: &mut Inbound) -> Flow {
        let message = &inbound.message;
        if !matches!(message.type_, MessageType::Chat | MessageType::Normal) {
            return Flow::Continue;
        }
        let Some(body) = message.body().filter(|body| !body.trim().is_empty()) else { return Flow::Continue };
        let author = if inbound.own { Author::Own } else { Author::Contact(inbound.peer.clone()) };
        let (placement, live) = match inbound.source {
            Source::Archive(place) => (place.0, false),
            Source::Live | Source::Carbon => (Placement::Live, true),
        };
        let entry = Entry {
            author,
            at: inbound.at,
            body: body.into(),
            stanza_id: inbound.stanza_id.clone(),
            message_id: message.id.clone(),
            origin_id: inbound.origin_id.clone(),
            // What comes back from the server has reached it.
            delivery: inbound.own.then_some(Delivery::Sent),
            markable: message.child("markable", ns::CHAT_MARKERS).is_some(),
        };
        let conversation = ConversationId::chat(inbound.peer.clone());
        let (chat, next) = cx.state_mut().conversation_and_counter(&conversation);
        let placed = chat.place(entry, placement, next);
        if let Placed::New(item) = placed {
            if live
                && !inbound.own
                && let Some(row) = chat.timeline.row(item)
            {
                let row = row.item.clone();
                let name = cx.state().name(&inbound.peer);
                cx.emit(Event::MessageReceived { conversation: conversation.clone(), item: row, name });
            }
            cx.signal(Signal::Placed { conversation, item, live });
        }
        Flow::Continue
    }
}

#[cfg(test)]
mod tests;
