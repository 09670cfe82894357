//! XEP-0085: who is typing.

use xmpp::collections::VecMap;
use xmpp::ns;
use xmpp::stanza::{Message, MessageType};
use xmpp::xml::Element;

use crate::api::{ChatState, Command, Composing, ConversationId};
use crate::cx::Cx;
use crate::feature::{Feature, Flow, Inbound, Label, Outbound, SessionChange, Source};

/// The feature.
#[derive(Default)]
pub struct ChatStates {
    /// What others showed of their support, and what they were last told.
    peers: VecMap<ConversationId, Peer>,
    labels: u32,
}

#[derive(Default)]
struct Peer {
    supports: Option<bool>,
    told: Option<ChatState>,
    /// The deadline after which they no longer count as typing.
    label: Option<Label>,
}

/// Who is silent for so long after typing has gone away.
const TYPING_MS: u64 = 30_000;
/// More conversations than this are not watched at a time.
const MAX_PEERS: usize = 500;

impl ChatStates {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    fn show(&mut self, cx: &mut Cx<'_>, id: &ConversationId, composing: Composing) {
        // A stranger's typing does not make a conversation.
        if cx.state().conversation(id).is_none_or(|c| !c.listed) {
            return;
        }
        cx.state_mut().conversation_mut(id).composing = composing;
        let Some(peer) = self.peers.get_mut(id) else { return };
        if composing == Composing::No {
            if let Some(label) = peer.label.take() {
                cx.cancel(label);
            }
        } else {
            let label = *peer.label.get_or_insert_with(|| {
                self.labels += 1;
                Label(self.labels)
            });
            cx.wake_in(label, TYPING_MS);
        }
    }

    /// §5.1: to whom does not understand it nothing is sent; to whom may, only if they are there.
    fn wanted(&self, cx: &Cx<'_>, id: &ConversationId) -> bool {
        match self.peers.get(id).and_then(|peer| peer.supports) {
            Some(supports) => supports,
            None => cx
                .state()
                .person(&id.jid)
                .and_then(|person| person.best())
                .is_some_and(|resource| resource.caps.as_ref().is_none_or(|caps| caps.contains(ns::CHAT_STATES))),
        }
    }
}

impl Feature for ChatStates {
    fn id(&self) -> &'static str {
        "chat-states"
    }

    fn after(&self) -> &'static [&'static str] {
        &["carbons", "mam", "delay"]
    }

    fn disco(&self) -> &'static [&'static str] {
        &[ns::CHAT_STATES]
    }

    fn on_session(&mut self, cx: &mut Cx<'_>, change: SessionChange) {
        if change == SessionChange::Bound {
            for id in std::mem::take(&mut self.peers).into_keys() {
                cx.state_mut().conversation_mut(&id).composing = Composing::No;
            }
        }
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, inbound: &mut Inbound) -> Flow {
        let live = inbound.source == Source::Live && !inbound.delayed;
        if inbound.own || !live || inbound.message.type_ != MessageType::Chat {
            return Flow::Continue;
        }
        let id = ConversationId::chat(inbound.peer.clone());
        let state = inbound.message.payloads.iter().find(|e| e.ns() == ns::CHAT_STATES).map(Element::name);
        let speaks = inbound.message.body().is_some();
        if state.is_none() && !speaks {
            return Flow::Continue;
        }
        if self.peers.len() < MAX_PEERS || self.peers.contains_key(&id) {
            self.peers.entry(id.clone()).or_default().supports = Some(state.is_some());
        }
        let composing = match state {
            Some("composing") => Composing::Yes,
            Some("paused") => Composing::Paused,
            _ => Composing::No,
        };
        self.show(cx, &id, composing);
        Flow::Continue
    }

    fn before_send(&mut self, cx: &mut Cx<'_>, outbound: &mut Outbound) -> Flow {
        let supports = self.peers.get(&outbound.conversation).and_then(|peer| peer.supports);
        // §5.1: the first message asks, so to say; who does not answer in kind is not asked again.
        if supports != Some(false) {
            outbound.message.payloads.push(Element::new("active", ns::CHAT_STATES));
        }
        if cx.online() {
            self.peers.entry(outbound.conversation.clone()).or_default().told = Some(ChatState::Active);
        }
        Flow::Continue
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Flow {
        let Command::Typing { conversation, state } = command else { return Flow::Continue };
        if !cx.online() || !self.wanted(cx, conversation) || !cx.state().is_known_to(&conversation.jid) {
            return Flow::Stop;
        }
        let peer = self.peers.entry(conversation.clone()).or_default();
        if peer.told == Some(*state) || (peer.told.is_none() && *state != ChatState::Composing) {
            return Flow::Stop;
        }
        peer.told = Some(*state);
        let name = match state {
            ChatState::Active => "active",
            ChatState::Composing => "composing",
            ChatState::Paused => "paused",
            ChatState::Inactive => "inactive",
            ChatState::Gone => "gone",
        };
        cx.send_message(
            Message::chat(conversation.jid.clone())
                .with_element(Element::new(name, ns::CHAT_STATES))
                .with_element(Element::new("no-store", ns::HINTS)),
        );
        Flow::Stop
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>, label: Label) {
        let silent = self.peers.iter().find(|(_, peer)| peer.label == Some(label)).map(|(id, _)| id.clone());
        if let Some(id) = silent {
            self.show(cx, &id, Composing::No);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::api::*;
    use crate::test_bench::{Bench, chat};

    const COMPOSING: &str = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";

    fn composing(bench: &Bench) -> Composing {
        bench.view.chats[&chat("you@x.y")].composing
    }

    fn typed(bench: &mut Bench, body: &str) {
        bench.feed(&["<message type='chat' from='you@x.y/1'>", body, COMPOSING, "</message>"].concat());
    }

    #[test]
    fn typing_shows_until_silence_or_words() {
        let mut bench = Bench::online();
        bench.open_chat("you@x.y");
        typed(&mut bench, "");
        assert_eq!(composing(&bench), Composing::Yes);
        bench.wait(31_000);
        assert_eq!(composing(&bench), Composing::No);
        typed(&mut bench, "");
        bench.feed("<message type='chat' from='you@x.y/1'><body>hi</body></message>");
        assert_eq!(composing(&bench), Composing::No);
    }

    #[test]
    fn strangers_and_history_do_not_type() {
        let mut bench = Bench::online();
        typed(&mut bench, "");
        assert!(bench.view.chats.is_empty());
        bench.open_chat("you@x.y");
        typed(&mut bench, "<delay xmlns='urn:xmpp:delay' stamp='2020-01-01T00:00:00Z'/>");
        assert_eq!(composing(&bench), Composing::No);
    }

    #[test]
    fn own_states_go_to_who_understands_them() {
        let mut bench = Bench::online();
        bench.open_chat("you@x.y");
        let typing = |state| Command::Typing { conversation: chat("you@x.y"), state };
        bench.settle();
        bench.command(typing(ChatState::Composing));
        assert!(bench.sent.is_empty(), "nobody there");
        bench.say("you@x.y", "hi");
        let message = bench.find(|e| e.name() == "message").expect("sent");
        assert!(message.child("active", "http://jabber.org/protocol/chatstates").is_some());
        typed(&mut bench, "");
        for _ in 0..3 {
            bench.command(typing(ChatState::Composing));
        }
        let states =
            bench.sent.iter().filter(|e| e.child("composing", "http://jabber.org/protocol/chatstates").is_some());
        assert_eq!(states.count(), 1);
        bench.feed("<message type='chat' from='you@x.y/1'><body>plain client</body></message>");
        bench.sent.clear();
        bench.command(typing(ChatState::Paused));
        assert!(bench.sent.is_empty());
    }
}
