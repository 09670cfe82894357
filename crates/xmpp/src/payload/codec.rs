//! Codecs: where a field of a [`payload!`](crate::payload!) struct stands in its element.
//!
//! A new shape of XML is a new codec of a few lines, not a change of the macro. Codecs that name a child without a
//! namespace mean the parent's own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Payload, PayloadError, TextValue};
use crate::ns;
use crate::xml::Element;

/// How a field of type `T` is read from and written into the struct's element.
pub trait Codec<T> {
    /// Reads the field.
    fn read(&self, element: &Element) -> Result<T, PayloadError>;
    /// Writes the field.
    fn write(&self, value: &T, element: &mut Element);
}

/// A required attribute.
pub struct Attr(pub &'static str);

impl<T: TextValue> Codec<T> for Attr {
    fn read(&self, element: &Element) -> Result<T, PayloadError> {
        let text = element.attr(self.0).ok_or(PayloadError::MissingAttribute(self.0))?;
        T::from_text(text).ok_or(PayloadError::BadAttribute(self.0))
    }

    fn write(&self, value: &T, element: &mut Element) {
        element.set_attr(self.0, value.to_text());
    }
}

/// An attribute that may be absent.
pub struct OptAttr(pub &'static str);

impl<T: TextValue> Codec<Option<T>> for OptAttr {
    fn read(&self, element: &Element) -> Result<Option<T>, PayloadError> {
        let bad = PayloadError::BadAttribute(self.0);
        element.attr(self.0).map(|text| T::from_text(text).ok_or(bad)).transpose()
    }

    fn write(&self, value: &Option<T>, element: &mut Element) {
        if let Some(value) = value {
            element.set_attr(self.0, value.to_text());
        }
    }
}

/// An attribute with a default, which is not written.
pub struct AttrOr<T>(pub &'static str, pub T);

impl<T: TextValue + PartialEq + Clone> Codec<T> for AttrOr<T> {
    fn read(&self, element: &Element) -> Result<T, PayloadError> {
        let read: Option<T> = OptAttr(self.0).read(element)?;
        Ok(read.unwrap_or_else(|| self.1.clone()))
    }

    fn write(&self, value: &T, element: &mut Element) {
        if *value != self.1 {
            element.set_attr(self.0, value.to_text());
        }
    }
}

/// An attribute whose unknown values mean something too. Not written if it is the default, absent reads as the default.
pub struct WordOr<T>(pub &'static str, pub T);

impl<T: TextValue + PartialEq + Clone> Codec<T> for WordOr<T> {
    fn read(&self, element: &Element) -> Result<T, PayloadError> {
        Ok(element.attr(self.0).and_then(T::from_text).unwrap_or_else(|| self.1.clone()))
    }

    fn write(&self, value: &T, element: &mut Element) {
        AttrOr(self.0, self.1.clone()).write(value, element);
    }
}

/// An attribute in a namespace that may be absent.
pub struct OptAttrNs(pub &'static str, pub &'static str);

impl<T: TextValue> Codec<Option<T>> for OptAttrNs {
    fn read(&self, element: &Element) -> Result<Option<T>, PayloadError> {
        let bad = PayloadError::BadAttribute(self.1);
        element.attr_ns(self.0, self.1).map(|text| T::from_text(text).ok_or(bad)).transpose()
    }

    fn write(&self, value: &Option<T>, element: &mut Element) {
        if let Some(value) = value {
            element.set_attr_ns(self.0, self.1, value.to_text());
        }
    }
}

/// The element's own `xml:lang`.
pub struct Lang;

impl Codec<Option<String>> for Lang {
    fn read(&self, element: &Element) -> Result<Option<String>, PayloadError> {
        Ok(element.lang().map(String::from))
    }

    fn write(&self, value: &Option<String>, element: &mut Element) {
        if let Some(value) = value {
            element.set_attr_ns(ns::XML, "lang", value.as_str());
        }
    }
}

/// The element's own text. As an `Option`, empty text is `None`.
pub struct Text;

impl<T: TextValue> Codec<T> for Text {
    fn read(&self, element: &Element) -> Result<T, PayloadError> {
        T::from_text(&element.text()).ok_or(PayloadError::BadText)
    }

    fn write(&self, value: &T, element: &mut Element) {
        element.push_text(value.to_text());
    }
}

/// The element's own text, if it is not empty.
pub struct OptText;

impl<T: TextValue> Codec<Option<T>> for OptText {
    fn read(&self, element: &Element) -> Result<Option<T>, PayloadError> {
        let text = element.text();
        if text.is_empty() { Ok(None) } else { T::from_text(&text).map(Some).ok_or(PayloadError::BadText) }
    }

    fn write(&self, value: &Option<T>, element: &mut Element) {
        if let Some(value) = value {
            element.push_text(value.to_text());
        }
    }
}

/// The element's own text in base64 (RFC 4648 §4), white space ignored.
pub struct Base64;

impl Codec<Vec<u8>> for Base64 {
    fn read(&self, element: &Element) -> Result<Vec<u8>, PayloadError> {
        decode_base64(&element.text()).ok_or(PayloadError::BadText)
    }

    fn write(&self, value: &Vec<u8>, element: &mut Element) {
        element.push_text(STANDARD.encode(value));
    }
}

/// A required child with a payload type of its own.
pub struct Child;

impl<P: Payload> Codec<P> for Child {
    fn read(&self, element: &Element) -> Result<P, PayloadError> {
        P::find_in(element).unwrap_or(Err(PayloadError::MissingChild(P::NAME)))
    }

    fn write(&self, value: &P, element: &mut Element) {
        element.push(value.write());
    }
}

/// A child with a payload type of its own that may be absent. The first counts.
pub struct OptChild;

impl<P: Payload> Codec<Option<P>> for OptChild {
    fn read(&self, element: &Element) -> Result<Option<P>, PayloadError> {
        P::find_in(element).transpose()
    }

    fn write(&self, value: &Option<P>, element: &mut Element) {
        if let Some(value) = value {
            element.push(value.write());
        }
    }
}

/// All children of a payload type.
pub struct Children;

impl<P: Payload> Codec<Vec<P>> for Children {
    fn read(&self, element: &Element) -> Result<Vec<P>, PayloadError> {
        element.children().filter(|child| P::matches(child)).map(P::read).collect()
    }

    fn write(&self, value: &Vec<P>, element: &mut Element) {
        for payload in value {
            element.push(payload.write());
        }
    }
}

/// All children of a payload type that can be read; one bad item of a list does not lose the others.
pub struct ReadableChildren;

impl<P: Payload> Codec<Vec<P>> for ReadableChildren {
    fn read(&self, element: &Element) -> Result<Vec<P>, PayloadError> {
        Ok(element.children().filter(|child| P::matches(child)).filter_map(|child| P::read(child).ok()).collect())
    }

    fn write(&self, value: &Vec<P>, element: &mut Element) {
        Children.write(value, element);
    }
}

/// One attribute of every child of a name, such as the `var` of all `<feature/>`.
pub struct ChildAttrs(pub &'static str, pub &'static str);

impl<T: TextValue> Codec<Vec<T>> for ChildAttrs {
    fn read(&self, element: &Element) -> Result<Vec<T>, PayloadError> {
        let children = element.children_named(self.0, element.ns());
        let bad = PayloadError::BadAttribute(self.1);
        children
            .map(|child| child.attr(self.1).ok_or(PayloadError::MissingAttribute(self.1)))
            .map(|text| text.and_then(|text| T::from_text(text).ok_or(bad)))
            .collect()
    }

    fn write(&self, value: &Vec<T>, element: &mut Element) {
        for value in value {
            let mut child = Element::new(self.0, "").with_attr(self.1, value.to_text());
            child.set_ns_like(element);
            element.push(child);
        }
    }
}

/// The text of a required child.
pub struct ChildText(pub &'static str);

impl<T: TextValue> Codec<T> for ChildText {
    fn read(&self, element: &Element) -> Result<T, PayloadError> {
        let child = element.child(self.0, element.ns()).ok_or(PayloadError::MissingChild(self.0))?;
        T::from_text(&child.text()).ok_or(PayloadError::BadChild(self.0))
    }

    fn write(&self, value: &T, element: &mut Element) {
        push_text_child(element, self.0, &value.to_text());
    }
}

/// The text of a child that may be absent. The first counts.
pub struct OptChildText(pub &'static str);

impl<T: TextValue> Codec<Option<T>> for OptChildText {
    fn read(&self, element: &Element) -> Result<Option<T>, PayloadError> {
        let bad = PayloadError::BadChild(self.0);
        element.child(self.0, element.ns()).map(|child| T::from_text(&child.text()).ok_or(bad)).transpose()
    }

    fn write(&self, value: &Option<T>, element: &mut Element) {
        if let Some(value) = value {
            push_text_child(element, self.0, &value.to_text());
        }
    }
}

/// The texts of all children of a name.
pub struct ChildTexts(pub &'static str);

impl<T: TextValue> Codec<Vec<T>> for ChildTexts {
    fn read(&self, element: &Element) -> Result<Vec<T>, PayloadError> {
        let bad = PayloadError::BadChild(self.0);
        let children = element.children_named(self.0, element.ns());
        children.map(|child| T::from_text(&child.text()).ok_or(bad)).collect()
    }

    fn write(&self, value: &Vec<T>, element: &mut Element) {
        for value in value {
            push_text_child(element, self.0, &value.to_text());
        }
    }
}

/// Whether a child of a name is there.
pub struct Flag(pub &'static str);

impl Codec<bool> for Flag {
    fn read(&self, element: &Element) -> Result<bool, PayloadError> {
        Ok(element.child(self.0, element.ns()).is_some())
    }

    fn write(&self, value: &bool, element: &mut Element) {
        if *value {
            push_text_child(element, self.0, "");
        }
    }
}

/// All child elements, whatever they are.
pub struct Any;

impl Codec<Vec<Element>> for Any {
    fn read(&self, element: &Element) -> Result<Vec<Element>, PayloadError> {
        Ok(element.children().cloned().collect())
    }

    fn write(&self, value: &Vec<Element>, element: &mut Element) {
        for child in value {
            element.push(child.clone());
        }
    }
}

/// All child elements in other namespaces: what other documents add.
pub struct Foreign;

impl Codec<Vec<Element>> for Foreign {
    fn read(&self, element: &Element) -> Result<Vec<Element>, PayloadError> {
        Ok(element.children().filter(|child| child.ns() != element.ns()).cloned().collect())
    }

    fn write(&self, value: &Vec<Element>, element: &mut Element) {
        Any.write(value, element);
    }
}

/// The first child element, whatever it is.
pub struct OptAny;

impl Codec<Option<Element>> for OptAny {
    fn read(&self, element: &Element) -> Result<Option<Element>, PayloadError> {
        Ok(element.children().next().cloned())
    }

    fn write(&self, value: &Option<Element>, element: &mut Element) {
        if let Some(child) = value {
            element.push(child.clone());
        }
    }
}

/// Base64 with white space between, as old vCards have it.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if text.contains(|c: char| c.is_ascii_whitespace()) {
        let mut compact = String::from(text);
        compact.retain(|c| !c.is_ascii_whitespace());
        return STANDARD.decode(compact).ok();
    }
    STANDARD.decode(text).ok()
}

/// Base64 without line breaks (RFC 4648 §4).
pub fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn push_text_child(element: &mut Element, name: &'static str, text: &str) {
    let mut child = Element::new(name, "");
    child.set_ns_like(element);
    element.push(child.with_text(text));
}
