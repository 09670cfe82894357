//! When to try again: exponential from one second to a minute, with jitter, so that a thousand pages do not come back at
//! the same moment.

use xmpp::time::Mono;

use crate::random::Random;

const FIRST_MS: u64 = 1_000;
const LAST_MS: u64 = 60_000;
/// A session that stood so long was a good one: the next loss begins anew.
const GOOD_MS: u64 = 30_000;

/// The state of the back-off.
#[derive(Default)]
pub(super) struct Backoff {
    failures: u32,
    up_since: Option<Mono>,
}

impl Backoff {
    /// The session stands. That alone resets nothing: a server may accept and drop in a loop.
    pub(super) fn up(&mut self, now: Mono) {
        self.up_since = Some(now);
    }

    /// Another failure, or a loss: when to try again.
    pub(super) fn next(&mut self, now: Mono, random: &mut Random) -> Mono {
        if self.up_since.take().is_some_and(|since| now.since(since) >= GOOD_MS) {
            self.failures = 0;
        }
        let span = FIRST_MS.saturating_mul(1 << self.failures.min(10)).min(LAST_MS);
        self.failures = self.failures.saturating_add(1);
        now.after(FIRST_MS + random.below(span - FIRST_MS + 1))
    }

    /// The person acted, or the network came back.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_stay_between_a_second_and_a_minute_and_grow() {
        let mut random = Random::new([1; 32]);
        let mut longest = 0;
        for _ in 0..200 {
            let mut backoff = Backoff::default();
            for n in 0..12 {
                let delay = backoff.next(Mono(5), &mut random).since(Mono(5));
                assert!((FIRST_MS..=LAST_MS).contains(&delay) && delay <= FIRST_MS << n, "{n}: {delay}");
                longest = longest.max(delay);
            }
        }
        assert!(longest > 50_000);
    }

    #[test]
    fn only_a_session_that_stood_begins_anew() {
        let mut random = Random::new([1; 32]);
        let mut backoff = Backoff { failures: 10, up_since: None };
        backoff.up(Mono(0));
        backoff.next(Mono(10), &mut random);
        assert_eq!(backoff.failures, 11);
        backoff.up(Mono(100));
        backoff.next(Mono(100 + GOOD_MS), &mut random);
        assert_eq!(backoff.failures, 1);
    }
}
