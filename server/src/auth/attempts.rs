//! Sign-in attempts that fail, counted by address and by account.
//!
//! An attempt counts from its beginning and is taken back when it succeeds, so that many at once are no way around. The limit of an
//! account does not apply to an address from which it signed in before: a stranger's guesses must not lock the owner out.

use std::collections::HashMap;
use std::net::IpAddr;

use xmpp::jid::BareJid;

use super::throttle::Window;

/// Pairs of account and address that are remembered as good.
const MAX_KNOWN: usize = 50_000;

/// The counters of the whole server.
#[derive(Debug)]
pub struct Attempts {
    by_network: Window<IpAddr>,
    by_account: Window<BareJid>,
    known: HashMap<(BareJid, IpAddr), ()>,
}

impl Attempts {
    /// Limits per window of so many milliseconds.
    pub fn new(per_network: u32, per_account: u32, window_ms: u64) -> Self {
        Self {
            by_network: Window::new(per_network, window_ms),
            by_account: Window::new(per_account, window_ms),
            known: HashMap::new(),
        }
    }

    /// An attempt begins. `false`: it must not.
    pub fn begin(&mut self, account: &BareJid, network: IpAddr, now_ms: u64) -> bool {
        let known = self.known.contains_key(&(account.clone(), network));
        if self.by_network.blocked(&network, now_ms).is_some()
            || (!known && self.by_account.blocked(account, now_ms).is_some())
        {
            return false;
        }
        self.by_network.note(network, now_ms);
        self.by_account.note(account.clone(), now_ms);
        true
    }

    /// The attempt succeeded: it does not count.
    pub fn succeeded(&mut self, account: &BareJid, network: IpAddr) {
        self.by_network.take_back(&network);
        self.by_account.take_back(account);
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        self.known.insert((account.clone(), network), ());
    }

    /// An attempt begins whose account somebody else knows. `false`: it must not.
    pub fn begin_from(&mut self, network: IpAddr, now_ms: u64) -> bool {
        let free = self.by_network.blocked(&network, now_ms).is_none();
        if free {
            self.by_network.note(network, now_ms);
        }
        free
    }

    /// Such an attempt succeeded, or came to nothing for a reason that says nothing about the password.
    pub fn void_from(&mut self, network: IpAddr) {
        self.by_network.take_back(&network);
    }

    /// The attempt came to nothing for a reason that says nothing about the password.
    pub fn void(&mut self, account: &BareJid, network: IpAddr) {
        self.by_network.take_back(&network);
        self.by_account.take_back(account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_does_not_lock_the_owner_out() {
        let mut attempts = Attempts::new(100, 3, 1000);
        let account = BareJid::new("alice@localhost").unwrap();
        let (home, stranger) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        assert!(attempts.begin(&account, home, 0));
        attempts.succeeded(&account, home);
        for _ in 0..3 {
            assert!(attempts.begin(&account, stranger, 1));
        }
        assert!(!attempts.begin(&account, stranger, 2));
        assert!(attempts.begin(&account, home, 2));
        assert!(attempts.begin(&account, stranger, 1001));
    }

    #[test]
    fn an_address_is_limited_over_all_accounts() {
        let mut attempts = Attempts::new(3, 100, 1000);
        let network = "10.0.0.2".parse().unwrap();
        let account = |number: u32| BareJid::new(&format!("user{number}@localhost")).unwrap();
        for number in 0..3 {
            assert!(attempts.begin(&account(number), network, 0));
        }
        assert!(!attempts.begin(&account(4), network, 0));
        attempts.succeeded(&account(0), network);
        assert!(attempts.begin(&account(5), network, 0));
    }
}
