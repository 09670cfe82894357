//! Adding a contact, and a contact's part of the profile panel.

use xmpp::jid::BareJid;
use xmpp_client::api::Command;
use yew::prelude::*;

use crate::bridge::Topic;
use crate::components::bits::{button, field, text_of};
use crate::components::sign_in::address_of;
use crate::hooks::{use_focus_on_mount, use_selector, use_ui, use_value};
use crate::kept::use_state;
use crate::msg::Msg;
use crate::ui_state::{Action, Layer};
use crate::view::html;

/// The form in the dialog.
#[component]
pub(crate) fn AddContact() -> Html {
    let ui = use_ui();
    let (address, name) = (use_node_ref(), use_node_ref());
    let bad = use_state(|| false);
    use_focus_on_mount(address.clone());
    let onsubmit = {
        let (ui, address, name, bad) = (ui.clone(), address.clone(), name.clone(), bad.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(jid) = address_of(&text_of(&address), ui.config.domain.as_deref()) else { return bad.set(true) };
            ui.bridge.dispatch(Command::AddContact { jid, name: some(text_of(&name)), groups: Vec::new() });
            ui.bridge.act(Action::Layer(None));
        })
    };
    html! {
        <form novalidate=true {onsubmit}>
            <p class="muted">{ ui.t(Msg::AddContactLead) }</p>
            <div role="alert" class="alerts">if *bad { <div class="alert">{ ui.t(Msg::BadAddress) }</div> }</div>
            { field(ui.t(Msg::Address), html! {
                <input ref={&address} type="text" inputmode="email" autocomplete="off" autocapitalize="none" spellcheck="false" dir="ltr"
                    placeholder={ui.t(Msg::AddressHint)} aria-invalid={bad.then_some("true")} />
            }) }
            { field(ui.t(Msg::NameOptional), html! { <input ref={&name} type="text" maxlength="100" autocomplete="off" /> }) }
            <div class="actions">
                { button(ui.t(Msg::Cancel), "", ui.act(Action::Layer(None))) }
                <button type="submit" class="btn primary" part="button">{ ui.t(Msg::Add) }</button>
            </div>
        </form>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) jid: BareJid,
}

/// Name, groups, removal; for strangers, adding.
#[component]
pub(crate) fn EditContact(props: &Props) -> Html {
    let ui = use_ui();
    let jid = props.jid.clone();
    let contact = use_selector(Topic::Contacts, move |replica| replica.contacts.get(&jid).cloned());
    let (name, groups) = (use_node_ref(), use_node_ref());
    let known = contact.as_ref();
    use_value(&name, known.and_then(|contact| contact.roster_name.clone()).unwrap_or_default().into());
    use_value(&groups, known.map(|contact| contact.groups.join(", ")).unwrap_or_default().into());
    let jid = props.jid.clone();
    let Some(contact) = contact else {
        let bridge = ui.bridge.clone();
        let add = Callback::from(move |_| {
            bridge.dispatch(Command::AddContact { jid: jid.clone(), name: None, groups: Vec::new() })
        });
        return html! { <div class="actions">{ button(ui.t(Msg::AddContact), "primary wide", add) }</div> };
    };
    let onsubmit = {
        let (ui, name, groups) = (ui.clone(), name.clone(), groups.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let command = Command::RenameContact {
                jid: jid.clone(),
                name: some(text_of(&name)),
                groups: split(&text_of(&groups)),
            };
            ui.bridge.dispatch(command);
            ui.bridge.act(Action::Layer(None));
        })
    };
    html! {
        <form {onsubmit}>
            { field(ui.t(Msg::Name), html! { <input ref={&name} type="text" maxlength="100" placeholder={contact.name.clone()} /> }) }
            { field(ui.t(Msg::Groups), html! { <input ref={&groups} type="text" placeholder={ui.t(Msg::GroupsHint)} /> }) }
            <div class="actions">
                { button(ui.t(Msg::RemoveContact), "danger quiet", ui.act(Action::Layer(Some(Layer::RemoveContact(props.jid.clone()))))) }
                <button type="submit" class="btn primary" part="button">{ ui.t(Msg::Save) }</button>
            </div>
        </form>
    }
}

fn some(text: String) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Groups are written with commas between them; each once, in order.
fn split(text: &str) -> Vec<String> {
    let mut groups = Vec::new();
    for group in text.split(',').map(str::trim).filter(|group| !group.is_empty()).map(String::from) {
        if let Err(index) = groups.binary_search(&group) {
            groups.insert(index, group);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_split_sorted_and_once() {
        assert_eq!(split(" Work, Friends ,,Work "), ["Friends", "Work"]);
        assert_eq!(split(" "), Vec::<String>::new());
    }
}
