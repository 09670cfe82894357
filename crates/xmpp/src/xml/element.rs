//! [`Element`]: one XML element with its resolved namespaces, and everything below it.

use std::borrow::Cow;
use std::fmt;

use super::shared::Shared;
use super::writer;
use crate::ns;

/// One XML element: name, namespace, attributes, and child nodes in order.
///
/// Prefixes are gone after reading; the writer makes up the declarations it needs. Equality ignores the order of
/// attributes and nothing else. `Debug` and `Display` show the XML.
#[derive(Clone)]
pub struct Element {
    name: Shared,
    ns: Shared,
    attrs: Vec<Attribute>,
    nodes: Vec<Node>,
}

/// What an element contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Character data, unescaped. Neighbouring texts are merged.
    Text(String),
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    /// `None` is an attribute without a prefix, which is in no namespace.
    pub(super) ns: Option<Shared>,
    pub(super) name: Shared,
    pub(super) value: String,
}

impl Element {
    /// An empty element. An empty `ns` is no namespace.
    pub fn new(name: impl Into<Cow<'static, str>>, ns: impl Into<Cow<'static, str>>) -> Self {
        Self::from_parts(name.into().into(), ns.into().into(), Vec::new())
    }

    pub(super) fn from_parts(name: Shared, ns: Shared, attrs: Vec<Attribute>) -> Self {
        Self { name, ns, attrs, nodes: Vec::new() }
    }

    /// The local name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The namespace; empty for none.
    pub fn ns(&self) -> &str {
        self.ns.as_str()
    }

    /// Whether this element has this name in this namespace.
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.name() == name && self.ns() == ns
    }

    /// Puts this element, but not its children, into another namespace.
    pub fn set_ns(&mut self, ns: impl Into<Cow<'static, str>>) {
        self.ns = ns.into().into();
    }

    /// Puts this element, but not its children, into the namespace of another.
    pub fn set_ns_like(&mut self, other: &Element) {
        self.ns = other.ns.clone();
    }

    /// The value of an attribute without namespace.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.find(None, name).map(|at| self.attrs[at].value.as_str())
    }

    /// The value of an attribute in a namespace, such as `xml:lang`.
    pub fn attr_ns(&self, ns: &str, name: &str) -> Option<&str> {
        self.find(Some(ns), name).map(|at| self.attrs[at].value.as_str())
    }

    /// Sets an attribute without namespace.
    pub fn set_attr(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.put(None, name.into().into(), value.into());
    }

    /// Sets an attribute in a namespace.
    pub fn set_attr_ns(
        &mut self,
        ns: impl Into<Cow<'static, str>>,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) {
        self.put(Some(ns.into().into()), name.into().into(), value.into());
    }

    /// Takes out an attribute without namespace.
    pub fn remove_attr(&mut self, name: &str) -> Option<String> {
        self.find(None, name).map(|at| self.attrs.remove(at).value)
    }

    /// All attributes as (namespace, name, value).
    pub fn attrs(&self) -> impl Iterator<Item = (Option<&str>, &str, &str)> {
        self.attrs.iter().map(|a| (a.ns.as_ref().map(Shared::as_str), a.name.as_str(), a.value.as_str()))
    }

    /// This element with an attribute more.
    #[must_use]
    pub fn with_attr(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.set_attr(name, value);
        self
    }

    /// This element with an attribute more, if there is a value.
    #[must_use]
    pub fn with_opt_attr(self, name: impl Into<Cow<'static, str>>, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with_attr(name, value),
            None => self,
        }
    }

    /// This element with a child more.
    #[must_use]
    pub fn with_child(mut self, child: Element) -> Self {
        self.push(child);
        self
    }

    /// This element with more children.
    #[must_use]
    pub fn with_children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        for child in children {
            self.push(child);
        }
        self
    }

    /// This element with more text.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.push_text(text);
        self
    }

    /// Appends a child.
    pub fn push(&mut self, child: Element) {
        self.nodes.push(Node::Element(child));
    }

    /// Appends text. Empty text leaves no node.
    pub fn push_text(&mut self, text: impl Into<String>) {
        let text = text.into();
        match self.nodes.last_mut() {
            _ if text.is_empty() => {}
            Some(Node::Text(last)) => last.push_str(&text),
            _ => self.nodes.push(Node::Text(text)),
        }
    }

    /// Children and texts in document order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The child elements in document order.
    pub fn children(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(child) => Some(child),
            Node::Text(_) => None,
        })
    }

    /// The child elements, to change.
    pub fn children_mut(&mut self) -> impl Iterator<Item = &mut Element> {
        self.nodes.iter_mut().filter_map(|node| match node {
            Node::Element(child) => Some(child),
            Node::Text(_) => None,
        })
    }

    /// The child elements alone; the texts between them are dropped.
    pub fn into_children(self) -> impl Iterator<Item = Element> {
        self.nodes.into_iter().filter_map(|node| match node {
            Node::Element(child) => Some(child),
            Node::Text(_) => None,
        })
    }

    /// The first child of this name and namespace.
    pub fn child(&self, name: &str, ns: &str) -> Option<&Element> {
        self.children().find(|child| child.is(name, ns))
    }

    /// All children of this name and namespace.
    pub fn children_named(&self, name: &str, ns: &str) -> impl Iterator<Item = &Element> {
        self.children().filter(move |child| child.is(name, ns))
    }

    /// Keeps the child elements that `keep` accepts. Texts stay.
    pub fn retain_children(&mut self, mut keep: impl FnMut(&Element) -> bool) {
        let nodes = std::mem::take(&mut self.nodes);
        for node in nodes {
            match node {
                Node::Element(child) if keep(&child) => self.push(child),
                Node::Element(_) => {}
                // A dropped child may have stood between two texts: they merge.
                Node::Text(text) => self.push_text(text),
            }
        }
    }

    /// Takes all child elements out; texts stay behind.
    pub fn take_children(&mut self) -> Vec<Element> {
        let mut children = Vec::new();
        for node in std::mem::take(&mut self.nodes) {
            match node {
                Node::Element(child) => children.push(child),
                Node::Text(text) => self.push_text(text),
            }
        }
        children
    }

    /// The element's own character data, without that of its children.
    pub fn text(&self) -> String {
        let mut all = String::new();
        for node in &self.nodes {
            if let Node::Text(text) = node {
                all.push_str(text);
            }
        }
        all
    }

    /// The element's own `xml:lang`; an inherited one is the reader's business.
    pub fn lang(&self) -> Option<&str> {
        self.attr_ns(ns::XML, "lang")
    }

    /// The element as XML that stands alone: it declares every namespace it needs. Characters that XML does not
    /// allow are written as U+FFFD.
    pub fn to_xml(&self) -> String {
        let mut out = String::new();
        self.write_to(&mut out, "");
        out
    }

    /// Appends the element as XML to a place where `parent_ns` is the default namespace, whose declaration is then
    /// left out.
    pub fn write_to(&self, out: &mut String, parent_ns: &str) {
        writer::write(self, out, parent_ns);
    }

    pub(super) fn raw_attrs(&self) -> &[Attribute] {
        &self.attrs
    }

    fn find(&self, ns: Option<&str>, name: &str) -> Option<usize> {
        self.attrs.iter().position(|a| a.name.as_str() == name && a.ns.as_ref().map(Shared::as_str) == ns)
    }

    fn put(&mut self, ns: Option<Shared>, name: Shared, value: String) {
        // The namespace "" is the same as none.
        let ns = ns.filter(|ns| !ns.as_str().is_empty());
        match self.find(ns.as_ref().map(Shared::as_str), name.as_str()) {
            Some(at) => self.attrs[at].value = value,
            None => self.attrs.push(Attribute { ns, name, value }),
        }
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.ns == other.ns
            && self.attrs.len() == other.attrs.len()
            && self.attrs.iter().all(|attr| other.attrs.contains(attr))
            && self.nodes == other.nodes
    }
}

impl Eq for Element {}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_xml())
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_xml())
    }
}
