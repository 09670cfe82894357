//! XEP-0085: Chat State Notifications (version 2.1).

use crate::ns;
use crate::payload::{Payload, PayloadError, TextValue};
use crate::text_enum;
use crate::xml::Element;

text_enum! {
    /// What the other side of a conversation is doing (§2). The element's name is the state.
    pub enum ChatState {
        /// Attending to the conversation.
        Active = "active",
        /// Not attending for a while.
        Inactive = "inactive",
        /// Has left the conversation.
        Gone = "gone",
        /// Writing.
        Composing = "composing",
        /// Was writing and stopped.
        Paused = "paused",
    }
}

impl Payload for ChatState {
    const NAME: &'static str = "active";
    const NS: &'static str = ns::CHAT_STATES;

    fn read(element: &Element) -> Result<Self, PayloadError> {
        let state = Self::from_text(element.name()).filter(|_| element.ns() == Self::NS);
        state.ok_or(PayloadError::WrongElement(Self::NAME))
    }

    fn write(&self) -> Element {
        Element::new(self.as_str(), Self::NS)
    }

    fn matches(element: &Element) -> bool {
        Self::read(element).is_ok()
    }
}
