//! The course of a session without trouble: XEP-0124 §7 to §13, XEP-0206.

use super::*;

#[test]
fn s7_1_the_creation_request() {
    let bench = Bench::start(None);
    assert_eq!(bench.requests.len(), 1);
    let body = &bench.requests[0].body;
    assert_eq!(
        (body.to.as_deref(), body.lang.as_deref(), body.sid.as_deref()),
        (Some("example.com"), Some("en"), None)
    );
    assert_eq!((body.wait, body.hold, body.ack), (Some(55), Some(1), Some(1)));
    assert_eq!(body.version.as_deref(), Some("1.0"));
    assert!(body.ver.is_some() && body.rid == Some(bench.requests[0].rid));
}

#[test]
fn s7_2_the_creation_response_brings_terms_and_features() {
    let mut bench = Bench::start(None);
    bench.send(&["not before the session exists"]);
    assert_eq!(bench.requests.len(), 1);
    bench.answer(0, GRANTED, "<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>");
    let Event::Created(created) = &bench.events[0] else { panic!("{:?}", bench.events) };
    assert_eq!((created.sid.as_str(), created.wait, created.requests), ("s1", 55, 2));
    assert_eq!((created.inactivity, created.maxpause), (Some(60), Some(120)));
    assert!(matches!(&bench.events[1], Event::Received(features) if features.is("features", ns::STREAM)));
    assert_eq!(bench.requests[1].rid, bench.requests[0].rid.next().expect("in range"));
    assert_eq!(bench.requests[1].body.sid.as_deref(), Some("s1"));
}

#[test]
fn s8_one_poll_is_open_and_a_second_request_sends() {
    let mut bench = Bench::open();
    assert_eq!(bench.requests.len(), 1, "the poll");
    bench.send(&["a", "b"]);
    assert_eq!(bench.ids(1), ["a", "b"], "in one body");
    bench.send(&["c"]);
    bench.send(&["d"]);
    assert_eq!(bench.requests.len(), 2, "never more than two");
    bench.answer(0, "", "");
    assert_eq!(bench.ids(2), ["c", "d"]);
    bench.answer(1, "", "");
    bench.answer(2, "", &message("in"));
    assert_eq!(bench.received(), ["in"]);
    assert!(bench.requests[3].body.payloads.is_empty(), "the next poll");
    assert_eq!(bench.requests.len(), 4);
}

#[test]
fn s14_2_responses_are_acted_upon_in_the_order_of_the_requests() {
    let mut bench = Bench::open();
    bench.send(&["x"]);
    bench.answer(1, "", &message("second"));
    assert!(bench.received().is_empty());
    bench.answer(0, "", &message("first"));
    assert_eq!(bench.received(), ["first", "second"]);
}

#[test]
fn s9_2_requests_acknowledge_what_has_come() {
    let mut bench = Bench::open();
    assert_eq!(bench.requests[0].body.ack, None, "every response has come");
    bench.send(&["x"]);
    let before = bench.requests[0].rid.previous().map(Rid::value);
    assert_eq!(bench.requests[1].body.ack, before);
}

#[test]
fn s9_2_a_reported_response_is_asked_for_again() {
    let mut bench = Bench::open();
    bench.send(&["x"]);
    bench.pass(12_000);
    let poll = bench.requests[0].rid;
    // The connection manager has answered the poll, 12 s ago; that response is lost, this one is not.
    bench.answer(1, &format!("report='{poll}' time='12000'"), "");
    assert_eq!(bench.requests.len(), 2, "not in its turn yet");
    bench.fail(0);
    bench.pass(1_000);
    assert_eq!((bench.requests[2].rid, bench.requests[2].attempt), (poll, 2));
    assert_eq!(bench.requests[2].text, bench.requests[0].text, "an exact copy");
}

#[test]
fn xep_0206_s5_a_restart_travels_alone_after_what_was_sent_before() {
    let mut bench = Bench::open();
    bench.send(&["response"]);
    bench.input(Input::Restart);
    bench.send(&["bind"]);
    assert!(!bench.requests[1].body.restart);
    bench.answer(0, "", "");
    let restart = &bench.requests[2].body;
    assert!(restart.restart && restart.payloads.is_empty());
    assert_eq!((restart.to.as_deref(), restart.lang.as_deref()), (Some("example.com"), Some("en")));
    bench.answer(1, "", "");
    assert_eq!(bench.ids(3), ["bind"]);
}

#[test]
fn s10_a_pause_brings_all_requests_back_and_stops_polling() {
    let mut bench = Bench::open();
    bench.input(Input::Pause { seconds: 100 });
    assert_eq!(bench.requests[1].body.pause, Some(100));
    bench.answer(0, "", "");
    bench.answer(1, "", "");
    assert!(bench.events.contains(&Event::Paused));
    bench.pass(60_000);
    assert_eq!(bench.requests.len(), 2);
    bench.send(&["back"]);
    assert_eq!(bench.ids(2), ["back"]);
}

#[test]
fn s10_a_pause_ends_by_itself_before_the_session_does() {
    let mut bench = Bench::open();
    bench.input(Input::Pause { seconds: 100 });
    bench.answer(0, "", "");
    bench.answer(1, "", "");
    bench.pass(99_000);
    assert_eq!(bench.requests.len(), 3);
    assert_eq!(bench.ended(), None);
}

#[test]
fn s10_without_maxpause_there_is_no_pause() {
    let mut bench = Bench::open_with("sid='s1' wait='55' requests='2' hold='1' inactivity='60' ver='1.6'");
    bench.input(Input::Pause { seconds: 100 });
    assert_eq!(bench.requests.len(), 1);
    let mut bench = Bench::open();
    bench.input(Input::Pause { seconds: 121 });
    assert_eq!(bench.requests.len(), 1);
}

#[test]
fn s10_waking_after_the_inactivity_period_is_a_lost_session() {
    let mut bench = Bench::open_with("sid='s1' wait='0' requests='2' hold='0' inactivity='60' polling='5' ver='1.6'");
    bench.pass(5_000);
    bench.answer(0, "", "");
    // The machine slept: the timer rings far too late.
    bench.now += 600_000;
    bench.input(Input::Timer);
    bench.assert_lost(LostReason::Inactive);
}

#[test]
fn s12_a_polling_session_polls_at_the_interval() {
    let mut bench = Bench::open_with("sid='s1' wait='0' requests='2' hold='0' inactivity='60' polling='5' ver='1.6'");
    assert_eq!(bench.requests.len(), 0);
    bench.pass(5_000);
    bench.answer(0, "", "");
    bench.pass(4_999);
    assert_eq!(bench.requests.len(), 1);
    bench.pass(1);
    bench.answer(1, "", "");
    assert_eq!(bench.requests.len(), 2);
    bench.send(&["at once"]);
    assert_eq!(bench.ids(2), ["at once"]);
}

#[test]
fn s13_terminate_carries_what_is_left_and_is_confirmed() {
    let mut bench = Bench::open();
    bench.send(&["a"]);
    bench.send(&["b"]);
    bench.input(Input::Terminate(vec![Element::new("presence", ns::CLIENT).with_attr("id", "bye")]));
    let end = &bench.requests[2].body;
    assert_eq!(end.type_, Some(BodyType::Terminate));
    assert_eq!(bench.ids(2), ["b", "bye"]);
    assert_eq!(bench.client.session(), None);
    bench.answer(0, "type='terminate'", "");
    bench.assert_terminated(None);
    assert_eq!(bench.cancelled.len(), 2);
    assert_eq!(bench.timer, None);
}

#[test]
fn s13_a_session_that_is_found_to_be_over_was_ended_orderly() {
    let mut bench = Bench::open();
    bench.input(Input::Terminate(Vec::new()));
    bench.fail(0);
    bench.fail(1);
    bench.pass(500);
    bench.answer(2, "type='terminate' condition='item-not-found'", "");
    bench.assert_terminated(None);
}

#[test]
fn s13_terminate_without_a_confirmation_ends_all_the_same() {
    let mut bench = Bench::open();
    bench.input(Input::Terminate(Vec::new()));
    bench.pass(20_000);
    bench.assert_lost(LostReason::Unreachable);
    let mut bench = Bench::start(None);
    bench.input(Input::Terminate(Vec::new()));
    bench.assert_terminated(None);
}

#[test]
fn attaching_goes_on_with_sid_and_next_rid() {
    let mut bench = Bench::attached();
    assert_eq!(bench.requests[0].rid.value(), 100);
    assert_eq!(bench.requests[0].body.sid.as_deref(), Some("s1"));
    assert!(bench.requests[0].body.payloads.is_empty() && bench.events.is_empty());
    bench.answer(0, "", &message("in"));
    assert_eq!(bench.events[0], Event::Attached);
    assert_eq!(bench.received(), ["in"]);
    assert_eq!(
        bench.client.session(),
        Some(Session { sid: "s1".into(), rid: Rid::new(102).expect("in range"), unanswered: 1 })
    );
}

#[test]
fn attaching_to_a_session_that_is_gone_is_told_apart() {
    let mut bench = Bench::attached();
    bench.answer(0, "type='terminate' condition='item-not-found'", "");
    bench.assert_terminated(Some(Condition::ItemNotFound));
    assert!(!bench.events.contains(&Event::Attached));
    let mut bench = Bench::attached();
    bench.answer_text(0, 404, "");
    bench.assert_terminated(Some(Condition::ItemNotFound));
}

#[test]
fn after_a_reload_the_requests_without_a_response_are_repeated_empty() {
    let session = Session { sid: "s1".into(), rid: Rid::new(100).expect("in range"), unanswered: 2 };
    let mut bench = Bench::start(Some(session));
    bench.send(&["new"]);
    let made: Vec<_> = bench.requests.iter().map(|made| (made.rid.value(), made.body.payloads.len())).collect();
    assert_eq!(made, [(98, 0), (99, 0)], "what is new must not go where a repeat is expected");
    bench.answer(0, "", "");
    assert_eq!((bench.requests[2].rid.value(), bench.ids(2)), (100, vec!["new".to_owned()]));
}

#[test]
fn the_last_rid_is_the_end() {
    let mut bench = Bench::start(Some(Session { sid: "s1".into(), rid: Rid::MAX, unanswered: 0 }));
    bench.answer(0, "", "");
    bench.assert_lost(LostReason::NoRid);
}
