//! What a person or the page asks of the client.

use xmpp::jid::BareJid;

use super::state::{Availability, ChatState, ConversationId};
use super::timeline::TimelineId;

/// One request to the client. A command never fails by itself: what came of it shows in diffs and events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Opens a session. Replaces the one there is.
    SignIn(SignIn),
    /// Ends the session in an orderly way and forgets its secrets; stored history of the account is wiped if `forget`.
    SignOut {
        /// Whether stored rows of this account are deleted too.
        forget: bool,
    },
    /// Tries again now, whatever the back-off says.
    Reconnect,
    /// The shell's answer to [`super::Event::CredentialsWanted`]; `None`: the page has none.
    Credentials(Option<Credentials>),
    /// Sends a message with this body; it shows as pending at once.
    SendMessage {
        /// Where to.
        conversation: ConversationId,
        /// Plain text, not empty after trimming.
        body: String,
    },
    /// Sends a failed message again, with the same ids.
    Retry {
        /// Where it stands.
        conversation: ConversationId,
        /// Which item.
        item: TimelineId,
    },
    /// Removes a failed message for good.
    Discard {
        /// Where it stands.
        conversation: ConversationId,
        /// Which item.
        item: TimelineId,
    },
    /// The view shows this conversation: timeline diffs flow, history loads. Also creates the conversation.
    OpenChat(ConversationId),
    /// The view no longer shows it: its timeline may be dropped from memory down to a tail.
    CloseChat(ConversationId),
    /// Removes the conversation from the list (not its archive).
    DismissChat(ConversationId),
    /// The reader reached the start of what is loaded, or asked for the gap after `before`.
    LoadHistory {
        /// Of which conversation.
        conversation: ConversationId,
        /// The gap item to fill; `None`: older than the first item.
        gap: Option<TimelineId>,
    },
    /// The person has seen everything up to this item: unread falls, a displayed marker may go out.
    MarkRead {
        /// Of which conversation.
        conversation: ConversationId,
        /// The newest item seen.
        up_to: TimelineId,
    },
    /// The composer's text changed; kept across reloads. Empty removes the draft.
    Draft {
        /// Of which conversation.
        conversation: ConversationId,
        /// The text.
        text: String,
    },
    /// What the person does in the composer (XEP-0085).
    Typing {
        /// Of which conversation.
        conversation: ConversationId,
        /// Composing, paused, active.
        state: ChatState,
    },
    /// Adds a contact and asks to see their presence (RFC 6121 §3.1).
    AddContact {
        /// Whom.
        jid: BareJid,
        /// Shown name, if any.
        name: Option<String>,
        /// Roster groups.
        groups: Vec<String>,
    },
    /// Accepts a request and asks back (RFC 6121 §3.1.4).
    AcceptContact(BareJid),
    /// Refuses a request.
    RefuseContact(BareJid),
    /// Changes the shown name (`None` removes it) and the groups.
    RenameContact {
        /// Whom.
        jid: BareJid,
        /// The new name.
        name: Option<String>,
        /// The new groups.
        groups: Vec<String>,
    },
    /// Removes a contact and both subscriptions (RFC 6121 §2.5).
    RemoveContact(BareJid),
    /// Own presence (RFC 6121 §4.7).
    SetPresence {
        /// Shown availability.
        availability: Availability,
        /// Free text.
        status: Option<String>,
    },
    /// Asks for somebody's profile (vCard); answered by a contact or profile diff.
    LoadProfile(BareJid),
    /// Sets the own shown name (vCard-temp).
    SetProfile {
        /// Full name or nickname.
        name: Option<String>,
    },
}

/// How to get a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// With an address and a password (a form).
    Password {
        /// `juliet@example.com`.
        jid: BareJid,
        /// The password. Kept only until the session stands; afterwards SCRAM keys for the tab.
        password: Password,
    },
    /// The page answers [`super::Event::CredentialsWanted`] each time a session is needed.
    Callback,
    /// A BOSH session made by the site: its URL answers `{jid, sid, rid}`.
    Prebind {
        /// Absolute or relative to the page; resolved by the shell.
        url: String,
    },
    /// SASL ANONYMOUS at this domain.
    Anonymous {
        /// The served domain.
        domain: String,
    },
    /// Whatever the tab kept from before a reload (SCRAM keys); falls back to nothing.
    Restore,
}

/// What the page's callback or property gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The account.
    pub jid: BareJid,
    /// Its password.
    pub password: Password,
}

/// A password that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}
