//! Text to [`Element`], within limits.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::attributes::{self, reference, split_name};
use super::chars::{all_xml_chars, is_xml_space};
use super::element::Element;
use super::error::XmlError;
use super::scope::Scope;
use super::shared::Shared;

/// What one element may cost its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of nesting, counting the outermost element.
    pub depth: usize,
    /// Attributes and namespace declarations of one element.
    pub attributes: usize,
    /// Bytes of the whole text; also of the namespaces that writing the element again would have to declare.
    pub bytes: usize,
    /// Elements in all. An element takes some 150 bytes of memory and four of text.
    pub elements: usize,
}

impl Limits {
    /// What a client accepts from its own server. That must be more than the server accepts from a stranger: carbons and
    /// archives wrap what strangers sent, escaping may make it up to six times as long, declarations twice. Otherwise a
    /// stranger could send what breaks the stream of everyone who receives it.
    pub const OWN_SERVER: Self = Self { depth: 96, attributes: 256, bytes: 4_194_304, elements: 131_072 };
}

impl Default for Limits {
    /// For what strangers send.
    fn default() -> Self {
        Self { depth: 64, attributes: 64, bytes: 262_144, elements: 16_384 }
    }
}

/// Reads exactly one element, with an optional XML declaration before it and white space around it, within the
/// default [`Limits`].
pub fn parse(xml: &str) -> Result<Element, XmlError> {
    parse_with(xml, &Limits::default())
}

/// As [`parse`], within the given limits.
pub fn parse_with(xml: &str, limits: &Limits) -> Result<Element, XmlError> {
    parse_in(xml, &Scope::new(), limits)
}

/// As [`parse_with`], for an element that inherits namespace declarations, such as a stanza in a TCP stream.
pub fn parse_in(xml: &str, scope: &Scope, limits: &Limits) -> Result<Element, XmlError> {
    Parser::new(scope.clone(), limits).run(xml, false).map(|(element, _)| element)
}

/// Reads a lone start tag, such as a TCP stream's `<stream:stream …>`, with an optional XML declaration before it.
pub fn parse_start(xml: &str) -> Result<Element, XmlError> {
    parse_start_scoped(xml, &Limits::default()).map(|(element, _)| element)
}

/// As [`parse_start`], and the declarations that everything inside the element inherits.
pub fn parse_start_scoped(xml: &str, limits: &Limits) -> Result<(Element, Scope), XmlError> {
    Parser::new(Scope::new(), limits).run(xml, true)
}

struct Parser<'l> {
    limits: &'l Limits,
    scope: Scope,
    /// Open elements, outermost first, each with the length the scope had before it.
    open: Vec<(Element, usize)>,
    root: Option<Element>,
    elements: usize,
    /// Bytes of namespaces that the writer, which knows no prefixes, would declare.
    declared: usize,
}

impl<'l> Parser<'l> {
    fn new(scope: Scope, limits: &'l Limits) -> Self {
        Self { limits, scope, open: Vec::new(), root: None, elements: 0, declared: 0 }
    }

    fn run(mut self, xml: &str, start_only: bool) -> Result<(Element, Scope), XmlError> {
        if xml.len() > self.limits.bytes {
            return Err(XmlError::TooLarge);
        }
        if !all_xml_chars(xml) {
            return Err(XmlError::IllegalCharacter);
        }
        let mut reader = Reader::from_str(xml);
        let mut first = true;
        loop {
            let event = reader.read_event().map_err(|error| match error {
                quick_xml::Error::Syntax(_) if self.root.is_none() => XmlError::Unclosed,
                _ => XmlError::NotWellFormed,
            })?;
            match event {
                Event::Start(tag) => {
                    self.start(&tag)?;
                    if start_only && self.root.is_none() {
                        self.root = self.open.pop().map(|(element, _)| element);
                    }
                }
                Event::Empty(tag) => {
                    self.start(&tag)?;
                    self.end()?;
                }
                Event::End(_) => self.end()?,
                Event::Text(text) => self.text(&text.into_inner(), false)?,
                Event::CData(text) => self.text(&text.into_inner(), true)?,
                Event::GeneralRef(name) => {
                    let c = reference(&name)?;
                    let (element, _) = self.open.last_mut().ok_or(XmlError::NotWellFormed)?;
                    element.push_text(c);
                }
                Event::Decl(_) if first => {}
                Event::Decl(_) | Event::PI(_) => return Err(XmlError::ProcessingInstruction),
                Event::Comment(_) => return Err(XmlError::Comment),
                Event::DocType(_) => return Err(XmlError::DocumentType),
                Event::Eof => break,
            }
            first = false;
        }
        match self.root {
            _ if !self.open.is_empty() => Err(XmlError::Unclosed),
            Some(root) => Ok((root, self.scope)),
            None => Err(XmlError::Empty),
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), XmlError> {
        if self.root.is_some() {
            return Err(XmlError::Trailing);
        }
        if self.open.len() >= self.limits.depth {
            return Err(XmlError::TooDeep);
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(XmlError::TooManyElements);
        }
        let before = self.scope.len();
        let attrs = attributes::read(tag.attributes_raw(), self.limits.attributes, &mut self.scope)?;
        let (prefix, local) = split_name(tag.name().into_inner())?;
        if prefix == "xmlns" {
            return Err(XmlError::IllegalName);
        }
        let ns = self.scope.resolve(prefix)?;
        // One long namespace behind a prefix that thousands of elements use would be written thousands of times.
        if self.open.last().is_none_or(|(parent, _)| parent.ns() != ns.as_str()) {
            self.declared += ns.as_str().len();
        }
        self.declared += attrs.iter().filter_map(|attr| attr.ns.as_ref()).map(|ns| ns.as_str().len()).sum::<usize>();
        if self.declared > self.limits.bytes {
            return Err(XmlError::TooLarge);
        }
        self.open.push((Element::from_parts(Shared::from(local), ns, attrs), before));
        Ok(())
    }

    /// The library has checked that the end tag's name is the start tag's.
    fn end(&mut self) -> Result<(), XmlError> {
        let (element, scope) = self.open.pop().ok_or(XmlError::NotWellFormed)?;
        match self.open.last_mut() {
            Some((parent, _)) => {
                self.scope.truncate(scope);
                parent.push(element);
            }
            // The outermost declarations stay: `parse_start_scoped` hands them on.
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str, cdata: bool) -> Result<(), XmlError> {
        let Some((element, _)) = self.open.last_mut() else {
            // White space may stand around the element, nothing else.
            return match text.trim_start_matches(is_xml_space) {
                "" if !cdata => Ok(()),
                _ if self.root.is_some() => Err(XmlError::Trailing),
                _ => Err(XmlError::NotWellFormed),
            };
        };
        if !cdata && text.contains("]]>") {
            return Err(XmlError::NotWellFormed);
        }
        if text.contains('\r') {
            // XML 1.0 §2.11: every line ends with one line feed.
            element.push_text(text.replace("\r\n", "\n").replace('\r', "\n"));
        } else {
            element.push_text(text);
        }
        Ok(())
    }
}
