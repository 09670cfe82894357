//! What stands in front: the selected conversation, the tab, a dialog, notices. A reducer, so that it is tested without a browser.

use xmpp::jid::BareJid;
use xmpp_client::api::{Command, ConversationId, Event, SignIn, SignInError};

use crate::bridge::UiEvent;
use crate::view_config::Theme;

/// The two lists of the sidebar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Conversations.
    #[default]
    Chats,
    /// Contacts.
    Contacts,
}

/// What lies over the panes. One at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The own account: presence, name, theme, signing out.
    Settings,
    /// Adding a contact.
    AddContact,
    /// Somebody's profile panel.
    Profile(BareJid),
    /// Asks before a contact is removed.
    RemoveContact(BareJid),
    /// Asks before signing out.
    SignOut,
}

/// A short message at the edge, gone by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its key.
    pub id: u32,
    /// What it says.
    pub kind: NoticeKind,
}

/// What a notice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Something asked for did not work.
    Failed {
        /// As in [`Event::CommandFailed`].
        command: &'static str,
        /// The server's text.
        text: Option<String>,
    },
    /// Messages are kept in memory only.
    StorageDegraded,
    /// A message's text is in the clipboard.
    Copied,
}

/// What stands in front.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UiState {
    /// Whether the overlay's panel is open.
    pub open: bool,
    /// The conversation in front.
    pub selected: Option<ConversationId>,
    /// Which list shows.
    pub tab: Tab,
    /// What lies over the panes.
    pub layer: Option<Layer>,
    /// Oldest first.
    pub notices: Vec<Notice>,
    /// The person's own choice of theme.
    pub theme: Option<Theme>,
    /// The sign-in form was sent and is not answered yet: it stays in view, busy.
    pub signing_in: bool,
    /// Why there is no session yet, while it is being tried again.
    pub failure: Option<SignInError>,
    next_notice: u32,
}

/// What can happen to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The view is being mounted.
    Configured {
        /// Whether the page wants the panel open.
        open: bool,
    },
    /// Opens the overlay's panel.
    Open,
    /// Closes it; the conversation in front stays selected for the next time.
    Close,
    /// Brings a conversation to the front, or none.
    Select(Option<ConversationId>),
    /// Shows the other list.
    Show(Tab),
    /// Puts something over the panes, or takes it away.
    Layer(Option<Layer>),
    /// Adds a notice.
    Notify(NoticeKind),
    /// Takes a notice away.
    Dismiss(u32),
    /// The person chose a theme.
    Theme(Theme),
    /// The sign-in form was sent.
    SignIn(SignIn),
    /// The person wants the site to sign in once more.
    SignInAgain,
    /// Signing in failed; perhaps it is tried again.
    Failed(SignInError),
    /// The account is gone.
    Reset,
}

impl Action {
    /// The notice that an event asks for.
    #[must_use]
    pub fn from_event(event: &Event) -> Option<Self> {
        match event {
            Event::CommandFailed { command, text, .. } => {
                Some(Self::Notify(NoticeKind::Failed { command, text: text.clone() }))
            }
            Event::SignInFailed(error) => Some(Self::Failed(error.clone())),
            Event::StorageDegraded => Some(Self::Notify(NoticeKind::StorageDegraded)),
            _ => None,
        }
    }
}

/// How many notices stand at once; older ones give way.
const NOTICES: usize = 3;

impl UiState {
    /// Applies an action; what it asks of the client and tells the page comes back.
    pub fn reduce(&mut self, action: Action) -> (Vec<Command>, Vec<UiEvent>) {
        let mut commands = Vec::new();
        let mut events = Vec::new();
        match action {
            Action::Configured { open } => self.open |= open,
            Action::Failed(error) => self.failure = Some(error),
            Action::Open if !self.open => {
                self.open = true;
                events.push(UiEvent::Opened);
            }
            Action::Close if self.open => {
                self.open = false;
                self.layer = None;
                events.push(UiEvent::Closed);
            }
            Action::Open | Action::Close => {}
            Action::Select(to) => {
                self.layer = None;
                if self.selected != to {
                    commands.extend(self.selected.take().map(Command::CloseChat));
                    commands.extend(to.clone().map(Command::OpenChat));
                    self.selected.clone_from(&to);
                    events.push(UiEvent::Shown(to));
                }
            }
            Action::Show(tab) => self.tab = tab,
            Action::Layer(layer) => self.layer = layer,
            Action::Notify(kind) => {
                self.notices.retain(|notice| notice.kind != kind);
                if self.notices.len() >= NOTICES {
                    self.notices.remove(0);
                }
                self.next_notice = self.next_notice.wrapping_add(1);
                self.notices.push(Notice { id: self.next_notice, kind });
            }
            Action::Dismiss(id) => self.notices.retain(|notice| notice.id != id),
            Action::Theme(theme) => {
                self.theme = Some(theme);
                events.push(UiEvent::ThemeChosen(theme));
            }
            Action::SignIn(how) => {
                self.signing_in = true;
                commands.push(Command::SignIn(how));
            }
            Action::SignInAgain => events.push(UiEvent::SignInWanted),
            Action::Reset => {
                *self = Self {
                    open: self.open,
                    theme: self.theme,
                    signing_in: self.signing_in,
                    next_notice: self.next_notice,
                    ..Self::default()
                };
            }
        }
        (commands, events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn romeo() -> ConversationId {
        ConversationId::chat(BareJid::new("romeo@example.net").unwrap())
    }

    #[test]
    fn selecting_closes_the_one_before_and_tells_both() {
        let mut ui = UiState::default();
        let juliet = ConversationId::chat(BareJid::new("juliet@example.com").unwrap());
        assert_eq!(ui.reduce(Action::Select(Some(romeo()))).0, [Command::OpenChat(romeo())]);
        let (commands, events) = ui.reduce(Action::Select(Some(juliet.clone())));
        assert_eq!(commands, [Command::CloseChat(romeo()), Command::OpenChat(juliet.clone())]);
        assert_eq!(events, [UiEvent::Shown(Some(juliet.clone()))]);
        assert_eq!(ui.reduce(Action::Select(Some(juliet))), (vec![], vec![]));
    }

    #[test]
    fn closing_twice_tells_once() {
        let mut ui = UiState::default();
        assert_eq!(ui.reduce(Action::Open).1, [UiEvent::Opened]);
        assert_eq!(ui.reduce(Action::Close).1, [UiEvent::Closed]);
        assert_eq!(ui.reduce(Action::Close).1, []);
    }

    #[test]
    fn notices_are_bounded_and_not_repeated() {
        let mut ui = UiState::default();
        for command in ["a", "b", "b", "c", "d"] {
            ui.reduce(Action::Notify(NoticeKind::Failed { command, text: None }));
        }
        let names: Vec<_> = ui
            .notices
            .iter()
            .map(|notice| match notice.kind {
                NoticeKind::Failed { command, .. } => command,
                _ => "",
            })
            .collect();
        assert_eq!(names, ["b", "c", "d"]);
    }

    #[test]
    fn another_account_starts_from_nothing_but_keeps_the_panel_open() {
        let mut ui = UiState::default();
        ui.reduce(Action::Open);
        ui.reduce(Action::Select(Some(romeo())));
        ui.reduce(Action::Reset);
        assert!(ui.open);
        assert_eq!(ui.selected, None);
    }
}
