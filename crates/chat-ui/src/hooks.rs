//! How components read: handles from context, state by topic, time by ticks.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use yew::functional::{Hook, HookContext};
use yew::prelude::*;

use crate::bridge::{Bridge, Topic};
use crate::kept::{use_effect_with, use_mut_ref, use_state};
use crate::locale::Locale;
use crate::msg::Msg;
use crate::replica::Replica;
use crate::slots::Slots;
use crate::view_config::ViewConfig;

/// The handles every component may want. It changes only with language and settings, never with state.
#[derive(Clone, PartialEq)]
pub struct Ui {
    /// State and commands.
    pub bridge: Bridge,
    /// Language.
    pub locale: Locale,
    /// The page's settings.
    pub config: Rc<ViewConfig>,
    /// What the features put where.
    pub slots: Slots,
}

impl Ui {
    /// A text.
    #[must_use]
    pub fn t(&self, msg: Msg) -> AttrValue {
        self.locale.t(msg)
    }

    /// A callback that performs an action.
    pub fn act<E: 'static>(&self, action: crate::ui_state::Action) -> Callback<E> {
        let bridge = self.bridge.clone();
        Callback::from(move |_| bridge.act(action.clone()))
    }
}

/// The handles.
#[hook]
pub fn use_ui() -> Ui {
    // The only place that renders components is `App`, which provides them.
    use_context::<Ui>().expect("every component stands below App")
}

/// State and commands.
pub(crate) fn use_bridge() -> impl Hook<Output = Bridge> {
    struct UseBridge;

    impl Hook for UseBridge {
        type Output = Bridge;

        // By hand, because every selector calls it.
        #[inline(never)]
        fn run(self, hooks: &mut HookContext) -> Bridge {
            use_ui().run(hooks).bridge
        }
    }

    UseBridge
}

/// Selects from the replica and renders again only when `topic` changed and the selected value with it.
#[hook]
pub fn use_selector<T, F>(topic: Topic, select: F) -> T
where
    T: PartialEq + Clone + 'static,
    F: Fn(&Replica) -> T + 'static,
{
    let bridge = use_bridge();
    let value = bridge.read(&select);
    let drawn = value.clone();
    use_topic(bridge, topic, Box::new(move |replica| select(replica) == drawn));
    value
}

/// Whether what was drawn from the replica would be the same now.
type IsFresh = Box<dyn Fn(&Replica) -> bool>;

/// The part of [`use_selector`] that does not depend on what is selected.
#[hook]
fn use_topic(bridge: Bridge, topic: Topic, is_fresh: IsFresh) {
    let latest = use_mut_ref(|| None::<IsFresh>);
    *latest.borrow_mut() = Some(is_fresh);
    let update = use_force_update();
    use_effect_with((bridge, topic), move |(bridge, topic)| {
        let tell = {
            let bridge = bridge.clone();
            Rc::new(move || {
                let fresh = bridge.read(|replica| latest.borrow().as_ref().is_none_or(|is_fresh| is_fresh(replica)));
                if !fresh {
                    update.force_update();
                }
            })
        };
        // Something may have changed between the render and now.
        tell();
        let id = bridge.subscribe(*topic, tell);
        let bridge = bridge.clone();
        move || bridge.unsubscribe(id)
    });
}

/// Renders again every so often while `every` is given.
#[hook]
pub fn use_tick(every: Option<i32>) {
    let update = use_force_update();
    use_effect_with(every, move |every| {
        let timer = every.map(|ms| Timer::every(ms, move || update.force_update()));
        move || drop(timer)
    });
}

/// A running timer; dropping it stops it.
pub struct Timer {
    id: i32,
    repeats: bool,
    _call: Closure<dyn FnMut()>,
}

impl Timer {
    /// Calls once.
    #[must_use]
    pub fn after(ms: i32, call: impl FnMut() + 'static) -> Option<Self> {
        Self::start(ms, false, Box::new(call))
    }

    /// Calls again and again.
    #[must_use]
    pub fn every(ms: i32, call: impl FnMut() + 'static) -> Option<Self> {
        Self::start(ms, true, Box::new(call))
    }

    fn start(ms: i32, repeats: bool, call: Box<dyn FnMut()>) -> Option<Self> {
        let call = Closure::wrap(call);
        let window = web_sys::window()?;
        let function = call.as_ref().unchecked_ref();
        let id = if repeats {
            window.set_interval_with_callback_and_timeout_and_arguments_0(function, ms)
        } else {
            window.set_timeout_with_callback_and_timeout_and_arguments_0(function, ms)
        };
        Some(Self { id: id.ok()?, repeats, _call: call })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(window) = web_sys::window() {
            if self.repeats {
                window.clear_interval_with_handle(self.id)
            } else {
                window.clear_timeout_with_handle(self.id)
            }
        }
    }
}

/// Writes a value into an input when it is mounted and when the value changes; in between the input is the person's.
#[hook]
pub fn use_value(node: &NodeRef, value: AttrValue) {
    let node = node.clone();
    use_effect_with(value, move |value| {
        if let Some(input) = node.cast::<web_sys::HtmlInputElement>() {
            input.set_value(value);
        }
    });
}

/// Moves the focus to an element once it is in the document.
#[hook]
pub fn use_focus_on_mount(node: NodeRef) {
    use_effect_with((), move |()| focus(&node));
}

/// Focuses without scrolling the page.
pub fn focus(node: &NodeRef) {
    if let Some(element) = node.cast::<web_sys::HtmlElement>() {
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        // A missing focus is no error: the element may be hidden by now.
        let _ = element.focus_with_options(&options);
    }
}

/// Focuses the first element inside that fits a CSS selector. Answers whether there is one.
pub fn focus_in(node: &NodeRef, selector: &str) -> bool {
    let found = node.cast::<web_sys::Element>().and_then(|element| element.query_selector(selector).ok().flatten());
    let found = found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok());
    // A missing focus is no error here either.
    found.map(|found| found.focus()).is_some()
}

/// Whether a mouse points here: on a touch screen a focused input brings up the keyboard, which nobody asked for.
#[must_use]
pub fn fine_pointer() -> bool {
    web_sys::window()
        .and_then(|window| window.match_media("(pointer: fine)").ok().flatten())
        .is_some_and(|media| media.matches())
}

/// Something that the browser knows about the page, looked at again after each of these events of the window.
#[hook]
pub fn use_page(events: &'static [&'static str], now: fn() -> bool) -> bool {
    let state = use_state(now);
    let setter = state.setter();
    use_effect_with((), move |()| {
        let window = web_sys::window();
        let call = Closure::<dyn FnMut()>::new(move || setter.set(now()));
        if let Some(window) = &window {
            for event in events {
                // Adding a listener to a window that stands cannot fail.
                let _ = window.add_event_listener_with_callback(event, call.as_ref().unchecked_ref());
            }
        }
        move || {
            if let Some(window) = window {
                for event in events {
                    let _ = window.remove_event_listener_with_callback(event, call.as_ref().unchecked_ref());
                }
            }
        }
    });
    *state
}
