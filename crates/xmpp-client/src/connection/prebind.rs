//! Sessions that the site makes: its URL answers `{jid, sid, rid}`, as for other web clients. `rid` is the next one to use, as
//! text or number.

use std::collections::VecDeque;

use xmpp::jid::Jid;
use xmpp::time::Mono;
use xmpp_stream::transport::bosh_client::{Rid, Session};

use super::Connection;
use super::steps::{Prebound, Step};
use crate::api::{Event, HttpError, HttpRequest, HttpResponse, Method, Output, RequestId, SignInError};
use crate::core::Core;
use crate::json::Json;

const WITHIN_MS: u32 = 10_000;
/// So many calls in so many milliseconds at most, whatever happens: the site's back end must survive us.
const MAX_CALLS: usize = 10;
const CALLS_MS: u64 = 60_000;

/// When the site was asked.
#[derive(Default)]
pub(super) struct Calls(VecDeque<Mono>);

impl Calls {
    /// From when on another call is allowed.
    fn allowed_at(&mut self, now: Mono) -> Mono {
        while self.0.front().is_some_and(|at| now.since(*at) >= CALLS_MS) {
            self.0.pop_front();
        }
        match self.0.front() {
            Some(first) if self.0.len() >= MAX_CALLS => first.after(CALLS_MS),
            _ => now,
        }
    }

    fn called(&mut self, now: Mono) {
        self.0.push_back(now);
    }
}

impl Connection {
    /// Asks the site for a session.
    pub(super) fn fetch_prebind(&mut self, core: &mut Core, url: String) {
        let now = core.now.mono;
        let at = self.calls.allowed_at(now);
        if at > now {
            return self.wait_until(core, at);
        }
        self.calls.called(now);
        let request = core.request();
        self.step = Step::Prebinding(request);
        let http = HttpRequest {
            method: Method::Get,
            url,
            headers: vec![("Accept", String::from("application/json"))],
            body: None,
            credentials: true,
            timeout_ms: WITHIN_MS,
        };
        core.out.push_back(Output::Request { request, http, after: None });
    }

    /// The site has answered, or not.
    pub(super) fn prebind_answered(&mut self, core: &mut Core, result: &Result<HttpResponse, HttpError>) {
        self.step = Step::Idle;
        match read(result) {
            Ok(prebound) => {
                let account = prebound.jid.to_bare();
                if self.account_before.as_ref() != Some(&account) {
                    self.known = super::known::Known::default();
                    self.endpoints.forget();
                    self.account_before = Some(account.clone());
                }
                self.prebound = Some(prebound);
                self.events.push_back(super::ConnectionEvent::Account(account));
                self.proceed(core);
            }
            Err((status, detail)) => {
                let error = SignInError::Site { status, detail: String::from(detail) };
                core.out.push_back(Output::Event(Event::SignInFailed(error)));
                self.retry(core);
            }
        }
    }

    pub(super) fn is_prebinding(&self, request: RequestId) -> bool {
        matches!(self.step, Step::Prebinding(own) if own == request)
    }
}

/// The session in the answer, or status and what is wrong with it.
fn read(result: &Result<HttpResponse, HttpError>) -> Result<Prebound, (u16, &'static str)> {
    let response = match result {
        Ok(response) => response,
        Err(HttpError::Network) => return Err((0, "the prebind URL cannot be reached")),
        Err(HttpError::TimedOut) => return Err((0, "the prebind URL did not answer within 10 seconds")),
    };
    let fail = |detail| Err((response.status, detail));
    if !(200..300).contains(&response.status) {
        return fail("the prebind URL answered with an error status");
    }
    let is_html = response.content_type.contains("html") || response.body.trim_start().starts_with('<');
    if is_html {
        return fail(if response.redirected {
            "the prebind URL redirected to a web page, perhaps a sign-in page, instead of answering JSON"
        } else {
            "the prebind URL answered with a web page instead of JSON"
        });
    }
    let Some(json) = Json::parse(&response.body) else {
        return fail("the answer of the prebind URL is not JSON");
    };
    let Some(jid) = json.member("jid").and_then(Json::text).and_then(|jid| Jid::new(jid).ok()).and_then(Jid::into_full)
    else {
        return fail("the answer of the prebind URL has no full jid");
    };
    let Some(sid) = json.member("sid").and_then(Json::text).filter(|sid| !sid.is_empty()) else {
        return fail("the answer of the prebind URL has no sid");
    };
    let rid =
        json.member("rid").and_then(Json::text_or_number).and_then(|rid| rid.trim().parse().ok()).and_then(Rid::new);
    let Some(rid) = rid else {
        return fail("the answer of the prebind URL has no usable rid");
    };
    Ok(Prebound { jid, session: Session { sid: String::from(sid), rid, unanswered: 0 } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: &str, redirected: bool, body: &str) -> Result<HttpResponse, HttpError> {
        Ok(HttpResponse { status, content_type: String::from(content_type), redirected, body: String::from(body) })
    }

    #[test]
    fn rid_may_be_text_or_number() {
        for rid in ["\"1484750777\"", "1484750777"] {
            let body = [r#"{"jid":"romeo@localhost/pb","sid":"6b73","rid":"#, rid, "}"].concat();
            let prebound = read(&answer(200, "text/plain", false, &body)).map_err(|e| e.1).expect("usable");
            assert_eq!(prebound.jid.as_str(), "romeo@localhost/pb");
            assert_eq!(Some(prebound.session.rid), Rid::new(1_484_750_777));
        }
    }

    #[test]
    fn each_way_to_fail_has_its_words() {
        let ok = r#"{"jid":"a@b/c","sid":"s","rid":1}"#;
        let cases = [
            (answer(500, "application/json", false, ok), 500, "error status"),
            (answer(200, "text/html", true, "<html>"), 200, "redirected"),
            (answer(200, "application/json", false, "<!DOCTYPE html>"), 200, "web page"),
            (answer(200, "application/json", false, "{"), 200, "not JSON"),
            (answer(200, "application/json", false, r#"{"jid":"a@b","sid":"s","rid":1}"#), 200, "full jid"),
            (answer(200, "application/json", false, r#"{"jid":"a@b/c","rid":1}"#), 200, "sid"),
            (answer(200, "application/json", false, r#"{"jid":"a@b/c","sid":"s","rid":"x"}"#), 200, "rid"),
            (answer(200, "application/json", false, r#"{"jid":"a@b/c","sid":"s","rid":1.5}"#), 200, "rid"),
            (Err(HttpError::TimedOut), 0, "10 seconds"),
            (Err(HttpError::Network), 0, "cannot be reached"),
        ];
        for (result, status, words) in cases {
            let Err((got, detail)) = read(&result) else { panic!("{words} must fail") };
            assert!(got == status && detail.contains(words), "{detail}");
        }
    }

    #[test]
    fn the_site_is_asked_ten_times_a_minute_at_most() {
        let mut calls = Calls::default();
        for n in 0..10 {
            assert_eq!(calls.allowed_at(Mono(n)), Mono(n));
            calls.called(Mono(n));
        }
        assert_eq!(calls.allowed_at(Mono(100)), Mono(CALLS_MS));
        assert_eq!(calls.allowed_at(Mono(CALLS_MS)), Mono(CALLS_MS));
    }
}
