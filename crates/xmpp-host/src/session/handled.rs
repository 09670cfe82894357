//! How many stanzas of a client are handled, and how many it may be told of (XEP-0198 §4).
//!
//! A stanza that storage refused is handled, by an error. But a client that hears `h` before the error, and then loses both the
//! connection and the session, would believe that its message was taken. So `h` stays below a refused stanza until the error is
//! acknowledged. If the session is resumed meanwhile, the client repeats what it was not told of: these repeats are known and dropped.

use std::collections::VecDeque;

use xmpp::ns;
use xmpp::xml::Element;
use xmpp_stream::sm::Inbound;

/// What a repeat is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    name: String,
    id: Option<String>,
}

impl Stamp {
    /// Of a stanza; nothing else is counted.
    pub(crate) fn of(element: &Element) -> Option<Self> {
        let stanza = element.ns() == ns::CLIENT && matches!(element.name(), "message" | "presence" | "iq");
        stanza.then(|| Self { name: element.name().to_owned(), id: element.attr("id").map(str::to_owned) })
    }
}

#[derive(Debug)]
struct Unsaid {
    stamp: Stamp,
    /// The count of stanzas sent to the client, up to and with the error that refused it.
    refused: Option<u32>,
}

/// The counts of one session.
#[derive(Debug, Default)]
pub(crate) struct Handled {
    inbound: Inbound,
    /// Handled, but not told of, oldest first; empty, or the first one was refused.
    unsaid: VecDeque<Unsaid>,
    /// What a resumed client repeats of it.
    repeats: VecDeque<Stamp>,
}

impl Handled {
    /// A stanza is dealt with. `refused`: by an error, and so many stanzas were sent to the client with it.
    pub(crate) fn released(&mut self, stamp: Stamp, refused: Option<u32>) {
        self.inbound.received();
        if refused.is_some() || !self.unsaid.is_empty() {
            self.unsaid.push_back(Unsaid { stamp, refused });
        }
    }

    /// The `h` to tell.
    pub(crate) fn told(&self) -> u32 {
        self.inbound.handled().wrapping_sub(self.unsaid.len() as u32)
    }

    /// How many are kept back.
    pub(crate) fn unsaid(&self) -> usize {
        self.unsaid.len()
    }

    /// The client has acknowledged so many stanzas; tells whether there is a new `h` to tell.
    pub(crate) fn heard(&mut self, acked: u32) -> bool {
        let before = self.unsaid.len();
        // Counts wrap: what is less than half the circle ahead was acknowledged.
        let waits = |count: u32| (acked.wrapping_sub(count) as i32) < 0;
        while self.unsaid.front().is_some_and(|it| !it.refused.is_some_and(waits)) {
            self.unsaid.pop_front();
        }
        self.unsaid.len() != before
    }

    /// The client was told `h` on a new stream and repeats the rest.
    pub(crate) fn resumed(&mut self) {
        self.repeats = self.unsaid.iter().map(|it| it.stamp.clone()).collect();
    }

    /// Whether the stanza was dealt with on a former stream. A client that does not repeat everything repeats nothing.
    pub(crate) fn is_repeat(&mut self, element: &Element) -> bool {
        let Some(stamp) = Stamp::of(element) else { return false };
        if self.repeats.front() == Some(&stamp) {
            self.repeats.pop_front();
            return true;
        }
        self.repeats.clear();
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stanza(id: &str) -> Element {
        Element::new("message", ns::CLIENT).with_attr("id", id)
    }

    fn stamp(id: &str) -> Stamp {
        Stamp::of(&stanza(id)).expect("a stanza")
    }

    #[test]
    fn a_refused_stanza_is_not_told_of_until_the_error_was_heard() {
        let mut handled = Handled::default();
        handled.released(stamp("a"), None);
        handled.released(stamp("b"), Some(4));
        handled.released(stamp("c"), None);
        handled.released(stamp("d"), Some(5));
        assert_eq!(handled.told(), 1);
        assert!(!handled.heard(3));
        assert!(handled.heard(4));
        assert_eq!(handled.told(), 3);
        assert!(handled.heard(9));
        assert_eq!((handled.told(), handled.unsaid()), (4, 0));
    }

    #[test]
    fn repeats_are_known() {
        let mut handled = Handled::default();
        handled.released(stamp("b"), Some(u32::MAX));
        handled.released(stamp("c"), None);
        handled.resumed();
        assert!(handled.is_repeat(&stanza("b")) && handled.is_repeat(&stanza("c")));
        assert!(!handled.is_repeat(&stanza("c")));
        handled.resumed();
        assert!(!handled.is_repeat(&stanza("new")), "it does not repeat");
        assert!(!handled.is_repeat(&stanza("b")));
        assert!(handled.heard(2), "the count has wrapped");
    }
}
