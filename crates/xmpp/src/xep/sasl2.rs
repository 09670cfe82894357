//! XEP-0388: Extensible SASL Profile (version 1.0.4).

use super::sasl::{SaslCondition, SaslData};
use crate::jid::Jid;
use crate::ns;
use crate::payload;
use crate::payload::{Payload, PayloadError, TextValue, expect};
use crate::xml::Element;

payload! {
    /// Stream feature: the mechanisms offered, and what can be done together with signing in (§2.1).
    pub struct Authentication("authentication", ns::SASL2) {
        /// The mechanisms' names.
        mechanisms: Vec<String> = ChildTexts("mechanism"),
        /// What can be asked for in the same request.
        inline: Option<Inline> = OptChild,
    }

    /// The features of other documents that can be negotiated inline (§2.1).
    #[derive(Default)]
    pub struct Inline("inline", ns::SASL2) {
        /// One element each.
        features: Vec<Element> = Any,
    }

    /// The client chooses a mechanism (§2.3).
    pub struct Authenticate("authenticate", ns::SASL2) {
        /// Its name.
        mechanism: String = Attr("mechanism"),
        /// The initial response. An empty element is an empty response, not none (§2.2).
        initial_response: Option<SaslData> = OptChildText("initial-response"),
        /// Which client it is.
        user_agent: Option<UserAgent> = OptChild,
        /// What is asked for inline.
        requests: Vec<Element> = Foreign,
    }

    /// Which installation of which client this is (§2.3). The server tells nobody.
    #[derive(Default)]
    pub struct UserAgent("user-agent", ns::SASL2) {
        /// A random UUID that stays with the installation.
        id: Option<String> = OptAttr("id"),
        /// The program, for people.
        software: Option<String> = OptChildText("software"),
        /// The device, for people.
        device: Option<String> = OptChildText("device"),
    }

    /// The server asks (§2.5).
    pub struct Challenge("challenge", ns::SASL2) {
        /// What it asks.
        data: SaslData = Text,
    }

    /// The client answers (§2.5).
    pub struct Response("response", ns::SASL2) {
        /// What it answers.
        data: SaslData = Text,
    }

    /// The client gives up (§5.5).
    #[derive(Default)]
    pub struct Abort("abort", ns::SASL2) {
        /// Why, for people.
        text: Option<String> = OptChildText("text"),
        /// Why, for programs.
        conditions: Vec<Element> = Foreign,
    }

    /// The client is authenticated (§2.6.1).
    pub struct Success("success", ns::SASL2) {
        /// What the mechanism says with it, such as the server's signature.
        additional_data: Option<SaslData> = OptChildText("additional-data"),
        /// Who the client is now: with a resource, if one was bound.
        authorization_identifier: Jid = ChildText("authorization-identifier"),
        /// What came of the inline requests.
        results: Vec<Element> = Foreign,
    }

    /// The mechanism succeeded, and something else is to be done (§2.6.3).
    pub struct Continue("continue", ns::SASL2) {
        /// What the mechanism says with it.
        additional_data: Option<SaslData> = OptChildText("additional-data"),
        /// What may be done next.
        tasks: Tasks = Child,
        /// For people.
        text: Option<String> = OptChildText("text"),
    }

    /// The tasks to choose from (§2.6.3).
    pub struct Tasks("tasks", ns::SASL2) {
        /// Their names.
        tasks: Vec<String> = ChildTexts("task"),
    }

    /// The client chooses a task (§2.6.3).
    pub struct Next("next", ns::SASL2) {
        /// Its name.
        task: String = Attr("task"),
        /// What the task begins with.
        data: Vec<Element> = Foreign,
    }

    /// What both sides say within a task (§2.6.3).
    pub struct TaskData("task-data", ns::SASL2) {
        /// What the task defines.
        data: Vec<Element> = Foreign,
    }
}

/// Authentication failed (§2.6.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why: an element in the namespace of RFC 6120 §6.5.
    pub condition: SaslCondition,
    /// For people.
    pub text: Option<String>,
    /// Why, in another document's words.
    pub application: Vec<Element>,
}

impl Failure {
    /// A failure without text.
    pub fn new(condition: SaslCondition) -> Self {
        Self { condition, text: None, application: Vec::new() }
    }
}

impl Payload for Failure {
    const NAME: &'static str = "failure";
    const NS: &'static str = ns::SASL2;

    fn read(element: &Element) -> Result<Self, PayloadError> {
        expect(element, Self::NAME, Self::NS)?;
        let condition = element.children().filter(|child| child.ns() == ns::SASL);
        let application = element.children().filter(|child| !matches!(child.ns(), ns::SASL | ns::SASL2));
        Ok(Self {
            // As in RFC 6120 §6.5: what is unknown is a refusal all the same.
            condition: condition
                .into_iter()
                .find_map(|child| SaslCondition::from_text(child.name()))
                .unwrap_or(SaslCondition::NotAuthorized),
            text: element.child("text", ns::SASL2).map(Element::text),
            application: application.cloned().collect(),
        })
    }

    fn write(&self) -> Element {
        let mut element =
            Element::new(Self::NAME, Self::NS).with_child(Element::new(self.condition.as_str(), ns::SASL));
        for child in &self.application {
            element.push(child.clone());
        }
        if let Some(text) = &self.text {
            element.push(Element::new("text", ns::SASL2).with_text(text.as_str()));
        }
        element
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_failure_is_one_of_authorization() {
        let element = Element::new("failure", ns::SASL2).with_child(Element::new("bad-moon", ns::SASL));
        assert_eq!(Failure::read(&element), Ok(Failure::new(SaslCondition::NotAuthorized)));
    }

    #[test]
    fn an_empty_initial_response_is_not_none() {
        let read = |xml: &str| {
            let element = crate::xml::parse(xml).expect("xml");
            Authenticate::read(&element).expect("reads").initial_response
        };
        let with = "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='X'><initial-response/></authenticate>";
        assert_eq!(read(with), Some(SaslData(Vec::new())));
        assert_eq!(read("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='X'/>"), None);
    }
}
