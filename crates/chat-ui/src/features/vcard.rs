//! XEP-0054: the own shown name, and the profile of others when their panel opens.

use xmpp::jid::BareJid;
use xmpp_client::api::Command;
use yew::prelude::*;

use crate::bridge::Topic;
use crate::child::child;
use crate::components::bits::{field, text_of};
use crate::hooks::{Ui, use_selector, use_ui, use_value};
use crate::kept::use_effect_with;
use crate::msg::Msg;
use crate::slots::Feature;
use crate::view::html;

/// The table.
pub(crate) static FEATURE: Feature = Feature {
    settings: Some(|_: &Ui| child::<OwnName>(())),
    profile_panel: Some(|_: &Ui, jid: &BareJid| child::<Fetch>(FetchProps { jid: jid.clone() })),
    ..Feature::new("vcard")
};

#[component]
fn OwnName() -> Html {
    let ui = use_ui();
    let profile = use_selector(Topic::Profile, |replica| replica.profile.clone());
    let name = use_node_ref();
    use_value(&name, profile.name.clone().unwrap_or_default().into());
    let onchange = {
        let (bridge, name) = (ui.bridge.clone(), name.clone());
        Callback::from(move |_: Event| {
            let text = text_of(&name).trim().to_owned();
            bridge.dispatch(Command::SetProfile { name: (!text.is_empty()).then_some(text) });
        })
    };
    field(
        ui.t(Msg::OwnName),
        html! {
            <input ref={&name} type="text" maxlength="100" autocomplete="name" placeholder={ui.t(Msg::OwnNameHint)} {onchange} />
        },
    )
}

#[derive(Properties, PartialEq)]
struct FetchProps {
    jid: BareJid,
}

/// Draws nothing of its own: name and image arrive in the contact.
#[component]
fn Fetch(props: &FetchProps) -> Html {
    let ui = use_ui();
    use_effect_with(props.jid.clone(), move |jid| ui.bridge.dispatch(Command::LoadProfile(jid.clone())));
    Html::default()
}
