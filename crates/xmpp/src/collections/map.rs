//! A map as a sorted vector.

use std::borrow::Borrow;
use std::fmt;
use std::iter::Map;
use std::slice;
use std::vec;

use super::search;

/// A map ordered by its keys, with the names of [`BTreeMap`](std::collections::BTreeMap). See the [module](super) for when.
#[derive(Clone, PartialEq, Eq)]
pub struct VecMap<K, V> {
    // Behind a pointer each: moving eight thousand large entries for one insertion would be felt.
    entries: Vec<Box<(K, V)>>,
}

impl<K, V> VecMap<K, V> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// All entries in the order of their keys.
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.entries.iter().map(both)
    }

    /// The same, with values that can be changed.
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        self.entries.iter_mut().map(both_mut)
    }

    /// All keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator {
        self.entries.iter().map(|entry| &entry.0)
    }

    /// All values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator {
        self.entries.iter().map(|entry| &entry.1)
    }

    /// The same, to be changed.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> + ExactSizeIterator {
        self.entries.iter_mut().map(|entry| &mut entry.1)
    }

    /// The keys alone.
    pub fn into_keys(self) -> impl DoubleEndedIterator<Item = K> + ExactSizeIterator {
        self.entries.into_iter().map(|entry| entry.0)
    }

    /// The values alone.
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> + ExactSizeIterator {
        self.entries.into_iter().map(|entry| entry.1)
    }

    /// Keeps the entries for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.entries.retain_mut(|entry| keep(&entry.0, &mut entry.1));
    }

    /// The entry with the smallest key.
    #[must_use]
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.entries.first().map(both)
    }

    /// The entry with the largest key.
    #[must_use]
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.entries.last().map(both)
    }

    /// Takes the entry with the smallest key.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (!self.entries.is_empty()).then(|| *self.entries.remove(0))
    }

    /// Takes the entry with the largest key.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        self.entries.pop().map(unbox)
    }
}

impl<K: Ord, V> VecMap<K, V> {
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        search(self.entries.len(), &mut |index| self.entries[index].0.borrow().cmp(key))
    }

    /// What belongs to a key.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key).map(|entry| entry.1)
    }

    /// What belongs to a key, with the key as it is kept.
    #[must_use]
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().and_then(|index| self.entries.get(index)).map(both)
    }

    /// What belongs to a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().and_then(|index| self.entries.get_mut(index)).map(|entry| &mut entry.1)
    }

    /// Whether there is such a key.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// The entries from a key on, whether it is there or not.
    pub fn range_from<Q: Ord + ?Sized>(&self, key: &Q) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let (Ok(start) | Err(start)) = self.place(key);
        self.entries[start..].iter().map(both)
    }

    /// Sets what belongs to a key; answers what it was.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(index) => Some(std::mem::replace(&mut self.entries[index].1, value)),
            Err(index) => {
                self.entries.insert(index, Box::new((key, value)));
                None
            }
        }
    }

    /// Removes a key; answers what belonged to it.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.remove_entry(key).map(|entry| entry.1)
    }

    /// Removes a key; answers it and what belonged to it.
    pub fn remove_entry<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let index = self.place(key).ok()?;
        Some(*self.entries.remove(index))
    }

    /// The place of a key, filled or not.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let place = self.place(&key);
        Entry { map: self, key, place }
    }
}

/// The place of a key, filled or not.
pub struct Entry<'a, K, V> {
    map: &'a mut VecMap<K, V>,
    key: K,
    place: Result<usize, usize>,
}

impl<'a, K, V> Entry<'a, K, V> {
    /// Changes the value if there is one.
    #[must_use]
    pub fn and_modify(self, change: impl FnOnce(&mut V)) -> Self {
        if let Ok(index) = self.place {
            change(&mut self.map.entries[index].1);
        }
        self
    }

    /// The value, after it was set if there was none.
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'a mut V {
        let index = match self.place {
            Ok(index) => index,
            Err(index) => {
                self.map.entries.insert(index, Box::new((self.key, value())));
                index
            }
        };
        &mut self.map.entries[index].1
    }

    /// As [`or_insert_with`](Self::or_insert_with), with a value at hand.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// As [`or_insert_with`](Self::or_insert_with), with the type's own default.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

#[expect(clippy::borrowed_box, reason = "this is what an iterator over the entries yields")]
fn both<K, V>(entry: &Box<(K, V)>) -> (&K, &V) {
    (&entry.0, &entry.1)
}

fn both_mut<K, V>(entry: &mut Box<(K, V)>) -> (&K, &mut V) {
    (&entry.0, &mut entry.1)
}

#[expect(clippy::boxed_local, reason = "as above")]
fn unbox<K, V>(entry: Box<(K, V)>) -> (K, V) {
    *entry
}

type Iter<'a, K, V> = Map<slice::Iter<'a, Box<(K, V)>>, fn(&'a Box<(K, V)>) -> (&'a K, &'a V)>;
type IterMut<'a, K, V> = Map<slice::IterMut<'a, Box<(K, V)>>, fn(&'a mut Box<(K, V)>) -> (&'a K, &'a mut V)>;
type IntoIter<K, V> = Map<vec::IntoIter<Box<(K, V)>>, fn(Box<(K, V)>) -> (K, V)>;

impl<K: Borrow<Q> + Ord, V, Q: Ord + ?Sized> std::ops::Index<&Q> for VecMap<K, V> {
    type Output = V;

    /// Panics without such a key, as the standard map does; for tests.
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the caller knows that the key is there")
    }
}

impl<K, V> Default for VecMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for VecMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord, V> Extend<(K, V)> for VecMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for VecMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for VecMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<'a, K, V> IntoIterator for &'a VecMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, K, V> IntoIterator for &'a mut VecMap<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<K, V> IntoIterator for VecMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter().map(unbox)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u8, u16),
        Remove(u8),
        Entry(u8, u16),
        Modify(u8),
        Change(u8),
        Retain(u16),
        PopFirst,
        PopLast,
        Clear,
        Extend(Vec<(u8, u16)>),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (any::<u8>(), any::<u16>()).prop_map(|(key, value)| Step::Insert(key, value)),
            4 => any::<u8>().prop_map(Step::Remove),
            4 => (any::<u8>(), any::<u16>()).prop_map(|(key, value)| Step::Entry(key, value)),
            2 => any::<u8>().prop_map(Step::Modify),
            2 => any::<u8>().prop_map(Step::Change),
            1 => any::<u16>().prop_map(Step::Retain),
            1 => Just(Step::PopFirst),
            1 => Just(Step::PopLast),
            1 => Just(Step::Clear),
            2 => prop::collection::vec((any::<u8>(), any::<u16>()), 0..20).prop_map(Step::Extend),
        ]
    }

    proptest! {
        #[test]
        fn it_behaves_as_the_standard_map(steps in prop::collection::vec(step(), 0..80), probe: u8) {
            let (mut ours, mut theirs) = (VecMap::new(), BTreeMap::new());
            for step in steps {
                match step {
                    Step::Insert(key, value) => prop_assert_eq!(ours.insert(key, value), theirs.insert(key, value)),
                    Step::Remove(key) => prop_assert_eq!(ours.remove_entry(&key), theirs.remove_entry(&key)),
                    Step::Entry(key, value) => prop_assert_eq!(ours.entry(key).or_insert(value), theirs.entry(key).or_insert(value)),
                    Step::Modify(key) => {
                        ours.entry(key).and_modify(|value| *value ^= 1).or_default();
                        theirs.entry(key).and_modify(|value| *value ^= 1).or_default();
                    }
                    Step::Change(key) => {
                        let (one, other) = (ours.get_mut(&key), theirs.get_mut(&key));
                        prop_assert_eq!(&one, &other);
                        one.into_iter().chain(other).for_each(|value| *value ^= 2);
                    }
                    Step::Retain(limit) => {
                        ours.retain(|key, value| *value < limit || key % 2 == 0);
                        theirs.retain(|key, value| *value < limit || key % 2 == 0);
                    }
                    Step::PopFirst => prop_assert_eq!(ours.pop_first(), theirs.pop_first()),
                    Step::PopLast => prop_assert_eq!(ours.pop_last(), theirs.pop_last()),
                    Step::Clear => {
                        ours.clear();
                        theirs.clear();
                    }
                    Step::Extend(entries) => {
                        ours.extend(entries.clone());
                        theirs.extend(entries);
                    }
                }
                prop_assert!(ours.iter().eq(theirs.iter()));
                prop_assert_eq!((ours.len(), ours.is_empty()), (theirs.len(), theirs.is_empty()));
                prop_assert_eq!(ours.get_key_value(&probe), theirs.get_key_value(&probe));
                prop_assert_eq!(ours.contains_key(&probe), theirs.contains_key(&probe));
                prop_assert!(ours.range_from(&probe).eq(theirs.range(probe..)));
                prop_assert_eq!(ours.first_key_value(), theirs.first_key_value());
                prop_assert_eq!(ours.last_key_value(), theirs.last_key_value());
            }
            for (value, other) in ours.values_mut().zip(theirs.values_mut()) {
                *value = value.wrapping_add(1);
                *other = other.wrapping_add(1);
            }
            for ((_, value), (_, other)) in ours.iter_mut().zip(theirs.iter_mut()) {
                *value ^= 4;
                *other ^= 4;
            }
            prop_assert!(ours.keys().eq(theirs.keys()) && ours.values().rev().eq(theirs.values().rev()));
            prop_assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
            prop_assert!(ours.clone().into_keys().eq(theirs.clone().into_keys()));
            prop_assert!(ours.clone().into_values().eq(theirs.clone().into_values()));
            prop_assert_eq!(&ours, &ours.iter().rev().map(|(key, value)| (*key, *value)).collect());
            prop_assert!(ours.into_iter().eq(theirs));
        }
    }
}
