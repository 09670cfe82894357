//! The left pane: the own account, the tabs, the search field, and the list in front.

use yew::prelude::*;

use super::bits::{avatar, icon_button};
use super::chat_list::{self, ChatList};
use super::panel::close;
use crate::bridge::Topic;
use crate::child::child;
use crate::hooks::{Ui, focus, use_selector, use_ui};
use crate::icons::{Icon, icon};
use crate::kept::use_state;
use crate::msg::Msg;
use crate::ui_state::{Action, Layer, Tab};
use crate::view::html;

/// See the module.
#[component]
pub fn Sidebar() -> Html {
    let ui = use_ui();
    let tab = use_selector(Topic::Ui, |replica| replica.ui.tab);
    let filter = use_state(AttrValue::default);
    let search = use_node_ref();
    let oninput = {
        let (filter, search, locale) = (filter.clone(), search.clone(), ui.locale.clone());
        Callback::from(move |_: InputEvent| {
            filter.set(AttrValue::from(locale.lower(super::bits::text_of(&search).trim())))
        })
    };
    let clear = {
        let (filter, search) = (filter.clone(), search.clone());
        Callback::from(move |()| {
            if let Some(input) = search.cast::<web_sys::HtmlInputElement>() {
                input.set_value("");
            }
            filter.set(AttrValue::default());
            focus(&search);
        })
    };
    let onkeydown = {
        let (clear, full) = (clear.clone(), !filter.is_empty());
        // Escape takes back what was typed before it closes anything.
        Callback::from(move |event: KeyboardEvent| {
            if full && event.key() == "Escape" {
                event.prevent_default();
                clear.emit(());
            }
        })
    };
    let sections = || ui.slots.iter().filter_map(|feature| feature.sidebar_section.as_ref());
    let list = match sections().find(|section| section.tab == tab) {
        Some(section) => (section.view)(&ui, (*filter).clone()),
        None => child::<ChatList>(chat_list::Props { filter: (*filter).clone() }),
    };
    html! {
        <nav class="sidebar" part="sidebar" aria-label={ui.t(Msg::Chats)}>
            { child::<Head>(()) }
            <div class="search" part="search">
                { icon(Icon::Search) }
                <input ref={&search} type="search" enterkeyhint="search" placeholder={ui.t(Msg::Search)} aria-label={ui.t(Msg::Search)} autocomplete="off" {oninput} {onkeydown} />
                if !filter.is_empty() { { icon_button(Icon::Close, ui.t(Msg::ClearSearch), "small", clear.reform(|_| ())) } }
            </div>
            if sections().next().is_some() {
                <div class="tabs" part="tabs" role="tablist">
                    { child::<TabButton>(TabProps { tab: Tab::Chats, label: Msg::Chats, current: tab == Tab::Chats }) }
                    { for sections().map(|section| child::<TabButton>(TabProps { tab: section.tab, label: section.label, current: tab == section.tab })) }
                </div>
            }
            <div class="fill" role="tabpanel" aria-label={ui.t(if tab == Tab::Chats { Msg::Chats } else { Msg::Contacts })}>{ list }</div>
        </nav>
    }
}

#[component]
fn Head() -> Html {
    let ui = use_ui();
    let me = use_selector(Topic::Session, |replica| replica.session.clone());
    let profile = use_selector(Topic::Profile, |replica| replica.profile.clone());
    let Some(me) = me else { return Html::default() };
    let address = me.jid.as_ref().map(|jid| jid.to_bare());
    let address = address.as_ref().map_or("", |jid| jid.as_str());
    let name = profile.name.as_deref().unwrap_or_else(|| address.split('@').next().unwrap_or_default());
    let label = AttrValue::from([&*ui.t(Msg::OwnMenu), ": ", name].concat());
    html! {
        <header class="head" part="sidebar-header">
            <button type="button" class="me" part="button" aria-label={&label} title={label} onclick={ui.act(Action::Layer(Some(Layer::Settings)))}>
                { avatar(&ui, address, name, profile.avatar.as_deref(), Some(me.availability)) }
            </button>
            <h2 class="grow">{ ui.config.title.clone().unwrap_or_else(|| ui.t(Msg::Title)) }</h2>
            { new_button(&ui) }
            { close(&ui) }
        </header>
    }
}

/// Only where contacts can be added.
fn new_button(ui: &Ui) -> Html {
    if !ui.config.allows("roster") {
        return Html::default();
    }
    icon_button(Icon::AddPerson, ui.t(Msg::AddContact), "", ui.act(Action::Layer(Some(Layer::AddContact))))
}

#[derive(Properties, PartialEq)]
struct TabProps {
    tab: Tab,
    label: Msg,
    current: bool,
}

/// The arrow keys move between tabs, as the tab pattern asks.
#[component]
fn TabButton(props: &TabProps) -> Html {
    let ui = use_ui();
    let node = use_node_ref();
    let tab = props.tab;
    let waiting = use_selector(Topic::Contacts, move |replica| tab == Tab::Contacts && !replica.requests.is_empty());
    let unread = use_selector(Topic::Chats, move |replica| tab == Tab::Chats && replica.unread() > 0);
    let onkeydown = {
        let node = node.clone();
        Callback::from(move |event: KeyboardEvent| {
            let Some(element) = node.cast::<web_sys::Element>() else { return };
            let to = match event.key().as_str() {
                "ArrowLeft" | "ArrowRight" => {
                    element.next_element_sibling().or_else(|| element.previous_element_sibling())
                }
                _ => None,
            };
            if let Some(to) = to.and_then(|to| wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(to).ok()) {
                event.prevent_default();
                // A missing focus is no error: a click works as well.
                let _ = to.focus();
                to.click();
            }
        })
    };
    html! {
        <button ref={&node} type="button" role="tab" aria-selected={props.current.to_string()} tabindex={if props.current { "0" } else { "-1" }}
            onclick={ui.act(Action::Show(tab))} {onkeydown}>
            { ui.t(props.label) }
            if (waiting || unread) && !props.current { <span class="pip" aria-hidden="true"></span> }
        </button>
    }
}
