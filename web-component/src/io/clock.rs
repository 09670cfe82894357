//! The two clocks (design, invariant 2): neither is derived from the other.

use xmpp::time::{Mono, Now, Timestamp};

use super::window;

/// Monotonic milliseconds since the page began, and the wall clock.
pub(crate) fn now() -> Now {
    Now { mono: Mono(mono()), wall: Timestamp(js_sys::Date::now() as i64) }
}

fn mono() -> u64 {
    window().performance().map_or(0, |performance| performance.now() as u64)
}
