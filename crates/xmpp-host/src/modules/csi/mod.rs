//! XEP-0352: Client State Indication. While nobody looks at a client, it gets what people wait for and nothing else.
//!
//! Held back are presence, of each resource the latest, and notifications of nodes. Messages that hold nothing but a chat state are
//! dropped: they are of the moment. Anything else goes out at once, and what was held back goes before it, so that the order stays as
//! it was and the device wakes up once. It also goes out when the client becomes active, when the stream is resumed (§5.2), and when it
//! is too much.

use std::collections::VecDeque;

use xmpp::ns;
use xmpp::payload::Payload;
use xmpp::xep::csi::Csi;
use xmpp::xml::Element;

use crate::config::{HostConfig, Limits};
use crate::io::SessionId;
use crate::modules::{Module, Registry};
use crate::session::weight;
use crate::shard::Shard;

pub(crate) const NAME: &str = "csi";

pub(crate) struct ClientState;

impl Module for ClientState {
    fn stream_features(&self, _: &Registry, _: &HostConfig) -> Vec<Element> {
        vec![Csi {}.write()]
    }
}

/// What waits for an inactive client, in order.
#[derive(Debug, Default)]
pub(crate) struct HeldBack {
    stanzas: VecDeque<Element>,
    bytes: usize,
}

impl HeldBack {
    fn push(&mut self, element: Element) {
        if element.name() == "presence"
            && let Some(at) =
                self.stanzas.iter().position(|it| it.name() == "presence" && it.attr("from") == element.attr("from"))
            && let Some(former) = self.stanzas.remove(at)
        {
            self.bytes -= weight(&former);
        }
        self.bytes += weight(&element);
        self.stanzas.push_back(element);
    }

    fn is_full(&self, limits: &Limits) -> bool {
        self.stanzas.len() > limits.held_back || self.bytes > limits.held_back_bytes
    }
}

/// When a client that nobody looks at gets a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Urgency {
    Now,
    Later,
    Never,
}

fn urgency(stanza: &Element) -> Urgency {
    match stanza.name() {
        // Of rooms, it may be an answer to what the client has just done.
        "presence" if stanza.child("x", ns::MUC_USER).is_some() => Urgency::Now,
        "presence" if matches!(stanza.attr("type"), None | Some("unavailable")) => Urgency::Later,
        "message" if stanza.attr("type") == Some("error") => Urgency::Now,
        "message" if stanza.child("event", ns::PUBSUB_EVENT).is_some() => Urgency::Later,
        "message" if is_state_alone(stanza) => Urgency::Never,
        _ => Urgency::Now,
    }
}

/// A chat state and nothing besides (XEP-0085 §5.2), also as a carbon copy.
fn is_state_alone(message: &Element) -> bool {
    let mut copies = message.children().filter(|it| it.ns() == ns::CARBONS);
    if let Some(copy) = copies.next() {
        let forwarded = copy.child("forwarded", ns::FORWARD);
        return forwarded.and_then(|it| it.child("message", ns::CLIENT)).is_some_and(is_state_alone);
    }
    let accompanies = |it: &Element| {
        matches!(it.ns(), ns::CHAT_STATES | ns::HINTS | ns::STANZA_ID | ns::DELAY) || it.is("thread", ns::CLIENT)
    };
    message.children().any(|it| it.ns() == ns::CHAT_STATES) && message.children().all(accompanies)
}

impl Shard {
    /// `<active/>` or `<inactive/>` (§4.2); `false` if it is neither.
    pub(crate) fn indicate_state(&mut self, id: SessionId, state: &str) -> bool {
        match state {
            "active" => self.become_active(id),
            "inactive" => {
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.held_back.get_or_insert_default();
                }
            }
            _ => return false,
        }
        true
    }

    /// The state that every stream begins with (§5, §5.2).
    pub(crate) fn become_active(&mut self, id: SessionId) {
        self.let_go(id);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.held_back = None;
        }
    }

    /// Keeps a stanza for an inactive client; gives it back if it goes out now.
    pub(crate) fn hold_back(&mut self, id: SessionId, element: Element) -> Option<Element> {
        let limits = &self.config.limits;
        let Some(held) = self.sessions.get_mut(&id).and_then(|session| session.held_back.as_mut()) else {
            return Some(element);
        };
        match urgency(&element) {
            Urgency::Never => None,
            Urgency::Later => {
                held.push(element);
                if held.is_full(limits) {
                    self.let_go(id);
                }
                None
            }
            Urgency::Now => {
                self.let_go(id);
                Some(element)
            }
        }
    }

    fn let_go(&mut self, id: SessionId) {
        let Some(held) = self.sessions.get_mut(&id).and_then(|session| session.held_back.as_mut()) else { return };
        for element in std::mem::take(held).stanzas {
            self.send_to_client(id, element, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_wait() {
        let state = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
        let event = "<event xmlns='http://jabber.org/protocol/pubsub#event'/>";
        let copy = |inner: &str| {
            format!(
                "<message><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'>{inner}</message></forwarded></sent></message>"
            )
        };
        let cases = [
            ("<presence/>".to_owned(), Urgency::Later),
            ("<presence type='unavailable'/>".to_owned(), Urgency::Later),
            ("<presence type='subscribe'/>".to_owned(), Urgency::Now),
            ("<presence type='error'/>".to_owned(), Urgency::Now),
            ("<presence><x xmlns='http://jabber.org/protocol/muc#user'/></presence>".to_owned(), Urgency::Now),
            ("<iq type='get' id='1'/>".to_owned(), Urgency::Now),
            (format!("<message>{state}</message>"), Urgency::Never),
            (format!("<message>{state}<thread>x</thread></message>"), Urgency::Never),
            (format!("<message>{state}<body>x</body></message>"), Urgency::Now),
            (format!("<message type='error'>{state}</message>"), Urgency::Now),
            ("<message><received xmlns='urn:xmpp:receipts' id='1'/></message>".to_owned(), Urgency::Now),
            ("<message/>".to_owned(), Urgency::Now),
            (format!("<message type='headline'>{event}</message>"), Urgency::Later),
            (copy(state), Urgency::Never),
            (copy("<body>x</body>"), Urgency::Now),
        ];
        for (xml, expected) in cases {
            let (name, rest) = xml.split_at(xml.find([' ', '>', '/']).expect("an element"));
            let element = xmpp::xml::parse(&format!("{name} xmlns='jabber:client'{rest}")).expect("well-formed");
            assert_eq!(urgency(&element), expected, "{xml}");
        }
    }
}
