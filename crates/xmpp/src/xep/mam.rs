//! XEP-0313: Message Archive Management (version 1.1.3).

use super::data_forms::{DataForm, Field, FormType};
use super::forward::Forwarded;
use super::rsm::ResultSet;
use crate::ids::{ArchiveId, QueryId};
use crate::jid::Jid;
use crate::ns;
use crate::payload;
use crate::payload::{PayloadError, TextValue};
use crate::time::Timestamp;

payload! {
    /// Asks an archive for messages, in a set; in a get, for the fields that can filter (§4).
    #[derive(Default)]
    pub struct MamQuery("query", ns::MAM) {
        /// What the results repeat.
        queryid: Option<QueryId> = OptAttr("queryid"),
        /// Which of several archives at an address.
        node: Option<String> = OptAttr("node"),
        /// Which messages; see [`MamFilter`].
        form: Option<DataForm> = OptChild,
        /// Which page of them (§4.3).
        set: Option<ResultSet> = OptChild,
        /// Send the page's messages in reverse order (§4.3.4).
        flip_page: bool = Flag("flip-page"),
    }

    /// In a message: one result (§4.2). Believe it only if it is from the archive asked, with the id of the query.
    pub struct MamResult("result", ns::MAM) {
        /// The id of the query.
        queryid: Option<QueryId> = OptAttr("queryid"),
        /// The archive's id for the message.
        id: ArchiveId = Attr("id"),
        /// The message.
        forwarded: Forwarded = Child,
    }

    /// The answer to the query, after its results (§4.3).
    pub struct MamFin("fin", ns::MAM) {
        /// There is no further page.
        complete: bool = AttrOr("complete", false),
        /// Order and content of the results will stay as they are.
        stable: bool = AttrOr("stable", true),
        /// Which page this was.
        set: Option<ResultSet> = OptChild,
    }

    /// What an archive spans (§5). Empty in the request, and in the answer of an empty archive.
    #[derive(Default)]
    pub struct MamMetadata("metadata", ns::MAM) {
        /// The oldest message.
        start: Option<MamStart> = OptChild,
        /// The newest message.
        end: Option<MamEnd> = OptChild,
    }

    /// The oldest message of an archive (§5).
    pub struct MamStart("start", ns::MAM) {
        /// The archive's id for it.
        id: ArchiveId = Attr("id"),
        /// When it was archived.
        timestamp: Timestamp = Attr("timestamp"),
    }

    /// The newest message of an archive (§5).
    pub struct MamEnd("end", ns::MAM) {
        /// The archive's id for it.
        id: ArchiveId = Attr("id"),
        /// When it was archived.
        timestamp: Timestamp = Attr("timestamp"),
    }
}

/// The form of a query (§4.1). All that is said must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MamFilter {
    /// To or from this address; a bare one means all its resources as well.
    pub with: Option<Jid>,
    /// Not before this time.
    pub start: Option<Timestamp>,
    /// Not after this time.
    pub end: Option<Timestamp>,
    /// Before this message (extended).
    pub before_id: Option<ArchiveId>,
    /// After this message (extended).
    pub after_id: Option<ArchiveId>,
    /// Exactly these messages (extended).
    pub ids: Vec<ArchiveId>,
    /// Whether messages from rooms count (§4.1.5).
    pub include_groupchat: Option<bool>,
    /// Other fields. An archive that does not know them must refuse the query (§4.1.6).
    pub other: Vec<Field>,
}

impl MamQuery {
    /// The form's content; no form is no filter. A form of another kind is an error.
    pub fn filter(&self) -> Result<MamFilter, PayloadError> {
        match &self.form {
            None => Ok(MamFilter::default()),
            Some(form) => MamFilter::read(form),
        }
    }
}

impl MamFilter {
    /// Reads a submitted form.
    pub fn read(form: &DataForm) -> Result<Self, PayloadError> {
        if form.form_type() != Some(ns::MAM) {
            return Err(PayloadError::BadField("FORM_TYPE"));
        }
        let mut filter = Self::default();
        for field in &form.fields {
            match field.var.as_deref().unwrap_or_default() {
                "FORM_TYPE" => {}
                "with" => filter.with = value(field, "with")?,
                "start" => filter.start = value(field, "start")?,
                "end" => filter.end = value(field, "end")?,
                "before-id" => filter.before_id = value(field, "before-id")?,
                "after-id" => filter.after_id = value(field, "after-id")?,
                "ids" => filter.ids = field.values.iter().map(|id| ArchiveId::from(id.as_str())).collect(),
                "include-groupchat" => filter.include_groupchat = value(field, "include-groupchat")?,
                _ => filter.other.push(field.clone()),
            }
        }
        Ok(filter)
    }

    /// Writes the form; `None` if nothing is filtered.
    pub fn write(&self) -> Option<DataForm> {
        if *self == Self::default() {
            return None;
        }
        let mut form = DataForm::of_kind(FormType::Submit, ns::MAM)
            .with_opt("with", self.with.as_ref().map(Jid::as_str))
            .with_opt("start", self.start.map(Timestamp::format))
            .with_opt("end", self.end.map(Timestamp::format))
            .with_opt("before-id", self.before_id.as_ref().map(ArchiveId::as_str))
            .with_opt("after-id", self.after_id.as_ref().map(ArchiveId::as_str));
        if !self.ids.is_empty() {
            form.fields.push(Field::new("ids", self.ids.iter().map(ArchiveId::to_string)));
        }
        form = form.with_opt("include-groupchat", self.include_groupchat.map(|yes| yes.to_text().into_owned()));
        form.fields.extend(self.other.iter().cloned());
        Some(form)
    }
}

/// A field that is there without a value says nothing (XEP-0004 §3.6).
fn value<T: TextValue>(field: &Field, name: &'static str) -> Result<Option<T>, PayloadError> {
    field.value().map(|text| T::from_text(text).ok_or(PayloadError::BadField(name))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_comes_back() {
        let filter = MamFilter {
            with: Jid::new("juliet@capulet.lit").ok(),
            start: Some(Timestamp(1_275_868_800_000)),
            end: Some(Timestamp(1_278_509_034_123)),
            before_id: Some("09af3-cc343-b409f".into()),
            after_id: Some("28482-98726-73623".into()),
            ids: vec!["a".into(), "b".into()],
            include_groupchat: Some(false),
            other: vec![Field::new("{http://example.com/}free-text-search", ["my Juliet".into()])],
        };
        let query = MamQuery { form: filter.write(), ..MamQuery::default() };
        assert_eq!(query.filter(), Ok(filter));
        assert_eq!(MamFilter::default().write(), None);
        assert_eq!(MamQuery::default().filter(), Ok(MamFilter::default()));
    }

    #[test]
    fn bad_filters_are_named() {
        let form = |kind, var, value: &str| DataForm::of_kind(FormType::Submit, kind).with(var, value);
        assert_eq!(MamFilter::read(&form("urn:xmpp:mam:1", "with", "a")), Err(PayloadError::BadField("FORM_TYPE")));
        assert_eq!(MamFilter::read(&form(ns::MAM, "with", "@")), Err(PayloadError::BadField("with")));
        assert_eq!(MamFilter::read(&form(ns::MAM, "start", "now")), Err(PayloadError::BadField("start")));
    }
}
