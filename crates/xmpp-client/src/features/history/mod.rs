//! The newest messages of each conversation, kept on the device: readable before the network answers, and without it.
//!
//! With them goes the place up to which the archive is known completely: what is kept is all there is up to there, but for
//! what lies before the oldest message kept. From there [`mam`](super::mam) reads on, and when a conversation is opened it
//! compares once with the archive's newest page, since two tabs may have written over each other.
//!
//! Kept on trusted devices only. What is full or broken is told by the storage layer; the archive has it all.

mod row;
#[cfg(test)]
mod tests;

use xmpp::ids::ArchiveId;
use xmpp::jid::BareJid;

use crate::api::{ConversationId, TimelineId};
use crate::cx::Cx;
use crate::feature::{ArchiveReach, Feature, Flow, Inbound, Label, SessionChange, Signal};
use crate::timeline::Row;

/// The feature.
pub struct History {
    /// How far the archive is known; nothing is written before, or what is kept would have holes.
    reach: Option<ArchiveReach>,
    /// The session has begun: rows that come now are late, and the archive's pages are better.
    begun: bool,
    /// A write was refused: not again on this page.
    refused: bool,
    waking: bool,
    /// The cursor on the device is this page's, or was read by it.
    owns_cursor: bool,
    /// The greatest number of a row that the written cursor covers.
    covered: TimelineId,
}

const WRITE: Label = Label(1);
/// A row for every message of a burst would be too many.
const WRITE_MS: u64 = 1_500;
/// The row of the archive's cursor. No address looks like it.
const CURSOR: &str = "cursor";
/// Rows of conversations are named by this and the address.
const CHAT: &str = "chat/";
/// So many conversations are kept.
const CONVERSATIONS: usize = 150;

impl History {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self {
            reach: None,
            begun: false,
            refused: false,
            waking: false,
            owns_cursor: false,
            covered: TimelineId(0),
        })
    }

    /// Something may have changed.
    fn wake(&mut self, cx: &mut Cx<'_>) {
        if !std::mem::replace(&mut self.waking, true) {
            cx.wake_in(WRITE, WRITE_MS);
        }
    }

    fn write(&mut self, cx: &mut Cx<'_>) {
        let archived = match self.reach {
            Some(ArchiveReach::Tail) => true,
            Some(ArchiveReach::None) => false,
            _ => return,
        };
        let cursor = cx.state().archive_cursor.clone().filter(|_| !cx.state().timelines().any(awaits_place));
        if cursor.is_some() || !archived {
            self.covered = TimelineId(cx.state().next_item);
        }
        let mut rows = Vec::new();
        for (id, conversation) in cx.state_mut().changed_timelines() {
            if let Some(text) = row::write(conversation.timeline.rows(), self.covered) {
                rows.push(([CHAT, id.jid.as_str()].concat(), text));
            }
        }
        match cursor {
            Some(cursor) => rows.push((String::from(CURSOR), String::from(cursor.as_str()))),
            // What an earlier page wrote covers rows that this one does not know.
            None if !self.owns_cursor => rows.push((String::from(CURSOR), String::new())),
            None => {}
        }
        self.owns_cursor = true;
        if !rows.is_empty() {
            cx.put_rows(rows, WRITE);
        }
    }
}

/// Whether an own message has no place in the archive yet: the client's cursor may have gone past it, the written one must not.
fn awaits_place(rows: &[Row]) -> bool {
    let waits = |row: &Row| row.is_own() && row.archive_id.is_none();
    rows.iter().rev().take(row::MESSAGES).any(waits)
}

impl Feature for History {
    fn id(&self) -> &'static str {
        "history"
    }

    fn on_rows(&mut self, cx: &mut Cx<'_>, rows: &[(&str, &str)]) {
        let Some(account) = cx.account().cloned().filter(|_| !self.begun) else { return };
        let mut kept = Vec::new();
        for (key, value) in rows {
            if let Some(jid) = key.strip_prefix(CHAT).and_then(|jid| BareJid::new(jid).ok()) {
                let entries = row::read(value, &account, &jid);
                kept.push((entries.last().map(|entry| entry.at), jid, entries));
            } else if *key == CURSOR && !value.is_empty() {
                cx.state_mut().archive_cursor = Some(ArchiveId::from(*value));
            }
        }
        xmpp::collections::sort_by(&mut kept, |a, b| b.0.cmp(&a.0));
        for (index, (_, jid, entries)) in kept.into_iter().enumerate() {
            if index >= CONVERSATIONS {
                cx.delete(&[CHAT, jid.as_str()].concat());
            } else {
                cx.state_mut().restore(&ConversationId::chat(jid), entries);
            }
        }
        self.covered = TimelineId(cx.state().next_item);
        self.owns_cursor = true;
    }

    fn on_session(&mut self, _cx: &mut Cx<'_>, change: SessionChange) {
        if change == SessionChange::Bound {
            self.begun = true;
            self.reach = None;
        }
    }

    fn on_signal(&mut self, cx: &mut Cx<'_>, signal: &Signal) {
        match signal {
            Signal::Archive(reach) => {
                self.reach = Some(*reach);
                self.wake(cx);
            }
            Signal::Placed { .. } | Signal::Acked(_) => self.wake(cx),
            _ => {}
        }
    }

    /// Receipts and markers change rows too.
    fn on_message(&mut self, cx: &mut Cx<'_>, _inbound: &mut Inbound) -> Flow {
        self.wake(cx);
        Flow::Continue
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>, _label: Label) {
        self.waking = false;
        if !self.refused {
            self.write(cx);
        }
    }

    fn on_stored(&mut self, _cx: &mut Cx<'_>, _label: Label, stored: bool) {
        self.refused |= !stored;
    }
}
