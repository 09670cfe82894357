//! XEP-0199: answers pings, and asks a server that has been quiet for long whether it is still there.

use xmpp::Payload;
use xmpp::jid::Jid;
use xmpp::ns;
use xmpp::xep::ping;
use xmpp::xml::Element;

use crate::cx::Cx;
use crate::feature::{Feature, Flow, IqRequest, Label, RequestError, SessionChange, Signal};

/// The feature.
#[derive(Default)]
pub struct Ping {
    asked: bool,
}

/// Look whether the server has been quiet.
const LOOK: Label = Label(1);
/// The answer is overdue.
const OVERDUE: Label = Label(2);
const QUIET_MS: u64 = 60_000;
const ANSWER_MS: u64 = 15_000;
/// A page that comes to the front may have slept: its connection is tried sooner.
const WOKEN_QUIET_MS: u64 = 10_000;
const WOKEN_ANSWER_MS: u64 = 5_000;

impl Ping {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    fn ask(&mut self, cx: &mut Cx<'_>, within_ms: u64) {
        if !self.asked {
            self.asked = true;
            let server = cx.account().and_then(|account| Jid::new(account.domain()).ok());
            cx.get(server, ping::Ping {}.write(), LOOK);
        }
        cx.wake_in(OVERDUE, within_ms);
    }
}

impl Feature for Ping {
    fn id(&self) -> &'static str {
        "ping"
    }

    fn disco(&self) -> &'static [&'static str] {
        &[ns::PING]
    }

    fn on_session(&mut self, cx: &mut Cx<'_>, change: SessionChange) {
        self.asked = false;
        cx.cancel(OVERDUE);
        match change {
            SessionChange::Lost => cx.cancel(LOOK),
            SessionChange::Bound | SessionChange::Resumed => cx.wake_in(LOOK, QUIET_MS),
        }
    }

    fn on_signal(&mut self, cx: &mut Cx<'_>, signal: &Signal) {
        if *signal == Signal::Visible && cx.online() && cx.quiet_ms() >= WOKEN_QUIET_MS {
            self.ask(cx, WOKEN_ANSWER_MS);
        }
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>, label: Label) {
        if !cx.online() {
            return;
        }
        if label == OVERDUE {
            // Anything heard since is as good as the answer.
            if self.asked && cx.quiet_ms() >= WOKEN_ANSWER_MS {
                cx.give_up();
            }
            return;
        }
        let quiet = cx.quiet_ms();
        if quiet >= QUIET_MS {
            self.ask(cx, ANSWER_MS);
        }
        cx.wake_in(LOOK, QUIET_MS.saturating_sub(quiet).max(ANSWER_MS));
    }

    fn on_reply(&mut self, cx: &mut Cx<'_>, _label: Label, result: Result<Option<&Element>, &RequestError>) {
        // An error is an answer too.
        if !matches!(result, Err(RequestError::TimedOut)) {
            self.asked = false;
            cx.cancel(OVERDUE);
        }
    }

    fn on_iq(&mut self, cx: &mut Cx<'_>, request: IqRequest<'_>) -> Flow {
        if request.set || !ping::Ping::matches(request.payload) {
            return Flow::Continue;
        }
        cx.answer(request, Ok(None));
        Flow::Stop
    }
}

#[cfg(test)]
mod tests {
    use crate::api::*;
    use crate::test_bench::Bench;

    #[test]
    fn a_quiet_server_is_asked_and_a_dead_one_given_up() {
        let mut bench = Bench::online();
        bench.wait(59_000);
        assert!(bench.request("ping", "urn:xmpp:ping").is_none());
        bench.wait(2_000);
        let ping = bench.request("ping", "urn:xmpp:ping").expect("a ping");
        assert_eq!(ping.attr("to"), Some("x.y"));
        bench.answer(&ping, "");
        assert_eq!(*bench.phase(), Phase::Online);
        bench.wait(61_000);
        bench.request("ping", "urn:xmpp:ping").expect("another ping");
        bench.wait(20_000);
        assert!(matches!(bench.phase(), Phase::Reconnecting { .. }));
        assert!(bench.events.contains(&Event::Disconnected { reconnecting: true }));
    }

    #[test]
    fn a_woken_page_finds_out_soon() {
        let mut bench = Bench::online();
        bench.wait(11_000);
        bench.input(Input::Page(PageEvent::Visible));
        assert!(bench.request("ping", "urn:xmpp:ping").is_some());
        bench.wait(6_000);
        assert!(matches!(bench.phase(), Phase::Reconnecting { .. }));
    }

    #[test]
    fn pings_are_answered_and_what_nobody_knows_is_refused() {
        let mut bench = Bench::online();
        bench.feed("<iq type='get' id='p' from='x.y'><ping xmlns='urn:xmpp:ping'/></iq>");
        let answer = bench.next();
        assert_eq!(
            (answer.attr("type"), answer.attr("id"), answer.attr("to")),
            (Some("result"), Some("p"), Some("x.y"))
        );
        bench.feed("<iq type='get' id='q' from='x.y'><other xmlns='urn:example'/></iq>");
        let answer = bench.next();
        assert_eq!((answer.attr("type"), answer.attr("id")), (Some("error"), Some("q")));
    }
}
