//! Plain objects of the TypeScript element, read into typed settings.

use chat_ui::{Theme, View, ViewConfig};
use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;
use xmpp_client::api::Settings;
use yew::AttrValue;

use crate::io::window;

/// What the client needs to know of the element.
pub(crate) fn settings(options: &JsValue) -> Settings {
    let origin = window().location().origin().unwrap_or_default();
    Settings {
        websocket_url: text(options, "websocketUrl"),
        bosh_url: text(options, "boshUrl"),
        // `/` and other relative forms mean the page's own origin.
        discovery_origin: text(options, "service").map(|service| absolute(&service, &origin)),
        lang: text(options, "lang").unwrap_or_else(|| String::from("en")),
        secure: is_secure(),
        disabled: list(options, "disabled"),
        enabled: list(options, "enabled"),
        seed: seed(),
        trusted_device: !flag(options, "sharedDevice"),
        ..Settings::default()
    }
}

/// What the view needs to know of the element.
pub(crate) fn view_config(options: &JsValue) -> ViewConfig {
    ViewConfig {
        view: match text(options, "view").as_deref() {
            Some("overlay") => View::Overlay,
            Some("fullscreen") => View::Fullscreen,
            _ => View::Embedded,
        },
        theme: match text(options, "theme").as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::Auto,
        },
        open: flag(options, "open"),
        title: text(options, "label").filter(|label| !label.is_empty()).map(AttrValue::from),
        sign_in_form: flag(options, "form"),
        jid: text(options, "jid").map(AttrValue::from),
        domain: text(options, "domain").map(AttrValue::from),
        disabled: list(options, "disabled"),
        enabled: list(options, "enabled"),
        virtual_lists: true,
    }
}

/// A string property.
pub(crate) fn text(object: &JsValue, name: &str) -> Option<String> {
    Reflect::get(object, &name.into()).ok()?.as_string()
}

fn flag(object: &JsValue, name: &str) -> bool {
    Reflect::get(object, &name.into()).is_ok_and(|value| value.is_truthy())
}

fn list(object: &JsValue, name: &str) -> Vec<String> {
    let Ok(value) = Reflect::get(object, &name.into()) else { return Vec::new() };
    if !Array::is_array(&value) {
        return Vec::new();
    }
    Array::from(&value).iter().filter_map(|item| item.as_string()).collect()
}

/// The origin of an address that may be relative to the page.
fn absolute(service: &str, origin: &str) -> String {
    match service.split_once("://") {
        Some((scheme, rest)) => [scheme, "://", rest.split('/').next().unwrap_or_default()].concat(),
        None => origin.to_owned(),
    }
}

/// Whether a password may go over this page's connections as it is (PLAIN).
fn is_secure() -> bool {
    window().is_secure_context()
}

fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    let filled = window().crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut seed).map(drop));
    filled.expect("every browser that runs WebAssembly has crypto.getRandomValues");
    seed
}
