//! XEP-0085: says what the other side does, and tells the client what the person does in the composer.

use xmpp_client::api::{Chat, ChatState, Command, Composing, ConversationId};
use yew::AttrValue;

use crate::hooks::Ui;
use crate::msg::Msg;
use crate::slots::{ComposerEvent, Feature};

/// The table.
pub(crate) static FEATURE: Feature =
    Feature { on_composer: Some(on_composer), activity: Some(activity), ..Feature::new("chat-states") };

fn activity(ui: &Ui, chat: &Chat) -> Option<AttrValue> {
    (chat.composing == Composing::Yes).then(|| ui.t(Msg::Typing))
}

/// The client sends a state only when it differs from the one before, so every change may be told.
fn on_composer(ui: &Ui, conversation: &ConversationId, event: ComposerEvent<'_>) {
    let state = match event {
        ComposerEvent::Settled(_) => return,
        ComposerEvent::Changed(text) if !text.trim().is_empty() => ChatState::Composing,
        ComposerEvent::Rested(text) if !text.trim().is_empty() => ChatState::Paused,
        ComposerEvent::Changed(_) | ComposerEvent::Rested(_) | ComposerEvent::Sent => ChatState::Active,
        ComposerEvent::Left(_) => ChatState::Inactive,
    };
    ui.bridge.dispatch(Command::Typing { conversation: conversation.clone(), state });
}
