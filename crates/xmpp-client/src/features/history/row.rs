//! What the device keeps of one conversation: its newest messages as one text.
//!
//! The text is the form's version and then messages, oldest first. Its separators are characters that XML forbids (XML 1.0
//! §2.2), so nothing that came by the network can contain them.

use std::sync::Arc;

use xmpp::ids::{ArchiveId, MessageId, OriginId, StanzaId};
use xmpp::jid::BareJid;
use xmpp::time::Timestamp;

use crate::api::{Author, Delivery, TimelineId};
use crate::timeline::{Entry, Row};

/// How many messages are kept of a conversation.
pub(super) const MESSAGES: usize = 40;
/// How many bytes.
const BYTES: usize = 64 * 1024;
/// Another form than this is not read: the archive has it all.
const VERSION: &str = "1";

const MESSAGE: char = '\u{1e}';
const FIELD: char = '\u{1f}';

/// The text of a conversation's rows, or `None` if there is nothing to keep.
///
/// The archive will be read again from the written cursor on. What that brings must find its place in the archive's order,
/// which these rows need not have: so rows behind `covered`, the last one that the cursor covers, are written without their
/// place, and what could not be known again without it is not written, nor what is behind it.
pub(super) fn write(rows: &[Row], covered: TimelineId) -> Option<String> {
    let start = rows.iter().rposition(Row::is_gap).map_or(0, |gap| gap + 1);
    let mut texts = Vec::new();
    // What the outbox keeps is not kept twice.
    for row in rows[start..].iter().filter(|row| !row.must_stay()) {
        let placed = row.id() <= covered;
        if !placed && row.message_id.is_none() && row.origin_id.is_none() {
            break;
        }
        texts.extend(message(row, placed));
    }
    let mut room = BYTES;
    let fits = texts.iter().rev().take(MESSAGES).take_while(|text| {
        let fits = text.len() <= room;
        room = room.saturating_sub(text.len());
        fits
    });
    let skip = texts.len() - fits.count();
    (skip < texts.len()).then(|| [&[String::from(VERSION)], &texts[skip..]].concat().join(&String::from(MESSAGE)))
}

fn message(row: &Row, placed: bool) -> Option<String> {
    let (author, body) = row.said()?;
    let how = match (author, row.delivery()) {
        (Author::Own, Some(Delivery::Read)) => "r",
        (Author::Own, Some(Delivery::Delivered)) => "d",
        (Author::Own, _) => "s",
        _ if row.markable => "m",
        _ => "o",
    };
    let archive_id = row.archive_id.as_ref().filter(|_| placed).map_or("", ArchiveId::as_str);
    let message_id = row.message_id.as_ref().map_or("", MessageId::as_str);
    let origin_id = row.origin_id.as_ref().map_or("", OriginId::as_str);
    let at = row.item.at.0.to_string();
    let fields = [how, &at, archive_id, message_id, origin_id, body];
    let clean = !fields.iter().any(|field| field.contains([MESSAGE, FIELD]));
    clean.then(|| fields.join(&String::from(FIELD)))
}

/// The messages of a text; what cannot be read is left out.
pub(super) fn read(text: &str, account: &BareJid, peer: &BareJid) -> Vec<Entry> {
    match text.split_once(MESSAGE) {
        Some((VERSION, messages)) => messages.split(MESSAGE).filter_map(|one| entry(one, account, peer)).collect(),
        _ => Vec::new(),
    }
}

fn entry(text: &str, account: &BareJid, peer: &BareJid) -> Option<Entry> {
    let mut fields = text.splitn(6, FIELD);
    let mut next = || fields.next();
    let how = next()?;
    let at = Timestamp(next()?.parse().ok()?);
    let archive_id = next()?;
    let message_id = next()?;
    let origin_id = next()?;
    let body = Arc::from(next()?);
    let delivery = match how {
        "s" => Some(Delivery::Sent),
        "d" => Some(Delivery::Delivered),
        "r" => Some(Delivery::Read),
        "m" | "o" => None,
        _ => return None,
    };
    Some(Entry {
        author: if delivery.is_some() { Author::Own } else { Author::Contact(peer.clone()) },
        at,
        body,
        stanza_id: some(archive_id).map(|id| StanzaId { id: ArchiveId::from(id), by: account.clone() }),
        message_id: some(message_id).map(MessageId::from),
        origin_id: some(origin_id).map(OriginId::from),
        delivery,
        markable: how == "m",
    })
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
