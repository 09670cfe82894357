//! RFC 6121 §2 and §3: the contact list, requests, adding, renaming and removing.
//!
//! [`list`] is the sidebar's section, [`groups`] its pure arithmetic, [`edit`] the dialogs and the profile panel's part.

pub(crate) mod edit;
pub(crate) mod groups;
pub(crate) mod list;

use xmpp::jid::BareJid;
use yew::prelude::*;

use crate::child::child;
use crate::components::bits::icon_button;
use crate::hooks::Ui;
use crate::icons::Icon;
use crate::msg::Msg;
use crate::slots::{ChatCx, Feature, Section};
use crate::ui_state::{Action, Layer, Tab};

/// The table.
pub(crate) static FEATURE: Feature = Feature {
    sidebar_section: Some(Section {
        tab: Tab::Contacts,
        label: Msg::Contacts,
        view: |_, filter| child::<list::ContactList>(list::Props { filter }),
    }),
    conversation_header: Some(header),
    profile_panel: Some(|_: &Ui, jid: &BareJid| child::<edit::EditContact>(edit::Props { jid: jid.clone() })),
    ..Feature::new("roster")
};

fn header(cx: &ChatCx<'_>) -> Html {
    let label = cx.ui.locale.with(Msg::ShowProfile, &cx.chat.name);
    icon_button(Icon::Info, label, "", cx.ui.act(Action::Layer(Some(Layer::Profile(cx.chat.id.jid.clone())))))
}
