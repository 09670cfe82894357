//! Own messages until the server has them (invariant 6): written down before they are sent, never gone silently, never said
//! twice.
//!
//! A message is *sent* once its row is durable and the features are done with it, in the order of its conversation. When a
//! session is lost for good, what had been sent is *unknown*: the own archive is read from where it stood then to its tail,
//! and only what is absent there goes out again, with the same ids.

mod check;
mod entry;
#[cfg(test)]
mod tests;

use xmpp::collections::VecSet;
use xmpp::stanza::MessageType;
use xmpp::xml::Element;

use crate::api::{Author, Command, ConversationId, Delivery, Event, TimelineId};
use crate::cx::Cx;
use crate::feature::{Feature, Flow, Inbound, Label, Outbound, RequestError, SessionChange, Signal, Source};
use crate::timeline::Placement;
use check::Checks;
use entry::{Entry, State};

/// The feature.
#[derive(Default)]
pub struct Outbox {
    /// In the order of sending.
    entries: Vec<Entry>,
    tags: u32,
    rows_loaded: bool,
    /// Whether account and server have said what they can do, in this session.
    discovered: bool,
    checks: Checks,
}

impl Outbox {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    fn send(&mut self, cx: &mut Cx<'_>, conversation: &ConversationId, body: &str) {
        let body = body.trim();
        if body.is_empty() {
            return;
        }
        self.tags += 1;
        let mut entry = Entry {
            tag: self.tags,
            order: self.tags,
            conversation: conversation.clone(),
            item: TimelineId(0),
            id: cx.fresh_id(),
            at: cx.now().wall,
            body: body.into(),
            since: cx.state().archive_cursor.clone(),
            tried: cx.online(),
            unwritten: 0,
            state: State::Preparing,
        };
        entry.item = echo(cx, &entry, Placement::Live);
        let row =
            cx.state().conversation(conversation).and_then(|c| c.timeline.row(entry.item)).map(|row| row.item.clone());
        if let Some(item) = row {
            cx.emit(Event::MessageSent { conversation: conversation.clone(), item });
        }
        cx.signal(Signal::Placed { conversation: conversation.clone(), item: entry.item, live: true });
        write(cx, &mut entry);
        submit(cx, &entry);
        self.entries.push(entry);
    }

    /// Sends what may be sent, in order.
    fn advance(&mut self, cx: &mut Cx<'_>) {
        if !cx.online() || !self.rows_loaded {
            return;
        }
        // What cannot go yet keeps back what comes after it in its conversation.
        let mut blocked: VecSet<ConversationId> = VecSet::new();
        for entry in &mut self.entries {
            if blocked.contains(&entry.conversation) {
                continue;
            }
            match &entry.state {
                State::Ready(_) if !entry.tried => {
                    // The device must know that it may have gone out before it does.
                    entry.tried = true;
                    entry.since = cx.state().archive_cursor.clone();
                    write(cx, entry);
                    blocked.insert(entry.conversation.clone());
                }
                State::Ready(element) if entry.unwritten == 0 => {
                    let element = element.clone();
                    cx.transmit(element.clone(), u64::from(entry.tag));
                    entry.state = State::Sent(element);
                }
                State::Preparing | State::Ready(_) | State::Unknown(_) => {
                    blocked.insert(entry.conversation.clone());
                }
                State::Sent(_) | State::Failed(_) => {}
            }
        }
    }

    /// Asks the archive what became of unknown messages, conversation by conversation.
    fn check(&mut self, cx: &mut Cx<'_>) {
        if !(self.rows_loaded && self.discovered && cx.online()) {
            return;
        }
        let has_archive = cx.account_has(xmpp::ns::MAM) && cx.runs("mam");
        for index in 0..self.entries.len() {
            let entry = &self.entries[index];
            if !matches!(entry.state, State::Unknown(_)) || self.checks.is_running(&entry.conversation) {
                continue;
            }
            if has_archive {
                let (conversation, since) = (entry.conversation.clone(), entry.since.clone());
                self.checks.begin(cx, conversation, since);
            } else {
                // Nobody can say whether it arrived: the person decides.
                self.fail(cx, index, "timeout", None);
            }
        }
        self.advance(cx);
    }

    /// The archive of a conversation was read to its tail: what is still unknown is absent.
    fn absent(&mut self, cx: &mut Cx<'_>, conversation: &ConversationId) {
        for entry in self.entries.iter_mut().filter(|entry| entry.conversation == *conversation) {
            if let State::Unknown(element) = &mut entry.state {
                entry.state = match element.take() {
                    Some(element) => State::Ready(element),
                    None => State::Preparing,
                };
                if matches!(entry.state, State::Preparing) {
                    submit(cx, entry);
                }
            }
        }
        self.advance(cx);
    }

    /// The server has it.
    fn done(&mut self, cx: &mut Cx<'_>, index: usize) {
        let entry = self.entries.remove(index);
        cx.delete(&entry.key());
        let conversation = cx.state_mut().conversation_mut(&entry.conversation);
        conversation.timeline.set_delivery(entry.item, Delivery::Sent);
        self.advance(cx);
    }

    fn fail(&mut self, cx: &mut Cx<'_>, index: usize, condition: &str, text: Option<String>) {
        let entry = &mut self.entries[index];
        entry.state = State::Failed(String::from(condition));
        write(cx, entry);
        let failed = Delivery::Failed { condition: String::from(condition), text };
        cx.state_mut().conversation_mut(&entry.conversation).timeline.set_delivery(entry.item, failed);
    }

    /// A message of ours came back as an error (RFC 6120 §8.3).
    fn bounced(&mut self, cx: &mut Cx<'_>, inbound: &Inbound) {
        let (Some(id), Some(error)) = (&inbound.message.id, inbound.message.error()) else { return };
        let conversation = ConversationId::chat(inbound.peer.clone());
        let Some(chat) = cx.state().conversation(&conversation) else { return };
        let Some(item) = chat.timeline.by_message_id(&Author::Own, id) else { return };
        let condition = error.condition.as_str();
        let known = self.entries.iter().position(|entry| entry.item == item && entry.conversation == conversation);
        let index = known.or_else(|| {
            // The server had it already; from now on it is kept here again, so that a reload does not hide the failure.
            let row = chat.timeline.row(item)?;
            let (_, body) = row.said()?;
            self.tags += 1;
            self.entries.push(Entry {
                tag: self.tags,
                order: self.tags,
                conversation: conversation.clone(),
                item,
                id: String::from(id.as_str()),
                at: row.item.at,
                body: body.clone(),
                since: row.archive_id.clone(),
                tried: true,
                unwritten: 0,
                state: State::Preparing,
            });
            Some(self.entries.len() - 1)
        });
        if let Some(index) = index {
            self.fail(cx, index, condition, error.text);
            self.advance(cx);
        }
    }

    fn position(&self, conversation: &ConversationId, item: TimelineId) -> Option<usize> {
        self.entries.iter().position(|entry| entry.item == item && entry.conversation == *conversation)
    }
}

impl Feature for Outbox {
    fn id(&self) -> &'static str {
        "outbox"
    }

    fn essential(&self) -> bool {
        true
    }

    fn after(&self) -> &'static [&'static str] {
        // What waits stands behind what was said.
        &["history"]
    }

    fn on_rows(&mut self, cx: &mut Cx<'_>, rows: &[(&str, &str)]) {
        self.rows_loaded = true;
        let mut restored = Vec::new();
        for (key, row) in rows {
            let Some(mut entry) = Entry::read(self.tags + 1, key, row) else {
                cx.delete(key);
                continue;
            };
            self.tags += 1;
            if self.entries.iter().any(|own| own.id == entry.id) {
                continue;
            }
            // They were said before anything this page has said.
            let said = self.entries.iter().find(|own| own.conversation == entry.conversation).map(|own| own.item);
            entry.item = echo(cx, &entry, said.map_or(Placement::Live, Placement::LiveBefore));
            if matches!(entry.state, State::Preparing) {
                submit(cx, &entry);
            }
            restored.push(entry);
        }
        restored.append(&mut self.entries);
        self.entries = restored;
        self.check(cx);
    }

    fn on_session(&mut self, cx: &mut Cx<'_>, change: SessionChange) {
        if change == SessionChange::Bound {
            self.discovered = false;
            self.checks.clear(cx);
            for entry in &mut self.entries {
                entry.state = match std::mem::replace(&mut entry.state, State::Preparing) {
                    State::Sent(element) => State::Unknown(Some(element)),
                    state => state,
                };
            }
        }
        self.advance(cx);
    }

    fn on_signal(&mut self, cx: &mut Cx<'_>, signal: &Signal) {
        match signal {
            Signal::Discovered => {
                self.discovered = true;
                self.check(cx);
            }
            Signal::Acked(tag) => {
                let index = self.entries.iter().position(|entry| u64::from(entry.tag) == *tag);
                if let Some(index) = index.filter(|index| !matches!(self.entries[*index].state, State::Failed(_))) {
                    self.done(cx, index);
                }
            }
            Signal::SendStopped { conversation, item } => {
                if let Some(index) = self.position(conversation, *item) {
                    self.fail(cx, index, "not-acceptable", None);
                    self.advance(cx);
                }
            }
            _ => {}
        }
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, inbound: &mut Inbound) -> Flow {
        if let Some(seen) = self.checks.sees(inbound) {
            // A message of the archive that only the check asked for.
            if let Some(id) = &seen.found
                && let Some(index) =
                    self.entries.iter().position(|e| e.id == *id && matches!(e.state, State::Unknown(_)))
            {
                self.done(cx, index);
            }
            return Flow::Stop;
        }
        if inbound.own && inbound.source != Source::Live {
            // The archive, or a copy of what this account sent, has it: so has the server.
            let id =
                inbound.origin_id.as_ref().map(|id| id.as_str()).or(inbound.message.id.as_ref().map(|id| id.as_str()));
            let sent = |e: &Entry| Some(e.id.as_str()) == id && matches!(e.state, State::Sent(_) | State::Unknown(_));
            if let Some(index) = self.entries.iter().position(sent) {
                self.done(cx, index);
            }
        }
        if inbound.message.type_ == MessageType::Error {
            if inbound.source == Source::Live {
                self.bounced(cx, inbound);
            }
            return Flow::Stop;
        }
        Flow::Continue
    }

    fn on_send(&mut self, cx: &mut Cx<'_>, outbound: &Outbound) -> Flow {
        if let Some(index) = self.position(&outbound.conversation, outbound.item) {
            self.entries[index].state = State::Ready(outbound.message.clone().into());
            self.advance(cx);
        }
        Flow::Stop
    }

    fn on_stored(&mut self, cx: &mut Cx<'_>, label: Label, _stored: bool) {
        // A device that cannot keep it must not keep it from going out.
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.tag == label.0) {
            entry.unwritten = entry.unwritten.saturating_sub(1);
            self.advance(cx);
        }
    }

    fn on_reply(&mut self, cx: &mut Cx<'_>, label: Label, result: Result<Option<&Element>, &RequestError>) {
        if let Some(conversation) = self.checks.answered(cx, label, result) {
            self.absent(cx, &conversation);
        }
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>, _label: Label) {
        self.check(cx);
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Flow {
        match command {
            Command::SendMessage { conversation, body } => self.send(cx, conversation, body),
            Command::Retry { conversation, item } => {
                let index = self.position(conversation, *item);
                let Some(index) = index.filter(|index| matches!(self.entries[*index].state, State::Failed(_))) else {
                    return Flow::Stop;
                };
                // Behind everything that waits: order is that of the person's acts.
                let mut entry = self.entries.remove(index);
                entry.state = State::Preparing;
                entry.tried = cx.online();
                write(cx, &mut entry);
                let timeline = &mut cx.state_mut().conversation_mut(conversation).timeline;
                timeline.set_delivery(*item, Delivery::Pending);
                submit(cx, &entry);
                self.entries.push(entry);
            }
            Command::Discard { conversation, item } => {
                let index = self.position(conversation, *item);
                if let Some(index) = index.filter(|index| matches!(self.entries[*index].state, State::Failed(_))) {
                    let entry = self.entries.remove(index);
                    cx.delete(&entry.key());
                    cx.state_mut().conversation_mut(conversation).timeline.remove(*item);
                }
            }
            // Others want to know of a message too.
            _ => return Flow::Continue,
        }
        Flow::Continue
    }
}

/// Shows the message at once.
fn echo(cx: &mut Cx<'_>, entry: &Entry, placement: Placement) -> TimelineId {
    let (chat, next) = cx.state_mut().conversation_and_counter(&entry.conversation);
    chat.place(entry.echo(), placement, next).id()
}

fn submit(cx: &mut Cx<'_>, entry: &Entry) {
    let outbound = Outbound { conversation: entry.conversation.clone(), item: entry.item, message: entry.message() };
    cx.submit(outbound);
}

fn write(cx: &mut Cx<'_>, entry: &mut Entry) {
    entry.unwritten = entry.unwritten.saturating_add(1);
    cx.put(&entry.key(), entry.row(), Some(Label(entry.tag)));
}
