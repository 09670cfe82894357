//! The message list: rows in a virtual list, history on the way up, what was read, the way back down.

use std::rc::Rc;
use std::sync::Arc;

use xmpp_client::api::{Chat, Command, Composing, ConversationId, Item, ItemKind, Older, TimelineId};
use yew::prelude::*;

use super::bits::{avatar, button, empty, spinner};
use super::message::{self, Message};
use super::reading::{use_attention, use_divider, use_seen};
use super::times;
use crate::bridge::Topic;
use crate::child::child;
use crate::hooks::{Ui, use_selector, use_ui};
use crate::icons::{Icon, icon};
use crate::kept::{use_memo, use_state};
use crate::msg::Msg;
use crate::rows::{self, Row, Source};
use crate::view::html;
use crate::virtual_list::{self, Position, RenderRow, VirtualList};

/// Properties of [`MessageList`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The conversation.
    pub chat: Arc<Chat>,
    /// Counts the messages sent from here: the list goes to its end with each.
    pub sent: u32,
}

/// A usual width until the list is measured.
const WIDTH: f64 = 560.0;

/// See the module.
#[component]
pub fn MessageList(props: &Props) -> Html {
    let ui = use_ui();
    let chat = props.chat.clone();
    let id = chat.id.clone();
    let items = use_selector(Topic::Timeline, move |replica| replica.timelines.get(&id).cloned());
    let position = use_state(Position::default);
    let jumps = use_state(|| 0u32);
    let attentive = use_attention(&ui);
    let loaded = items.is_some();
    let items = items.unwrap_or_default();
    let nothing_missed = attentive && (position.at_tail || (loaded && items.is_empty()));
    let unread_from = use_divider(&chat, props.sent, nothing_missed);
    let typing = chat.composing == Composing::Yes && ui.config.allows("chat-states");
    let rows = use_memo(
        (ui.clone(), items.clone(), chat.older, unread_from, typing),
        |(ui, items, older, unread_from, typing)| {
            let day_number = |at| ui.locale.intl().day_number(at);
            rows::build(&Source {
                items,
                older: *older,
                unread_from: *unread_from,
                typing: *typing,
                day_number: &day_number,
            })
        },
    );
    let sizes = use_memo(rows.clone(), |rows| rows::sizes(rows, WIDTH));
    let seen = use_seen(&ui, &chat, &rows, *position, attentive);
    if items.is_empty() {
        return quiet(&ui, &chat, loaded, typing);
    }
    let on_start = load(&ui, &chat.id, None);
    let on_position = {
        let position = position.clone();
        Callback::from(move |now| position.set(now))
    };
    let jump = {
        let jumps = jumps.clone();
        Callback::from(move |_| jumps.set(jumps.wrapping_add(1)))
    };
    let start_at = unread_from.map(|_| Row::Unread.key());
    let render = {
        let (ui, chat, rows) = (ui.clone(), chat.clone(), rows.clone());
        RenderRow(Rc::new(move |index, active| draw(&ui, &chat, &rows, index, active)))
    };
    let below = if position.at_tail { 0 } else { rows::others_after(&items, seen) };
    let list = yew::props!(virtual_list::Props {
        rows: (*sizes).clone(),
        render,
        role: "log",
        row_role: "article",
        label: ui.locale.with(Msg::Messages, &chat.name),
        part: "message-list",
        tail: true,
        start_at,
        to_tail: props.sent.wrapping_add(*jumps),
        windowed: ui.config.virtual_lists,
        more: chat.older == Older::More,
        on_start,
        on_position,
    });
    html! {
        <div class="fill messages">
            { child::<VirtualList>(list) }
            if !position.at_tail && position.last > 0 { { jump_button(&ui, below, jump) } }
        </div>
    }
}

fn draw(ui: &Ui, chat: &Arc<Chat>, rows: &Rc<Rc<[Row]>>, index: usize, active: bool) -> Html {
    match rows.get(index) {
        None => Html::default(),
        Some(Row::Start(older)) => start(ui, chat, *older),
        Some(Row::Day { at, .. }) => {
            html! { <div class="divider" part="day-divider"><span>{ times::day(ui, *at) }</span></div> }
        }
        Some(Row::Unread) => {
            html! { <div class="divider new" part="unread-divider"><span>{ ui.t(Msg::NewMessages) }</span></div> }
        }
        Some(Row::Typing) => {
            html! { <div class="msg first last"><div class="bubble dots" aria-hidden="true"><i></i><i></i><i></i></div></div> }
        }
        Some(Row::Gap(item)) => gap(ui, &chat.id, item),
        Some(Row::Message { item, first, last }) => {
            let (id, name, item) = (chat.id.clone(), chat.name.clone(), item.clone());
            child::<Message>(message::Props { id, name, item, first: *first, last: *last, active })
        }
    }
}

fn load<E: 'static>(ui: &Ui, conversation: &ConversationId, gap: Option<TimelineId>) -> Callback<E> {
    let (bridge, conversation) = (ui.bridge.clone(), conversation.clone());
    Callback::from(move |_| bridge.dispatch(Command::LoadHistory { conversation: conversation.clone(), gap }))
}

fn start(ui: &Ui, chat: &Chat, older: Older) -> Html {
    let inside = match older {
        Older::Complete => {
            let jid = &chat.id.jid;
            let image = ui.bridge.read(|replica| replica.contacts.get(jid).and_then(|contact| contact.avatar.clone()));
            html! { <>
                { avatar(ui, jid.as_str(), &chat.name, image.as_deref(), None) }
                <strong dir="auto">{ &chat.name }</strong>
                <p class="muted">{ ui.t(Msg::BeginningOf) }</p>
            </> }
        }
        Older::Loading => spinner(ui.t(Msg::Loading)),
        Older::More => button(ui.t(Msg::LoadOlder), "quiet small", load(ui, &chat.id, None)),
        Older::Failed => {
            html! { <><p class="muted">{ ui.t(Msg::LoadOlderFailed) }</p>{ button(ui.t(Msg::Retry), "quiet small", load(ui, &chat.id, None)) }</> }
        }
    };
    html! { <div class="start">{ inside }</div> }
}

fn gap(ui: &Ui, conversation: &ConversationId, item: &Item) -> Html {
    let ItemKind::Gap { loading, failed } = item.kind else { return Html::default() };
    let inside = if loading {
        spinner(ui.t(Msg::Loading))
    } else {
        button(
            ui.t(if failed { Msg::Retry } else { Msg::LoadGap }),
            "quiet small",
            load(ui, conversation, Some(item.id)),
        )
    };
    html! { <div class="gap"><span>{ ui.t(if failed { Msg::GapFailed } else { Msg::GapHere }) }</span>{ inside }</div> }
}

/// Instead of rows while there are none.
fn quiet(ui: &Ui, chat: &Chat, loaded: bool, typing: bool) -> Html {
    let inside = match chat.older {
        Older::Loading => spinner(ui.t(Msg::Loading)),
        _ if !loaded => spinner(ui.t(Msg::Loading)),
        Older::Failed => empty(
            Icon::Warning,
            ui.t(Msg::LoadOlderFailed),
            AttrValue::default(),
            button(ui.t(Msg::Retry), "", load(ui, &chat.id, None)),
        ),
        Older::More | Older::Complete => {
            empty(Icon::Chat, ui.t(Msg::NoMessages), ui.locale.with(Msg::NoMessagesLead, &chat.name), Html::default())
        }
    };
    html! {
        <div class="fill center" role="log" aria-label={ui.locale.with(Msg::Messages, &chat.name)} part="message-list">
            { inside }
            if typing { <p class="muted">{ ui.locale.with(Msg::TypingName, &chat.name) }</p> }
        </div>
    }
}

fn jump_button(ui: &Ui, below: u32, onclick: Callback<MouseEvent>) -> Html {
    let label = if below == 0 { ui.t(Msg::JumpToLatest) } else { ui.locale.count(Msg::NewBelow, below) };
    html! {
        <button type="button" class="icon jump" part="jump-to-latest" aria-label={&label} title={label} {onclick}>
            { icon(Icon::Down) }
            if below > 0 { <span class="badge" aria-hidden="true">{ ui.locale.intl().number(below) }</span> }
        </button>
    }
}
