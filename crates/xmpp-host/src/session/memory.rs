//! What is remembered of sessions that ended: how many stanzas they had handled, for a resumption that comes too late (XEP-0198 §5).

use std::collections::{HashMap, VecDeque};

use xmpp::ids::SmId;
use xmpp::jid::BareJid;

/// The last sessions that ended, a bounded number.
pub(crate) struct Remembered {
    limit: usize,
    order: VecDeque<SmId>,
    handled: HashMap<SmId, (BareJid, u32)>,
}

impl Remembered {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, order: VecDeque::new(), handled: HashMap::new() }
    }

    pub(crate) fn put(&mut self, id: SmId, account: BareJid, handled: u32) {
        if self.handled.insert(id.clone(), (account, handled)).is_none() {
            self.order.push_back(id);
        }
        while self.order.len() > self.limit {
            if let Some(oldest) = self.order.pop_front() {
                self.handled.remove(&oldest);
            }
        }
    }

    /// The `h` of a session that `account` had.
    pub(crate) fn handled(&self, id: &SmId, account: &BareJid) -> Option<u32> {
        self.handled.get(id).filter(|(owner, _)| owner == account).map(|(_, handled)| *handled)
    }
}
