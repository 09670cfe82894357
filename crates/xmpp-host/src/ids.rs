//! Ids that the host makes: resources, session ids, push ids. Unguessable as far as the seed is.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha1::{Digest, Sha1};

use crate::io::ShardId;

/// A source of fresh texts: SHA-1 over seed and counter. Nobody gets in with such an id alone (a resumption is bound to the
/// authenticated account), so SHA-1, which the crate has for entity capabilities anyway, is strong enough.
pub(crate) struct Ids {
    seed: u64,
    shard: u16,
    counter: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64, shard: ShardId) -> Self {
        Self { seed, shard: shard.0, counter: 0 }
    }

    /// 16 characters of the URL-safe alphabet, 96 bits.
    pub(crate) fn fresh(&mut self) -> String {
        self.counter += 1;
        let mut hash = Sha1::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(self.shard.to_be_bytes());
        hash.update(self.counter.to_be_bytes());
        URL_SAFE_NO_PAD.encode(&hash.finalize()[..12])
    }
}
