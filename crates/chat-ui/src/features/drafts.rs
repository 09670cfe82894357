//! Unsent text is kept by the client and comes back with the conversation.

use xmpp_client::api::{Chat, Command, ConversationId};
use yew::AttrValue;

use crate::hooks::Ui;
use crate::slots::{ComposerEvent, Feature};

/// The table.
pub(crate) static FEATURE: Feature = Feature {
    on_composer: Some(on_composer),
    composer_text: Some(|chat: &Chat| AttrValue::from(chat.draft.clone())),
    ..Feature::new("drafts")
};

fn on_composer(ui: &Ui, conversation: &ConversationId, event: ComposerEvent<'_>) {
    let text = match event {
        ComposerEvent::Changed(_) | ComposerEvent::Rested(_) => return,
        ComposerEvent::Settled(text) | ComposerEvent::Left(text) => text,
        ComposerEvent::Sent => "",
    };
    let kept = ui.bridge.read(|replica| replica.chat(conversation).is_some_and(|chat| chat.draft == text));
    if !kept {
        ui.bridge.dispatch(Command::Draft { conversation: conversation.clone(), text: String::from(text) });
    }
}
