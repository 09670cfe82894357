//! What [`html!`] expands to: a template and the values of its holes, put together by code that exists once.
//!
//! Yew's own `html!` builds each element inline, about half a kilobyte of code. Ours (`crates/view-macro`) takes the same syntax, but
//! writes the markup into a text, which [`template`] reads once, and passes the values one by one to a [`View`]. So an attribute that
//! is known costs its letters, one that is computed costs one call, and everything else is here. The nodes that come out are those
//! that Yew's macro makes: the same lists and keys, and tables of attributes that Yew compares by their address.
//!
//! Nothing that is called for a value depends on its type longer than the few instructions of [`Attribute`] and [`Child`]: whatever
//! is added here should stay that way.

mod build;
mod classes;
mod template;
mod values;

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::Event;
use yew::prelude::*;
use yew::virtual_dom::Key;

pub(crate) use classes::{Classes, classes};
pub(crate) use values::{Attribute, Child};
pub(crate) use view_macro::html;

use template::Template;

/// A template with the values that were passed so far, in the order of its holes.
pub(crate) struct View {
    template: &'static Template,
    values: Vec<Value>,
}

/// What a hole is filled with.
enum Value {
    /// Neither attribute nor node.
    Nothing,
    Text(AttrValue),
    /// An attribute that is there or not, or a choice.
    Flag(bool),
    Node(Html),
    Nodes(Vec<Html>),
    Listener(Callback<Event>),
    Reference(NodeRef),
    Key(Key),
}

// Never inlined: that is what makes a value cheap.
impl View {
    #[inline(never)]
    pub(crate) fn new(template: &'static str) -> Box<Self> {
        let template = template::of(template);
        Box::new(Self { template, values: Vec::with_capacity(template.holes) })
    }

    #[inline(never)]
    fn push(&mut self, value: Value) {
        self.values.push(value);
    }

    #[inline(never)]
    fn nothing(&mut self) {
        self.push(Value::Nothing);
    }

    #[inline(never)]
    fn text(&mut self, text: AttrValue) {
        self.push(Value::Text(text));
    }

    #[inline(never)]
    fn known(&mut self, text: Option<&'static str>) {
        self.push(text.map_or(Value::Nothing, |text| Value::Text(AttrValue::Static(text))));
    }

    #[inline(never)]
    fn copied(&mut self, text: &str) {
        self.push(Value::Text(AttrValue::Rc(Rc::from(text))));
    }

    #[inline(never)]
    fn node(&mut self, node: Html) {
        self.push(Value::Node(node));
    }

    /// An attribute that is there or not; a choice between two branches.
    #[inline(never)]
    pub(crate) fn choice(&mut self, flag: bool) {
        self.push(Value::Flag(flag));
    }

    /// Any number of nodes follow.
    #[inline(never)]
    pub(crate) fn values(&mut self) {
        self.push(Value::Nodes(Vec::new()));
    }

    /// One of those nodes.
    #[inline(never)]
    pub(crate) fn one_more(&mut self, node: Html) {
        if let Some(Value::Nodes(nodes)) = self.values.last_mut() {
            nodes.push(node);
        }
    }

    #[inline(never)]
    pub(crate) fn reference(&mut self, node: &NodeRef) {
        self.push(Value::Reference(node.clone()));
    }

    #[inline(never)]
    pub(crate) fn key(&mut self, key: Key) {
        self.push(Value::Key(key));
    }

    /// The one function that exists per type of event.
    #[inline(never)]
    pub(crate) fn listener<E: JsCast + 'static>(&mut self, call: Option<Callback<E>>) {
        self.push(match call {
            Some(call) => Value::Listener(Callback::from(move |event: Event| call.emit(event.unchecked_into()))),
            None => Value::Nothing,
        });
    }

    /// Puts template and values together.
    #[inline(never)]
    #[expect(clippy::boxed_local, reason = "freed in here, not at every place that draws")]
    pub(crate) fn draw(self: Box<Self>) -> Html {
        build::root(&self.template.root, self.values)
    }
}

#[cfg(test)]
mod tests;
