//! The one writer: takes jobs from its queue, commits them in groups and calls back in their order.
//!
//! While one group waits for the disk, the next one gathers in the queue: the busier the server, the more jobs share an fsync.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::error::DatabaseError;
use super::open;

/// Jobs in one transaction at most, so that the first of them does not wait for ever.
const GROUP: usize = 256;

/// A unit of work that is committed whole or not at all.
trait Job: Send {
    /// Does the work inside the open transaction.
    fn run(&mut self, connection: &Connection) -> Result<(), DatabaseError>;
    /// Tells whoever asked, after the commit or the failure.
    fn finish(self: Box<Self>, committed: Result<(), DatabaseError>);
}

struct Write<T, W, D> {
    work: Option<W>,
    outcome: Option<T>,
    done: D,
}

impl<T, W, D> Job for Write<T, W, D>
where
    T: Send,
    W: FnOnce(&Connection) -> Result<T, DatabaseError> + Send,
    D: FnOnce(Result<T, DatabaseError>) + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), DatabaseError> {
        let work = self.work.take().ok_or_else(|| DatabaseError::Broken("a job was run twice".to_owned()))?;
        self.outcome = Some(work(connection)?);
        Ok(())
    }

    fn finish(self: Box<Self>, committed: Result<(), DatabaseError>) {
        let Self { outcome, done, .. } = *self;
        done(committed.and_then(|()| outcome.ok_or(DatabaseError::Closed)));
    }
}

/// The handle to the writer's thread.
pub(super) struct Writer {
    queue: Mutex<Option<Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, path: PathBuf) -> Self {
        let (queue, jobs) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("storage-writer".to_owned())
            .spawn(move || Loop { connection, path, jobs }.run())
            .expect("a thread can be started when the server starts");
        Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) }
    }

    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, DatabaseError> + Send + 'static,
        done: impl FnOnce(Result<T, DatabaseError>) + Send + 'static,
    ) {
        let job: Box<dyn Job> = Box::new(Write { work: Some(work), outcome: None, done });
        let queue = self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let refused = match queue.as_ref() {
            Some(queue) => queue.send(job).err().map(|error| error.0),
            None => Some(job),
        };
        drop(queue);
        if let Some(job) = refused {
            job.finish(Err(DatabaseError::Closed));
        }
    }

    /// Takes no more jobs, and returns when all are done.
    pub(super) fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the storage writer panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

struct Loop {
    connection: Connection,
    path: PathBuf,
    jobs: Receiver<Box<dyn Job>>,
}

impl Loop {
    fn run(mut self) {
        while let Ok(first) = self.jobs.recv() {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(job) = self.jobs.try_recv()
            {
                group.push(job);
            }
            self.commit(group);
        }
        // The last one out empties the log, so that a copy of the one file is complete.
        if let Err(error) = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            tracing::warn!(%error, "the database's log could not be emptied at the end; nothing is lost");
        }
    }

    fn commit(&mut self, mut group: Vec<Box<dyn Job>>) {
        let results = match self.transact(&mut group) {
            Ok(results) => results,
            Err(error) => {
                tracing::error!(%error, jobs = group.len(), "a group of writes failed and was undone");
                self.recover(&error);
                vec![Err(error); group.len()]
            }
        };
        for (job, result) in group.into_iter().zip(results) {
            job.finish(result);
        }
    }

    /// One transaction around all jobs, one savepoint around each. An error here means that nothing was committed.
    fn transact(&mut self, group: &mut [Box<dyn Job>]) -> Result<Vec<Result<(), DatabaseError>>, DatabaseError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut results = Vec::with_capacity(group.len());
        for job in group.iter_mut() {
            self.connection.execute_batch("SAVEPOINT job")?;
            let result = job.run(&self.connection);
            if let Err(error) = &result {
                // SQLite undoes the whole transaction by itself after some errors (a full disk among them).
                if self.connection.is_autocommit() {
                    return Err(error.clone());
                }
                tracing::warn!(%error, "a write failed and was undone");
                self.connection.execute_batch("ROLLBACK TO job")?;
            }
            self.connection.execute_batch("RELEASE job")?;
            results.push(result);
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(results)
    }

    /// Ends a broken transaction. After an input/output error the connection's cache is not to be trusted: it is opened afresh.
    fn recover(&mut self, error: &DatabaseError) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "rollback failed");
        }
        if matches!(error, DatabaseError::Broken(_)) {
            match open::writable(&self.path) {
                Ok(connection) => self.connection = connection,
                Err(error) => {
                    tracing::error!(%error, "the database could not be opened afresh; the next write tries the old connection")
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, mpsc::channel};

    fn start(dir: &tempfile::TempDir) -> Arc<Writer> {
        let path = dir.path().join("db");
        let connection = open::writable(&path).unwrap();
        connection.execute_batch("CREATE TABLE t(x INTEGER PRIMARY KEY)").unwrap();
        Arc::new(Writer::start(connection, path))
    }

    #[test]
    fn completions_come_in_order_and_a_failed_job_leaves_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        let writer = start(&dir);
        let (send, receive) = channel();
        for number in 0..50_i64 {
            let send = send.clone();
            writer.submit(
                move |connection| {
                    connection.execute("INSERT INTO t VALUES (?1)", [number])?;
                    // The second insert of every tenth job breaks the primary key.
                    connection.execute(
                        "INSERT INTO t VALUES (?1)",
                        [if number % 10 == 9 { number } else { number + 1000 }],
                    )?;
                    Ok(number)
                },
                move |result| send.send((number, result)).unwrap(),
            );
        }
        writer.close();
        let results: Vec<_> = receive.try_iter().collect();
        assert_eq!(results.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
        assert_eq!(results.iter().filter(|(_, result)| result.is_err()).count(), 5);
        let connection = Connection::open(dir.path().join("db")).unwrap();
        let rows: i64 = connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 90);
        let half: i64 =
            connection.query_row("SELECT count(*) FROM t WHERE x % 10 = 9 AND x < 1000", [], |row| row.get(0)).unwrap();
        assert_eq!(half, 0, "nothing of a failed job stays");
    }

    #[test]
    fn full_database_is_said_and_passes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let connection = open::writable(&path).unwrap();
        connection.execute_batch("CREATE TABLE t(x BLOB)").unwrap();
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        connection.query_row(&format!("PRAGMA max_page_count = {}", pages + 4), [], |_| Ok(())).unwrap();
        let writer = Writer::start(connection, path);
        let (send, receive) = channel();
        for size in [1_000_000_i64, 10] {
            let send = send.clone();
            writer.submit(
                move |connection| Ok(connection.execute("INSERT INTO t VALUES (zeroblob(?1))", [size])?),
                move |result| send.send(result).unwrap(),
            );
            // One group each: a full disk undoes its whole group.
            while receive
                .try_recv()
                .map(|result| assert_eq!(result.err(), (size > 10).then_some(DatabaseError::Full)))
                .is_err()
            {
                std::thread::yield_now();
            }
        }
        writer.close();
        writer.submit(|_| Ok(()), move |result| assert_eq!(result, Err(DatabaseError::Closed)));
    }
}
