//! What the reader has seen: whether anybody looks, the new-messages divider, and how far the person has read.

use std::rc::Rc;

use xmpp_client::api::{Author, Chat, Command, ItemKind, TimelineId};
use yew::prelude::*;

use crate::bridge::Topic;
use crate::hooks::{Ui, use_page, use_selector};
use crate::kept::{use_effect_with, use_mut_ref};
use crate::rows::Row;
use crate::view_config::View;
use crate::virtual_list::Position;

/// Whether the conversation can be seen at all: the page is in front and the panel open.
#[hook]
pub fn use_attention(ui: &Ui) -> bool {
    let visible = use_page(&["visibilitychange"], visible);
    let open = use_selector(Topic::Ui, |replica| replica.ui.open);
    visible && (open || ui.config.view != View::Overlay)
}

/// Where the new-messages divider stands. It does not move while nothing is missed (the reader is at the tail and looks),
/// and it goes when the person answers.
#[hook]
pub fn use_divider(chat: &Chat, sent: u32, nothing_missed: bool) -> Option<TimelineId> {
    let kept = use_mut_ref(|| (sent, None::<TimelineId>));
    // A new row is drawn once before the list has settled at its tail again: the moment before counts too.
    let before = use_mut_ref(|| false).replace(nothing_missed);
    let mut kept = kept.borrow_mut();
    if kept.0 != sent {
        *kept = (sent, None);
    } else if !before && !nothing_missed && chat.first_unread.is_some() {
        kept.1 = chat.first_unread;
    }
    kept.1
}

/// Reports what was really in view, and answers how far the reader got.
#[hook]
pub fn use_seen(ui: &Ui, chat: &Chat, rows: &Rc<Rc<[Row]>>, position: Position, attentive: bool) -> Option<TimelineId> {
    let seen = use_mut_ref(|| None::<TimelineId>);
    let told = use_mut_ref(|| None::<TimelineId>);
    let shown =
        if attentive && position != Position::default() { rows.get(..=position.last).unwrap_or(rows) } else { &[] };
    let last_of = |wanted: &dyn Fn(&Author) -> bool| {
        shown.iter().rev().find_map(|row| match row {
            Row::Message { item, .. } => match &item.kind {
                ItemKind::Message { author, .. } if wanted(author) => Some(item.id),
                _ => None,
            },
            _ => None,
        })
    };
    let up_to = last_of(&|author| *author != Author::Own);
    if let Some(item) = last_of(&|_| true) {
        // Rows are numbered from the oldest loaded one, so a place is compared in the rows of now.
        let place = |wanted| rows.iter().rposition(|row| matches!(row, Row::Message { item, .. } if item.id == wanted));
        let before = *seen.borrow();
        if before.is_none_or(|before| place(before) < place(item)) {
            *seen.borrow_mut() = Some(item);
        }
    }
    let (bridge, id) = (ui.bridge.clone(), chat.id.clone());
    use_effect_with((up_to, chat.unread > 0), move |(up_to, unread)| {
        if let Some(up_to) = up_to.filter(|_| *unread)
            && told.borrow_mut().replace(up_to) != Some(up_to)
        {
            bridge.dispatch(Command::MarkRead { conversation: id, up_to });
        }
    });
    *seen.borrow()
}

/// Whether the page is in front.
fn visible() -> bool {
    web_sys::window().and_then(|window| window.document()).is_none_or(|document| !document.hidden())
}
