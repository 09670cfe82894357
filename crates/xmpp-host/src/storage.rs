//! Storage as requests and completions. The host never waits: it emits a [`StoreOp`] list or a [`Query`] under a token and goes on.
//!
//! One list is one transaction: all of its operations or none. What fills these in is SQLite in the server and a map in tests.
//! Archive ids are decimal row numbers, rising over the whole database in commit order, never used twice; see [`id_order`].

use std::cmp::Ordering;

use xmpp::ids::{ArchiveId, ItemId, NodeName, OriginId};
use xmpp::jid::{BareJid, Jid};
use xmpp::time::Timestamp;

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreOp {
    /// Keep one message, in the archives of up to two accounts. Answer: [`OpResult::Archived`] or [`OpResult::Duplicate`].
    Archive(Box<ArchiveMessage>),
    /// Take a row back (the message bounced), so that the same message may be sent again. Answer: `Done`, also when there is no such row.
    Unarchive {
        /// Whose archive.
        owner: BareJid,
        /// Which row.
        id: ArchiveId,
    },
    /// The row has reached a client: it is no longer undelivered; a row that is not `visible` is deleted. Answer: `Done`.
    Delivered {
        /// Whose archive.
        owner: BareJid,
        /// Which row.
        id: ArchiveId,
    },
    /// Write one roster item whole (insert or replace) and raise the roster's version by one. Answer: [`OpResult::RosterVersion`].
    RosterPut {
        /// Whose roster.
        owner: BareJid,
        /// The item.
        row: RosterRow,
    },
    /// Delete one roster item and raise the roster's version by one. Answer: [`OpResult::RosterVersion`].
    RosterRemove {
        /// Whose roster.
        owner: BareJid,
        /// Which item.
        jid: BareJid,
    },
    /// Delete the account with everything that is its own. Answer: `Done`.
    RemoveAccount {
        /// Which.
        owner: BareJid,
    },
    /// Make a node of the account's publish-subscribe service (XEP-0163), or configure it anew. Answer: `Done`.
    NodePut {
        /// Whose.
        owner: BareJid,
        /// Which.
        node: NodeName,
        /// Opaque text.
        config: String,
    },
    /// Delete a node with its items. Answer: `Done`, also when there is no such node.
    NodeRemove {
        /// Whose.
        owner: BareJid,
        /// Which.
        node: NodeName,
    },
    /// Delete all items of a node. Answer: `Done`.
    NodePurge {
        /// Whose.
        owner: BareJid,
        /// Which.
        node: NodeName,
    },
    /// Put an item into a node, as its newest, in place of the one with the same id. Answer: `Done`, or [`OpResult::NoSuchItem`] if there is
    /// no such node.
    ItemPut {
        /// Whose.
        owner: BareJid,
        /// Into which node.
        node: NodeName,
        /// What.
        item: ItemRow,
        /// Then delete all but the newest so many.
        keep: u32,
        /// If the payloads of all items of the account would then have more bytes than this: [`StorageError::OverQuota`] for the whole
        /// transaction.
        quota: u64,
    },
    /// Delete an item. Answer: `Done` or [`OpResult::NoSuchItem`].
    ItemRemove {
        /// Whose.
        owner: BareJid,
        /// From which node.
        node: NodeName,
        /// Which.
        id: ItemId,
    },
    /// Add addresses to those that the account has blocked (XEP-0191); one that is there already stays. Answer: `Done`.
    Block {
        /// Whose list.
        owner: BareJid,
        /// Bare, full or domain.
        jids: Vec<Jid>,
    },
    /// Take addresses off that list. Answer: `Done`.
    Unblock {
        /// Whose list.
        owner: BareJid,
        /// Those that are not there do not matter.
        jids: Vec<Jid>,
    },
    /// Replace the account's `<vCard xmlns='vcard-temp'/>`. Answer: `Done`.
    VcardPut {
        /// Whose.
        owner: BareJid,
        /// The element as XML.
        xml: String,
    },
    /// Replace one element of private storage (XEP-0049), keyed by its name and namespace. Answer: `Done`.
    PrivatePut {
        /// Whose.
        owner: BareJid,
        /// Local name of the element.
        name: String,
        /// Its namespace.
        ns: String,
        /// The element as XML.
        xml: String,
        /// If all private elements of the account would then have more bytes of XML than this:
        /// [`StorageError::OverQuota`] for the whole transaction.
        quota: u64,
    },
}

/// One message to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveMessage {
    /// The message as XML, `from` and `to` stamped.
    pub stanza: String,
    /// When the host took it.
    pub at: Timestamp,
    /// If this pair was archived before (and not taken back), nothing is written and the answer is [`OpResult::Duplicate`]. The account
    /// is the sender, whose copy is among `copies`; the pair is kept with that row.
    pub dedupe: Option<(BareJid, OriginId)>,
    /// If the owner of an incoming copy has blocked its `with` ([`StoreOp::Block`], by any of
    /// [`spellings`](crate::modules::blocking::spellings)), nothing is written and the answer is [`OpResult::Blocked`].
    pub mind_blocks: bool,
    /// One row each, ids in this order. An owner without an account: [`StorageError::NoSuchAccount`] for the whole transaction.
    pub copies: Vec<ArchiveCopy>,
}

/// One account's row of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveCopy {
    /// Whose archive.
    pub owner: BareJid,
    /// The other party, with the resource if it had one. A query by bare JID finds it whatever the resource.
    pub with: Jid,
    /// The owner sent it.
    pub outgoing: bool,
    /// No client of the owner has it yet: it stands in [`Query::Undelivered`] until [`StoreOp::Delivered`].
    pub undelivered: bool,
    /// [`Query::Archive`] finds it. `false`: kept for delivery only, then deleted (XEP-0334 `no-permanent-store`).
    pub visible: bool,
}

/// One roster item with the server's side of its subscription state (RFC 6121 Appendix A).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterRow {
    /// The contact.
    pub jid: BareJid,
    /// The user's name for it.
    pub name: Option<String>,
    /// The user's groups.
    pub groups: Vec<String>,
    /// `none`, `to`, `from`, `both`.
    pub subscription: Subscription,
    /// `ask='subscribe'`: the user has asked and was not answered ("Pending Out").
    pub ask: bool,
    /// Pre-approved (RFC 6121 §3.4).
    pub approved: bool,
    /// The contact has asked and was not answered ("Pending In"): the request as XML, to be shown at each sign-in.
    pub pending_in: Option<String>,
    /// Part of the roster the user sees. `false` for a contact that has only asked.
    pub listed: bool,
}

/// Whose presence goes to whom (RFC 6121 §2.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Subscription {
    /// Neither.
    #[default]
    None,
    /// The user sees the contact.
    To,
    /// The contact sees the user.
    From,
    /// Each sees the other.
    Both,
}

impl Subscription {
    /// The attribute's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::To => "to",
            Self::From => "from",
            Self::Both => "both",
        }
    }

    /// From the attribute's value.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::To, Self::From, Self::Both].into_iter().find(|it| it.as_str() == text)
    }

    /// The user gets the contact's presence.
    pub fn to(self) -> bool {
        matches!(self, Self::To | Self::Both)
    }

    /// The contact gets the user's presence.
    pub fn from(self) -> bool {
        matches!(self, Self::From | Self::Both)
    }

    /// Both directions together.
    pub fn of(to: bool, from: bool) -> Self {
        match (to, from) {
            (false, false) => Self::None,
            (true, false) => Self::To,
            (false, true) => Self::From,
            (true, true) => Self::Both,
        }
    }
}

/// The answer to one [`StoreOp`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpResult {
    /// Done.
    Done,
    /// The rows of an [`ArchiveMessage`], in the order of its copies.
    Archived {
        /// One per copy.
        ids: Vec<ArchiveId>,
    },
    /// The message was archived before; nothing written by this operation.
    Duplicate,
    /// There is no such item, or no such node.
    NoSuchItem,
    /// The recipient has blocked the sender; nothing written by this operation.
    Blocked,
    /// The roster's version after this write.
    RosterVersion(u64),
}

/// One read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Answer: [`Rows::Exists`].
    AccountExists(BareJid),
    /// The whole roster, with what the account has blocked. Answer: [`Rows::Roster`] or [`Rows::NoSuchAccount`].
    Roster(BareJid),
    /// A page of an archive. Answer: [`Rows::Archive`] or [`Rows::NoSuchId`].
    Archive(Box<ArchiveQuery>),
    /// The undelivered rows, oldest first, ids above `after`, `max` at most. Answer: [`Rows::Undelivered`].
    Undelivered {
        /// Whose.
        owner: BareJid,
        /// From here on.
        after: Option<ArchiveId>,
        /// How many.
        max: u32,
    },
    /// Which nodes there are. Answer: [`Rows::Nodes`]; none for an account that does not exist.
    Nodes(BareJid),
    /// Items of a node, newest first. Answer: [`Rows::Items`].
    Items {
        /// Whose.
        owner: BareJid,
        /// Of which node.
        node: NodeName,
        /// Which of them.
        wanted: ItemsWanted,
    },
    /// Answer: [`Rows::Vcard`] or [`Rows::NoSuchAccount`].
    Vcard(BareJid),
    /// Answer: [`Rows::Private`].
    Private {
        /// Whose.
        owner: BareJid,
        /// Local name of the element.
        name: String,
        /// Its namespace.
        ns: String,
    },
}

/// Which items of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemsWanted {
    /// The newest so many.
    Newest(u32),
    /// Those of these that there are.
    Ids(Vec<ItemId>),
}

/// One item of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRow {
    /// Its id, unique in its node.
    pub id: ItemId,
    /// When it was published.
    pub at: Timestamp,
    /// The payload as XML; empty if there is none.
    pub payload: String,
}

/// A page of one account's archive (XEP-0313 §4). All conditions hold together; only `visible` rows count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveQuery {
    /// Whose archive.
    pub owner: BareJid,
    /// Bare: any resource of it; full: exactly it.
    pub with: Option<Jid>,
    /// At or after.
    pub start: Option<Timestamp>,
    /// At or before.
    pub end: Option<Timestamp>,
    /// Filter: rows after this id (`after-id` of the form). An unknown id: [`Rows::NoSuchId`].
    pub after_id: Option<ArchiveId>,
    /// Filter: rows before this id (`before-id` of the form). An unknown id: [`Rows::NoSuchId`].
    pub before_id: Option<ArchiveId>,
    /// Exactly these rows (`ids` of the form); one that is not in the archive: [`Rows::NoSuchId`].
    pub ids: Option<Vec<ArchiveId>>,
    /// Which page of what the filters leave.
    pub page: Page,
    /// Rows of one page at most, at least 1 unless nothing but the count is wanted (0).
    pub max: u32,
}

/// Result Set Management (XEP-0059) within the filtered rows. An id that is not in the owner's archive: [`Rows::NoSuchId`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The oldest `max`.
    First,
    /// The oldest `max` after this one.
    After(ArchiveId),
    /// The newest `max`.
    Last,
    /// The newest `max` before this one.
    Before(ArchiveId),
}

/// The answer to a [`Query`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Whether there is such an account.
    Exists(bool),
    /// The query names an account that does not exist.
    NoSuchAccount,
    /// The query names an archive id that is not in this archive.
    NoSuchId,
    /// A roster.
    Roster {
        /// 0 for a roster that was never written.
        version: u64,
        /// Every item, also those not `listed`.
        rows: Vec<RosterRow>,
        /// What the account has blocked.
        blocked: Vec<Jid>,
    },
    /// A page of an archive.
    Archive {
        /// Oldest first, whichever the page.
        rows: Vec<ArchiveRow>,
        /// There is nothing further in the direction of the page (before it for `Last` and `Before`, after it otherwise).
        complete: bool,
        /// How many rows the filters leave over all pages.
        count: u64,
        /// How many of these come before the first one of this page; `None` when the page is empty.
        index: Option<u64>,
    },
    /// Undelivered rows, oldest first.
    Undelivered(Vec<ArchiveRow>),
    /// Every node with its configuration, in the order of their names.
    Nodes(Vec<(NodeName, String)>),
    /// Items of a node, newest first.
    Items(Vec<ItemRow>),
    /// The vCard as XML.
    Vcard(Option<String>),
    /// The private element as XML.
    Private(Option<String>),
}

/// One archived message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveRow {
    /// Its id.
    pub id: ArchiveId,
    /// When the host took it.
    pub at: Timestamp,
    /// The message as XML.
    pub stanza: String,
    /// As in [`ArchiveCopy`].
    pub visible: bool,
}

/// Why a transaction was not done, or a read not answered. In every case nothing of the transaction was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// No room on the disk: `resource-constraint`, type `wait`.
    #[error("storage is full")]
    Full,
    /// Too much to do now, try later.
    #[error("storage is busy")]
    Busy,
    /// Anything else.
    #[error("storage failed: {0}")]
    Broken(String),
    /// An operation names an owner that has no account.
    #[error("no account {0}")]
    NoSuchAccount(BareJid),
    /// A quota would be exceeded.
    #[error("quota exceeded")]
    OverQuota,
}

/// Compares archive ids by age: they are decimal numbers without leading zeros, so the longer one is the later one.
pub fn id_order(a: &ArchiveId, b: &ArchiveId) -> Ordering {
    let (a, b) = (a.as_str(), b.as_str());
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}
