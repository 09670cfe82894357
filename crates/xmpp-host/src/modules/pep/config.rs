//! How a node is configured (XEP-0060 §16.4.4, as far as it is of use here), in forms and in storage.

use xmpp::ns;
use xmpp::payload::Payload;
use xmpp::xep::data_forms::{DataForm, Field, FieldOption, FieldType, FormType};
use xmpp::xml;

/// Who may see what is in a node, besides its owner (XEP-0060 §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccessModel {
    /// Everybody.
    Open,
    /// Those who see the owner's presence.
    Presence,
    /// Nobody: the list has the owner alone.
    Whitelist,
}

const MODELS: [(AccessModel, &str); 3] =
    [(AccessModel::Open, "open"), (AccessModel::Presence, "presence"), (AccessModel::Whitelist, "whitelist")];

const LAST: [&str; 3] = ["never", "on_sub", "on_sub_and_presence"];

/// The longest title, description or type, in bytes.
const TEXT_BYTES: usize = 1_023;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeConfig {
    title: String,
    description: String,
    type_: String,
    pub(crate) access: AccessModel,
    pub(crate) persist: bool,
    /// `None` is `max`: as many as the host keeps.
    pub(crate) max_items: Option<u32>,
    send_last: &'static str,
    pub(crate) deliver_payloads: bool,
    pub(crate) notify_retract: bool,
    pub(crate) notify_delete: bool,
    pub(crate) notify_config: bool,
}

impl Default for NodeConfig {
    /// XEP-0163 §3: what a node of an account is like if nobody says otherwise.
    fn default() -> Self {
        Self {
            title: String::new(),
            description: String::new(),
            type_: String::new(),
            access: AccessModel::Presence,
            persist: true,
            max_items: Some(1),
            send_last: "on_sub_and_presence",
            deliver_payloads: true,
            notify_retract: true,
            notify_delete: true,
            notify_config: false,
        }
    }
}

/// A form asks for what cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadForm {
    /// A value that is none, or that this host does not offer.
    Value,
    /// A field that is not known.
    Field,
}

impl NodeConfig {
    /// Subscribers get the last item when they come online.
    pub(crate) fn sends_last(&self) -> bool {
        self.send_last == "on_sub_and_presence"
    }

    /// The name for people.
    pub(crate) fn title(&self) -> Option<&str> {
        Some(self.title.as_str()).filter(|title| !title.is_empty())
    }

    /// The same with what a form says. `known_only`: an unknown field is an error (§7.1.5), else it is passed over.
    pub(crate) fn with(&self, form: &DataForm, most_items: u32, known_only: bool) -> Result<Self, BadForm> {
        let mut it = self.clone();
        for field in &form.fields {
            let var = field.var.as_deref().unwrap_or_default();
            let value = field.value().unwrap_or_default();
            match var {
                "FORM_TYPE" => {}
                "pubsub#title" => it.title = text(value)?,
                "pubsub#description" => it.description = text(value)?,
                "pubsub#type" => it.type_ = text(value)?,
                "pubsub#access_model" => {
                    let model = MODELS.iter().find(|(_, word)| *word == value);
                    it.access = model.ok_or(BadForm::Value)?.0;
                }
                "pubsub#persist_items" => it.persist = flag(value)?,
                "pubsub#max_items" if value == "max" => it.max_items = None,
                "pubsub#max_items" => {
                    let number: u32 = value.parse().map_err(|_| BadForm::Value)?;
                    it.max_items = Some(number).filter(|number| (1..=most_items).contains(number));
                    if it.max_items.is_none() {
                        return Err(BadForm::Value);
                    }
                }
                "pubsub#send_last_published_item" => {
                    it.send_last = LAST.into_iter().find(|word| *word == value).ok_or(BadForm::Value)?;
                }
                "pubsub#deliver_payloads" => it.deliver_payloads = flag(value)?,
                "pubsub#notify_retract" => it.notify_retract = flag(value)?,
                "pubsub#notify_delete" => it.notify_delete = flag(value)?,
                "pubsub#notify_config" => it.notify_config = flag(value)?,
                // What there is no choice about.
                "pubsub#publish_model" if value == "publishers" => {}
                "pubsub#notification_type" if value == "headline" => {}
                "pubsub#deliver_notifications" if flag(value)? => {}
                "pubsub#publish_model" | "pubsub#notification_type" | "pubsub#deliver_notifications" => {
                    return Err(BadForm::Value);
                }
                _ if known_only => return Err(BadForm::Field),
                _ => {}
            }
        }
        Ok(it)
    }

    /// §8.2.2: as a form to fill in, or as what is so.
    pub(crate) fn form(&self, type_: FormType) -> DataForm {
        let mut form = DataForm::of_kind(type_, ns::PUBSUB_NODE_CONFIG);
        let mut add = |var: &str, type_: FieldType, value: &str, options: &[&str]| {
            let mut field = Field::new(var, [value.to_owned()]);
            field.type_ = Some(type_);
            field.options = options.iter().map(|it| FieldOption { label: None, value: (*it).to_owned() }).collect();
            form.fields.push(field);
        };
        let word = |on: bool| if on { "1" } else { "0" };
        let access = MODELS.iter().find(|(model, _)| *model == self.access).map_or("whitelist", |(_, word)| word);
        let max_items = self.max_items.map_or("max".to_owned(), |number| number.to_string());
        add("pubsub#title", FieldType::TextSingle, &self.title, &[]);
        add("pubsub#description", FieldType::TextSingle, &self.description, &[]);
        add("pubsub#type", FieldType::TextSingle, &self.type_, &[]);
        add("pubsub#access_model", FieldType::ListSingle, access, &MODELS.map(|(_, word)| word));
        add("pubsub#publish_model", FieldType::ListSingle, "publishers", &["publishers"]);
        add("pubsub#persist_items", FieldType::Boolean, word(self.persist), &[]);
        add("pubsub#max_items", FieldType::TextSingle, &max_items, &[]);
        add("pubsub#send_last_published_item", FieldType::ListSingle, self.send_last, &LAST);
        add("pubsub#deliver_payloads", FieldType::Boolean, word(self.deliver_payloads), &[]);
        add("pubsub#notify_retract", FieldType::Boolean, word(self.notify_retract), &[]);
        add("pubsub#notify_delete", FieldType::Boolean, word(self.notify_delete), &[]);
        add("pubsub#notify_config", FieldType::Boolean, word(self.notify_config), &[]);
        form
    }

    /// For storage.
    pub(crate) fn to_xml(&self) -> String {
        self.form(FormType::Result).write().to_xml()
    }

    /// From storage. What cannot be read is shown to nobody.
    pub(crate) fn from_xml(text: &str) -> Self {
        let closed = Self { access: AccessModel::Whitelist, ..Self::default() };
        let form = xml::parse(text).ok().and_then(|element| DataForm::read(&element).ok());
        form.and_then(|form| Self::default().with(&form, u32::MAX, false).ok()).unwrap_or(closed)
    }
}

fn flag(value: &str) -> Result<bool, BadForm> {
    match value {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(BadForm::Value),
    }
}

fn text(value: &str) -> Result<String, BadForm> {
    if value.len() <= TEXT_BYTES { Ok(value.to_owned()) } else { Err(BadForm::Value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> DataForm {
        let form = DataForm::of_kind(FormType::Submit, ns::PUBSUB_NODE_CONFIG);
        fields.iter().fold(form, |form, (var, value)| form.with(&format!("pubsub#{var}"), *value))
    }

    #[test]
    fn forms_and_storage_say_the_same() {
        let fields = [
            ("title", "Notes"),
            ("access_model", "whitelist"),
            ("max_items", "max"),
            ("send_last_published_item", "never"),
            ("persist_items", "true"),
            ("notify_delete", "0"),
        ];
        let config = NodeConfig::default().with(&form(&fields), 100, true).expect("all of it can be");
        assert_eq!((config.max_items, config.access, config.sends_last()), (None, AccessModel::Whitelist, false));
        assert_eq!(NodeConfig::from_xml(&config.to_xml()), config);
        assert_eq!(NodeConfig::from_xml("<broken").access, AccessModel::Whitelist);
    }

    #[test]
    fn what_is_not_offered_is_refused() {
        let cases = [
            (("access_model", "roster"), BadForm::Value),
            (("access_model", "authorize"), BadForm::Value),
            (("publish_model", "open"), BadForm::Value),
            (("max_items", "0"), BadForm::Value),
            (("max_items", "101"), BadForm::Value),
            (("max_items", "-1"), BadForm::Value),
            (("persist_items", "perhaps"), BadForm::Value),
            (("send_last_published_item", "always"), BadForm::Value),
            (("item_expire", "1"), BadForm::Field),
        ];
        for (field, error) in cases {
            assert_eq!(NodeConfig::default().with(&form(&[field]), 100, true), Err(error), "{field:?}");
        }
        assert_eq!(NodeConfig::default().with(&form(&[("item_expire", "1")]), 100, false), Ok(NodeConfig::default()));
    }
}
