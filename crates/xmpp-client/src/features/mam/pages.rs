//! The questions that are open, and what has come of their answers.

use xmpp::jid::BareJid;
use xmpp::stanza::Message;
use xmpp::xep::mam::MamResult;

use super::query::{self, Fin, Range};
use crate::api::{ConversationId, TimelineId};
use crate::cx::Cx;
use crate::feature::Label;

/// What a page is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The next page on the way to the tail.
    CatchUp,
    /// The newest page of all conversations.
    Latest,
    /// What lies before that page, after how many others.
    Earlier { read: u8 },
    /// What lies before the first row; after how many pages without a row.
    Older { conversation: ConversationId, passed: u8 },
    /// The newest page of a conversation whose rows the device kept, to compare.
    Compare,
    /// What is missing in between.
    Gap { conversation: ConversationId, gap: TimelineId },
}

/// One question.
pub(super) struct Page {
    pub(super) label: Label,
    pub(super) purpose: Purpose,
    pub(super) found: Vec<MamResult>,
    pub(super) fin: Option<Fin>,
    query_id: String,
    max: usize,
}

/// All of them.
#[derive(Default)]
pub(super) struct Pages {
    open: Vec<Page>,
    done: Vec<Page>,
    labels: u32,
}

impl Pages {
    pub(super) fn ask(
        &mut self,
        cx: &mut Cx<'_>,
        purpose: Purpose,
        with: Option<&BareJid>,
        range: Range<'_>,
        max: u16,
    ) {
        // The greatest label is another's.
        self.labels = (self.labels + 1) % (u32::MAX - 1);
        let label = Label(self.labels);
        let query_id = cx.fresh_id();
        cx.set(None, query::write(&query_id, with, range, max), label);
        self.open.push(Page { label, purpose, found: Vec::new(), fin: None, query_id, max: usize::from(max) });
    }

    /// Keeps a result of an open question; any other is nobody's. A server that sends more than was asked for is not
    /// followed without bound.
    pub(super) fn gather(&mut self, message: &Message) {
        let Some((query_id, result)) = query::result(message) else { return };
        let Some(page) = self.open.iter_mut().find(|page| query_id == page.query_id.as_str()) else { return };
        if page.found.len() < page.max * 2 {
            page.found.push(result);
        }
    }

    pub(super) fn is_filling(&self, gap: TimelineId) -> bool {
        self.open.iter().any(|page| matches!(page.purpose, Purpose::Gap { gap: own, .. } if own == gap))
    }

    pub(super) fn take(&mut self, label: Label) -> Option<Page> {
        let index = self.open.iter().position(|page| page.label == label)?;
        Some(self.open.remove(index))
    }

    pub(super) fn done(&mut self, page: Page) {
        self.done.push(page);
    }

    pub(super) fn take_done(&mut self, label: Label) -> Option<Page> {
        let index = self.done.iter().position(|page| page.label == label)?;
        Some(self.done.remove(index))
    }
}
