//! From the items of a timeline to the rows of the message list: day dividers, the new-messages divider, groups of bubbles.

use std::rc::Rc;
use std::sync::Arc;

use xmpp::time::Timestamp;
use xmpp_client::api::{Author, Delivery, Item, ItemKind, Older, TimelineId};

use crate::virtual_list::{Key, Row as Size};

/// Messages of one author that follow each other within this time stand together.
const GROUP_MS: i64 = 5 * 60 * 1_000;

/// One row of the message list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Where history begins, loads or failed to load.
    Start(Older),
    /// A new day.
    Day {
        /// Civil day number.
        day: i32,
        /// A moment of it, for formatting.
        at: Timestamp,
    },
    /// What follows was not seen before.
    Unread,
    /// Missing messages.
    Gap(Arc<Item>),
    /// A message.
    Message {
        /// It.
        item: Arc<Item>,
        /// First of its group: more space above.
        first: bool,
        /// Last of its group: the bubble has its tail, and the time stands here.
        last: bool,
    },
    /// The other side is typing.
    Typing,
}

impl Row {
    /// Stable across history, echoes and updates.
    #[must_use]
    pub fn key(&self) -> Key {
        let (tag, number) = match self {
            Self::Start(_) => (0, 0),
            Self::Unread => (1, 0),
            Self::Day { day, .. } => (2, u64::from(day.cast_unsigned())),
            Self::Gap(item) => (3, item.id.0),
            Self::Message { item, .. } => (4, item.id.0),
            Self::Typing => (5, 0),
        };
        (tag << 61) ^ number
    }

    /// How high it probably is before it is measured, in a list this wide.
    #[must_use]
    pub fn estimate(&self, width: f64) -> f64 {
        match self {
            Self::Start(Older::Complete) => 160.0,
            Self::Start(_) | Self::Day { .. } | Self::Unread | Self::Typing => 44.0,
            Self::Gap(_) => 64.0,
            Self::Message { item, first, last } => {
                let ItemKind::Message { body, .. } = &item.kind else { return 40.0 };
                let per_line = (width * 0.75 / 7.5).max(16.0);
                let lines: f64 = body.split('\n').map(|line| (line.len() as f64 / per_line).ceil().max(1.0)).sum();
                16.0 + lines * 21.0 + if *first { 8.0 } else { 0.0 } + if *last { 18.0 } else { 0.0 }
            }
        }
    }
}

/// What the list is made of.
pub struct Source<'a> {
    /// The loaded timeline.
    pub items: &'a [Arc<Item>],
    /// Where history stands.
    pub older: Older,
    /// The new-messages divider stands before this item.
    pub unread_from: Option<TimelineId>,
    /// The other side is typing now.
    pub typing: bool,
    /// The civil day in the person's time zone.
    pub day_number: &'a dyn Fn(Timestamp) -> i32,
}

/// Makes the rows.
#[must_use]
pub fn build(source: &Source<'_>) -> Rc<[Row]> {
    let mut rows = Vec::with_capacity(source.items.len() + 8);
    rows.push(Row::Start(source.older));
    let mut days = Days { day_number: source.day_number, last: None };
    let mut shown_day = None;
    let mut previous: Option<&Item> = None;
    for item in source.items {
        let day = days.of(item.at);
        // Order is the archive's, so a wrong clock may step back: a day is announced once, when it is first reached.
        if matches!(item.kind, ItemKind::Message { .. }) && shown_day.is_none_or(|shown| day > shown) {
            rows.push(Row::Day { day, at: item.at });
            shown_day = Some(day);
            previous = None;
        }
        if source.unread_from == Some(item.id) {
            rows.push(Row::Unread);
            previous = None;
        }
        match item.kind {
            ItemKind::Message { .. } => {
                let first = !previous.is_some_and(|previous| together(previous, item));
                rows.push(Row::Message { item: item.clone(), first, last: false });
                previous = Some(item);
            }
            _ => {
                rows.push(Row::Gap(item.clone()));
                previous = None;
            }
        }
    }
    if source.typing {
        rows.push(Row::Typing);
    }
    // A group ends before anything that is not its next message.
    for index in 0..rows.len() {
        let ends = !matches!(rows.get(index + 1), Some(Row::Message { first: false, .. }));
        if let Row::Message { last, .. } = &mut rows[index] {
            *last = ends;
        }
    }
    rows.into()
}

/// The sizes of rows for the virtual list.
#[must_use]
pub fn sizes(rows: &[Row], width: f64) -> Rc<[Size]> {
    let solid = |row: &Row| matches!(row, Row::Message { .. } | Row::Gap(_));
    rows.iter().map(|row| Size { key: row.key(), estimate: row.estimate(width), solid: solid(row) }).collect()
}

/// How many messages of others follow the item with this key; what `jump to latest` counts.
#[must_use]
pub fn others_after(items: &[Arc<Item>], seen: Option<TimelineId>) -> u32 {
    let after =
        seen.and_then(|seen| items.iter().rposition(|item| item.id == seen)).map_or(items.len(), |index| index + 1);
    let others = items[after..]
        .iter()
        .filter(|item| matches!(&item.kind, ItemKind::Message { author, .. } if *author != Author::Own));
    u32::try_from(others.count()).unwrap_or(u32::MAX)
}

/// A failed message always stands alone: its buttons belong to it only.
fn together(a: &Item, b: &Item) -> bool {
    let (ItemKind::Message { author: one, delivery, .. }, ItemKind::Message { author: other, .. }) = (&a.kind, &b.kind)
    else {
        return false;
    };
    one == other && (b.at.0 - a.at.0).abs() < GROUP_MS && !matches!(delivery, Some(Delivery::Failed { .. }))
}

/// Asks the browser for a day only when the quarter of an hour changes: time zones are whole quarters apart.
struct Days<'a> {
    day_number: &'a dyn Fn(Timestamp) -> i32,
    last: Option<(i64, i32)>,
}

impl Days<'_> {
    fn of(&mut self, at: Timestamp) -> i32 {
        let quarter = at.0.div_euclid(15 * 60 * 1_000);
        match self.last {
            Some((known, day)) if known == quarter => day,
            _ => {
                let day = (self.day_number)(at);
                self.last = Some((quarter, day));
                day
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use xmpp::jid::BareJid;

    use super::*;

    const DAY: i64 = 86_400_000;

    fn message(id: u64, at: i64, own: bool) -> Arc<Item> {
        let author = if own { Author::Own } else { Author::Contact(BareJid::new("romeo@example.net").unwrap()) };
        let kind = ItemKind::Message {
            author,
            body: "hello".into(),
            delivery: own.then_some(Delivery::Sent),
            stanza_id: None,
        };
        Arc::new(Item { id: TimelineId(id), at: Timestamp(at), kind })
    }

    fn rows(items: &[Arc<Item>], unread_from: Option<u64>) -> Rc<[Row]> {
        build(&Source {
            items,
            older: Older::Complete,
            unread_from: unread_from.map(TimelineId),
            typing: false,
            day_number: &|at| i32::try_from(at.0.div_euclid(DAY)).unwrap(),
        })
    }

    fn shape(rows: &[Row]) -> String {
        rows.iter()
            .map(|row| match row {
                Row::Start(_) => "^",
                Row::Day { .. } => "D",
                Row::Unread => "U",
                Row::Gap(_) => "G",
                Row::Typing => "T",
                Row::Message { first: true, last: true, .. } => "o",
                Row::Message { first: true, .. } => "(",
                Row::Message { last: true, .. } => ")",
                Row::Message { .. } => "-",
            })
            .collect()
    }

    #[test]
    fn groups_by_author_and_time() {
        let items = [
            message(1, 0, true),
            message(2, 1_000, true),
            message(3, 2_000, true),
            message(4, 3_000, false),
            message(5, 3_000 + GROUP_MS, false),
        ];
        assert_eq!(shape(&rows(&items, None)), "^D(-)oo");
    }

    #[test]
    fn days_and_the_unread_divider_break_groups() {
        let items = [
            message(1, DAY - 2, false),
            message(2, DAY - 1, false),
            message(3, DAY, false),
            message(4, DAY + 1, false),
        ];
        assert_eq!(shape(&rows(&items, None)), "^D()D()");
        assert_eq!(shape(&rows(&items, Some(4))), "^D()DoUo");
        assert_eq!(shape(&rows(&items, Some(3))), "^D()DU()");
        assert_eq!(shape(&rows(&items, Some(99))), "^D()D()");
    }

    #[test]
    fn a_clock_that_steps_back_repeats_no_day() {
        let items = [message(1, DAY * 5, false), message(2, DAY * 4, false), message(3, DAY * 5 + 1, true)];
        assert_eq!(shape(&rows(&items, None)), "^Dooo");
    }

    #[test]
    fn gaps_and_failures_stand_alone() {
        let gap = Arc::new(Item {
            id: TimelineId(9),
            at: Timestamp(1),
            kind: ItemKind::Gap { loading: false, failed: false },
        });
        let mut failed = (*message(2, 2, true)).clone();
        if let ItemKind::Message { delivery, .. } = &mut failed.kind {
            *delivery = Some(Delivery::Failed { condition: "timeout".into(), text: None });
        }
        assert_eq!(shape(&rows(&[message(1, 0, true), gap, Arc::new(failed), message(3, 3, true)], None)), "^DoGoo");
    }

    #[test]
    fn counts_what_others_said_below() {
        let items = [message(1, 0, false), message(2, 0, true), message(3, 0, false), message(4, 0, false)];
        assert_eq!(others_after(&items, Some(TimelineId(2))), 2);
        assert_eq!(others_after(&items, None), 0);
    }

    proptest! {
        #[test]
        fn every_item_once_in_order_with_unique_keys(
            said in prop::collection::vec((-3i64..3, 0i64..DAY, any::<bool>()), 0..60),
            unread in prop::option::of(0u64..60),
        ) {
            let items: Vec<_> = said.iter().enumerate()
                .map(|(id, (day, ms, own))| message(id as u64, day * DAY + ms, *own)).collect();
            let rows = rows(&items, unread);
            let ids: Vec<u64> = rows.iter().filter_map(|row| match row {
                Row::Message { item, .. } => Some(item.id.0),
                _ => None,
            }).collect();
            prop_assert_eq!(ids, (0..items.len() as u64).collect::<Vec<_>>());
            let keys: HashSet<Key> = rows.iter().map(Row::key).collect();
            prop_assert_eq!(keys.len(), rows.len());
        }
    }
}
