//! The reader threads: a shared queue of queries, each run on a connection that cannot write.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

type Query = Box<dyn FnOnce(&Connection) + Send>;

/// The handle to the reader threads; they end when it is dropped.
pub(super) struct Readers {
    queue: Mutex<Sender<Query>>,
}

impl Readers {
    pub(super) fn start(connections: Vec<Connection>) -> Self {
        let (queue, queries) = mpsc::channel();
        let queries = Arc::new(Mutex::new(queries));
        for (number, connection) in connections.into_iter().enumerate() {
            let queries = Arc::clone(&queries);
            std::thread::Builder::new()
                .name(format!("storage-reader-{number}"))
                .spawn(move || {
                    while let Some(query) = next(&queries) {
                        query(&connection);
                    }
                })
                .expect("a thread can be started when the server starts");
        }
        Self { queue: Mutex::new(queue) }
    }

    pub(super) fn submit(&self, query: Query) {
        // The threads live as long as this sender, so sending cannot fail; a query that is dropped reports itself as closed.
        let _ = self.queue.lock().unwrap_or_else(PoisonError::into_inner).send(query);
    }
}

fn next(queries: &Mutex<Receiver<Query>>) -> Option<Query> {
    queries.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
