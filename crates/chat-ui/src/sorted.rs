//! Order in plain vectors. The standard library's trees and sorts cost several kilobytes for every type they hold; a view has few
//! thousand entries, for which a binary search and an insertion do as well.

/// A map from keys to values, in the order of the keys.
#[derive(Clone, Debug)]
pub struct Map<K, V>(Vec<(K, V)>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> Map<K, V> {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.find(key).ok().map(|index| &self.0[index].1)
    }

    /// Inserts or replaces.
    pub fn insert(&mut self, key: K, value: V) {
        match self.find(&key) {
            Ok(index) => self.0[index].1 = value,
            Err(index) => self.0.insert(index, (key, value)),
        }
    }

    /// Takes a key away.
    pub fn remove(&mut self, key: &K) {
        if let Ok(index) = self.find(key) {
            self.0.remove(index);
        }
    }

    /// The value of a key, made if there is none.
    pub fn entry(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let index = match self.find(&key) {
            Ok(index) => index,
            Err(index) => {
                self.0.insert(index, (key, V::default()));
                index
            }
        };
        &mut self.0[index].1
    }

    /// All values, in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Keys and values, in the order of the keys.
    pub fn into_entries(self) -> impl Iterator<Item = (K, V)> {
        self.0.into_iter()
    }

    fn find(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(key))
    }
}

/// The indices below `count` in order; equal ones stay as they are.
#[must_use]
pub fn order(count: usize, before: &dyn Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut order = Vec::with_capacity(count);
    for new in 0..count {
        let at = order.partition_point(|old| !before(new, *old));
        order.insert(at, new);
    }
    order
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn orders_as_a_stable_sort(items in prop::collection::vec(0u8..9, 0..100)) {
            let order = order(items.len(), &|a, b| items[a] < items[b]);
            let mut indices: Vec<usize> = (0..items.len()).collect();
            indices.sort_by_key(|index| items[*index]);
            prop_assert_eq!(order, indices);
        }

        #[test]
        fn does_what_a_tree_does(steps in prop::collection::vec((0u8..20, any::<Option<u8>>()), 0..100)) {
            let (mut map, mut tree) = (Map::default(), BTreeMap::new());
            for (key, value) in steps {
                match value {
                    Some(value) => {
                        map.insert(key, value);
                        tree.insert(key, value);
                    }
                    None => {
                        map.remove(&key);
                        tree.remove(&key);
                    }
                }
                prop_assert_eq!(map.get(&key), tree.get(&key));
            }
            prop_assert_eq!(map.into_entries().collect::<Vec<_>>(), tree.into_iter().collect::<Vec<_>>());
        }
    }
}
