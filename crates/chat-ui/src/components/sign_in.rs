//! The sign-in form.

use xmpp::jid::BareJid;
use xmpp_client::api::{Password, SignIn, SignInError};
use yew::prelude::*;

use super::bits::{field, text_of};
use crate::hooks::{Ui, focus, use_ui, use_value};
use crate::icons::{Icon, icon};
use crate::kept::use_state;
use crate::msg::Msg;
use crate::ui_state::Action;
use crate::view::html;

/// Properties of [`SignInForm`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Why nobody is signed in, if not by the person's will.
    pub error: Option<SignInError>,
    /// A try is under way.
    pub busy: bool,
}

/// Address and password.
#[component]
pub fn SignInForm(props: &Props) -> Html {
    let ui = use_ui();
    let (address, password) = (use_node_ref(), use_node_ref());
    use_value(&address, ui.config.jid.clone().unwrap_or_default());
    let shown = use_state(|| false);
    let complaint = use_state(|| None::<Msg>);
    let onsubmit = {
        let (ui, address, password, complaint) = (ui.clone(), address.clone(), password.clone(), complaint.clone());
        let busy = props.busy;
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if busy {
                return;
            }
            match checked(&ui, &text_of(&address), &text_of(&password)) {
                Ok(how) => {
                    complaint.set(None);
                    ui.bridge.act(Action::SignIn(how));
                }
                Err(msg) => {
                    complaint.set(Some(msg));
                    focus(if msg == Msg::BadAddress { &address } else { &password });
                }
            }
        })
    };
    let toggle = {
        let shown = shown.clone();
        Callback::from(move |_| shown.set(!*shown))
    };
    let problem = complaint
        .map(|msg| (example(&ui, msg), None))
        .or_else(|| props.error.as_ref().map(|error| explain(&ui, error)));
    let refused = props.error == Some(SignInError::NotAuthorized);
    let blamed = |msg| complaint.map_or(refused, |complaint| complaint == msg).then_some("true");
    let eye = if *shown { (Icon::EyeOff, Msg::HidePassword) } else { (Icon::Eye, Msg::ShowPassword) };
    html! {
        <form class="sign-in" part="sign-in" novalidate=true {onsubmit} aria-busy={props.busy.then_some("true")}>
            <span class="disc">{ icon(Icon::Chat) }</span>
            <h2>{ ui.config.title.clone().unwrap_or_else(|| ui.t(Msg::SignInTitle)) }</h2>
            <p class="muted">{ ui.t(Msg::SignInLead) }</p>
            <div role="alert" class="alerts">{ for problem.map(|(text, detail)| alert(text, detail)) }</div>
            { field(ui.t(Msg::Address), html! {
                <input ref={&address} name="username" type="text" inputmode="email" autocomplete="username" autocapitalize="none" spellcheck="false"
                    placeholder={example(&ui, Msg::AddressHint)} aria-invalid={blamed(Msg::BadAddress)} dir="ltr" />
            }) }
            <div class="with-button">
                { field(ui.t(Msg::Password), html! {
                    <input ref={&password} name="password" type={if *shown { "text" } else { "password" }} autocomplete="current-password"
                        autocapitalize="none" spellcheck="false" aria-invalid={blamed(Msg::PasswordMissing)} dir="ltr" />
                }) }
                <button type="button" class="icon" part="button" aria-label={ui.t(eye.1)} title={ui.t(eye.1)} aria-pressed={shown.to_string()} onclick={toggle}>{ icon(eye.0) }</button>
            </div>
            <button type="submit" class="btn primary wide" part="button" aria-disabled={props.busy.then_some("true")}>
                if props.busy { <span class="spinner" aria-hidden="true"></span> }
                { ui.t(if props.busy { Msg::SigningIn } else { Msg::SignIn }) }
            </button>
        </form>
    }
}

/// A text whose example address is at the page's own domain, if it has one.
fn example(ui: &Ui, msg: Msg) -> AttrValue {
    match &ui.config.domain {
        Some(domain) => AttrValue::from(ui.t(msg).replace("example.com", domain)),
        None => ui.t(msg),
    }
}

fn alert(text: AttrValue, detail: Option<AttrValue>) -> Html {
    html! { <div class="alert">{ icon(Icon::Warning) }<div>{ text }{ for detail.map(|detail| html! { <small dir="auto">{ detail }</small> }) }</div></div> }
}

fn checked(ui: &Ui, address: &str, password: &str) -> Result<SignIn, Msg> {
    let jid = address_of(address, ui.config.domain.as_deref()).ok_or(Msg::BadAddress)?;
    if password.is_empty() {
        return Err(Msg::PasswordMissing);
    }
    Ok(SignIn::Password { jid, password: Password(String::from(password)) })
}

/// An account's address needs both halves; the domain may be the page's.
#[must_use]
pub fn address_of(typed: &str, domain: Option<&str>) -> Option<BareJid> {
    let typed = typed.trim();
    let whole = match domain {
        Some(domain) if !typed.is_empty() && !typed.contains('@') => format!("{typed}@{domain}"),
        _ => String::from(typed),
    };
    BareJid::new(&whole).ok().filter(|jid| jid.local().is_some())
}

/// A problem in words, and what the server or the site said, as text.
#[must_use]
pub fn explain(ui: &Ui, error: &SignInError) -> (AttrValue, Option<AttrValue>) {
    let (msg, detail) = match error {
        SignInError::NotAuthorized => (Msg::NotAuthorized, None),
        SignInError::AccountDisabled => (Msg::AccountDisabled, None),
        SignInError::NoMechanism => (Msg::NoMechanism, None),
        SignInError::Insecure => (Msg::Insecure, None),
        SignInError::Unreachable { tried } => (Msg::Unreachable, (!tried.is_empty()).then(|| tried.join("\n"))),
        SignInError::HostUnknown => (Msg::HostUnknown, None),
        SignInError::Site { detail, .. } => (Msg::SiteFailed, Some(detail.clone())),
        SignInError::Conflict => (Msg::Conflict, None),
        SignInError::Stream { condition, text } => (Msg::StreamEnded, Some(text.as_ref().unwrap_or(condition).clone())),
        SignInError::TooManyAttempts => (Msg::TooManyAttempts, None),
    };
    (ui.t(msg), detail.map(AttrValue::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_needs_both_halves() {
        let jid = |typed, domain| address_of(typed, domain).map(|jid| jid.to_string());
        assert_eq!(jid(" juliet@example.com ", None).as_deref(), Some("juliet@example.com"));
        assert_eq!(jid("juliet", Some("example.com")).as_deref(), Some("juliet@example.com"));
        assert_eq!(jid("juliet@example.net", Some("example.com")).as_deref(), Some("juliet@example.net"));
        assert_eq!(jid("juliet", None), None);
        assert_eq!(jid("example.com", None), None);
        assert_eq!(jid("@example.com", None), None);
        assert_eq!(jid("", Some("example.com")), None);
    }
}
