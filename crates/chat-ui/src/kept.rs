//! Yew's hooks that keep something between two renders, compiled once.
//!
//! Yew's own look up, make and compare what they keep in code that is inlined wherever they are used: three hundred bytes for a
//! reference, seven hundred for a state. These have the same names and do the same by way of one place for anything ([`Any`]), so
//! that only what depends on a type is compiled for it. A component names them in its imports; they win over Yew's prelude.
//!
//! One thing differs: a [`State`] shows what it was when it was drawn, also after it was set.

use std::any::Any;
use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

use yew::functional::{Hook, HookContext, UseForceUpdateHandle};
use yew::prelude::{hook, use_effect, use_force_update};

/// What `make` answered in the first render.
fn use_place(make: &dyn Fn() -> Rc<dyn Any>) -> impl Hook<Output = Rc<dyn Any>> {
    struct UsePlace<'a>(&'a dyn Fn() -> Rc<dyn Any>);

    impl Hook for UsePlace<'_> {
        type Output = Rc<dyn Any>;

        #[inline(never)]
        fn run(self, hooks: &mut HookContext) -> Rc<dyn Any> {
            let place = yew::functional::use_mut_ref(|| None::<Rc<dyn Any>>).run(hooks);
            let mut kept = place.borrow_mut();
            kept.get_or_insert_with(self.0).clone()
        }
    }

    UsePlace(make)
}

/// A value that stays from render to render; changing it draws nothing.
#[hook]
pub(crate) fn use_mut_ref<T: 'static, F: Fn() -> T>(init: F) -> Rc<RefCell<T>> {
    let place = use_place(&|| Rc::new(RefCell::new(init())));
    // Hooks run in the same order each time, so the place holds what this hook put there.
    place.downcast().expect("the hooks of a component change neither order nor type")
}

/// A value that is drawn: setting it to another one renders again.
#[hook]
pub(crate) fn use_state<T: Clone + 'static, F: Fn() -> T>(init: F) -> State<T> {
    let latest = use_mut_ref(init);
    let update = use_force_update();
    let drawn = latest.borrow().clone();
    State { drawn, latest, update }
}

/// See [`use_state`]; what it points to is the value that was drawn.
#[derive(Clone)]
pub(crate) struct State<T> {
    drawn: T,
    latest: Rc<RefCell<T>>,
    update: UseForceUpdateHandle,
}

impl<T: PartialEq + Clone> State<T> {
    /// What a callback keeps to set it.
    pub(crate) fn setter(&self) -> Self {
        self.clone()
    }

    /// Draws with this value from now on.
    #[inline(never)]
    pub(crate) fn set(&self, value: T) {
        if self.latest.replace_with(|_| value) != *self.latest.borrow() {
            self.update.force_update();
        }
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.drawn
    }
}

/// What `make` answers, asked again only for other `deps`.
#[hook]
pub(crate) fn use_memo<D, T, F>(deps: D, make: F) -> Rc<T>
where
    D: PartialEq + 'static,
    T: 'static,
    F: FnOnce(&D) -> T,
{
    let kept = use_mut_ref(|| None::<(D, Rc<T>)>);
    let mut kept = kept.borrow_mut();
    if let Some((before, made)) = &*kept
        && *before == deps
    {
        return made.clone();
    }
    let made = Rc::new(make(&deps));
    *kept = Some((deps, made.clone()));
    made
}

/// Runs after the first render and after those with other `deps`; what it answers is called before the next time and at the end.
#[hook]
pub(crate) fn use_effect_with<D, F, U>(deps: D, run: F)
where
    D: PartialEq + 'static,
    F: FnOnce(&D) -> U + 'static,
    U: Undo,
{
    use_due(Box::new(With(deps, run)));
}

#[hook]
fn use_due(due: Box<dyn Due>) {
    let done = use_mut_ref(|| None::<Done>);
    use_effect(move || {
        let is_done = done.borrow().as_ref().is_some_and(|done| due.is_for(&*done.deps));
        if !is_done {
            drop(done.take());
            let now = due.run();
            *done.borrow_mut() = Some(now);
        }
    });
}

/// An effect that may have to run.
trait Due {
    fn is_for(&self, deps: &dyn Any) -> bool;
    fn run(self: Box<Self>) -> Done;
}

struct With<D, F>(D, F);

impl<D: PartialEq + 'static, F: FnOnce(&D) -> U, U: Undo> Due for With<D, F> {
    fn is_for(&self, deps: &dyn Any) -> bool {
        deps.downcast_ref::<D>() == Some(&self.0)
    }

    fn run(self: Box<Self>) -> Done {
        let With(deps, run) = *self;
        let undo = run(&deps).boxed();
        Done { deps: Box::new(deps), undo }
    }
}

/// An effect that ran; undone where it is dropped.
struct Done {
    deps: Box<dyn Any>,
    undo: Option<Box<dyn FnOnce()>>,
}

impl Drop for Done {
    fn drop(&mut self) {
        if let Some(undo) = self.undo.take() {
            undo();
        }
    }
}

/// What an effect may answer: nothing, or how it is undone.
pub(crate) trait Undo {
    fn boxed(self) -> Option<Box<dyn FnOnce()>>;
}

impl Undo for () {
    fn boxed(self) -> Option<Box<dyn FnOnce()>> {
        None
    }
}

impl<F: FnOnce() + 'static> Undo for F {
    fn boxed(self) -> Option<Box<dyn FnOnce()>> {
        Some(Box::new(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_undone_before_the_next_and_where_it_ends() {
        let told = Rc::new(RefCell::new(Vec::new()));
        let due = |deps: u32| -> Box<dyn Due> {
            let told = told.clone();
            Box::new(With(deps, move |deps: &u32| {
                let deps = *deps;
                told.borrow_mut().push(("done", deps));
                move || told.borrow_mut().push(("undone", deps))
            }))
        };
        let done = due(1).run();
        assert!(due(1).is_for(&*done.deps));
        assert!(!due(2).is_for(&*done.deps));
        drop(done);
        assert_eq!(*told.borrow(), [("done", 1), ("undone", 1)]);
    }

    #[test]
    fn an_effect_without_an_answer_leaves_nothing_to_undo() {
        let done = Box::new(With("a", |_: &&str| ())).run();
        assert!(done.undo.is_none());
        assert!(!With(1u32, |_: &u32| ()).is_for(&*done.deps), "another type is another effect");
    }
}
