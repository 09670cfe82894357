//! [`BoshClient`] between the shell's HTTP and the stream.

use std::collections::VecDeque;

use xmpp::ns;
use xmpp::payload::Payload;
use xmpp::stanza::{StreamCondition, StreamError};
use xmpp::time::{Mono, Now};
use xmpp::xml::Element;
use xmpp_stream::client::{Input, StreamEvent};
use xmpp_stream::transport::bosh_client::{
    self, BoshClient, Condition, Event, Output, Rid, Session, Start, Terminated,
};

use crate::api::{self, HttpError, HttpRequest, HttpResponse, Method, RequestId};
use crate::core::Core;

/// The longest a request may be held, in seconds: below what proxies and phones cut.
const WAIT: u64 = 55;

/// A BOSH session and its requests.
pub(super) struct Bosh {
    client: BoshClient,
    url: String,
    requests: Vec<(RequestId, Rid, u32)>,
    timer: Option<Mono>,
    /// The client ended the session: what still goes out is not waited for.
    ending: bool,
    events: VecDeque<FromBosh>,
}

/// What the session says.
pub(super) enum FromBosh {
    Stream(Input),
    /// The session that was attached to has answered.
    Attached,
}

impl Bosh {
    pub(super) fn start(
        core: &mut Core,
        url: String,
        domain: String,
        from: Option<String>,
        attach: Option<Session>,
    ) -> Self {
        let start = Start {
            to: domain,
            from,
            lang: Some(core.settings.lang.clone()),
            wait: WAIT,
            random: core.random.below(u64::MAX),
            attach,
        };
        let mut client = BoshClient::new();
        client.handle_input(core.now, bosh_client::Input::Start(Box::new(start)));
        Self { client, url, requests: Vec::new(), timer: None, ending: false, events: VecDeque::new() }
    }

    pub(super) fn response(&mut self, now: Now, request: RequestId, result: &Result<HttpResponse, HttpError>) -> bool {
        let Some(at) = self.requests.iter().position(|(own, _, _)| *own == request) else { return false };
        let (_, rid, attempt) = self.requests.remove(at);
        let input = match result {
            Ok(response) => {
                bosh_client::Input::Response { rid, attempt, status: response.status, body: &response.body }
            }
            Err(_) => bosh_client::Input::RequestFailed { rid, attempt },
        };
        self.client.handle_input(now, input);
        true
    }

    pub(super) fn timer(&mut self, now: Now) {
        if self.timer.is_some_and(|at| at <= now.mono) {
            self.timer = None;
            self.client.handle_input(now, bosh_client::Input::Timer);
        }
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        self.timer
    }

    pub(super) fn send(&mut self, now: Now, element: Element) {
        self.client.handle_input(now, bosh_client::Input::Send(vec![element]));
    }

    pub(super) fn restart(&mut self, now: Now) {
        self.client.handle_input(now, bosh_client::Input::Restart);
    }

    pub(super) fn terminate(&mut self, now: Now) {
        self.ending = true;
        self.client.handle_input(now, bosh_client::Input::Terminate(Vec::new()));
    }

    /// Forgets the requests that are under way, but for those that end the session.
    pub(super) fn abandon(&mut self, core: &mut Core) {
        for (request, _, _) in self.requests.drain(..) {
            core.out.push_back(api::Output::CancelRequest(request));
        }
    }

    pub(super) fn poll(&mut self, core: &mut Core) -> Option<FromBosh> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            match self.client.poll_output()? {
                Output::Request { rid, attempt, body, timeout_ms } => self.post(core, rid, attempt, body, timeout_ms),
                Output::Cancel { rid, attempt } => {
                    if let Some(at) = self.requests.iter().position(|(_, r, a)| (*r, *a) == (rid, attempt)) {
                        core.out.push_back(api::Output::CancelRequest(self.requests.remove(at).0));
                    }
                }
                Output::SetTimer(at) => self.timer = at,
                Output::Event(event) => self.event(event),
            }
        }
    }

    fn post(&mut self, core: &mut Core, rid: Rid, attempt: u32, body: String, timeout_ms: u64) {
        let request = core.request();
        if !self.ending {
            self.requests.push((request, rid, attempt));
        }
        let http = HttpRequest {
            method: Method::Post,
            url: self.url.clone(),
            headers: vec![("Content-Type", String::from("text/xml; charset=utf-8"))],
            body: Some(body),
            credentials: false,
            timeout_ms: u32::try_from(timeout_ms).unwrap_or(u32::MAX),
        };
        core.out.push_back(api::Output::Request { request, http, after: None });
    }

    fn event(&mut self, event: Event) {
        let input = match event {
            Event::Created(_) => Input::Opened,
            Event::Attached => return self.events.push_back(FromBosh::Attached),
            Event::Received(element) => Input::Received(element),
            Event::Paused => return,
            Event::Terminated(Terminated { condition: None, uri }) => Input::StreamEnd { see_other_uri: uri },
            // Said where TCP would have a stream error (XEP-0124 §17.2).
            Event::Terminated(Terminated { condition: Some(Condition::HostUnknown), .. }) => {
                Input::Received(StreamError::new(StreamCondition::HostUnknown).write())
            }
            Event::Terminated(_) | Event::Lost(_) => Input::Closed,
        };
        self.events.push_back(FromBosh::Stream(input));
    }
}

/// What an input would have made of an established stream.
pub(super) fn without_stream(input: Input) -> Option<StreamEvent> {
    match input {
        Input::Received(element) if element.is("error", ns::STREAM) => {
            let error = StreamError::try_from(&element).ok();
            Some(StreamEvent::Closed(error.or_else(|| Some(StreamError::new(StreamCondition::UndefinedCondition)))))
        }
        Input::Received(element) if element.is("features", ns::STREAM) => None,
        Input::Received(element) => Some(StreamEvent::Element(element)),
        Input::StreamEnd { .. } => Some(StreamEvent::Closed(None)),
        Input::Closed => Some(StreamEvent::Lost),
        _ => None,
    }
}
