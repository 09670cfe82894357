//! What the session allows to be shown: a splash, the sign-in form, or the two panes.

use xmpp_client::api::{Phase, SignInError};
use yew::prelude::*;

use super::banner::Banner;
use super::bits::{button, empty, icon_button, spinner};
use super::conversation::{self, Conversation};
use super::layers::Layers;
use super::notices::Notices;
use super::sidebar::Sidebar;
use super::sign_in::{self, SignInForm, explain};
use crate::bridge::Topic;
use crate::child::{child, keyed};
use crate::hooks::{Ui, focus_in, use_selector, use_ui};
use crate::icons::Icon;
use crate::kept::{use_effect_with, use_mut_ref};
use crate::msg::Msg;
use crate::ui_state::{Action, Tab};
use crate::view::html;
use crate::view_config::View;

/// Which of the three is in front.
#[derive(Clone, PartialEq)]
enum Screen {
    Splash,
    SignIn { error: Option<SignInError>, busy: bool },
    Panes,
}

/// The chat without what surrounds it.
#[component]
pub fn Panel() -> Html {
    let ui = use_ui();
    let signing_in = use_selector(Topic::Ui, |replica| replica.ui.signing_in);
    let session = use_selector(Topic::Session, |replica| replica.session.clone());
    let failure = use_selector(Topic::Ui, |replica| replica.ui.failure.clone());
    let has_chats = use_selector(Topic::Chats, |replica| !replica.chats.is_empty());
    let never_up = session.as_ref().is_some_and(|session| session.jid.is_none());
    let screen = match session.as_ref().map(|session| &session.phase) {
        None => Screen::Splash,
        Some(Phase::SignedOut { error }) => Screen::SignIn { error: error.clone(), busy: false },
        Some(Phase::Connecting) if signing_in => Screen::SignIn { error: None, busy: true },
        Some(Phase::Connecting) if !has_chats => Screen::Splash,
        // The site signs in, and could not yet: the reason says more than empty lists.
        Some(Phase::Reconnecting { .. }) if never_up && !has_chats && !ui.config.sign_in_form && failure.is_some() => {
            Screen::SignIn { error: failure, busy: false }
        }
        Some(_) => Screen::Panes,
    };
    match screen {
        Screen::Splash => html! { <div class="center">{ close(&ui) }{ spinner(ui.t(Msg::Connecting)) }</div> },
        Screen::SignIn { error, busy } if ui.config.sign_in_form => {
            html! { <div class="center scroll">{ close(&ui) }{ child::<SignInForm>(sign_in::Props { error, busy }) }</div> }
        }
        Screen::SignIn { error, .. } => {
            html! { <div class="center">{ close(&ui) }{ signed_out(&ui, error.as_ref()) }</div> }
        }
        Screen::Panes => child::<Panes>(()),
    }
}

#[component]
fn Panes() -> Html {
    let ui = use_ui();
    let selected = use_selector(Topic::Ui, |replica| replica.ui.selected.clone());
    let covered = use_selector(Topic::Ui, |replica| replica.ui.layer.is_some());
    let panes = use_node_ref();
    use_way_back(&panes, selected.is_some());
    let class = if selected.is_some() { "panes show-chat" } else { "panes" };
    html! { <>
        <div class="under" inert={covered}>
            { child::<Banner>(()) }
            <div ref={&panes} {class}>
                { child::<Sidebar>(()) }
                <section class="chat" part="conversation">
                    if let Some(id) = selected {
                        { keyed::<Conversation>(id.jid.as_str(), conversation::Props { id: id.clone() }) }
                    } else {
                        { empty(Icon::Chat, ui.t(Msg::NothingSelected), ui.t(Msg::NothingSelectedLead), new_chat(&ui, "")) }
                    }
                </section>
            </div>
        </div>
        { child::<Notices>(()) }
        { child::<Layers>(()) }
    </> }
}

/// The way to somebody to talk to, where there is a list of contacts.
pub fn new_chat(ui: &Ui, class: &'static str) -> Html {
    if !ui.slots.iter().any(|feature| feature.sidebar_section.is_some()) {
        return Html::default();
    }
    button(ui.t(Msg::NewChat), class, ui.act(Action::Show(Tab::Contacts)))
}

/// The overlay's own close button; elsewhere the page decides.
pub fn close(ui: &Ui) -> Html {
    if ui.config.view != View::Overlay {
        return Html::default();
    }
    icon_button(Icon::Close, ui.t(Msg::CloseChat), "close", ui.act(Action::Close))
}

/// Leaving a conversation gives the focus back to the list, on the row one came from.
#[hook]
fn use_way_back(panes: &NodeRef, in_conversation: bool) {
    let panes = panes.clone();
    let before = use_mut_ref(|| false);
    use_effect_with(in_conversation, move |now| {
        if before.replace(*now) && !now {
            focus_in(&panes, ".sidebar [data-focus][tabindex='0']");
        }
    });
}

fn signed_out(ui: &Ui, error: Option<&SignInError>) -> Html {
    match error {
        Some(error) => {
            let (text, detail) = explain(ui, error);
            let detail = detail.map(|detail| html! { <p class="detail" dir="auto">{ detail }</p> }).unwrap_or_default();
            let again = button(ui.t(Msg::TryNow), "", ui.act(Action::SignInAgain));
            empty(Icon::Warning, ui.t(Msg::SignedOutTitle), text, html! { <>{ detail }{ again }</> })
        }
        None => {
            let again = button(ui.t(Msg::SignIn), "primary", ui.act(Action::SignInAgain));
            empty(Icon::Chat, ui.t(Msg::SignedOutTitle), ui.t(Msg::SignedOutLead), again)
        }
    }
}
