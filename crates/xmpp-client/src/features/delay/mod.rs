//! XEP-0203: when a message was said that comes late.

use xmpp::Payload;
use xmpp::time::Timestamp;
use xmpp::xep::delay::Delay as StampedBy;
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
fn stamp(payloads: &[Element]) -> Option<Timestamp> {
    let delays = payloads.iter().filter(|e| StampedBy::matches(e)).filter_map(|e| StampedBy::read(e).ok());
    delays.map(|delay| delay.stamp).min()
}

#[cfg(test)]
mod tests {
    use crate::api::ItemKind;
    use crate::test_bench::{Bench, chat};
    use xmpp::time::Timestamp;

    #[test]
    fn the_oldest_stamp_counts_and_none_from_the_future() {
        let mut bench = Bench::online();
        bench.open_chat("you@x.y");
        let stamps = |stamps: &[&str]| -> String {
            let delays: String =
                stamps.iter().map(|at| ["<delay xmlns='urn:xmpp:delay' stamp='", at, "'/>"].concat()).collect();
            let id = stamps.concat();
            ["<message type='chat' from='you@x.y/1' id='", &id, "'><body>", &id, "</body>", &delays, "</message>"]
                .concat()
        };
        bench.feed(&stamps(&["2023-01-02T00:00:00Z", "2023-01-01T00:00:00Z"]));
        bench.feed(&stamps(&["2999-01-01T00:00:00Z"]));
        bench.feed(&stamps(&["yesterday"]));
        let items = &bench.view.timelines[&chat("you@x.y")];
        let at: Vec<Timestamp> = items.iter().map(|item| item.at).collect();
        assert_eq!(at, [Timestamp(1_672_531_200_000), bench.now.wall, bench.now.wall]);
        assert!(items.iter().all(|item| matches!(item.kind, ItemKind::Message { .. })));
    }
}
