//! One message that the server has not confirmed, and its row on the device.

use std::sync::Arc;

use xmpp::ids::{ArchiveId, MessageId, OriginId};
use xmpp::jid::BareJid;
use xmpp::stanza::Message;
use xmpp::time::Timestamp;
use xmpp::xml::Element;

use crate::api::{Author, ConversationId, Delivery, TimelineId};
use crate::timeline::Entry as Said;

/// A message on its way.
pub(super) struct Entry {
    /// Its number on this page: tag and label at once.
    pub(super) tag: u32,
    /// Its number on the page where it was written: of one millisecond's messages the order.
    pub(super) order: u32,
    pub(super) conversation: ConversationId,
    pub(super) item: TimelineId,
    /// Message id and origin id at once; never changes, whatever happens to the message.
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) body: Arc<str>,
    /// The newest archived message known when this one could first have gone out.
    pub(super) since: Option<ArchiveId>,
    /// Whether it may have gone out: what is on the device says so before it does.
    pub(super) tried: bool,
    /// How many writes of its row are not durable yet.
    pub(super) unwritten: u8,
    pub(super) state: State,
}

/// How far a message got.
pub(super) enum State {
    /// It goes through the features.
    Preparing,
    /// It may go out.
    Ready(Element),
    /// It went out on this session.
    Sent(Element),
    /// It may have gone out on a session that is lost; the stanza, unless a reload lost it.
    Unknown(Option<Element>),
    /// It did not go; the person decides.
    Failed(String),
}

impl Entry {
    /// The key of its row: rows come back in the order of their keys.
    pub(super) fn key(&self) -> String {
        let at = self.at.0.max(0).to_string();
        let order = self.order.to_string();
        let pad = |text: &str, len: usize| "0".repeat(len.saturating_sub(text.len()));
        [&pad(&at, 16), at.as_str(), "-", &pad(&order, 10), &order, "-", &self.id].concat()
    }

    /// Its row: the body last, since it alone may have several lines.
    pub(super) fn row(&self) -> String {
        let failed = match &self.state {
            State::Failed(condition) => condition.as_str(),
            _ => "",
        };
        let since = self.since.as_ref().map_or("", ArchiveId::as_str);
        let at = self.at.0.to_string();
        let tried = if self.tried { "1" } else { "0" };
        [&self.id, self.conversation.jid.as_str(), &at, tried, failed, since, &self.body].join("\n")
    }

    /// The reverse of [`Entry::row`].
    pub(super) fn read(tag: u32, key: &str, row: &str) -> Option<Self> {
        let order = key.split('-').nth(1)?.parse().ok()?;
        let mut fields = row.splitn(7, '\n');
        let id = String::from(fields.next().filter(|id| !id.is_empty())?);
        let conversation = ConversationId::chat(BareJid::new(fields.next()?).ok()?);
        let at = Timestamp(fields.next()?.parse().ok()?);
        let tried = fields.next()? == "1";
        let failed = fields.next()?;
        let since = fields.next().filter(|since| !since.is_empty()).map(ArchiveId::from);
        let body = Arc::from(fields.next()?);
        let state = match (failed, tried) {
            ("", true) => State::Unknown(None),
            ("", false) => State::Preparing,
            (condition, _) => State::Failed(String::from(condition)),
        };
        let item = TimelineId(0);
        Some(Self { tag, order, conversation, item, id, at, body, since, tried, unwritten: 0, state })
    }

    /// The stanza before the features have seen it.
    pub(super) fn message(&self) -> Message {
        Message::chat(self.conversation.jid.clone())
            .with_id(MessageId::from(self.id.as_str()))
            .with_body(&*self.body)
            .with(OriginId::from(self.id.as_str()))
    }

    /// The local echo.
    pub(super) fn echo(&self) -> Said {
        let delivery = match &self.state {
            State::Failed(condition) => Delivery::Failed { condition: condition.clone(), text: None },
            _ => Delivery::Pending,
        };
        Said {
            author: Author::Own,
            at: self.at,
            body: self.body.clone(),
            stanza_id: None,
            message_id: Some(MessageId::from(self.id.as_str())),
            origin_id: Some(OriginId::from(self.id.as_str())),
            delivery: Some(delivery),
            markable: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_the_order_of_sending() {
        let row = "abc\nyou@x.y\n1700000000000\n1\n\n17\nline 1\nline 2";
        let entry = Entry::read(7, "x-3-y", row).expect("reads");
        assert_eq!(entry.row(), row);
        assert!(matches!(entry.state, State::Unknown(None)) && entry.since == Some(ArchiveId::from("17")));
        assert_eq!(Entry::read(1, &entry.key(), row).map(|again| again.key()), Some(entry.key()));
        let later = Entry::read(7, "x-10-y", row).expect("reads");
        assert!(entry.key() < later.key());
        let failed = Entry::read(1, "x-1-y", "abc\nyou@x.y\n5\n1\ntimeout\n\nhi").expect("reads");
        assert!(matches!(&failed.state, State::Failed(condition) if condition == "timeout"));
        assert!(failed.key() < entry.key());
        for broken in ["", "abc", "abc\n@\n1\n1\n\n\nhi", "abc\na@b\nx\n1\n\n\nhi", "\na@b\n1\n1\n\n\nhi"] {
            assert!(Entry::read(1, "x-1-y", broken).is_none(), "{broken}");
        }
    }
}
