//! Which conversations there are, which of them a view shows, and the list as it was before a reload.

use xmpp::collections::VecSet;
use xmpp::jid::BareJid;
use xmpp::time::Timestamp;

use crate::api::{Command, Composing, ConversationId};
use crate::cx::Cx;
use crate::feature::{Feature, Flow, Label, Signal};
use crate::state::Kept;

/// The feature.
#[derive(Default)]
pub struct Chats {
    /// Changed and not written down yet.
    changed: VecSet<ConversationId>,
}

const WRITE: Label = Label(1);
/// A row for every message of a burst would be too many.
const WRITE_MS: u64 = 1_000;

impl Chats {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    fn write(&mut self, cx: &mut Cx<'_>) {
        for id in std::mem::take(&mut self.changed) {
            let Some(conversation) = cx.state().conversation(&id) else { continue };
            let kept = conversation.newest().unwrap_or(Kept { last: Timestamp(0), own: false, preview: String::new() });
            let dismissed = conversation.dismissed_at.filter(|_| !conversation.listed).map(|at| at.0.to_string());
            let own = if kept.own { "1" } else { "0" };
            let row =
                [dismissed.as_deref().unwrap_or_default(), &kept.last.0.to_string(), own, &kept.preview].join("\n");
            cx.put(id.jid.as_str(), row, None);
        }
    }

    fn change(&mut self, cx: &mut Cx<'_>, id: &ConversationId) {
        if self.changed.is_empty() {
            cx.wake_in(WRITE, WRITE_MS);
        }
        self.changed.insert(id.clone());
    }
}

impl Feature for Chats {
    fn id(&self) -> &'static str {
        "chats"
    }

    fn essential(&self) -> bool {
        true
    }

    fn on_rows(&mut self, cx: &mut Cx<'_>, rows: &[(&str, &str)]) {
        for (key, row) in rows {
            let mut fields = row.splitn(4, '\n');
            let (Ok(jid), Some(dismissed), Some(last), Some(own), Some(preview)) =
                (BareJid::new(key), fields.next(), fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let conversation = cx.state_mut().conversation_mut(&ConversationId::chat(jid));
            let last = Timestamp(last.parse().unwrap_or(0));
            if last.0 > 0 {
                conversation.kept = Some(Kept { last, own: own == "1", preview: String::from(preview) });
            }
            match dismissed.parse().ok().map(Timestamp) {
                None => conversation.listed = true,
                // What is already here came after the rows were written.
                Some(at) => {
                    let newer = conversation.timeline.last_message().is_some_and(|row| row.item.at > at);
                    conversation.dismissed_at = Some(at);
                    conversation.listed &= newer;
                }
            }
        }
    }

    fn on_signal(&mut self, cx: &mut Cx<'_>, signal: &Signal) {
        if let Signal::Placed { conversation, .. } = signal {
            self.change(cx, conversation);
        }
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>, _label: Label) {
        self.write(cx);
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Flow {
        match command {
            Command::OpenChat(id) => {
                let conversation = cx.state_mut().conversation_mut(id);
                conversation.listed = true;
                conversation.timeline.show();
                self.change(cx, id);
            }
            Command::CloseChat(id) => cx.state_mut().conversation_mut(id).timeline.hide(),
            Command::DismissChat(id) => {
                let now = cx.now().wall;
                let conversation = cx.state_mut().conversation_mut(id);
                conversation.dismissed_at = Some(conversation.newest().map_or(now, |kept| kept.last));
                conversation.listed = false;
                conversation.composing = Composing::No;
                conversation.timeline.hide();
                self.changed.insert(id.clone());
                self.write(cx);
            }
            _ => {}
        }
        Flow::Continue
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::api::*;
    use crate::test_bench::{Bench, chat, settings};

    #[test]
    fn the_list_is_back_after_a_reload_and_what_was_dismissed_is_not() {
        let mut bench = Bench::online();
        bench.feed("<message from='a@x.y/1' type='chat' id='a'><body>from\na</body></message>");
        bench.feed("<message from='b@x.y/1' type='chat' id='b'><body>from b</body></message>");
        bench.command(Command::DismissChat(chat("b@x.y")));
        assert!(!bench.view.chats.contains_key(&chat("b@x.y")));
        bench.wait(2_000);
        let mut again = Bench::with(settings(), crate::features::all(), bench.device.clone(), BTreeMap::new());
        again.sign_in("");
        assert_eq!(again.view.chats.len(), 1);
        assert_eq!(again.view.chats[&chat("a@x.y")].preview.as_deref(), Some("from a"));
        again.feed("<message from='b@x.y/1' type='chat' id='c'><body>new</body></message>");
        assert_eq!(again.view.chats.len(), 2);
    }
}
