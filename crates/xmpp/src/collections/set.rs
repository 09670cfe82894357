//! A set as a sorted vector.

use std::borrow::Borrow;
use std::fmt;
use std::iter::Map;
use std::vec;

use super::VecMap;

/// An ordered set with the names of [`BTreeSet`](std::collections::BTreeSet). See the [module](super) for when.
#[derive(Clone, PartialEq, Eq)]
pub struct VecSet<T> {
    map: VecMap<T, ()>,
}

impl<T> VecSet<T> {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { map: VecMap::new() }
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.map.clear();
    }

    /// All items in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.map.keys()
    }

    /// Keeps the items for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.map.retain(|item, ()| keep(item));
    }

    /// The smallest item.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.map.first_key_value().map(|entry| entry.0)
    }

    /// The largest item.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.map.last_key_value().map(|entry| entry.0)
    }

    /// Takes the smallest item.
    pub fn pop_first(&mut self) -> Option<T> {
        self.map.pop_first().map(|entry| entry.0)
    }
}

impl<T: Ord> VecSet<T> {
    /// Whether the item is there.
    #[must_use]
    pub fn contains<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.map.contains_key(item)
    }

    /// Adds an item; whether it was new.
    pub fn insert(&mut self, item: T) -> bool {
        self.map.insert(item, ()).is_none()
    }

    /// Removes an item; whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.map.remove(item).is_some()
    }
}

impl<T> Default for VecSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for VecSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<T: Ord> Extend<T> for VecSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.insert(item);
        }
    }
}

impl<T: Ord> FromIterator<T> for VecSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut set = Self::new();
        set.extend(items);
        set
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for VecSet<T> {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}

type Entries<T> = Map<vec::IntoIter<Box<(T, ())>>, fn(Box<(T, ())>) -> (T, ())>;

impl<T> IntoIterator for VecSet<T> {
    type Item = T;
    type IntoIter = Map<Entries<T>, fn((T, ())) -> T>;

    fn into_iter(self) -> Self::IntoIter {
        self.map.into_iter().map(|entry| entry.0)
    }
}

impl<'a, T> IntoIterator for &'a VecSet<T> {
    type Item = &'a T;
    type IntoIter = Map<<&'a VecMap<T, ()> as IntoIterator>::IntoIter, fn((&'a T, &'a ())) -> &'a T>;

    fn into_iter(self) -> Self::IntoIter {
        self.map.iter().map(|entry| entry.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_behaves_as_the_standard_set(
            items: Vec<u8>, out: Vec<u8>, more in prop::collection::vec(any::<u8>(), 0..8), limit: u8,
        ) {
            let mut ours: VecSet<u8> = items.iter().copied().collect();
            let mut theirs: BTreeSet<u8> = items.into_iter().collect();
            for item in out {
                prop_assert_eq!(ours.remove(&item), theirs.remove(&item));
            }
            for item in more {
                prop_assert_eq!(ours.contains(&item), theirs.contains(&item));
                prop_assert_eq!(ours.insert(item), theirs.insert(item));
            }
            prop_assert_eq!((ours.first(), ours.last()), (theirs.first(), theirs.last()));
            ours.retain(|item| *item < limit);
            theirs.retain(|item| *item < limit);
            prop_assert_eq!(ours.pop_first(), theirs.pop_first());
            prop_assert_eq!((ours.len(), ours.is_empty()), (theirs.len(), theirs.is_empty()));
            prop_assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
            prop_assert!(ours.iter().eq(&theirs) && (&ours).into_iter().eq(&theirs));
            prop_assert!(ours.into_iter().eq(theirs));
        }
    }
}
