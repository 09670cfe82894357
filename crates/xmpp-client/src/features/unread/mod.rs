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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::api::*;
    use crate::test_bench::{Bench, chat, settings};

    /// Signs in at a server whose archive holds one message of somebody, of this time.
    fn archived(device: BTreeMap<String, String>, from: &str, stamp: &str) -> Bench {
        let mut bench = Bench::with(settings(), crate::features::all(), device, BTreeMap::new());
        bench.sign_in("");
        while let Some(iq) = bench.request("query", "http://jabber.org/protocol/disco#info") {
            let query = "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:mam:2'/></query>";
            bench.answer(&iq, query);
        }
        let query = bench.request("query", "urn:xmpp:mam:2").expect("asks the archive");
        let id = query.children().next().and_then(|q| q.attr("queryid")).expect("an id");
        bench.feed(
            &[
                "<message from='me@x.y'><result xmlns='urn:xmpp:mam:2' id='1' queryid='",
                id,
                "'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='",
                stamp,
                "'/><message xmlns='jabber:client' type='chat' from='",
                from,
                "/1' to='me@x.y' id='q'><body>hi</body></message>\
                 </forwarded></result></message>",
            ]
            .concat(),
        );
        bench.answer(&query, "<fin xmlns='urn:xmpp:mam:2' complete='true'/>");
        bench
    }

    #[test]
    fn what_came_while_no_page_was_open_is_unread_also_from_new_people() {
        // The first time on a device the past counts as read.
        let first = archived(BTreeMap::new(), "you@x.y", "2023-11-14T22:00:00Z");
        assert_eq!(first.view.chats[&chat("you@x.y")].unread, 0);
        for from in ["you@x.y", "new@x.y"] {
            let later = archived(first.device.clone(), from, "2023-11-15T10:00:00Z");
            assert_eq!(later.view.chats[&chat(from)].unread, 1, "{from}");
            assert!(later.view.chats[&chat(from)].first_unread.is_some());
        }
    }

    #[test]
    fn what_was_read_stays_read_over_a_reload() {
        let mut bench = Bench::online();
        bench.open_chat("you@x.y");
        bench.feed("<message type='chat' from='you@x.y/1' id='q'><body>hi</body></message>");
        assert_eq!(bench.view.chats[&chat("you@x.y")].unread, 1);
        let total = |bench: &Bench| {
            let mut totals = bench.events.iter().filter_map(|e| match e {
                Event::UnreadChanged { total } => Some(*total),
                _ => None,
            });
            totals.next_back()
        };
        assert_eq!(total(&bench), Some(1));
        let up_to = bench.view.timelines[&chat("you@x.y")][0].id;
        bench.command(Command::MarkRead { conversation: chat("you@x.y"), up_to });
        assert_eq!((bench.view.chats[&chat("you@x.y")].unread, total(&bench)), (0, Some(0)));
        let again = archived(bench.device.clone(), "you@x.y", "2023-11-14T22:13:20Z");
        assert_eq!(again.view.chats[&chat("you@x.y")].unread, 0);
    }
}
