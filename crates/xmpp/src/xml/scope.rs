//! Namespace declarations in force at a place in a document.

use super::error::XmlError;
use super::shared::Shared;
use crate::ns;

/// The namespace declarations that an element inherits from those around it, such as a TCP stream's header.
#[derive(Clone, Default)]
pub struct Scope {
    /// Innermost last; an empty prefix is the default namespace.
    bindings: Vec<(Box<str>, Shared)>,
}

impl Scope {
    /// A scope where nothing but `xml` is declared.
    pub fn new() -> Self {
        Self::default()
    }

    /// This scope with one declaration more; an empty `prefix` is the default namespace. Declarations that Namespaces
    /// in XML §3 forbids are [`XmlError::BadDeclaration`].
    pub fn declare(&mut self, prefix: &str, namespace: &str) -> Result<(), XmlError> {
        let reserved = match prefix {
            "xmlns" => true,
            "xml" => namespace != ns::XML,
            "" => matches!(namespace, ns::XML | ns::XMLNS),
            _ => matches!(namespace, "" | ns::XML | ns::XMLNS),
        };
        if reserved {
            return Err(XmlError::BadDeclaration);
        }
        self.bindings.push((prefix.into(), namespace.into()));
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.bindings.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.bindings.truncate(len);
    }

    /// The namespace of a prefix. Undeclared is an error, except for the default namespace, which is then none.
    pub(super) fn resolve(&self, prefix: &str) -> Result<Shared, XmlError> {
        if prefix == "xml" {
            return Ok(Shared::Static(ns::XML));
        }
        match self.bindings.iter().rev().find(|(bound, _)| **bound == *prefix) {
            Some((_, namespace)) => Ok(namespace.clone()),
            None if prefix.is_empty() => Ok(Shared::Static("")),
            None => Err(XmlError::UndeclaredPrefix),
        }
    }
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.bindings.iter().map(|(prefix, ns)| (prefix, ns.as_str()))).finish()
    }
}
