//! The writes of the XMPP host: each `StoreOp` as SQL.

use rusqlite::{Connection, OptionalExtension as _, params};
use xmpp::ids::ArchiveId;
use xmpp::jid::BareJid;
use xmpp_host::modules::blocking;
use xmpp_host::storage::{ArchiveMessage, OpResult, RosterRow, StorageError, StoreOp};

use super::{DatabaseError, Storage, accounts, nodes};

impl Storage {
    /// Does all of `ops` in one transaction and reports when they are durable. Reports come in the order of the calls.
    pub fn store(&self, ops: Vec<StoreOp>, done: impl FnOnce(Result<Vec<OpResult>, StorageError>) + Send + 'static) {
        self.write(
            move |connection| ops.iter().map(|op| apply(connection, op)).collect::<Result<Vec<_>, _>>(),
            move |result| done(result.map_err(StorageError::from)),
        );
    }
}

impl From<DatabaseError> for StorageError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Full => Self::Full,
            DatabaseError::Busy | DatabaseError::Closed => Self::Busy,
            DatabaseError::Broken(reason) => Self::Broken(reason),
            DatabaseError::NoSuchAccount(account) => Self::NoSuchAccount(account),
            DatabaseError::OverQuota => Self::OverQuota,
        }
    }
}

/// One operation inside an open transaction.
pub(super) fn apply(connection: &Connection, op: &StoreOp) -> Result<OpResult, DatabaseError> {
    match op {
        StoreOp::Archive(message) => archive(connection, message),
        StoreOp::Unarchive { owner, id } => {
            let account = account(connection, owner)?;
            if let Some(row) = row_id(id) {
                connection
                    .prepare_cached("DELETE FROM archive WHERE id = ?1 AND account = ?2")?
                    .execute(params![row, account])?;
            }
            Ok(OpResult::Done)
        }
        StoreOp::Delivered { owner, id } => delivered(connection, owner, id),
        StoreOp::RosterPut { owner, row } => roster_put(connection, owner, row),
        StoreOp::RosterRemove { owner, jid } => {
            let account = account(connection, owner)?;
            connection
                .prepare_cached("DELETE FROM roster WHERE account = ?1 AND jid = ?2")?
                .execute(params![account, jid.as_str()])?;
            raise_roster_version(connection, account)
        }
        StoreOp::NodePut { owner, node, config } => nodes::put(connection, account(connection, owner)?, node, config),
        StoreOp::NodeRemove { owner, node } => nodes::remove(connection, account(connection, owner)?, node),
        StoreOp::NodePurge { owner, node } => nodes::purge(connection, account(connection, owner)?, node),
        StoreOp::ItemPut { owner, node, item, keep, quota } => {
            nodes::put_item(connection, account(connection, owner)?, node, item, *keep, *quota)
        }
        StoreOp::ItemRemove { owner, node, id } => {
            nodes::remove_item(connection, account(connection, owner)?, node, id)
        }
        StoreOp::RemoveAccount { owner } => {
            if accounts::remove(connection, local(owner))? {
                Ok(OpResult::Done)
            } else {
                Err(DatabaseError::NoSuchAccount(owner.clone()))
            }
        }
        StoreOp::Block { owner, jids } => {
            let account = account(connection, owner)?;
            let mut insert = connection
                .prepare_cached("INSERT INTO blocked(account, jid) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
            for jid in jids {
                insert.execute(params![account, jid.as_str()])?;
            }
            Ok(OpResult::Done)
        }
        StoreOp::Unblock { owner, jids } => {
            let account = account(connection, owner)?;
            let mut delete = connection.prepare_cached("DELETE FROM blocked WHERE account = ?1 AND jid = ?2")?;
            for jid in jids {
                delete.execute(params![account, jid.as_str()])?;
            }
            Ok(OpResult::Done)
        }
        StoreOp::VcardPut { owner, xml } => {
            let account = account(connection, owner)?;
            connection
                .prepare_cached("INSERT INTO vcards(account, xml) VALUES (?1, ?2) ON CONFLICT(account) DO UPDATE SET xml = excluded.xml")?
                .execute(params![account, xml])?;
            Ok(OpResult::Done)
        }
        StoreOp::PrivatePut { owner, name, ns, xml, quota } => {
            let account = account(connection, owner)?;
            connection
                .prepare_cached("INSERT INTO private(account, ns, name, xml) VALUES (?1, ?2, ?3, ?4) ON CONFLICT(account, ns, name) DO UPDATE SET xml = excluded.xml")?
                .execute(params![account, ns, name, xml])?;
            let bytes: i64 = connection
                .prepare_cached("SELECT coalesce(sum(octet_length(xml)), 0) FROM private WHERE account = ?1")?
                .query_row([account], |row| row.get(0))?;
            if u64::try_from(bytes).is_ok_and(|bytes| bytes > *quota) {
                Err(DatabaseError::OverQuota)
            } else {
                Ok(OpResult::Done)
            }
        }
    }
}

/// The local part that names the account of `owner`; a domain has none, and no account either.
pub(super) fn local(owner: &BareJid) -> &str {
    owner.local().unwrap_or_default()
}

/// An archive id as the row number that it is; anything else names no row.
pub(super) fn row_id(id: &ArchiveId) -> Option<i64> {
    let text = id.as_str();
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if canonical { text.parse().ok() } else { None }
}

fn account(connection: &Connection, owner: &BareJid) -> Result<i64, DatabaseError> {
    accounts::id(connection, local(owner))?.ok_or_else(|| DatabaseError::NoSuchAccount(owner.clone()))
}

fn archive(connection: &Connection, message: &ArchiveMessage) -> Result<OpResult, DatabaseError> {
    if let Some((sender, origin)) = &message.dedupe {
        let account = account(connection, sender)?;
        let known = connection
            .prepare_cached("SELECT 1 FROM archive WHERE account = ?1 AND origin_id = ?2")?
            .exists(params![account, origin.as_str()])?;
        if known {
            return Ok(OpResult::Duplicate);
        }
    }
    let owners = message.copies.iter().map(|copy| account(connection, &copy.owner)).collect::<Result<Vec<_>, _>>()?;
    if message.mind_blocks {
        for (copy, account) in message.copies.iter().zip(&owners).filter(|(copy, _)| !copy.outgoing) {
            let mut select = connection.prepare_cached("SELECT 1 FROM blocked WHERE account = ?1 AND jid = ?2")?;
            for jid in blocking::spellings(&copy.with) {
                if select.exists(params![account, jid.as_str()])? {
                    return Ok(OpResult::Blocked);
                }
            }
        }
    }
    let mut ids = Vec::with_capacity(message.copies.len());
    let mut origin = message.dedupe.as_ref();
    for (copy, account) in message.copies.iter().zip(owners) {
        // The pair stands with the sender's own copy; a message to oneself has two copies, and the first of them carries it.
        let own = origin.take_if(|(sender, _)| *sender == copy.owner);
        connection
            .prepare_cached(
                "INSERT INTO archive(account, peer, peer_resource, outgoing, undelivered, visible, at, origin_id, stanza) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                account,
                copy.with.to_bare().as_str(),
                copy.with.resource(),
                copy.outgoing,
                copy.undelivered,
                copy.visible,
                message.at.0,
                own.map(|(_, origin)| origin.as_str()),
                message.stanza,
            ])?;
        ids.push(ArchiveId::from(connection.last_insert_rowid().to_string()));
    }
    Ok(OpResult::Archived { ids })
}

fn delivered(connection: &Connection, owner: &BareJid, id: &ArchiveId) -> Result<OpResult, DatabaseError> {
    let account = account(connection, owner)?;
    let Some(row) = row_id(id) else { return Ok(OpResult::Done) };
    let visible: Option<bool> = connection
        .prepare_cached("SELECT visible FROM archive WHERE id = ?1 AND account = ?2")?
        .query_row(params![row, account], |row| row.get(0))
        .optional()?;
    match visible {
        Some(true) => connection.prepare_cached("UPDATE archive SET undelivered = 0 WHERE id = ?1")?.execute([row])?,
        Some(false) => connection.prepare_cached("DELETE FROM archive WHERE id = ?1")?.execute([row])?,
        None => 0,
    };
    Ok(OpResult::Done)
}

fn roster_put(connection: &Connection, owner: &BareJid, row: &RosterRow) -> Result<OpResult, DatabaseError> {
    let account = account(connection, owner)?;
    let groups = serde_json::to_string(&row.groups).map_err(|error| DatabaseError::Broken(error.to_string()))?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO roster(account, jid, name, groups, subscription, ask, approved, pending_in, listed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![account, row.jid.as_str(), row.name, groups, row.subscription.as_str(), row.ask, row.approved, row.pending_in, row.listed])?;
    raise_roster_version(connection, account)
}

fn raise_roster_version(connection: &Connection, account: i64) -> Result<OpResult, DatabaseError> {
    let version: i64 = connection
        .prepare_cached(
            "UPDATE accounts SET roster_version = roster_version + 1 WHERE id = ?1 RETURNING roster_version",
        )?
        .query_row([account], |row| row.get(0))?;
    Ok(OpResult::RosterVersion(u64::try_from(version).unwrap_or_default()))
}
