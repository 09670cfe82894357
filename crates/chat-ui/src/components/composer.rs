//! Where one writes.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use web_sys::HtmlTextAreaElement;
use xmpp_client::api::{Chat, Command};
use yew::prelude::*;

use crate::hooks::{Timer, Ui, fine_pointer, focus, use_ui};
use crate::icons::{Icon, icon};
use crate::kept::{State, use_effect_with, use_mut_ref, use_state};
use crate::msg::Msg;
use crate::slots::{ChatCx, ComposerEvent};
use crate::view::html;

/// So long after the last key the text is worth keeping, and the person counts as resting (XEP-0085 §5.1 leaves it open).
const SETTLE_MS: i32 = 500;
const REST_MS: i32 = 5_000;

/// Properties of [`Composer`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Where to.
    pub chat: Arc<Chat>,
    /// A message went off.
    pub on_sent: Callback<()>,
}

/// A text area that grows, and a button. Enter sends, Shift+Enter breaks the line.
#[component]
pub fn Composer(props: &Props) -> Html {
    let ui = use_ui();
    let chat = &props.chat;
    let input = use_node_ref();
    let has_text = use_state(|| false);
    let touched = use_mut_ref(|| false);
    let rest = use_mut_ref(|| None::<[Option<Timer>; 2]>);
    use_kept_text(&ui, chat, &input, &touched, has_text.setter());
    use_farewell(&ui, chat, &input, &touched);

    let changed = {
        let (ui, id, input, touched, rest, has_text) =
            (ui.clone(), chat.id.clone(), input.clone(), touched.clone(), rest.clone(), has_text.setter());
        Callback::from(move |_: InputEvent| {
            let Some(area) = input.cast::<HtmlTextAreaElement>() else { return };
            let text = area.value();
            *touched.borrow_mut() = true;
            has_text.set(!text.trim().is_empty());
            grow(&area);
            ui.slots.composer(&ui, &id, ComposerEvent::Changed(&text));
            let later = |ms, event: for<'a> fn(&'a str) -> ComposerEvent<'a>| {
                let (ui, id, input) = (ui.clone(), id.clone(), input.clone());
                Timer::after(ms, move || ui.slots.composer(&ui, &id, event(&value(&input))))
            };
            *rest.borrow_mut() = Some([
                later(SETTLE_MS, |text| ComposerEvent::Settled(text)),
                later(REST_MS, |text| ComposerEvent::Rested(text)),
            ]);
        })
    };
    let send: Rc<dyn Fn()> = {
        let (ui, id, input, rest, has_text, on_sent) =
            (ui.clone(), chat.id.clone(), input.clone(), rest.clone(), has_text.setter(), props.on_sent.clone());
        Rc::new(move || {
            let Some(area) = input.cast::<HtmlTextAreaElement>() else { return };
            let body = area.value().trim().to_owned();
            if body.is_empty() {
                return;
            }
            *rest.borrow_mut() = None;
            area.set_value("");
            grow(&area);
            has_text.set(false);
            ui.bridge.dispatch(Command::SendMessage { conversation: id.clone(), body });
            ui.slots.composer(&ui, &id, ComposerEvent::Sent);
            on_sent.emit(());
            focus(&input);
        })
    };
    let onkeydown = {
        let send = send.clone();
        Callback::from(move |event: KeyboardEvent| {
            // While an input method composes, Enter belongs to it.
            if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
                event.prevent_default();
                send();
            }
        })
    };
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        send()
    });
    let cx = ChatCx { ui: &ui, chat };
    html! {
        <form class="composer" part="composer" {onsubmit}>
            { for ui.slots.iter().filter_map(|feature| feature.composer_toolbar).map(|draw| draw(&cx)) }
            <textarea ref={&input} rows="1" part="composer-input" dir="auto" enterkeyhint="send" autocomplete="off"
                placeholder={ui.t(Msg::Write)} aria-label={ui.locale.with(Msg::WriteTo, &chat.name)} oninput={changed} {onkeydown} />
            <button type="submit" class={if *has_text { "icon send ready" } else { "icon send" }} part="composer-send" aria-label={ui.t(Msg::Send)} title={ui.t(Msg::Send)}
                disabled={!*has_text}>{ icon(Icon::Send) }</button>
        </form>
    }
}

fn value(input: &NodeRef) -> String {
    input.cast::<HtmlTextAreaElement>().map(|area| area.value()).unwrap_or_default()
}

/// The kept text goes in until the person types; on a device with a mouse the composer takes the focus.
#[hook]
fn use_kept_text(ui: &Ui, chat: &Chat, input: &NodeRef, touched: &Rc<RefCell<bool>>, has_text: State<bool>) {
    let kept = ui
        .slots
        .iter()
        .filter_map(|feature| feature.composer_text)
        .map(|text| text(chat))
        .find(|text| !text.is_empty());
    let (node, touched) = (input.clone(), touched.clone());
    use_effect_with(kept, move |kept| {
        let (Some(area), Some(kept)) = (node.cast::<HtmlTextAreaElement>(), kept) else { return };
        if !*touched.borrow() && area.value().is_empty() {
            area.set_value(kept);
            has_text.set(true);
            grow(&area);
        }
    });
    let node = input.clone();
    use_effect_with((), move |()| {
        if fine_pointer() {
            focus(&node);
        }
    });
}

/// When the conversation leaves the front, features hear of the text that was left.
#[hook]
fn use_farewell(ui: &Ui, chat: &Chat, input: &NodeRef, touched: &Rc<RefCell<bool>>) {
    let (ui, id, input, touched) = (ui.clone(), chat.id.clone(), input.clone(), touched.clone());
    // The node is gone when the effect is torn down; the element itself is not.
    use_effect_with((), move |()| {
        let area = input.cast::<HtmlTextAreaElement>();
        move || {
            if *touched.borrow() {
                let text = area.map(|area| area.value()).unwrap_or_default();
                ui.slots.composer(&ui, &id, ComposerEvent::Left(&text));
            }
        }
    });
}

/// As high as its text; the stylesheet sets the limit.
fn grow(area: &HtmlTextAreaElement) {
    let style = area.style();
    // Both are plain lengths and cannot be refused.
    let _ = style.set_property("height", "auto");
    let _ = style.set_property("height", &format!("{}px", area.scroll_height()));
}
