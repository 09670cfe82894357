//! Tokens to sign in with (XEP-0484), by account and client. What is kept of one cannot be signed in with.

use rusqlite::{Connection, OptionalExtension as _, params};
use xmpp::time::Timestamp;
use xmpp_stream::sasl::{StoredToken, TokenChange, Tokens};

use super::accounts::id;
use super::error::DatabaseError;

/// Clients of one account that have tokens. A browser's tab is a client of its own.
const MAX_CLIENTS: u32 = 64;

/// The tokens of a client; none when there is no such account.
///
/// # Errors
/// What the database says.
pub fn of(connection: &Connection, local: &str, agent: &str) -> Result<Tokens, DatabaseError> {
    let Some(account) = id(connection, local)? else { return Ok(Tokens::default()) };
    let slot = |slot: &str| -> Result<Option<StoredToken>, DatabaseError> {
        let mut select = connection.prepare_cached(
            "SELECT verifier, responder, issued_at, expires_at, count FROM fast_tokens WHERE account = ?1 AND agent = ?2 AND slot = ?3",
        )?;
        let row = select.query_row(params![account, agent, slot], |row| {
            Ok(StoredToken {
                verifier: row.get(0)?,
                responder: row.get(1)?,
                issued: Timestamp(row.get(2)?),
                expires: Timestamp(row.get(3)?),
                count: row.get(4)?,
            })
        });
        Ok(row.optional()?)
    };
    Ok(Tokens { current: slot("current")?, new: slot("new")? })
}

/// Changes the tokens of a client; `false`: nothing was changed, see [`Tokens::apply`].
///
/// # Errors
/// What the database says.
pub fn change(connection: &Connection, local: &str, agent: &str, change: &TokenChange) -> Result<bool, DatabaseError> {
    let Some(account) = id(connection, local)? else { return Ok(false) };
    let mut tokens = of(connection, local, agent)?;
    if !tokens.apply(change) {
        return Ok(false);
    }
    connection
        .prepare_cached("DELETE FROM fast_tokens WHERE account = ?1 AND agent = ?2")?
        .execute(params![account, agent])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO fast_tokens(account, agent, slot, verifier, responder, issued_at, expires_at, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (slot, token) in [("current", tokens.current), ("new", tokens.new)] {
        if let Some(token) = token {
            let StoredToken { verifier, responder, issued, expires, count } = token;
            insert.execute(params![account, agent, slot, verifier, responder, issued.0, expires.0, count])?;
        }
    }
    if let TokenChange::Issue(token) = change {
        forget_old(connection, account, token.issued)?;
    }
    Ok(true)
}

/// Forgets every token of an account: whoever holds one signs in with the password next time.
///
/// # Errors
/// What the database says.
pub fn revoke(connection: &Connection, account: i64) -> Result<(), DatabaseError> {
    connection.execute("DELETE FROM fast_tokens WHERE account = ?1", [account])?;
    Ok(())
}

fn forget_old(connection: &Connection, account: i64, now: Timestamp) -> Result<(), DatabaseError> {
    connection
        .prepare_cached("DELETE FROM fast_tokens WHERE account = ?1 AND expires_at <= ?2")?
        .execute(params![account, now.0])?;
    connection
        .prepare_cached(
            "DELETE FROM fast_tokens WHERE account = ?1 AND agent NOT IN (SELECT agent FROM fast_tokens WHERE account = ?1 GROUP BY agent ORDER BY max(issued_at) DESC LIMIT ?2)",
        )?
        .execute(params![account, MAX_CLIENTS])?;
    Ok(())
}
