//! One Yew component for all of ours.
//!
//! Yew compiles its scopes, life cycles and wrappers of properties anew for every component: some three kilobytes of code that
//! differ in nothing but a type. So only [`Child`] is a component to Yew: it holds the function and the properties of the one it
//! stands for behind a pointer.
//!
//! Components are written as ever, with `#[component]` and hooks; only where they are used it is [`child`] or [`keyed`] in braces
//! in place of a tag:
//!
//! ```text
//! html! { <nav>{ child::<Head>(HeadProps { chat }) }</nav> }
//! ```

use std::any::{Any, type_name};
use std::rc::Rc;

use yew::functional::{FunctionProvider, Hook, HookContext};
use yew::html::HtmlResult;
use yew::prelude::*;
use yew::virtual_dom::{Key, VComp, VList};

/// Draws a component here.
pub(crate) fn child<C: FunctionProvider + 'static>(props: C::Properties) -> Html {
    place(None, type_name::<C>(), Rc::new(Of::<C>(props)))
}

/// Draws a component that keeps its state while its place among its siblings changes.
pub(crate) fn keyed<C: FunctionProvider + 'static>(key: impl Into<Key>, props: C::Properties) -> Html {
    place(Some(key.into()), type_name::<C>(), Rc::new(Of::<C>(props)))
}

/// What makes [`Child`] draw a component, where it is the first of all.
pub(crate) fn props<C: FunctionProvider + 'static>(props: C::Properties) -> Props {
    Props { of: Rc::new(Of::<C>(props)) }
}

/// The name keeps components apart: where one takes the place of another, nothing of the other's state may be left. It stands in a
/// list of its own, because two components of a kind may well be neighbours.
fn place(key: Option<Key>, name: &'static str, of: Rc<dyn Drawn>) -> Html {
    let child = VComp::new::<Child>(Rc::new(Props { of }), Some(Key::from(name)));
    VList::with_children(vec![child.into()], key).into()
}

/// A component's function with its properties, whatever they are.
trait Drawn: Any {
    fn draw(&self, hooks: &mut HookContext) -> HtmlResult;
    fn same(&self, other: &dyn Any) -> bool;
}

struct Of<C: FunctionProvider>(C::Properties);

impl<C: FunctionProvider + 'static> Drawn for Of<C> {
    fn draw(&self, hooks: &mut HookContext) -> HtmlResult {
        C::run(hooks, &self.0)
    }

    fn same(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<Self>().is_some_and(|other| self.0 == other.0)
    }
}

/// Properties of [`Child`].
#[derive(Properties)]
pub(crate) struct Props {
    of: Rc<dyn Drawn>,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        let theirs: &dyn Any = &*other.of;
        self.of.same(theirs)
    }
}

/// The component that Yew knows.
#[component]
pub(crate) fn Child(props: &Props) -> HtmlResult {
    use_drawn(props.of.clone())
}

/// Runs the component's own hooks in the name of [`Child`].
fn use_drawn(of: Rc<dyn Drawn>) -> impl Hook<Output = HtmlResult> {
    struct UseDrawn(Rc<dyn Drawn>);

    impl Hook for UseDrawn {
        type Output = HtmlResult;

        fn run(self, hooks: &mut HookContext) -> HtmlResult {
            self.0.draw(hooks)
        }
    }

    UseDrawn(of)
}
