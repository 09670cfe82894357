//! XEP-0334: Message Processing Hints (version 1.0.0).

use crate::ns;
use crate::payload::{Payload, PayloadError, TextValue};
use crate::text_enum;
use crate::xml::Element;

text_enum! {
    /// What servers on the way are asked to do with a message (§4). The element's name is the hint; several may be there.
    pub enum Hint {
        /// No archive (§4.1).
        NoPermanentStore = "no-permanent-store",
        /// No storage at all, not even for offline delivery (§4.2).
        NoStore = "no-store",
        /// No carbons (§4.3).
        NoCopy = "no-copy",
        /// Keep it even if it looks like something one need not keep (§4.4).
        Store = "store",
    }
}

impl Hint {
    /// Whether a message has this hint.
    pub fn is_in(self, payloads: &[Element]) -> bool {
        payloads.iter().any(|e| e.is(self.as_str(), ns::HINTS))
    }
}

impl Payload for Hint {
    const NAME: &'static str = "store";
    const NS: &'static str = ns::HINTS;

    fn read(element: &Element) -> Result<Self, PayloadError> {
        let hint = Self::from_text(element.name()).filter(|_| element.ns() == Self::NS);
        hint.ok_or(PayloadError::WrongElement(Self::NAME))
    }

    fn write(&self) -> Element {
        Element::new(self.as_str(), Self::NS)
    }

    fn matches(element: &Element) -> bool {
        Self::read(element).is_ok()
    }
}
