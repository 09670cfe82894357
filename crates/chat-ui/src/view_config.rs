//! What the element tells the view: plain values from attributes and properties.

use yew::AttrValue;

/// How the chat stands in the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// A floating button that opens a panel; a sheet over the whole screen on phones.
    #[default]
    Overlay,
    /// Fills the element's box in the flow of the page.
    Embedded,
    /// Covers the window.
    Fullscreen,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the person's system says.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// Everything the page decides about the view. May change at run time ([`crate::Handle::configure`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewConfig {
    /// How the chat stands in the page.
    pub view: View,
    /// The page's choice; the person may override it in the menu, told by [`crate::UiEvent::ThemeChosen`].
    pub theme: Theme,
    /// Whether the overlay starts open.
    pub open: bool,
    /// Shown in the panel's head and on the sign-in form, for example the site's name. `None`: the translated default.
    pub title: Option<AttrValue>,
    /// Whether a person may sign in by the form; off where the page signs in (prebind, credentials).
    pub sign_in_form: bool,
    /// Written into the form's address field.
    pub jid: Option<AttrValue>,
    /// Appended to an address typed without a domain.
    pub domain: Option<AttrValue>,
    /// Features switched off, by id, as in `xmpp_client::api::Settings::disabled`.
    pub disabled: Vec<String>,
    /// Where not empty, only these features, as in `xmpp_client::api::Settings::enabled`.
    pub enabled: Vec<String>,
    /// Rows by windowing (`true`) or all of them in a plain list: the way out should windowing fail somewhere.
    pub virtual_lists: bool,
}

impl Default for ViewConfig {
    fn default() -> Self {
        Self {
            view: View::default(),
            theme: Theme::default(),
            open: false,
            title: None,
            sign_in_form: true,
            jid: None,
            domain: None,
            disabled: Vec::new(),
            enabled: Vec::new(),
            virtual_lists: true,
        }
    }
}

impl ViewConfig {
    /// Whether this optional feature is on.
    #[must_use]
    pub fn allows(&self, feature: &str) -> bool {
        !self.disabled.iter().any(|id| id == feature)
            && (self.enabled.is_empty() || self.enabled.iter().any(|id| id == feature))
    }
}
