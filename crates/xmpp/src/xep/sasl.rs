//! RFC 6120 §6: SASL Negotiation.

use std::borrow::Cow;
use std::fmt;

use crate::ns;
use crate::payload::codec::{Codec, decode_base64, encode_base64};
use crate::payload::{Payload, PayloadError, TextValue, expect};
use crate::xml::Element;
use crate::{payload, text_enum};

/// What a mechanism says. Its `Debug` shows the length alone: it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct SaslData(pub Vec<u8>);

payload! {
    /// Stream feature: the mechanisms offered (§6.4.1).
    pub struct Mechanisms("mechanisms", ns::SASL) {
        /// Their names, in no order.
        names: Vec<String> = ChildTexts("mechanism"),
    }

    /// The client chooses a mechanism (§6.4.2).
    pub struct Auth("auth", ns::SASL) {
        /// Its name.
        mechanism: String = Attr("mechanism"),
        /// The initial response. Empty is not the same as none.
        data: Option<SaslData> = MayBeEmpty,
    }

    /// The server asks (§6.4.3).
    pub struct Challenge("challenge", ns::SASL) {
        /// What it asks.
        data: SaslData = Text,
    }

    /// The client answers (§6.4.3).
    pub struct Response("response", ns::SASL) {
        /// What it answers.
        data: SaslData = Text,
    }

    /// The client gives up (§6.4.4).
    pub struct Abort("abort", ns::SASL) {}

    /// The client is authenticated (§6.4.6).
    pub struct Success("success", ns::SASL) {
        /// What the mechanism says with it, such as the server's signature.
        data: Option<SaslData> = MayBeEmpty,
    }
}

text_enum! {
    /// Why authentication failed (§6.5).
    pub enum SaslCondition {
        /// §6.5.1
        Aborted = "aborted",
        /// §6.5.2
        AccountDisabled = "account-disabled",
        /// §6.5.3
        CredentialsExpired = "credentials-expired",
        /// §6.5.4
        EncryptionRequired = "encryption-required",
        /// §6.5.5
        IncorrectEncoding = "incorrect-encoding",
        /// §6.5.6
        InvalidAuthzid = "invalid-authzid",
        /// §6.5.7
        InvalidMechanism = "invalid-mechanism",
        /// §6.5.8
        MalformedRequest = "malformed-request",
        /// §6.5.9
        MechanismTooWeak = "mechanism-too-weak",
        /// §6.5.10, and what an unknown condition is read as
        NotAuthorized = "not-authorized",
        /// §6.5.11
        TemporaryAuthFailure = "temporary-auth-failure",
    }
}

/// Authentication failed (§6.4.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub condition: SaslCondition,
    /// For people.
    pub text: Option<String>,
}

impl Failure {
    /// A failure without text.
    pub fn new(condition: SaslCondition) -> Self {
        Self { condition, text: None }
    }
}

impl Payload for Failure {
    const NAME: &'static str = "failure";
    const NS: &'static str = ns::SASL;

    fn read(element: &Element) -> Result<Self, PayloadError> {
        expect(element, Self::NAME, Self::NS)?;
        let condition = element.children().find_map(|child| SaslCondition::from_text(child.name()));
        let text = element.child("text", ns::SASL).map(Element::text);
        Ok(Self { condition: condition.unwrap_or(SaslCondition::NotAuthorized), text })
    }

    fn write(&self) -> Element {
        let mut element =
            Element::new(Self::NAME, Self::NS).with_child(Element::new(self.condition.as_str(), ns::SASL));
        if let Some(text) = &self.text {
            element.push(Element::new("text", ns::SASL).with_text(text.as_str()));
        }
        element
    }
}

impl TextValue for SaslData {
    /// `=` alone is zero bytes (§6.4.2); so is no text at all, where data must be.
    fn from_text(text: &str) -> Option<Self> {
        if text.trim() == "=" { Some(Self(Vec::new())) } else { decode_base64(text).map(Self) }
    }

    fn to_text(&self) -> Cow<'_, str> {
        Cow::Owned(encode_base64(&self.0))
    }
}

impl fmt::Debug for SaslData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SaslData").field(&self.0.len()).finish()
    }
}

/// Data that may be absent or, written `=`, empty (§6.4.2, §6.4.6).
struct MayBeEmpty;

impl Codec<Option<SaslData>> for MayBeEmpty {
    fn read(&self, element: &Element) -> Result<Option<SaslData>, PayloadError> {
        let text = element.text();
        if text.trim().is_empty() {
            return Ok(None);
        }
        SaslData::from_text(&text).map(Some).ok_or(PayloadError::BadText)
    }

    fn write(&self, value: &Option<SaslData>, element: &mut Element) {
        match value {
            Some(data) if data.0.is_empty() => element.push_text("="),
            Some(data) => element.push_text(data.to_text()),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let auth = Auth { mechanism: "PLAIN".into(), data: Some(SaslData(b"\0juliet\0r0m30myr0m30".to_vec())) };
        let shown = format!("{auth:?}");
        assert!(shown.contains("PLAIN") && !shown.contains("r0m30") && !shown.contains("114"), "{shown}");
    }

    #[test]
    fn no_initial_response_is_not_an_empty_one() {
        let auth = |data| Auth { mechanism: "EXTERNAL".into(), data };
        assert_eq!(auth(None).write().text(), "");
        assert_eq!(auth(Some(SaslData(Vec::new()))).write().text(), "=");
        assert_eq!(Response { data: SaslData(Vec::new()) }.write().text(), "");
    }

    #[test]
    fn an_unknown_failure_is_one_of_authorization() {
        let element = Element::new("failure", ns::SASL).with_child(Element::new("bad-moon", ns::SASL));
        assert_eq!(Failure::read(&element), Ok(Failure::new(SaslCondition::NotAuthorized)));
    }
}
