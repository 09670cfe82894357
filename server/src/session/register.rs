//! Accounts made by strangers, and passwords set by their owners (XEP-0077): how often, and where their keys are made.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tracing::Instrument as _;
use xmpp::jid::BareJid;
use xmpp_host::io::PasswordRefused;
use xmpp_stream::sasl::StoredKeys;
use xmpp_stream::server::{Input, Password, RegistrationRefused};

use super::hub::lock;
use super::link::Link;
use crate::auth::scram::{self, PasswordError};
use crate::auth::throttle::Window;
use crate::storage::{Storage, accounts};

/// New passwords of one account within an hour: each costs the processor as much as some sign-ins.
const CHANGES_PER_HOUR: u32 = 10;

const HOUR_MS: u64 = 3_600_000;

impl Link {
    /// Makes an account for whoever is at the other end.
    pub(super) fn register(&mut self, token: u32, account: BareJid, password: Password) {
        self.asked += 1;
        let answer = self.answer.clone();
        let send = move |result: Result<(), RegistrationRefused>| {
            // A connection that is gone needs no answer.
            let _ = answer.send(Input::Registered { token, result });
        };
        let network = self.client.network;
        let now = self.hub.clock.millis();
        let mut registrations = lock(&self.hub.registrations);
        if registrations.blocked(&network, now).is_some() {
            tracing::warn!(%network, "too many registrations; this one is refused");
            return send(Err(RegistrationRefused::TooMany));
        }
        // Also one that fails is counted: else it could be tried out which names are taken.
        registrations.note(network, now);
        drop(registrations);
        let (keys, storage) = (self.hub.keys.clone(), self.hub.storage.clone());
        let work = async move { send(create(&keys, &storage, &account, password).await) };
        tokio::spawn(work.in_current_span());
    }
}

async fn create(
    keys: &Keys,
    storage: &Storage,
    account: &BareJid,
    password: Password,
) -> Result<(), RegistrationRefused> {
    let unavailable = |error| {
        tracing::error!(%error, "an account could not be registered");
        RegistrationRefused::Unavailable
    };
    let local = account.local().unwrap_or_default().to_owned();
    let wanted = local.clone();
    if storage.read_async(move |connection| accounts::exists(connection, &wanted)).await.map_err(unavailable)? {
        return Err(RegistrationRefused::Conflict);
    }
    let keys = keys.of(password).await.map_err(|error| match error {
        Some(PasswordError::Characters) => RegistrationRefused::Password,
        _ => RegistrationRefused::Unavailable,
    })?;
    let created = storage.write_async(move |connection| accounts::create(connection, &local, None, &keys)).await;
    if created.map_err(unavailable)? {
        tracing::info!(%account, "registered");
        Ok(())
    } else {
        Err(RegistrationRefused::Conflict)
    }
}

/// Where keys are made of passwords: a few at a time, as each occupies a processor.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(super) derivations: Arc<Semaphore>,
    pub(super) iterations: u32,
}

impl Keys {
    /// `None`: the server is shutting down.
    async fn of(&self, password: Password) -> Result<Vec<StoredKeys>, Option<PasswordError>> {
        let _permit = self.derivations.acquire().await.map_err(|_| None)?;
        let iterations = self.iterations;
        let derived = tokio::task::spawn_blocking(move || scram::derive(&password.0, iterations)).await;
        derived.map_err(|_| None)?.map_err(Some)
    }
}

/// The new passwords of one shard's accounts.
pub(super) struct Passwords {
    keys: Keys,
    changes: Window<BareJid>,
}

impl Passwords {
    pub(super) fn new(keys: Keys) -> Self {
        Self { keys, changes: Window::new(CHANGES_PER_HOUR, HOUR_MS) }
    }

    /// Sets one, and reports when that is on disk. An account without a password, such as a site's visitor, gets none.
    pub(super) fn set(
        &mut self,
        storage: &Storage,
        account: BareJid,
        password: Password,
        now_ms: u64,
        done: impl FnOnce(Result<(), PasswordRefused>) + Send + 'static,
    ) {
        if self.changes.blocked(&account, now_ms).is_some() {
            return done(Err(PasswordRefused::TooMany));
        }
        self.changes.note(account.clone(), now_ms);
        let (keys, storage) = (self.keys.clone(), storage.clone());
        tokio::spawn(async move { done(set(&keys, &storage, &account, password).await) });
    }
}

async fn set(keys: &Keys, storage: &Storage, account: &BareJid, password: Password) -> Result<(), PasswordRefused> {
    let keys = keys.of(password).await.map_err(|error| match error {
        Some(PasswordError::Characters) => PasswordRefused::Unusable,
        _ => PasswordRefused::Unavailable,
    })?;
    let local = account.local().unwrap_or_default().to_owned();
    let write = move |connection: &rusqlite::Connection| {
        let had_one = !accounts::keys(connection, &local)?.is_empty();
        Ok(had_one && accounts::set_keys(connection, &local, &keys)?)
    };
    match storage.write_async(write).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(PasswordRefused::NotAllowed),
        Err(error) => {
            tracing::error!(%error, "a password could not be set");
            Err(PasswordRefused::Unavailable)
        }
    }
}
