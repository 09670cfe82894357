//! What the TypeScript element holds: a session with its state, and the views that draw it. The session outlives its views.

use std::cell::RefCell;
use std::rc::Rc;

use chat_ui::{Bridge, Locale, Page, Theme, UiEvent};
use js_sys::{Function, Object};
use wasm_bindgen::prelude::*;
use web_sys::ShadowRoot;
use xmpp::jid::{BareJid, Jid};
use xmpp_client::Client;
use xmpp_client::api::{Command, ConversationId, Credentials, Password, SignIn};

use crate::config::{self, text};
use crate::driver::Driver;
use crate::events::dom_event;
use crate::intl::{BrowserIntl, is_rtl};
use crate::io::{clock, window};
use crate::prep;

/// One XMPP session with its state.
#[wasm_bindgen]
pub struct ChatSession {
    driver: Rc<Driver>,
    bridge: Bridge,
    locale: Locale,
    emit: Function,
}

#[wasm_bindgen]
impl ChatSession {
    /// `options` are the element's; `emit(type, detail)` hears of events.
    #[wasm_bindgen(constructor)]
    pub fn new(options: JsValue, emit: Function) -> Self {
        prep::install();
        let client = Client::new(config::settings(&options), xmpp_client::features::all());
        let to_page = emit.clone();
        let driver = Driver::new(
            client,
            Box::new(move |event| {
                if let Some((name, detail)) = dom_event(event) {
                    call(&to_page, name, &detail);
                }
            }),
        );
        let bridge = {
            let commands = Rc::downgrade(&driver);
            let to_page = emit.clone();
            Bridge::new(Page {
                dispatch: Box::new(move |command| {
                    if let Some(driver) = commands.upgrade() {
                        driver.command(command);
                    }
                }),
                now: Box::new(clock::now),
                notify: Box::new(move |event| notify(&to_page, &event)),
            })
        };
        driver.set_bridge(bridge.clone());
        Self { driver, bridge, locale: locale("en", &JsValue::UNDEFINED), emit }
    }

    /// Draws the session into the element's shadow root.
    pub fn mount(&self, root: &ShadowRoot, options: JsValue) -> Result<ChatView, JsValue> {
        let document = window().document().ok_or(JsValue::NULL)?;
        let container = document.create_element("div")?;
        container.set_attribute("class", "mount")?;
        root.replace_children_with_node_1(&container);
        let mut config = config::view_config(&options);
        let own = remembered_theme();
        config.theme = own.unwrap_or(config.theme);
        let handle = chat_ui::mount(container.clone(), self.bridge.clone(), self.locale.clone(), config);
        Ok(ChatView { handle: RefCell::new(Some(handle)), container, bridge: self.bridge.clone() })
    }

    /// Signs in with a password.
    pub fn sign_in(&self, jid: &str, password: &str) {
        match BareJid::new(jid) {
            Ok(jid) => {
                self.driver.command(Command::SignIn(SignIn::Password { jid, password: Password(password.to_owned()) }))
            }
            Err(error) => self.refuse("sign-in", &error.to_string()),
        }
    }

    /// Signs in as `how.kind` says: `prebind` with `url`, `anonymous` with `domain`, `callback`, `restore`.
    pub fn start(&self, how: JsValue) {
        let how = match text(&how, "kind").as_deref() {
            Some("prebind") => SignIn::Prebind { url: text(&how, "url").unwrap_or_default() },
            Some("anonymous") => SignIn::Anonymous { domain: text(&how, "domain").unwrap_or_default() },
            Some("callback") => SignIn::Callback,
            _ => SignIn::Restore,
        };
        self.driver.command(Command::SignIn(how));
    }

    /// Ends the session on purpose.
    pub fn sign_out(&self, forget: bool) {
        self.driver.command(Command::SignOut { forget });
    }

    /// Answers `credentials-wanted`; without arguments: there are none.
    pub fn credentials(&self, jid: Option<String>, password: Option<String>) {
        let account = jid.zip(password).and_then(|(jid, password)| match BareJid::new(&jid) {
            Ok(jid) => Some(Credentials { jid, password: Password(password) }),
            Err(error) => {
                self.refuse("credentials", &error.to_string());
                None
            }
        });
        self.driver.command(Command::Credentials(account));
    }

    /// Brings the conversation with somebody to the front.
    pub fn open_chat(&self, jid: &str) {
        match Jid::new(jid) {
            Ok(jid) => self.bridge.act(chat_ui::ui_state::Action::Select(Some(ConversationId::chat(jid.to_bare())))),
            Err(error) => self.refuse("open-chat", &error.to_string()),
        }
    }

    /// Sends a message.
    pub fn send_message(&self, jid: &str, body: &str) {
        match Jid::new(jid) {
            Ok(jid) => self.driver.command(Command::SendMessage {
                conversation: ConversationId::chat(jid.to_bare()),
                body: body.to_owned(),
            }),
            Err(error) => self.refuse("send-message", &error.to_string()),
        }
    }

    /// Tries again now.
    pub fn reconnect(&self) {
        self.driver.command(Command::Reconnect);
    }

    /// Takes a language: BCP 47 and the object of its file, `undefined` for English.
    pub fn set_locale(&mut self, lang: &str, strings: JsValue) {
        self.locale = locale(lang, &strings);
    }

    /// Ends the session as a closed page does: the server may keep it for a while.
    pub fn end(&self) {
        self.driver.end();
    }

    fn refuse(&self, command: &str, why: &str) {
        let detail = crate::events::object(&[
            ("command", command.into()),
            ("condition", "jid-malformed".into()),
            ("text", why.into()),
        ]);
        call(&self.emit, "converse-command-error", &detail);
    }
}

/// The session drawn into a shadow root.
#[wasm_bindgen]
pub struct ChatView {
    handle: RefCell<Option<chat_ui::Handle>>,
    container: web_sys::Element,
    bridge: Bridge,
}

#[wasm_bindgen]
impl ChatView {
    /// Takes other attributes of the element, and the session's language.
    pub fn update(&self, options: JsValue, session: &ChatSession) {
        if let Some(handle) = &mut *self.handle.borrow_mut() {
            let mut config = config::view_config(&options);
            config.theme = remembered_theme().unwrap_or(config.theme);
            self.bridge.act(chat_ui::ui_state::Action::Configured { open: config.open });
            handle.set_locale(session.locale.clone());
            handle.configure(config);
        }
    }

    /// Takes the view out of the page; the session goes on.
    pub fn unmount(&self) {
        if let Some(handle) = self.handle.borrow_mut().take() {
            handle.unmount();
        }
        self.container.remove();
    }
}

fn locale(lang: &str, strings: &JsValue) -> Locale {
    let mut texts = Vec::new();
    if let Some(object) = strings.dyn_ref::<Object>() {
        for pair in Object::entries(object).iter() {
            let pair = js_sys::Array::from(&pair);
            if let (Some(key), Some(text)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
                texts.push((key, text));
            }
        }
    }
    let lang = lang.to_owned();
    let rtl = is_rtl(&lang);
    let intl = Box::new(BrowserIntl::new(&lang));
    Locale::new(lang, rtl, intl, texts)
}

fn notify(to_page: &Function, event: &UiEvent) {
    match event {
        UiEvent::Opened => call(to_page, "set-open", &JsValue::TRUE),
        UiEvent::Closed => call(to_page, "set-open", &JsValue::FALSE),
        UiEvent::ThemeChosen(theme) => remember_theme(*theme),
        UiEvent::SignInWanted => call(to_page, "sign-in-wanted", &JsValue::NULL),
        UiEvent::Shown(_) => {}
    }
}

/// A page's handler that throws is the page's error: the browser reports it, we go on.
fn call(function: &Function, name: &str, detail: &JsValue) {
    let _ = function.call2(&JsValue::NULL, &name.into(), detail);
}

const THEME_KEY: &str = "converse-chat:theme";

fn remembered_theme() -> Option<Theme> {
    let stored = window().local_storage().ok()??.get_item(THEME_KEY).ok()??;
    match stored.as_str() {
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        _ => None,
    }
}

fn remember_theme(theme: Theme) {
    let Ok(Some(storage)) = window().local_storage() else { return };
    // A full storage costs only the memory of a choice.
    let _ = match theme {
        Theme::Light => storage.set_item(THEME_KEY, "light"),
        Theme::Dark => storage.set_item(THEME_KEY, "dark"),
        Theme::Auto => storage.remove_item(THEME_KEY),
    };
}
