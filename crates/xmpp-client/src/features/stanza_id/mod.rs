//! XEP-0359: the archive's id of a message, where somebody vouches for it.

use xmpp::Payload;
use xmpp::ids::StanzaId;
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
            if !StanzaId::matches(payload) {
                return true;
            }
            let id =
                StanzaId::read(payload).ok().filter(|id| vouched && id.by == *account && !id.id.as_str().is_empty());
            let trusted = id.is_some();
            own = own.take().or(id);
            trusted
        });
        inbound.stanza_id = inbound.stanza_id.take().or(own);
        Flow::Continue
    }
}
