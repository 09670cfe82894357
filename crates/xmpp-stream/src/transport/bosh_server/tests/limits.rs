//! XEP-0124 §11, §12, and what a stranger may cost.

use super::*;

#[test]
fn s11_too_many_requests_answer_the_oldest() {
    let mut bench = Bench::open();
    let keys: Vec<u64> = (1..=8).map(|n| bench.nth(n, &message(&n.to_string()))).collect();
    assert_eq!(bench.closed, None);
    for key in &keys[..7] {
        assert!(!bench.is_held(*key));
    }
    assert!(bench.is_held(keys[7]));
}

#[test]
fn s11_requests_that_can_not_be_answered_are_limited() {
    let mut bench = Bench::open();
    bench.input(Input::Authenticated);
    let mut keys = Vec::new();
    while bench.closed.is_none() && keys.len() < 50 {
        keys.push(bench.nth(keys.len() as u64 + 1, &message("x")));
    }
    assert_eq!(keys.len(), 7, "two, and four more forgiven, then the end");
    bench.assert_terminated(keys[6], Some(Condition::PolicyViolation));
    bench.assert_terminated(keys[0], Some(Condition::OtherRequest));
}

#[test]
fn s11_page_reloads_are_forgiven() {
    let mut bench = Bench::open();
    // Each reload leaves a poll behind, and its socket is found closed later or never.
    for n in 1..=5 {
        bench.nth(n, "");
        bench.pass(700);
    }
    assert_eq!(bench.closed, None);
}

#[test]
fn s11_a_closed_socket_frees_its_place_at_once() {
    let mut bench = Bench::open();
    bench.input(Input::Authenticated);
    for n in 1..=40 {
        let key = bench.nth(n, "");
        bench.gone(key);
        bench.pass(6_000);
    }
    assert_eq!(bench.closed, None);
    assert!(bench.server.window.slots.len() <= 1);
}

#[test]
fn s12_polling_too_fast_for_long_breaks_the_rules() {
    let mut bench = Bench::open_with(Config::default(), "ver='1.6' wait='0' hold='0'");
    let mut polls = 0;
    while bench.closed.is_none() && polls < 100 {
        polls += 1;
        bench.nth(polls, "");
        bench.pass(100);
    }
    assert_eq!(bench.closed, Some(CloseReason::Refused(Condition::PolicyViolation)));
    assert!((10..20).contains(&polls), "{polls}");
}

#[test]
fn s12_polling_at_the_interval_goes_on_for_ever() {
    let mut bench = Bench::open_with(Config::default(), "ver='1.6' wait='0' hold='0'");
    for n in 1..200 {
        bench.nth(n, "");
        bench.pass(5_000);
    }
    assert_eq!(bench.closed, None);
}

#[test]
fn s12_a_short_wait_is_no_polling_too_fast() {
    let mut bench = Bench::open_with(Config::default(), "ver='1.6' wait='1' hold='1'");
    for n in 1..100 {
        bench.nth(n, "");
        bench.pass(1_000);
    }
    assert_eq!(bench.closed, None);
}

#[test]
fn a_slow_reader_is_cut_off() {
    let mut bench = Bench::open_with(Config { queued_payloads: 3, ..Config::default() }, "ver='1.6'");
    for id in ["1", "2", "3"] {
        bench.send(id);
    }
    assert_eq!(bench.closed, None);
    bench.send("4");
    assert_eq!(bench.closed, Some(CloseReason::Overflow));
}

#[test]
fn a_response_has_a_size() {
    let size = message("1").len() + 1;
    let mut bench = Bench::open_with(Config { response_bytes: size, ..Config::default() }, "ver='1.6'");
    for id in ["1", "2", "3"] {
        bench.send(id);
    }
    for (n, id) in ["1", "2", "3"].into_iter().enumerate() {
        let key = bench.nth(n as u64 + 1, "");
        assert_eq!(bench.ids(key), [id]);
    }
}

#[test]
fn what_is_kept_is_bounded() {
    let mut bench = Bench::open();
    for n in 1..500 {
        bench.nth(n, &message("x"));
        bench.send("y");
    }
    assert!(bench.server.window.sent.len() <= 3);
    assert!(bench.server.window.slots.is_empty() && bench.server.window.early.is_empty());
}
