//! Responses: read, put in order, acted upon (XEP-0124 §14.2, §17).

use xmpp::ns;
use xmpp::xml::Limits;

use super::fail::Fault;
use super::flight::{Flight, Kind, State};
use super::io::{Event, LostReason, Output, Terminated};
use super::{BoshClient, Pause, Phase, Terms};
use crate::transport::bosh_body::{Body, BodyType, Condition, Rid};

/// What a response may cost its reader: many stanzas travel in one.
const LIMITS: Limits = Limits { depth: 65, attributes: 64, bytes: 4 * 1024 * 1024, elements: 131_072 };
/// For how long the responses before a `terminate` are waited for, in milliseconds.
const STRAGGLERS_MS: u64 = 2_000;
/// A response younger than this may still be on its way when its loss is reported.
const REPORT_MS: u64 = 1_000;

impl BoshClient {
    pub(super) fn response(&mut self, rid: Rid, attempt: u32, status: u16, text: &str) {
        let Some(at) = self.flights.iter().position(|flight| flight.rid == rid && !flight.is_answered()) else {
            return;
        };
        let flight = &mut self.flights[at];
        let outdated = attempt != flight.attempt || !matches!(flight.state, State::Sent { .. });
        let body = match status {
            200..300 => Body::read_response(text, &LIMITS).map_err(|_| Fault::NotBosh),
            _ => Err(Fault::Http(status)),
        };
        match body {
            // An earlier try that was answered after all counts; one that failed does not.
            Err(_) if outdated => {}
            Ok(body) if outdated && body.type_ == Some(BodyType::Error) => {}
            Err(fault) => self.failed(at, fault),
            Ok(body) if body.type_ == Some(BodyType::Error) => self.recover(rid),
            Ok(body) => {
                if outdated && matches!(flight.state, State::Sent { .. }) {
                    let attempt = flight.attempt;
                    self.outputs.push_back(Output::Cancel { rid, attempt });
                }
                flight.state = State::Answered(Box::new(body));
                self.failing_since = None;
                self.work_off();
            }
        }
    }

    /// Acts upon every response whose turn has come (§14.2).
    fn work_off(&mut self) {
        while let Some(flight) = self.flights.pop_front_if(|flight| flight.is_answered()) {
            let Flight { kind, state: State::Answered(body), .. } = flight else {
                continue;
            };
            self.act(kind, *body);
            if self.phase == Phase::Ended {
                return;
            }
        }
        if self.flights.is_empty() {
            self.idle_since = Some(self.now);
            if let Pause::Asked(ms) = self.pause {
                // Back before the connection manager loses patience.
                self.pause = Pause::Until(self.now + ms * 4 / 5);
                self.outputs.push_back(Output::Event(Event::Paused));
            }
        }
        let ends = |flight: &Flight| matches!(&flight.state, State::Answered(body) if body.type_.is_some());
        if self.end_by.is_none() && self.flights.iter().any(ends) {
            self.end_by = Some(self.now + STRAGGLERS_MS);
        }
    }

    fn act(&mut self, kind: Kind, mut body: Body) {
        let terminate = body.type_ == Some(BodyType::Terminate);
        if kind == Kind::Create && !terminate && !self.created(&body) {
            return;
        }
        if self.attaching && !terminate {
            self.attaching = false;
            self.outputs.push_back(Output::Event(Event::Attached));
        }
        let report = body.report.and_then(Rid::new);
        let (condition, uri) = (body.condition, see_other_uri(&mut body));
        for element in body.payloads {
            self.outputs.push_back(Output::Event(Event::Received(element)));
        }
        if terminate {
            // Repeating the request that ends a session finds none if only the confirmation was lost.
            let found_over = self.phase == Phase::Terminating && condition == Some(Condition::ItemNotFound);
            self.terminated(Terminated { condition: condition.filter(|_| !found_over), uri });
        } else if kind == Kind::Terminate {
            // The confirmation was on another response that was lost, or is this empty one (§13).
            self.terminated(Terminated { condition: None, uri: None });
        } else if let Some(rid) = report {
            self.reported(rid);
        }
    }

    /// Reads the creation response; `false` if there is no session in it.
    fn created(&mut self, body: &Body) -> bool {
        let Some(sid) = body.sid.clone().filter(|sid| !sid.is_empty()) else {
            self.lost(LostReason::NoSid);
            return false;
        };
        let asked = self.start.as_ref().map_or(60, |start| start.wait);
        self.terms = Terms::read(body, asked);
        let created = self.terms.created(sid.clone(), body);
        self.sid = Some(sid);
        self.outputs.push_back(Output::Event(Event::Created(created)));
        if self.phase == Phase::Creating {
            self.phase = Phase::Open;
        }
        true
    }

    /// §9.2: the connection manager believes that this response is lost.
    fn reported(&mut self, rid: Rid) {
        let now = self.now;
        let lost = |flight: &Flight| {
            flight.rid == rid && matches!(flight.state, State::Sent { .. }) && flight.sent_at + REPORT_MS <= now
        };
        if let Some(at) = self.flights.iter().position(lost) {
            let attempt = self.flights[at].attempt;
            self.outputs.push_back(Output::Cancel { rid, attempt });
            self.post(at);
        }
    }

    /// What the HTTP status of a legacy connection manager means: the end (§17.1).
    pub(super) fn ended_by_status(&mut self, condition: Condition) {
        self.terminated(Terminated { condition: Some(condition), uri: None });
    }
}

/// Takes out the `<uri/>`, which is the connection manager's own word.
fn see_other_uri(body: &mut Body) -> Option<String> {
    let at = body.payloads.iter().position(|payload| payload.is("uri", ns::HTTPBIND))?;
    let uri = body.payloads.remove(at).text();
    Some(uri.trim().to_owned())
}
