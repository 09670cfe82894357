//! Payloads on their way to the client, written once.

use std::collections::VecDeque;

/// A bounded queue of written payloads.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    payloads: VecDeque<String>,
    bytes: usize,
}

impl Outbound {
    pub(super) fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    /// `false` when the payload finds no room.
    #[must_use]
    pub(super) fn push(&mut self, payload: String, max_payloads: usize, max_bytes: usize) -> bool {
        // The first always fits: its size was bounded where it came from.
        let fits = self.payloads.len() < max_payloads && self.bytes + payload.len() <= max_bytes;
        if fits || self.payloads.is_empty() {
            self.bytes += payload.len();
            self.payloads.push_back(payload);
            return true;
        }
        false
    }

    /// The oldest payloads, at least one, as many as fit.
    pub(super) fn take(&mut self, max_bytes: usize) -> Vec<String> {
        let mut taken = Vec::new();
        let mut size = 0;
        while let Some(payload) = self.payloads.pop_front_if(|next| size == 0 || size + next.len() <= max_bytes) {
            size += payload.len();
            taken.push(payload);
        }
        self.bytes -= size;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_in_order_what_fits_and_at_least_one() {
        let mut queue = Outbound::default();
        for payload in ["aaaa", "bb", "cc", "d"] {
            assert!(queue.push(payload.into(), 10, 100));
        }
        assert_eq!(queue.take(3), ["aaaa"]);
        assert_eq!(queue.take(4), ["bb", "cc"]);
        assert_eq!(queue.take(4), ["d"]);
        assert!(queue.is_empty() && queue.bytes == 0);
        assert!(queue.take(4).is_empty());
    }

    #[test]
    fn is_bounded_in_number_and_in_bytes() {
        let mut queue = Outbound::default();
        assert!(queue.push("larger than all".into(), 2, 4));
        assert!(!queue.push("x".into(), 2, 4));
        let mut queue = Outbound::default();
        assert!(queue.push("x".into(), 1, 100));
        assert!(!queue.push("x".into(), 1, 100));
    }
}
