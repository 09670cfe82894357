//! The root: theme, language, the three ways to stand in the page, and the keyboard that works everywhere.

use std::rc::Rc;

use yew::prelude::*;

use crate::bridge::{Bridge, Topic};
use crate::child::child;
use crate::components::bits::badge;
use crate::components::panel::Panel;
use crate::hooks::{Ui, fine_pointer, focus, focus_in, use_selector, use_ui};
use crate::icons::{Icon, icon};
use crate::kept::{use_effect_with, use_mut_ref};
use crate::locale::Locale;
use crate::msg::Msg;
use crate::slots::Slots;
use crate::ui_state::Action;
use crate::view::{classes, html};
use crate::view_config::{Theme, View, ViewConfig};

/// Properties of [`App`].
#[derive(Properties, PartialEq)]
pub struct AppProps {
    /// State and commands.
    pub bridge: Bridge,
    /// Language.
    pub locale: Locale,
    /// The page's settings.
    pub config: ViewConfig,
}

/// Provides the handles.
#[component]
pub fn App(props: &AppProps) -> Html {
    let ui = Ui {
        bridge: props.bridge.clone(),
        locale: props.locale.clone(),
        config: Rc::new(props.config.clone()),
        slots: Slots::new(&props.config),
    };
    yew::html! { <ContextProvider<Ui> context={ui}>{ child::<Root>(()) }</ContextProvider<Ui>> }
}

#[component]
fn Root() -> Html {
    let ui = use_ui();
    let overlay = ui.config.view == View::Overlay;
    let theme = use_selector(Topic::Ui, |replica| replica.ui.theme).unwrap_or(ui.config.theme);
    let open = use_selector(Topic::Ui, |replica| replica.ui.open);
    let shown = open || !overlay;
    // Drawn only once it was wanted, then kept, so that nothing half-written is lost when it is closed.
    let wanted = use_mut_ref(|| false);
    *wanted.borrow_mut() |= shown;
    let (panel, launcher) = (use_node_ref(), use_node_ref());
    use_open_focus(shown, overlay, &panel, &launcher);
    let onkeydown = use_shortcuts(overlay);
    let class = classes!(
        "root",
        match ui.config.view {
            View::Overlay => "overlay",
            View::Embedded => "embedded",
            View::Fullscreen => "fullscreen",
        },
        match theme {
            Theme::Auto => None,
            Theme::Light => Some("light"),
            Theme::Dark => Some("dark"),
        },
        (overlay && open).then_some("open"),
    );
    let title = ui.config.title.clone().unwrap_or_else(|| ui.t(Msg::Title));
    let drawn = *wanted.borrow();
    html! {
        <div {class} part="root" lang={ui.locale.lang()} dir={if ui.locale.rtl() { "rtl" } else { "ltr" }} {onkeydown}>
            <section ref={&panel} class="panel" part="panel" role={overlay.then_some("dialog")} aria-label={title} tabindex="-1" hidden={!shown}>
                if drawn { { child::<Panel>(()) } }
            </section>
            if overlay { { child::<Launcher>(LauncherProps { node: launcher, open }) } }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct LauncherProps {
    node: NodeRef,
    open: bool,
}

#[component]
fn Launcher(props: &LauncherProps) -> Html {
    let ui = use_ui();
    let unread = use_selector(Topic::Chats, |replica| replica.unread());
    let (label, action) = if props.open { (Msg::CloseChat, Action::Close) } else { (Msg::OpenChat, Action::Open) };
    html! {
        <button ref={&props.node} type="button" class="launcher" part="launcher" aria-expanded={props.open.to_string()} aria-label={ui.t(label)} onclick={ui.act(action)}>
            { icon(if props.open { Icon::Down } else { Icon::Chat }) }
            if !props.open { { badge(&ui, unread) } }
        </button>
    }
}

/// Opening moves the focus into the panel, where there is an open conversation into its composer; closing gives it back to the
/// launcher; the first drawing moves nothing.
#[hook]
fn use_open_focus(shown: bool, overlay: bool, panel: &NodeRef, launcher: &NodeRef) {
    let (panel, launcher) = (panel.clone(), launcher.clone());
    let first = use_mut_ref(|| true);
    use_effect_with(shown, move |shown| {
        if !first.replace(false) && overlay && !(*shown && fine_pointer() && focus_in(&panel, "textarea")) {
            focus(if *shown { &panel } else { &launcher });
        }
    });
}

/// Escape leaves what is in front; Alt+Up and Alt+Down go through the conversations.
#[hook]
fn use_shortcuts(overlay: bool) -> Callback<KeyboardEvent> {
    let bridge = use_ui().bridge;
    Callback::from(move |event: KeyboardEvent| {
        if event.default_prevented() || event.is_composing() {
            return;
        }
        let action = match (event.key().as_str(), event.alt_key()) {
            ("Escape", false) => escape(&bridge, overlay),
            ("ArrowUp", true) => neighbour(&bridge, -1),
            ("ArrowDown", true) => neighbour(&bridge, 1),
            _ => None,
        };
        if let Some(action) = action {
            event.prevent_default();
            event.stop_propagation();
            bridge.act(action);
        }
    })
}

fn escape(bridge: &Bridge, overlay: bool) -> Option<Action> {
    bridge.read(|replica| match &replica.ui {
        ui if ui.layer.is_some() => Some(Action::Layer(None)),
        ui if overlay && ui.open => Some(Action::Close),
        ui if ui.selected.is_some() => Some(Action::Select(None)),
        _ => None,
    })
}

fn neighbour(bridge: &Bridge, step: isize) -> Option<Action> {
    bridge.read(|replica| {
        let now = replica.chats.iter().position(|chat| Some(&chat.id) == replica.ui.selected.as_ref());
        let to = match now {
            Some(index) => index.checked_add_signed(step)?,
            None => 0,
        };
        replica.chats.get(to).map(|chat| Action::Select(Some(chat.id.clone())))
    })
}
