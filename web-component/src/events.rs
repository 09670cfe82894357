//! The client's events as the element's: a name of `types.ts` and a plain object.

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;
use xmpp_client::api::{Author, ConversationId, Event, Item, ItemKind, SignInError, Transport};

/// The event's name and detail; `None`: not for the page.
pub(crate) fn dom_event(event: &Event) -> Option<(&'static str, JsValue)> {
    Some(match event {
        Event::Connected { jid, transport, resumed } => (
            "converse-connected",
            object(&[
                ("jid", jid.as_str().into()),
                ("transport", transport_name(*transport).into()),
                ("resumed", (*resumed).into()),
            ]),
        ),
        Event::Disconnected { reconnecting } => {
            ("converse-disconnected", object(&[("reconnecting", (*reconnecting).into())]))
        }
        Event::SignInFailed(error) => {
            let (reason, detail) = sign_in_error(error);
            ("converse-sign-in-error", object(&[("reason", reason.into()), ("detail", detail.into())]))
        }
        Event::SignedOut => ("converse-signed-out", JsValue::NULL),
        Event::CredentialsWanted => ("credentials-wanted", JsValue::NULL),
        Event::MessageReceived { conversation, item, name } => ("converse-message", message(conversation, item, name)?),
        Event::MessageSent { conversation, item } => ("converse-message-sent", message(conversation, item, "")?),
        Event::UnreadChanged { total } => ("converse-unread", object(&[("total", (*total).into())])),
        Event::ContactRequested(jid) => ("converse-contact-request", object(&[("jid", jid.as_str().into())])),
        Event::CommandFailed { command, condition, text } => (
            "converse-command-error",
            object(&[
                ("command", (*command).into()),
                ("condition", condition.as_str().into()),
                ("text", text.as_deref().unwrap_or_default().into()),
            ]),
        ),
        _ => return None,
    })
}

/// A plain object of these properties.
pub(crate) fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        // Fails only on frozen objects.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

fn message(conversation: &ConversationId, item: &Item, name: &str) -> Option<JsValue> {
    let ItemKind::Message { author, body, .. } = &item.kind else { return None };
    Some(object(&[
        ("chat", conversation.jid.as_str().into()),
        ("own", matches!(author, Author::Own).into()),
        ("name", name.into()),
        ("body", (&**body).into()),
        ("at", (item.at.0 as f64).into()),
    ]))
}

fn transport_name(transport: Transport) -> &'static str {
    match transport {
        Transport::WebSocket => "websocket",
        Transport::Bosh => "bosh",
    }
}

/// A stable word and English for the site's developer.
fn sign_in_error(error: &SignInError) -> (&'static str, String) {
    match error {
        SignInError::NotAuthorized => ("not-authorized", String::from("wrong address or password")),
        SignInError::AccountDisabled => ("account-disabled", String::from("the account is disabled")),
        SignInError::NoMechanism => ("no-mechanism", String::from("no SASL mechanism that is safe here")),
        SignInError::Insecure => {
            ("insecure", String::from("the server offers less than before, or its signature is wrong"))
        }
        SignInError::Unreachable { tried } => ("unreachable", ["no answer from ", &tried.join(", ")].concat()),
        SignInError::HostUnknown => ("host-unknown", String::from("the domain is not served there")),
        SignInError::Site { status, detail } => ("site", [&status.to_string(), ": ", detail].concat()),
        SignInError::Conflict => ("conflict", String::from("another session took this one's place")),
        SignInError::Stream { condition, text } => {
            ("stream", [condition.as_str(), ": ", text.as_deref().unwrap_or_default()].concat())
        }
        SignInError::TooManyAttempts => ("too-many-attempts", String::from("too many attempts, wait a while")),
    }
}
