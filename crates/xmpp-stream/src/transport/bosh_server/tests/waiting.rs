//! XEP-0124 §8 to §10: wait, hold, acknowledgement, inactivity, pause. And durable acknowledgement.

use super::*;

#[test]
fn s8_an_empty_request_is_held_for_wait() {
    let mut bench = Bench::open();
    let key = bench.nth(1, "");
    bench.pass(54_999);
    assert!(bench.is_held(key));
    bench.pass(1);
    let body = bench.body(key);
    assert_eq!((body.type_, body.payloads.len()), (None, 0));
}

#[test]
fn s8_payloads_leave_at_once_on_the_held_request() {
    let mut bench = Bench::open();
    let key = bench.nth(1, "");
    bench.send("a");
    assert_eq!(bench.ids(key), ["a"]);
}

#[test]
fn s8_payloads_without_a_request_wait_for_one_and_share_it() {
    let mut bench = Bench::open();
    bench.send("a");
    bench.send("b");
    let key = bench.nth(1, "");
    assert_eq!(bench.ids(key), ["a", "b"]);
}

#[test]
fn s4_a_second_request_releases_the_first() {
    let mut bench = Bench::open();
    let first = bench.nth(1, "");
    let second = bench.nth(2, &message("out"));
    assert!(bench.body(first).payloads.is_empty());
    assert!(bench.is_held(second));
    assert_eq!(bench.received_ids(), ["out"]);
}

#[test]
fn s9_1_the_response_to_an_older_request_acknowledges_the_newer() {
    let mut bench = Bench::open();
    let first = bench.nth(1, "");
    let second = bench.nth(2, "");
    bench.send("a");
    assert_eq!(bench.body(first).ack, Some(FIRST + 2));
    assert_eq!(bench.body(second).ack, None, "would be the rid of the request itself");
}

#[test]
fn s9_1_what_is_not_durable_is_not_acknowledged_beside_either() {
    let mut bench = Bench::open();
    bench.input(Input::Authenticated);
    let first = bench.nth(1, "");
    let second = bench.nth(2, &message("a"));
    assert_eq!(bench.body(first).ack, None);
    let third = bench.nth(3, "");
    bench.input(Input::Handled { seq: 1 });
    assert_eq!(bench.body(second).ack, Some(FIRST + 3));
    assert!(bench.is_held(third));
}

#[test]
fn s9_2_a_lost_response_is_reported() {
    let mut bench = Bench::open_with(Config::default(), "ver='1.6' wait='60' hold='1' ack='1'");
    bench.nth(1, "");
    bench.send("lost");
    bench.pass(12_000);
    // The client still waits for the response to its request 1.
    let key = bench.nth_with(2, &format!("ack='{FIRST}'"), "");
    let body = bench.body(key);
    assert_eq!((body.report, body.time), (Some(FIRST + 1), Some(12_000)));
    let again = bench.nth(1, "");
    assert_eq!(bench.ids(again), ["lost"]);
}

#[test]
fn s9_2_an_acknowledged_response_is_not_kept_but_a_stray_copy_is_harmless() {
    let mut bench = Bench::open_with(Config::default(), "ver='1.6' wait='60' hold='1' ack='1'");
    bench.nth(1, "");
    for n in 2..12 {
        bench.send("a");
        bench.nth(n, "");
    }
    let stray = bench.nth(1, "");
    assert!(bench.ids(stray).is_empty());
    assert_eq!(bench.closed, None);
    for n in 12..60 {
        bench.nth(n, "");
        bench.send("a");
    }
    assert!(bench.server.window.sent.len() <= 19);
    assert!(bench.server.window.sent.iter().filter(|sent| !sent.body.is_empty()).count() <= 1);
}

#[test]
fn s10_the_session_ends_silently_after_inactivity() {
    let mut bench = Bench::open();
    let key = bench.nth(1, "");
    bench.pass(55_000);
    assert!(!bench.is_held(key));
    bench.pass(59_999);
    assert_eq!(bench.closed, None);
    bench.pass(1);
    assert_eq!(bench.closed, Some(CloseReason::Inactive));
    let late = bench.nth(2, "");
    bench.assert_terminated(late, Some(Condition::ItemNotFound));
}

#[test]
fn s10_a_held_request_is_activity() {
    let mut bench = Bench::open();
    for n in 1..20 {
        bench.nth(n, "");
        bench.pass(55_000);
    }
    assert_eq!(bench.closed, None);
}

#[test]
fn s10_the_closed_socket_of_the_only_request_starts_the_inactivity() {
    let mut bench = Bench::open();
    let key = bench.nth(1, "");
    bench.pass(10_000);
    bench.gone(key);
    bench.pass(60_000);
    assert_eq!(bench.closed, Some(CloseReason::Inactive));
}

#[test]
fn s10_a_pause_is_answered_at_once_without_payloads_and_lasts() {
    let mut bench = Bench::open();
    let held = bench.nth(1, "");
    let pause = bench.nth_with(2, "pause='100'", "");
    assert!(!bench.is_held(held) && !bench.is_held(pause));
    bench.send("during");
    assert!(bench.body(pause).payloads.is_empty());
    bench.pass(99_000);
    assert_eq!(bench.closed, None);
    let back = bench.nth(3, "");
    assert_eq!(bench.ids(back), ["during"]);
    // The next request sets the period back.
    bench.pass(60_000);
    assert_eq!(bench.closed, Some(CloseReason::Inactive));
}

#[test]
fn s10_a_pause_request_gets_no_payloads_even_if_some_wait() {
    let mut bench = Bench::open();
    bench.send("waiting");
    let pause = bench.nth_with(1, "pause='100'", "");
    assert!(bench.body(pause).payloads.is_empty());
    let back = bench.nth(2, "");
    assert_eq!(bench.ids(back), ["waiting"]);
}

#[test]
fn s10_a_short_pause_discovers_the_end_sooner() {
    let mut bench = Bench::open();
    bench.nth_with(1, "pause='10'", "");
    bench.pass(10_000);
    assert_eq!(bench.closed, Some(CloseReason::Inactive));
}

#[test]
fn s10_more_than_maxpause_breaks_the_rules() {
    let mut bench = Bench::open();
    let key = bench.nth_with(1, "pause='9999'", "");
    bench.assert_terminated(key, Some(Condition::PolicyViolation));
}

#[test]
fn a_response_waits_until_its_stanzas_are_durable() {
    let mut bench = Bench::open();
    bench.input(Input::Authenticated);
    let first = bench.nth(1, &message("a"));
    let second = bench.nth(2, &message("b"));
    bench.send("in");
    assert!(bench.is_held(first) && bench.is_held(second));
    bench.input(Input::Handled { seq: 1 });
    assert_eq!(bench.ids(first), ["in"]);
    assert!(bench.is_held(second));
    bench.pass(60_000);
    assert!(bench.is_held(second), "not durable, although the wait is over");
    bench.input(Input::Handled { seq: 2 });
    assert!(!bench.is_held(second));
    assert_eq!(bench.closed, None);
}

#[test]
fn stanzas_that_never_become_durable_end_the_session() {
    let mut bench = Bench::open();
    bench.input(Input::Authenticated);
    let key = bench.nth(1, &message("a"));
    bench.pass(64_999);
    assert!(bench.is_held(key));
    bench.pass(1);
    bench.assert_terminated(key, Some(Condition::InternalServerError));
    assert_eq!(bench.closed, Some(CloseReason::NotHandled));
}

#[test]
fn a_repeated_request_is_not_acknowledged_before_it_is_durable() {
    let mut bench = Bench::open();
    bench.input(Input::Authenticated);
    let first = bench.nth(1, &message("a"));
    bench.gone(first);
    let again = bench.nth(1, &message("a"));
    assert!(bench.is_held(again));
    assert_eq!(bench.received_ids(), ["a"]);
    bench.send("in");
    assert!(bench.is_held(again));
    bench.input(Input::Handled { seq: 1 });
    assert_eq!(bench.ids(again), ["in"]);
}

#[test]
fn s12_a_polling_session_is_answered_at_once() {
    let mut bench = Bench::open_with(Config::default(), "ver='1.6' wait='0' hold='0'");
    let key = bench.nth(1, "");
    assert!(bench.body(key).payloads.is_empty());
}

#[test]
fn s12_a_polling_session_may_get_its_answer_on_the_same_request() {
    let mut bench = Bench::open_with(Config::default(), "ver='1.6' wait='60' hold='0'");
    let key = bench.nth(1, &message("question"));
    assert!(bench.is_held(key));
    bench.send("answer");
    assert_eq!(bench.ids(key), ["answer"]);
    let key = bench.nth(2, &message("question"));
    bench.pass(100);
    assert!(bench.body(key).payloads.is_empty());
}
