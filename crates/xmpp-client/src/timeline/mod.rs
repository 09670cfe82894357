//! The rows of one conversation in the order of the archive, and how that order changes.
//!
//! A timeline is a list of contiguous segments with explicit gaps between them. Live messages go to the end; pages of the
//! archive are *runs*: each message of a run goes behind the one before it, and a message that is here already (as a local
//! echo, or because it came live too) is found by its ids, takes the archive's place and keeps its [`TimelineId`].
//! Nothing here knows stanzas, queries or storage. Start at [`Timeline::place`].

mod order;
mod row;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use xmpp::collections::{VecMap, VecSet};
use xmpp::ids::{ArchiveId, MessageId, OriginId};
use xmpp::time::Timestamp;

pub(crate) use row::{Entry, Row, rank};

use crate::api::{Author, Delivery, Item, ItemKind, TimelineId, TimelineOp};

/// One page of an archive, for all conversations it touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunId(pub(crate) u32);

/// Where a message belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Behind everything: it was said just now, or held back by the server until now.
    Live,
    /// As [`Live`](Self::Live), but said before this row, if it is here.
    LiveBefore(TimelineId),
    /// Behind what is known from the archive, before what came live since: the archive is being read to its tail.
    CatchUp(RunId),
    /// The newest page of the archive; what lies between it and older rows is unknown.
    Latest(RunId),
    /// Before everything.
    Older(RunId),
    /// Into a gap, from its older end on.
    Gap(RunId, TimelineId),
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    /// It is a new row.
    New(TimelineId),
    /// It was here already; the row learned what was new.
    Known(TimelineId),
}

impl Placed {
    pub(crate) fn id(self) -> TimelineId {
        match self {
            Placed::New(id) | Placed::Known(id) => id,
        }
    }
}

/// The rows of one conversation.
#[derive(Default)]
pub(crate) struct Timeline {
    rows: Vec<Row>,
    /// Every id a row is known by, see [`Key`].
    keys: VecMap<String, TimelineId>,
    /// Changes the view was not told yet; only while `shown`.
    ops: Vec<TimelineOp>,
    shown: bool,
    /// Something changed since [`Timeline::take_changed`].
    changed: bool,
    /// The run that placed the last archived row, and that row.
    run: Option<(RunId, TimelineId)>,
    /// The gap before messages that came live while the archive's tail was still being read.
    catch_up: Option<TimelineId>,
    /// The last row that the catch-up has placed, until it has come to the tail.
    caught: Option<TimelineId>,
}

impl Timeline {
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn last_message(&self) -> Option<&Row> {
        self.rows.iter().rev().find(|row| row.said().is_some())
    }

    /// Where the row stands. From the end, as most questions are about new rows.
    pub(crate) fn position(&self, id: TimelineId) -> Option<usize> {
        self.rows.iter().rposition(|row| row.id() == id)
    }

    pub(crate) fn row(&self, id: TimelineId) -> Option<&Row> {
        self.position(id).map(|index| &self.rows[index])
    }

    /// A message by the `id` its sender gave it.
    pub(crate) fn by_message_id(&self, author: &Author, id: &MessageId) -> Option<TimelineId> {
        self.keys.get(&Key::Message(author, id).text()).copied()
    }

    pub(crate) fn oldest_archived(&self) -> Option<&ArchiveId> {
        self.rows.iter().find_map(|row| row.archive_id.as_ref())
    }

    /// The newest archived message before the row `id`; before the end for `None`.
    pub(crate) fn archived_before(&self, id: Option<TimelineId>) -> Option<&ArchiveId> {
        let end = id.and_then(|id| self.position(id)).unwrap_or(self.rows.len());
        self.rows[..end].iter().rev().find_map(|row| row.archive_id.as_ref())
    }

    pub(crate) fn gaps(&self) -> impl Iterator<Item = TimelineId> {
        self.rows.iter().filter(|row| row.is_gap()).map(Row::id)
    }

    /// From now on changes are told, starting with everything there is.
    pub(crate) fn show(&mut self) {
        self.shown = true;
        self.ops = vec![TimelineOp::Reset(self.rows.iter().map(|row| row.item.clone()).collect())];
    }

    pub(crate) fn hide(&mut self) {
        self.shown = false;
        self.ops = Vec::new();
    }

    pub(crate) fn is_shown(&self) -> bool {
        self.shown
    }

    /// Whether anything changed since this was asked last.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    pub(crate) fn take_ops(&mut self) -> Vec<TimelineOp> {
        std::mem::take(&mut self.ops)
    }

    /// Sets how far the own message got. Never back, except into failure (from what the server had not confirmed to have
    /// reached the other side) and by a retry. Tells whether anything changed.
    pub(crate) fn set_delivery(&mut self, id: TimelineId, to: Delivery) -> bool {
        let Some(index) = self.position(id) else { return false };
        let Some(now) = self.rows[index].delivery() else { return false };
        let allowed = match &to {
            Delivery::Pending => matches!(now, Delivery::Failed { .. }),
            Delivery::Failed { .. } => rank(now) < 2,
            _ => rank(&to) > rank(now),
        };
        if allowed {
            self.edit(index, |kind| {
                if let ItemKind::Message { delivery, .. } = kind {
                    *delivery = Some(to);
                }
            });
        }
        allowed
    }

    /// The other side has seen everything up to this row (XEP-0333 §5.2).
    pub(crate) fn read_up_to(&mut self, id: TimelineId) -> bool {
        let Some(end) = self.position(id) else { return false };
        let unread: Vec<TimelineId> = self.rows[..=end]
            .iter()
            .rev()
            .take_while(|row| row.delivery() != Some(&Delivery::Read))
            .filter(|row| row.delivery().is_some_and(|d| rank(d) >= 1) || row.id() == id)
            .map(Row::id)
            .collect();
        let changed = unread.into_iter().filter(|id| self.set_delivery(*id, Delivery::Read)).count();
        changed > 0
    }

    /// Removes a row for good.
    pub(crate) fn remove(&mut self, id: TimelineId) -> Option<Row> {
        let index = self.position(id)?;
        let row = self.take(index);
        self.keys.retain(|_, known| *known != id);
        Some(row)
    }

    /// Drops the oldest rows until `keep` are left, but none that is in no archive yet. Returns what went.
    pub(crate) fn trim(&mut self, keep: usize) -> Vec<Row> {
        let excess = self.rows.len().saturating_sub(keep);
        // The gap of a catch-up marks where the catch-up goes on.
        let stays = |row: &Row| row.must_stay() || self.catch_up == Some(row.id());
        let count = self.rows[..excess].iter().position(stays).unwrap_or(excess);
        if count == 0 {
            return Vec::new();
        }
        self.tell(TimelineOp::Remove { index: 0, count });
        let dropped: Vec<Row> = self.rows.drain(..count).collect();
        let left: VecSet<TimelineId> = self.rows.iter().map(Row::id).collect();
        self.keys.retain(|_, id| left.contains(id));
        dropped
    }

    /// Marks a gap as being filled, or as not filled after all.
    pub(crate) fn set_gap(&mut self, id: TimelineId, is_loading: bool, has_failed: bool) {
        let Some(index) = self.position(id) else { return };
        self.edit(index, |kind| {
            if let ItemKind::Gap { loading, failed } = kind {
                (*loading, *failed) = (is_loading, has_failed);
            }
        });
    }

    /// A gap is filled.
    pub(crate) fn close_gap(&mut self, id: TimelineId) {
        if self.catch_up == Some(id) {
            self.catch_up = None;
        }
        if self.row(id).is_some_and(Row::is_gap) {
            self.remove(id);
        }
    }

    /// Marks that messages may be missing between what is here and what comes live from now on.
    pub(crate) fn begin_catch_up(&mut self, next: &mut u64, now: Timestamp) {
        if self.catch_up.is_none() {
            let id = fresh(next);
            self.catch_up = Some(id);
            self.put(self.rows.len(), Row::gap(id, now, true));
        }
    }

    /// The archive was read to its tail: nothing is missing there.
    pub(crate) fn end_catch_up(&mut self) {
        self.caught = None;
        if let Some(id) = self.catch_up {
            self.close_gap(id);
        }
    }

    /// The archive was not read to its tail. The gap stays; `given_up`: as an ordinary one, to be filled on demand.
    pub(crate) fn pause_catch_up(&mut self, given_up: bool) {
        if let Some(id) = self.catch_up {
            self.set_gap(id, false, given_up);
            if given_up {
                self.catch_up = None;
            }
        }
    }

    fn edit(&mut self, index: usize, change: impl FnOnce(&mut ItemKind)) {
        let mut item = Item::clone(&self.rows[index].item);
        change(&mut item.kind);
        self.replace(index, item);
    }

    fn replace(&mut self, index: usize, item: Item) {
        if item != *self.rows[index].item {
            let item = Arc::new(item);
            self.changed = true;
            self.rows[index].item = item.clone();
            self.tell(TimelineOp::Update { index, item });
        }
    }

    fn put(&mut self, index: usize, row: Row) {
        let item = row.item.clone();
        self.changed = true;
        self.rows.insert(index, row);
        if !self.shown {
            return;
        }
        // A page is one insertion to the view.
        if let Some(TimelineOp::Insert { index: first, items }) = self.ops.last_mut()
            && *first + items.len() == index
        {
            items.push(item);
        } else {
            self.ops.push(TimelineOp::Insert { index, items: vec![item] });
        }
    }

    fn take(&mut self, index: usize) -> Row {
        self.changed = true;
        self.tell(TimelineOp::Remove { index, count: 1 });
        self.rows.remove(index)
    }

    fn tell(&mut self, op: TimelineOp) {
        if self.shown {
            self.ops.push(op);
        }
    }
}

/// What a row is known by.
enum Key<'a> {
    Archive(&'a ArchiveId),
    /// Ids that senders choose count per author: a stranger cannot name our message theirs.
    Origin(&'a Author, &'a OriginId),
    Message(&'a Author, &'a MessageId),
}

impl Key<'_> {
    fn text(&self) -> String {
        let (tag, id) = match self {
            Key::Archive(id) => ("s", id.as_str()),
            Key::Origin(Author::Own, id) => ("<o", id.as_str()),
            Key::Origin(_, id) => (">o", id.as_str()),
            Key::Message(Author::Own, id) => ("<m", id.as_str()),
            Key::Message(_, id) => (">m", id.as_str()),
        };
        [tag, id].concat()
    }
}

fn fresh(next: &mut u64) -> TimelineId {
    *next += 1;
    TimelineId(*next)
}
