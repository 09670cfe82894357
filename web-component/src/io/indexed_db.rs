//! Rows that live as long as the browser profile: one IndexedDB object store of key and text.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomException, IdbDatabase, IdbKeyRange, IdbOpenDbRequest, IdbRequest, IdbTransaction, IdbTransactionMode,
};
use xmpp_client::api::{StorageError, StoreOp};

use super::{Rows, window};

const DATABASE: &str = "converse-chat";
const STORE: &str = "rows";
/// Raised with every change of form; `upgrade` then brings old rows along.
const VERSION: u32 = 1;

/// Opens (and on the first use makes) the database.
pub(super) async fn open() -> Result<IdbDatabase, StorageError> {
    let factory =
        window().indexed_db().ok().flatten().ok_or_else(|| StorageError::Broken(String::from("no IndexedDB")))?;
    let request = factory.open_with_u32(DATABASE, VERSION).map_err(error)?;
    let upgrade = {
        let request = request.clone();
        Closure::once(move || {
            if let Ok(database) = request.result().and_then(JsCast::dyn_into::<IdbDatabase>) {
                // Fails only if the store is there already.
                let _ = database.create_object_store(STORE);
            }
        })
    };
    request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    settled(&request).await?;
    request.set_onupgradeneeded(None);
    let database: IdbDatabase = request.result().and_then(JsCast::dyn_into).map_err(error)?;
    Ok(database)
}

/// Writes rows in one transaction: all or none.
pub(super) async fn write(database: &IdbDatabase, ops: &[StoreOp]) -> Result<(), StorageError> {
    let transaction = database.transaction_with_str_and_mode(STORE, IdbTransactionMode::Readwrite).map_err(error)?;
    let store = transaction.object_store(STORE).map_err(error)?;
    for op in ops {
        match op {
            StoreOp::Put { key, value } => store.put_with_key(&value.into(), &key.into()),
            StoreOp::Delete { key } => store.delete(&key.into()),
            StoreOp::DeletePrefix { prefix } => store.delete(&range(prefix)?.into()),
        }
        .map_err(error)?;
    }
    complete(&transaction).await
}

/// The rows whose key starts so, sorted by key.
pub(super) async fn read(database: &IdbDatabase, prefix: &str) -> Rows {
    let transaction = database.transaction_with_str(STORE).map_err(error)?;
    let store = transaction.object_store(STORE).map_err(error)?;
    let range = range(prefix)?;
    let keys = store.get_all_keys_with_key(&range).map_err(error)?;
    let values = store.get_all_with_key(&range).map_err(error)?;
    complete(&transaction).await?;
    let keys: Array = keys.result().and_then(JsCast::dyn_into).map_err(error)?;
    let values: Array = values.result().and_then(JsCast::dyn_into).map_err(error)?;
    Ok(keys.iter().zip(values.iter()).filter_map(|(key, value)| Some((key.as_string()?, value.as_string()?))).collect())
}

fn range(prefix: &str) -> Result<IdbKeyRange, StorageError> {
    let end = [prefix, "\u{ffff}"].concat();
    IdbKeyRange::bound(&prefix.into(), &end.into()).map_err(error)
}

// The promise's own functions serve as handlers: nothing has to be kept alive.
async fn settled(request: &IdbOpenDbRequest) -> Result<(), StorageError> {
    let promise = Promise::new(&mut |resolve, reject| {
        let request: &IdbRequest = request;
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(promise).await.map(drop).map_err(|_| match request.error() {
        Ok(Some(exception)) => named(&exception),
        _ => StorageError::Broken(String::from("IndexedDB did not open")),
    })
}

async fn complete(transaction: &IdbTransaction) -> Result<(), StorageError> {
    let promise = Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
    });
    JsFuture::from(promise).await.map(drop).map_err(|_| match transaction.error() {
        Some(exception) => named(&exception),
        None => StorageError::Broken(String::from("transaction aborted")),
    })
}

fn named(exception: &DomException) -> StorageError {
    if exception.name() == "QuotaExceededError" { StorageError::Full } else { StorageError::Broken(exception.name()) }
}

fn error(value: JsValue) -> StorageError {
    match value.dyn_ref::<DomException>() {
        Some(exception) => named(exception),
        None => StorageError::Broken(String::from("IndexedDB")),
    }
}
