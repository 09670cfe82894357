//! The schema and its versions. A migration is appended to the list and never changed after a release.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::error::OpenError;

/// The statements that lead from version n to n + 1, for n from 0.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
];

/// Brings the schema to the newest version, one transaction for each step.
pub(super) fn migrate(path: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    migrate_by(path, connection, MIGRATIONS)
}

fn migrate_by(path: &Path, connection: &mut Connection, migrations: &[&str]) -> Result<(), OpenError> {
    let known = migrations.len() as i64;
    let unusable = |error: rusqlite::Error| OpenError::Unusable { path: path.to_owned(), reason: error.to_string() };
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS schema_version(version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT")
        .map_err(unusable)?;
    for (number, statements) in (1_i64..).zip(migrations) {
        let failed = |error: rusqlite::Error| OpenError::Migration {
            path: path.to_owned(),
            version: number,
            reason: error.to_string(),
        };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        // Read inside the transaction: another process may migrate at the same time.
        let found: i64 = transaction
            .query_row("SELECT coalesce(max(version), 0) FROM schema_version", [], |row| row.get(0))
            .map_err(failed)?;
        if found > known {
            return Err(OpenError::Newer { path: path.to_owned(), found, known });
        }
        if found >= number {
            continue;
        }
        transaction.execute_batch(statements).map_err(failed)?;
        transaction
            .execute("INSERT INTO schema_version(version, applied_at) VALUES (?1, unixepoch())", [number])
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
        tracing::info!(version = number, "database schema migrated");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(connection: &Connection) -> i64 {
        connection.query_row("SELECT max(version) FROM schema_version", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_failing_step_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let path = Path::new("memory");
        let steps = ["CREATE TABLE a(x)", "CREATE TABLE b(x); CREATE TABLE a(x)"];
        assert!(matches!(migrate_by(path, &mut connection, &steps), Err(OpenError::Migration { version: 2, .. })));
        assert_eq!(version(&connection), 1);
        assert!(connection.prepare("SELECT * FROM b").is_err(), "the step's first half was undone");
        migrate_by(path, &mut connection, &["CREATE TABLE a(x)", "CREATE TABLE b(x)"]).unwrap();
        assert_eq!(version(&connection), 2);
        assert!(matches!(
            migrate_by(path, &mut connection, &steps[..1]),
            Err(OpenError::Newer { found: 2, known: 1, .. })
        ));
    }
}
