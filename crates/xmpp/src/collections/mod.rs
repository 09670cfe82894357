//! Maps, sets and a sort that cost the browser few bytes.
//!
//! The standard library's [`BTreeMap`](std::collections::BTreeMap) and `sort` are compiled anew for every type they hold: some
//! six kilobytes for each map, two for each sort. What a client keeps is small or changes rarely, so a sorted vector serves it:
//! [`VecMap`] and [`VecSet`] have the standard names, search through one shared function, and hold their entries behind a
//! pointer, so that an insertion into thousands moves a few bytes for each and the code for moving is the same for all types.
//!
//! Not for what grows without bound with every stanza: an insertion takes time proportional to what lies behind it. What
//! comes in order, as from a sorted list, is appended in no time. Crates that only the server uses keep the standard ones.

mod map;
mod set;
mod sort;

pub use map::{Entry, VecMap};
pub use set::VecSet;
pub use sort::{sort, sort_by};

use std::cmp::Ordering;

/// Binary search without knowing what lies at the places: `compare(i)` is how the `i`th stands to what is looked for.
/// Answers where it is, or where it would be.
fn search(len: usize, compare: &mut dyn FnMut(usize) -> Ordering) -> Result<usize, usize> {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        match compare(middle) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => return Ok(middle),
        }
    }
    Err(low)
}
