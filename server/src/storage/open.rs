//! Opening the file: whose it is, how it is used, and what to say when it cannot be.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::OpenError;
use super::schema;

/// Stands in the file's header and says that the database is ours ("conv").
const APPLICATION_ID: i32 = 0x636f_6e76;

/// How long a statement waits for another process, such as `user add` or `backup` beside a running server.
const BUSY: Duration = Duration::from_secs(5);

/// Opens or creates the database for writing and brings its schema up to date.
pub(super) fn writable(path: &Path) -> Result<Connection, OpenError> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|source| OpenError::Directory { path: parent.to_owned(), source })?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|error| open_error(path, &error))?;
    claim(path, &connection)?;
    configure(&connection).map_err(|error| open_error(path, &error))?;
    restrict_permissions(path);
    schema::migrate(path, &mut connection)?;
    Ok(connection)
}

/// Opens a database that [`writable`] has opened before, for queries only.
pub(super) fn readable(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| open_error(path, &error))?;
    configure(&connection)
        .and_then(|()| connection.pragma_update(None, "query_only", true))
        .map_err(|error| open_error(path, &error))?;
    Ok(connection)
}

/// Checks that the file is ours, or empty and ours from now on.
fn claim(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let fail = |error: rusqlite::Error| open_error(path, &error);
    connection.busy_timeout(BUSY).map_err(fail)?;
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(fail)?;
    if id == APPLICATION_ID {
        return Ok(());
    }
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(fail)?;
    if id != 0 || tables != 0 {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(fail)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    // In WAL mode FULL syncs the log at every commit (sqlite.org/pragma.html#pragma_synchronous): what is committed survives power loss.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// The file holds people's messages: nobody but the owner may read it. A file system without permissions is no error.
fn restrict_permissions(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for suffix in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            if let Err(error) = std::fs::set_permissions(&name, std::fs::Permissions::from_mode(0o600))
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "the database's permissions could not be restricted to its owner");
            }
        }
    }
}

fn open_error(path: &Path, error: &rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::NotADatabase { path: path.to_owned() },
        _ => OpenError::Unusable { path: path.to_owned(), reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_damaged_and_newer_files_are_refused_with_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let text = dir.path().join("text");
        std::fs::write(
            &text,
            "this is a diary and not a database, and it is long enough to have a header of one hundred bytes or so"
                .repeat(20),
        )
        .unwrap();
        assert!(matches!(writable(&text), Err(OpenError::NotADatabase { .. })));

        let foreign = dir.path().join("foreign");
        Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE recipes(name TEXT)").unwrap();
        assert!(matches!(writable(&foreign), Err(OpenError::Foreign { .. })));

        let newer = dir.path().join("newer");
        drop(writable(&newer).unwrap());
        Connection::open(&newer)
            .unwrap()
            .execute("INSERT INTO schema_version(version, applied_at) VALUES (999, 0)", [])
            .unwrap();
        assert!(matches!(writable(&newer), Err(OpenError::Newer { found: 999, .. })));

        let directory = dir.path().join("directory");
        std::fs::create_dir(&directory).unwrap();
        assert!(matches!(writable(&directory), Err(OpenError::Unusable { .. })));
    }

    #[test]
    fn settings_hold_on_both_kinds_of_connection() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        for connection in [writable(&path).unwrap(), readable(&path).unwrap()] {
            let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
            let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
            let foreign_keys: bool = connection.pragma_query_value(None, "foreign_keys", |row| row.get(0)).unwrap();
            assert_eq!((mode.as_str(), synchronous, foreign_keys), ("wal", 2, true));
        }
        assert!(readable(&path).unwrap().execute("DELETE FROM accounts", []).is_err());
    }
}
