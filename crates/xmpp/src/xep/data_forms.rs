//! XEP-0004: Data Forms (version 2.13.2).

use crate::ns;
use crate::payload::codec::Codec;
use crate::payload::{PayloadError, TextValue};
use crate::xml::Element;
use crate::{payload, text_enum};

text_enum! {
    /// What a form is for (§3.1).
    pub enum FormType {
        /// To be filled in.
        Form = "form",
        /// Filled in.
        Submit = "submit",
        /// Given up.
        Cancel = "cancel",
        /// A report.
        Result = "result",
    }

    /// What a field holds (§3.3).
    pub enum FieldType {
        /// Yes or no.
        Boolean = "boolean",
        /// Text for people, no input.
        Fixed = "fixed",
        /// Not shown.
        Hidden = "hidden",
        /// Several JIDs.
        JidMulti = "jid-multi",
        /// One JID.
        JidSingle = "jid-single",
        /// Several of the options.
        ListMulti = "list-multi",
        /// One of the options.
        ListSingle = "list-single",
        /// Several lines.
        TextMulti = "text-multi",
        /// One line, not to be shown while typed.
        TextPrivate = "text-private",
        /// One line; also what an unknown type means.
        TextSingle = "text-single",
    }
}

payload! {
    /// A form.
    pub struct DataForm("x", ns::DATA_FORMS) {
        /// What it is for.
        type_: FormType = Attr("type"),
        /// For people.
        title: Option<String> = OptChildText("title"),
        /// For people, a paragraph each.
        instructions: Vec<String> = ChildTexts("instructions"),
        /// The fields.
        fields: Vec<Field> = Children,
        /// The columns of a report with several items (§3.4).
        reported: Option<Reported> = OptChild,
        /// The rows of a report with several items (§3.4).
        items: Vec<Item> = Children,
    }

    /// One field (§3.2).
    pub struct Field("field", ns::DATA_FORMS) {
        /// Its name. Only fixed fields need none.
        var: Option<String> = OptAttr("var"),
        /// What it holds. A filled-in form may leave that out.
        type_: Option<FieldType> = OptFieldType,
        /// For people.
        label: Option<String> = OptAttr("label"),
        /// For people, at more length.
        desc: Option<String> = OptChildText("desc"),
        /// It must be filled in.
        required: bool = Flag("required"),
        /// Its values, or the suggested ones.
        values: Vec<String> = ChildTexts("value"),
        /// What can be chosen.
        options: Vec<FieldOption> = Children,
        /// Elements of other XEPs, such as media (XEP-0221) and validation (XEP-0122).
        extensions: Vec<Element> = OtherNamespaces,
    }

    /// One thing that can be chosen.
    pub struct FieldOption("option", ns::DATA_FORMS) {
        /// For people.
        label: Option<String> = OptAttr("label"),
        /// The value of the field if it is chosen.
        value: String = ChildText("value"),
    }

    /// The columns of a report (§3.4).
    pub struct Reported("reported", ns::DATA_FORMS) {
        /// One field each.
        fields: Vec<Field> = Children,
    }

    /// A row of a report (§3.4).
    pub struct Item("item", ns::DATA_FORMS) {
        /// One field per column.
        fields: Vec<Field> = Children,
    }
}

impl DataForm {
    /// An empty form.
    pub fn new(type_: FormType) -> Self {
        Self { type_, title: None, instructions: Vec::new(), fields: Vec::new(), reported: None, items: Vec::new() }
    }

    /// A form of one of the registered kinds (XEP-0068), which its hidden field `FORM_TYPE` names.
    pub fn of_kind(type_: FormType, form_type: &str) -> Self {
        let mut field = Field::new("FORM_TYPE", [String::from(form_type)]);
        field.type_ = Some(FieldType::Hidden);
        Self { fields: vec![field], ..Self::new(type_) }
    }

    /// The same with a field more.
    #[must_use]
    pub fn with(mut self, var: &str, value: impl Into<String>) -> Self {
        self.fields.push(Field::new(var, [value.into()]));
        self
    }

    /// The same with a field more, if there is a value.
    #[must_use]
    pub fn with_opt(self, var: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(var, value),
            None => self,
        }
    }

    /// The value of `FORM_TYPE` (XEP-0068).
    pub fn form_type(&self) -> Option<&str> {
        self.value("FORM_TYPE")
    }

    /// The field of this name.
    pub fn field(&self, var: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.var.as_deref() == Some(var))
    }

    /// The first value of the field of this name.
    pub fn value(&self, var: &str) -> Option<&str> {
        self.field(var).and_then(Field::value)
    }
}

impl Field {
    /// A field with values and without a type, as in a filled-in form.
    pub fn new(var: &str, values: impl IntoIterator<Item = String>) -> Self {
        Self {
            var: Some(var.into()),
            type_: None,
            label: None,
            desc: None,
            required: false,
            values: values.into_iter().collect(),
            options: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// The first value.
    pub fn value(&self) -> Option<&str> {
        self.values.first().map(String::as_str)
    }
}

/// §3.3: an unknown type is text-single.
struct OptFieldType;

impl Codec<Option<FieldType>> for OptFieldType {
    fn read(&self, element: &Element) -> Result<Option<FieldType>, PayloadError> {
        Ok(element.attr("type").map(|word| FieldType::from_text(word).unwrap_or(FieldType::TextSingle)))
    }

    fn write(&self, value: &Option<FieldType>, element: &mut Element) {
        if let Some(type_) = value {
            element.set_attr("type", type_.as_str());
        }
    }
}

/// Children of other namespaces than the form's.
struct OtherNamespaces;

impl Codec<Vec<Element>> for OtherNamespaces {
    fn read(&self, element: &Element) -> Result<Vec<Element>, PayloadError> {
        Ok(element.children().filter(|child| child.ns() != ns::DATA_FORMS).cloned().collect())
    }

    fn write(&self, value: &Vec<Element>, element: &mut Element) {
        for child in value {
            element.push(child.clone());
        }
    }
}
