//! What lies over the panes: dialogs and side panels, one at a time. What is under them is inert.

use wasm_bindgen::JsCast;
use xmpp::jid::BareJid;
use xmpp_client::api::{Command, ConversationId};
use yew::prelude::*;

use super::bits::{avatar, button, icon_button, presence_word};
use super::chat_list::select;
use crate::bridge::Topic;
use crate::child::child;
use crate::features::roster::edit::AddContact;
use crate::hooks::{Ui, focus, use_selector, use_ui};
use crate::icons::Icon;
use crate::kept::use_effect_with;
use crate::msg::Msg;
use crate::ui_state::{Action, Layer};
use crate::view::html;
use crate::view_config::Theme;

/// The one in front, if any.
#[component]
pub fn Layers() -> Html {
    let layer = use_selector(Topic::Ui, |replica| replica.ui.layer.clone());
    match layer {
        Some(layer) => child::<Sheet>(Props { layer }),
        None => Html::default(),
    }
}

#[derive(Properties, PartialEq)]
struct Props {
    layer: Layer,
}

#[component]
fn Sheet(props: &Props) -> Html {
    let ui = use_ui();
    let node = use_node_ref();
    use_modal_focus(&node, &props.layer);
    let (title, inside) = match &props.layer {
        Layer::Settings => (ui.t(Msg::OwnMenu), child::<Settings>(())),
        Layer::AddContact => (ui.t(Msg::AddContact), child::<AddContact>(())),
        Layer::Profile(jid) => (ui.t(Msg::Profile), child::<Profile>(ProfileProps { jid: jid.clone() })),
        Layer::RemoveContact(jid) => (ui.locale.with(Msg::RemoveContactTitle, &name_of(&ui, jid)), remove(&ui, jid)),
        Layer::SignOut => (ui.t(Msg::SignOutTitle), child::<SignOut>(())),
    };
    let shut = ui.act(Action::Layer(None));
    html! {
        <div class="layer">
            <div class="scrim" onclick={ui.act(Action::Layer(None))}></div>
            <div ref={&node} class="sheet" part="dialog" role="dialog" aria-modal="true" aria-label={&title} tabindex="-1" onkeydown={stay(&node)}>
                <header class="head"><h2 class="grow" dir="auto">{ title }</h2>{ icon_button(Icon::Close, ui.t(Msg::Close), "", shut) }</header>
                <div class="sheet-body">{ inside }</div>
            </div>
        </div>
    }
}

/// The tab key goes around in the dialog: behind it the page goes on, and Escape is not heard from there. A dialog begins with
/// its closing button and ends with a button.
fn stay(node: &NodeRef) -> Callback<KeyboardEvent> {
    let node = node.clone();
    Callback::from(move |event: KeyboardEvent| {
        let Some(sheet) = node.cast::<web_sys::Element>().filter(|_| event.key() == "Tab") else { return };
        let buttons = sheet.get_elements_by_tag_name("button");
        let (first, last) = (buttons.item(0), buttons.item(buttons.length().saturating_sub(1)));
        let (edge, around) = if event.shift_key() { (first, last) } else { (last, first) };
        let now = focused(&sheet).map(web_sys::Element::from);
        if now == edge || (event.shift_key() && now.as_ref() == Some(&sheet)) {
            event.prevent_default();
            if let Some(around) = around.and_then(|button| JsCast::dyn_into::<web_sys::HtmlElement>(button).ok()) {
                // A missing focus is no error.
                let _ = around.focus();
            }
        }
    })
}

/// Into the dialog when it opens, back to where it was when it closes.
#[hook]
fn use_modal_focus(node: &NodeRef, layer: &Layer) {
    let inner = node.clone();
    use_effect_with((), move |()| {
        let before = inner.cast::<web_sys::Element>().and_then(|element| focused(&element));
        move || {
            if let Some(before) = before {
                // What had the focus may be gone; then the panel keeps it.
                let _ = before.focus();
            }
        }
    });
    let node = node.clone();
    use_effect_with(layer.clone(), move |_| {
        let inside = node
            .cast::<web_sys::Element>()
            .is_some_and(|sheet| focused(&sheet).is_some_and(|element| sheet.contains(Some(&element))));
        if !inside {
            focus(&node);
        }
    });
}

/// What has the focus in the element's own tree (a shadow root, usually).
fn focused(element: &web_sys::Element) -> Option<web_sys::HtmlElement> {
    let root = element.get_root_node();
    let active = match root.dyn_ref::<web_sys::ShadowRoot>() {
        Some(shadow) => shadow.active_element(),
        None => element.owner_document().and_then(|document| document.active_element()),
    };
    active.and_then(|active| active.dyn_into().ok())
}

fn name_of(ui: &Ui, jid: &BareJid) -> String {
    ui.bridge
        .read(|replica| replica.contacts.get(jid).map(|contact| contact.name.clone()))
        .unwrap_or_else(|| jid.to_string())
}

#[derive(Properties, PartialEq)]
struct ProfileProps {
    jid: BareJid,
}

#[component]
fn Profile(props: &ProfileProps) -> Html {
    let ui = use_ui();
    let jid = props.jid.clone();
    let contact = use_selector(Topic::Contacts, move |replica| replica.contacts.get(&jid).cloned());
    let id = ConversationId::chat(props.jid.clone());
    let chat = {
        let id = id.clone();
        use_selector(Topic::Chats, move |replica| replica.chat(&id).cloned())
    };
    let here = {
        let id = id.clone();
        use_selector(Topic::Ui, move |replica| replica.ui.selected.as_ref() == Some(&id))
    };
    let address = props.jid.as_str();
    let stranger = chat.as_ref().map_or(address, |chat| chat.name.as_str());
    let name = contact.as_ref().map_or(stranger, |contact| contact.name.as_str());
    let dismiss = {
        let (bridge, id) = (ui.bridge.clone(), id.clone());
        Callback::from(move |_| {
            bridge.act(Action::Layer(None));
            bridge.act(Action::Select(None));
            bridge.dispatch(Command::DismissChat(id.clone()));
        })
    };
    html! {
        <div class="profile" part="profile">
            { avatar(&ui, address, name, contact.as_ref().and_then(|contact| contact.avatar.as_deref()), contact.as_ref().map(|contact| contact.availability)) }
            <h3 dir="auto">{ name }</h3>
            <p class="muted address" dir="ltr">{ address }</p>
            { for contact.as_ref().map(|contact| html! { <p class="muted">{ ui.t(presence_word(contact.availability)) }{ for contact.status.as_ref().map(|status| html! { <bdi>{ " · " }{ status }</bdi> }) }</p> }) }
            <div class="actions">
                if !here { { button(ui.t(Msg::SendMessage), "primary", select(&ui, &id)) } }
                if chat.is_some() { { button(ui.t(Msg::DismissChat), "", dismiss) } }
            </div>
            { for ui.slots.iter().filter_map(|feature| feature.profile_panel).map(|draw| draw(&ui, &props.jid)) }
        </div>
    }
}

fn remove(ui: &Ui, jid: &BareJid) -> Html {
    let (bridge, jid) = (ui.bridge.clone(), jid.clone());
    let go = Callback::from(move |_| {
        bridge.dispatch(Command::RemoveContact(jid.clone()));
        bridge.act(Action::Layer(None));
    });
    confirm(ui, Msg::RemoveContactLead, Html::default(), Msg::Remove, go)
}

fn confirm(ui: &Ui, lead: Msg, more: Html, yes: Msg, go: Callback<MouseEvent>) -> Html {
    html! { <>
        <p>{ ui.t(lead) }</p>
        { more }
        <div class="actions">{ button(ui.t(Msg::Cancel), "", ui.act(Action::Layer(None))) }{ button(ui.t(yes), "primary danger", go) }</div>
    </> }
}

#[component]
fn SignOut() -> Html {
    let ui = use_ui();
    let forget = use_node_ref();
    let go = {
        let (bridge, forget) = (ui.bridge.clone(), forget.clone());
        Callback::from(move |_| {
            let forget = forget.cast::<web_sys::HtmlInputElement>().is_some_and(|input| input.checked());
            bridge.act(Action::Layer(None));
            bridge.act(Action::Select(None));
            bridge.dispatch(Command::SignOut { forget });
        })
    };
    let more = html! { <label class="choice"><input ref={&forget} type="checkbox" /><span>{ ui.t(Msg::ForgetDevice) }</span></label> };
    confirm(&ui, Msg::SignOutLead, more, Msg::SignOut, go)
}

#[component]
fn Settings() -> Html {
    let ui = use_ui();
    let me = use_selector(Topic::Session, |replica| {
        replica.session.as_ref().and_then(|session| session.jid.as_ref().map(|jid| jid.to_bare()))
    });
    let profile = use_selector(Topic::Profile, |replica| replica.profile.clone());
    let chosen = use_selector(Topic::Ui, |replica| replica.ui.theme);
    let address = me.as_ref().map_or("", BareJid::as_str);
    let name = profile.name.as_deref().unwrap_or_else(|| address.split('@').next().unwrap_or_default());
    let themes = [(Theme::Auto, Msg::ThemeAuto), (Theme::Light, Msg::ThemeLight), (Theme::Dark, Msg::ThemeDark)];
    let theme = chosen.unwrap_or(ui.config.theme);
    html! {
        <div class="profile" part="profile">
            { avatar(&ui, address, name, profile.avatar.as_deref(), None) }
            <h3 dir="auto">{ name }</h3>
            <p class="muted address" dir="ltr">{ address }</p>
            { for ui.slots.iter().filter_map(|feature| feature.settings).map(|draw| draw(&ui)) }
            <fieldset>
                <legend>{ ui.t(Msg::Appearance) }</legend>
                <div class="tabs">
                    { for themes.into_iter().map(|(choice, label)| html! {
                        <button type="button" aria-pressed={(choice == theme).to_string()} onclick={ui.act(Action::Theme(choice))}>{ ui.t(label) }</button>
                    }) }
                </div>
            </fieldset>
            <div class="actions">{ button(ui.t(Msg::SignOut), "danger quiet wide", ui.act(Action::Layer(Some(Layer::SignOut)))) }</div>
        </div>
    }
}
