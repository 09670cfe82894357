//! What a session has received and not yet dealt with for good, in order.
//!
//! Each element becomes an entry. Messages may be worked on side by side (so that many share one commit); anything else starts only
//! when everything before it is done, and nothing after it starts before it is done. Entries are released strictly in order: their
//! effects happen, and only then they count as handled.

use std::collections::VecDeque;

use xmpp::xml::Element;

use crate::effect::Effect;
use crate::io::ConnId;
use crate::session::handled::Stamp;
use crate::session::resume::SayResumed;

/// Names an entry within its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryId(u64);

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Work {
    /// A stanza or nonza of the client.
    Element(Element),
    /// The session was taken over by `conn` (XEP-0198 §5): attach it when everything from before is handled, so that `h` is exact.
    Resume { conn: ConnId, say: SayResumed },
    /// A stanza that was dealt with on a former stream.
    Repeat,
    /// The session ends: nothing follows.
    End,
}

impl Work {
    /// May be started before what came earlier is done.
    fn beside_others(&self) -> bool {
        matches!(self, Self::Element(element) if element.name() == "message")
    }
}

#[derive(Debug)]
enum State {
    Queued(Work),
    Started { alone: bool },
    Ready(Vec<Effect>),
}

#[derive(Debug)]
struct Entry {
    from: Option<(ConnId, u64)>,
    stamp: Option<Stamp>,
    weight: usize,
    state: State,
}

/// An entry whose turn has come.
pub(crate) struct Released {
    /// The connection it came on and its number there.
    pub(crate) from: Option<(ConnId, u64)>,
    /// Of a stanza, which counts in `h`.
    pub(crate) stamp: Option<Stamp>,
    pub(crate) effects: Vec<Effect>,
}

/// What to do next.
pub(crate) enum Next {
    Release(Released),
    Start(EntryId, Work),
    Nothing,
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    entries: VecDeque<Entry>,
    /// The id of the front entry.
    first: u64,
    /// How many entries from the front are no longer `Queued`.
    begun: usize,
    weight: usize,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of XML, roughly.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    pub(crate) fn push(&mut self, from: Option<(ConnId, u64)>, work: Work) {
        let (stamp, weight) = match &work {
            Work::Element(element) => (Stamp::of(element), super::weight(element)),
            Work::Resume { .. } | Work::Repeat | Work::End => (None, 0),
        };
        self.weight += weight;
        self.entries.push_back(Entry { from, stamp, weight, state: State::Queued(work) });
    }

    /// Pops what may be released, or starts what may be started.
    pub(crate) fn next(&mut self) -> Next {
        if let Some(Entry { state: State::Ready(_), .. }) = self.entries.front()
            && let Some(entry) = self.entries.pop_front()
        {
            self.first += 1;
            self.begun -= 1;
            self.weight -= entry.weight;
            let State::Ready(effects) = entry.state else { return Next::Nothing };
            return Next::Release(Released { from: entry.from, stamp: entry.stamp, effects });
        }
        if let Some(Entry { state: State::Started { alone: true }, .. }) = self.entries.front() {
            return Next::Nothing;
        }
        let index = self.begun;
        let Some(entry) = self.entries.get_mut(index) else { return Next::Nothing };
        let State::Queued(work) = &entry.state else { return Next::Nothing };
        let beside = work.beside_others();
        if index > 0 && !beside {
            return Next::Nothing;
        }
        let State::Queued(work) = std::mem::replace(&mut entry.state, State::Started { alone: !beside }) else {
            return Next::Nothing;
        };
        self.begun += 1;
        Next::Start(EntryId(self.first + index as u64), work)
    }

    /// The entry is done, but for its effects, which wait for its turn.
    pub(crate) fn finish(&mut self, id: EntryId, effects: Vec<Effect>) {
        let Some(index) = id.0.checked_sub(self.first) else { return };
        if let Some(entry) = self.entries.get_mut(index as usize) {
            entry.state = State::Ready(effects);
        }
    }

    /// Forgets what was not started.
    pub(crate) fn drop_queued(&mut self) {
        for entry in self.entries.drain(self.begun..) {
            self.weight -= entry.weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp::ns;

    fn push(queue: &mut Queue, name: &'static str) {
        queue.push(Some((ConnId(1), 0)), Work::Element(Element::new(name, ns::CLIENT)));
    }

    fn start(queue: &mut Queue) -> Option<EntryId> {
        match queue.next() {
            Next::Start(id, _) => Some(id),
            _ => None,
        }
    }

    #[test]
    fn messages_run_side_by_side_and_are_released_in_order() {
        let mut queue = Queue::default();
        push(&mut queue, "message");
        push(&mut queue, "message");
        let first = start(&mut queue).expect("starts");
        let second = start(&mut queue).expect("starts beside the first");
        queue.finish(second, Vec::new());
        assert!(matches!(queue.next(), Next::Nothing), "the second waits for the first");
        queue.finish(first, Vec::new());
        assert!(matches!(queue.next(), Next::Release(_)));
        assert!(matches!(queue.next(), Next::Release(_)));
        assert_eq!((queue.len(), queue.weight()), (0, 0));
    }

    #[test]
    fn anything_else_runs_alone() {
        let mut queue = Queue::default();
        push(&mut queue, "message");
        push(&mut queue, "iq");
        push(&mut queue, "message");
        let first = start(&mut queue).expect("starts");
        assert!(start(&mut queue).is_none(), "the iq waits for the message");
        queue.finish(first, Vec::new());
        assert!(matches!(queue.next(), Next::Release(_)));
        let iq = start(&mut queue).expect("starts alone");
        assert!(start(&mut queue).is_none(), "the message waits for the iq");
        queue.finish(iq, Vec::new());
        assert!(matches!(queue.next(), Next::Release(_)));
        assert!(start(&mut queue).is_some());
    }
}
