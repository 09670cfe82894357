//! Where features put their pixels. A slot is a function pointer in a feature's table; a feature that is switched off is not asked.

use std::rc::Rc;
use std::sync::Arc;

use xmpp::jid::BareJid;
use xmpp_client::api::{Author, Chat, ConversationId, Delivery, Item};
use yew::prelude::*;

use crate::hooks::Ui;
use crate::icons::Icon;
use crate::msg::Msg;
use crate::ui_state::Tab;
use crate::view_config::ViewConfig;

/// What a slot of a message gets.
pub struct MessageCx<'a> {
    /// Handles.
    pub ui: &'a Ui,
    /// Where.
    pub conversation: &'a ConversationId,
    /// The row.
    pub item: &'a Arc<Item>,
    /// Who said it.
    pub author: &'a Author,
    /// What.
    pub body: &'a Arc<str>,
}

/// One button of a message.
pub struct MessageAction {
    /// Its name.
    pub label: Msg,
    /// Its icon.
    pub icon: Icon,
    /// What it does.
    pub run: Callback<()>,
}

/// A mark of how far an own message got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The icon.
    pub icon: Icon,
    /// What it means.
    pub label: Msg,
    /// Whether it stands out.
    pub strong: bool,
}

/// What a slot of a conversation gets.
pub struct ChatCx<'a> {
    /// Handles.
    pub ui: &'a Ui,
    /// The conversation.
    pub chat: &'a Arc<Chat>,
}

/// What happens in the composer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComposerEvent<'a> {
    /// The text changed.
    Changed(&'a str),
    /// A moment passed without a change: a pause between words.
    Settled(&'a str),
    /// Some seconds passed without a change.
    Rested(&'a str),
    /// The text was sent.
    Sent,
    /// The composer goes away with this text.
    Left(&'a str),
}

/// One list of the sidebar.
pub struct Section {
    /// Its tab.
    pub tab: Tab,
    /// The tab's name.
    pub label: Msg,
    /// The list; gets what the search field holds, lower case.
    pub view: fn(&Ui, AttrValue) -> Html,
}

/// One feature's table. All slots are optional.
pub struct Feature {
    /// As in `xmpp_client::api::Settings::disabled`.
    pub id: &'static str,
    /// Draws a body; the first answer wins, plain text is the fallback.
    pub message_body: Option<fn(&MessageCx<'_>) -> Option<Html>>,
    /// Buttons of a message.
    pub message_action: Option<fn(&MessageCx<'_>) -> Option<MessageAction>>,
    /// The mark of a delivery state; the first answer wins.
    pub delivery_mark: Option<fn(&Delivery) -> Option<Mark>>,
    /// Beside the composer's input.
    pub composer_toolbar: Option<fn(&ChatCx<'_>) -> Html>,
    /// Hears what happens in the composer.
    pub on_composer: Option<fn(&Ui, &ConversationId, ComposerEvent<'_>)>,
    /// What the composer starts with.
    pub composer_text: Option<fn(&Chat) -> AttrValue>,
    /// The line under a conversation's name and under a list row's name; the first answer wins.
    pub activity: Option<fn(&Ui, &Chat) -> Option<AttrValue>>,
    /// Buttons in a conversation's head.
    pub conversation_header: Option<fn(&ChatCx<'_>) -> Html>,
    /// A list of the sidebar.
    pub sidebar_section: Option<Section>,
    /// A part of somebody's profile panel.
    pub profile_panel: Option<fn(&Ui, &BareJid) -> Html>,
    /// A part of the own settings.
    pub settings: Option<fn(&Ui) -> Html>,
}

impl Feature {
    /// A feature without pixels yet.
    #[must_use]
    pub const fn new(id: &'static str) -> Self {
        Self {
            id,
            message_body: None,
            message_action: None,
            delivery_mark: None,
            composer_toolbar: None,
            on_composer: None,
            composer_text: None,
            activity: None,
            conversation_header: None,
            sidebar_section: None,
            profile_panel: None,
            settings: None,
        }
    }
}

/// The features in use, in order; equal when made from the same settings.
#[derive(Clone)]
pub struct Slots(Rc<[&'static Feature]>);

impl PartialEq for Slots {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().map(|feature| feature.id).eq(other.0.iter().map(|feature| feature.id))
    }
}

impl Slots {
    /// The registered features that the settings allow.
    #[must_use]
    pub fn new(config: &ViewConfig) -> Self {
        Self(crate::features::ALL.iter().copied().filter(|feature| config.allows(feature.id)).collect())
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &'static Feature> + '_ {
        self.0.iter().copied()
    }

    /// Tells every feature what happens in the composer.
    pub fn composer(&self, ui: &Ui, conversation: &ConversationId, event: ComposerEvent<'_>) {
        for tell in self.iter().filter_map(|feature| feature.on_composer) {
            tell(ui, conversation, event);
        }
    }

    /// What the other side does now, if a feature knows.
    #[must_use]
    pub fn activity(&self, ui: &Ui, chat: &Chat) -> Option<AttrValue> {
        self.iter().filter_map(|feature| feature.activity).find_map(|activity| activity(ui, chat))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_feature_fills_no_slot() {
        let config = ViewConfig { disabled: vec![String::from("drafts")], ..ViewConfig::default() };
        assert!(Slots::new(&config).iter().all(|feature| feature.id != "drafts"));
        let config = ViewConfig { enabled: vec![String::from("drafts")], ..ViewConfig::default() };
        assert_eq!(Slots::new(&config).iter().map(|feature| feature.id).collect::<Vec<_>>(), ["drafts"]);
    }

    #[test]
    fn ids_are_kebab_case_and_unique() {
        let ids: std::collections::BTreeSet<_> = crate::features::ALL.iter().map(|feature| feature.id).collect();
        assert_eq!(ids.len(), crate::features::ALL.len());
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
    }
}
