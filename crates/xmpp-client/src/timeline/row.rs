//! One row of a timeline with what the view does not see: the ids it may be known by.

use std::sync::Arc;

use xmpp::ids::{ArchiveId, MessageId, OriginId, StanzaId};
use xmpp::time::Timestamp;

use crate::api::{Author, Delivery, Item, ItemKind, TimelineId};

/// A message that wants its place in a timeline.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) author: Author,
    pub(crate) at: Timestamp,
    pub(crate) body: Arc<str>,
    /// The own archive's id, from a trusted source only.
    pub(crate) stanza_id: Option<StanzaId>,
    pub(crate) message_id: Option<MessageId>,
    pub(crate) origin_id: Option<OriginId>,
    /// Of own messages.
    pub(crate) delivery: Option<Delivery>,
    /// Whether its author wants to know that it was displayed (XEP-0333).
    pub(crate) markable: bool,
}

/// A row as the timeline keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) item: Arc<Item>,
    pub(crate) archive_id: Option<ArchiveId>,
    pub(crate) message_id: Option<MessageId>,
    pub(crate) origin_id: Option<OriginId>,
    pub(crate) markable: bool,
}

impl Row {
    pub(crate) fn id(&self) -> TimelineId {
        self.item.id
    }

    pub(crate) fn message(id: TimelineId, entry: Entry) -> Self {
        Self {
            archive_id: entry.stanza_id.as_ref().map(|s| s.id.clone()),
            message_id: entry.message_id,
            origin_id: entry.origin_id,
            markable: entry.markable,
            item: Arc::new(Item {
                id,
                at: entry.at,
                kind: ItemKind::Message {
                    author: entry.author,
                    body: entry.body,
                    delivery: entry.delivery,
                    stanza_id: entry.stanza_id,
                },
            }),
        }
    }

    pub(crate) fn gap(id: TimelineId, at: Timestamp, loading: bool) -> Self {
        let item = Arc::new(Item { id, at, kind: ItemKind::Gap { loading, failed: false } });
        Self { item, archive_id: None, message_id: None, origin_id: None, markable: false }
    }

    pub(crate) fn is_gap(&self) -> bool {
        matches!(self.item.kind, ItemKind::Gap { .. })
    }

    /// Author and body of a message.
    pub(crate) fn said(&self) -> Option<(&Author, &Arc<str>)> {
        match &self.item.kind {
            ItemKind::Message { author, body, .. } => Some((author, body)),
            _ => None,
        }
    }

    /// Whether somebody else said this.
    pub(crate) fn by_other(&self) -> bool {
        self.said().is_some_and(|(author, _)| *author != Author::Own)
    }

    /// Whether this account said this.
    pub(crate) fn is_own(&self) -> bool {
        self.said().is_some_and(|(author, _)| *author == Author::Own)
    }

    pub(crate) fn delivery(&self) -> Option<&Delivery> {
        match &self.item.kind {
            ItemKind::Message { delivery, .. } => delivery.as_ref(),
            _ => None,
        }
    }

    /// Whether dropping the row from memory would lose it: it is in no archive yet.
    pub(crate) fn must_stay(&self) -> bool {
        matches!(self.delivery(), Some(Delivery::Pending | Delivery::Failed { .. }))
    }
}

/// How far along a delivery is; only failure and a retry go back.
pub(crate) fn rank(delivery: &Delivery) -> u8 {
    match delivery {
        Delivery::Pending | Delivery::Failed { .. } => 0,
        Delivery::Sent => 1,
        Delivery::Delivered => 2,
        Delivery::Read => 3,
    }
}
