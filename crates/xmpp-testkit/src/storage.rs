//! The host's storage in memory, with the meaning of `xmpp_host::storage` and nothing durable about it. Faults are the caller's: it
//! decides when a request is carried out and whether it fails.

use std::collections::{BTreeMap, BTreeSet};

use xmpp::ids::{ArchiveId, NodeName, OriginId};
use xmpp::jid::{BareJid, Jid};
use xmpp::time::Timestamp;
use xmpp_host::modules::blocking;
use xmpp_host::storage::{
    ArchiveCopy, ArchiveMessage, ArchiveQuery, ArchiveRow, ItemRow, ItemsWanted, OpResult, Page, Query, RosterRow,
    Rows, StorageError, StoreOp,
};

/// One archived row with everything a query asks for.
#[derive(Clone, Debug)]
struct Stored {
    id: u64,
    with: Jid,
    undelivered: bool,
    visible: bool,
    at: Timestamp,
    stanza: String,
    dedupe: Option<(BareJid, OriginId)>,
}

/// A node: its configuration, and its items, oldest first.
#[derive(Clone, Debug, Default)]
struct Node {
    config: String,
    items: Vec<ItemRow>,
}

#[derive(Clone, Debug, Default)]
struct Account {
    roster: BTreeMap<BareJid, RosterRow>,
    roster_version: u64,
    blocked: BTreeSet<Jid>,
    nodes: BTreeMap<NodeName, Node>,
    archive: Vec<Stored>,
    vcard: Option<String>,
    private: BTreeMap<(String, String), String>,
}

/// All accounts of a host. Cloning it is what a crash-safe database survives with.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    accounts: BTreeMap<BareJid, Account>,
    last_id: u64,
}

impl MemoryStorage {
    /// A database with these accounts.
    pub fn with_accounts<'a>(accounts: impl IntoIterator<Item = &'a BareJid>) -> Self {
        let accounts = accounts.into_iter().map(|jid| (jid.clone(), Account::default())).collect();
        Self { accounts, last_id: 0 }
    }

    /// Does one transaction: all of `ops`, or nothing and why.
    pub fn store(&mut self, ops: &[StoreOp]) -> Result<Vec<OpResult>, StorageError> {
        let before = self.clone();
        let results: Result<Vec<OpResult>, StorageError> = ops.iter().map(|op| self.apply(op)).collect();
        if results.is_err() {
            *self = before;
        }
        results
    }

    /// Answers one read.
    pub fn load(&self, query: &Query) -> Rows {
        match query {
            Query::AccountExists(jid) => Rows::Exists(self.accounts.contains_key(jid)),
            Query::Roster(jid) => match self.accounts.get(jid) {
                Some(account) => Rows::Roster {
                    version: account.roster_version,
                    rows: account.roster.values().cloned().collect(),
                    blocked: account.blocked.iter().cloned().collect(),
                },
                None => Rows::NoSuchAccount,
            },
            Query::Archive(query) => self.page(query),
            Query::Undelivered { owner, after, max } => {
                let after = after.as_ref().map_or(0, number);
                let rows = self.rows(owner).filter(|row| row.undelivered && row.id > after).take(*max as usize);
                Rows::Undelivered(rows.map(shown).collect())
            }
            Query::Nodes(owner) => {
                let nodes = self.accounts.get(owner).into_iter().flat_map(|account| &account.nodes);
                Rows::Nodes(nodes.map(|(name, node)| (name.clone(), node.config.clone())).collect())
            }
            Query::Items { owner, node, wanted } => {
                let node = self.accounts.get(owner).and_then(|account| account.nodes.get(node));
                let items = node.into_iter().flat_map(|node| node.items.iter().rev());
                Rows::Items(match wanted {
                    ItemsWanted::Newest(most) => items.take(*most as usize).cloned().collect(),
                    ItemsWanted::Ids(ids) => items.filter(|item| ids.contains(&item.id)).cloned().collect(),
                })
            }
            Query::Vcard(jid) => match self.accounts.get(jid) {
                Some(account) => Rows::Vcard(account.vcard.clone()),
                None => Rows::NoSuchAccount,
            },
            Query::Private { owner, name, ns } => {
                let key = (name.clone(), ns.clone());
                Rows::Private(self.accounts.get(owner).and_then(|account| account.private.get(&key).cloned()))
            }
        }
    }

    /// Every visible message of one archive, oldest first: what the judge compares with.
    pub fn history(&self, owner: &BareJid) -> Vec<String> {
        self.rows(owner).filter(|row| row.visible).map(|row| row.stanza.clone()).collect()
    }

    fn rows(&self, owner: &BareJid) -> impl Iterator<Item = &Stored> {
        self.accounts.get(owner).into_iter().flat_map(|account| &account.archive)
    }

    fn account(&mut self, jid: &BareJid) -> Result<&mut Account, StorageError> {
        self.accounts.get_mut(jid).ok_or_else(|| StorageError::NoSuchAccount(jid.clone()))
    }

    fn apply(&mut self, op: &StoreOp) -> Result<OpResult, StorageError> {
        match op {
            StoreOp::Archive(message) => self.archive(message),
            StoreOp::Unarchive { owner, id } => {
                let id = number(id);
                self.account(owner)?.archive.retain(|row| row.id != id);
                Ok(OpResult::Done)
            }
            StoreOp::Delivered { owner, id } => {
                let id = number(id);
                let archive = &mut self.account(owner)?.archive;
                if let Some(row) = archive.iter_mut().find(|row| row.id == id) {
                    row.undelivered = false;
                }
                archive.retain(|row| row.id != id || row.visible);
                Ok(OpResult::Done)
            }
            StoreOp::RosterPut { owner, row } => {
                let account = self.account(owner)?;
                account.roster.insert(row.jid.clone(), row.clone());
                account.roster_version += 1;
                Ok(OpResult::RosterVersion(account.roster_version))
            }
            StoreOp::RosterRemove { owner, jid } => {
                let account = self.account(owner)?;
                account.roster.remove(jid);
                account.roster_version += 1;
                Ok(OpResult::RosterVersion(account.roster_version))
            }
            StoreOp::NodePut { owner, node, config } => {
                self.account(owner)?.nodes.entry(node.clone()).or_default().config.clone_from(config);
                Ok(OpResult::Done)
            }
            StoreOp::NodeRemove { owner, node } => {
                self.account(owner)?.nodes.remove(node);
                Ok(OpResult::Done)
            }
            StoreOp::NodePurge { owner, node } => {
                if let Some(node) = self.account(owner)?.nodes.get_mut(node) {
                    node.items.clear();
                }
                Ok(OpResult::Done)
            }
            StoreOp::ItemPut { owner, node, item, keep, quota } => {
                let nodes = &mut self.account(owner)?.nodes;
                let Some(node) = nodes.get_mut(node) else { return Ok(OpResult::NoSuchItem) };
                node.items.retain(|it| it.id != item.id);
                node.items.push(item.clone());
                let surplus = node.items.len().saturating_sub(*keep as usize);
                node.items.drain(..surplus);
                let bytes: u64 =
                    nodes.values().flat_map(|node| &node.items).map(|item| item.payload.len() as u64).sum();
                if bytes > *quota { Err(StorageError::OverQuota) } else { Ok(OpResult::Done) }
            }
            StoreOp::ItemRemove { owner, node, id } => {
                let node = self.account(owner)?.nodes.get_mut(node);
                let at = node.as_ref().and_then(|node| node.items.iter().position(|item| item.id == *id));
                match (node, at) {
                    (Some(node), Some(at)) => {
                        node.items.remove(at);
                        Ok(OpResult::Done)
                    }
                    _ => Ok(OpResult::NoSuchItem),
                }
            }
            StoreOp::RemoveAccount { owner } => {
                self.account(owner)?;
                self.accounts.remove(owner);
                Ok(OpResult::Done)
            }
            StoreOp::Block { owner, jids } => {
                self.account(owner)?.blocked.extend(jids.iter().cloned());
                Ok(OpResult::Done)
            }
            StoreOp::Unblock { owner, jids } => {
                self.account(owner)?.blocked.retain(|jid| !jids.contains(jid));
                Ok(OpResult::Done)
            }
            StoreOp::VcardPut { owner, xml } => {
                self.account(owner)?.vcard = Some(xml.clone());
                Ok(OpResult::Done)
            }
            StoreOp::PrivatePut { owner, name, ns, xml, quota } => {
                let private = &mut self.account(owner)?.private;
                private.insert((name.clone(), ns.clone()), xml.clone());
                let bytes: u64 = private.values().map(|xml| xml.len() as u64).sum();
                if bytes > *quota { Err(StorageError::OverQuota) } else { Ok(OpResult::Done) }
            }
        }
    }

    fn archive(&mut self, message: &ArchiveMessage) -> Result<OpResult, StorageError> {
        if let Some((sender, _)) = &message.dedupe
            && self.rows(sender).any(|row| row.dedupe == message.dedupe)
        {
            return Ok(OpResult::Duplicate);
        }
        for copy in &message.copies {
            self.account(&copy.owner)?;
        }
        let blocks = |copy: &ArchiveCopy| {
            let list = self.accounts.get(&copy.owner).map(|account| &account.blocked);
            !copy.outgoing && list.is_some_and(|list| blocking::spellings(&copy.with).any(|jid| list.contains(&jid)))
        };
        if message.mind_blocks && message.copies.iter().any(blocks) {
            return Ok(OpResult::Blocked);
        }
        let mut ids = Vec::new();
        for ArchiveCopy { owner, with, undelivered, visible, .. } in &message.copies {
            self.last_id += 1;
            let id = self.last_id;
            let dedupe = message.dedupe.clone().filter(|(sender, _)| sender == owner);
            self.account(owner)?.archive.push(Stored {
                id,
                with: with.clone(),
                undelivered: *undelivered,
                visible: *visible,
                at: message.at,
                stanza: message.stanza.clone(),
                dedupe,
            });
            ids.push(archive_id(id));
        }
        Ok(OpResult::Archived { ids })
    }

    fn page(&self, query: &ArchiveQuery) -> Rows {
        let named =
            query.after_id.iter().chain(&query.before_id).chain(query.ids.iter().flatten()).chain(match &query.page {
                Page::After(id) | Page::Before(id) => Some(id),
                Page::First | Page::Last => None,
            });
        let known = |id: &ArchiveId| self.rows(&query.owner).any(|row| row.visible && archive_id(row.id) == *id);
        if !named.into_iter().all(known) {
            return Rows::NoSuchId;
        }
        let left: Vec<&Stored> = self.rows(&query.owner).filter(|row| row.visible && wanted(query, row)).collect();
        let max = query.max as usize;
        let (from, to, complete) = match &query.page {
            Page::First => (0, max.min(left.len()), left.len() <= max),
            Page::After(id) => {
                let from = left.partition_point(|row| row.id <= number(id));
                let to = (from + max).min(left.len());
                (from, to, to == left.len())
            }
            Page::Last => (left.len().saturating_sub(max), left.len(), left.len() <= max),
            Page::Before(id) => {
                let to = left.partition_point(|row| row.id < number(id));
                (to.saturating_sub(max), to, to <= max)
            }
        };
        Rows::Archive {
            rows: left[from..to].iter().map(|row| shown(row)).collect(),
            complete,
            count: left.len() as u64,
            index: (from < to).then_some(from as u64),
        }
    }
}

fn wanted(query: &ArchiveQuery, row: &Stored) -> bool {
    let with = query.with.as_ref().is_none_or(|with| {
        if with.resource().is_some() { row.with == *with } else { row.with.to_bare() == with.to_bare() }
    });
    with && query.start.is_none_or(|start| row.at >= start)
        && query.end.is_none_or(|end| row.at <= end)
        && query.after_id.as_ref().is_none_or(|id| row.id > number(id))
        && query.before_id.as_ref().is_none_or(|id| row.id < number(id))
        && query.ids.as_ref().is_none_or(|ids| ids.contains(&archive_id(row.id)))
}

fn shown(row: &Stored) -> ArchiveRow {
    ArchiveRow { id: archive_id(row.id), at: row.at, stanza: row.stanza.clone(), visible: row.visible }
}

fn archive_id(id: u64) -> ArchiveId {
    ArchiveId::new(id.to_string())
}

/// Ids that nobody gave sort before all others.
fn number(id: &ArchiveId) -> u64 {
    id.as_str().parse().unwrap_or(0)
}
