//! How an XEP's element becomes a Rust type and back.
//!
//! [`payload!`](crate::payload!) declares a struct with one [codec] per field; [`text_enum!`](crate::text_enum!)
//! an enumeration of words. What does not fit implements [`Payload`] by hand. Reading is liberal: unknown attributes
//! and children are passed over, and the stanza keeps its `Element` whatever reading says.

pub mod codec;
mod macros;
mod value;

pub use value::TextValue;

use crate::xml::Element;

/// A typed view of one kind of element.
pub trait Payload: Sized {
    /// The element's name.
    const NAME: &'static str;
    /// The element's namespace.
    const NS: &'static str;

    /// Reads the element.
    fn read(element: &Element) -> Result<Self, PayloadError>;

    /// Writes the element.
    fn write(&self) -> Element;

    /// Whether this is such an element, well-made or not.
    fn matches(element: &Element) -> bool {
        element.is(Self::NAME, Self::NS)
    }

    /// Reads the first such element of a list.
    fn find<'a>(elements: impl IntoIterator<Item = &'a Element>) -> Option<Result<Self, PayloadError>> {
        elements.into_iter().find(|e| Self::matches(e)).map(Self::read)
    }

    /// Reads the first such child of an element.
    fn find_in(parent: &Element) -> Option<Result<Self, PayloadError>> {
        parent.children().find(|e| Self::matches(e)).map(Self::read)
    }
}

/// Why an element is not the payload it looks like. Names are those of the attribute or child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Another element than the wanted one.
    #[error("this is not <{0}/>")]
    WrongElement(&'static str),
    /// A required attribute is not there.
    #[error("attribute {0} is missing")]
    MissingAttribute(&'static str),
    /// An attribute has a value that it must not have.
    #[error("attribute {0} has a bad value")]
    BadAttribute(&'static str),
    /// A required child is not there.
    #[error("<{0}/> is missing")]
    MissingChild(&'static str),
    /// A child has content that it must not have, or stands where it must not.
    #[error("<{0}/> has bad content")]
    BadChild(&'static str),
    /// A field of a data form has a value that it must not have.
    #[error("field {0} has a bad value")]
    BadField(&'static str),
    /// The element's own text is not what it must be.
    #[error("the text is bad")]
    BadText,
}

/// Fails unless the element has this name and namespace.
pub fn expect(element: &Element, name: &'static str, ns: &str) -> Result<(), PayloadError> {
    if element.is(name, ns) { Ok(()) } else { Err(PayloadError::WrongElement(name)) }
}
