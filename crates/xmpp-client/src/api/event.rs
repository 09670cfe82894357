//! Things that happened, for the page: the shell turns them into `converse-*` DOM events, notifications and callbacks.

use std::sync::Arc;

use xmpp::jid::{BareJid, FullJid};

use super::state::{ConversationId, SignInError, Transport};
use super::timeline::Item;

/// One occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Bound or resumed.
    Connected {
        /// The bound address.
        jid: FullJid,
        /// What carries it.
        transport: Transport,
        /// The session went on where it was (XEP-0198), nothing was lost.
        resumed: bool,
    },
    /// The connection is gone; whether it comes back by itself.
    Disconnected {
        /// It tries again.
        reconnecting: bool,
    },
    /// Signing in failed for good, or a site's URL failed (then retried with back-off).
    SignInFailed(SignInError),
    /// The session was ended by the person or the page.
    SignedOut,
    /// The client needs credentials: the shell asks the page's `credentials` and answers with [`super::Command::Credentials`].
    CredentialsWanted,
    /// Somebody else's message arrived live (not from history).
    MessageReceived {
        /// Where.
        conversation: ConversationId,
        /// What.
        item: Arc<Item>,
        /// The shown name of its author.
        name: String,
    },
    /// An own message was written into the timeline.
    MessageSent {
        /// Where.
        conversation: ConversationId,
        /// What.
        item: Arc<Item>,
    },
    /// The sum of unread messages changed.
    UnreadChanged {
        /// Over all conversations.
        total: u32,
    },
    /// Somebody asked to be a contact.
    ContactRequested(BareJid),
    /// Something the person asked for did not work.
    CommandFailed {
        /// Which command, a stable kebab-case word for translation (`add-contact`, `rename-contact`, …).
        command: &'static str,
        /// The stanza error condition.
        condition: String,
        /// The server's text.
        text: Option<String>,
    },
    /// Local storage is full or broken: the client goes on in memory.
    StorageDegraded,
}
