//! Stream management (XEP-0198): who has counted which stanza. Used by the client and by the host's sessions alike.
//!
//! [`Outbound`] keeps what was sent until the peer has acknowledged it, [`Inbound`] counts what was handled. Neither knows
//! streams: the owner sends what they say and carries them, whole or as a snapshot, from one connection to the next.

mod inbound;
mod outbound;

pub use inbound::Inbound;
pub use outbound::{AckPolicy, Outbound, OutboundSnapshot, Unacked};

use xmpp::ns;
use xmpp::stanza::{StreamCondition, StreamError};
use xmpp::xml::Element;

/// The peer acknowledged what cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmError {
    /// The peer says that it has handled more than was sent, or less than it has said before (XEP-0198 §7).
    #[error("{h} stanzas acknowledged, {sent} sent")]
    HandledCountTooHigh {
        /// What the peer said.
        h: u32,
        /// What was sent, modulo 2^32.
        sent: u32,
    },
}

impl SmError {
    /// The stream error to end the stream with (XEP-0198 §7).
    #[must_use]
    pub fn stream_error(self) -> StreamError {
        let SmError::HandledCountTooHigh { h, sent } = self;
        let mut error = StreamError::new(StreamCondition::UndefinedCondition);
        error.app = Some(
            Element::new("handled-count-too-high", ns::SM)
                .with_attr("h", h.to_string())
                .with_attr("send-count", sent.to_string()),
        );
        error
    }
}

/// A request for acknowledgement, `<r/>`.
#[must_use]
pub fn request() -> Element {
    Element::new("r", ns::SM)
}

/// The `h` of an `<a/>`, `<resumed/>` or `<failed/>`; `None` when it is absent or not an unsignedInt.
#[must_use]
pub fn read_h(element: &Element) -> Option<u32> {
    element.attr("h")?.trim().parse().ok()
}
