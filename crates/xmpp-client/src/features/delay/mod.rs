//! XEP-0203: when a message was said that comes late.

use xmpp::ns;
use xmpp::time::Timestamp;
use xmpp::xml::Element;

use crate::cx::Cx;
use crate::feature::{Feature, Flow, Inbound, Source};

/// The feature.
pub struct Delay;

impl Delay {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self)
    }
}

impl Feature for Delay {
    fn id(&self) -> &'static str {
        "delay"
    }

    fn essential(&self) -> bool {
        true
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, inbound: &mut Inbound) -> Flow {
        // In an archive's or carbon's envelope the envelope's stamp counts, which came before this.
        if inbound.source != Source::Live || inbound.delayed {
            return Flow::Continue;
        }
        if let Some(at) = stamp(&inbound.message.payloads) {
            // Nobody speaks in the future, whatever their clock says.
            inbound.at = at.min(cx.now().wall);
            inbound.delayed = true;
        }
        Flow::Continue
    }
}

/// The oldest stamp: each server on the way may add one, and the first knew best.
pub(crate) fn stamp<'a>(payloads: impl IntoIterator<Item = &'a Element>) -> Option<Timestamp> {
    let stamps = payloads.into_iter().filter(|e| e.is("delay", ns::DELAY)).filter_map(|e| e.attr("stamp"));
    stamps.filter_map(|stamp| Timestamp::parse(stamp).ok()).min()
}
