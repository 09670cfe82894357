//! What may stand in an attribute, and what between tags.

use yew::prelude::*;

use super::{Classes, View};

/// A value of an attribute; `None` and `false` leave it out.
pub(crate) trait Attribute {
    fn fill(self, view: &mut View);
}

/// A value between two tags: one node, text, or nothing.
pub(crate) trait Child {
    fn fill(self, view: &mut View);
}

impl Attribute for &'static str {
    #[inline(always)]
    fn fill(self, view: &mut View) {
        view.known(Some(self));
    }
}

impl Attribute for Option<&'static str> {
    #[inline(always)]
    fn fill(self, view: &mut View) {
        view.known(self);
    }
}

impl Attribute for bool {
    #[inline(always)]
    fn fill(self, view: &mut View) {
        view.choice(self);
    }
}

impl Attribute for Classes {
    #[inline(always)]
    fn fill(self, view: &mut View) {
        view.text(self.into());
    }
}

impl Child for &str {
    #[inline(always)]
    fn fill(self, view: &mut View) {
        view.copied(self);
    }
}

impl Child for &String {
    #[inline(always)]
    fn fill(self, view: &mut View) {
        view.copied(self);
    }
}

impl Child for Html {
    #[inline(always)]
    fn fill(self, view: &mut View) {
        view.node(self);
    }
}

impl<C: Child> Child for Option<C> {
    #[inline(always)]
    fn fill(self, view: &mut View) {
        match self {
            Some(child) => child.fill(view),
            None => view.nothing(),
        }
    }
}

/// Texts that are both.
macro_rules! texts {
    ($($kind:ty: $text:ident => $value:expr;)*) => {$(
        impl Attribute for $kind {
            #[inline(always)]
            fn fill(self, view: &mut View) {
                let $text = self;
                view.text($value);
            }
        }

        impl Child for $kind {
            #[inline(always)]
            fn fill(self, view: &mut View) {
                Attribute::fill(self, view);
            }
        }
    )*};
}

texts! {
    AttrValue: text => text;
    &AttrValue: text => text.clone();
    String: text => owned(text);
}

#[inline(never)]
fn owned(text: String) -> AttrValue {
    AttrValue::from(text)
}
