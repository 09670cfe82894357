//! What goes into a [`Shard`](crate::Shard) and what comes out of it: plain data, nothing borrowed.

use std::collections::BTreeSet;
use std::sync::Arc;

use xmpp::ids::{ArchiveId, NodeName};
use xmpp::jid::{BareJid, Jid};
use xmpp::stanza::{Iq, Message, Presence, StreamError};
use xmpp::time::Mono;
use xmpp::xml::Element;
use xmpp_stream::server::{Inline, Password};

use crate::storage::{OpResult, Query, Rows, StorageError, StoreOp};

/// One authenticated connection of a client, whatever its transport. Given by the shell, unique for the life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(pub u64);

/// Joins a request to storage with its completion. Given by a shard, unique within that shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub u64);

/// One session: a bound resource, which may outlive its connection (XEP-0198). Unique within a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// The number of a shard, `0..HostConfig::shards`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardId(pub u16);

/// What a shard is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// A connection has authenticated as `account`; its shard is [`shard_of`](crate::shard_of) that account. Every element that
    /// follows on it (bind request, `<enable/>`, `<resume/>`, stanzas) comes as [`Input::Received`].
    Connected {
        /// The connection.
        conn: ConnId,
        /// Who it is.
        account: BareJid,
        /// SASL ANONYMOUS: nothing of this account is stored and it ends with its sessions.
        anonymous: bool,
        /// SASL2: what else it asked for, and what the stream leaves the shard to answer.
        inline: Option<Box<Inline>>,
    },
    /// One top-level element arrived.
    Received {
        /// From where.
        conn: ConnId,
        /// The shell's count of elements on this connection, rising; comes back in [`Output::Handled`].
        seq: u64,
        /// The element, namespace `jabber:client` or `urn:xmpp:sm:3`.
        element: Element,
    },
    /// The connection broke or timed out: its session may be resumed.
    Lost {
        /// The connection.
        conn: ConnId,
    },
    /// The client closed its stream (`</stream>`, `<close/>`, BOSH terminate): its session ends (XEP-0198 §5).
    Closed {
        /// The connection.
        conn: ConnId,
    },
    /// Something another shard, or this one, routed here.
    Routed(Envelope),
    /// A [`Output::Store`] is complete: all its operations are durable, or none was done. Completions come in the order of the
    /// requests of one shard.
    Stored {
        /// The request.
        token: Token,
        /// One result per operation, in their order; or why nothing was done.
        result: Result<Vec<OpResult>, StorageError>,
    },
    /// A [`Output::Load`] is answered.
    Loaded {
        /// The request.
        token: Token,
        /// What was read.
        result: Result<Rows, StorageError>,
    },
    /// What came of [`Output::SetPassword`].
    PasswordSet {
        /// The request.
        token: Token,
        /// Durable, or why not.
        result: Result<(), PasswordRefused>,
    },
    /// The time of the last [`Output::SetTimer`] has come (being early is harmless).
    Timer,
}

/// What a shard asks for.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send one element on a connection. It goes out now: what it promises is durable already.
    Transmit {
        /// Where to.
        conn: ConnId,
        /// A stanza or a nonza.
        element: Element,
    },
    /// Everything received on `conn` up to `seq` is dealt with for good: BOSH may answer, and the shell may read on if it bounds what
    /// is on the way.
    Handled {
        /// The connection.
        conn: ConnId,
        /// The `seq` of [`Input::Received`].
        seq: u64,
    },
    /// End the stream, with a stream error if there is one. The shard has forgotten the connection; inputs that name it are ignored.
    Close {
        /// The connection.
        conn: ConnId,
        /// RFC 6120 §4.9; `None` for a plain close.
        error: Option<StreamError>,
    },
    /// Hand an envelope to another shard. Envelopes from one shard to another must stay in order.
    Route {
        /// The shard, never this one.
        to: ShardId,
        /// What.
        envelope: Envelope,
    },
    /// Do all of `ops` in one transaction, and report with [`Input::Stored`] when they are durable.
    Store {
        /// Comes back in the completion.
        token: Token,
        /// In this order.
        ops: Vec<StoreOp>,
    },
    /// Make an account's keys anew, let none of its former keys and tokens be good any more, and report with [`Input::PasswordSet`] when
    /// that is durable.
    SetPassword {
        /// Comes back in the completion.
        token: Token,
        /// Whose.
        account: BareJid,
        /// Not empty.
        password: Password,
    },
    /// Read, and answer with [`Input::Loaded`]. A read sees every store that was reported complete before it was asked for.
    Load {
        /// Comes back in the completion.
        token: Token,
        /// What.
        query: Query,
    },
    /// Wake the shard with [`Input::Timer`] at this time; replaces the timer before; `None` switches it off.
    SetTimer(Option<Mono>),
}

/// Why a password was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordRefused {
    /// It cannot be one.
    Unusable,
    /// The account has never had one, and gets none this way: a site's visitor, or nobody.
    NotAllowed,
    /// Too often.
    TooMany,
    /// Storage cannot now.
    Unavailable,
}

/// What one shard tells the shard of another account. `to` decides the shard: [`shard_of`](crate::shard_of) its bare JID.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The address it is routed by: an account of this host, bare or full.
    pub to: Jid,
    /// What is routed.
    pub body: EnvelopeBody,
}

/// The kinds of [`Envelope`].
#[derive(Clone, Debug)]
pub enum EnvelopeBody {
    /// A message, stamped with its sender's full JID, durable if it is to be kept.
    Message {
        /// As the recipient's sessions get it, but for the stanza-id.
        message: Box<Message>,
        /// Its place in the recipient's archive.
        archived: Option<Archived>,
        /// Its place in the sender's archive, to be taken back if it bounces.
        sender_copy: Option<ArchiveId>,
    },
    /// Presence without a `type` or `unavailable`, broadcast or directed.
    Presence(Box<Presence>),
    /// `subscribe`, `subscribed`, `unsubscribe` or `unsubscribed` between bare JIDs (RFC 6121 §3).
    Subscription(Box<Presence>),
    /// `probe` (RFC 6121 §4.3); `from` is the full JID that asks.
    Probe {
        /// The session that wants to know.
        from: Jid,
    },
    /// A notification of a node (XEP-0163), for those sessions that want it.
    Event {
        /// Which node.
        node: NodeName,
        /// What has happened.
        message: Box<Message>,
    },
    /// A session wants the last items of these nodes.
    EventProbe {
        /// Which session.
        from: Jid,
        /// Which nodes.
        nodes: Arc<BTreeSet<NodeName>>,
    },
    /// A request or an answer.
    Iq(Box<Iq>),
}

/// Where a routed message stands in its recipient's storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// The row, to be reported delivered.
    pub id: ArchiveId,
    /// Whether queries of the archive find it, so that copies may carry the id as `stanza-id` (XEP-0359).
    pub visible: bool,
}
