//! Nodes and items as SQL (XEP-0163).

use rusqlite::{Connection, Row, params};
use xmpp::ids::{ItemId, NodeName};
use xmpp::jid::BareJid;
use xmpp::time::Timestamp;
use xmpp_host::storage::{ItemRow, ItemsWanted, OpResult, Rows};

use super::DatabaseError;
use super::host_ops::local;

pub(super) fn put(
    connection: &Connection,
    account: i64,
    node: &NodeName,
    config: &str,
) -> Result<OpResult, DatabaseError> {
    connection
        .prepare_cached(
            "INSERT INTO nodes(account, name, config) VALUES (?1, ?2, ?3) ON CONFLICT(account, name) DO UPDATE SET config = excluded.config",
        )?
        .execute(params![account, node.as_str(), config])?;
    Ok(OpResult::Done)
}

pub(super) fn remove(connection: &Connection, account: i64, node: &NodeName) -> Result<OpResult, DatabaseError> {
    connection
        .prepare_cached("DELETE FROM nodes WHERE account = ?1 AND name = ?2")?
        .execute(params![account, node.as_str()])?;
    Ok(OpResult::Done)
}

pub(super) fn purge(connection: &Connection, account: i64, node: &NodeName) -> Result<OpResult, DatabaseError> {
    connection
        .prepare_cached("DELETE FROM items WHERE account = ?1 AND node = ?2")?
        .execute(params![account, node.as_str()])?;
    Ok(OpResult::Done)
}

pub(super) fn put_item(
    connection: &Connection,
    account: i64,
    node: &NodeName,
    item: &ItemRow,
    keep: u32,
    quota: u64,
) -> Result<OpResult, DatabaseError> {
    let known = connection
        .prepare_cached("SELECT 1 FROM nodes WHERE account = ?1 AND name = ?2")?
        .exists(params![account, node.as_str()])?;
    if !known {
        return Ok(OpResult::NoSuchItem);
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO items(account, node, item, at, payload) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![account, node.as_str(), item.id.as_str(), item.at.0, item.payload])?;
    connection
        .prepare_cached(
            "DELETE FROM items WHERE id IN (SELECT id FROM items WHERE account = ?1 AND node = ?2 ORDER BY id DESC LIMIT -1 OFFSET ?3)",
        )?
        .execute(params![account, node.as_str(), keep])?;
    let bytes: i64 = connection
        .prepare_cached("SELECT coalesce(sum(octet_length(payload)), 0) FROM items WHERE account = ?1")?
        .query_row([account], |row| row.get(0))?;
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > quota) {
        Err(DatabaseError::OverQuota)
    } else {
        Ok(OpResult::Done)
    }
}

pub(super) fn remove_item(
    connection: &Connection,
    account: i64,
    node: &NodeName,
    id: &ItemId,
) -> Result<OpResult, DatabaseError> {
    let removed = connection
        .prepare_cached("DELETE FROM items WHERE account = ?1 AND node = ?2 AND item = ?3")?
        .execute(params![account, node.as_str(), id.as_str()])?;
    Ok(if removed == 0 { OpResult::NoSuchItem } else { OpResult::Done })
}

pub(super) fn all(connection: &Connection, owner: &BareJid) -> Result<Rows, DatabaseError> {
    let rows = connection
        .prepare_cached(
            "SELECT name, config FROM nodes WHERE account = (SELECT id FROM accounts WHERE local = ?1) ORDER BY name",
        )?
        .query_map([local(owner)], |row| Ok((NodeName::from(row.get::<_, String>(0)?), row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Rows::Nodes(rows))
}

pub(super) fn items(
    connection: &Connection,
    owner: &BareJid,
    node: &NodeName,
    wanted: &ItemsWanted,
) -> Result<Rows, DatabaseError> {
    let of_node =
        "SELECT item, at, payload FROM items WHERE account = (SELECT id FROM accounts WHERE local = ?1) AND node = ?2";
    let (sql, value) = match wanted {
        ItemsWanted::Newest(most) => (format!("{of_node} ORDER BY id DESC LIMIT ?3"), most.to_string()),
        ItemsWanted::Ids(ids) => {
            let ids: Vec<&str> = ids.iter().map(ItemId::as_str).collect();
            let list = serde_json::to_string(&ids).map_err(|error| DatabaseError::Broken(error.to_string()))?;
            (format!("{of_node} AND item IN (SELECT value FROM json_each(?3)) ORDER BY id DESC"), list)
        }
    };
    let rows = connection
        .prepare_cached(&sql)?
        .query_map(params![local(owner), node.as_str(), value], item_row)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Rows::Items(rows))
}

fn item_row(row: &Row<'_>) -> rusqlite::Result<ItemRow> {
    Ok(ItemRow { id: ItemId::from(row.get::<_, String>(0)?), at: Timestamp(row.get(1)?), payload: row.get(2)? })
}
