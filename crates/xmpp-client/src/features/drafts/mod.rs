//! Unsent texts, kept over reloads.

use xmpp::collections::VecSet;
use xmpp::jid::BareJid;

use crate::api::{Command, ConversationId};
use crate::cx::Cx;
use crate::feature::{Feature, Flow, Label};

/// The feature.
#[derive(Default)]
pub struct Drafts {
    /// Changed and not written down yet.
    changed: VecSet<ConversationId>,
}

const WRITE: Label = Label(1);
/// A row for every key pressed would be too many.
const WRITE_MS: u64 = 400;
/// Longer texts are not kept over a reload.
const MAX_BYTES: usize = 64 * 1024;

impl Drafts {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    fn write(&mut self, cx: &mut Cx<'_>) {
        for id in std::mem::take(&mut self.changed) {
            let draft = cx.state().conversation(&id).map(|c| c.draft.clone()).unwrap_or_default();
            if draft.is_empty() || draft.len() > MAX_BYTES {
                cx.delete(id.jid.as_str());
            } else {
                cx.put(id.jid.as_str(), draft, None);
            }
        }
    }
}

impl Feature for Drafts {
    fn id(&self) -> &'static str {
        "drafts"
    }

    fn on_rows(&mut self, cx: &mut Cx<'_>, rows: &[(&str, &str)]) {
        for (key, text) in rows {
            let Ok(jid) = BareJid::new(key) else { continue };
            let conversation = cx.state_mut().conversation_mut(&ConversationId::chat(jid));
            if conversation.draft.is_empty() {
                conversation.draft = String::from(*text);
                conversation.listed = true;
            }
        }
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Flow {
        match command {
            Command::Draft { conversation, text } => {
                cx.state_mut().conversation_mut(conversation).draft.clone_from(text);
                self.changed.insert(conversation.clone());
                cx.wake_in(WRITE, WRITE_MS);
            }
            Command::SendMessage { conversation, .. } => {
                let draft = &mut cx.state_mut().conversation_mut(conversation).draft;
                if !draft.is_empty() {
                    draft.clear();
                    self.changed.insert(conversation.clone());
                    cx.cancel(WRITE);
                    self.write(cx);
                }
            }
            _ => {}
        }
        Flow::Continue
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>, _label: Label) {
        self.write(cx);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::api::*;
    use crate::test_bench::{Bench, chat, settings};

    #[test]
    fn a_draft_outlives_a_reload_and_goes_with_the_message() {
        let mut bench = Bench::online();
        let draft = |text: &str| Command::Draft { conversation: chat("you@x.y"), text: String::from(text) };
        bench.open_chat("you@x.y");
        bench.command(draft("hel"));
        bench.command(draft("hello"));
        assert!(!bench.device.values().any(|v| v == "hello"), "not with every key");
        bench.wait(1_000);
        let mut again = Bench::with(settings(), crate::features::all(), bench.device.clone(), BTreeMap::new());
        again.sign_in("");
        assert_eq!(again.view.chats[&chat("you@x.y")].draft, "hello");
        again.say("you@x.y", "hello");
        assert_eq!(again.view.chats[&chat("you@x.y")].draft, "");
        assert!(!again.device.keys().any(|key| key.contains("/drafts/")));
    }
}
