//! One conversation: its line in the list and its timeline.

use std::sync::Arc;

use xmpp::ids::ArchiveId;
use xmpp::time::Timestamp;

use crate::api::{Author, Chat, Composing, ConversationId, Diff, Older, TimelineId};
use crate::timeline::{Entry, Placed, Placement, Row, RunId, Timeline};

/// How many rows a conversation keeps that no view shows.
const TAIL: usize = 40;
/// How many rows an open one keeps; beyond it the oldest go and can be loaded again.
const OPEN: usize = 10_000;
/// The run of the rows that the device kept; no page of an archive is called so.
const KEPT: RunId = RunId(u32::MAX);
/// Longest preview, in characters.
const PREVIEW: usize = 200;

/// How far the person has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadMark {
    /// The row, if it is in memory.
    pub(crate) row: Option<TimelineId>,
    /// What was said up to then is read; counts where the row is not known.
    pub(crate) at: Timestamp,
    /// Nobody ever set it: what the archive brings of the past counts as read.
    pub(crate) assumed: bool,
}

/// A line of the list as it was kept over a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) last: Timestamp,
    pub(crate) own: bool,
    pub(crate) preview: String,
}

/// One conversation.
pub(crate) struct Conversation {
    pub(crate) id: ConversationId,
    pub(crate) timeline: Timeline,
    /// Whether it stands in the list.
    pub(crate) listed: bool,
    pub(crate) composing: Composing,
    pub(crate) draft: String,
    pub(crate) older: Older,
    /// The first message of the oldest page read, which need not show.
    pub(crate) older_than: Option<ArchiveId>,
    /// How many rows there were before the last page.
    pub(crate) older_rows: usize,
    pub(crate) read: ReadMark,
    /// What the list showed before a reload, until there are rows.
    pub(crate) kept: Option<Kept>,
    /// The person wants to see nothing in the list that is not newer.
    pub(crate) dismissed_at: Option<Timestamp>,
    /// Unread rows that went out of memory.
    dropped_unread: u32,
    /// The rows were kept by the device, and nobody has compared them with the archive.
    pub(crate) unchecked: bool,
    told: Option<Arc<Chat>>,
}

impl Conversation {
    pub(super) fn new(id: ConversationId, read_since: Option<Timestamp>) -> Self {
        Self {
            id,
            timeline: Timeline::default(),
            listed: false,
            composing: Composing::No,
            draft: String::new(),
            older: Older::More,
            older_than: None,
            older_rows: 0,
            read: ReadMark { row: None, at: read_since.unwrap_or(Timestamp(i64::MIN)), assumed: read_since.is_none() },
            kept: None,
            dismissed_at: None,
            dropped_unread: 0,
            unchecked: false,
            told: None,
        }
    }

    /// Places a message and keeps the read mark true. Lists the conversation if the message is new.
    pub(crate) fn place(&mut self, entry: Entry, placement: Placement, next: &mut u64) -> Placed {
        let (own, at) = (entry.author == Author::Own, entry.at);
        let placed = self.timeline.place(entry, placement, next);
        let of_the_past = matches!(placement, Placement::Latest(_) | Placement::Older(_));
        match placed {
            Placed::New(id) => {
                if placement == Placement::Live || self.dismissed_at.is_none_or(|dismissed| at > dismissed) {
                    self.listed = true;
                }
                if self.read.assumed && of_the_past {
                    self.read.at = self.read.at.max(at);
                } else if own {
                    // Who answers has read.
                    self.mark_read(id);
                }
            }
            Placed::Known(_)
                if !own && self.read.assumed && self.read.row.is_none() && placement == Placement::Live =>
            {
                // The archive's page was faster than the server's offline storage: nobody has read this yet.
                self.read.at = self.read.at.min(at.plus(-1));
            }
            Placed::Known(_) => {}
        }
        placed
    }

    /// Takes rows back that the device kept. They are listed, read and dismissed as other rows of the device say.
    pub(super) fn restore(&mut self, entries: Vec<Entry>, next: &mut u64) {
        for entry in entries {
            self.timeline.place(entry, Placement::Older(KEPT), next);
        }
        self.timeline.take_changed();
        self.unchecked = true;
    }

    /// The person has read up to this row, here or elsewhere. Never back. Tells whether that was new.
    pub(crate) fn mark_read(&mut self, id: TimelineId) -> bool {
        let Some(index) = self.timeline.position(id) else { return false };
        let at = self.timeline.rows()[index].item.at;
        let further = match self.read.row.and_then(|row| self.timeline.position(row)) {
            Some(now) => index > now,
            None => self.read.assumed || at > self.read.at,
        };
        if further {
            self.read = ReadMark { row: Some(id), at: self.read.at.max(at), assumed: false };
            self.dropped_unread = 0;
        }
        further
    }

    /// How far the person read, as kept from an earlier page.
    pub(crate) fn restore_read(&mut self, at: Timestamp) {
        if self.read.assumed || self.read.at < at {
            self.read = ReadMark { row: None, at: self.read.at.max(at), assumed: false };
        }
    }

    /// The unread rows of others, oldest first.
    fn unread(&self) -> impl Iterator<Item = &Row> {
        let rows = self.timeline.rows();
        let mark = self.read.row.and_then(|row| self.timeline.position(row));
        let (start, at) = mark.map_or((0, self.read.at), |index| (index + 1, Timestamp(i64::MIN)));
        rows[start..].iter().filter(move |row| row.by_other() && row.item.at > at)
    }

    /// Unread messages as the view knows them.
    pub(crate) fn unread_told(&self) -> u32 {
        self.told.as_ref().map_or(0, |chat| chat.unread)
    }

    /// Whether nothing would be lost with it: nobody looks at it, and it holds nothing that is only here.
    pub(super) fn is_idle(&self) -> bool {
        !self.timeline.is_shown() && self.draft.is_empty() && !self.timeline.rows().iter().any(Row::must_stay)
    }

    /// When something was said last.
    pub(super) fn newest_at(&self) -> Option<Timestamp> {
        self.timeline.last_message().map(|row| row.item.at).or(self.kept.as_ref().map(|kept| kept.last))
    }

    /// Keeps memory bounded.
    pub(super) fn trim(&mut self) {
        let keep = if self.timeline.is_shown() { OPEN } else { TAIL };
        // Some slack, so that not every message moves everything.
        if self.timeline.rows().len() <= keep + keep / 4 {
            return;
        }
        let unread_before = self.unread().count();
        let dropped = self.timeline.trim(keep);
        if dropped.iter().any(|row| Some(row.id()) == self.read.row) {
            self.read.row = None;
        }
        let gone = unread_before.saturating_sub(self.unread().count());
        self.dropped_unread = self.dropped_unread.saturating_add(u32::try_from(gone).unwrap_or(u32::MAX));
        if !dropped.is_empty() {
            self.older_than = None;
            if self.older == Older::Complete {
                self.older = Older::More;
            }
        }
    }

    /// The line of the list, if it changed.
    pub(super) fn flush(&mut self, name: String) -> Option<Diff> {
        if !self.listed {
            return self.told.take().map(|_| Diff::ChatRemoved(self.id.clone()));
        }
        let chat = self.chat(name);
        if self.told.as_deref() == Some(&chat) {
            return None;
        }
        let chat = Arc::new(chat);
        self.told = Some(chat.clone());
        Some(Diff::Chat(chat))
    }

    /// What the list shows of the newest message.
    pub(crate) fn newest(&self) -> Option<Kept> {
        let row = self.timeline.last_message();
        let said = row.and_then(|row| Some((row.item.at, row.said()?)));
        let shown =
            said.map(|(last, (author, body))| Kept { last, own: *author == Author::Own, preview: preview(body) });
        shown.or_else(|| self.kept.clone())
    }

    fn chat(&self, name: String) -> Chat {
        let newest = self.newest();
        let mut unread = self.unread().map(Row::id);
        let first_unread = unread.next();
        let count = u32::from(first_unread.is_some()).saturating_add(u32::try_from(unread.count()).unwrap_or(u32::MAX));
        Chat {
            id: self.id.clone(),
            name,
            preview_own: newest.as_ref().is_some_and(|kept| kept.own),
            last: newest.as_ref().map(|kept| kept.last),
            preview: newest.map(|kept| kept.preview),
            unread: count.saturating_add(self.dropped_unread),
            first_unread,
            composing: self.composing,
            draft: self.draft.clone(),
            older: self.older,
        }
    }
}

fn preview(body: &str) -> String {
    let mut out = String::new();
    for word in body.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > PREVIEW * 4 {
            break;
        }
    }
    match out.char_indices().nth(PREVIEW) {
        Some((end, _)) => {
            out.truncate(end);
            out
        }
        None => out,
    }
}
