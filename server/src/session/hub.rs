//! What all connections share: the shards, storage, limits, and the signal to end.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use tokio::sync::{Semaphore, watch};
use xmpp::Element;
use xmpp::jid::BareJid;
use xmpp_host::io::{ConnId, ShardId};
use xmpp_host::{HostConfig, Shard};
use xmpp_stream::transport::bosh_server;

use super::bosh::Sessions;
use super::clock::{Clock, random};
use super::inbox::Budget;
use super::register::Keys;
use super::shards::Shards;
use crate::auth::attempts::Attempts;
use crate::auth::throttle::Window;
use crate::config::Config;
use crate::storage::{DatabaseError, Storage, accounts};
use crate::upstream::Upstreams;

/// The middle of the server.
pub struct Hub {
    pub(crate) config: Config,
    pub(crate) storage: Storage,
    pub(super) shards: Shards,
    pub(super) shard_count: u16,
    pub(crate) clock: Clock,
    pub(super) bosh_config: Arc<bosh_server::Config>,
    pub(super) bosh: Sessions,
    pub(super) upstreams: Upstreams,
    pub(super) attempts: Mutex<Attempts>,
    pub(super) registrations: Mutex<Window<IpAddr>>,
    pub(super) prebinds: Mutex<Window<BareJid>>,
    /// Password derivations at a time; each occupies a processor.
    pub(super) derivations: Arc<Semaphore>,
    pub(super) keys: Keys,
    pub(super) decoy_key: [u8; 32],
    /// What the host has every stream offer once it is signed in: roster versioning, capabilities and the like.
    pub(super) stream_features: Vec<Element>,
    pub(super) outbox_budget: Arc<Budget>,
    pub(crate) shutdown: watch::Sender<bool>,
    sessions: Mutex<Counts>,
    next_id: AtomicU64,
}

#[derive(Default)]
struct Counts {
    all: u32,
    by_network: HashMap<IpAddr, u32>,
}

/// A place among the sessions that are allowed; free again when dropped.
pub struct Permit {
    hub: Arc<Hub>,
    network: IpAddr,
}

impl Hub {
    /// Starts the shards on an open database, beside the ways to other servers.
    ///
    /// # Errors
    /// When the database cannot give or keep the server's own secrets.
    pub async fn start(config: Config, storage: Storage, upstreams: Upstreams) -> Result<Arc<Self>, DatabaseError> {
        let decoy_key = storage.write_async(|connection| accounts::server_secret(connection, "decoy-salts")).await?;
        let clock = Clock::new();
        let shard_count = available_parallelism().map_or(1, |cores| u16::try_from(cores.get()).unwrap_or(u16::MAX));
        let limits = &config.limits;
        let host_config = Arc::new(HostConfig {
            shards: shard_count,
            sm_timeout: limits.resume_time.millis(),
            registration: config.accounts.registration,
            contacts: config.contact.by_role(),
            ..HostConfig::new(config.top.domain.0.as_str())
        });
        let shards = (0..shard_count)
            .map(|number| Shard::new(ShardId(number), Arc::clone(&host_config), u64::from_ne_bytes(random())))
            .collect();
        let seconds = |span: crate::config::Span| (span.millis() / 1000).max(1);
        let bosh_config = bosh_server::Config {
            wait_max: seconds(limits.bosh_wait),
            inactivity: seconds(limits.bosh_inactivity),
            domains: std::iter::once(&config.top.domain.0).chain(upstreams.domains()).cloned().collect(),
            queued_payloads: limits.outbox as usize,
            queued_bytes: 16 * 1024 * 1024,
            ..bosh_server::Config::default()
        };
        let derivations = Arc::new(Semaphore::new(usize::from(shard_count)));
        let keys = Keys { derivations: Arc::clone(&derivations), iterations: config.accounts.scram_iterations };
        Ok(Arc::new(Self {
            shards: Shards::start(shards, &storage, clock, &keys),
            shard_count,
            clock,
            bosh_config: Arc::new(bosh_config),
            bosh: Sessions::default(),
            upstreams,
            attempts: Mutex::new(Attempts::new(
                limits.sign_in_failures_per_address,
                limits.sign_in_failures_per_account,
                limits.sign_in_window.millis(),
            )),
            prebinds: Mutex::new(Window::new(config.prebind.per_minute, 60_000)),
            registrations: Mutex::new(Window::new(
                limits.registrations_per_address,
                limits.registration_window.millis(),
            )),
            derivations,
            keys,
            decoy_key,
            stream_features: xmpp_host::stream_features(&host_config),
            outbox_budget: Budget::new(limits.outbox_total.0),
            shutdown: watch::Sender::new(false),
            sessions: Mutex::default(),
            next_id: AtomicU64::new(1),
            storage,
            config,
        }))
    }

    /// A place for one more session from this network, if the limits allow it.
    pub fn admit(self: &Arc<Self>, network: IpAddr) -> Option<Permit> {
        let mut counts = lock(&self.sessions);
        let limits = &self.config.limits;
        let here = counts.by_network.get(&network).copied().unwrap_or(0);
        if counts.all >= limits.sessions || here >= limits.sessions_per_address || *self.shutdown.borrow() {
            return None;
        }
        counts.all += 1;
        counts.by_network.insert(network, here + 1);
        Some(Permit { hub: Arc::clone(self), network })
    }

    /// Sessions at the moment.
    pub fn session_count(&self) -> u32 {
        lock(&self.sessions).all
    }

    /// Becomes true when the server is to end.
    pub fn shutdown_signal(&self) -> watch::Receiver<bool> {
        self.shutdown.subscribe()
    }

    /// Tells every session to end with `system-shutdown`, waits for them (not for ever), and brings storage to rest.
    pub async fn shut_down(&self) {
        self.shutdown.send_replace(true);
        let patience = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
        while self.session_count() > 0 && tokio::time::Instant::now() < patience {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        self.storage.close().await;
    }

    /// A number that this process has not used before.
    pub(super) fn fresh_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn fresh_conn(&self) -> ConnId {
        ConnId(self.fresh_id())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = lock(&self.hub.sessions);
        counts.all = counts.all.saturating_sub(1);
        if let Some(here) = counts.by_network.get_mut(&self.network) {
            *here -= 1;
            if *here == 0 {
                counts.by_network.remove(&self.network);
            }
        }
    }
}

/// Resolves when the server is to end.
pub(crate) async fn ended(shutdown: &mut watch::Receiver<bool>) {
    // An error means that the hub is gone, which is an end as well.
    let _ = shutdown.wait_for(|down| *down).await;
}

/// A panic elsewhere leaves counters and tables as usable as before.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
