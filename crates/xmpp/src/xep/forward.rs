//! XEP-0297: Stanza Forwarding (version 1.0).

use super::delay::Delay;
use crate::ns;
use crate::payload::{Payload, PayloadError, expect};
use crate::stanza::{Message, Stanza};
use crate::xml::Element;

/// A stanza inside another. It is worth as much as the sender of the outer one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// When the stanza was received.
    pub delay: Option<Delay>,
    /// The stanza as it is: it may be malformed, or in the namespace of another stream.
    pub stanza: Element,
}

impl Forwarded {
    /// The forwarded message, if it is one and can be read.
    pub fn message(&self) -> Option<Message> {
        match Stanza::try_from(self.stanza.clone()) {
            Ok(Stanza::Message(message)) => Some(message),
            _ => None,
        }
    }
}

impl Payload for Forwarded {
    const NAME: &'static str = "forwarded";
    const NS: &'static str = ns::FORWARD;

    fn read(element: &Element) -> Result<Self, PayloadError> {
        expect(element, Self::NAME, Self::NS)?;
        let is_stanza = |child: &&Element| {
            matches!(child.ns(), ns::CLIENT | ns::SERVER) && matches!(child.name(), "message" | "presence" | "iq")
        };
        Ok(Self {
            // A bad stamp loses the stamp, not the stanza.
            delay: Delay::find_in(element).and_then(Result::ok),
            stanza: element.children().find(is_stanza).cloned().ok_or(PayloadError::MissingChild("message"))?,
        })
    }

    fn write(&self) -> Element {
        Element::new(Self::NAME, Self::NS)
            .with_children(self.delay.as_ref().map(Delay::write))
            .with_child(self.stanza.clone())
    }
}
