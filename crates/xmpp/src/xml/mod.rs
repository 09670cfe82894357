//! XML as XMPP uses it: [`Element`] trees, a reader with limits and a writer.
//!
//! The only place that names the XML library. It reads one element at a time and does not know streams; a stream's
//! inherited namespace declarations come in as a [`Scope`]. RFC 6120 §11 restricts XML: comments, processing
//! instructions, document types and entities beyond the five predefined ones are refused.

mod attributes;
mod chars;
mod element;
mod error;
mod reader;
mod scope;
mod shared;
mod writer;

pub use chars::{is_ncname, is_xml_char};
pub use element::{Element, Node};
pub use error::XmlError;
pub use reader::{Limits, parse, parse_in, parse_start, parse_start_scoped, parse_with};
pub use scope::Scope;

#[cfg(test)]
mod tests;
