//! XEP-0280: what the account's other resources get and send.

use xmpp::Payload;
use xmpp::ns;
use xmpp::xep::carbons::{Enable, Received, Sent};

use crate::cx::Cx;
use crate::feature::{Feature, Flow, Inbound, Label, SessionChange, Signal, Source};

/// The feature.
#[derive(Default)]
pub struct Carbons {
    enabled: bool,
}

const ENABLE: Label = Label(1);

impl Carbons {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }
}

impl Feature for Carbons {
    fn id(&self) -> &'static str {
        "carbons"
    }

    fn on_session(&mut self, _cx: &mut Cx<'_>, change: SessionChange) {
        if change == SessionChange::Bound {
            self.enabled = false;
        }
    }

    fn on_signal(&mut self, cx: &mut Cx<'_>, signal: &Signal) {
        // §4: before the first presence, so that nothing falls in between.
        if *signal == Signal::Discovered && !self.enabled && (cx.server_has(ns::CARBONS) || cx.account_has(ns::CARBONS))
        {
            self.enabled = true;
            cx.set(None, Enable {}.write(), ENABLE);
        }
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, inbound: &mut Inbound) -> Flow {
        let sent = inbound.message.payload::<Sent>().map(|sent| (sent.map(|sent| sent.forwarded), true));
        let received = || inbound.message.payload::<Received>().map(|copy| (copy.map(|copy| copy.forwarded), false));
        let Some((forwarded, sent)) = sent.or_else(received) else { return Flow::Continue };
        // §11: anybody can write such an element; only the own account's bare address may be believed.
        let from_account = inbound.message.from.as_ref().is_some_and(|from| from.is_bare() && cx.is_own(from));
        if inbound.source != Source::Live || !from_account {
            return Flow::Stop;
        }
        let Ok(forwarded) = forwarded else { return Flow::Stop };
        let (Some(message), Some(account)) = (forwarded.message(), cx.account().cloned()) else { return Flow::Stop };
        let now = cx.now().wall;
        let at = forwarded.delay.map(|delay| delay.stamp.min(now));
        let mut copy = Inbound::new(message, &account, at.unwrap_or(now), Source::Carbon);
        copy.delayed = at.is_some();
        // A copy of something sent was sent by the account, a copy of something received to it.
        let to_account = copy.message.to.as_ref().is_some_and(|to| cx.is_own(to));
        if if sent { copy.own } else { to_account } {
            cx.receive(copy);
        }
        Flow::Stop
    }
}

#[cfg(test)]
mod tests;
