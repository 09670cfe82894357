//! What this client asks of an archive (XEP-0313), and what it reads of the answers.

use xmpp::Payload;
use xmpp::ids::{ArchiveId, QueryId};
use xmpp::jid::BareJid;
use xmpp::stanza::Message;
use xmpp::xep::mam::{MamFilter, MamFin, MamQuery, MamResult};
use xmpp::xep::rsm::ResultSet;
use xmpp::xml::Element;

/// Which part of the archive (XEP-0059).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Range<'a> {
    /// The oldest page after this message.
    After(&'a ArchiveId),
    /// The newest page before this message.
    Before(&'a ArchiveId),
    /// The newest page.
    Newest,
}

/// The end of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fin {
    /// Nothing is left in the direction of the question.
    pub(crate) complete: bool,
    pub(crate) first: Option<ArchiveId>,
    pub(crate) last: Option<ArchiveId>,
}

/// The question (§4.1), about one other side or all of them.
pub(crate) fn write(query_id: &str, with: Option<&BareJid>, range: Range<'_>, max: u16) -> Element {
    let filter = MamFilter { with: with.map(|jid| jid.clone().into()), ..MamFilter::default() };
    let max = u32::from(max);
    let set = match range {
        Range::After(id) => ResultSet::forwards(max, Some(String::from(id.as_str()))),
        Range::Before(id) => ResultSet::backwards(max, Some(String::from(id.as_str()))),
        Range::Newest => ResultSet::backwards(max, None),
    };
    let query = MamQuery {
        queryid: Some(QueryId::from(query_id)),
        form: filter.write(),
        set: Some(set),
        ..MamQuery::default()
    };
    query.write()
}

/// The result in a message (§4.2), if there is a whole one with the id of a query.
pub(crate) fn result(message: &Message) -> Option<(QueryId, MamResult)> {
    let result = message.payload::<MamResult>()?.ok()?;
    Some((result.queryid.clone()?, result))
}

/// Reads `<fin/>` (§4.3).
pub(crate) fn fin(element: &Element) -> Option<Fin> {
    let fin = MamFin::read(element).ok()?;
    let set = fin.set.unwrap_or_default();
    let id = |text: String| (!text.is_empty()).then(|| ArchiveId::from(text));
    Some(Fin { complete: fin.complete, first: set.first.and_then(|first| id(first.id)), last: set.last.and_then(id) })
}
