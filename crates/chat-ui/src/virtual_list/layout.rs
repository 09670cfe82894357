//! Where rows stand: heights measured or estimated, prefix sums, the window to draw, the anchor that keeps the reader's place.
//!
//! It knows nothing of the document. Lengths are CSS pixels; row 0 starts at 0.

use std::collections::HashMap;
use std::ops::Range;

/// The stable key of a row; unique in its list.
pub type Key = u64;

/// A row before it is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Its key.
    pub key: Key,
    /// How high it probably is.
    pub estimate: f64,
    /// Whether the reader's place may hang on it: not on a divider, which moves up when older rows come before it.
    pub solid: bool,
}

/// A place that stays while heights change: this row's top stands `offset` above the viewport's top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    /// The row.
    pub key: Key,
    /// How much of it is scrolled away; negative when it starts below the viewport's top.
    pub offset: f64,
}

/// The geometry of one list.
#[derive(Debug, Default)]
pub struct Layout {
    keys: Vec<Key>,
    solid: Vec<bool>,
    heights: Vec<f64>,
    /// `tops[i]` is where row `i` starts; one more at the end: the total.
    tops: Vec<f64>,
    measured: HashMap<Key, f64>,
    index: HashMap<Key, usize>,
}

impl Layout {
    /// Takes the rows of now. Rows keep the heights they were measured with, also when they come back after a while.
    pub fn set_rows(&mut self, rows: &[Row]) {
        self.keys = rows.iter().map(|row| row.key).collect();
        self.solid = rows.iter().map(|row| row.solid).collect();
        self.index = self.keys.iter().enumerate().map(|(index, key)| (*key, index)).collect();
        if self.measured.len() > 2 * rows.len() + 256 {
            let index = &self.index;
            self.measured.retain(|key, _| index.contains_key(key));
        }
        self.heights =
            rows.iter().map(|row| self.measured.get(&row.key).copied().unwrap_or(sane(row.estimate))).collect();
        self.sum_from(0);
    }

    /// Takes the height of row `index` as it is drawn. Tells whether that moved anything.
    pub fn measure(&mut self, index: usize, height: f64) -> bool {
        let (Some(key), Some(slot)) = (self.keys.get(index), self.heights.get_mut(index)) else { return false };
        let height = sane(height);
        self.measured.insert(*key, height);
        let moved = (*slot - height).abs() > 0.01;
        if moved {
            *slot = height;
        }
        moved
    }

    /// Recomputes the sums after [`Layout::measure`] from row `first` on.
    pub fn sum_from(&mut self, first: usize) {
        let first = first.min(self.heights.len());
        self.tops.truncate(first + 1);
        if self.tops.is_empty() {
            self.tops.push(0.0);
        }
        // A shorter list of sums than asked for means that its start was never summed.
        let start = self.tops.len() - 1;
        let mut top = self.tops[start];
        for height in &self.heights[start..] {
            top += height;
            self.tops.push(top);
        }
    }

    /// Forgets all measurements: the width changed.
    pub fn forget(&mut self) {
        self.measured.clear();
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The height of all rows.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.tops.last().copied().unwrap_or(0.0)
    }

    /// Where row `index` starts; past the end: the total.
    #[must_use]
    pub fn top(&self, index: usize) -> f64 {
        self.tops.get(index).copied().unwrap_or_else(|| self.total())
    }

    /// Where a row stands in the list.
    #[must_use]
    pub fn index_of(&self, key: Key) -> Option<usize> {
        self.index.get(&key).copied()
    }

    /// The row that covers `y`; clamped to the first and the last. 0 for an empty list.
    #[must_use]
    pub fn row_at(&self, y: f64) -> usize {
        self.tops.partition_point(|top| *top <= y).saturating_sub(1).min(self.len().saturating_sub(1))
    }

    /// The rows that touch the viewport, with `overscan` more on each side.
    #[must_use]
    pub fn window(&self, scroll_top: f64, viewport: f64, overscan: f64) -> Range<usize> {
        if self.is_empty() {
            return 0..0;
        }
        let first = self.row_at(scroll_top - overscan);
        let last = self.row_at(scroll_top + viewport.max(0.0) + overscan);
        first..last.max(first) + 1
    }

    /// The reader's place at this scroll position: the first solid row in view, or whatever row there is.
    #[must_use]
    pub fn anchor(&self, scroll_top: f64) -> Option<Anchor> {
        let first = self.row_at(scroll_top);
        let index = (first..self.len()).find(|index| self.solid[*index]).unwrap_or(first);
        self.keys.get(index).map(|key| Anchor { key: *key, offset: scroll_top - self.top(index) })
    }

    /// The scroll position that shows the reader's place; `None`: its row is gone.
    #[must_use]
    pub fn scroll_to(&self, anchor: Anchor) -> Option<f64> {
        self.index_of(anchor.key).map(|index| self.top(index) + anchor.offset)
    }

    /// The least scrolling that brings row `index` wholly into the viewport; its start wins if it is too high.
    #[must_use]
    pub fn reveal(&self, index: usize, scroll_top: f64, viewport: f64) -> f64 {
        let (top, bottom) = (self.top(index), self.top(index + 1));
        scroll_top.max(bottom - viewport).min(top)
    }
}

/// What the document says is not believed blindly: NaN and infinity would poison every sum.
fn sane(height: f64) -> f64 {
    if height.is_finite() { height.clamp(0.0, 1e6) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(heights: &[u16]) -> Vec<Row> {
        heights
            .iter()
            .enumerate()
            .map(|(key, height)| Row { key: key as Key, estimate: f64::from(*height), solid: true })
            .collect()
    }

    fn laid_out(rows: &[Row]) -> Layout {
        let mut layout = Layout::default();
        layout.set_rows(rows);
        layout
    }

    proptest! {
        #[test]
        fn sums_are_the_heights(heights in prop::collection::vec(0u16..500, 0..200)) {
            let layout = laid_out(&rows(&heights));
            let total: f64 = heights.iter().map(|height| f64::from(*height)).sum();
            prop_assert!((layout.total() - total).abs() < 1e-6);
            for (index, height) in heights.iter().enumerate() {
                prop_assert!((layout.top(index + 1) - layout.top(index) - f64::from(*height)).abs() < 1e-6);
            }
        }

        #[test]
        fn the_window_covers_the_viewport(heights in prop::collection::vec(1u16..500, 1..200), scroll in 0.0..50_000.0f64, viewport in 0.0..2_000.0f64) {
            let layout = laid_out(&rows(&heights));
            let window = layout.window(scroll, viewport, 100.0);
            prop_assert!(window.end <= layout.len() && window.start < window.end);
            let end = (scroll + viewport).min(layout.total());
            prop_assert!(layout.top(window.start) <= scroll.min(layout.total()));
            prop_assert!(layout.top(window.end) >= end);
        }

        #[test]
        fn row_at_inverts_top(heights in prop::collection::vec(1u16..500, 1..200), pick in any::<prop::sample::Index>()) {
            let layout = laid_out(&rows(&heights));
            let index = pick.index(heights.len());
            prop_assert_eq!(layout.row_at(layout.top(index)), index);
            prop_assert_eq!(layout.row_at(layout.top(index + 1) - 0.5), index);
        }

        #[test]
        fn measuring_above_moves_nothing_the_reader_sees(
            heights in prop::collection::vec(1u16..500, 2..200),
            real in prop::collection::vec(1u16..500, 2..200),
            scroll in 0.0..20_000.0f64,
        ) {
            let mut layout = laid_out(&rows(&heights));
            let scroll = scroll.min(layout.total() - 1.0);
            let anchor = layout.anchor(scroll).unwrap();
            let index = layout.index_of(anchor.key).unwrap();
            let first_distance = layout.top(index) - scroll;
            for (row, height) in real.iter().take(heights.len()).enumerate() {
                layout.measure(row, f64::from(*height));
            }
            layout.sum_from(0);
            let moved_to = layout.scroll_to(anchor).unwrap();
            prop_assert!((layout.top(index) - moved_to - first_distance).abs() < 1e-6);
        }

        #[test]
        fn history_before_the_reader_moves_nothing(
            old in prop::collection::vec(1u16..500, 1..100),
            new in prop::collection::vec(1u16..500, 0..100),
            scroll in 0.0..20_000.0f64,
        ) {
            let mut layout = laid_out(&rows(&old));
            let scroll = scroll.min(layout.total() - 1.0);
            let anchor = layout.anchor(scroll).unwrap();
            let mut all: Vec<Row> = new.iter().enumerate()
                .map(|(key, height)| Row { key: 1_000 + key as Key, estimate: f64::from(*height), solid: true }).collect();
            all.extend(rows(&old));
            layout.set_rows(&all);
            let added: f64 = new.iter().map(|height| f64::from(*height)).sum();
            prop_assert!((layout.scroll_to(anchor).unwrap() - scroll - added).abs() < 1e-6);
        }

        #[test]
        fn measurements_survive_other_rows(heights in prop::collection::vec(1u16..500, 1..50), measured in 1u16..900) {
            let mut layout = laid_out(&rows(&heights));
            layout.measure(0, f64::from(measured));
            layout.sum_from(0);
            layout.set_rows(&rows(&heights[1..]));
            layout.set_rows(&rows(&heights));
            prop_assert!((layout.top(1) - f64::from(measured)).abs() < 1e-6);
        }

        #[test]
        fn partial_sums_equal_whole_sums(heights in prop::collection::vec(1u16..500, 1..100), at in any::<prop::sample::Index>(), height in 1u16..900) {
            let index = at.index(heights.len());
            let mut layout = laid_out(&rows(&heights));
            layout.measure(index, f64::from(height));
            layout.sum_from(index);
            let partial = layout.tops.clone();
            layout.sum_from(0);
            prop_assert_eq!(partial, layout.tops);
        }

        #[test]
        fn revealing_shows_the_row(heights in prop::collection::vec(1u16..300, 1..100), at in any::<prop::sample::Index>(), scroll in 0.0..20_000.0f64) {
            let layout = laid_out(&rows(&heights));
            let index = at.index(heights.len());
            let to = layout.reveal(index, scroll, 300.0);
            prop_assert!(layout.top(index) >= to - 1e-6 && layout.top(index + 1) <= to + 300.0 + 1e-6);
        }
    }

    #[test]
    fn poison_from_the_document_is_refused() {
        let mut layout = laid_out(&rows(&[10, 10]));
        layout.measure(0, f64::NAN);
        layout.measure(1, f64::INFINITY);
        layout.sum_from(0);
        assert!(layout.total().is_finite());
        assert!(!layout.measure(7, 1.0));
    }

    #[test]
    fn a_divider_at_the_top_does_not_hold_the_readers_place() {
        let mut layout =
            laid_out(&[Row { key: 1, estimate: 40.0, solid: false }, Row { key: 2, estimate: 60.0, solid: true }]);
        let anchor = layout.anchor(10.0).unwrap();
        assert_eq!(anchor, Anchor { key: 2, offset: -30.0 });
        layout.set_rows(&[
            Row { key: 1, estimate: 40.0, solid: false },
            Row { key: 3, estimate: 500.0, solid: true },
            Row { key: 2, estimate: 60.0, solid: true },
        ]);
        assert_eq!(layout.scroll_to(anchor), Some(510.0));
    }

    #[test]
    fn an_empty_list_has_an_empty_window() {
        let layout = laid_out(&[]);
        assert_eq!(layout.window(100.0, 500.0, 100.0), 0..0);
        assert_eq!(layout.anchor(0.0), None);
    }

    #[test]
    fn memory_of_gone_rows_is_bounded() {
        let mut layout = Layout::default();
        for round in 0..100u64 {
            let rows: Vec<Row> =
                (0..50).map(|key| Row { key: round * 50 + key, estimate: 10.0, solid: true }).collect();
            layout.set_rows(&rows);
            for index in 0..50 {
                layout.measure(index, 20.0);
            }
        }
        assert!(layout.measured.len() <= 2 * 50 + 256 + 50);
    }
}
