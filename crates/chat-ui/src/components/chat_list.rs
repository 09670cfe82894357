//! The conversation list.

use std::rc::Rc;
use std::sync::Arc;

use xmpp_client::api::{Chat, ConversationId};
use yew::prelude::*;

use super::bits::{avatar, badge, button, empty, spinner};
use super::times::brief;
use crate::bridge::Topic;
use crate::child::child;
use crate::hooks::{Ui, use_selector, use_tick, use_ui};
use crate::icons::Icon;
use crate::locale::Locale;
use crate::look;
use crate::msg::Msg;
use crate::ui_state::{Action, Tab};
use crate::view::{classes, html};
use crate::virtual_list::{self, RenderRow, Row, VirtualList};

/// Relative times grow old.
const MINUTE_MS: i32 = 60_000;

/// Properties of [`ChatList`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Only conversations whose name or address contains this, lower case.
    pub filter: AttrValue,
}

/// See the module.
#[component]
pub fn ChatList(props: &Props) -> Html {
    let ui = use_ui();
    let all = use_selector(Topic::Chats, |replica| replica.chats.clone());
    let selected = use_selector(Topic::Ui, |replica| replica.ui.selected.clone());
    use_tick(Some(MINUTE_MS));
    let filter = props.filter.clone();
    let chats: Rc<Vec<Arc<Chat>>> = if filter.is_empty() {
        all
    } else {
        Rc::new(
            all.iter().filter(|chat| matches(&ui.locale, &filter, &chat.name, chat.id.jid.as_str())).cloned().collect(),
        )
    };
    if chats.is_empty() {
        return nothing(&ui, &filter);
    }
    let rows: Rc<[Row]> =
        chats.iter().map(|chat| Row { key: look::key(chat.id.jid.as_str()), estimate: 68.0, solid: true }).collect();
    let label = ui.t(Msg::Chats);
    let windowed = ui.config.virtual_lists;
    let render = RenderRow(Rc::new(move |index, active| {
        let Some(chat) = chats.get(index).cloned() else { return Html::default() };
        let current = selected.as_ref() == Some(&chat.id);
        child::<ChatRow>(RowProps { chat, current, active })
    }));
    child::<VirtualList>(yew::props!(virtual_list::Props {
        rows,
        render,
        role: "list",
        row_role: "listitem",
        label,
        part: "conversation-list",
        windowed,
    }))
}

/// Whether a name or an address fits what was typed.
#[must_use]
pub fn matches(locale: &Locale, filter: &str, name: &str, address: &str) -> bool {
    locale.lower(name).contains(filter) || address.contains(filter)
}

fn nothing(ui: &Ui, filter: &AttrValue) -> Html {
    if !filter.is_empty() {
        return html! { <>
            { empty(Icon::Search, ui.t(Msg::NothingFound), ui.locale.with(Msg::NothingFoundLead, filter), Html::default()) }
        </> };
    }
    // Before the server's lists have come, an empty list would be a lie.
    if !ui.bridge.read(|replica| replica.roster_complete) {
        return html! { <div class="center">{ spinner(ui.t(Msg::Loading)) }</div> };
    }
    let contacts = ui.slots.iter().any(|feature| feature.sidebar_section.is_some());
    let action = if contacts {
        button(ui.t(Msg::ShowContacts), "", ui.act(Action::Show(Tab::Contacts)))
    } else {
        Html::default()
    };
    empty(Icon::Chat, ui.t(Msg::NoChats), ui.t(Msg::NoChatsLead), action)
}

#[derive(Properties, PartialEq)]
struct RowProps {
    chat: Arc<Chat>,
    current: bool,
    active: bool,
}

#[component]
fn ChatRow(props: &RowProps) -> Html {
    let ui = use_ui();
    let chat = &props.chat;
    let jid = chat.id.jid.clone();
    let contact = use_selector(Topic::Contacts, move |replica| replica.contacts.get(&jid).cloned());
    let image = contact.as_ref().and_then(|contact| contact.avatar.as_deref());
    let class = classes!("item", props.current.then_some("current"), (chat.unread > 0).then_some("unread"));
    html! {
        <button type="button" {class} part="chat" data-focus="" tabindex={if props.active { "0" } else { "-1" }}
            aria-current={props.current.then_some("true")} onclick={select(&ui, &chat.id)}>
            { avatar(&ui, chat.id.jid.as_str(), &chat.name, image, contact.as_ref().map(|contact| contact.availability)) }
            <span class="text">
                <span class="line">
                    <span class="name" dir="auto">{ &chat.name }</span>
                    { for chat.last.map(|at| html! { <time>{ brief(&ui, at) }</time> }) }
                </span>
                <span class="line">
                    { preview(&ui, chat, props.current) }
                    { badge(&ui, chat.unread) }
                </span>
            </span>
        </button>
    }
}

/// Brings a conversation to the front.
pub fn select(ui: &Ui, id: &ConversationId) -> Callback<MouseEvent> {
    ui.act(Action::Select(Some(id.clone())))
}

/// What the second line says: typing, the draft, or the newest message.
fn preview(ui: &Ui, chat: &Chat, current: bool) -> Html {
    if let Some(activity) = ui.slots.activity(ui, chat) {
        return html! { <span class="preview accent">{ activity }</span> };
    }
    let draft = ui
        .slots
        .iter()
        .filter_map(|feature| feature.composer_text)
        .map(|text| text(chat))
        .find(|text| !text.is_empty());
    if let Some(draft) = draft.filter(|_| !current) {
        return html! { <span class="preview"><span class="draft">{ ui.t(Msg::Draft) }</span>{ " " }<bdi>{ draft }</bdi></span> };
    }
    let own = (chat.preview_own && chat.preview.is_some())
        .then(|| html! { <><span>{ ui.t(Msg::OwnPreview) }</span>{ " " }</> });
    html! { <span class="preview">{ for own }<bdi>{ chat.preview.clone().unwrap_or_default() }</bdi></span> }
}
