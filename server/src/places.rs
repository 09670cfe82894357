//! How many TCP connections there may be: in all, and from one address. All listeners share one count.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::http::origin::network;

/// The counts of the whole server.
pub struct Places {
    all: Arc<Semaphore>,
    limit: u32,
    /// Trusted proxies are not counted: they speak for many.
    exempt: Vec<IpAddr>,
    counts: Mutex<HashMap<IpAddr, u32>>,
}

/// A connection's place in the count of its address; free again when dropped.
pub struct Counted {
    of: Arc<Places>,
    network: IpAddr,
}

impl Places {
    /// With the limits of the configuration.
    pub fn new(config: &Config) -> Arc<Self> {
        Arc::new(Self {
            all: Arc::new(Semaphore::new(config.limits.connections as usize)),
            limit: config.limits.connections_per_address,
            exempt: config.http.trusted_proxies.iter().map(IpAddr::to_canonical).collect(),
            counts: Mutex::default(),
        })
    }

    /// Waits for a free place: connections above the limit stay in the system's queue, which has a limit of its own.
    pub(crate) async fn free(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// A place for one more from this address, if there is one.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Counted> {
        let peer = peer.to_canonical();
        let network = network(peer);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(network).or_insert(0);
        if *count >= self.limit && !self.exempt.contains(&peer) {
            return None;
        }
        *count += 1;
        Some(Counted { of: Arc::clone(self), network })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.of.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}
