//! XEP-0359: the archive's id of a message, where somebody vouches for it.

use xmpp::ids::{ArchiveId, StanzaId};
use xmpp::jid::BareJid;
use xmpp::ns;

use crate::cx::Cx;
use crate::feature::{Feature, Flow, Inbound};

/// The feature.
pub struct StanzaIds;

impl StanzaIds {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self)
    }
}

impl Feature for StanzaIds {
    fn id(&self) -> &'static str {
        "stanza-id"
    }

    fn essential(&self) -> bool {
        true
    }

    fn disco(&self) -> &'static [&'static str] {
        &[ns::STANZA_ID]
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, inbound: &mut Inbound) -> Flow {
        // §3.1, §5: only a server that says it does so takes away what a sender wrote in the account's name.
        let vouched = cx.account_has(ns::STANZA_ID) || cx.account_has(ns::MAM) || cx.server_has(ns::STANZA_ID);
        let Some(account) = cx.account() else { return Flow::Continue };
        let mut own = None;
        inbound.message.payloads.retain(|payload| {
            if !payload.is("stanza-id", ns::STANZA_ID) {
                return true;
            }
            let by_account = payload.attr("by").and_then(|by| BareJid::new(by).ok()).is_some_and(|by| by == *account);
            let trusted = vouched && by_account;
            if trusted && own.is_none() {
                own = payload.attr("id").filter(|id| !id.is_empty()).map(ArchiveId::from);
            }
            trusted
        });
        if let (Some(id), None) = (own, &inbound.stanza_id) {
            inbound.stanza_id = Some(StanzaId { id, by: account.clone() });
        }
        Flow::Continue
    }
}
