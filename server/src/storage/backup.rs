//! The online backup: a consistent copy of the database while the server goes on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::Storage;

/// Pages per step. Between steps the source is free for others.
const PAGES: i32 = 1000;

/// Why a backup was not made. The target is left as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The target exists already.
    #[error("{}: the file exists; choose another name, a backup never overwrites", .0.display())]
    Exists(PathBuf),
    /// The source cannot be opened.
    #[error("{}: the database cannot be opened: {reason}", path.display())]
    Source {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// Copying failed.
    #[error("{}: the copy failed: {reason}", path.display())]
    Copy {
        /// The target.
        path: PathBuf,
        /// What SQLite or the system said.
        reason: String,
    },
}

impl Storage {
    /// Copies the database at `source`, in use or not, to the new file `target`. The copy gets its name when it is complete and checked.
    ///
    /// # Errors
    /// See [`BackupError`].
    pub fn backup(source: &Path, target: &Path) -> Result<(), BackupError> {
        if target.exists() {
            return Err(BackupError::Exists(target.to_owned()));
        }
        let from = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .and_then(|connection| connection.busy_timeout(Duration::from_secs(5)).map(|()| connection))
            .map_err(|error| BackupError::Source { path: source.to_owned(), reason: error.to_string() })?;
        let mut partial = target.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let result = copy(&from, &partial).and_then(|()| {
            // A hard link does not replace a file that appeared meanwhile, a rename would.
            std::fs::hard_link(&partial, target).map_err(|error| error.to_string())
        });
        let _ = std::fs::remove_file(&partial);
        result.map_err(|reason| BackupError::Copy { path: target.to_owned(), reason })
    }
}

fn copy(from: &Connection, partial: &Path) -> Result<(), String> {
    // A partial file of an interrupted backup is of no use to anybody.
    let _ = std::fs::remove_file(partial);
    let text = |error: rusqlite::Error| error.to_string();
    let mut to = Connection::open(partial).map_err(text)?;
    {
        let backup = Backup::new(from, &mut to).map_err(text)?;
        // One read transaction would be simplest, but it would keep the server from trimming its log for as long as the copy takes.
        loop {
            match backup.step(PAGES).map_err(text)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }
    // The copy inherits WAL mode; a backup is one file.
    to.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(text)?;
    let verdict: String = to.query_row("PRAGMA quick_check", [], |row| row.get(0)).map_err(text)?;
    if verdict != "ok" {
        return Err(format!("the copy is damaged: {verdict}"));
    }
    to.close().map_err(|(_, error)| error.to_string())?;
    std::fs::File::open(partial).and_then(|file| file.sync_all()).map_err(|error| error.to_string())
}
