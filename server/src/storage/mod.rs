//! The database: one SQLite file in WAL mode.
//!
//! One writer thread commits in groups, a few reader threads answer queries; both take jobs and call back when done. A job of the
//! writer is told "done" only after the COMMIT that covers it has reached the disk (`synchronous=FULL`).
//! Start with [`Storage`], then `writer`. The SQL for what the XMPP host asks is in `host_ops` and `host_queries`.

pub mod accounts;
mod backup;
mod error;
mod host_ops;
mod host_queries;
mod nodes;
mod open;
mod readers;
mod schema;
pub mod tokens;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::{DatabaseError, OpenError};
use readers::Readers;
use rusqlite::Connection;
use tokio::sync::oneshot;
use writer::Writer;

/// Reader threads. A query of the host is short and mostly in memory; two keep a slow archive page from delaying a sign-in.
const READERS: usize = 2;

/// A handle to the open database; clones share the threads. The file closes when the last one is gone.
#[derive(Clone)]
pub struct Storage {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    path: PathBuf,
}

impl Storage {
    /// Opens or creates the database, brings its schema up to date and starts the threads.
    ///
    /// # Errors
    /// When the file is not ours, is newer than this program, or cannot be used.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = open::writable(path)?;
        let readers = (0..READERS).map(|_| open::readable(path)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            writer: Arc::new(Writer::start(connection, path.to_owned())),
            readers: Arc::new(Readers::start(readers)),
            path: path.to_owned(),
        })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` inside the next group's transaction, all or nothing, and calls `done` after its commit (or failure), in the order of the calls.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
        done: impl FnOnce(Result<T, DatabaseError>) + Send + 'static,
    ) {
        self.writer.submit(work, done);
    }

    /// Runs `work` on a reader and calls `done` with its answer.
    pub fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
        done: impl FnOnce(Result<T, DatabaseError>) + Send + 'static,
    ) {
        self.readers.submit(Box::new(move |connection| done(work(connection))));
    }

    /// As [`Storage::write`], awaited.
    ///
    /// # Errors
    /// What the database says; [`DatabaseError::Closed`] when it is shutting down.
    pub async fn write_async<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        let (send, receive) = oneshot::channel();
        self.write(work, move |result| {
            // A receiver that went away no longer wants to know.
            let _ = send.send(result);
        });
        receive.await.unwrap_or(Err(DatabaseError::Closed))
    }

    /// As [`Storage::read`], awaited.
    ///
    /// # Errors
    /// What the database says; [`DatabaseError::Closed`] when it is shutting down.
    pub async fn read_async<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        let (send, receive) = oneshot::channel();
        self.read(work, move |result| {
            let _ = send.send(result);
        });
        receive.await.unwrap_or(Err(DatabaseError::Closed))
    }

    /// Claims the data directory for one server: two would each hold half of the sessions. The claim ends with the file, also by a crash.
    ///
    /// # Errors
    /// When another server runs on it, or the file cannot be made.
    pub fn lock(&self) -> Result<std::fs::File, OpenError> {
        let path = self.path.with_extension("lock");
        let unusable = |reason: String| OpenError::Unusable { path: path.clone(), reason };
        let file = std::fs::File::create(&path).map_err(|error| unusable(error.to_string()))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::Locked { path }),
            Err(std::fs::TryLockError::Error(error)) => Err(unusable(error.to_string())),
        }
    }

    /// Waits until everything submitted before is on disk, then stops the writer. Later writes answer [`DatabaseError::Closed`].
    pub async fn close(&self) {
        let writer = Arc::clone(&self.writer);
        // Joining a thread blocks; a panic of the writer has been logged by then.
        let _ = tokio::task::spawn_blocking(move || writer.close()).await;
    }
}
