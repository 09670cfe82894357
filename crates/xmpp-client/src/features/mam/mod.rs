//! XEP-0313: the own archive. After each new session it is read from the last known message to its tail; a person who scrolls
//! back reads older pages; gaps are filled on demand.
//!
//! Pages are gathered whole and then go through every feature as messages of their own, so that nothing of one page comes
//! between the messages of another.

mod pages;
pub(crate) mod query;
#[cfg(test)]
pub(crate) mod tests;

use xmpp::collections::VecSet;
use xmpp::ids::StanzaId;
use xmpp::ns;
use xmpp::stanza::{Condition, MessageType};
use xmpp::xml::Element;

use crate::api::{Command, ConversationId, Older};
use crate::cx::Cx;
use crate::feature::{
    ArchivePlace, ArchiveReach, Feature, Flow, Inbound, Label, RequestError, SessionChange, Signal, Source,
};
use crate::timeline::{Placement, RunId};
use pages::{Page, Pages, Purpose};
use query::{Fin, Range};

/// The feature.
#[derive(Default)]
pub struct Mam {
    pages: Pages,
    /// The archive is being read to its tail: what comes live meanwhile has a gap before it.
    catching_up: bool,
    /// Whether the account said that it has an archive; unknown until it has spoken.
    has_archive: Option<bool>,
    /// How many pages this catch-up has read.
    read: u32,
    /// This device knew of no message when the catch-up began.
    first_visit: bool,
    /// Conversations whose older messages wait for a connection and the end of the catch-up: before it nobody knows where
    /// theirs begin.
    later: VecSet<ConversationId>,
}

/// How many messages a page of the catch-up asks for.
const PAGE: u16 = 100;
/// After so many pages the newest is read instead, with a gap before it.
const MAX_PAGES: u32 = 200;
/// On a device's first visit so many pages before the newest are read, or until there are so many conversations.
const EARLIER_PAGES: u8 = 9;
const ENOUGH_CONVERSATIONS: usize = 30;
/// After a failure the catch-up goes on.
const AGAIN_MS: u64 = 30_000;
const AGAIN: Label = Label(u32::MAX);
/// An opened conversation with fewer rows than this asks for more by itself.
const FEW_ROWS: usize = 20;
/// A conversation with so many rows grows no further back: memory is bounded.
const MAX_ROWS: usize = 10_000;
/// Pages of markers and receipts show nothing: so many are passed over in a row.
const MAX_EMPTY: u8 = 5;

impl Mam {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    fn catch_up(&mut self, cx: &mut Cx<'_>) {
        self.catching_up = true;
        let cursor = cx.state().archive_cursor.clone();
        match cursor {
            Some(cursor) if self.read < MAX_PAGES => {
                self.pages.ask(cx, Purpose::CatchUp, None, Range::After(&cursor), PAGE);
            }
            _ => {
                let state = cx.state();
                let empty = |id| state.conversation(id).is_none_or(|chat| chat.timeline.rows().is_empty());
                self.first_visit = state.conversation_ids().iter().all(empty);
                self.pages.ask(cx, Purpose::Latest, None, Range::Newest, PAGE);
            }
        }
    }

    /// One busy conversation fills the newest page: a device that knows nothing yet reads on until it has a list to show.
    fn earlier(&mut self, cx: &mut Cx<'_>, fin: &Fin, read: u8) {
        if let Some(first) = &fin.first
            && !fin.complete
            && read < EARLIER_PAGES
            && cx.state().conversation_ids().len() < ENOUGH_CONVERSATIONS
        {
            self.pages.ask(cx, Purpose::Earlier { read }, None, Range::Before(first), PAGE);
        }
    }

    /// Everything up to now is here.
    fn at_tail(&mut self, cx: &mut Cx<'_>) {
        self.catching_up = false;
        self.read = 0;
        self.ask_later(cx);
        for id in cx.state().conversation_ids() {
            let conversation = cx.state_mut().conversation_mut(&id);
            conversation.timeline.end_catch_up();
            if conversation.timeline.is_shown() {
                self.opened(cx, &id);
            }
        }
        cx.signal(Signal::Archive(ArchiveReach::Tail));
    }

    /// What had to wait may be asked now.
    fn ask_later(&mut self, cx: &mut Cx<'_>) {
        for id in std::mem::take(&mut self.later) {
            cx.state_mut().conversation_mut(&id).older = Older::More;
            self.older(cx, &id, 0);
        }
    }

    fn interrupted(&mut self, cx: &mut Cx<'_>, lost: bool) {
        if !lost {
            for id in std::mem::take(&mut self.later) {
                cx.state_mut().conversation_mut(&id).older = Older::Failed;
            }
        }
        for id in cx.state().conversation_ids() {
            cx.state_mut().conversation_mut(&id).timeline.pause_catch_up(false);
        }
        cx.signal(Signal::Archive(ArchiveReach::Failed));
    }

    /// A view shows the conversation: it should have something to show.
    fn opened(&mut self, cx: &mut Cx<'_>, id: &ConversationId) {
        if cx.online() && !self.catching_up && self.has_archive == Some(true) {
            let unchecked = std::mem::take(&mut cx.state_mut().conversation_mut(id).unchecked);
            if unchecked {
                let max = cx.settings().history_page.clamp(10, 250);
                self.pages.ask(cx, Purpose::Compare, Some(&id.jid), Range::Newest, max);
            }
        }
        let few =
            cx.state().conversation(id).is_some_and(|c| c.timeline.rows().len() < FEW_ROWS && c.older == Older::More);
        match self.has_archive {
            Some(false) => cx.state_mut().conversation_mut(id).older = Older::Complete,
            Some(true) if few => self.older(cx, id, 0),
            _ => {}
        }
    }

    fn older(&mut self, cx: &mut Cx<'_>, id: &ConversationId, passed: u8) {
        let Some(conversation) = cx.state().conversation(id) else { return };
        if passed == 0 && matches!(conversation.older, Older::Loading | Older::Complete) {
            return;
        }
        if conversation.timeline.rows().len() >= MAX_ROWS {
            return;
        }
        if self.has_archive == Some(false) {
            cx.state_mut().conversation_mut(id).older = Older::Complete;
            return;
        }
        if !cx.online() || self.has_archive.is_none() || self.catching_up {
            self.later.insert(id.clone());
            cx.state_mut().conversation_mut(id).older = Older::Loading;
            return;
        }
        let Some(conversation) = cx.state().conversation(id) else { return };
        let before = conversation.older_than.clone().or_else(|| conversation.timeline.oldest_archived().cloned());
        let range = before.as_ref().map_or(Range::Newest, Range::Before);
        let max = cx.settings().history_page.clamp(10, 250);
        let purpose = Purpose::Older { conversation: id.clone(), passed };
        self.pages.ask(cx, purpose, Some(&id.jid), range, max);
        cx.state_mut().conversation_mut(id).older = Older::Loading;
    }

    fn fill(&mut self, cx: &mut Cx<'_>, id: &ConversationId, gap: crate::api::TimelineId) {
        let Some(conversation) = cx.state().conversation(id) else { return };
        if !conversation.timeline.gaps().any(|own| own == gap) || self.pages.is_filling(gap) {
            return;
        }
        let Some(after) = conversation.timeline.archived_before(Some(gap)).cloned() else {
            // Nothing archived lies before it: it is the start of the timeline, which grows by itself.
            let conversation = cx.state_mut().conversation_mut(id);
            conversation.timeline.close_gap(gap);
            conversation.older = Older::More;
            return self.older(cx, id, 0);
        };
        if !cx.online() || self.has_archive != Some(true) {
            return cx.state_mut().conversation_mut(id).timeline.set_gap(gap, false, true);
        }
        let max = cx.settings().history_page.clamp(10, 250);
        let purpose = Purpose::Gap { conversation: id.clone(), gap };
        self.pages.ask(cx, purpose, Some(&id.jid), Range::After(&after), max);
        cx.state_mut().conversation_mut(id).timeline.set_gap(gap, true, false);
    }

    /// Lets the messages of a page go through the features; what the page means comes after them.
    fn release(&mut self, cx: &mut Cx<'_>, page: &mut Page) {
        let run = RunId(page.label.0);
        let placement = match &page.purpose {
            Purpose::CatchUp => Placement::CatchUp(run),
            Purpose::Latest | Purpose::Compare => Placement::Latest(run),
            Purpose::Older { .. } | Purpose::Earlier { .. } => Placement::Older(run),
            Purpose::Gap { gap, .. } => Placement::Gap(run, *gap),
        };
        let Some(account) = cx.account().cloned() else { return };
        for found in page.found.drain(..) {
            let Some(message) = found.forwarded.message() else { continue };
            let at = found.forwarded.delay.map_or(cx.now().wall, |delay| delay.stamp);
            let mut inbound = Inbound::new(message, &account, at, Source::Archive(ArchivePlace(placement)));
            inbound.delayed = true;
            inbound.stanza_id = Some(StanzaId { id: found.id, by: account.clone() });
            cx.receive(inbound);
        }
    }

    /// The messages of the page are in their places.
    fn finish(&mut self, cx: &mut Cx<'_>, purpose: Purpose, fin: Fin) {
        match purpose {
            Purpose::CatchUp | Purpose::Latest => {
                let moved = fin.last.is_some() && fin.last != cx.state().archive_cursor;
                if let Some(last) = &fin.last {
                    cx.state_mut().archive_cursor = Some(last.clone());
                }
                self.read += 1;
                // The newest page ends at the tail whatever lies before it. A page that leads nowhere would be asked for ever.
                if fin.complete || purpose == Purpose::Latest || !moved {
                    self.at_tail(cx);
                    if std::mem::take(&mut self.first_visit) {
                        self.earlier(cx, &fin, 0);
                    }
                } else {
                    self.catch_up(cx);
                }
            }
            Purpose::Compare => {}
            Purpose::Earlier { read } => self.earlier(cx, &fin, read + 1),
            Purpose::Older { conversation, passed } => {
                let complete = fin.complete || fin.first.is_none();
                let chat = cx.state_mut().conversation_mut(&conversation);
                let nothing_new = chat.older_rows == chat.timeline.rows().len();
                chat.older_rows = chat.timeline.rows().len();
                chat.older = if complete { Older::Complete } else { Older::More };
                chat.older_than = fin.first;
                if !complete && nothing_new && passed < MAX_EMPTY {
                    self.older(cx, &conversation, passed + 1);
                }
            }
            Purpose::Gap { conversation, gap } => {
                let timeline = &mut cx.state_mut().conversation_mut(&conversation).timeline;
                if fin.complete || fin.last.is_none() {
                    timeline.close_gap(gap);
                } else {
                    timeline.set_gap(gap, false, false);
                }
            }
        }
    }

    fn failed(&mut self, cx: &mut Cx<'_>, purpose: Purpose, error: &RequestError) {
        let lost = matches!(error, RequestError::Disconnected);
        let unknown = matches!(error, RequestError::Stanza(e) if e.condition == Condition::ItemNotFound);
        match purpose {
            Purpose::CatchUp if unknown => {
                // The archive no longer knows where we stood.
                cx.state_mut().archive_cursor = None;
                self.catch_up(cx);
            }
            Purpose::CatchUp | Purpose::Latest => {
                self.interrupted(cx, lost);
                if !lost {
                    cx.wake_in(AGAIN, AGAIN_MS);
                }
            }
            // The list is shorter then; each conversation in it still grows by itself.
            Purpose::Compare | Purpose::Earlier { .. } => {}
            Purpose::Older { conversation, .. } => {
                let chat = cx.state_mut().conversation_mut(&conversation);
                // A reader who is still there when the connection is back may ask again at once.
                chat.older = if lost { Older::More } else { Older::Failed };
            }
            Purpose::Gap { conversation, gap } => {
                cx.state_mut().conversation_mut(&conversation).timeline.set_gap(gap, false, !lost);
            }
        }
    }
}

impl Feature for Mam {
    fn id(&self) -> &'static str {
        "mam"
    }

    fn after(&self) -> &'static [&'static str] {
        &["stanza-id", "outbox"]
    }

    fn on_session(&mut self, cx: &mut Cx<'_>, change: SessionChange) {
        if change == SessionChange::Bound {
            self.has_archive = None;
            self.read = 0;
            cx.cancel(AGAIN);
        }
        if change == SessionChange::Resumed && !self.catching_up {
            self.ask_later(cx);
        }
    }

    fn on_signal(&mut self, cx: &mut Cx<'_>, signal: &Signal) {
        if *signal != Signal::Discovered {
            return;
        }
        let has = cx.account_has(ns::MAM);
        self.has_archive = Some(has);
        if has {
            return self.catch_up(cx);
        }
        self.ask_later(cx);
        for id in cx.state().conversation_ids() {
            self.opened(cx, &id);
        }
        cx.signal(Signal::Archive(ArchiveReach::None));
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, inbound: &mut Inbound) -> Flow {
        if let Some(result) = inbound.message.child("result", ns::MAM) {
            // §10: from anybody but the own archive this is a forgery, and without a question of ours too.
            let own = inbound.source == Source::Live
                && inbound.own
                && inbound.message.from.as_ref().is_none_or(xmpp::Jid::is_bare);
            if own && result.attr("queryid").is_some() {
                self.pages.gather(&inbound.message);
            }
            return Flow::Stop;
        }
        if !matches!(inbound.source, Source::Live | Source::Carbon) {
            return Flow::Continue;
        }
        let is_chat = matches!(inbound.message.type_, MessageType::Chat | MessageType::Normal);
        let shows = is_chat && inbound.message.body().is_some();
        if self.catching_up && shows {
            let now = cx.now().wall;
            let id = ConversationId::chat(inbound.peer.clone());
            let (conversation, next) = cx.state_mut().conversation_and_counter(&id);
            conversation.timeline.begin_catch_up(next, now);
        } else if self.has_archive == Some(true)
            && let Some(stanza_id) = &inbound.stanza_id
        {
            cx.state_mut().archive_cursor = Some(stanza_id.id.clone());
        }
        Flow::Continue
    }

    fn on_reply(&mut self, cx: &mut Cx<'_>, label: Label, result: Result<Option<&Element>, &RequestError>) {
        let Some(mut page) = self.pages.take(label) else { return };
        match result {
            Ok(fin) => {
                let none = Fin { complete: true, first: None, last: None };
                let fin = fin.and_then(query::fin).unwrap_or(none);
                if let Purpose::Older { conversation, passed: 0 } = &page.purpose {
                    let chat = cx.state_mut().conversation_mut(conversation);
                    chat.older_rows = chat.timeline.rows().len();
                }
                self.release(cx, &mut page);
                page.fin = Some(fin);
                self.pages.done(page);
                cx.then(label);
            }
            Err(error) => self.failed(cx, page.purpose, error),
        }
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>, label: Label) {
        if label == AGAIN {
            if self.catching_up && self.has_archive == Some(true) && cx.online() {
                self.catch_up(cx);
            }
        } else if let Some(Page { purpose, fin: Some(fin), .. }) = self.pages.take_done(label) {
            self.finish(cx, purpose, fin);
        }
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Flow {
        match command {
            Command::OpenChat(id) => self.opened(cx, id),
            Command::LoadHistory { conversation, gap: None } => self.older(cx, conversation, 0),
            Command::LoadHistory { conversation, gap: Some(gap) } => self.fill(cx, conversation, *gap),
            _ => {}
        }
        Flow::Continue
    }
}
