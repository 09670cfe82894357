//! What waits for storage, as data: there are no stored closures, so that a shard can be looked at in a debugger.

use xmpp::ids::NodeName;
use xmpp::jid::{BareJid, Jid};
use xmpp::stanza::{Condition, ErrorType, Iq, StanzaError};
use xmpp::xml::Element;

use crate::account::{Origin, RosterChange};
use crate::io::SessionId;
use crate::modules::blocking::BlockChange;
use crate::modules::pep::turn::NodeChange;
use crate::modules::{LoadThen, StoreThen};
use crate::route::outgoing::Outgoing;
use crate::session::queue::EntryId;
use crate::shard::Shard;
use crate::storage::{OpResult, Rows, StorageError};

/// A request under way.
#[derive(Debug)]
pub(crate) enum Pending {
    /// A message of a session is being archived.
    Message { session: SessionId, entry: EntryId, outgoing: Box<Outgoing> },
    /// An account's roster is being read.
    Roster { account: BareJid },
    /// An account's roster is being changed.
    RosterChange { account: BareJid, change: Box<RosterChange> },
    /// What an account has blocked is being changed.
    Blocks { account: BareJid, change: Box<BlockChange> },
    /// A password is being set.
    Password { account: BareJid, origin: Origin, iq: Box<Iq> },
    /// An account is being deleted.
    Cancel { account: BareJid, origin: Origin, iq: Box<Iq> },
    /// An account's nodes are being read, for the task in front.
    NodesLoaded { account: BareJid },
    /// Nodes or items are being changed.
    Nodes { account: BareJid, asker: Asker, iq: Box<Iq>, change: Box<NodeChange> },
    /// Which avatar an account has is being read, for the task in front.
    Photo { account: BareJid },
    /// The last item of a node is being read, for a session that came online.
    LastItem { account: BareJid, to: Jid, node: NodeName },
    /// A module is reading for an answer.
    Load { asker: Asker, iq: Box<Iq>, memo: Option<Element>, then: LoadThen },
    /// A module is writing for an answer.
    Store { asker: Asker, iq: Box<Iq>, then: StoreThen },
    /// Undelivered messages are being read.
    Drain { account: BareJid },
    /// Messages are being marked as delivered.
    Delivered { account: BareJid, rows: Vec<u64> },
    /// Nobody waits.
    Nobody,
}

/// Who waits for the answer to a request.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// The account that is asked; of a request to the domain, the one that asks.
    pub(crate) account: BareJid,
    /// One of the account's own sessions asks. `None`: the request was routed here.
    pub(crate) origin: Option<Origin>,
}

impl Shard {
    pub(crate) fn stored(&mut self, pending: Pending, result: Result<Vec<OpResult>, StorageError>) {
        match pending {
            Pending::Message { session, entry, outgoing } => self.message_stored(session, entry, *outgoing, result),
            Pending::RosterChange { account, change } => self.roster_changed(&account, *change, result),
            Pending::Blocks { account, change } => self.blocks_changed(&account, *change, result),
            Pending::Store { asker, iq, then } => self.iq_stored(asker, *iq, then, result),
            Pending::Delivered { account, rows } => self.marked_delivered(&account, &rows, result.is_ok()),
            Pending::Nodes { account, asker, iq, change } => {
                self.nodes_changed(&account, asker, *iq, *change, result);
            }
            Pending::Cancel { account, origin, iq } => self.account_cancelled(&account, origin, &iq, result),
            Pending::Roster { .. }
            | Pending::Load { .. }
            | Pending::Drain { .. }
            | Pending::Password { .. }
            | Pending::NodesLoaded { .. }
            | Pending::Photo { .. }
            | Pending::LastItem { .. }
            | Pending::Nobody => {}
        }
    }

    pub(crate) fn loaded(&mut self, pending: Pending, result: Result<Rows, StorageError>) {
        match pending {
            Pending::Roster { account } => self.roster_loaded(&account, result),
            Pending::Load { asker, iq, memo, then } => self.iq_loaded(asker, *iq, memo, then, result),
            Pending::Drain { account } => self.drained(&account, result),
            Pending::Photo { account } => self.photo_loaded(&account, result),
            Pending::NodesLoaded { account } => self.nodes_loaded(&account, result),
            Pending::LastItem { account, to, node } => self.last_item_loaded(&account, to, node, result),
            Pending::Message { .. }
            | Pending::RosterChange { .. }
            | Pending::Blocks { .. }
            | Pending::Password { .. }
            | Pending::Cancel { .. }
            | Pending::Nodes { .. }
            | Pending::Store { .. }
            | Pending::Delivered { .. }
            | Pending::Nobody => {}
        }
    }
}

/// What a client is told when storage fails: try later (RFC 6120 §8.3.2, type `wait`).
pub(crate) fn storage_error(error: &StorageError) -> StanzaError {
    let condition = match error {
        StorageError::Full => Condition::ResourceConstraint,
        StorageError::Busy | StorageError::Broken(_) => Condition::InternalServerError,
        StorageError::NoSuchAccount(_) => return StanzaError::from(Condition::ServiceUnavailable),
        StorageError::OverQuota => {
            return StanzaError::new(ErrorType::Modify, Condition::NotAcceptable)
                .with_text("too much is stored already");
        }
    };
    if let StorageError::Broken(reason) = error {
        tracing::error!(%reason, "storage failed");
    }
    StanzaError::new(ErrorType::Wait, condition)
}
