//! RFC 6121 §4: the own availability and status text.

use xmpp_client::api::{Availability, Command};
use yew::prelude::*;

use crate::bridge::Topic;
use crate::child::child;
use crate::components::bits::{dot, field, presence_word, text_of};
use crate::hooks::{Ui, use_selector, use_ui, use_value};
use crate::msg::Msg;
use crate::slots::Feature;
use crate::view::html;

/// The table.
pub(crate) static FEATURE: Feature =
    Feature { settings: Some(|_: &Ui| child::<Settings>(())), ..Feature::new("presence") };

/// What a person may choose; `Offline` is signing out.
const CHOICES: [Availability; 4] =
    [Availability::Online, Availability::Away, Availability::ExtendedAway, Availability::DoNotDisturb];

#[component]
fn Settings() -> Html {
    let ui = use_ui();
    let session = use_selector(Topic::Session, |replica| replica.session.clone());
    let status = use_node_ref();
    use_value(&status, session.as_ref().and_then(|session| session.status.clone()).unwrap_or_default().into());
    let Some(session) = session else { return Html::default() };
    let set = {
        let (bridge, status) = (ui.bridge.clone(), status.clone());
        move |availability: Availability| {
            let text = text_of(&status).trim().to_owned();
            bridge.dispatch(Command::SetPresence { availability, status: (!text.is_empty()).then_some(text) });
        }
    };
    let now = session.availability;
    let onchange = {
        let set = set.clone();
        Callback::from(move |_: Event| set(now))
    };
    html! {
        <fieldset class="choices">
            <legend>{ ui.t(Msg::Status) }</legend>
            { for CHOICES.into_iter().map(|choice| {
                let set = set.clone();
                html! {
                    <label class="choice pill">
                        <input class="sr" type="radio" name="presence" checked={choice == now} onchange={Callback::from(move |_: Event| set(choice))} />
                        { dot(&ui, choice) }<span aria-hidden="true">{ ui.t(presence_word(choice)) }</span>
                    </label>
                }
            }) }
            { field(ui.t(Msg::StatusMessage), html! { <input ref={&status} type="text" maxlength="200" placeholder={ui.t(Msg::StatusHint)} {onchange} /> }) }
        </fieldset>
    }
}
