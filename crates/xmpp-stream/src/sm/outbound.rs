//! What this side has sent and the peer has not acknowledged.

use std::collections::VecDeque;

use xmpp::time::{Mono, Now, Timestamp};
use xmpp::xml::Element;

use super::SmError;

/// When to ask the peer for an acknowledgement, and when to call it dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckPolicy {
    /// Ask at once after so many stanzas since the last request.
    pub every: u32,
    /// Ask at the latest so many milliseconds after a stanza went out.
    pub after_ms: u64,
    /// A request that is not answered within so many milliseconds means a dead connection.
    pub answer_ms: u64,
}

impl Default for AckPolicy {
    fn default() -> Self {
        AckPolicy { every: 5, after_ms: 1_000, answer_ms: 20_000 }
    }
}

/// A stanza that the peer has not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unacked {
    /// The stanza as sent.
    pub element: Element,
    /// What the owner knows it by; 0 when it does not care.
    pub tag: u64,
    /// When it was sent first, for the delay stamp of a later resend (XEP-0198 §4).
    pub sent_at: Timestamp,
}

/// Everything of an [`Outbound`] that outlives a connection or a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboundSnapshot {
    /// How many stanzas the peer has acknowledged, modulo 2^32.
    pub h: u32,
    /// What it has not, oldest first.
    pub unacked: Vec<Unacked>,
}

/// The queue of unacknowledged stanzas.
#[derive(Clone, Debug, Default)]
pub struct Outbound {
    policy: AckPolicy,
    h: u32,
    queue: VecDeque<Unacked>,
    /// Stanzas since the last request, and when the first of them went out.
    since_request: u32,
    first_since_request: Option<Mono>,
    /// When the unanswered request went out.
    asked: Option<Mono>,
}

impl Outbound {
    /// A session that begins: nothing sent.
    #[must_use]
    pub fn new() -> Outbound {
        Outbound::default()
    }

    /// As [`Outbound::new`], asking by another policy.
    #[must_use]
    pub fn with_policy(policy: AckPolicy) -> Outbound {
        Outbound { policy, ..Outbound::default() }
    }

    /// Goes on from a snapshot. What is unacknowledged in it has yet to be sent again.
    #[must_use]
    pub fn restore(snapshot: OutboundSnapshot, policy: AckPolicy) -> Outbound {
        Outbound { policy, h: snapshot.h, queue: snapshot.unacked.into(), ..Outbound::default() }
    }

    /// What [`Outbound::restore`] needs.
    #[must_use]
    pub fn snapshot(&self) -> OutboundSnapshot {
        OutboundSnapshot { h: self.h, unacked: self.queue.iter().cloned().collect() }
    }

    /// A stanza goes out. Only stanzas count, never `<r/>`, `<a/>` and the like.
    pub fn sent(&mut self, element: Element, now: Now) {
        self.sent_tagged(element, 0, now);
    }

    /// As [`Outbound::sent`], with a tag that comes back when it is acknowledged.
    pub fn sent_tagged(&mut self, element: Element, tag: u64, now: Now) {
        self.queue.push_back(Unacked { element, tag, sent_at: now.wall });
        self.since_request = self.since_request.saturating_add(1);
        self.first_since_request.get_or_insert(now.mono);
    }

    /// The peer has handled `h` stanzas in all; returns those that are now off this side's hands, oldest first.
    ///
    /// # Errors
    /// [`SmError::HandledCountTooHigh`]; nothing has changed then.
    pub fn acked(&mut self, h: u32) -> Result<Vec<Element>, SmError> {
        Ok(self.acked_tagged(h)?.into_iter().map(|unacked| unacked.element).collect())
    }

    /// As [`Outbound::acked`], with tags and times.
    ///
    /// # Errors
    /// [`SmError::HandledCountTooHigh`]; nothing has changed then.
    pub fn acked_tagged(&mut self, h: u32) -> Result<Vec<Unacked>, SmError> {
        // Modulo 2^32: a count that is too high and one that went backwards look the same, and both are wrong.
        let newly = h.wrapping_sub(self.h) as usize;
        if newly > self.queue.len() {
            return Err(SmError::HandledCountTooHigh { h, sent: self.sent_count() });
        }
        self.h = h;
        self.asked = None;
        Ok(self.queue.drain(..newly).collect())
    }

    /// The unacknowledged stanzas, oldest first: what to send again after a resumption.
    pub fn unacked(&self) -> impl Iterator<Item = &Element> {
        self.queue.iter().map(|unacked| &unacked.element)
    }

    /// As [`Outbound::unacked`], with tags and times.
    pub fn unacked_tagged(&self) -> impl Iterator<Item = &Unacked> {
        self.queue.iter()
    }

    /// How many stanzas are unacknowledged.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether everything is acknowledged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many stanzas the peer has acknowledged, modulo 2^32.
    #[must_use]
    pub fn h(&self) -> u32 {
        self.h
    }

    /// How many stanzas were sent, modulo 2^32.
    #[must_use]
    pub fn sent_count(&self) -> u32 {
        self.h.wrapping_add(self.queue.len() as u32)
    }

    /// The connection was lost, or has been resumed: an open request will not be answered, what is unacknowledged is
    /// (to be) sent again.
    pub fn reconnected(&mut self, now: Now) {
        self.asked = None;
        self.since_request = self.queue.len() as u32;
        self.first_since_request = (!self.queue.is_empty()).then_some(now.mono);
    }

    /// Whether an `<r/>` should go out now; the owner sends it and calls [`Outbound::requested`].
    #[must_use]
    pub fn wants_request(&self, now: Now) -> bool {
        self.request_at().is_some_and(|at| now.mono >= at)
    }

    /// An `<r/>` went out.
    pub fn requested(&mut self, now: Now) {
        self.since_request = 0;
        self.first_since_request = None;
        self.asked.get_or_insert(now.mono);
    }

    /// Whether a request has waited too long for its answer: the connection is dead, whatever the transport thinks.
    #[must_use]
    pub fn is_overdue(&self, now: Now) -> bool {
        self.asked.is_some_and(|asked| now.mono >= asked.after(self.policy.answer_ms))
    }

    /// When to look again at [`Outbound::wants_request`] and [`Outbound::is_overdue`].
    #[must_use]
    pub fn next_timer(&self) -> Option<Mono> {
        let overdue = self.asked.map(|asked| asked.after(self.policy.answer_ms));
        [self.request_at(), overdue].into_iter().flatten().min()
    }

    /// One request at a time: an answer that is on its way covers what came before it, and then the next may go.
    fn request_at(&self) -> Option<Mono> {
        let first = self.first_since_request?;
        match self.asked {
            Some(_) => None,
            None if self.since_request >= self.policy.every => Some(first),
            None => Some(first.after(self.policy.after_ms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp::ns;

    fn now(ms: u64) -> Now {
        Now { mono: Mono(ms), wall: Timestamp(ms as i64) }
    }

    fn message(id: u32) -> Element {
        Element::new("message", ns::CLIENT).with_attr("id", id.to_string())
    }

    #[test]
    fn acknowledgements_take_the_oldest_across_the_wrap() {
        let mut outbound =
            Outbound::restore(OutboundSnapshot { h: u32::MAX - 1, unacked: Vec::new() }, AckPolicy::default());
        for id in 0..4 {
            outbound.sent_tagged(message(id), u64::from(id), now(0));
        }
        assert_eq!(outbound.sent_count(), 2);
        let first: Vec<u64> = outbound.acked_tagged(0).expect("within").iter().map(|u| u.tag).collect();
        assert_eq!(first, [0, 1]);
        assert_eq!(outbound.acked(0), Ok(Vec::new()));
        assert_eq!(outbound.acked(3), Err(SmError::HandledCountTooHigh { h: 3, sent: 2 }));
        assert_eq!(outbound.acked(u32::MAX), Err(SmError::HandledCountTooHigh { h: u32::MAX, sent: 2 }));
        assert_eq!(outbound.len(), 2);
        assert_eq!(outbound.acked(2), Ok(vec![message(2), message(3)]));
        assert!(outbound.is_empty());
    }

    #[test]
    fn a_snapshot_goes_on_where_it_was() {
        let mut outbound = Outbound::new();
        outbound.sent_tagged(message(1), 11, now(5));
        outbound.sent(message(2), now(6));
        outbound.acked(1).expect("within");
        let mut again = Outbound::restore(outbound.snapshot(), AckPolicy::default());
        assert_eq!(again.unacked().cloned().collect::<Vec<_>>(), [message(2)]);
        assert_eq!((again.h(), again.sent_count()), (1, 2));
        assert_eq!(again.acked(2), Ok(vec![message(2)]));
    }

    #[test]
    fn asks_after_a_number_or_a_time_and_notices_silence() {
        let mut outbound = Outbound::with_policy(AckPolicy { every: 2, after_ms: 100, answer_ms: 1_000 });
        assert!(!outbound.wants_request(now(0)) && outbound.next_timer().is_none());
        outbound.sent(message(1), now(10));
        assert!(!outbound.wants_request(now(10)));
        assert_eq!(outbound.next_timer(), Some(Mono(110)));
        assert!(outbound.wants_request(now(110)));
        outbound.sent(message(2), now(20));
        assert!(outbound.wants_request(now(20)));
        outbound.requested(now(20));
        outbound.sent(message(3), now(30));
        outbound.sent(message(4), now(30));
        assert!(!outbound.wants_request(now(500)), "one request at a time");
        assert!(!outbound.is_overdue(now(1_019)) && outbound.is_overdue(now(1_020)));
        outbound.acked(2).expect("within");
        assert!(outbound.wants_request(now(500)) && !outbound.is_overdue(now(9_000)));
        outbound.requested(now(500));
        outbound.reconnected(now(600));
        assert!(!outbound.is_overdue(now(9_000)) && outbound.wants_request(now(600)));
    }
}
