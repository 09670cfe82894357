//! Draws the client's state with Yew and turns gestures into [`xmpp_client::api::Command`]s.
//!
//! It knows the client's public data and nothing of stanzas, sockets or storage; the shell owns the element, the driver and the
//! browser's `Intl`. Start reading at [`bridge`] (how state comes in), then [`app`], then [`features`] (what fills the slots).
//!
//! The shell makes a [`Bridge`] per client (it outlives views) and calls [`mount`] per shown element.

pub mod app;
pub mod bridge;
mod child;
pub mod components;
pub mod features;
pub mod hooks;
pub mod icons;
mod kept;
pub mod links;
pub mod locale;
pub mod look;
pub mod msg;
pub mod parts;
pub mod replica;
pub mod rows;
pub mod slots;
pub mod ui_state;
mod view;
pub mod view_config;
pub mod virtual_list;

pub use bridge::{Bridge, Page, Topic, UiEvent};
pub use locale::{Intl, Locale, Plural};
pub use msg::Msg;
pub use view_config::{Theme, View, ViewConfig};

use yew::AppHandle;

/// A mounted view. Dropping it leaves the view where it is; [`Handle::unmount`] removes it.
pub struct Handle {
    app: AppHandle<child::Child>,
    bridge: Bridge,
    locale: Locale,
    config: ViewConfig,
}

/// Draws into `root`, an empty element inside the shadow root (the stylesheet is the shell's to adopt).
#[must_use]
pub fn mount(root: web_sys::Element, bridge: Bridge, locale: Locale, config: ViewConfig) -> Handle {
    bridge.act(ui_state::Action::Configured { open: config.open });
    let props = app::AppProps { bridge: bridge.clone(), locale: locale.clone(), config: config.clone() };
    let app = yew::Renderer::<child::Child>::with_root_and_props(root, child::props::<app::App>(props)).render();
    Handle { app, bridge, locale, config }
}

impl Handle {
    /// Takes other settings of the view; nothing typed is lost.
    pub fn configure(&mut self, config: ViewConfig) {
        self.config = config;
        self.update();
    }

    /// Takes another language.
    pub fn set_locale(&mut self, locale: Locale) {
        self.locale = locale;
        self.update();
    }

    /// Opens the overlay's panel.
    pub fn open(&self) {
        self.bridge.act(ui_state::Action::Open);
    }

    /// Closes the overlay's panel.
    pub fn close(&self) {
        self.bridge.act(ui_state::Action::Close);
    }

    /// Brings a conversation to the front, also opening the panel.
    pub fn show(&self, conversation: xmpp_client::api::ConversationId) {
        self.bridge.act(ui_state::Action::Select(Some(conversation)));
        self.bridge.act(ui_state::Action::Open);
    }

    /// Removes the view; the bridge and the session go on.
    pub fn unmount(self) {
        self.app.destroy();
    }

    fn update(&mut self) {
        let (bridge, locale, config) = (self.bridge.clone(), self.locale.clone(), self.config.clone());
        self.app.update(child::props::<app::App>(app::AppProps { bridge, locale, config }));
    }
}
