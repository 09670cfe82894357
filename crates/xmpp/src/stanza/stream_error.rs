//! Stream errors (RFC 6120 §4.9).

use std::fmt;

use super::condition::StreamCondition;
use crate::ns;
use crate::payload::{Payload, PayloadError, TextValue, expect};
use crate::xml::{Element, XmlError};

/// Why a stream ends. There is no way back: the stream is closed after it (§4.9.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamError {
    /// What went wrong.
    pub condition: StreamCondition,
    /// For people.
    pub text: Option<String>,
    /// A condition of the application's own namespace (§4.9.4).
    pub app: Option<Element>,
    /// The content of `<see-other-host/>`: where to go instead (§4.9.3.19).
    pub see_other_host: Option<String>,
}

impl StreamError {
    /// An error without text.
    pub fn new(condition: StreamCondition) -> Self {
        Self { condition, text: None, app: None, see_other_host: None }
    }

    /// The same with a text for people.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }
}

impl From<StreamCondition> for StreamError {
    fn from(condition: StreamCondition) -> Self {
        Self::new(condition)
    }
}

impl From<XmlError> for StreamError {
    fn from(error: XmlError) -> Self {
        Self::new(error.into()).with_text(error.to_string())
    }
}

impl Payload for StreamError {
    const NAME: &'static str = "error";
    const NS: &'static str = ns::STREAM;

    fn read(element: &Element) -> Result<Self, PayloadError> {
        expect(element, Self::NAME, Self::NS)?;
        let mut error = Self::new(StreamCondition::UndefinedCondition);
        for child in element.children() {
            if child.ns() != ns::STREAM_ERROR {
                error.app.get_or_insert_with(|| child.clone());
            } else if child.name() == "text" {
                error.text.get_or_insert_with(|| child.text());
            } else if child.name() == "xml-not-well-formed" {
                // What RFC 3920 §4.7.3 called it.
                error.condition = StreamCondition::NotWellFormed;
            } else if let Some(condition) = StreamCondition::from_text(child.name()) {
                error.condition = condition;
                error.see_other_host = Some(child.text()).filter(|host| !host.is_empty());
            }
        }
        Ok(error)
    }

    fn write(&self) -> Element {
        let condition = Element::new(self.condition.as_str(), ns::STREAM_ERROR)
            .with_text(self.see_other_host.as_deref().unwrap_or_default());
        let mut element = Element::new(Self::NAME, Self::NS).with_child(condition);
        if let Some(text) = &self.text {
            element.push(Element::new("text", ns::STREAM_ERROR).with_text(text.as_str()));
        }
        element.with_children(self.app.clone())
    }
}

impl From<StreamError> for Element {
    fn from(error: StreamError) -> Self {
        error.write()
    }
}

impl TryFrom<&Element> for StreamError {
    type Error = PayloadError;

    fn try_from(element: &Element) -> Result<Self, PayloadError> {
        Self::read(element)
    }
}

impl fmt::Display for StreamError {
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
