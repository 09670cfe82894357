//! What clients want to be told of: the features of the form `node+notify` in their capabilities (XEP-0060 §9.2, XEP-0115). What a hash
//! stands for is asked once and remembered for all sessions of the shard, if it is true (XEP-0115 §5.4).

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use xmpp::ids::{IqId, NodeName};
use xmpp::payload::Payload;
use xmpp::stanza::{Iq, IqKind, Presence};
use xmpp::xep::caps::{Caps, verification_string};
use xmpp::xep::disco::DiscoInfo;

use crate::io::SessionId;
use crate::shard::Shard;

/// Nodes that one client may want to be told of.
const MAX_NODES: usize = 100;

/// Nodes whose last items one session is given while it is online.
const MAX_GIVEN: usize = 500;

/// The longest `node` and `ver` that are looked at, in bytes.
const NAME_BYTES: usize = 256;

/// What one session wants.
#[derive(Debug, Default)]
pub(crate) struct Interests {
    nodes: Arc<BTreeSet<NodeName>>,
    /// The `node#ver` of its presence.
    told: Option<String>,
    /// The question that is under way.
    asked: Option<IqId>,
    /// Nodes whose last items it was given since it came online, so that a client that changes its mind all the time is not given them
    /// all the time.
    given: BTreeSet<NodeName>,
}

impl Interests {
    pub(crate) fn wants(&self, node: &NodeName) -> bool {
        self.nodes.contains(node)
    }

    pub(crate) fn nodes(&self) -> Arc<BTreeSet<NodeName>> {
        Arc::clone(&self.nodes)
    }

    /// The nodes whose last items it has not been given yet; from now on it has.
    pub(crate) fn give(&mut self) -> Arc<BTreeSet<NodeName>> {
        let fresh: BTreeSet<NodeName> = self.nodes.difference(&self.given).cloned().collect();
        if self.given.len() + fresh.len() > MAX_GIVEN {
            return Arc::default();
        }
        self.given.extend(fresh.iter().cloned());
        Arc::new(fresh)
    }
}

/// What the hashes that clients have told stand for, a bounded number.
#[derive(Debug)]
pub(crate) struct Known {
    limit: usize,
    order: VecDeque<String>,
    by_ver: HashMap<String, Arc<BTreeSet<NodeName>>>,
}

impl Known {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, order: VecDeque::new(), by_ver: HashMap::new() }
    }

    fn put(&mut self, ver: String, nodes: Arc<BTreeSet<NodeName>>) {
        if self.by_ver.insert(ver.clone(), nodes).is_none() {
            self.order.push_back(ver);
        }
        while self.order.len() > self.limit {
            if let Some(oldest) = self.order.pop_front() {
                self.by_ver.remove(&oldest);
            }
        }
    }
}

fn wanted(info: &DiscoInfo) -> BTreeSet<NodeName> {
    let nodes = info.features.iter().filter_map(|feature| feature.strip_suffix("+notify"));
    nodes.filter(|node| !node.is_empty() && node.len() <= NAME_BYTES).take(MAX_NODES).map(NodeName::from).collect()
}

impl Shard {
    /// The session has told its presence, which may say what it can do.
    pub(crate) fn note_capabilities(&mut self, id: SessionId, presence: &Presence, initial: bool) {
        if !self.registry.policy().pep {
            return;
        }
        let caps = presence.payload::<Caps>().and_then(Result::ok);
        let caps = caps.filter(|caps| caps.node.len() <= NAME_BYTES && caps.ver.len() <= NAME_BYTES);
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if initial {
            session.interests.given.clear();
        }
        let given = std::mem::take(&mut session.interests.given);
        let Some(caps) = caps else {
            session.interests = Interests { given, ..Interests::default() };
            return;
        };
        let told = Some(format!("{}#{}", caps.node, caps.ver));
        if session.interests.told == told {
            session.interests.given = given;
            if initial && session.interests.asked.is_none() {
                self.ask_for_last_items(id);
            }
            return;
        }
        session.interests = Interests { told: told.clone(), given, ..Interests::default() };
        let known = self.known_capabilities.by_ver.get(&caps.ver).filter(|_| caps.hash.as_deref() == Some("sha-1"));
        if let Some(nodes) = known {
            session.interests.nodes = Arc::clone(nodes);
            self.ask_for_last_items(id);
            return;
        }
        let question = IqId::from(self.ids.fresh());
        session.interests.asked = Some(question.clone());
        let to = session.jid.to_jid();
        let query = DiscoInfo { node: told, ..DiscoInfo::default() }.write();
        let from = Some(session.account.to_domain().into());
        let iq = Iq { from, to: Some(to), id: question, kind: IqKind::Get(query) };
        self.deliver(id, iq.into(), None);
    }

    /// An answer of a session to the host; tells whether it was to this question.
    pub(crate) fn capabilities_answered(&mut self, id: SessionId, iq: &Iq) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if session.interests.asked.as_ref() != Some(&iq.id) {
            return;
        }
        session.interests.asked = None;
        let IqKind::Result(Some(payload)) = &iq.kind else { return };
        let Ok(info) = DiscoInfo::read(payload) else { return };
        let nodes = Arc::new(wanted(&info));
        session.interests.nodes = Arc::clone(&nodes);
        let ver = session.interests.told.as_ref().and_then(|told| told.rsplit_once('#')).map(|(_, ver)| ver.to_owned());
        // A hash that is not that of the answer speaks for this session alone.
        let hash = verification_string(&info).map(|text| STANDARD.encode(Sha1::digest(text)));
        if let Some(ver) = ver.filter(|ver| Some(ver) == hash.as_ref()) {
            self.known_capabilities.put(ver, nodes);
        }
        self.ask_for_last_items(id);
    }
}
