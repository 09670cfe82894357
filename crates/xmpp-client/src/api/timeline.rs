//! What a conversation shows, one item a row.

use std::sync::Arc;

use xmpp::ids::StanzaId;
use xmpp::jid::BareJid;
use xmpp::time::Timestamp;

/// The stable key of a row: given once, kept when a local echo meets its archived self.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimelineId(pub u64);

/// One row. Order is the timeline's (the archive's), never the clock's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its key.
    pub id: TimelineId,
    /// When it was said, by the best clock known (archive or delay stamp, else arrival).
    pub at: Timestamp,
    /// What it is.
    pub kind: ItemKind,
}

/// What a row is. Day dividers and the unread marker are made by the view from `at` and [`super::Chat::first_unread`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemKind {
    /// Somebody said something.
    Message {
        /// Who.
        author: Author,
        /// Plain text, drawn as text.
        body: Arc<str>,
        /// How far our own message got; `None` for others' messages.
        delivery: Option<Delivery>,
        /// The id somebody trustworthy gave it (XEP-0359), once known.
        stanza_id: Option<StanzaId>,
    },
    /// Messages are missing here; [`super::Command::LoadHistory`] fills it.
    Gap {
        /// Whether it is being filled now.
        loading: bool,
        /// Whether the last try failed.
        failed: bool,
    },
}

/// Who said it. Occupants and MIX participants come later.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Author {
    /// This account, from this or another device.
    Own,
    /// The contact.
    Contact(BareJid),
}

/// How far an own message got (invariant 6: it is always in one of these).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Written down here, not yet acknowledged by the server.
    Pending,
    /// The server has it for good.
    Sent,
    /// The other side's client has it (XEP-0184).
    Delivered,
    /// The other side has seen it (XEP-0333).
    Read,
    /// It did not go; the person can retry or discard.
    Failed {
        /// The stanza error's condition, or a word of ours (`timeout`).
        condition: String,
        /// The error's text, if any.
        text: Option<String>,
    },
}
