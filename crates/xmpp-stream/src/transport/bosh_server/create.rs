//! The session creation request (XEP-0124 §7.1).

use super::io::{CloseReason, Output, RequestKey, StreamStart};
use super::respond::terminal;
use super::terms::{Creation, Terms};
use super::window::Window;
use super::{BoshServer, Phase};
use crate::transport::bosh_body::{Body, BodyType, Condition};

impl BoshServer {
    pub(super) fn create(&mut self, key: RequestKey, body: Box<Body>) {
        self.terms = Terms::agree(&self.config, &body);
        let Some(rid) = body.rid else {
            return self.refuse_creation(key, Condition::BadRequest);
        };
        // A creation request must not possess a sid, and has nothing to restart or to pause.
        if body.sid.is_some() || body.restart || body.pause.is_some() {
            return self.refuse_creation(key, Condition::BadRequest);
        }
        let to = body.to.as_deref().map(str::trim).filter(|to| !to.is_empty());
        let Some(to) = to else {
            return self.refuse_creation(key, Condition::ImproperAddressing);
        };
        let domains = &self.config.domains;
        if !domains.is_empty() && !domains.iter().any(|domain| domain.eq_ignore_ascii_case(to)) {
            return self.refuse_creation(key, Condition::HostUnknown);
        }
        if body.type_ == Some(BodyType::Terminate) {
            let (status, text) = (200, Body { type_: Some(BodyType::Terminate), ..Body::default() }.to_xml());
            self.outputs.push_back(Output::Respond { key, status, body: text });
            return self.closed(CloseReason::Terminated);
        }
        let to = to.to_owned();
        self.creation = Some(Creation { rid, to: Some(to.clone()), ver: body.ver });
        self.window = Window::new(rid);
        self.phase = Phase::Open;
        self.outputs.push_back(Output::StreamStart(StreamStart {
            to: Some(to),
            from: body.from.clone(),
            lang: body.lang.clone(),
            version: body.version.clone().unwrap_or_else(|| "1.0".to_owned()),
            restart: false,
        }));
        // The answer is usually a moment away: the features.
        self.take(key, rid, body, true);
    }

    fn refuse_creation(&mut self, key: RequestKey, condition: Condition) {
        let (status, body) = terminal(condition, self.terms.legacy, None);
        self.outputs.push_back(Output::Respond { key, status, body });
        self.closed(CloseReason::Refused(condition));
    }
}
