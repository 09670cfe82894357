//! The right pane: who one talks with, what was said, and the composer.

use std::sync::Arc;

use xmpp_client::api::{Author, Chat, ConversationId, Item, ItemKind};
use yew::prelude::*;

use super::bits::{avatar, icon_button, presence_word, spinner};
use super::composer::{self, Composer};
use super::message_list::{self, MessageList};
use crate::bridge::Topic;
use crate::child::child;
use crate::hooks::{Ui, use_selector, use_ui};
use crate::icons::Icon;
use crate::kept::{use_mut_ref, use_state};
use crate::msg::Msg;
use crate::slots::ChatCx;
use crate::ui_state::{Action, Layer};
use crate::view::html;

/// Properties of [`Conversation`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Which.
    pub id: ConversationId,
}

/// See the module. Keyed by its id, so that nothing of one conversation is left over in the next.
#[component]
pub fn Conversation(props: &Props) -> Html {
    let ui = use_ui();
    let id = props.id.clone();
    let chat = use_selector(Topic::Chats, move |replica| replica.chat(&id).cloned());
    let sent = use_state(|| 0u32);
    let on_sent = {
        let sent = sent.clone();
        Callback::from(move |()| sent.set(sent.wrapping_add(1)))
    };
    let Some(chat) = chat else {
        return html! { <>
            <header class="head" part="chat-header">{ back(&ui) }</header>
            <div class="center fill">{ spinner(ui.t(Msg::Loading)) }</div>
        </> };
    };
    html! { <>
        { child::<Head>(HeadProps { chat: chat.clone() }) }
        { child::<MessageList>(message_list::Props { chat: chat.clone(), sent: *sent }) }
        { child::<Announcer>(AnnouncerProps { id: chat.id.clone(), name: chat.name.clone() }) }
        { child::<Composer>(composer::Props { chat, on_sent }) }
    </> }
}

fn back(ui: &Ui) -> Html {
    icon_button(Icon::Back, ui.t(Msg::Back), "back", ui.act(Action::Select(None)))
}

#[derive(Properties, PartialEq)]
struct HeadProps {
    chat: Arc<Chat>,
}

#[component]
fn Head(props: &HeadProps) -> Html {
    let ui = use_ui();
    let chat = &props.chat;
    let jid = chat.id.jid.clone();
    let contact = use_selector(Topic::Contacts, move |replica| replica.contacts.get(&jid).cloned());
    let activity = ui.slots.activity(&ui, chat);
    let typing = activity.is_some();
    let about = activity.unwrap_or_else(|| match &contact {
        Some(contact) => contact
            .status
            .clone()
            .filter(|status| !status.is_empty())
            .map_or_else(|| ui.t(presence_word(contact.availability)), AttrValue::from),
        None => AttrValue::from(chat.id.jid.to_string()),
    });
    let image = contact.as_ref().and_then(|contact| contact.avatar.as_deref());
    let availability = contact.as_ref().map(|contact| contact.availability);
    let cx = ChatCx { ui: &ui, chat };
    // A convenience for the pointer; the button of the same meaning stands beside it.
    let open = ui
        .config
        .allows("roster")
        .then(|| ui.act::<MouseEvent>(Action::Layer(Some(Layer::Profile(chat.id.jid.clone())))));
    html! {
        <header class="head" part="chat-header">
            { back(&ui) }
            <div class="who grow" onclick={open}>
                { avatar(&ui, chat.id.jid.as_str(), &chat.name, image, availability) }
                <span class="text">
                    <span class="name" dir="auto">{ &chat.name }</span>
                    <span class={if typing { "preview accent" } else { "preview" }}><bdi>{ about }</bdi></span>
                </span>
            </div>
            { for ui.slots.iter().filter_map(|feature| feature.conversation_header).map(|draw| draw(&cx)) }
            { super::panel::close(&ui) }
        </header>
    }
}

#[derive(Properties, PartialEq)]
struct AnnouncerProps {
    id: ConversationId,
    name: String,
}

/// Reads new messages out. The log itself is silent: its rows come and go with scrolling, and history is no news.
#[component]
fn Announcer(props: &AnnouncerProps) -> Html {
    let ui = use_ui();
    let id = props.id.clone();
    let newest = use_selector(Topic::Timeline, move |replica| {
        replica.timelines.get(&id).and_then(|items| items.last().cloned())
    });
    let heard = use_mut_ref(|| None::<Option<xmpp_client::api::TimelineId>>);
    let now = newest.as_ref().map(|item| item.id);
    // What is there when the conversation opens is not news; neither is the first page of history.
    let before = heard.borrow_mut().replace(now);
    let news = newest.filter(|_| before.is_some_and(|before| before.is_some() && before != now));
    html! { <div class="sr" aria-live="polite" role="status">{ for news.and_then(|item| words(&ui, &props.name, &item)) }</div> }
}

fn words(ui: &Ui, name: &str, item: &Item) -> Option<Html> {
    match &item.kind {
        ItemKind::Message { author, body, .. } if *author != Author::Own => {
            Some(html! { <>{ ui.locale.with(Msg::Says, name) }{ " " }{ body.to_string() }</> })
        }
        _ => None,
    }
}
