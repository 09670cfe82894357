//! Which of our stanzas the server has taken over: by stream management where there is any (XEP-0198), else by a ping sent
//! behind them, since a server handles the stanzas of a stream in order and answers the ping after them.

use std::collections::VecDeque;

use xmpp::ids::SmId;
use xmpp::ns;
use xmpp::time::{Mono, Now};
use xmpp::xml::Element;
use xmpp_stream::client::SmEnabled;
use xmpp_stream::sm::{self, AckPolicy, Inbound, Outbound, OutboundSnapshot, SmError};

/// One session's accounts; outlives the connection.
pub(super) enum Confirm {
    /// XEP-0198.
    Sm(Box<Managed>),
    /// XEP-0199, as a barrier.
    Barrier(Barrier),
}

/// A session under stream management.
pub(super) struct Managed {
    /// There is one if the session can be resumed.
    pub(super) id: Option<SmId>,
    pub(super) outbound: Outbound,
    pub(super) inbound: Inbound,
}

/// What is sent and not confirmed on a session without stream management.
#[derive(Default)]
pub(super) struct Barrier {
    /// Tags in the order they went out.
    sent: VecDeque<u64>,
    /// The ping that is on its way, and how many of `sent` went before it.
    asked: Option<(String, usize)>,
    asked_at: Mono,
    count: u32,
}

/// A server that does not answer for so long is not there.
const ANSWER_MS: u64 = 30_000;

/// Stanzas of ours that the server has.
pub(super) type Tags = Vec<u64>;

impl Confirm {
    pub(super) fn new(enabled: Option<SmEnabled>) -> Self {
        match enabled {
            Some(sm) => Confirm::Sm(Box::new(Managed {
                id: sm.id.filter(|_| sm.resume),
                outbound: Outbound::with_policy(policy()),
                inbound: Inbound::new(),
            })),
            None => Confirm::Barrier(Barrier::default()),
        }
    }

    /// A session that the page before has left, after so many stanzas. What that page had sent is in the outbox, if it matters.
    pub(super) fn left(id: SmId, h: u32) -> Self {
        let enabled = SmEnabled { id: Some(id), max: None, resume: true, location: None };
        let mut confirm = Self::new(Some(enabled));
        if let Confirm::Sm(managed) = &mut confirm {
            managed.inbound = Inbound::restore(h);
        }
        confirm
    }

    /// A stanza goes out.
    pub(super) fn sent(&mut self, element: &Element, tag: u64, now: Now) {
        match self {
            Confirm::Sm(managed) => managed.outbound.sent_tagged(element.clone(), tag, now),
            Confirm::Barrier(barrier) => {
                if tag != 0 {
                    barrier.sent.push_back(tag);
                }
            }
        }
    }

    /// An element came in. `Ok(None)`: a stanza for the features; else it was about acknowledgements, with what the server
    /// now has, and perhaps an answer.
    pub(super) fn received(
        &mut self,
        element: &Element,
        domain: &str,
    ) -> Result<Option<(Tags, Option<Element>)>, SmError> {
        match self {
            Confirm::Sm(managed) => managed.received(element),
            Confirm::Barrier(barrier) => Ok(barrier.received(element, domain).map(|tags| (tags, None))),
        }
    }

    /// What should go out now to learn more.
    pub(super) fn ask(&mut self, now: Now, domain: &str) -> Option<Element> {
        match self {
            Confirm::Sm(managed) if managed.outbound.wants_request(now) => {
                managed.outbound.requested(now);
                Some(sm::request())
            }
            Confirm::Sm(managed) if managed.inbound.untold() >= 20 => Some(managed.inbound.ack()),
            Confirm::Sm(_) => None,
            Confirm::Barrier(barrier) => barrier.ask(now, domain),
        }
    }

    pub(super) fn is_overdue(&self, now: Now) -> bool {
        match self {
            Confirm::Sm(managed) => managed.outbound.is_overdue(now),
            Confirm::Barrier(barrier) => barrier.deadline().is_some_and(|at| at <= now.mono),
        }
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        match self {
            Confirm::Sm(managed) => managed.outbound.next_timer(),
            Confirm::Barrier(barrier) => barrier.deadline(),
        }
    }

    /// The session cannot be resumed; `h` is what the server still knew. What it has; all else is unknown.
    pub(super) fn lost(&mut self, h: Option<u32>) -> Tags {
        match (self, h) {
            // A count that makes no sense says nothing.
            (Confirm::Sm(managed), Some(h)) => managed.acked(h).unwrap_or_default(),
            _ => Tags::new(),
        }
    }
}

/// A message shows as sent when it is acknowledged: ask at once, one question at a time.
fn policy() -> AckPolicy {
    AckPolicy { every: 1, ..AckPolicy::default() }
}

impl Managed {
    /// The count goes on where the page before has left it.
    pub(super) fn continue_at(&mut self, h: u32) {
        self.outbound = Outbound::restore(OutboundSnapshot { h, unacked: Vec::new() }, policy());
    }

    fn received(&mut self, element: &Element) -> Result<Option<(Tags, Option<Element>)>, SmError> {
        if element.ns() != ns::SM {
            if element.ns() == ns::CLIENT {
                self.inbound.received();
            }
            return Ok(None);
        }
        match element.name() {
            "r" => Ok(Some((Tags::new(), Some(self.inbound.ack())))),
            "a" => {
                let Some(h) = sm::read_h(element) else { return Ok(Some((Tags::new(), None))) };
                Ok(Some((self.acked(h)?, None)))
            }
            _ => Ok(Some((Tags::new(), None))),
        }
    }

    /// The session goes on. What the server has, and what it must be sent again, oldest first.
    pub(super) fn resumed(&mut self, h: u32, now: Now) -> Result<(Tags, Vec<Element>), SmError> {
        let tags = self.acked(h)?;
        self.outbound.reconnected(now);
        Ok((tags, self.outbound.unacked().cloned().collect()))
    }

    fn acked(&mut self, h: u32) -> Result<Tags, SmError> {
        let acked = self.outbound.acked_tagged(h)?;
        Ok(acked.into_iter().map(|unacked| unacked.tag).filter(|tag| *tag != 0).collect())
    }
}

impl Barrier {
    fn deadline(&self) -> Option<Mono> {
        self.asked.as_ref().map(|_| self.asked_at.after(ANSWER_MS))
    }

    fn ask(&mut self, now: Now, domain: &str) -> Option<Element> {
        if self.sent.is_empty() || self.asked.is_some() {
            return None;
        }
        self.count += 1;
        let id = ["barrier-", &self.count.to_string()].concat();
        self.asked = Some((id.clone(), self.sent.len()));
        self.asked_at = now.mono;
        let ping = Element::new("ping", ns::PING);
        Some(
            Element::new("iq", ns::CLIENT)
                .with_attr("type", "get")
                .with_attr("id", id)
                .with_attr("to", domain)
                .with_child(ping),
        )
    }

    /// Any answer will do, an error too: it comes after the stanzas were handled. But only the server's.
    fn received(&mut self, element: &Element, domain: &str) -> Option<Tags> {
        let (id, count) = self.asked.as_ref()?;
        let answers = element.is("iq", ns::CLIENT)
            && element.attr("id") == Some(id.as_str())
            && matches!(element.attr("type"), Some("result" | "error"))
            && element.attr("from").is_none_or(|from| from == domain);
        if !answers {
            return None;
        }
        let count = *count;
        self.asked = None;
        Some(self.sent.drain(..count).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Element {
        Element::new("message", ns::CLIENT)
    }

    #[test]
    fn a_barrier_confirms_what_went_before_it() {
        let mut confirm = Confirm::new(None);
        for tag in [7, 0, 8] {
            confirm.sent(&message(), tag, Now::default());
        }
        let ping = confirm.ask(Now::default(), "x.y").expect("a ping");
        confirm.sent(&message(), 9, Now::default());
        assert_eq!(confirm.ask(Now::default(), "x.y"), None, "one at a time");
        let id = ping.attr("id").expect("an id");
        let answer = |from: &str| message_like_iq(id, from);
        assert_eq!(confirm.received(&answer("evil@x.y"), "x.y"), Ok(None), "only the server's answer counts");
        assert_eq!(confirm.received(&answer("x.y"), "x.y"), Ok(Some((vec![7, 8], None))));
        assert_eq!(confirm.lost(Some(9)), Tags::new());
    }

    fn message_like_iq(id: &str, from: &str) -> Element {
        Element::new("iq", ns::CLIENT).with_attr("type", "error").with_attr("id", id).with_attr("from", from)
    }

    #[test]
    fn a_lost_session_is_split_by_what_the_server_still_knew() {
        let enabled = || SmEnabled { id: Some(SmId::from("s")), max: None, resume: true, location: None };
        let mut confirm = Confirm::new(Some(enabled()));
        for tag in 1..=4 {
            confirm.sent(&message(), tag, Now::default());
        }
        assert_eq!(confirm.lost(Some(3)), [1, 2, 3]);
        let mut confirm = Confirm::new(Some(enabled()));
        confirm.sent(&message(), 1, Now::default());
        assert_eq!(confirm.lost(Some(77)), Tags::new(), "a count that makes no sense says nothing");
    }

    #[test]
    fn an_impossible_count_ends_the_stream() {
        let enabled = SmEnabled { id: None, max: None, resume: false, location: None };
        let mut confirm = Confirm::new(Some(enabled));
        let a = Element::new("a", ns::SM).with_attr("h", "5");
        assert!(confirm.received(&a, "x.y").is_err());
        let r = Element::new("r", ns::SM);
        assert_eq!(confirm.received(&message(), "x.y"), Ok(None));
        let answer = confirm.received(&r, "x.y").expect("fine").expect("an answer").1.expect("an answer");
        assert_eq!(answer.attr("h"), Some("1"));
    }
}
