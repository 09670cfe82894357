//! The brakes on guessing and hogging: failures within a window, and token buckets.
//!
//! Time comes in as milliseconds, so that tests need no sleep.

use std::collections::HashMap;
use std::hash::Hash;

/// Above this many keys the oldest entries are dropped first, so that a stranger with many addresses costs bounded memory.
const MAX_KEYS: usize = 50_000;

/// Counts events per key within a window that starts with the first of them.
#[derive(Debug)]
pub struct Window<K> {
    limit: u32,
    window_ms: u64,
    counts: HashMap<K, (u64, u32)>,
}

impl<K: Hash + Eq + Clone> Window<K> {
    /// At most `limit` events per `window_ms`.
    pub fn new(limit: u32, window_ms: u64) -> Self {
        Self { limit, window_ms, counts: HashMap::new() }
    }

    /// How many milliseconds the key must wait, `None` when it is below its limit.
    pub fn blocked<Q>(&self, key: &Q, now_ms: u64) -> Option<u64>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (start, count) = self.counts.get(key)?;
        let left = (start + self.window_ms).checked_sub(now_ms).filter(|left| *left > 0)?;
        (*count >= self.limit).then_some(left)
    }

    /// Notes one event.
    pub fn note(&mut self, key: K, now_ms: u64) {
        if self.counts.len() >= MAX_KEYS && !self.counts.contains_key(&key) {
            self.sweep(now_ms);
        }
        let entry = self.counts.entry(key).or_insert((now_ms, 0));
        if entry.0 + self.window_ms <= now_ms {
            *entry = (now_ms, 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }

    /// Forgets one event.
    pub fn take_back<Q>(&mut self, key: &Q)
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if let Some((_, count)) = self.counts.get_mut(key) {
            *count = count.saturating_sub(1);
        }
    }

    fn sweep(&mut self, now_ms: u64) {
        let window = self.window_ms;
        self.counts.retain(|_, (start, _)| *start + window > now_ms);
        if self.counts.len() >= MAX_KEYS {
            // All are recent. Those that are not blocked have the least to lose.
            let limit = self.limit;
            self.counts.retain(|_, (_, count)| *count >= limit);
        }
        if self.counts.len() >= MAX_KEYS {
            self.counts.clear();
        }
    }
}

/// A token bucket: `rate` per second on average, `burst` at once. It can run into debt, which the next taker waits for.
#[derive(Debug)]
pub struct Bucket {
    rate: i64,
    burst: i64,
    /// Thousandths of a token.
    level: i64,
    at_ms: u64,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: u32, burst: u32, now_ms: u64) -> Self {
        let burst = i64::from(burst) * 1000;
        Self { rate: i64::from(rate).max(1), burst, level: burst, at_ms: now_ms }
    }

    /// Takes a token and says how many milliseconds to wait before the next is taken (0: none).
    pub fn take(&mut self, now_ms: u64) -> u64 {
        let gained = i64::try_from(now_ms.saturating_sub(self.at_ms)).unwrap_or(i64::MAX).saturating_mul(self.rate);
        self.level = self.level.saturating_add(gained).min(self.burst).saturating_sub(1000);
        self.at_ms = now_ms.max(self.at_ms);
        let missing = 1000_i64.saturating_sub(self.level).max(0);
        u64::try_from(missing).unwrap_or_default().div_ceil(self.rate.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_blocks_and_forgets() {
        let mut window = Window::new(2, 1000);
        assert_eq!(window.blocked("a", 0), None);
        window.note("a".to_owned(), 0);
        window.note("a".to_owned(), 10);
        assert_eq!(window.blocked("a", 100), Some(900));
        assert_eq!(window.blocked("b", 100), None);
        assert_eq!(window.blocked("a", 1000), None);
        window.note("a".to_owned(), 1001);
        assert_eq!(window.blocked("a", 1002), None);
    }

    #[test]
    fn window_memory_is_bounded() {
        let mut window = Window::new(3, 1_000_000);
        for key in 0..200_000_u32 {
            window.note(key, 1);
        }
        assert!(window.counts.len() <= MAX_KEYS);
    }

    #[test]
    fn bucket_delays_at_the_rate() {
        let mut bucket = Bucket::new(10, 5, 0);
        let mut now = 0;
        for _ in 0..4 {
            assert_eq!(bucket.take(now), 0);
        }
        // What was taken in one go beyond the burst is waited for afterwards.
        let mut hasty = Bucket::new(10, 5, 0);
        assert_eq!((0..25).map(|_| hasty.take(0)).last(), Some(2_100));
        let mut taken = 0;
        while now < 10_000 {
            now += bucket.take(now);
            taken += 1;
        }
        assert!((95..=106).contains(&taken), "{taken}");
    }
}
