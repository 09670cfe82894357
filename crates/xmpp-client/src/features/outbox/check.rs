//! Asking the own archive which unknown messages it has (XEP-0313), from where it stood when they could first have gone out.

use xmpp::ids::{ArchiveId, OriginId};
use xmpp::xml::Element;

use crate::api::ConversationId;
use crate::cx::Cx;
use crate::feature::{Inbound, Label, RequestError};
use crate::features::mam::query;

/// The questions that are open.
#[derive(Default)]
pub(super) struct Checks {
    running: Vec<Check>,
    labels: u32,
}

struct Check {
    label: Label,
    query_id: String,
    /// From where on it is read.
    since: Option<ArchiveId>,
    conversation: ConversationId,
}

/// A result of one of the questions.
pub(super) struct Seen {
    /// The origin id of an own message.
    pub(super) found: Option<String>,
}

/// Labels of this sub-state; tags of messages are below, as there are never so many.
const FIRST: u32 = 1 << 31;
const PAGE: u16 = 100;
/// After a failure the question is asked again.
const AGAIN_MS: u64 = 15_000;
const AGAIN: Label = Label(u32::MAX);

impl Checks {
    pub(super) fn is_running(&self, conversation: &ConversationId) -> bool {
        self.running.iter().any(|check| check.conversation == *conversation)
    }

    pub(super) fn clear(&mut self, cx: &mut Cx<'_>) {
        self.running.clear();
        cx.cancel(AGAIN);
    }

    /// Reads the archive of one conversation from `since` to its tail; without it the newest page must do.
    pub(super) fn begin(&mut self, cx: &mut Cx<'_>, conversation: ConversationId, since: Option<ArchiveId>) {
        self.labels = self.labels.wrapping_add(1) & (FIRST - 2);
        let label = Label(FIRST | self.labels);
        let query_id = cx.fresh_id();
        let range = match &since {
            Some(since) => query::Range::After(since),
            None => query::Range::Newest,
        };
        cx.set(None, query::write(&query_id, Some(&conversation.jid), range, PAGE), label);
        self.running.push(Check { label, query_id, since, conversation });
    }

    /// Whether the message is a result of one of the questions, from the own archive.
    pub(super) fn sees(&self, inbound: &Inbound) -> Option<Seen> {
        let (query_id, result) = query::result(&inbound.message)?;
        let check = self.running.iter().find(|check| query_id == check.query_id.as_str())?;
        // Only the own archive answers (XEP-0313 §10); the carrying message is the account's own or has no sender.
        let own = inbound.own && inbound.message.from.as_ref().is_none_or(xmpp::Jid::is_bare);
        let message = result.forwarded.message()?;
        let origin = message.payload::<OriginId>().and_then(Result::ok).map(String::from);
        let id = origin.or(message.id.map(String::from));
        let right = message.to.is_some_and(|to| to.has_bare(&check.conversation.jid));
        Some(Seen { found: id.filter(|_| own && right) })
    }

    /// An answer: the conversation whose archive was read to its tail, if that is so.
    pub(super) fn answered(
        &mut self,
        cx: &mut Cx<'_>,
        label: Label,
        result: Result<Option<&Element>, &RequestError>,
    ) -> Option<ConversationId> {
        let index = self.running.iter().position(|check| check.label == label)?;
        let Check { conversation, since, .. } = self.running.remove(index);
        match result {
            Ok(fin) => match fin.and_then(query::fin) {
                // A page that leads nowhere would be asked for ever.
                Some(query::Fin { complete: false, last: Some(last), .. }) if since.as_ref() != Some(&last) => {
                    self.begin(cx, conversation, Some(last));
                    None
                }
                _ => Some(conversation),
            },
            Err(RequestError::Disconnected) => None,
            Err(RequestError::Stanza(error))
                if since.is_some() && error.condition == xmpp::stanza::Condition::ItemNotFound =>
            {
                // The archive forgot where it stood: the newest page must do.
                self.begin(cx, conversation, None);
                None
            }
            Err(_) => {
                cx.wake_in(AGAIN, AGAIN_MS);
                None
            }
        }
    }
}
