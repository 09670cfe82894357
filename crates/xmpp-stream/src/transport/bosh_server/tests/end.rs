//! XEP-0124 §13 and §17.2: every way to end.

use xmpp::Payload;

use super::*;

#[test]
fn s13_terminate_forwards_its_payloads_and_is_confirmed_on_the_oldest_request() {
    let mut bench = Bench::open();
    bench.input(Input::Authenticated);
    let held = bench.nth(1, "");
    let end = bench.nth_with(2, "type='terminate'", "<presence type='unavailable' xmlns='jabber:client'/>");
    assert!(bench.received[0].1.is("presence", xmpp::ns::CLIENT));
    assert!(bench.is_held(held) && bench.is_held(end), "the last stanza is not durable yet");
    assert_eq!(bench.closed, None);
    bench.input(Input::Handled { seq: 1 });
    bench.assert_terminated(held, None);
    assert_eq!(bench.body(end).type_, None);
    assert_eq!(bench.closed, Some(CloseReason::Terminated));
}

#[test]
fn s13_terminate_alone_is_confirmed_itself() {
    let mut bench = Bench::open();
    let end = bench.nth_with(1, "type='terminate'", "");
    bench.assert_terminated(end, None);
    assert_eq!(bench.closed, Some(CloseReason::Terminated));
}

#[test]
fn s13_terminate_waits_for_its_turn() {
    let mut bench = Bench::open();
    bench.nth_with(2, "type='terminate'", "");
    assert_eq!(bench.closed, None);
    bench.nth(1, &message("a"));
    assert_eq!(bench.received_ids(), ["a"]);
    assert_eq!(bench.closed, Some(CloseReason::Terminated));
}

#[test]
fn s13_a_last_stanza_that_is_never_stored_is_not_confirmed() {
    let mut bench = Bench::open();
    bench.input(Input::Authenticated);
    let end = bench.nth_with(1, "type='terminate'", &message("a"));
    bench.pass(10_000);
    bench.assert_terminated(end, Some(Condition::InternalServerError));
    assert_eq!(bench.closed, Some(CloseReason::NotHandled));
}

#[test]
fn s17_2_a_stream_error_follows_the_stanzas() {
    let mut bench = Bench::open();
    bench.send("a");
    bench.input(Input::Close(Some(StreamError::new(StreamCondition::Conflict))));
    let key = bench.nth(1, "");
    bench.assert_terminated(key, Some(Condition::RemoteStreamError));
    let body = bench.body(key);
    assert_eq!(body.payloads[0].attr("id"), Some("a"));
    let error = StreamError::read(&body.payloads[1]).expect("a stream error");
    assert_eq!(error.condition, StreamCondition::Conflict);
}

#[test]
fn s13_the_end_of_the_stream_is_told_on_the_held_request() {
    let mut bench = Bench::open();
    let key = bench.nth(1, "");
    bench.input(Input::Close(None));
    bench.assert_terminated(key, None);
    // The response may be lost: its repeat is still answered.
    bench.pass(5_000);
    let again = bench.nth(1, "");
    bench.assert_terminated(again, None);
    bench.pass(10_000);
    assert_eq!(bench.closed, Some(CloseReason::Closed));
}

#[test]
fn s13_the_end_waits_for_a_client_that_is_between_requests() {
    let mut bench = Bench::open();
    bench.input(Input::Close(None));
    assert_eq!(bench.closed, None);
    let key = bench.nth(1, &message("too late"));
    bench.assert_terminated(key, None);
    assert!(bench.received.is_empty());
    bench.pass(60_000);
    assert_eq!(bench.closed, Some(CloseReason::Closed));
}

#[test]
fn s17_2_conditions_of_the_connection_manager_itself() {
    let cases = [
        (Input::Fail(Condition::RemoteConnectionFailed), Condition::RemoteConnectionFailed),
        (Input::Close(Some(StreamError::new(StreamCondition::SystemShutdown))), Condition::SystemShutdown),
        (Input::Close(Some(StreamError::new(StreamCondition::HostUnknown))), Condition::RemoteStreamError),
    ];
    for (input, condition) in cases {
        let mut bench = Bench::open();
        let key = bench.nth(1, "");
        bench.input(input);
        bench.assert_terminated(key, Some(condition));
    }
}

#[test]
fn s17_2_a_stream_that_the_host_refuses_is_host_unknown() {
    let mut bench = Bench::with(Config::default());
    let key = bench.post(&format!("rid='{FIRST}' to='nowhere.example' ver='1.6'"), "");
    bench.input(Input::Close(Some(StreamError::new(StreamCondition::HostUnknown))));
    bench.assert_terminated(key, Some(Condition::HostUnknown));
}

#[test]
fn s17_2_a_malformed_body_ends_the_session_it_belongs_to() {
    let mut bench = Bench::open();
    let held = bench.nth(1, "");
    bench.keys += 1;
    bench.input(Input::Malformed { key: RequestKey(bench.keys) });
    bench.assert_terminated(bench.keys, Some(Condition::BadRequest));
    bench.assert_terminated(held, Some(Condition::OtherRequest));
    assert_eq!(bench.closed, Some(CloseReason::Refused(Condition::BadRequest)));
}

#[test]
fn s17_2_where_there_is_no_session_the_answer_says_so() {
    let refusal = refuse(Condition::ItemNotFound);
    assert_eq!(refusal.status, 200);
    let body = Body::read_response(&refusal.body, &Limits::default()).expect("our own body");
    assert_eq!((body.type_, body.condition), (Some(BodyType::Terminate), Some(Condition::ItemNotFound)));
    assert_eq!(Refusal::from(&BodyError::NotBody), refuse(Condition::BadRequest));
}

#[test]
fn nothing_disturbs_a_session_that_is_over() {
    let mut bench = Bench::open();
    bench.nth_with(1, "type='terminate'", "");
    for input in [Input::Timer, Input::Close(None), Input::Handled { seq: 9 }, Input::Fail(Condition::HostGone)] {
        bench.input(input);
    }
    bench.send("late");
    bench.gone(1);
    assert_eq!(bench.timer, None);
}
