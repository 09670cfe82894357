//! How far the person has read each conversation, kept over reloads.

use xmpp::collections::VecMap;
use xmpp::jid::BareJid;
use xmpp::time::Timestamp;

use crate::api::{Command, ConversationId};
use crate::cx::Cx;
use crate::feature::{Feature, Flow, Signal};

/// The feature.
#[derive(Default)]
pub struct Unread {
    /// What the device knows.
    kept: VecMap<ConversationId, Timestamp>,
}

/// The row that says since when this device keeps account. No address looks like it.
const SINCE: &str = "since";
/// Rows of conversations are named by this and the address.
const CHAT: &str = "chat/";

impl Unread {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    fn keep(&mut self, cx: &mut Cx<'_>, id: &ConversationId) {
        let Some(at) = cx.state().conversation(id).map(|c| c.read.at).filter(|at| at.0 > 0) else { return };
        if self.kept.insert(id.clone(), at) != Some(at) {
            cx.put(&[CHAT, id.jid.as_str()].concat(), at.0.to_string(), None);
        }
    }
}

impl Feature for Unread {
    fn id(&self) -> &'static str {
        "unread"
    }

    fn essential(&self) -> bool {
        true
    }

    fn on_rows(&mut self, cx: &mut Cx<'_>, rows: &[(&str, &str)]) {
        let now = cx.now().wall;
        for (key, value) in rows {
            let Some(at) = value.parse().ok().map(Timestamp) else { continue };
            if *key == SINCE {
                cx.state_mut().read_since = Some(at);
            } else if let Some(jid) = key.strip_prefix(CHAT).and_then(|jid| BareJid::new(jid).ok()) {
                let id = ConversationId::chat(jid);
                cx.state_mut().conversation_mut(&id).restore_read(at);
                self.kept.insert(id, at);
            }
        }
        if cx.state().read_since.is_none() {
            cx.put(SINCE, now.0.to_string(), None);
        }
    }

    fn on_signal(&mut self, cx: &mut Cx<'_>, signal: &Signal) {
        if let Signal::Placed { conversation, .. } | Signal::Read(conversation) = signal {
            self.keep(cx, conversation);
        }
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Flow {
        if let Command::MarkRead { conversation, up_to } = command {
            cx.state_mut().conversation_mut(conversation).mark_read(*up_to);
            self.keep(cx, conversation);
        }
        Flow::Continue
    }
}
