//! Small pieces without state: avatar, presence, buttons, empty states.

use xmpp_client::api::Availability;
use yew::prelude::*;

use crate::hooks::Ui;
use crate::icons::{Icon, icon};
use crate::look;
use crate::msg::Msg;
use crate::view::{classes, html};

/// An image or initials on the address's own colour, with a presence dot if `availability` is given.
pub fn avatar(ui: &Ui, address: &str, name: &str, image: Option<&str>, availability: Option<Availability>) -> Html {
    let face = match image {
        // Only what the client checked and put into a `data:` URL; anything else would be a request to a stranger.
        Some(image) if image.starts_with("data:image/") => {
            html! { <img src={image.to_owned()} alt="" draggable="false" /> }
        }
        _ => html! { { look::initials(name) } },
    };
    html! {
        <span class={classes!("avatar", look::hue_class(address))} part="avatar">
            <span class="face" aria-hidden="true">{ face }</span>
            { for availability.map(|availability| dot(ui, availability)) }
        </span>
    }
}

/// A presence mark that differs by shape as well as by colour, with its word for screen readers.
pub fn dot(ui: &Ui, availability: Availability) -> Html {
    html! { <span class={classes!("dot", presence_class(availability))}><span class="sr">{ ui.t(presence_word(availability)) }</span></span> }
}

/// The stylesheet's word for an availability.
#[must_use]
pub fn presence_class(availability: Availability) -> &'static str {
    match availability {
        Availability::Chat | Availability::Online => "on",
        Availability::Away => "away",
        Availability::ExtendedAway => "xa",
        Availability::DoNotDisturb => "dnd",
        Availability::Offline => "off",
    }
}

/// Its name.
#[must_use]
pub fn presence_word(availability: Availability) -> Msg {
    match availability {
        Availability::Chat => Msg::FreeForChat,
        Availability::Online => Msg::Online,
        Availability::Away => Msg::Away,
        Availability::ExtendedAway => Msg::ExtendedAway,
        Availability::DoNotDisturb => Msg::DoNotDisturb,
        Availability::Offline => Msg::Offline,
    }
}

/// A button that shows only an icon.
pub fn icon_button(shape: Icon, label: AttrValue, class: &'static str, onclick: Callback<MouseEvent>) -> Html {
    html! { <button type="button" class={classes!("icon", class)} part="button" aria-label={&label} title={label} {onclick}>{ icon(shape) }</button> }
}

/// A button with words. `class`: `primary`, `quiet`, `danger`.
pub fn button(label: AttrValue, class: &'static str, onclick: Callback<MouseEvent>) -> Html {
    html! { <button type="button" class={classes!("btn", class)} part="button" {onclick}>{ label }</button> }
}

/// A place with nothing in it yet: what it is for and what to do.
pub fn empty(shape: Icon, title: AttrValue, lead: AttrValue, action: Html) -> Html {
    html! {
        <div class="empty" part="empty">
            <span class="disc">{ icon(shape) }</span>
            <h3>{ title }</h3>
            <p>{ lead }</p>
            { action }
        </div>
    }
}

/// A turning ring; what it waits for is said in words.
pub fn spinner(label: AttrValue) -> Html {
    html! { <span class="spinner" role="status"><span class="sr">{ label }</span></span> }
}

/// A number on a coloured ground, if it is not zero.
pub fn badge(ui: &Ui, count: u32) -> Html {
    if count == 0 {
        return Html::default();
    }
    let shown = if count > 99 { AttrValue::Static("99+") } else { AttrValue::from(ui.locale.intl().number(count)) };
    html! { <span class="badge" part="badge"><span aria-hidden="true">{ shown }</span><span class="sr">{ ui.locale.count(Msg::Unread, count) }</span></span> }
}

/// A labelled control.
pub fn field(label: AttrValue, control: Html) -> Html {
    html! { <label class="field"><span>{ label }</span>{ control }</label> }
}

/// What an input holds.
#[must_use]
pub fn text_of(node: &NodeRef) -> String {
    node.cast::<web_sys::HtmlInputElement>().map(|input| input.value()).unwrap_or_default()
}
