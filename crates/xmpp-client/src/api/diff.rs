//! How the shown state changed. A replica that applies every diff in order equals the client's own state.

use std::sync::Arc;

use xmpp::jid::BareJid;

use super::state::{Chat, Contact, ContactRequest, ConversationId, Profile, Session};
use super::timeline::Item;

/// One change, by topic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Diff {
    /// The session changed.
    Session(Arc<Session>),
    /// A contact appeared or changed.
    Contact(Arc<Contact>),
    /// A contact is gone.
    ContactRemoved(BareJid),
    /// The roster has arrived whole (also when empty): an empty list may be shown as empty.
    RosterComplete,
    /// A request to see our presence arrived or changed.
    Request(Arc<ContactRequest>),
    /// It was answered or withdrawn.
    RequestRemoved(BareJid),
    /// A conversation appeared or changed.
    Chat(Arc<Chat>),
    /// A conversation left the list.
    ChatRemoved(ConversationId),
    /// The timeline of an open conversation changed.
    Timeline {
        /// Which conversation.
        conversation: ConversationId,
        /// In this order.
        ops: Vec<TimelineOp>,
    },
    /// The own profile changed.
    Profile(Arc<Profile>),
    /// Everything is forgotten (sign-out, another account): start from nothing.
    Reset,
}

/// One step of a timeline change; indices count from the oldest loaded item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimelineOp {
    /// Replaces everything.
    Reset(Vec<Arc<Item>>),
    /// New items from `index` on.
    Insert {
        /// Where the first of them stands afterwards.
        index: usize,
        /// In order.
        items: Vec<Arc<Item>>,
    },
    /// The item at `index` has a new value (same [`super::TimelineId`]).
    Update {
        /// Where.
        index: usize,
        /// The new value.
        item: Arc<Item>,
    },
    /// `count` items from `index` on are gone.
    Remove {
        /// The first.
        index: usize,
        /// How many.
        count: usize,
    },
}
