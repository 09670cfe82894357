//! XEP-0198: Stream Management (version 1.6.3).

use crate::ids::SmId;
use crate::ns;
use crate::payload;
use crate::payload::{Payload, PayloadError, TextValue, expect};
use crate::stanza::Condition;
use crate::xml::Element;

payload! {
    /// Stream feature: stream management is available (§3).
    pub struct StreamManagement("sm", ns::SM) {
        /// The server insists.
        required: bool = Flag("required"),
        /// The server does not insist.
        optional: bool = Flag("optional"),
    }

    /// The client wants its stanzas to be acknowledged (§3).
    #[derive(Default)]
    pub struct Enable("enable", ns::SM) {
        /// It wants to be able to resume.
        resume: bool = AttrOr("resume", false),
        /// How long it would like that to be possible, in seconds.
        max: Option<u32> = OptAttr("max"),
    }

    /// Stanzas are acknowledged from here (§3).
    #[derive(Default)]
    pub struct Enabled("enabled", ns::SM) {
        /// What to resume with.
        id: Option<SmId> = OptAttr("id"),
        /// Whether resuming is possible.
        resume: bool = AttrOr("resume", false),
        /// How long after a loss that is possible, in seconds.
        max: Option<u32> = OptAttr("max"),
        /// Where to reconnect, as host and port.
        location: Option<String> = OptAttr("location"),
    }

    /// Asks for an answer (§4).
    pub struct Request("r", ns::SM) {}

    /// Says how many stanzas have been handled (§4).
    pub struct Answer("a", ns::SM) {
        /// The count, modulo 2^32.
        h: u32 = Attr("h"),
    }

    /// The client wants to go on with a former stream (§5).
    pub struct Resume("resume", ns::SM) {
        /// How many stanzas it has handled of that stream, modulo 2^32.
        h: u32 = Attr("h"),
        /// That stream's id.
        previd: SmId = Attr("previd"),
    }

    /// The former stream goes on (§5).
    pub struct Resumed("resumed", ns::SM) {
        /// How many stanzas the server has handled, modulo 2^32.
        h: u32 = Attr("h"),
        /// The stream's id.
        previd: SmId = Attr("previd"),
    }

    /// Application condition of a stream error: more was acknowledged than was sent (§4).
    pub struct HandledCountTooHigh("handled-count-too-high", ns::SM) {
        /// What was acknowledged.
        h: u32 = Attr("h"),
        /// What was sent.
        send_count: u32 = Attr("send-count"),
    }
}

/// Enabling or resuming failed (§3, §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// How many stanzas the server had handled of a stream that can no longer be resumed.
    pub h: Option<u32>,
    /// Why.
    pub condition: Condition,
    /// For people.
    pub text: Option<String>,
}

impl Failed {
    /// A failure without count and text.
    pub fn new(condition: Condition) -> Self {
        Self { h: None, condition, text: None }
    }
}

impl Payload for Failed {
    const NAME: &'static str = "failed";
    const NS: &'static str = ns::SM;

    fn read(element: &Element) -> Result<Self, PayloadError> {
        expect(element, Self::NAME, Self::NS)?;
        let condition = element.children().find_map(|child| Condition::from_text(child.name()));
        Ok(Self {
            // Whatever else is wrong with the count, resuming has failed.
            h: element.attr("h").and_then(u32::from_text),
            condition: condition.unwrap_or(Condition::UndefinedCondition),
            text: element.child("text", ns::STANZA_ERROR).map(Element::text),
        })
    }

    fn write(&self) -> Element {
        let mut element = Element::new(Self::NAME, Self::NS)
            .with_opt_attr("h", self.h.map(|h| h.to_string()))
            .with_child(Element::new(self.condition.as_str(), ns::STANZA_ERROR));
        if let Some(text) = &self.text {
            element.push(Element::new("text", ns::STANZA_ERROR).with_text(text.as_str()));
        }
        element
    }
}
