//! The reads of the XMPP host: each `Query` as SQL.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use xmpp::ids::ArchiveId;
use xmpp::jid::{BareJid, Jid};
use xmpp::ns;
use xmpp::time::Timestamp;
use xmpp::xml::Element;
use xmpp_host::storage::{ArchiveQuery, ArchiveRow, Page, Query, RosterRow, Rows, StorageError, Subscription};

use super::host_ops::{local, row_id};
use super::{DatabaseError, Storage, accounts, nodes};

/// Rows of one page at most, whatever is asked for.
const PAGE_MAX: u32 = 1000;

impl Storage {
    /// Answers a query. It sees every store that was reported before this call.
    pub fn load(&self, query: Query, done: impl FnOnce(Result<Rows, StorageError>) + Send + 'static) {
        self.read(move |connection| answer(connection, &query), move |result| done(result.map_err(StorageError::from)));
    }
}

fn answer(connection: &Connection, query: &Query) -> Result<Rows, DatabaseError> {
    match query {
        Query::AccountExists(owner) => Ok(Rows::Exists(accounts::exists(connection, local(owner))?)),
        Query::Roster(owner) => roster(connection, owner),
        Query::Archive(query) => archive(connection, query),
        Query::Undelivered { owner, after, max } => {
            let after = after.as_ref().and_then(row_id).unwrap_or(0);
            let rows = connection
                .prepare_cached(
                    "SELECT id, at, stanza, visible FROM archive WHERE account = (SELECT id FROM accounts WHERE local = ?1) AND undelivered AND id > ?2 ORDER BY id LIMIT ?3",
                )?
                .query_map(params![local(owner), after, max.min(&PAGE_MAX)], archive_row)?
                .collect::<rusqlite::Result<_>>()?;
            Ok(Rows::Undelivered(rows))
        }
        Query::Nodes(owner) => nodes::all(connection, owner),
        Query::Items { owner, node, wanted } => nodes::items(connection, owner, node, wanted),
        Query::Vcard(owner) => vcard(connection, owner),
        Query::Private { owner, name, ns } => {
            let xml = connection
                .prepare_cached("SELECT xml FROM private WHERE account = (SELECT id FROM accounts WHERE local = ?1) AND ns = ?2 AND name = ?3")?
                .query_row(params![local(owner), ns, name], |row| row.get(0))
                .optional()?;
            Ok(Rows::Private(xml))
        }
    }
}

/// The account's vCard. As long as nobody has published one, the name that the account was made with stands in for it, so that
/// visitors of a site have a name from the beginning.
fn vcard(connection: &Connection, owner: &BareJid) -> Result<Rows, DatabaseError> {
    let found: Option<(Option<String>, Option<String>)> = connection
        .prepare_cached(
            "SELECT vcards.xml, name FROM accounts LEFT JOIN vcards ON vcards.account = accounts.id WHERE local = ?1",
        )?
        .query_row([local(owner)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((xml, name)) = found else { return Ok(Rows::NoSuchAccount) };
    let named = |name: String| {
        let full_name = Element::new("FN", ns::VCARD).with_text(name);
        Element::new("vCard", ns::VCARD).with_child(full_name).to_xml()
    };
    Ok(Rows::Vcard(xml.or_else(|| name.map(named))))
}

fn roster(connection: &Connection, owner: &BareJid) -> Result<Rows, DatabaseError> {
    // The version, the items and what is blocked must be of one state.
    let transaction = connection.unchecked_transaction()?;
    let mut select = transaction.prepare_cached(
        "SELECT roster_version, jid, roster.name, groups, subscription, ask, approved, pending_in, listed \
         FROM accounts LEFT JOIN roster ON roster.account = accounts.id WHERE local = ?1 ORDER BY jid",
    )?;
    let mut found = select.query([local(owner)])?;
    let mut version = None;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        version = Some(row.get::<_, i64>(0)?);
        // An empty roster is one line without an item.
        if let Some(jid) = row.get::<_, Option<String>>(1)? {
            rows.push(roster_row(&jid, row)?);
        }
    }
    Ok(match version {
        Some(version) => Rows::Roster {
            version: u64::try_from(version).unwrap_or_default(),
            rows,
            blocked: blocked(&transaction, owner)?,
        },
        None => Rows::NoSuchAccount,
    })
}

fn blocked(connection: &Connection, owner: &BareJid) -> Result<Vec<Jid>, DatabaseError> {
    let mut select = connection.prepare_cached(
        "SELECT jid FROM blocked WHERE account = (SELECT id FROM accounts WHERE local = ?1) ORDER BY jid",
    )?;
    let jids = select.query_map([local(owner)], |row| row.get::<_, String>(0))?;
    jids.map(|jid| Jid::new(&jid?).map_err(|_| DatabaseError::Broken("a blocked address is none".to_owned()))).collect()
}

fn roster_row(jid: &str, row: &Row<'_>) -> Result<RosterRow, DatabaseError> {
    let damaged = |what: &str| DatabaseError::Broken(format!("a roster item has an unreadable {what}"));
    Ok(RosterRow {
        jid: BareJid::new(jid).map_err(|_| damaged("jid"))?,
        name: row.get(2)?,
        groups: serde_json::from_str(&row.get::<_, String>(3)?).map_err(|_| damaged("list of groups"))?,
        subscription: Subscription::parse(&row.get::<_, String>(4)?).ok_or_else(|| damaged("subscription"))?,
        ask: row.get(5)?,
        approved: row.get(6)?,
        pending_in: row.get(7)?,
        listed: row.get(8)?,
    })
}

fn archive_row(row: &Row<'_>) -> rusqlite::Result<ArchiveRow> {
    Ok(ArchiveRow {
        id: ArchiveId::from(row.get::<_, i64>(0)?.to_string()),
        at: Timestamp(row.get(1)?),
        stanza: row.get(2)?,
        visible: row.get(3)?,
    })
}

/// The conditions of a query as SQL with its values.
struct Filter {
    sql: String,
    values: Vec<Value>,
}

impl Filter {
    fn and(&mut self, condition: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.sql.push_str(" AND ");
        self.sql.push_str(&condition.replace('?', &format!("?{}", self.values.len())));
    }
}

fn archive(connection: &Connection, query: &ArchiveQuery) -> Result<Rows, DatabaseError> {
    // The page, the count and the index must be of one state.
    let transaction = connection.unchecked_transaction()?;
    // Without an account there are no rows; no row's account is negative.
    let account = accounts::id(&transaction, local(&query.owner))?.unwrap_or(-1);
    let known = |id: &ArchiveId| -> Result<Option<i64>, DatabaseError> {
        let Some(row) = row_id(id) else { return Ok(None) };
        let found = transaction
            .prepare_cached("SELECT 1 FROM archive WHERE id = ?1 AND account = ?2 AND visible")?
            .exists(params![row, account])?;
        Ok(found.then_some(row))
    };

    let mut filter = Filter { sql: "account = ?1 AND visible".to_owned(), values: vec![account.into()] };
    if let Some(with) = &query.with {
        filter.and("peer = ?", with.to_bare().as_str().to_owned());
        if let Some(resource) = with.resource() {
            filter.and("peer_resource = ?", resource.to_owned());
        }
    }
    if let Some(start) = query.start {
        filter.and("at >= ?", start.0);
    }
    if let Some(end) = query.end {
        filter.and("at <= ?", end.0);
    }
    for (id, condition) in [(&query.after_id, "id > ?"), (&query.before_id, "id < ?")] {
        if let Some(id) = id {
            let Some(row) = known(id)? else { return Ok(Rows::NoSuchId) };
            filter.and(condition, row);
        }
    }
    if let Some(ids) = &query.ids {
        let mut list = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(row) = known(id)? else { return Ok(Rows::NoSuchId) };
            list.push(row);
        }
        let list = serde_json::to_string(&list).map_err(|error| DatabaseError::Broken(error.to_string()))?;
        filter.and("id IN (SELECT value FROM json_each(?))", list);
    }

    let count_where = |filter: &Filter| -> Result<u64, DatabaseError> {
        let sql = format!("SELECT count(*) FROM archive WHERE {}", filter.sql);
        let count: i64 =
            transaction.prepare_cached(&sql)?.query_row(params_from_iter(&filter.values), |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    };
    let count = count_where(&filter)?;

    let (anchor, backwards) = match &query.page {
        Page::First => (None, false),
        Page::After(id) => (Some((id, "id > ?")), false),
        Page::Last => (None, true),
        Page::Before(id) => (Some((id, "id < ?")), true),
    };
    let mut page = Filter { sql: filter.sql.clone(), values: filter.values.clone() };
    if let Some((id, condition)) = anchor {
        let Some(row) = known(id)? else { return Ok(Rows::NoSuchId) };
        page.and(condition, row);
    }
    let max = query.max.min(PAGE_MAX) as usize;
    // One row more than wanted tells whether the page is the last.
    let sql = format!(
        "SELECT id, at, stanza, visible FROM archive WHERE {} ORDER BY id {} LIMIT {}",
        page.sql,
        if backwards { "DESC" } else { "ASC" },
        max + 1
    );
    let mut rows = transaction
        .prepare_cached(&sql)?
        .query_map(params_from_iter(&page.values), archive_row)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let complete = rows.len() <= max;
    rows.truncate(max);
    if backwards {
        rows.reverse();
    }
    let index = match rows.first().and_then(|first| row_id(&first.id)) {
        Some(first) => {
            let mut before = filter;
            before.and("id < ?", first);
            Some(count_where(&before)?)
        }
        None => None,
    };
    Ok(Rows::Archive { rows, complete, count, index })
}
