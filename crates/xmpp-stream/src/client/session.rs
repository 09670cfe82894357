//! After authentication: resumption, or resource binding, the legacy session and stream management.

use xmpp::ids::SmId;
use xmpp::jid::FullJid;
use xmpp::ns;
use xmpp::stanza::{Condition, ErrorType, StanzaError};
use xmpp::xml::Element;

use super::config::Resume;
use super::event::{SmEnabled, StreamEvent, StreamFailure};
use super::features;
use super::machine::{ClientStream, State};
use crate::sm;

const BIND_ID: &str = "bind";
const BIND_AGAIN_ID: &str = "bind-again";
const SESSION_ID: &str = "session";

impl ClientStream {
    /// The features after authentication are here.
    pub(super) fn begin_session(&mut self, features: Element) {
        let has_sm = features::has_sm(&features);
        let has_bind = features::has_bind(&features);
        self.features = Some(features);
        match &self.config.resume {
            Some(resume) if has_sm => {
                let element = resume_element(resume);
                self.transmit(element);
                self.state = State::Resuming;
            }
            resume => {
                if resume.is_some() {
                    self.event(StreamEvent::ResumeFailed { h: None });
                }
                if has_bind {
                    self.bind(self.config.resource.is_some());
                } else {
                    self.fail(StreamFailure::NoBinding);
                }
            }
        }
    }

    /// RFC 6120 §7.6, §7.7.
    fn bind(&mut self, with_resource: bool) {
        let mut bind = Element::new("bind", ns::BIND);
        let mut id = BIND_AGAIN_ID;
        if with_resource {
            id = BIND_ID;
            if let Some(resource) = &self.config.resource {
                bind.push(Element::new("resource", ns::BIND).with_text(resource.as_str()));
            }
        }
        self.transmit(iq_set(id, bind));
        self.state = State::Binding { with_resource };
    }

    /// Anything but stream errors, features and SASL, before the session is there.
    pub(super) fn received_in_negotiation(&mut self, element: Element) {
        let is_reply = |id: &str| element.is("iq", ns::CLIENT) && element.attr("id") == Some(id);
        match core::mem::replace(&mut self.state, State::Over) {
            State::Resuming if element.is("resumed", ns::SM) => self.resumed(&element),
            State::Resuming if element.is("failed", ns::SM) => {
                self.event(StreamEvent::ResumeFailed { h: sm::read_h(&element) });
                if self.features.as_ref().is_some_and(features::has_bind) {
                    self.bind(self.config.resource.is_some());
                } else {
                    self.fail(StreamFailure::NoBinding);
                }
            }
            State::Binding { with_resource } if is_reply(if with_resource { BIND_ID } else { BIND_AGAIN_ID }) => {
                self.bind_reply(&element, with_resource);
            }
            State::Session { jid } if is_reply(SESSION_ID) => match element.attr("type") {
                Some("result") => self.enable(jid),
                _ => self.fail(StreamFailure::BindRefused(stanza_error(&element))),
            },
            State::Enabling { jid } if element.is("enabled", ns::SM) => self.bound(jid, Some(enabled(&element))),
            State::Enabling { jid } if element.is("failed", ns::SM) => self.bound(jid, None),
            // Once authenticated, stanzas may come at any time, and stay uncounted.
            state @ (State::Resuming | State::Binding { .. } | State::Session { .. } | State::Enabling { .. })
                if element.ns() == ns::CLIENT && matches!(element.name(), "message" | "presence" | "iq") =>
            {
                self.state = state;
                self.event(StreamEvent::Element(element));
            }
            state => {
                self.state = state;
                self.unexpected(element.name());
            }
        }
    }

    pub(super) fn resumed(&mut self, element: &Element) {
        // XEP-0198 §5 has both attributes required; a server that forgets `previd` can only mean the one asked for.
        let (Some(h), Some(resume)) = (sm::read_h(element), &self.config.resume) else {
            return self.unexpected("resumed");
        };
        if element.attr("previd").is_some_and(|previd| previd != resume.previd.as_str()) {
            return self.unexpected("resumed");
        }
        let previd = resume.previd.clone();
        self.established(StreamEvent::Resumed { h, previd });
    }

    fn bind_reply(&mut self, reply: &Element, with_resource: bool) {
        if reply.attr("type") != Some("result") {
            let error = stanza_error(reply);
            // RFC 6120 §7.7.2: the resource is taken or not allowed; let the server choose one, once.
            let resource_is_the_matter =
                matches!(error.condition, Condition::Conflict | Condition::BadRequest | Condition::NotAllowed);
            if with_resource && resource_is_the_matter {
                return self.bind(false);
            }
            return self.fail(StreamFailure::BindRefused(error));
        }
        let jid = reply.child("bind", ns::BIND).and_then(|bind| bind.child("jid", ns::BIND)).map(Element::text);
        let Some(jid) = jid.and_then(|jid| FullJid::new(jid.trim()).ok()) else {
            return self.unexpected("bind");
        };
        if self.features.as_ref().is_some_and(features::wants_session) {
            self.transmit(iq_set(SESSION_ID, Element::new("session", ns::SESSION)));
            self.state = State::Session { jid };
        } else {
            self.enable(jid);
        }
    }

    fn enable(&mut self, jid: FullJid) {
        if self.config.enable_sm && self.features.as_ref().is_some_and(features::has_sm) {
            self.transmit(enable_element());
            self.state = State::Enabling { jid };
        } else {
            self.bound(jid, None);
        }
    }

    pub(super) fn bound(&mut self, jid: FullJid, sm: Option<SmEnabled>) {
        let features = self.features.take().unwrap_or_else(|| Element::new("features", ns::STREAM));
        self.established(StreamEvent::Bound { jid, sm, features });
    }
}

/// XEP-0198 §3.
pub(super) fn enabled(element: &Element) -> SmEnabled {
    let id = element.attr("id").filter(|id| !id.is_empty()).map(SmId::from);
    let resume = id.is_some() && matches!(element.attr("resume"), Some("true" | "1"));
    SmEnabled {
        id,
        resume,
        max: element.attr("max").and_then(|max| max.parse().ok()),
        location: element.attr("location").map(str::to_owned),
    }
}

pub(super) fn resume_element(resume: &Resume) -> Element {
    Element::new("resume", ns::SM).with_attr("h", resume.h.to_string()).with_attr("previd", resume.previd.as_str())
}

pub(super) fn enable_element() -> Element {
    Element::new("enable", ns::SM).with_attr("resume", "true")
}

fn iq_set(id: &'static str, payload: Element) -> Element {
    Element::new("iq", ns::CLIENT).with_attr("type", "set").with_attr("id", id).with_child(payload)
}

/// The error of a reply; one that is missing or makes no sense becomes undefined-condition.
fn stanza_error(reply: &Element) -> StanzaError {
    reply
        .child("error", ns::CLIENT)
        .and_then(|error| StanzaError::try_from(error).ok())
        .unwrap_or_else(|| StanzaError::new(ErrorType::Cancel, Condition::UndefinedCondition))
}
