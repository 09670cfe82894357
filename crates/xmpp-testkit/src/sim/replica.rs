//! What a person at a device sees: built from diffs alone, as a view builds it.

use std::collections::BTreeMap;
use std::sync::Arc;

use xmpp_client::api::{ConversationId, Delivery, Diff, Item, ItemKind, Phase, TimelineOp};

/// Session phase and the open timelines.
#[derive(Debug, Default)]
pub struct Replica {
    /// The last phase told.
    pub phase: Option<Phase>,
    timelines: BTreeMap<ConversationId, Vec<Arc<Item>>>,
}

/// One message as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The text.
    pub body: String,
    /// Of an own message.
    pub delivery: Option<Delivery>,
}

impl Replica {
    /// Applies one change.
    ///
    /// # Panics
    /// When an index is outside the timeline: a view would break there too.
    pub fn apply(&mut self, diff: Diff) {
        match diff {
            Diff::Session(session) => self.phase = Some(session.phase.clone()),
            Diff::Timeline { conversation, ops } => {
                let timeline = self.timelines.entry(conversation).or_default();
                for op in ops {
                    apply(timeline, op);
                }
            }
            Diff::Reset => *self = Self::default(),
            _ => {}
        }
    }

    /// The messages of a conversation, as shown from top to bottom.
    pub fn messages(&self, conversation: &ConversationId) -> Vec<Shown> {
        let items = self.timelines.get(conversation).map(Vec::as_slice).unwrap_or_default();
        items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Message { body, delivery, .. } => {
                    Some(Shown { body: body.to_string(), delivery: delivery.clone() })
                }
                _ => None,
            })
            .collect()
    }

    /// Whether the conversation still shows missing messages.
    pub fn gaps(&self, conversation: &ConversationId) -> usize {
        let items = self.timelines.get(conversation).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter(|item| matches!(item.kind, ItemKind::Gap { .. })).count()
    }
}

fn apply(timeline: &mut Vec<Arc<Item>>, op: TimelineOp) {
    match op {
        TimelineOp::Reset(items) => *timeline = items,
        TimelineOp::Insert { index, items } => {
            timeline.splice(index..index, items);
        }
        TimelineOp::Update { index, item } => {
            assert_eq!(timeline[index].id, item.id, "an update keeps the row's key");
            timeline[index] = item;
        }
        TimelineOp::Remove { index, count } => {
            timeline.drain(index..index + count);
        }
    }
}
