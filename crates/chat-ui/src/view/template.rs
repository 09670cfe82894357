//! Reads templates.
//!
//! A template is markup in few letters, written by `html!` while compiling and read once, when it is first drawn:
//!
//! ```text
//! nodes     = { node } "/"                      what ends with the text need not be ended
//! node      = "<" tag { attribute } ">" nodes   an element
//!           | "(" nodes                         a fragment
//!           | "'" text "'"                      a text
//!           | "{"                               a hole for one node or text
//!           | "*"                               a hole for any number of nodes
//!           | "?" nodes nodes                   a hole for a choice: what is drawn if so, and if not
//! attribute = "|" name "=" text                 known
//!           | "|" name                          a hole
//! ```
//!
//! `<button|type=button|aria-label|onclick>{` is a button with three holes.

use std::cell::RefCell;

use yew::AttrValue;
use yew::virtual_dom::{AttributeOrProperty, Attributes};

/// A template that was read.
pub(super) struct Template {
    pub(super) root: Node,
    /// About as many values does it take.
    pub(super) holes: usize,
}

pub(super) enum Node {
    Element(Element),
    Fragment(Vec<Node>),
    Text(&'static str),
    Value,
    Values,
    Choice([Vec<Node>; 2]),
}

pub(super) struct Element {
    pub(super) tag: &'static str,
    pub(super) attributes: Kept,
    pub(super) parts: Vec<Part>,
    pub(super) children: Vec<Node>,
}

/// What Yew compares by address: it lives as long as the page, like the templates.
pub(super) enum Kept {
    /// All attributes are known.
    Whole(Attributes),
    /// Their names.
    Names(&'static [&'static str]),
}

/// What an element takes beside its children, in the order of the markup.
pub(super) enum Part {
    Given(&'static str),
    Attribute(&'static str),
    Class,
    Listener(&'static str),
    Reference,
    Key,
    Value,
    Checked,
}

thread_local! {
    /// By the address of their texts: two templates at one address with one length are the same text.
    static READ: RefCell<Vec<(usize, usize, &'static Template)>> = const { RefCell::new(Vec::new()) };
}

/// The template that this text is.
pub(super) fn of(text: &'static str) -> &'static Template {
    let place = (text.as_ptr() as usize, text.len());
    READ.with_borrow_mut(|read| match read.binary_search_by(|known| (known.0, known.1).cmp(&place)) {
        Ok(index) => read[index].2,
        Err(index) => {
            // As many as there are places in the sources, and each is needed as long as the page is.
            let template: &'static Template = Box::leak(Box::new(Template::read(text)));
            read.insert(index, (place.0, place.1, template));
            template
        }
    })
}

impl Template {
    pub(super) fn read(text: &'static str) -> Self {
        let mut reader = Reader { rest: text, holes: 0 };
        let root = reader.nodes().pop().unwrap_or(Node::Fragment(Vec::new()));
        Self { root, holes: reader.holes }
    }
}

struct Reader {
    rest: &'static str,
    holes: usize,
}

impl Reader {
    fn nodes(&mut self) -> Vec<Node> {
        let mut nodes = Vec::new();
        while let Some(node) = self.node() {
            nodes.push(node);
        }
        nodes
    }

    fn node(&mut self) -> Option<Node> {
        Some(match self.letter() {
            b'<' => Node::Element(self.element()),
            b'(' => Node::Fragment(self.nodes()),
            b'\'' => Node::Text(self.until(b"'").0),
            b'{' => {
                self.holes += 1;
                Node::Value
            }
            b'*' => {
                self.holes += 1;
                Node::Values
            }
            b'?' => {
                self.holes += 1;
                Node::Choice([self.nodes(), self.nodes()])
            }
            _ => return None,
        })
    }

    fn element(&mut self) -> Element {
        let (tag, mut end) = self.until(b"|>");
        let (mut names, mut parts, mut computed) = (Vec::new(), Vec::new(), false);
        while end == b'|' {
            let (name, after) = self.until(b"=|>");
            if after == b'=' {
                let (value, after) = self.until(b"|>");
                names.push(name);
                parts.push(Part::Given(value));
                end = after;
                continue;
            }
            end = after;
            self.holes += 1;
            parts.push(match name {
                "ref" => Part::Reference,
                "key" => Part::Key,
                "checked" => Part::Checked,
                "value" if matches!(tag, "input" | "textarea") => Part::Value,
                _ => match name.strip_prefix("on") {
                    Some(event) => Part::Listener(event),
                    None => {
                        computed = true;
                        names.push(name);
                        if name == "class" { Part::Class } else { Part::Attribute(name) }
                    }
                },
            });
        }
        let attributes = if computed { Kept::Names(names.leak()) } else { whole(&names, &mut parts) };
        Element { tag, attributes, parts, children: self.nodes() }
    }

    /// The next letter, 0 at the end.
    fn letter(&mut self) -> u8 {
        match self.rest.as_bytes() {
            [first, ..] => {
                self.rest = &self.rest[1..];
                *first
            }
            [] => 0,
        }
    }

    /// The text up to one of these letters, and which it is.
    fn until(&mut self, ends: &[u8]) -> (&'static str, u8) {
        let at = self.rest.bytes().position(|letter| ends.contains(&letter)).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(at);
        self.rest = rest;
        (text, self.letter())
    }
}

/// Takes the known attributes out of `parts`.
fn whole(names: &[&'static str], parts: &mut Vec<Part>) -> Kept {
    let mut known = Vec::with_capacity(names.len());
    parts.retain(|part| match part {
        Part::Given(value) => {
            known.push((names[known.len()], AttributeOrProperty::Static(value)));
            false
        }
        _ => true,
    });
    Kept::Whole(Attributes::Static(known.leak()))
}

/// A value that is known.
pub(super) fn given(value: &'static str) -> Option<AttributeOrProperty> {
    Some(AttributeOrProperty::Attribute(AttrValue::Static(value)))
}
