//! XEP-0124 §14: order, window, repeated requests.

use super::*;

#[test]
fn s14_2_payloads_are_forwarded_in_the_order_of_the_rids() {
    let mut bench = Bench::open();
    let second = bench.nth(2, &message("b"));
    assert!(bench.received.is_empty() && bench.is_held(second));
    let first = bench.nth(1, &message("a"));
    assert_eq!(bench.received_ids(), ["a", "b"]);
    // Not stalled: the earlier request is released by the later one that was there before it.
    assert!(!bench.is_held(first));
    assert!(bench.is_held(second));
    bench.send("in");
    assert_eq!(bench.ids(second), ["in"]);
}

#[test]
fn s14_2_any_number_of_requests_within_the_window_is_put_in_order() {
    let mut bench = Bench::open_with(Config::default(), "ver='1.6' wait='60' hold='4'");
    for n in [5, 3, 4, 2] {
        bench.nth(n, &message(&n.to_string()));
    }
    assert!(bench.received.is_empty());
    bench.nth(1, &message("1"));
    assert_eq!(bench.received_ids(), ["1", "2", "3", "4", "5"]);
}

#[test]
fn s14_2_a_rid_beyond_the_window_ends_the_session() {
    let mut bench = Bench::open();
    let held = bench.nth(1, "");
    let key = bench.nth(4, &message("x"));
    bench.assert_terminated(key, Some(Condition::ItemNotFound));
    bench.assert_terminated(held, Some(Condition::OtherRequest));
    assert_eq!(bench.closed, Some(CloseReason::Refused(Condition::ItemNotFound)));
    assert!(bench.received.is_empty());
}

#[test]
fn s14_2_the_greatest_rid_does_not_overflow() {
    let mut bench = Bench::open();
    let key = bench.post(&format!("sid='sid-1' rid='{}'", Rid::MAX), "");
    bench.assert_terminated(key, Some(Condition::ItemNotFound));
}

#[test]
fn s11_one_request_more_may_pause_or_terminate() {
    let mut bench = Bench::open();
    bench.nth(1, "");
    bench.nth(2, &message("b"));
    let end = bench.nth_with(5, "type='terminate'", "");
    assert!(bench.is_held(end), "within reach, but not in its turn");
    assert_eq!(bench.closed, None);
}

#[test]
fn s14_3_a_lost_response_is_repeated_exactly() {
    let mut bench = Bench::open();
    let key = bench.nth(1, "");
    bench.send("a");
    let again = bench.nth(1, "");
    assert_eq!(bench.responses[&key], bench.responses[&again]);
    // And its stanzas are not forwarded twice.
    let key = bench.nth(2, &message("out"));
    bench.send("b");
    let again = bench.nth(2, &message("out"));
    assert_eq!(bench.received_ids(), ["out"]);
    assert_eq!(bench.responses[&key], bench.responses[&again]);
}

#[test]
fn s14_3_the_creation_response_can_be_repeated() {
    let mut bench = Bench::open();
    let again = bench.nth(0, "");
    assert_eq!(bench.body(again).sid.as_deref(), Some("sid-1"));
}

#[test]
fn s14_3_a_response_that_is_no_longer_kept_ends_the_session() {
    let mut bench = Bench::open();
    for n in 1..=4 {
        bench.nth(n, "");
        bench.send("x");
    }
    let key = bench.nth(1, "");
    bench.assert_terminated(key, Some(Condition::ItemNotFound));
    assert_eq!(bench.closed, Some(CloseReason::Refused(Condition::ItemNotFound)));
}

#[test]
fn s14_3_a_repeat_supersedes_the_held_request() {
    let mut bench = Bench::open();
    let old = bench.nth(1, &message("once"));
    let new = bench.nth(1, &message("once"));
    assert_eq!(bench.body(old).type_, Some(BodyType::Error));
    assert!(bench.is_held(new));
    assert_eq!(bench.received_ids(), ["once"]);
    bench.send("a");
    assert_eq!(bench.ids(new), ["a"]);
}

#[test]
fn s14_3_a_repeat_supersedes_an_early_request() {
    let mut bench = Bench::open();
    let old = bench.nth(2, &message("b"));
    let new = bench.nth(2, &message("b"));
    assert_eq!(bench.body(old).type_, Some(BodyType::Error));
    bench.nth(1, &message("a"));
    assert_eq!(bench.received_ids(), ["a", "b"]);
    assert!(bench.is_held(new));
}

#[test]
fn s14_3_repeats_in_quick_succession_are_limited() {
    let mut bench = Bench::open();
    bench.nth(1, "");
    for _ in 0..30 {
        bench.nth(1, "");
    }
    assert_eq!(bench.closed, Some(CloseReason::Refused(Condition::PolicyViolation)));
    // A bad network that cuts every connection after two seconds is no abuse.
    let mut bench = Bench::open();
    for _ in 0..100 {
        let key = bench.nth(1, "");
        bench.pass(2_000);
        bench.gone(key);
    }
    assert_eq!(bench.closed, None);
}

#[test]
fn s17_3_a_missing_request_is_asked_for_and_nothing_is_lost() {
    let mut bench = Bench::open();
    let early = bench.nth(2, &message("b"));
    bench.pass(15_000);
    assert_eq!(bench.body(early).type_, Some(BodyType::Error));
    bench.nth(1, &message("a"));
    let again = bench.nth(2, &message("b"));
    assert_eq!(bench.received_ids(), ["a", "b"]);
    bench.send("in");
    assert_eq!(bench.ids(again), ["in"]);
}

#[test]
fn s17_3_a_request_that_stays_missing_ends_the_session() {
    let mut bench = Bench::open();
    bench.nth(2, &message("b"));
    bench.pass(15_000 + 60_000);
    assert_eq!(bench.closed, Some(CloseReason::Inactive));
}

#[test]
fn a_closed_socket_gets_no_payloads() {
    let mut bench = Bench::open();
    let dead = bench.nth(1, "");
    bench.gone(dead);
    bench.send("a");
    // The page was reloaded and goes on with the next rid.
    let live = bench.nth(2, "");
    assert_eq!(bench.ids(live), ["a"]);
    assert!(bench.is_held(dead));
}

#[test]
fn a_closed_socket_can_be_repeated_and_is_held_again() {
    let mut bench = Bench::open();
    let dead = bench.nth(1, "");
    bench.gone(dead);
    bench.send("a");
    let again = bench.nth(1, "");
    assert_eq!(bench.ids(again), ["a"]);
}

#[test]
fn an_early_request_whose_socket_closed_still_counts() {
    let mut bench = Bench::open();
    let early = bench.nth(2, &message("b"));
    bench.gone(early);
    bench.nth(1, &message("a"));
    assert_eq!(bench.received_ids(), ["a", "b"]);
    let again = bench.nth(2, &message("b"));
    bench.send("in");
    assert_eq!(bench.ids(again), ["in"]);
    assert_eq!(bench.received_ids(), ["a", "b"]);
}
