//! XEP-0157: whom to write to about the service.

use xmpp::ns;
use xmpp::xep::data_forms::{DataForm, Field, FieldType, FormType};

use crate::config::HostConfig;
use crate::modules::{At, Module};

pub(crate) const NAME: &str = "contact";

pub(crate) struct Contact;

impl Module for Contact {
    fn forms(&self, at: At, config: &HostConfig) -> Vec<DataForm> {
        if at != At::Domain || config.contacts.is_empty() {
            return Vec::new();
        }
        let mut form = DataForm::of_kind(FormType::Result, ns::SERVER_INFO);
        for (role, addresses) in &config.contacts {
            let field = Field::new(role.field(), addresses.iter().cloned());
            form.fields.push(Field { type_: Some(FieldType::ListMulti), ..field });
        }
        vec![form]
    }
}

/// What somebody is written to about (the registry of XEP-0157 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Abuse.
    Abuse,
    /// The service itself.
    Admin,
    /// Opinions.
    Feedback,
    /// Business.
    Sales,
    /// Security.
    Security,
    /// Where it is said whether the service runs.
    Status,
    /// Help.
    Support,
}

impl Role {
    fn field(self) -> &'static str {
        match self {
            Self::Abuse => "abuse-addresses",
            Self::Admin => "admin-addresses",
            Self::Feedback => "feedback-addresses",
            Self::Sales => "sales-addresses",
            Self::Security => "security-addresses",
            Self::Status => "status-addresses",
            Self::Support => "support-addresses",
        }
    }
}
