//! The contact list.

use std::rc::Rc;
use std::sync::Arc;

use xmpp_client::api::{Command, Contact, ContactRequest, ConversationId};
use yew::prelude::*;

use super::groups::{self, Row};
use crate::bridge::Topic;
use crate::child::child;
use crate::components::bits::{avatar, button, empty, presence_word, spinner};
use crate::components::chat_list::{nothing_found, select};
use crate::hooks::{Ui, use_selector, use_ui};
use crate::icons::{Icon, icon};
use crate::msg::Msg;
use crate::ui_state::{Action, Layer};
use crate::view::html;
use crate::virtual_list::{self, RenderRow, VirtualList};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    /// Lower case.
    pub(crate) filter: AttrValue,
}

#[component]
pub(crate) fn ContactList(props: &Props) -> Html {
    let ui = use_ui();
    let filter = props.filter.clone();
    let rows = {
        let (filter, locale) = (filter.clone(), ui.locale.clone());
        use_selector(Topic::Contacts, move |replica| {
            groups::rows(replica.contacts.values(), &replica.requests, &filter, &|text| locale.lower(text))
        })
    };
    let complete = use_selector(Topic::Contacts, |replica| replica.roster_complete);
    if rows.is_empty() {
        return nothing(&ui, complete, &filter);
    }
    let rows = Rc::new(rows);
    let sizes = Rc::from(groups::sizes(&rows));
    let label = ui.t(Msg::Contacts);
    let windowed = ui.config.virtual_lists;
    let render = RenderRow(Rc::new(move |index, active| match rows.get(index) {
        Some(Row::Requests(_)) => heading(ui.t(Msg::Requests)),
        Some(Row::Group(name)) => heading(name.clone().map_or_else(|| ui.t(Msg::OtherContacts), AttrValue::from)),
        Some(Row::Request(request)) => request_row(&ui, request, active),
        Some(Row::Contact(contact)) => contact_row(&ui, contact, active),
        None => Html::default(),
    }));
    child::<VirtualList>(yew::props!(virtual_list::Props {
        rows: sizes,
        render,
        role: "list",
        row_role: "listitem",
        label,
        part: "contact-list",
        windowed,
    }))
}

fn nothing(ui: &Ui, complete: bool, filter: &AttrValue) -> Html {
    if !filter.is_empty() {
        return nothing_found(ui, filter);
    }
    if !complete {
        return html! { <div class="center">{ spinner(ui.t(Msg::Loading)) }</div> };
    }
    let add = button(ui.t(Msg::AddContact), "primary", ui.act(Action::Layer(Some(Layer::AddContact))));
    empty(Icon::People, ui.t(Msg::NoContacts), ui.t(Msg::NoContactsLead), add)
}

fn heading(text: AttrValue) -> Html {
    html! { <h3 class="heading" dir="auto">{ text }</h3> }
}

fn contact_row(ui: &Ui, contact: &Arc<Contact>, active: bool) -> Html {
    let tabindex = if active { "0" } else { "-1" };
    let about = match (&contact.status, contact.pending_out) {
        (_, true) => html! { <span>{ ui.t(Msg::WaitingForApproval) }</span> },
        (Some(status), _) if !status.is_empty() => html! { <bdi>{ status }</bdi> },
        _ => html! { <span>{ ui.t(presence_word(contact.availability)) }</span> },
    };
    let more = ui.locale.with(Msg::ShowProfile, &contact.name);
    let open = ui.act(Action::Layer(Some(Layer::Profile(contact.jid.clone()))));
    html! {
        <div class="with-more">
            <button type="button" class="item" part="contact" data-focus="" {tabindex} onclick={select(ui, &ConversationId::chat(contact.jid.clone()))}>
                { avatar(ui, contact.jid.as_str(), &contact.name, contact.avatar.as_deref(), Some(contact.availability)) }
                <span class="text">
                    <span class="line"><span class="name" dir="auto">{ &contact.name }</span></span>
                    <span class="line"><span class="preview">{ about }</span></span>
                </span>
            </button>
            <button type="button" class="icon" part="button" {tabindex} aria-label={&more} title={more} onclick={open}>{ icon(Icon::More) }</button>
        </div>
    }
}

fn request_row(ui: &Ui, request: &ContactRequest, active: bool) -> Html {
    let answer = |command: Command| {
        let bridge = ui.bridge.clone();
        Callback::from(move |_| bridge.dispatch(command.clone()))
    };
    let address = request.jid.as_str();
    let name = request.name.as_deref().unwrap_or(address);
    let (accept, refuse) = (Command::AcceptContact(request.jid.clone()), Command::RefuseContact(request.jid.clone()));
    html! {
        <div class="request" part="contact" data-focus="" tabindex={if active { "0" } else { "-1" }}>
            { avatar(ui, address, name, None, None) }
            <div class="text">
                <span class="name" dir="auto" title={address.to_owned()}>{ name.to_owned() }</span>
                <span class="preview">{ ui.t(Msg::WantsToConnect) }</span>
                { for request.message.as_ref().map(|words| html! { <q class="preview" dir="auto">{ words }</q> }) }
                <div class="actions">
                    { button(ui.t(Msg::Accept), "primary small", answer(accept)) }
                    { button(ui.t(Msg::Refuse), "small", answer(refuse)) }
                </div>
            </div>
        </div>
    }
}
