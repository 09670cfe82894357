//! What waits to be sent, written once.

use std::collections::VecDeque;

/// Payloads and stream restarts in order.
#[derive(Debug, Default)]
pub(super) struct Outbox(VecDeque<Item>);

#[derive(Debug)]
enum Item {
    Payload(String),
    Restart,
}

/// The content of the next request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Load {
    Payloads(Vec<String>),
    /// A restart request carries nothing (XEP-0206 §5).
    Restart,
}

impl Outbox {
    pub(super) fn push(&mut self, payload: String) {
        self.0.push_back(Item::Payload(payload));
    }

    pub(super) fn restart(&mut self) {
        self.0.push_back(Item::Restart);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The payloads up to a restart that fit into one request, at least one.
    pub(super) fn take(&mut self, max_bytes: usize) -> Option<Load> {
        if self.0.pop_front_if(|item| matches!(item, Item::Restart)).is_some() {
            return Some(Load::Restart);
        }
        let mut size = 0;
        let mut payloads = Vec::new();
        while let Some(Item::Payload(next)) = self.0.front() {
            if size > 0 && size + next.len() > max_bytes {
                break;
            }
            size += next.len();
            if let Some(Item::Payload(next)) = self.0.pop_front() {
                payloads.push(next);
            }
        }
        (!payloads.is_empty()).then_some(Load::Payloads(payloads))
    }

    /// Every payload; restarts have lost their sense.
    pub(super) fn take_all(&mut self) -> Vec<String> {
        let items = self.0.drain(..);
        items.filter_map(|item| if let Item::Payload(payload) = item { Some(payload) } else { None }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_travels_alone_and_in_its_place() {
        let mut outbox = Outbox::default();
        outbox.push("a".into());
        outbox.push("b".into());
        outbox.restart();
        outbox.push("c".into());
        assert_eq!(outbox.take(100), Some(Load::Payloads(vec!["a".into(), "b".into()])));
        assert_eq!(outbox.take(100), Some(Load::Restart));
        assert_eq!(outbox.take(100), Some(Load::Payloads(vec!["c".into()])));
        assert_eq!(outbox.take(100), None);
    }

    #[test]
    fn what_is_too_large_for_one_request_takes_several() {
        let mut outbox = Outbox::default();
        for payload in ["aaaaa", "b", "c"] {
            outbox.push(payload.into());
        }
        assert_eq!(outbox.take(3), Some(Load::Payloads(vec!["aaaaa".into()])));
        assert_eq!(outbox.take(3), Some(Load::Payloads(vec!["b".into(), "c".into()])));
    }
}
