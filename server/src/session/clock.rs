//! The clocks that the machines are given.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use xmpp::time::{Mono, Now, Timestamp};

/// Reads both clocks; the monotonic one counts from its making.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// This moment.
    pub(crate) fn now(self) -> Now {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        Now { mono: Mono(self.millis()), wall: Timestamp(wall) }
    }

    /// Monotonic milliseconds.
    pub(crate) fn millis(self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Sleeps until a machine's timer; for ever without one.
    pub(crate) async fn sleep_until(self, at: Option<Mono>) {
        match at {
            Some(Mono(ms)) => {
                tokio::time::sleep_until((self.start + std::time::Duration::from_millis(ms)).into()).await
            }
            None => std::future::pending().await,
        }
    }
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gave randomness at the start, so it does now");
    bytes
}

/// `N` random bytes as hexadecimal text: ids that nobody can guess.
pub(crate) fn random_text<const N: usize>() -> String {
    random::<N>().iter().map(|byte| format!("{byte:02x}")).collect()
}
