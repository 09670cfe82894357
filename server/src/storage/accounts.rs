//! Accounts and their SCRAM keys. An account is named by its local part; the domain is the server's.

use rusqlite::{Connection, OptionalExtension as _, params};
use xmpp::jid::BareJid;
use xmpp_host::storage::{RosterRow, StoreOp, Subscription};
use xmpp_stream::sasl::{ScramHash, StoredKeys};

use super::error::DatabaseError;
use super::host_ops::{apply, local};

/// An account as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The local part.
    pub local: String,
    /// The name given when it was made.
    pub name: Option<String>,
    /// Seconds since 1970.
    pub created_at: i64,
    /// Whether a password is set. Visitors' accounts made by prebind have none.
    pub has_password: bool,
}

/// Creates an account. `false`: it exists already, and nothing was changed.
///
/// # Errors
/// What the database says.
pub fn create(
    connection: &Connection,
    local: &str,
    name: Option<&str>,
    keys: &[StoredKeys],
) -> Result<bool, DatabaseError> {
    let created = connection
        .prepare_cached(
            "INSERT INTO accounts(local, name, created_at) VALUES (?1, ?2, unixepoch()) ON CONFLICT(local) DO NOTHING",
        )?
        .execute(params![local, name])?;
    if created == 1 {
        put_keys(connection, local, keys)?;
    }
    Ok(created == 1)
}

/// Replaces the keys of an account, and forgets its tokens (XEP-0484): they were given for the old password. `false`: there is no such account.
///
/// # Errors
/// What the database says.
pub fn set_keys(connection: &Connection, local: &str, keys: &[StoredKeys]) -> Result<bool, DatabaseError> {
    let Some(id) = id(connection, local)? else { return Ok(false) };
    connection.execute("DELETE FROM scram_keys WHERE account = ?1", [id])?;
    super::tokens::revoke(connection, id)?;
    put_keys(connection, local, keys)?;
    Ok(true)
}

fn put_keys(connection: &Connection, local: &str, keys: &[StoredKeys]) -> Result<(), DatabaseError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO scram_keys(account, hash, salt, iterations, stored_key, server_key) SELECT id, ?2, ?3, ?4, ?5, ?6 FROM accounts WHERE local = ?1",
    )?;
    for keys in keys {
        insert.execute(params![
            local,
            keys.hash.name(),
            keys.salt,
            keys.iterations,
            keys.stored_key,
            keys.server_key
        ])?;
    }
    Ok(())
}

/// Removes an account with everything that belongs to it. `false`: there is no such account.
///
/// # Errors
/// What the database says.
pub fn remove(connection: &Connection, local: &str) -> Result<bool, DatabaseError> {
    Ok(connection.execute("DELETE FROM accounts WHERE local = ?1", [local])? == 1)
}

/// Makes two accounts each other's contacts; items that they have of each other are replaced. The one that does not exist, if
/// any: then nothing was changed.
///
/// # Errors
/// What the database says.
pub fn connect(connection: &Connection, people: &[BareJid; 2]) -> Result<Option<BareJid>, DatabaseError> {
    for person in people {
        if !exists(connection, local(person))? {
            return Ok(Some(person.clone()));
        }
    }
    for (owner, contact) in [(0, 1), (1, 0)] {
        let row = RosterRow {
            jid: people[contact].clone(),
            name: None,
            groups: Vec::new(),
            subscription: Subscription::Both,
            ask: false,
            approved: false,
            pending_in: None,
            listed: true,
        };
        apply(connection, &StoreOp::RosterPut { owner: people[owner].clone(), row })?;
    }
    Ok(None)
}

/// The row id of an account.
pub(super) fn id(connection: &Connection, local: &str) -> Result<Option<i64>, DatabaseError> {
    Ok(connection
        .prepare_cached("SELECT id FROM accounts WHERE local = ?1")?
        .query_row([local], |row| row.get(0))
        .optional()?)
}

/// Whether the account exists.
///
/// # Errors
/// What the database says.
pub fn exists(connection: &Connection, local: &str) -> Result<bool, DatabaseError> {
    Ok(id(connection, local)?.is_some())
}

/// The name of an account; the outer `None`: there is no such account.
///
/// # Errors
/// What the database says.
pub fn name(connection: &Connection, local: &str) -> Result<Option<Option<String>>, DatabaseError> {
    Ok(connection
        .prepare_cached("SELECT name FROM accounts WHERE local = ?1")?
        .query_row([local], |row| row.get(0))
        .optional()?)
}

/// Changes the name of an account.
///
/// # Errors
/// What the database says.
pub fn rename(connection: &Connection, local: &str, name: Option<&str>) -> Result<(), DatabaseError> {
    connection.execute("UPDATE accounts SET name = ?2 WHERE local = ?1", params![local, name])?;
    Ok(())
}

/// All accounts in the order of their names.
///
/// # Errors
/// What the database says.
pub fn list(connection: &Connection) -> Result<Vec<Account>, DatabaseError> {
    let mut select = connection.prepare(
        "SELECT local, name, created_at, EXISTS(SELECT 1 FROM scram_keys WHERE account = accounts.id) FROM accounts ORDER BY local",
    )?;
    let rows = select.query_map([], |row| {
        Ok(Account { local: row.get(0)?, name: row.get(1)?, created_at: row.get(2)?, has_password: row.get(3)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The SCRAM keys of an account; empty when it has none or does not exist.
///
/// # Errors
/// What the database says.
pub fn keys(connection: &Connection, local: &str) -> Result<Vec<StoredKeys>, DatabaseError> {
    let mut select = connection.prepare_cached(
        "SELECT hash, salt, iterations, stored_key, server_key FROM scram_keys JOIN accounts ON accounts.id = scram_keys.account WHERE local = ?1",
    )?;
    let rows = select.query_map([local], |row| {
        let name: String = row.get(0)?;
        // A hash that only a later version knows is passed over.
        let Some(hash) = ScramHash::from_name(&name) else { return Ok(None) };
        Ok(Some(StoredKeys {
            hash,
            salt: row.get(1)?,
            iterations: row.get(2)?,
            stored_key: row.get(3)?,
            server_key: row.get(4)?,
        }))
    })?;
    Ok(rows.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?)
}

/// A secret of this server that outlives restarts, made when it is first asked for.
///
/// # Errors
/// What the database says, or that the system has no randomness.
pub fn server_secret(connection: &Connection, name: &str) -> Result<[u8; 32], DatabaseError> {
    let mut fresh = [0; 32];
    getrandom::fill(&mut fresh).map_err(|error| DatabaseError::Broken(error.to_string()))?;
    connection.execute(
        "INSERT INTO server_secrets(name, value) VALUES (?1, ?2) ON CONFLICT(name) DO NOTHING",
        params![name, fresh],
    )?;
    Ok(connection.query_row("SELECT value FROM server_secrets WHERE name = ?1", [name], |row| row.get(0))?)
}
