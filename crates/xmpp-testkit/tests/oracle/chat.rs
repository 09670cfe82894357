//! What stands in messages: chat states, markers, receipts.

use proptest::prelude::*;
use xmpp::xep::{chat_markers, chat_states, receipts};
use xmpp_parsers::chatstates;

use crate::pair::{Agree, same};
use crate::values::*;

pub(crate) fn pairs() -> Vec<Box<dyn Agree>> {
    vec![
        same("chat_states", chat_state).values(prop::sample::select(chat_states::ChatState::ALL)).done(),
        same("chat_markers", |_: &xmpp_parsers::displayed_markers::Markable| chat_markers::Markable {})
            .values(Just(chat_markers::Markable {}))
            .done(),
        same("chat_markers", |theirs: &xmpp_parsers::displayed_markers::Displayed| chat_markers::Displayed {
            id: theirs.id.0.clone(),
        })
        .values(text().prop_map(|id| chat_markers::Displayed { id }))
        .done(),
        same("receipts", |_: &xmpp_parsers::receipts::Request| receipts::Request {})
            .values(Just(receipts::Request {}))
            .done(),
        same("receipts", |theirs: &xmpp_parsers::receipts::Received| receipts::Received {
            id: theirs.id.as_str().into(),
        })
        .values(message_id().prop_map(|id| receipts::Received { id }))
        .done(),
    ]
}

fn chat_state(theirs: &chatstates::ChatState) -> chat_states::ChatState {
    match theirs {
        chatstates::ChatState::Active => chat_states::ChatState::Active,
        chatstates::ChatState::Composing => chat_states::ChatState::Composing,
        chatstates::ChatState::Gone => chat_states::ChatState::Gone,
        chatstates::ChatState::Inactive => chat_states::ChatState::Inactive,
        chatstates::ChatState::Paused => chat_states::ChatState::Paused,
    }
}
