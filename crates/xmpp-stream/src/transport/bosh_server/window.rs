//! [`Window`]: the requests of a session by rid (XEP-0124 §14): early ones, unanswered ones, answered ones.

use std::collections::{BTreeMap, VecDeque};

use super::io::RequestKey;
use crate::transport::bosh_body::{Body, Rid};

/// A request that was taken in its turn and has no response yet.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) rid: Rid,
    /// `None` after the socket was closed.
    pub(super) key: Option<RequestKey>,
    pub(super) arrived: u64,
    /// When to answer at the latest.
    pub(super) deadline: u64,
    /// The response must wait until this element is handled.
    pub(super) needs: u64,
    /// Answer as soon as it is the oldest.
    pub(super) release: bool,
    /// A pause request: its response has no payloads (§10).
    pub(super) pause: bool,
    pub(super) repeats: Repeats,
}

/// A request that arrived before one with a lower rid (§14.2).
#[derive(Debug)]
pub(super) struct Early {
    pub(super) key: Option<RequestKey>,
    pub(super) body: Box<Body>,
    /// When the client is told that something is missing (§17.3).
    pub(super) deadline: u64,
    pub(super) repeats: Repeats,
}

/// How many acknowledged responses are remembered, without their bodies: so late may a stray copy of a request be
/// that something between has doubled.
const STRAYS: usize = 16;

/// A response, kept for a repeated request (§14.3).
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) rid: Rid,
    /// Empty once it is acknowledged.
    pub(super) body: String,
    pub(super) at: u64,
    pub(super) acked: bool,
    pub(super) repeats: Repeats,
}

/// Counts repeats of one rid in quick succession (§14.3); slow ones are a bad network.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Repeats {
    quick: u8,
    last: u64,
}

impl Repeats {
    const QUICK_MS: u64 = 1000;
    const MAX: u8 = 20;

    pub(super) fn new(now: u64) -> Self {
        Self { quick: 0, last: now }
    }

    /// `false` if there are too many.
    #[must_use]
    pub(super) fn allow(&mut self, now: u64) -> bool {
        if now.saturating_sub(self.last) < Self::QUICK_MS {
            self.quick = self.quick.saturating_add(1);
        }
        self.last = now;
        self.quick <= Self::MAX
    }
}

/// The requests of a session, by rid.
#[derive(Debug)]
pub(super) struct Window {
    /// The highest rid that was taken in its turn.
    pub(super) last: Rid,
    pub(super) slots: VecDeque<Slot>,
    pub(super) early: BTreeMap<Rid, Early>,
    pub(super) sent: VecDeque<Sent>,
}

/// Where a rid stands.
pub(super) enum Place {
    /// In its turn or within reach.
    New,
    /// Received, not answered.
    Unanswered,
    /// Answered, and the response is kept.
    Answered,
    /// Too far ahead, or forgotten (§14.2, §14.3).
    Outside,
}

impl Window {
    /// `last` counts as taken.
    pub(super) fn new(last: Rid) -> Self {
        Self { last, slots: VecDeque::new(), early: BTreeMap::new(), sent: VecDeque::new() }
    }

    pub(super) fn place(&self, rid: Rid, reach: u64) -> Place {
        if rid <= self.last {
            if self.slots.iter().any(|slot| slot.rid == rid) {
                return Place::Unanswered;
            }
            return if self.sent.iter().any(|sent| sent.rid == rid) { Place::Answered } else { Place::Outside };
        }
        if self.early.contains_key(&rid) {
            return Place::Unanswered;
        }
        if rid.since(self.last) <= reach { Place::New } else { Place::Outside }
    }

    /// Whether some request waits at an open socket.
    pub(super) fn has_live(&self) -> bool {
        self.slots.iter().any(|slot| slot.key.is_some()) || self.early.values().any(|early| early.key.is_some())
    }

    /// The socket of this request is closed.
    pub(super) fn gone(&mut self, key: RequestKey) {
        let slots = self.slots.iter_mut().map(|slot| &mut slot.key);
        let early = self.early.values_mut().map(|early| &mut early.key);
        for place in slots.chain(early) {
            if *place == Some(key) {
                *place = None;
            }
        }
    }

    /// Keeps a response, and no more than `keep` of them; besides, the memory of some that were acknowledged.
    pub(super) fn remember(&mut self, rid: Rid, body: String, now: u64, keep: usize) {
        self.sent.push_back(Sent { rid, body, at: now, acked: false, repeats: Repeats::new(now) });
        while self.sent.front().is_some_and(|oldest| {
            let room = if oldest.acked { keep.saturating_add(STRAYS) } else { keep };
            self.sent.len() > room
        }) {
            self.sent.pop_front();
        }
    }

    /// The client has every response up to `ack` (§9.2). What a stray copy of the request would get then matters to
    /// nobody, so only the memory is given back.
    pub(super) fn acked(&mut self, ack: u64) {
        for sent in self.sent.iter_mut().filter(|sent| !sent.acked && sent.rid.value() <= ack) {
            sent.acked = true;
            sent.body = String::new();
        }
    }

    /// Every open socket, oldest rid first; nothing is left behind.
    pub(super) fn drain_keys(&mut self) -> Vec<RequestKey> {
        let slots = self.slots.drain(..).filter_map(|slot| slot.key);
        let early = std::mem::take(&mut self.early).into_values().filter_map(|early| early.key);
        slots.chain(early).collect()
    }
}
