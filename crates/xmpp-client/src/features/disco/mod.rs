//! XEP-0030: what account and server can do, and what this client says of itself.

use xmpp::Payload;
use xmpp::collections::VecSet;
use xmpp::jid::Jid;
use xmpp::ns;
use xmpp::xep::disco::{DiscoInfo, DiscoItems, Identity};
use xmpp::xml::Element;

use crate::cx::Cx;
use crate::feature::{Feature, Flow, IqRequest, Label, RequestError, SessionChange, Signal};

/// The feature.
#[derive(Default)]
pub struct Disco {
    /// How many of the two answers are missing.
    missing: u8,
}

const ACCOUNT: Label = Label(1);
const SERVER: Label = Label(2);
/// More features than this nobody has.
const MAX_FEATURES: usize = 500;

impl Disco {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }
}

impl Feature for Disco {
    fn id(&self) -> &'static str {
        "disco"
    }

    fn essential(&self) -> bool {
        true
    }

    fn disco(&self) -> &'static [&'static str] {
        &[ns::DISCO_INFO]
    }

    fn on_session(&mut self, cx: &mut Cx<'_>, change: SessionChange) {
        if change != SessionChange::Bound {
            return;
        }
        cx.set_features(true, VecSet::new());
        cx.set_features(false, VecSet::new());
        self.missing = 2;
        let Some(account) = cx.account().cloned() else { return };
        let query = || DiscoInfo::default().write();
        let server = Jid::new(account.domain()).ok();
        cx.get(Some(account.into()), query(), ACCOUNT);
        cx.get(server, query(), SERVER);
    }

    fn on_reply(&mut self, cx: &mut Cx<'_>, label: Label, result: Result<Option<&Element>, &RequestError>) {
        if let Ok(Some(query)) = result {
            let features = query.children_named("feature", ns::DISCO_INFO).filter_map(|f| f.attr("var"));
            cx.set_features(label == ACCOUNT, features.take(MAX_FEATURES).map(String::from).collect());
        }
        if matches!(result, Err(RequestError::Disconnected)) {
            return;
        }
        self.missing = self.missing.saturating_sub(1);
        if self.missing == 0 {
            cx.signal(Signal::Discovered);
        }
    }

    fn on_iq(&mut self, cx: &mut Cx<'_>, request: IqRequest<'_>) -> Flow {
        if request.set {
            return Flow::Continue;
        }
        let node = request.payload.attr("node").map(String::from);
        if DiscoInfo::matches(request.payload) {
            let info = DiscoInfo { node, ..info(cx.disco()) };
            cx.answer(request, Ok(Some(info.write())));
            return Flow::Stop;
        }
        if DiscoItems::matches(request.payload) {
            let items = DiscoItems { node, ..DiscoItems::default() };
            cx.answer(request, Ok(Some(items.write())));
            return Flow::Stop;
        }
        Flow::Continue
    }
}

/// What this client says of itself (XEP-0030 §3.1).
pub(crate) fn info(features: &[&'static str]) -> DiscoInfo {
    DiscoInfo {
        identities: vec![Identity::new("client", "web", Some("converse-chat"))],
        features: features.iter().map(|feature| String::from(*feature)).collect(),
        ..DiscoInfo::default()
    }
}
