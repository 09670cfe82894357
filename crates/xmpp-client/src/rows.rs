//! Where the rows of features go. The device keeps them all; what a person wrote is kept by the tab where the device must not
//! or cannot, so that a full disk costs no message.

use xmpp::collections::VecMap;

use crate::api::{StoreOp, StoreScope, Token};
use crate::core::{Core, Owner};

/// Features whose rows are a person's words.
const PRECIOUS: [&str; 2] = ["outbox", "drafts"];

/// What is known of the writing of rows.
#[derive(Default)]
pub(crate) struct Rows {
    /// The device has refused a write: from now on the tab keeps the precious ones too.
    refused: bool,
    /// Precious writes that the device has not confirmed.
    unconfirmed: VecMap<Token, Vec<StoreOp>>,
    /// What the tab had, until the device's rows come.
    pub(crate) of_tab: Vec<(String, String)>,
}

impl Core {
    /// Writes rows of the account.
    pub(crate) fn keep(&mut self, ops: Vec<StoreOp>, owner: Owner) {
        let precious: Vec<StoreOp> = ops.iter().filter(|op| self.is_precious(op)).cloned().collect();
        if !self.on_device() {
            self.store(StoreScope::Tab, precious, owner);
            return;
        }
        if self.rows.refused && !precious.is_empty() {
            self.store(StoreScope::Tab, precious.clone(), Owner::Nobody);
        }
        let token = self.store(StoreScope::Device, ops, owner);
        if !self.rows.refused && !precious.is_empty() {
            self.rows.unconfirmed.insert(token, precious);
        }
    }

    /// A write is done. Whether its owner may be told: not yet, if the tab takes over what the device refused.
    pub(crate) fn kept(&mut self, token: Token, owner: Owner, stored: bool) -> bool {
        let precious = self.rows.unconfirmed.remove(&token);
        self.rows.refused |= !stored;
        match precious.filter(|_| !stored) {
            Some(precious) => {
                self.store(StoreScope::Tab, precious, owner);
                false
            }
            None => true,
        }
    }

    /// The rows of tab and device together; the tab's are newer.
    pub(crate) fn merged(&mut self, of_device: Vec<(String, String)>) -> Vec<(String, String)> {
        let of_tab = std::mem::take(&mut self.rows.of_tab);
        self.rows.refused |= !of_tab.is_empty();
        let merged: VecMap<String, String> = of_device.into_iter().chain(of_tab).collect();
        merged.into_iter().collect()
    }

    fn is_precious(&self, op: &StoreOp) -> bool {
        let (StoreOp::Put { key, .. } | StoreOp::Delete { key } | StoreOp::DeletePrefix { prefix: key }) = op;
        let feature = self.account.as_ref().and_then(|account| key.strip_prefix(account.as_str()));
        feature.and_then(|rest| rest.split('/').nth(1)).is_some_and(|feature| PRECIOUS.contains(&feature))
    }
}
