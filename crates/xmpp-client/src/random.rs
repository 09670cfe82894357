//! Random choices from a seed the shell gave: ids, nonces, jitter. SHA-256 over the seed and a counter, so the same seed
//! gives the same run in a simulation and nobody on the network can guess the next id.

use sha2::{Digest, Sha256};

/// A source of random bytes.
pub(crate) struct Random {
    seed: [u8; 32],
    counter: u64,
}

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0 }
    }

    /// 32 fresh bytes.
    fn block(&mut self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.counter.to_be_bytes());
        self.counter += 1;
        hash.finalize().into()
    }

    /// 24 fresh bytes, as many as a SASL nonce takes.
    pub(crate) fn nonce(&mut self) -> [u8; 24] {
        let block = self.block();
        let mut out = [0; 24];
        out.copy_from_slice(&block[..24]);
        out
    }

    /// A UUID of version 4 (RFC 9562 §5.4).
    pub(crate) fn uuid(&mut self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bytes = self.block();
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut out = String::new();
        for (at, byte) in bytes.iter().take(16).enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                out.push('-');
            }
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        out
    }

    /// A number below `n` (0 for `n` = 0). The bias of the remainder does not matter for jitter and rids.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        let block = self.block();
        let mut value = [0; 8];
        value.copy_from_slice(&block[..8]);
        u64::from_be_bytes(value).checked_rem(n).unwrap_or(0)
    }

    /// A fresh id of `len` characters, five random bits each; at most 32.
    pub(crate) fn id(&mut self, len: usize) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        self.block().iter().take(len).map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_run_and_no_id_twice() {
        let (mut a, mut b) = (Random::new([7; 32]), Random::new([7; 32]));
        let ids: std::collections::BTreeSet<String> = (0..1000).map(|_| a.id(24)).collect();
        assert_eq!(ids.len(), 1000);
        assert!((0..1000).all(|_| ids.contains(&b.id(24))));
        assert_eq!(Random::new([7; 32]).below(0), 0);
        let uuid = Random::new([7; 32]).uuid();
        let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
        assert_eq!(uuid.as_bytes()[14], b'4', "{uuid}");
    }
}
