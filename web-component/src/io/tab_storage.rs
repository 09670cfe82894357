//! Rows that live as long as the tab: `sessionStorage`, or memory where the browser forbids it.

use web_sys::Storage;
use xmpp_client::api::{StorageError, StoreOp};

use super::{Rows, window};

/// All our keys in a storage that the page shares.
const PREFIX: &str = "converse-chat:";

/// The storage, if the browser lets the page have it.
pub(super) fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// Writes rows. Not all-or-none: the browser has no transaction here, and every row stands alone.
pub(super) fn write(storage: &Storage, ops: &[StoreOp]) -> Result<(), StorageError> {
    for op in ops {
        let done = match op {
            StoreOp::Put { key, value } => storage.set_item(&full(key), value),
            StoreOp::Delete { key } => storage.remove_item(&full(key)),
            StoreOp::DeletePrefix { prefix } => {
                keys(storage, prefix).iter().try_for_each(|key| storage.remove_item(&full(key)))
            }
        };
        done.map_err(|_| StorageError::Full)?;
    }
    Ok(())
}

/// The rows whose key starts so, sorted by key.
pub(super) fn read(storage: &Storage, prefix: &str) -> Rows {
    let mut rows: Vec<(String, String)> = keys(storage, prefix)
        .into_iter()
        .filter_map(|key| {
            let value = storage.get_item(&full(&key)).ok().flatten()?;
            Some((key, value))
        })
        .collect();
    xmpp::collections::sort(&mut rows);
    Ok(rows)
}

fn full(key: &str) -> String {
    [PREFIX, key].concat()
}

fn keys(storage: &Storage, prefix: &str) -> Vec<String> {
    let count = storage.length().unwrap_or(0);
    (0..count)
        .filter_map(|index| storage.key(index).ok().flatten())
        .filter_map(|key| key.strip_prefix(PREFIX).map(str::to_owned))
        .filter(|key| key.starts_with(prefix))
        .collect()
}
