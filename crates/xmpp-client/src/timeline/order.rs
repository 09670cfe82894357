//! Where a message goes, and how it is known again.

use super::{Entry, Key, Placed, Placement, Row, RunId, Timeline, fresh, rank};
use crate::api::{Delivery, Item, ItemKind, TimelineId};

impl Timeline {
    /// Gives a message its place, or finds that it is here. `next` is the counter of [`TimelineId`]s.
    pub(crate) fn place(&mut self, entry: Entry, placement: Placement, next: &mut u64) -> Placed {
        let found = self.find(&entry);
        let run = match placement {
            Placement::Live | Placement::LiveBefore(_) => {
                return match found {
                    Some(id) => {
                        self.learn(id, entry, false);
                        Placed::Known(id)
                    }
                    None => {
                        let before = match placement {
                            Placement::LiveBefore(id) => self.position(id),
                            _ => None,
                        };
                        Placed::New(self.add(before.unwrap_or(self.rows.len()), entry, next))
                    }
                };
            }
            Placement::CatchUp(run) | Placement::Latest(run) | Placement::Older(run) | Placement::Gap(run, _) => run,
        };
        let continues = self.run.is_some_and(|(last_run, last)| last_run == run && self.position(last).is_some());
        let want = self.cursor(run, placement, found, &entry, next);
        let placed = match found {
            Some(id) => {
                self.settle(id, want, placement, continues);
                self.learn(id, entry, true);
                Placed::Known(id)
            }
            None => Placed::New(self.add(want, entry, next)),
        };
        self.run = Some((run, placed.id()));
        if matches!(placement, Placement::CatchUp(_)) {
            self.caught = Some(placed.id());
        }
        placed
    }

    /// The index where the next message of this run belongs.
    fn cursor(
        &mut self,
        run: RunId,
        placement: Placement,
        found: Option<TimelineId>,
        entry: &Entry,
        next: &mut u64,
    ) -> usize {
        if let Some((last_run, last)) = self.run
            && last_run == run
            && let Some(index) = self.position(last)
        {
            return index + 1;
        }
        if matches!(placement, Placement::CatchUp(_))
            && let Some(index) = self.caught.and_then(|caught| self.position(caught))
        {
            // The page before ended there.
            return index + 1;
        }
        let limit = match placement {
            Placement::Older(_) => return 0,
            Placement::Gap(_, gap) => Some(gap),
            _ => self.catch_up,
        };
        let limit = limit.and_then(|id| self.position(id)).unwrap_or(self.rows.len());
        let archived = self.rows[..limit].iter().rposition(|row| row.archive_id.is_some());
        // What is behind the last archived row is not in the archive yet, so it stays behind.
        let index = archived.map_or(0, |index| index + 1);
        if matches!(placement, Placement::Latest(_)) && archived.is_some() && found.is_none() {
            self.put(index, Row::gap(fresh(next), entry.at, false));
            return index + 1;
        }
        index
    }

    /// A known row meets its place in the archive: one that had a place keeps it, a local echo moves if it must. Only a page
    /// knows better than both: what it has behind another stands behind it, whatever came live in which order.
    fn settle(&mut self, id: TimelineId, want: usize, placement: Placement, continues: bool) {
        let Some(index) = self.position(id) else { return };
        let reached = index >= want && self.rows[index].archive_id.is_some();
        if reached {
            // The page has come to what lay behind the gap: nothing is missing in between.
            let gap = match placement {
                Placement::Gap(_, gap) => Some(gap),
                Placement::CatchUp(_) => self.catch_up,
                _ => None,
            };
            if let Some(gap) = gap
                && self.position(gap).is_some_and(|gap| gap < index)
            {
                self.close_gap(gap);
            }
            return;
        }
        if self.rows[index].archive_id.is_some() && !continues {
            return;
        }
        let in_place =
            index >= want && !self.rows[want..index].iter().any(|row| row.archive_id.is_some() || row.is_gap());
        if !in_place {
            let to = if index < want { want - 1 } else { want };
            let row = self.take(index);
            self.put(to, row);
            self.bring_along(index, to);
        }
    }

    /// An own message has moved behind others: what was written after it and has no place in the archive yet was sent after
    /// it, so it goes along.
    fn bring_along(&mut self, from: usize, to: usize) {
        if !self.rows.get(to).is_some_and(Row::is_own) {
            return;
        }
        let (mut index, mut end) = (from, to);
        while index < end {
            if self.rows[index].is_own() && self.rows[index].archive_id.is_none() {
                let row = self.take(index);
                self.put(to, row);
                end -= 1;
            } else {
                index += 1;
            }
        }
    }

    /// The row that is this message: by the archive's id, by its origin's, by its sender's.
    fn find(&self, entry: &Entry) -> Option<TimelineId> {
        let look = |key: Key<'_>| self.keys.get(&key.text()).copied();
        entry
            .stanza_id
            .as_ref()
            .and_then(|s| look(Key::Archive(&s.id)))
            .or_else(|| entry.origin_id.as_ref().and_then(|id| look(Key::Origin(&entry.author, id))))
            .or_else(|| {
                // Some clients count from 1 after every start, so the id alone proves nothing.
                let id = look(Key::Message(&entry.author, entry.message_id.as_ref()?))?;
                self.row(id)?.said().is_some_and(|(_, body)| *body == entry.body).then_some(id)
            })
    }

    fn add(&mut self, index: usize, entry: Entry, next: &mut u64) -> TimelineId {
        let id = fresh(next);
        self.know(id, &entry);
        self.put(index, Row::message(id, entry));
        id
    }

    fn know(&mut self, id: TimelineId, entry: &Entry) {
        if let Some(stanza_id) = &entry.stanza_id {
            self.keys.insert(Key::Archive(&stanza_id.id).text(), id);
        }
        if let Some(origin) = &entry.origin_id {
            self.keys.insert(Key::Origin(&entry.author, origin).text(), id);
        }
        if let Some(message) = &entry.message_id {
            self.keys.insert(Key::Message(&entry.author, message).text(), id);
        }
    }

    /// What another copy of the message says that the row did not know.
    fn learn(&mut self, id: TimelineId, entry: Entry, archived: bool) {
        self.know(id, &entry);
        let Some(index) = self.position(id) else { return };
        let row = &mut self.rows[index];
        row.message_id = row.message_id.take().or(entry.message_id);
        row.origin_id = row.origin_id.take().or(entry.origin_id);
        row.markable |= entry.markable;
        let mut item = Item::clone(&row.item);
        if row.archive_id.is_none()
            && let Some(stanza_id) = entry.stanza_id
        {
            row.archive_id = Some(stanza_id.id.clone());
            self.changed = true;
            if let ItemKind::Message { stanza_id: shown, .. } = &mut item.kind {
                *shown = Some(stanza_id);
            }
            if archived {
                // The archive's clock is the better one.
                item.at = entry.at;
            }
        }
        if let ItemKind::Message { delivery: Some(now), .. } = &mut item.kind
            && let Some(new) = entry.delivery
            && rank(&new) > rank(now)
        {
            *now = new;
        }
        // A copy of an own message proves that the server has it, whatever was shown before.
        if let ItemKind::Message { delivery: Some(now), .. } = &mut item.kind
            && archived
            && rank(now) == 0
        {
            *now = Delivery::Sent;
        }
        self.replace(index, item);
    }
}
