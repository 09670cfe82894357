//! What this side has handled of what the peer sent.

use xmpp::ns;
use xmpp::xml::Element;

/// Counts handled stanzas: the `h` this side says (XEP-0198 §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inbound {
    handled: u32,
    told: u32,
}

impl Inbound {
    /// A session that begins: nothing handled.
    #[must_use]
    pub fn new() -> Inbound {
        Inbound::default()
    }

    /// A session of which `h` stanzas are handled, from a snapshot.
    #[must_use]
    pub fn restore(h: u32) -> Inbound {
        Inbound { handled: h, told: h }
    }

    /// One more stanza is handled: this side has taken over responsibility for it.
    pub fn received(&mut self) {
        self.handled = self.handled.wrapping_add(1);
    }

    /// How many are handled, modulo 2^32.
    #[must_use]
    pub fn handled(&self) -> u32 {
        self.handled
    }

    /// How many are handled that the peer has not been told about.
    #[must_use]
    pub fn untold(&self) -> u32 {
        self.handled.wrapping_sub(self.told)
    }

    /// The `<a/>` that answers an `<r/>`, or goes out unasked.
    pub fn ack(&mut self) -> Element {
        self.told = self.handled;
        Element::new("a", ns::SM).with_attr("h", self.handled.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h_wraps_to_zero() {
        let mut inbound = Inbound::restore(u32::MAX);
        inbound.received();
        assert_eq!((inbound.handled(), inbound.untold()), (0, 1));
        assert_eq!(inbound.ack().attr("h"), Some("0"));
        assert_eq!(inbound.untold(), 0);
    }
}
