//! XEP-0115: what this client can do, in one hash; and what others can do, asked once per hash and believed only if the hash
//! is right.

use std::collections::VecDeque;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};
use xmpp::Payload;
use xmpp::collections::{VecMap, VecSet};
use xmpp::jid::Jid;
use xmpp::ns;
use xmpp::stanza::{Presence, PresenceType};
use xmpp::xep::caps::{Caps as Element0115, verification_string};
use xmpp::xep::disco::DiscoInfo;
use xmpp::xml::Element;

use crate::cx::Cx;
use crate::feature::{Feature, Flow, Label, RequestError, SessionChange};
use crate::features::disco;

/// The feature.
#[derive(Default)]
pub struct Caps {
    /// What each hash stands for, verified.
    verified: VecMap<String, Arc<VecSet<String>>>,
    /// Hashes to ask about, whom, and at which node.
    wanted: VecDeque<Question>,
    running: Vec<(Label, Question)>,
    /// Hashes whose answer was wrong or did not come, in this session.
    hopeless: VecSet<String>,
    /// Who showed which hash.
    seen: VecMap<Jid, String>,
    labels: u32,
    own: Option<String>,
}

struct Question {
    ver: String,
    node: String,
    who: Jid,
}

/// The node of this client: a name, not an address.
const NODE: &str = "urn:converse-chat";
const MAX_RUNNING: usize = 2;
/// Bounds for what strangers could fill.
const MAX_VERIFIED: usize = 300;
const MAX_WANTED: usize = 300;
const MAX_SEEN: usize = 5_000;

impl Caps {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    /// The own hash, made once.
    fn own(&mut self, cx: &Cx<'_>) -> Option<String> {
        if self.own.is_none() {
            self.own = hash(&disco::info(cx.disco()));
        }
        self.own.clone()
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        while self.running.len() < MAX_RUNNING
            && let Some(question) = self.wanted.pop_front()
        {
            self.labels += 1;
            let label = Label(self.labels);
            let node = [&question.node, "#", &question.ver].concat();
            let query = Element::new("query", ns::DISCO_INFO).with_attr("node", node);
            cx.get(Some(question.who.clone()), query, label);
            self.running.push((label, question));
        }
    }

    fn is_asked(&self, ver: &str) -> bool {
        let wanted = self.wanted.iter().chain(self.running.iter().map(|(_, question)| question));
        wanted.into_iter().any(|question| question.ver == ver)
    }

    /// Tells the state what a resource can do.
    fn show(&self, cx: &mut Cx<'_>, who: &Jid, features: &Arc<VecSet<String>>) {
        let (bare, resource) = (who.to_bare(), who.resource().unwrap_or_default());
        if cx.state().person(&bare).is_some_and(|person| person.resources.contains_key(resource))
            && let Some(resource) = cx.state_mut().person_mut(&bare).resources.get_mut(resource)
        {
            resource.caps = Some(features.clone());
        }
    }
}

impl Feature for Caps {
    fn id(&self) -> &'static str {
        "caps"
    }

    fn after(&self) -> &'static [&'static str] {
        &["presence"]
    }

    fn disco(&self) -> &'static [&'static str] {
        &[ns::CAPS]
    }

    fn on_rows(&mut self, _cx: &mut Cx<'_>, rows: &[(&str, &str)]) {
        for (ver, features) in rows.iter().take(MAX_VERIFIED) {
            let features = features.split('\n').map(String::from).collect();
            self.verified.insert(String::from(*ver), Arc::new(features));
        }
    }

    fn on_session(&mut self, _cx: &mut Cx<'_>, change: SessionChange) {
        if change == SessionChange::Bound {
            self.seen.clear();
            self.wanted.clear();
            self.hopeless.clear();
        }
    }

    fn on_own_presence(&mut self, cx: &mut Cx<'_>, presence: &mut Presence) {
        if presence.type_ == PresenceType::Available
            && let Some(ver) = self.own(cx)
        {
            let caps = Element0115 { hash: Some(String::from("sha-1")), node: String::from(NODE), ver, ext: None };
            presence.payloads.push(caps.write());
        }
    }

    fn on_presence(&mut self, cx: &mut Cx<'_>, presence: &Presence) -> Flow {
        let Some(from) = presence.from.as_ref().filter(|from| !from.is_bare()) else { return Flow::Continue };
        if presence.type_ == PresenceType::Unavailable {
            self.seen.remove(from);
        }
        let known = cx.state().person(&from.to_bare()).is_some_and(|person| !person.resources.is_empty());
        if presence.type_ != PresenceType::Available || !known {
            return Flow::Continue;
        }
        let Some(Ok(caps)) = presence.payload::<Element0115>() else { return Flow::Continue };
        // §5.4: another hash function, or none (an older form), cannot be verified here.
        if caps.hash.as_deref() != Some("sha-1") {
            return Flow::Continue;
        }
        if let Some(features) = self.verified.get(&caps.ver).cloned() {
            self.show(cx, from, &features);
            return Flow::Continue;
        }
        if self.seen.len() < MAX_SEEN {
            self.seen.insert(from.clone(), caps.ver.clone());
        }
        if self.wanted.len() < MAX_WANTED && !self.hopeless.contains(&caps.ver) && !self.is_asked(&caps.ver) {
            self.wanted.push_back(Question { ver: caps.ver, node: caps.node, who: from.clone() });
            self.ask(cx);
        }
        Flow::Continue
    }

    fn on_reply(&mut self, cx: &mut Cx<'_>, label: Label, result: Result<Option<&Element>, &RequestError>) {
        let Some(at) = self.running.iter().position(|(own, _)| *own == label) else { return };
        let (_, question) = self.running.remove(at);
        let info = result.ok().flatten().and_then(|query| DiscoInfo::read(query).ok());
        match info {
            // §5.4: what does not hash to what was announced is somebody's attempt to speak for others.
            Some(info) if hash(&info).as_deref() == Some(&question.ver) => {
                let rest = info.features.join("\n");
                let features: Arc<VecSet<String>> = Arc::new(info.features.into_iter().collect());
                if self.verified.len() < MAX_VERIFIED {
                    cx.put(&question.ver, rest, None);
                    self.verified.insert(question.ver.clone(), features.clone());
                }
                let who: Vec<Jid> =
                    self.seen.iter().filter(|(_, ver)| **ver == question.ver).map(|(who, _)| who.clone()).collect();
                for who in who {
                    self.show(cx, &who, &features);
                }
            }
            _ => drop(self.hopeless.insert(question.ver)),
        }
        self.ask(cx);
    }
}

fn hash(info: &DiscoInfo) -> Option<String> {
    Some(STANDARD.encode(Sha1::digest(verification_string(info)?.as_bytes())))
}

#[cfg(test)]
mod tests {
    use xmpp::Payload;
    use xmpp::jid::BareJid;
    use xmpp::xep::disco::DiscoInfo;

    use crate::test_bench::Bench;

    /// XEP-0115 §5.2.
    const VER: &str = "QgayPKawpkPSDYmwT/WM94uAlu0=";
    const PRESENCE: &str = "<presence from='you@x.y/1'><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' \
        node='http://code.google.com/p/exodus' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/></presence>";

    fn info(last: &str) -> String {
        let features = ["caps", "disco#info", "disco#items", last]
            .map(|f| ["<feature var='http://jabber.org/protocol/", f, "'/>"].concat())
            .concat();
        [
            "<query xmlns='http://jabber.org/protocol/disco#info'>\
             <identity category='client' name='Exodus 0.9.1' type='pc'/>",
            &features,
            "</query>",
        ]
        .concat()
    }

    fn online() -> Bench {
        let mut bench = Bench::new(crate::features::all());
        bench.sign_in("");
        bench.settle_with("", "<item jid='you@x.y' subscription='both'/>");
        bench
    }

    fn can(bench: &Bench) -> Option<bool> {
        let person = bench.client.core.state.person(&BareJid::new("you@x.y").expect("a jid"))?;
        person.resources["1"].caps.as_ref().map(|caps| caps.contains("http://jabber.org/protocol/muc"))
    }

    #[test]
    fn a_right_hash_is_kept_and_never_asked_again() {
        let mut bench = online();
        bench.feed(PRESENCE);
        let question = bench.request("query", "http://jabber.org/protocol/disco#info").expect("asks");
        assert_eq!(question.attr("to"), Some("you@x.y/1"));
        bench.answer(&question, &info("muc"));
        assert_eq!(can(&bench), Some(true));
        bench.feed(PRESENCE);
        assert!(bench.sent.is_empty());
        assert!(bench.device.keys().any(|key| key.ends_with(VER)));
    }

    #[test]
    fn a_wrong_hash_is_not_believed() {
        let mut bench = online();
        bench.feed(PRESENCE);
        let question = bench.request("query", "http://jabber.org/protocol/disco#info").expect("asks");
        bench.answer(&question, &info("muc-forged"));
        assert_eq!(can(&bench), None);
        assert!(!bench.device.keys().any(|key| key.ends_with(VER)));
    }

    #[test]
    fn the_own_hash_is_that_of_the_own_answer() {
        let mut bench = Bench::new(crate::features::all());
        bench.sign_in("");
        let asked: Vec<_> = bench.sent.iter().filter(|e| e.name() == "iq").cloned().collect();
        for iq in asked {
            bench.refuse(&iq, "service-unavailable");
        }
        let presence = bench.find(|e| e.name() == "presence").expect("the first presence");
        let ver = presence.child("c", "http://jabber.org/protocol/caps").and_then(|c| c.attr("ver")).expect("a hash");
        bench.sent.clear();
        bench.feed("<iq type='get' id='d' from='x.y'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
        let answer = bench.next();
        let info = answer.children().next().and_then(|q| DiscoInfo::read(q).ok()).expect("an answer");
        assert_eq!(super::hash(&info).as_deref(), Some(ver));
    }
}
