//! The conversation list.

use std::rc::Rc;
use std::sync::Arc;

use xmpp::jid::BareJid;
use xmpp_client::api::{Chat, Composing, Contact, ConversationId, Older};
use yew::prelude::*;

use super::bits::{avatar, badge, button, empty, presence_word, spinner};
use super::sign_in::address_of;
use super::times::brief;
use crate::bridge::Topic;
use crate::child::child;
use crate::hooks::{Ui, use_selector, use_tick, use_ui};
use crate::icons::Icon;
use crate::locale::Locale;
use crate::look;
use crate::msg::Msg;
use crate::replica::Replica;
use crate::ui_state::{Action, Tab};
use crate::view::{classes, html};
use crate::virtual_list::{self, RenderRow, Row, VirtualList};

/// Relative times grow old.
const MINUTE_MS: i32 = 60_000;

/// Properties of [`ChatList`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Only conversations whose name or address contains this, lower case; contacts without a conversation stand below them.
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
    let others = {
        let (filter, locale) = (filter.clone(), ui.locale.clone());
        use_selector(Topic::Contacts, move |replica| others(replica, &locale, &filter))
    };
    let chats: Rc<Vec<Arc<Chat>>> = if filter.is_empty() {
        all
    } else {
        let fitting = all.iter().filter(|chat| matches(&ui.locale, &filter, &chat.name, &chat.id.jid)).cloned();
        Rc::new(fitting.chain(others.iter().map(|contact| Arc::new(unspoken(contact)))).collect())
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
fn matches(locale: &Locale, filter: &str, name: &str, jid: &BareJid) -> bool {
    locale.lower(name).contains(filter) || look::address_fits(filter, jid)
}

/// Contacts that fit and with whom nobody has talked yet: who looks for a person does not care in which list they stand.
fn others(replica: &Replica, locale: &Locale, filter: &str) -> Vec<Arc<Contact>> {
    let fits = |contact: &&Arc<Contact>| {
        !filter.is_empty()
            && matches(locale, filter, &contact.name, &contact.jid)
            && !replica.chats.iter().any(|chat| chat.id.jid == contact.jid)
    };
    replica.contacts.values().filter(fits).cloned().collect()
}

/// A line for a conversation that has not begun.
fn unspoken(contact: &Contact) -> Chat {
    Chat {
        id: ConversationId::chat(contact.jid.clone()),
        name: contact.name.clone(),
        preview: None,
        preview_own: false,
        last: None,
        unread: 0,
        first_unread: None,
        composing: Composing::No,
        draft: String::new(),
        older: Older::More,
    }
}

/// Whom a search did not find may still be written to, when what was typed is an address.
pub fn nothing_found(ui: &Ui, filter: &AttrValue) -> Html {
    let start = address_of(filter, None).map(|jid| {
        button(ui.locale.with(Msg::WriteTo, jid.as_str()), "primary", select(ui, &ConversationId::chat(jid)))
    });
    let lead = ui.locale.with(Msg::NothingFoundLead, filter);
    empty(Icon::Search, ui.t(Msg::NothingFound), lead, start.unwrap_or_default())
}

fn nothing(ui: &Ui, filter: &AttrValue) -> Html {
    if !filter.is_empty() {
        return nothing_found(ui, filter);
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
                    { preview(&ui, chat, props.current, contact.as_deref()) }
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

/// What the second line says: typing, the draft, the newest message, or else whether the person is there.
fn preview(ui: &Ui, chat: &Chat, current: bool, contact: Option<&Contact>) -> Html {
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
    let words = match (&chat.preview, contact) {
        (None, Some(contact)) => ui.t(presence_word(contact.availability)),
        (words, _) => AttrValue::from(words.clone().unwrap_or_default()),
    };
    html! { <span class="preview">{ for own }<bdi>{ words }</bdi></span> }
}
