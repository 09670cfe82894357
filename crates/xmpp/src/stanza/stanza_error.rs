//! Stanza errors (RFC 6120 §8.3).

use std::fmt;

use super::condition::{Condition, ErrorType};
use crate::jid::Jid;
use crate::ns;
use crate::payload::{Payload, PayloadError, TextValue, expect};
use crate::xml::Element;

/// Why a stanza failed, as told to its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StanzaError {
    /// What the sender may do.
    pub type_: ErrorType,
    /// What went wrong.
    pub condition: Condition,
    /// Who noticed.
    pub by: Option<Jid>,
    /// For people.
    pub text: Option<String>,
    /// A condition of the application's own namespace (§8.3.4).
    pub app: Option<Element>,
    /// The content of `<gone/>` or `<redirect/>`: a URI to try instead (§8.3.3.5, §8.3.3.14).
    pub new_address: Option<String>,
}

impl StanzaError {
    /// An error without text.
    pub fn new(type_: ErrorType, condition: Condition) -> Self {
        Self { type_, condition, by: None, text: None, app: None, new_address: None }
    }

    /// The same with a text for people.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// The same with a condition of the application's own.
    #[must_use]
    pub fn with_app(mut self, app: Element) -> Self {
        self.app = Some(app);
        self
    }

    /// The same, noticed by someone.
    #[must_use]
    pub fn with_by(mut self, by: Jid) -> Self {
        self.by = Some(by);
        self
    }

    /// Reads the `<error/>` among the children of a stanza. What is missing or bad counts as `cancel` and
    /// `undefined-condition`: the stanza failed, whatever its error says.
    pub(super) fn among(payloads: &[Element]) -> Self {
        let undefined = Self::new(ErrorType::Cancel, Condition::UndefinedCondition);
        Self::find(payloads).and_then(Result::ok).unwrap_or(undefined)
    }
}

impl From<Condition> for StanzaError {
    /// The condition with its usual type.
    fn from(condition: Condition) -> Self {
        Self::new(condition.usual_type(), condition)
    }
}

impl Payload for StanzaError {
    const NAME: &'static str = "error";
    const NS: &'static str = ns::CLIENT;

    fn read(element: &Element) -> Result<Self, PayloadError> {
        expect(element, Self::NAME, Self::NS)?;
        let type_ = element.attr("type").ok_or(PayloadError::MissingAttribute("type"))?;
        let type_ = ErrorType::from_text(type_).ok_or(PayloadError::BadAttribute("type"))?;
        let mut error = Self::new(type_, Condition::UndefinedCondition);
        // A bad address of who noticed must not hide what was noticed.
        error.by = element.attr("by").and_then(Jid::from_text);
        for child in element.children() {
            if child.ns() != ns::STANZA_ERROR {
                error.app.get_or_insert_with(|| child.clone());
            } else if child.name() == "text" {
                error.text.get_or_insert_with(|| child.text());
            } else if let Some(condition) = Condition::from_text(child.name()) {
                error.condition = condition;
                error.new_address = Some(child.text()).filter(|text| !text.is_empty());
            }
        }
        Ok(error)
    }

    fn write(&self) -> Element {
        let condition = Element::new(self.condition.as_str(), ns::STANZA_ERROR)
            .with_text(self.new_address.as_deref().unwrap_or_default());
        let mut element = Element::new(Self::NAME, Self::NS)
            .with_attr("type", self.type_.as_str())
            .with_opt_attr("by", self.by.as_ref().map(Jid::as_str))
            .with_child(condition);
        if let Some(text) = &self.text {
            element.push(Element::new("text", ns::STANZA_ERROR).with_text(text.as_str()));
        }
        element.with_children(self.app.clone())
    }
}

impl From<StanzaError> for Element {
    fn from(error: StanzaError) -> Self {
        error.write()
    }
}

impl TryFrom<&Element> for StanzaError {
    type Error = PayloadError;

    fn try_from(element: &Element) -> Result<Self, PayloadError> {
        Self::read(element)
    }
}

impl fmt::Display for StanzaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.condition.as_str())?;
        match &self.text {
            Some(text) => {
                f.write_str(": ")?;
                f.write_str(text)
            }
            None => Ok(()),
        }
    }
}
