//! Trouble: XEP-0124 §14.3, §17, and networks.

use super::*;

#[test]
fn s14_3_a_failed_request_is_repeated_exactly_and_later_each_time() {
    let mut bench = Bench::open();
    bench.send(&["a"]);
    let mut waits = Vec::new();
    for _ in 0..4 {
        let last = bench.requests.len() - 1;
        bench.fail(last);
        let before = bench.now;
        while bench.requests.len() == last + 1 {
            bench.pass(100);
        }
        waits.push(bench.now - before);
        let (first, again) = (&bench.requests[1], &bench.requests[last + 1]);
        assert_eq!((first.rid, &first.text), (again.rid, &again.text));
    }
    assert_eq!(waits, [500, 1_000, 2_000, 4_000]);
}

#[test]
fn s14_3_nothing_new_is_sent_while_the_network_fails() {
    let mut bench = Bench::open();
    bench.fail(0);
    bench.send(&["a"]);
    assert_eq!(bench.requests.len(), 1);
    bench.pass(500);
    assert_eq!(bench.ids(2), ["a"]);
}

#[test]
fn a_network_that_stays_away_is_a_lost_session() {
    let mut bench = Bench::open();
    let mut failed = 0;
    while bench.ended().is_none() && failed < 100 {
        bench.fail(bench.requests.len() - 1);
        failed += 1;
        bench.pass(10_000);
    }
    bench.assert_lost(LostReason::Unreachable);
    assert!((115_000..150_000).contains(&bench.now), "longer than the other side keeps the session: {}", bench.now);
}

#[test]
fn something_that_cuts_long_requests_is_no_lost_session() {
    let mut bench = Bench::open();
    for _ in 0..30 {
        bench.pass(30_000);
        bench.fail(bench.requests.len() - 1);
        bench.pass(600);
    }
    assert_eq!(bench.ended(), None);
    assert_eq!(bench.requests.len(), 31);
}

#[test]
fn a_request_that_the_shell_forgot_is_given_up() {
    let mut bench = Bench::open();
    bench.pass(55_000 + 20_000 + 2_000);
    assert_eq!(bench.cancelled, [(bench.requests[0].rid, 1)]);
    bench.pass(500);
    assert_eq!(bench.requests[1].attempt, 2);
}

#[test]
fn an_earlier_try_that_is_answered_after_all_counts_once() {
    let mut bench = Bench::open();
    bench.fail(0);
    bench.pass(500);
    bench.answer(0, "", &message("in"));
    assert_eq!(bench.received(), ["in"]);
    assert_eq!(bench.cancelled, [(bench.requests[1].rid, 2)]);
    bench.answer(1, "", &message("in"));
    assert_eq!(bench.received(), ["in"], "the second copy is ignored");
}

#[test]
fn an_error_that_an_earlier_try_gets_is_ignored() {
    let mut bench = Bench::open();
    bench.fail(0);
    bench.pass(500);
    let made = bench.requests.len();
    bench.answer(0, "type='error'", "");
    bench.answer_text(0, 502, "bad gateway");
    bench.fail(0);
    bench.pass(5_000);
    assert_eq!(bench.requests.len(), made);
}

#[test]
fn s17_3_a_recoverable_error_repeats_all_that_has_no_response() {
    let mut bench = Bench::open();
    bench.send(&["a"]);
    bench.answer(1, "type='error'", "");
    bench.pass(500);
    let again: Vec<_> = bench.requests[2..].iter().map(|made| (made.rid, made.attempt)).collect();
    assert_eq!(again, [(bench.requests[0].rid, 2), (bench.requests[1].rid, 2)]);
    assert_eq!(bench.cancelled, [(bench.requests[0].rid, 1)]);
}

#[test]
fn s17_2_a_terminal_condition_is_typed() {
    for condition in [Condition::PolicyViolation, Condition::SystemShutdown, Condition::OtherRequest] {
        let mut bench = Bench::open();
        bench.answer(0, &format!("type='terminate' condition='{condition}'"), "");
        bench.assert_terminated(Some(condition));
    }
    let mut bench = Bench::open();
    bench.answer(0, "type='terminate' condition='see-other-uri'", "<uri> https://b.example/bosh </uri>");
    let (condition, uri) = (Some(Condition::SeeOtherUri), Some("https://b.example/bosh".to_owned()));
    assert_eq!(bench.ended(), Some(&Event::Terminated(Terminated { condition, uri })));
}

#[test]
fn s17_2_the_stanzas_and_the_stream_error_come_before_the_end() {
    let mut bench = Bench::open();
    let error = "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>\
                 <conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
    bench.answer(0, "type='terminate' condition='remote-stream-error'", &format!("{}{error}", message("last")));
    assert!(matches!(&bench.events[0], Event::Received(element) if element.attr("id") == Some("last")));
    assert!(matches!(&bench.events[1], Event::Received(element) if element.is("error", ns::STREAM)));
    assert!(matches!(&bench.events[2], Event::Terminated(_)));
}

#[test]
fn s17_2_an_end_on_a_later_request_waits_a_little_for_the_earlier() {
    let mut bench = Bench::open();
    bench.send(&["a"]);
    bench.answer(1, "type='terminate' condition='policy-violation'", "");
    assert_eq!(bench.ended(), None);
    bench.answer(0, "", &message("in time"));
    assert_eq!(bench.received(), ["in time"]);
    bench.assert_terminated(Some(Condition::PolicyViolation));
    let mut bench = Bench::open();
    bench.send(&["a"]);
    bench.answer(1, "type='terminate' condition='policy-violation'", "");
    bench.pass(2_000);
    bench.assert_terminated(Some(Condition::PolicyViolation));
}

#[test]
fn s17_1_http_errors_of_a_legacy_connection_manager_end_the_session() {
    let legacy = "sid='s1' wait='55' requests='2' hold='1' inactivity='60'";
    let cases = [(400, Condition::BadRequest), (403, Condition::PolicyViolation), (404, Condition::ItemNotFound)];
    for (status, condition) in cases {
        let mut bench = Bench::open_with(legacy);
        bench.answer_text(0, status, "");
        bench.assert_terminated(Some(condition));
    }
}

#[test]
fn s17_1_http_errors_of_something_between_are_survived_for_a_while() {
    let mut bench = Bench::open();
    for status in [404, 502, 503] {
        bench.answer_text(bench.requests.len() - 1, status, "<html>sorry</html>");
        bench.pass(10_000);
    }
    assert_eq!(bench.ended(), None);
    bench.answer(bench.requests.len() - 1, "", &message("in"));
    assert_eq!(bench.received(), ["in"]);
    for _ in 0..4 {
        bench.answer_text(bench.requests.len() - 1, 404, "");
        bench.pass(10_000);
    }
    bench.assert_lost(LostReason::Http(404));
}

#[test]
fn an_answer_that_is_no_body_is_survived_and_then_named() {
    let mut bench = Bench::open();
    for _ in 0..3 {
        bench.answer_text(bench.requests.len() - 1, 200, "<html><body>Please sign in<br></body></html>");
        bench.pass(10_000);
    }
    assert_eq!(bench.ended(), None);
    bench.answer_text(bench.requests.len() - 1, 200, "");
    bench.assert_lost(LostReason::NotBosh);
}

#[test]
fn a_wrong_address_fails_at_once() {
    for (status, text, reason) in [
        (404, "", LostReason::Http(404)),
        (405, "", LostReason::Http(405)),
        (200, "<!DOCTYPE html><html></html>", LostReason::NotBosh),
        (200, "<body xmlns='http://jabber.org/protocol/httpbind'/>", LostReason::NoSid),
    ] {
        let mut bench = Bench::start(None);
        bench.answer_text(0, status, text);
        bench.assert_lost(reason);
    }
}

#[test]
fn a_creation_is_tried_three_times() {
    let mut bench = Bench::start(None);
    for tries in 1..=3 {
        assert_eq!(bench.requests.len(), tries);
        bench.fail(tries - 1);
        bench.pass(5_000);
    }
    bench.assert_lost(LostReason::Unreachable);
}

#[test]
fn s17_2_a_refused_creation_is_typed() {
    let mut bench = Bench::start(None);
    bench.answer(0, "type='terminate' condition='host-unknown'", "");
    bench.assert_terminated(Some(Condition::HostUnknown));
}

#[test]
fn nothing_disturbs_a_session_that_is_over() {
    let mut bench = Bench::open();
    bench.answer(0, "type='terminate'", "");
    let (requests, events) = (bench.requests.len(), bench.events.len());
    bench.send(&["late"]);
    bench.input(Input::Restart);
    bench.input(Input::Terminate(Vec::new()));
    bench.input(Input::Timer);
    bench.fail(0);
    assert_eq!((bench.requests.len(), bench.events.len(), bench.timer), (requests, events, None));
}
