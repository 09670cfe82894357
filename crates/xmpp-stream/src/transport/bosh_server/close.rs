//! How a session ends: by the client (XEP-0124 §13), by the stream, or by a broken rule (§17.2).

use xmpp::StreamError;
use xmpp::stanza::StreamCondition;

use super::io::{CloseReason, Output, RequestKey};
use super::respond::terminal;
use super::{BoshServer, Phase};
use crate::transport::bosh_body::{Body, BodyType, Condition, payload_xml};

/// For how long the last response is kept for a repeated request, in milliseconds.
const TOLD_MS: u64 = 10_000;

/// An end that the client has to be told.
#[derive(Debug)]
pub(super) struct Closing {
    condition: Option<Condition>,
    /// The stream error.
    payload: Option<String>,
    /// The client asked for it: the answer confirms that its last stanzas are durable.
    by_client: bool,
    pub(super) until: u64,
}

impl BoshServer {
    /// §13. The payloads of the request were forwarded already.
    pub(super) fn terminated_by_client(&mut self) {
        let until = self.now + self.config.handled_ms;
        self.phase = Phase::Closing(Closing { condition: None, payload: None, by_client: true, until });
    }

    /// The stream has ended.
    pub(super) fn close(&mut self, error: Option<StreamError>) {
        let Some(error) = error else {
            return self.close_with(None, None);
        };
        // A stream that could not be opened has conditions of its own, and so has a shutdown (§17.2).
        let condition = match error.condition {
            StreamCondition::HostUnknown if self.creation.is_some() => Condition::HostUnknown,
            StreamCondition::HostGone if self.creation.is_some() => Condition::HostGone,
            StreamCondition::ImproperAddressing if self.creation.is_some() => Condition::ImproperAddressing,
            StreamCondition::SystemShutdown => Condition::SystemShutdown,
            _ => {
                return self.close_with(Some(Condition::RemoteStreamError), Some(payload_xml(&error.into())));
            }
        };
        self.close_with(Some(condition), None);
    }

    pub(super) fn close_with(&mut self, condition: Option<Condition>, payload: Option<String>) {
        match self.phase {
            Phase::Open => {
                let until = self.now + self.pause.unwrap_or(self.terms.inactivity);
                self.phase = Phase::Closing(Closing { condition, payload, by_client: false, until });
            }
            Phase::New => self.closed(CloseReason::Closed),
            // It ends already.
            Phase::Closing(_) | Phase::Told { .. } | Phase::Closed => {}
        }
    }

    /// Tells the client, if a request is there to answer: `terminate` and what is queued on the oldest one, an empty
    /// body on the others (§13).
    pub(super) fn flush_closing(&mut self) {
        let Phase::Closing(closing) = &mut self.phase else {
            return;
        };
        let over = closing.until <= self.now;
        let by_client = closing.by_client;
        if by_client && self.handled < self.seq && !over && self.durable {
            return;
        }
        let listens = self.window.slots.iter().any(|slot| slot.key.is_some());
        if !listens && !by_client && !over {
            return;
        }
        let (condition, payload) = (closing.condition, closing.payload.take());
        let unhandled = by_client && self.durable && self.handled < self.seq;
        let condition = if unhandled { Some(Condition::InternalServerError) } else { condition };
        self.tell_end(condition, payload);
        if unhandled {
            self.closed(CloseReason::NotHandled);
        } else if by_client {
            self.closed(CloseReason::Terminated);
        } else if listens {
            self.phase = Phase::Told { until: self.now + TOLD_MS };
        } else {
            self.closed(CloseReason::Closed);
        }
    }

    fn tell_end(&mut self, condition: Option<Condition>, payload: Option<String>) {
        let mut end = Some((condition, payload));
        while let Some(slot) = self.window.slots.pop_front() {
            let mut body = self.head(slot.rid);
            let mut payloads = Vec::new();
            if let Some((condition, error)) = slot.key.and_then(|_| end.take()) {
                (body.type_, body.condition) = (Some(BodyType::Terminate), condition);
                payloads = self.outbound.take(usize::MAX);
                payloads.extend(error);
            }
            self.finish(slot, &body, &payloads);
        }
        // Requests whose predecessors never came.
        for key in self.window.drain_keys() {
            let mut body = Body::default();
            let mut error = None;
            if let Some((condition, payload)) = end.take() {
                (body.type_, body.condition, error) = (Some(BodyType::Terminate), condition, payload);
            }
            let body = body.to_xml_with(error.as_deref().into_iter());
            self.outputs.push_back(Output::Respond { key, status: 200, body });
        }
    }

    /// A request broke a rule: it gets the condition, everything else that waits gets `other-request`.
    pub(super) fn violated(&mut self, key: RequestKey, condition: Condition) {
        self.violated_by(Some(key), condition);
    }

    pub(super) fn violated_by(&mut self, key: Option<RequestKey>, condition: Condition) {
        let reason = match self.phase {
            Phase::Told { .. } => CloseReason::Closed,
            _ => CloseReason::Refused(condition),
        };
        if let Some(key) = key {
            let (status, body) = terminal(condition, self.terms.legacy, None);
            self.outputs.push_back(Output::Respond { key, status, body });
        }
        if matches!(self.phase, Phase::Closed) {
            return;
        }
        tracing::debug!(%condition, "a request ends its session");
        self.end_all(Condition::OtherRequest, None);
        self.closed(reason);
    }

    /// Ends every request that waits with a terminal condition.
    pub(super) fn end_all(&mut self, condition: Condition, payload: Option<&str>) {
        for key in self.window.drain_keys() {
            let (status, body) = terminal(condition, self.terms.legacy, payload);
            self.outputs.push_back(Output::Respond { key, status, body });
        }
    }

    pub(super) fn closed(&mut self, reason: CloseReason) {
        self.phase = Phase::Closed;
        if self.timer.take().is_some() {
            self.outputs.push_back(Output::SetTimer(None));
        }
        self.outputs.push_back(Output::Closed(reason));
    }
}
