//! One sort for all types.

use std::cmp::Ordering;

/// Sorts in place and keeps the order of equals, as [`slice::sort_by`] does.
pub fn sort_by<T>(items: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    let mut target = targets(items.len(), &mut |a, b| compare(&items[a], &items[b]));
    // Each swap brings one item to where it belongs.
    for place in 0..target.len() {
        while target[place] != place {
            let there = target[place];
            items.swap(place, there);
            target.swap(place, there);
        }
    }
}

/// Sorts in place by the type's own order.
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// Where each item belongs. The comparison comes as a pointer, so that the sort itself is compiled once.
fn targets(len: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.sort_by(|a, b| compare(*a, *b));
    let mut targets = vec![0; len];
    for (place, item) in order.into_iter().enumerate() {
        targets[item] = place;
    }
    targets
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_sorts_as_the_standard_sort(items: Vec<(u8, u32)>) {
            let (mut ours, mut theirs) = (items.clone(), items);
            sort_by(&mut ours, |a, b| a.0.cmp(&b.0));
            theirs.sort_by_key(|item| item.0);
            prop_assert_eq!(&ours, &theirs);
            sort(&mut ours);
            theirs.sort();
            prop_assert_eq!(ours, theirs);
        }
    }
}
