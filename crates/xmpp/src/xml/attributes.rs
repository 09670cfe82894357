//! The inside of a start tag: attributes, and the namespace declarations among them.
//!
//! Read here and not by the XML library because every laxness between two peers (a missing space, a `<` in a value, an
//! attribute said twice) is a way to make them see different stanzas.

use std::borrow::Cow;

use super::chars::{is_ncname, is_xml_space, resolve_reference};
use super::element::Attribute;
use super::error::XmlError;
use super::scope::Scope;
use super::shared::Shared;

/// An attribute as written: name with prefix, and value with references resolved.
type Written<'a> = (&'a str, Cow<'a, str>);

/// Splits a qualified name into prefix (empty if none) and local part.
pub(super) fn split_name(name: &str) -> Result<(&str, &str), XmlError> {
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) if is_ncname(prefix) => (prefix, local),
        Some(_) => return Err(XmlError::IllegalName),
        None => ("", name),
    };
    if is_ncname(local) { Ok((prefix, local)) } else { Err(XmlError::IllegalName) }
}

/// Reads `raw`, the part of a start tag after its name. Declarations go into `scope`, the rest comes back.
pub(super) fn read(raw: &str, limit: usize, scope: &mut Scope) -> Result<Vec<Attribute>, XmlError> {
    let written = split(raw, limit)?;
    for (name, value) in &written {
        if *name == "xmlns" {
            scope.declare("", value)?;
        } else if let Some(prefix) = name.strip_prefix("xmlns:") {
            if !is_ncname(prefix) {
                return Err(XmlError::IllegalName);
            }
            scope.declare(prefix, value)?;
        }
    }
    let mut attrs: Vec<Attribute> = Vec::new();
    for (name, value) in written {
        if name == "xmlns" || name.starts_with("xmlns:") {
            continue;
        }
        let (prefix, local) = split_name(name)?;
        let ns = if prefix.is_empty() { None } else { Some(scope.resolve(prefix)?) };
        if attrs.iter().any(|other| other.name.as_str() == local && other.ns == ns) {
            return Err(XmlError::DuplicateAttribute);
        }
        attrs.push(Attribute { ns, name: Shared::from(local), value: value.into_owned() });
    }
    Ok(attrs)
}

fn split(raw: &str, limit: usize) -> Result<Vec<Written<'_>>, XmlError> {
    let mut found: Vec<Written<'_>> = Vec::new();
    let mut rest = raw;
    loop {
        let start = rest.trim_start_matches(is_xml_space);
        if start.is_empty() {
            return Ok(found);
        }
        if start.len() == rest.len() {
            // Attributes are separated by white space (XML 1.0 §3.1, rule 40).
            return Err(XmlError::NotWellFormed);
        }
        if found.len() >= limit {
            return Err(XmlError::TooManyAttributes);
        }
        let (name, after) = start.split_once('=').ok_or(XmlError::NotWellFormed)?;
        let name = name.trim_end_matches(is_xml_space);
        let after = after.trim_start_matches(is_xml_space);
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"')).ok_or(XmlError::NotWellFormed)?;
        let (value, after) = after[1..].split_once(quote).ok_or(XmlError::NotWellFormed)?;
        if found.iter().any(|(other, _)| *other == name) {
            return Err(XmlError::DuplicateAttribute);
        }
        found.push((name, unescape(value)?));
        rest = after;
    }
}

/// XML 1.0 §3.3.3: literal white space becomes a space, references stand for themselves.
fn unescape(value: &str) -> Result<Cow<'_, str>, XmlError> {
    if !value.contains(['&', '<', '\t', '\n', '\r']) {
        return Ok(Cow::Borrowed(value));
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(c) = rest.chars().next() {
        let mut used = c.len_utf8();
        match c {
            '<' => return Err(XmlError::NotWellFormed),
            '\t' | '\n' => out.push(' '),
            '\r' => {
                used += usize::from(rest[1..].starts_with('\n'));
                out.push(' ');
            }
            '&' => {
                let end = rest.find(';').ok_or(XmlError::NotWellFormed)?;
                out.push(reference(&rest[1..end])?);
                used = end + 1;
            }
            c => out.push(c),
        }
        rest = &rest[used..];
    }
    Ok(Cow::Owned(out))
}

/// The character of a reference, or which error it is.
pub(super) fn reference(name: &str) -> Result<char, XmlError> {
    resolve_reference(name).ok_or(if name.starts_with('#') {
        XmlError::IllegalCharacter
    } else {
        XmlError::UnknownEntity
    })
}
