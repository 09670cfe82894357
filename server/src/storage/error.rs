//! What can go wrong with the database, at opening and later.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use xmpp::jid::BareJid;

/// Why a database cannot be opened. The messages say what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made.
    #[error("{}: the directory cannot be created: {source}; correct data_dir or create it for this user", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file holds something else than SQLite, or is damaged in its header.
    #[error("{}: this is not an SQLite database; move it away, or restore it from a backup (converse-server backup makes one)", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// SQLite, but of another program.
    #[error("{}: this SQLite database belongs to another program; choose another data_dir", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Written by a later version.
    #[error("{}: this database has schema version {found}, this program knows versions up to {known}; run the newer converse-server that wrote it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Our version.
        known: i64,
    },
    /// Another server runs on it.
    #[error("{}: another converse-server is running on this data directory; stop it or choose another data_dir", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("{}: the database cannot be opened: {reason}; check the file's owner and permissions, and that the disk is not full", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// SQLite answers with an error while the schema is brought up to date.
    #[error("{}: migration to schema version {version} failed and was undone: {reason}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// The version that could not be reached.
        version: i64,
        /// What SQLite said.
        reason: String,
    },
}

/// Why a job on the open database failed. All of them are temporary as far as a client is concerned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// No space on the disk (or the file has reached a limit).
    #[error("the disk is full")]
    Full,
    /// Another process holds the write lock for too long.
    #[error("the database is busy")]
    Busy,
    /// The server is shutting down.
    #[error("the database is closed")]
    Closed,
    /// An operation names an owner that has no account; its whole transaction was undone.
    #[error("no account {0}")]
    NoSuchAccount(BareJid),
    /// A quota would be exceeded; the whole transaction was undone.
    #[error("quota exceeded")]
    OverQuota,
    /// Anything else that SQLite says.
    #[error("the database failed: {0}")]
    Broken(String),
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Broken(error.to_string()),
        }
    }
}
