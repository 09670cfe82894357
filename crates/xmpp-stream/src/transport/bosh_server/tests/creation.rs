//! XEP-0124 §7: session creation; XEP-0206 §3 to §5: stream, features, restart.

use super::*;

#[test]
fn s7_2_the_creation_response_names_the_terms() {
    let mut bench = Bench::with(Config::default());
    let key = bench.post(&format!("rid='{FIRST}' to='example.com' ver='1.6' wait='60' hold='1' xml:lang='en'"), "");
    assert!(bench.is_held(key), "the features are a moment away");
    let start = &bench.streams[0];
    assert_eq!((start.to.as_deref(), start.lang.as_deref(), start.restart), (Some("example.com"), Some("en"), false));
    bench.input(Input::Send(Element::new("features", xmpp::ns::STREAM)));
    let body = bench.body(key);
    assert_eq!(body.sid.as_deref(), Some("sid-1"));
    assert_eq!((body.wait, body.hold, body.requests), (Some(55), Some(1), Some(2)));
    assert_eq!((body.inactivity, body.polling, body.maxpause), (Some(60), Some(5), Some(120)));
    assert_eq!(body.ver, Some(Version { major: 1, minor: 6 }), "the lower of both");
    assert_eq!(body.from.as_deref(), Some("example.com"));
    assert_eq!(body.ack, Some(FIRST));
    assert!(body.restartlogic && body.version.as_deref() == Some("1.0"));
    assert!(body.payloads[0].is("features", xmpp::ns::STREAM));
}

#[test]
fn s7_2_the_terms_stand_in_no_other_response() {
    let mut bench = Bench::open();
    let key = bench.nth(1, "");
    bench.send("a");
    let body = bench.body(key);
    assert_eq!((body.sid, body.wait, body.requests, body.ver), (None, None, None, None));
}

#[test]
fn s7_1_a_creation_request_without_features_is_answered_after_wait() {
    let mut bench = Bench::with(Config::default());
    let key = bench.post(&format!("rid='{FIRST}' to='example.com' ver='1.6' wait='10' hold='1'"), "");
    bench.pass(9_999);
    assert!(bench.is_held(key));
    bench.pass(1);
    assert_eq!(bench.body(key).sid.as_deref(), Some("sid-1"));
}

#[test]
fn s7_1_stanzas_in_the_creation_request_are_forwarded() {
    let mut bench = Bench::with(Config::default());
    bench.post(&format!("rid='{FIRST}' to='example.com' ver='1.6'"), &message("early"));
    assert_eq!(bench.received_ids(), ["early"]);
    assert_eq!(bench.streams.len(), 1);
}

#[test]
fn s17_2_refused_creations() {
    let refusals = [
        ("rid='1' ver='1.6'", Condition::ImproperAddressing),
        ("rid='1' ver='1.6' to=' '", Condition::ImproperAddressing),
        ("rid='1' ver='1.6' to='elsewhere.example'", Condition::HostUnknown),
        ("to='example.com' ver='1.6'", Condition::BadRequest),
    ];
    for (attributes, condition) in refusals {
        let mut bench = Bench::with(Config { domains: vec!["example.com".into()], ..Config::default() });
        let key = bench.post(attributes, "");
        bench.assert_terminated(key, Some(condition));
        assert_eq!(bench.closed, Some(CloseReason::Refused(condition)));
        assert!(bench.streams.is_empty());
    }
}

#[test]
fn s17_1_a_legacy_client_gets_an_http_error() {
    let mut bench = Bench::with(Config::default());
    let key = bench.post("to='example.com'", "");
    assert_eq!(bench.responses[&key], (400, String::new()));
    let mut bench = Bench::open_with(Config::default(), "wait='60' hold='1'");
    let key = bench.nth(100, "");
    assert_eq!(bench.status(key), 404);
    let mut bench = Bench::open_with(Config::default(), "wait='60' hold='1'");
    let key = bench.nth_with(1, "pause='9999'", "");
    assert_eq!(bench.status(key), 403);
}

#[test]
fn s14_1_a_first_rid_of_2_to_53_minus_1_counts_exactly() {
    let mut bench = Bench::with(Config::default());
    let last_but_one = Rid::MAX.value() - 1;
    let key = bench.post(&format!("rid='{last_but_one}' to='example.com' ver='1.6'"), "");
    bench.send("features");
    assert_eq!(bench.body(key).ack, Some(last_but_one));
    let key = bench.post(&format!("sid='sid-1' rid='{}'", Rid::MAX), &message("last"));
    assert_eq!(bench.received_ids(), ["last"]);
    bench.send("answer");
    assert_eq!(bench.ids(key), ["answer"]);
}

#[test]
fn xep_0206_s5_a_restart_opens_the_stream_anew_and_ignores_stanzas() {
    let mut bench = Bench::open();
    let key = bench.nth_with(1, "to='example.com' xml:lang='de' xmpp:restart='true'", &message("ignored"));
    assert!(bench.streams[1].restart);
    assert_eq!(bench.streams[1].lang.as_deref(), Some("de"));
    assert!(bench.received.is_empty());
    bench.input(Input::Send(Element::new("features", xmpp::ns::STREAM)));
    assert!(bench.body(key).payloads[0].is("features", xmpp::ns::STREAM));
}

#[test]
fn a_session_prepared_elsewhere_goes_on_with_the_next_rid() {
    let last = Rid::new(FIRST).expect("in range");
    let creation = Body { ver: Some(Version::OURS), wait: Some(59), ..Body::default() };
    let now = Now { mono: Mono(1_000), wall: Timestamp(0) };
    let mut bench = Bench::open();
    bench.server = BoshServer::prebound(Arc::new(Config::default()), "sid-1".into(), last, &creation, now);
    let key = bench.nth(1, &message("a"));
    assert_eq!(bench.received_ids(), ["a"]);
    bench.input(Input::Handled { seq: 1 });
    bench.send("b");
    assert_eq!(bench.ids(key), ["b"]);
}

#[test]
fn s10_a_prepared_session_that_nobody_takes_expires() {
    let last = Rid::new(FIRST).expect("in range");
    let creation = Body { ver: Some(Version::OURS), ..Body::default() };
    let now = Now { mono: Mono(1_000), wall: Timestamp(0) };
    let mut bench = Bench::open();
    bench.server = BoshServer::prebound(Arc::new(Config::default()), "sid-1".into(), last, &creation, now);
    bench.drain();
    bench.pass(60_000);
    assert_eq!(bench.closed, Some(CloseReason::Inactive));
}
