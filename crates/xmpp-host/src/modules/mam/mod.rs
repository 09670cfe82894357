//! XEP-0313: Message Archive Management, of accounts. What goes into the archive is decided in [`policy`].

pub(crate) mod policy;

use xmpp::ids::ArchiveId;
use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::payload::Payload;
use xmpp::stanza::{Condition, ErrorType, IqKind, Message, MessageType, StanzaError};
use xmpp::xep::data_forms::{DataForm, Field, FieldType, FormType};
use xmpp::xep::mam::{MamEnd, MamFilter, MamFin, MamMetadata, MamQuery, MamStart};
use xmpp::xep::rsm::{First, ResultSet};
use xmpp::xml::{self, Element};

use crate::modules::{Access, Answer, At, IqHandler, Module, Request, offline};
use crate::storage::{ArchiveQuery, ArchiveRow, Page, Query, Rows};

pub(crate) const NAME: &str = "mam";

/// How many ids the `ids` field may name.
const MAX_IDS: usize = 100;

pub(crate) struct Mam;

impl Module for Mam {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            At::Domain => &[],
            // §6.1: on the account's bare JID.
            At::Account => &[ns::MAM, ns::MAM_EXTENDED],
        }
    }

    fn iq_handlers(&self) -> &'static [IqHandler] {
        const QUERY: IqHandler =
            IqHandler { name: "query", ns: ns::MAM, set: true, at: At::Account, access: Access::Owner, handle: query };
        &[
            QUERY,
            IqHandler { set: false, handle: form, ..QUERY },
            IqHandler { name: "metadata", set: false, handle: metadata, ..QUERY },
            IqHandler { name: "prefs", set: false, handle: prefs, ..QUERY },
        ]
    }
}

fn refuse(condition: Condition) -> Answer {
    Answer::Error(StanzaError::from(condition))
}

/// §4: a page of the archive.
fn query(request: &Request<'_>, payload: &Element) -> Answer {
    let Ok(query) = MamQuery::read(payload) else { return refuse(Condition::BadRequest) };
    let Ok(filter) = query.filter() else { return refuse(Condition::BadRequest) };
    if query.node.is_some() {
        return refuse(Condition::ItemNotFound);
    }
    if !filter.other.is_empty() || filter.include_groupchat.is_some() {
        // §4.1.6: a field that is not known.
        return refuse(Condition::FeatureNotImplemented);
    }
    if filter.ids.len() > MAX_IDS {
        return refuse(Condition::PolicyViolation);
    }
    if request.anonymous {
        return finish(&query, &[], true, 0, None);
    }
    let set = query.set.clone().unwrap_or_default();
    let page = match (set.after, set.before) {
        (Some(_), Some(_)) => return refuse(Condition::BadRequest),
        (Some(after), None) if after.is_empty() => Page::First,
        (Some(after), None) => Page::After(ArchiveId::from(after)),
        (None, Some(before)) if before.is_empty() => Page::Last,
        (None, Some(before)) => Page::Before(ArchiveId::from(before)),
        (None, None) => Page::First,
    };
    let most = request.config.limits.archive_page;
    Answer::Load {
        query: archive(request.account, filter, page, set.max.unwrap_or(most).min(most)),
        memo: None,
        then: page_loaded,
    }
}

fn archive(owner: &BareJid, filter: MamFilter, page: Page, max: u32) -> Query {
    Query::Archive(Box::new(ArchiveQuery {
        owner: owner.clone(),
        with: filter.with,
        start: filter.start,
        end: filter.end,
        after_id: filter.after_id,
        before_id: filter.before_id,
        ids: (!filter.ids.is_empty()).then_some(filter.ids),
        page,
        max,
    }))
}

fn page_loaded(request: &Request<'_>, rows: Rows) -> Answer {
    let (IqKind::Get(payload) | IqKind::Set(payload)) = &request.iq.kind else { return Answer::Nothing };
    let Ok(query) = MamQuery::read(payload) else { return refuse(Condition::BadRequest) };
    match rows {
        Rows::Archive { rows, complete, count, index } => {
            let backwards = query.set.as_ref().is_some_and(|set| set.before.is_some());
            let most = request.config.limits.archive_page_bytes;
            let (rows, skipped) = fitting(rows, backwards, most);
            let complete = complete && skipped == 0;
            let index = index.map(|index| index + if backwards { skipped } else { 0 });
            let Answer::Messages { result, .. } = finish(&query, &rows, complete, count, index) else {
                return refuse(Condition::InternalServerError);
            };
            let mut messages: Vec<Element> =
                rows.iter().filter_map(|row| result_message(request, &query, row)).collect();
            if query.flip_page {
                // §4.3.2
                messages.reverse();
            }
            Answer::Messages { messages, result }
        }
        // §4.3.1: an id that is not in the archive.
        Rows::NoSuchId => refuse(Condition::ItemNotFound),
        _ => refuse(Condition::InternalServerError),
    }
}

/// The part of a page that is not too large, at the end that the client asked for; and how many rows are left out.
fn fitting(mut rows: Vec<ArchiveRow>, backwards: bool, most: usize) -> (Vec<ArchiveRow>, u64) {
    let all = rows.len();
    if backwards {
        rows.reverse();
    }
    let mut bytes = 0;
    let fit = rows.iter().take_while(|row| {
        bytes += row.stanza.len();
        bytes <= most
    });
    let fit = fit.count().max(1).min(all);
    rows.truncate(fit);
    if backwards {
        rows.reverse();
    }
    (rows, (all - fit) as u64)
}

/// §4.2: one archived message.
fn result_message(request: &Request<'_>, query: &MamQuery, row: &ArchiveRow) -> Option<Element> {
    let Ok(stanza) = xml::parse(&row.stanza) else {
        tracing::error!(account = %request.account, id = %row.id, "an archived message cannot be read");
        return None;
    };
    let forwarded = Element::new("forwarded", ns::FORWARD)
        .with_child(offline::stamp(&request.config.domain, row.at))
        .with_child(stanza);
    let result = Element::new("result", ns::MAM)
        .with_opt_attr("queryid", query.queryid.as_ref().map(|id| id.as_str()))
        .with_attr("id", row.id.as_str())
        .with_child(forwarded);
    let mut message = Message::new(MessageType::Normal).with_from(request.account.clone()).with_element(result);
    message.to = request.iq.from.clone();
    Some(message.into())
}

fn finish(query: &MamQuery, rows: &[ArchiveRow], complete: bool, count: u64, index: Option<u64>) -> Answer {
    let small = |number: u64| u32::try_from(number).ok();
    let first = rows.first().map(|row| First { index: index.and_then(small), id: row.id.to_string() });
    let set = ResultSet {
        first,
        last: rows.last().map(|row| row.id.to_string()),
        count: small(count),
        ..ResultSet::default()
    };
    // A client that asks for nothing but the count has not got everything (XEP-0059 §2.6).
    let counting = query.set.as_ref().is_some_and(|set| set.max == Some(0));
    let fin = MamFin { complete: complete && !counting, stable: true, set: Some(set) };
    Answer::Messages { messages: Vec::new(), result: fin.write() }
}

/// §4.1.6: which fields there are.
fn form(_: &Request<'_>, _: &Element) -> Answer {
    let mut form = DataForm::of_kind(FormType::Form, ns::MAM);
    let fields = [
        ("with", FieldType::JidSingle),
        ("start", FieldType::TextSingle),
        ("end", FieldType::TextSingle),
        ("before-id", FieldType::TextSingle),
        ("after-id", FieldType::TextSingle),
        ("ids", FieldType::ListMulti),
    ];
    for (var, type_) in fields {
        let mut field = Field::new(var, []);
        field.type_ = Some(type_);
        if var == "ids" {
            // §4.1.6: any value, not a list to choose from (XEP-0122).
            const VALIDATE: &str = "http://jabber.org/protocol/xdata-validate";
            let open = Element::new("validate", VALIDATE)
                .with_attr("datatype", "xs:string")
                .with_child(Element::new("open", VALIDATE));
            field.extensions.push(open);
        }
        form.fields.push(field);
    }
    Answer::Result(Some(Element::new("query", ns::MAM).with_child(form.write())))
}

/// §4.4: the first and the last message; two reads.
fn metadata(request: &Request<'_>, _: &Element) -> Answer {
    if request.anonymous {
        return Answer::Result(Some(MamMetadata::default().write()));
    }
    Answer::Load {
        query: archive(request.account, MamFilter::default(), Page::First, 1),
        memo: None,
        then: start_loaded,
    }
}

fn start_loaded(request: &Request<'_>, rows: Rows) -> Answer {
    let Rows::Archive { rows, .. } = rows else { return refuse(Condition::InternalServerError) };
    match rows.first() {
        Some(row) => Answer::Load {
            query: archive(request.account, MamFilter::default(), Page::Last, 1),
            memo: Some(MamStart { id: row.id.clone(), timestamp: row.at }.write()),
            then: end_loaded,
        },
        None => Answer::Result(Some(MamMetadata::default().write())),
    }
}

fn end_loaded(request: &Request<'_>, rows: Rows) -> Answer {
    let Rows::Archive { rows, .. } = rows else { return refuse(Condition::InternalServerError) };
    let start = request.memo.as_ref().and_then(|memo| MamStart::read(memo).ok());
    let end = rows.last().map(|row| MamEnd { id: row.id.clone(), timestamp: row.at });
    Answer::Result(Some(MamMetadata { start, end }.write()))
}

/// §5.2 (XEP-0441): everything is archived; it cannot be changed.
fn prefs(request: &Request<'_>, _: &Element) -> Answer {
    if request.anonymous {
        return Answer::Error(StanzaError::new(ErrorType::Cancel, Condition::NotAllowed));
    }
    let prefs = Element::new("prefs", ns::MAM)
        .with_attr("default", "always")
        .with_child(Element::new("always", ns::MAM))
        .with_child(Element::new("never", ns::MAM));
    Answer::Result(Some(prefs))
}
