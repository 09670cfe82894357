//! Puts templates and values together.

use std::borrow::Cow;
use std::rc::Rc;
use std::vec::IntoIter;

use web_sys::Event;
use yew::prelude::*;
use yew::virtual_dom::{AttributeOrProperty, Attributes, Listener, ListenerKind, Listeners, VList, VTag, VText};

use super::Value;
use super::template::{Element, Kept, Node, Part, given};

/// What `html!` answers.
pub(super) fn root(node: &'static Node, values: Vec<Value>) -> Html {
    let mut nodes = Vec::new();
    build(node, &mut values.into_iter(), &mut nodes);
    nodes.pop().unwrap_or_default()
}

fn build(node: &'static Node, values: &mut IntoIter<Value>, nodes: &mut Vec<Html>) {
    let node = match node {
        Node::Element(tag) => element(tag, values),
        Node::Fragment(nodes) => list(nodes, values),
        Node::Text(text) => VText::new(AttrValue::Static(text)).into(),
        Node::Value | Node::Values => match values.next() {
            Some(Value::Node(node)) => node,
            Some(Value::Text(text)) => VText::new(text).into(),
            Some(Value::Nodes(more)) => return nodes.extend(more),
            _ => return,
        },
        Node::Choice([then, otherwise]) => {
            let then_it_is = matches!(values.next(), Some(Value::Flag(true)));
            list(if then_it_is { then } else { otherwise }, values)
        }
    };
    nodes.push(node);
}

fn list(children: &'static [Node], values: &mut IntoIter<Value>) -> Html {
    let mut nodes = Vec::with_capacity(children.len());
    for child in children {
        build(child, values, &mut nodes);
    }
    VList::with_children(nodes, None).into()
}

/// An only child is no list, like in Yew's `html!`, unless it may be several nodes.
fn children(children: &'static [Node], values: &mut IntoIter<Value>) -> Html {
    match children {
        [only @ (Node::Element(_) | Node::Text(_) | Node::Value)] => {
            let mut nodes = Vec::with_capacity(1);
            build(only, values, &mut nodes);
            nodes.pop().unwrap_or_default()
        }
        _ => list(children, values),
    }
}

fn element(element: &'static Element, values: &mut IntoIter<Value>) -> Html {
    let (mut reference, mut key, mut value, mut checked) = (NodeRef::default(), None, None, None);
    let mut attributes = Vec::new();
    let mut listeners: Vec<Option<Rc<dyn Listener>>> = Vec::new();
    if let Kept::Names(names) = element.attributes {
        attributes.reserve_exact(names.len());
    }
    for part in &element.parts {
        if let Part::Given(value) = part {
            attributes.push(given(value));
            continue;
        }
        match (part, values.next()) {
            (Part::Attribute(_), Some(Value::Text(text))) => {
                attributes.push(Some(AttributeOrProperty::Attribute(text)))
            }
            (Part::Class, Some(Value::Text(text))) => {
                attributes.push((!text.is_empty()).then_some(AttributeOrProperty::Attribute(text)));
            }
            (Part::Attribute(name), Some(Value::Flag(true))) => attributes.push(given(name)),
            (Part::Attribute(_) | Part::Class, _) => attributes.push(None),
            (Part::Listener(event), Some(Value::Listener(call))) => listeners.push(Some(Rc::new(On { event, call }))),
            (Part::Reference, Some(Value::Reference(node))) => reference = node,
            (Part::Key, Some(Value::Key(given))) => key = Some(given),
            (Part::Value, Some(Value::Text(text))) => value = Some(text),
            (Part::Checked, Some(Value::Flag(flag))) => checked = Some(flag),
            _ => {}
        }
    }
    let attributes = match &element.attributes {
        Kept::Whole(attributes) => attributes.clone(),
        Kept::Names(keys) => Attributes::Dynamic { keys, values: attributes.into() },
    };
    let listeners = if listeners.is_empty() { Listeners::None } else { Listeners::Pending(listeners.into()) };
    let tag = match element.tag {
        "input" => VTag::__new_input(value, checked, reference, key, attributes, listeners),
        "textarea" => VTag::__new_textarea(value, None, reference, key, attributes, listeners),
        tag => {
            let inside = children(&element.children, values);
            VTag::__new_other(AttrValue::Static(tag), reference, key, attributes, listeners, inside)
        }
    };
    tag.into()
}

/// One listener for all kinds of events.
pub(super) struct On {
    pub(super) event: &'static str,
    pub(super) call: Callback<Event>,
}

impl Listener for On {
    fn kind(&self) -> ListenerKind {
        ListenerKind::other(Cow::Borrowed(self.event))
    }

    fn handle(&self, event: Event) {
        self.call.emit(event);
    }

    /// Those that a browser would otherwise wait for while it scrolls; as in Yew.
    fn passive(&self) -> bool {
        matches!(self.event, "scroll" | "touchmove" | "touchstart")
    }
}
