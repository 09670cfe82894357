//! The shown state, as snapshots behind shared pointers.

use std::sync::Arc;

use xmpp::jid::{BareJid, FullJid};
use xmpp::time::{Mono, Timestamp};

/// The session as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Where it stands.
    pub phase: Phase,
    /// The bound address, kept while reconnecting.
    pub jid: Option<FullJid>,
    /// What carries it.
    pub transport: Option<Transport>,
    /// Own availability and status text.
    pub availability: Availability,
    /// Free text.
    pub status: Option<String>,
}

/// The life of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is wanted. `error` says why the last try or session ended, if it did so against the person's will.
    SignedOut {
        /// Why.
        error: Option<SignInError>,
    },
    /// The first connection is being made.
    Connecting,
    /// Bound or resumed; everything works.
    Online,
    /// Lost; comes back by itself.
    Reconnecting {
        /// When the next try starts, on the monotonic clock; `None`: it runs now, or waits for the network.
        at: Option<Mono>,
        /// The browser says that there is no network.
        offline: bool,
    },
}

/// Why somebody is not signed in, in terms the UI has words for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInError {
    /// Wrong address or password.
    NotAuthorized,
    /// The account is disabled.
    AccountDisabled,
    /// No common SASL mechanism, or only ones that are not safe here.
    NoMechanism,
    /// The server offers less than this account used before, or its signature was wrong.
    Insecure,
    /// Neither WebSocket nor BOSH answers; carries what was tried.
    Unreachable {
        /// Addresses, for the details.
        tried: Vec<String>,
    },
    /// The domain is not served there.
    HostUnknown,
    /// The site's prebind or credentials answer was not usable.
    Site {
        /// HTTP status, 0 when there was no answer.
        status: u16,
        /// What was wrong, in English, for the site's developer.
        detail: String,
    },
    /// Another session took this one's place.
    Conflict,
    /// The server ended the stream.
    Stream {
        /// The defined condition's name.
        condition: String,
        /// The server's text.
        text: Option<String>,
    },
    /// Signed in too often in too short a time.
    TooManyAttempts,
}

/// What carries the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// RFC 7395.
    WebSocket,
    /// XEP-0206.
    Bosh,
}

/// RFC 6121 §4.7.2.1, with the two ends that have no `<show/>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Availability {
    /// `chat`.
    Chat,
    /// Available without `<show/>`.
    Online,
    /// `away`.
    Away,
    /// `xa`.
    ExtendedAway,
    /// `dnd`.
    DoNotDisturb,
    /// Unavailable.
    Offline,
}

/// Roster subscription (RFC 6121 §2.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subscription {
    /// Neither sees the other.
    None,
    /// We see them.
    To,
    /// They see us.
    From,
    /// Both.
    Both,
}

/// One roster item with what is known of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Who.
    pub jid: BareJid,
    /// The name to show: roster name, else vCard name, else the local part. Never empty.
    pub name: String,
    /// The roster's own `name` attribute.
    pub roster_name: Option<String>,
    /// Roster groups, sorted.
    pub groups: Vec<String>,
    /// Subscription state.
    pub subscription: Subscription,
    /// We asked and wait (`ask='subscribe'`).
    pub pending_out: bool,
    /// The best of their resources.
    pub availability: Availability,
    /// Its status text.
    pub status: Option<String>,
    /// A `data:` URL of a checked image, ready for an `<img>`; `None`: draw initials.
    pub avatar: Option<Arc<str>>,
}

/// Somebody asks to see our presence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRequest {
    /// Who.
    pub jid: BareJid,
    /// Their nickname, if they said one (XEP-0172), as text.
    pub name: Option<String>,
    /// Their words.
    pub message: Option<String>,
}

/// Which conversation. The account is not in here: one client, one account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId {
    /// What kind of peer.
    pub kind: ConversationKind,
    /// The peer's bare address.
    pub jid: BareJid,
}

impl ConversationId {
    /// A conversation with one person.
    pub fn chat(jid: BareJid) -> Self {
        Self { kind: ConversationKind::Chat, jid }
    }
}

/// What stands on the other side; groups come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ConversationKind {
    /// One person.
    Chat,
}

/// A line of the conversation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// Which.
    pub id: ConversationId,
    /// Shown name, as in [`Contact::name`] also for people outside the roster.
    pub name: String,
    /// Text of the newest message, one line, at most 200 characters.
    pub preview: Option<String>,
    /// Whether the newest message is our own.
    pub preview_own: bool,
    /// When the newest message was said: the list is sorted by it, newest first.
    pub last: Option<Timestamp>,
    /// How many messages of others were not seen.
    pub unread: u32,
    /// The first unread item, for the new-messages divider.
    pub first_unread: Option<super::TimelineId>,
    /// What the other side does now.
    pub composing: Composing,
    /// The unsent text.
    pub draft: String,
    /// Where history stands: whether older items exist on the server or in the store.
    pub older: Older,
}

/// Whether the timeline can grow at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// Not known yet or more exists.
    More,
    /// Being fetched.
    Loading,
    /// The first item is the first there is.
    Complete,
    /// The last try failed; may be tried again.
    Failed,
}

/// The other side's chat state (XEP-0085) reduced to what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Composing {
    /// Nothing.
    No,
    /// Typing now.
    Yes,
    /// Typed and stopped.
    Paused,
}

/// Own chat state as the composer reports it (XEP-0085 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatState {
    /// Looking at the conversation.
    Active,
    /// Typing.
    Composing,
    /// Stopped typing.
    Paused,
    /// Not looking.
    Inactive,
    /// Closed it.
    Gone,
}

/// The own account's profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Own shown name.
    pub name: Option<String>,
    /// As in [`Contact::avatar`].
    pub avatar: Option<Arc<str>>,
}
