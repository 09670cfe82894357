//! The server's stream against clients that break the rules, or use their freedom.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{ACCOUNT, PASSWORD, now, salted_password, server_config, stored};
use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::stanza::StreamCondition;
use xmpp::time::Mono;
use xmpp::xml::{Element, Limits};
use xmpp_stream::StreamHeader;
use xmpp_stream::sasl::{Mechanism, SaslCondition, ScramHash};
use xmpp_stream::server::{
    CredentialsUnavailable, Input, Output, PRE_AUTH_LIMITS, RegistrationRefused, ServerEvent, ServerStream,
    ServerStreamConfig,
};

fn header() -> StreamHeader {
    StreamHeader { to: Some("im.example".into()), version: Some("1.0".into()), ..StreamHeader::default() }
}

fn started_with(config: ServerStreamConfig) -> ServerStream {
    let mut server = ServerStream::new(config);
    server.handle_input(now(0), Input::StreamStart(header()));
    outputs(&mut server);
    server
}

fn started() -> ServerStream {
    started_with(server_config())
}

fn outputs(server: &mut ServerStream) -> Vec<Output> {
    std::iter::from_fn(|| server.poll_output()).collect()
}

fn tell(server: &mut ServerStream, input: Input) -> Vec<Output> {
    server.handle_input(now(0), input);
    outputs(server)
}

fn sasl(name: &'static str, data: &str) -> Input {
    let element = Element::new(name, ns::SASL).with_attr("mechanism", "PLAIN");
    Input::Received(if data.is_empty() { element } else { element.with_text(STANDARD.encode(data)) })
}

fn plain(data: &str) -> Input {
    sasl("auth", data)
}

fn failure(outputs: &[Output]) -> Option<SaslCondition> {
    outputs.iter().find_map(|output| match output {
        Output::Event(ServerEvent::AuthFailed { condition, .. }) => Some(*condition),
        _ => None,
    })
}

fn ended(outputs: &[Output]) -> Option<StreamCondition> {
    match outputs.last() {
        Some(Output::Close(Some(error))) => Some(error.condition),
        _ => None,
    }
}

fn load_token(outputs: &[Output]) -> Option<u32> {
    outputs.iter().find_map(|output| match output {
        Output::LoadCredentials { token, .. } => Some(*token),
        _ => None,
    })
}

/// Signs in by PLAIN; the stream waits for its restart.
fn authenticated() -> ServerStream {
    let mut server = started();
    let token = load_token(&tell(&mut server, plain("\0ann\0correct horse"))).unwrap();
    let keys = stored(ScramHash::Sha256, PASSWORD);
    let derive = tell(&mut server, Input::Credentials { token, result: Ok(Some(keys)) });
    let [Output::Derive { token, kdf }] = &derive[..] else { panic!("{derive:?}") };
    let salted_password = salted_password(kdf);
    let done = tell(&mut server, Input::Derived { token: *token, salted_password });
    let account = BareJid::new(ACCOUNT).unwrap();
    let [Output::Transmit(success), Output::Restarted, Output::Event(event)] = &done[..] else { panic!("{done:?}") };
    assert!(success.is("success", ns::SASL));
    assert_eq!(*event, ServerEvent::Authenticated { account, mechanism: Mechanism::Plain, inline: None });
    server
}

#[test]
fn stanzas_wait_for_authentication() {
    for name in ["message", "presence", "iq", "other"] {
        let out = tell(&mut started(), Input::Received(Element::new(name, ns::CLIENT)));
        assert_eq!(ended(&out), Some(StreamCondition::NotAuthorized), "{name}");
    }
    let out = tell(&mut started(), Input::Received(Element::new("enable", ns::SM)));
    assert_eq!(ended(&out), Some(StreamCondition::NotAuthorized));
}

#[test]
fn an_error_before_any_header_has_one_in_front() {
    let early = [
        Input::Received(Element::new("message", ns::CLIENT)),
        Input::Malformed(StreamCondition::NotWellFormed.into()),
        Input::StreamStart(StreamHeader { to: Some("other.example".into()), ..header() }),
        Input::StreamStart(StreamHeader { to: None, ..header() }),
        Input::StreamStart(StreamHeader { version: None, ..header() }),
    ];
    let conditions = [
        StreamCondition::NotAuthorized,
        StreamCondition::NotWellFormed,
        StreamCondition::HostUnknown,
        StreamCondition::HostUnknown,
        StreamCondition::UnsupportedVersion,
    ];
    for (input, condition) in early.into_iter().zip(conditions) {
        let out = tell(&mut ServerStream::new(server_config()), input);
        assert_eq!(ended(&out), Some(condition));
        let replies = out.iter().filter(|output| matches!(output, Output::OpenReply(_))).count();
        assert_eq!(replies, 1, "{condition:?}");
    }
}

#[test]
fn elements_before_authentication_are_limited_in_size_and_number() {
    let server = started();
    assert_eq!(server.limits(Limits::default()), PRE_AUTH_LIMITS);
    let mut server = authenticated();
    tell(&mut server, Input::StreamStart(header()));
    assert_eq!(server.limits(Limits::default()), Limits::default());

    let mut server = started_with(ServerStreamConfig { max_attempts: 2, ..server_config() });
    let mut last = Vec::new();
    for _ in 0..30 {
        // Begin and never end: no attempt fails, so only the number counts.
        last.extend(tell(&mut server, sasl("auth", "")));
        last.extend(tell(&mut server, Input::Received(Element::new("response", ns::SASL))));
    }
    assert_eq!(ended(&last), Some(StreamCondition::PolicyViolation));
    let huge = "x".repeat(7_000);
    assert_eq!(failure(&tell(&mut started(), plain(&huge))), Some(SaslCondition::IncorrectEncoding));
}

#[test]
fn what_the_client_says_is_checked() {
    let cases = [
        ("\0ann", SaslCondition::MalformedRequest),
        ("\0ann\0", SaslCondition::MalformedRequest),
        ("\0\0pass", SaslCondition::MalformedRequest),
        ("\0ann\0pass\0more", SaslCondition::MalformedRequest),
        ("bob@im.example\0ann\0pass", SaslCondition::InvalidAuthzid),
        ("\0ann@im.example\0pass", SaslCondition::NotAuthorized),
        ("\0a b\0pass", SaslCondition::NotAuthorized),
        ("\0ann/x\0pass", SaslCondition::NotAuthorized),
    ];
    for (data, condition) in cases {
        assert_eq!(failure(&tell(&mut started(), plain(data))), Some(condition), "{data:?}");
    }
    let out = tell(&mut started(), plain("ann@im.example\0ann\0pass"));
    assert!(load_token(&out).is_some(), "one may act for oneself");
    let not_base64 = Element::new("auth", ns::SASL).with_attr("mechanism", "PLAIN").with_text("%");
    assert_eq!(failure(&tell(&mut started(), Input::Received(not_base64))), Some(SaslCondition::IncorrectEncoding));
    let unknown = Element::new("auth", ns::SASL).with_attr("mechanism", "GSSAPI");
    assert_eq!(failure(&tell(&mut started(), Input::Received(unknown))), Some(SaslCondition::InvalidMechanism));
    let out = tell(&mut started(), Input::Received(Element::new("response", ns::SASL)));
    assert_eq!(ended(&out), Some(StreamCondition::PolicyViolation));
}

#[test]
fn the_initial_response_may_come_later() {
    let mut server = started();
    let out = tell(&mut server, plain(""));
    assert_eq!(out, [Output::Transmit(Element::new("challenge", ns::SASL))]);
    let out = tell(&mut server, sasl("response", "\0ann\0correct horse"));
    assert!(load_token(&out).is_some());
}

#[test]
fn an_abort_forgets_what_was_asked_of_storage() {
    let mut server = started();
    let old = load_token(&tell(&mut server, plain("\0ann\0wrong"))).unwrap();
    let out = tell(&mut server, Input::Received(Element::new("abort", ns::SASL)));
    assert_eq!(failure(&out), Some(SaslCondition::Aborted));
    let new = load_token(&tell(&mut server, plain("\0ann\0correct horse"))).unwrap();
    let keys = || Ok(Some(stored(ScramHash::Sha256, PASSWORD)));
    assert_eq!(tell(&mut server, Input::Credentials { token: old, result: keys() }), []);
    let out = tell(&mut server, Input::Credentials { token: new, result: keys() });
    assert!(matches!(&out[..], [Output::Derive { .. }]));
    // And the client may not go on by itself meanwhile.
    let out = tell(&mut server, sasl("response", "x"));
    assert_eq!(ended(&out), Some(StreamCondition::PolicyViolation));
}

#[test]
fn storage_that_fails_is_a_temporary_failure() {
    let mut server = started();
    let token = load_token(&tell(&mut server, plain("\0ann\0correct horse"))).unwrap();
    let out = tell(&mut server, Input::Credentials { token, result: Err(CredentialsUnavailable) });
    assert_eq!(failure(&out), Some(SaslCondition::TemporaryAuthFailure));
    let token = load_token(&tell(&mut server, plain("\0ann\0correct horse"))).unwrap();
    let keys = stored(ScramHash::Sha256, PASSWORD);
    let out = tell(&mut server, Input::Credentials { token, result: Ok(Some(keys)) });
    let [Output::Derive { token, .. }] = out[..] else { panic!("{out:?}") };
    let out = tell(&mut server, Input::Derived { token, salted_password: Vec::new() });
    assert_eq!(failure(&out), Some(SaslCondition::TemporaryAuthFailure));
}

#[test]
fn the_restarted_stream() {
    let mut server = authenticated();
    let out = tell(&mut server, Input::StreamStart(header()));
    let [Output::OpenReply(reply), Output::SetTimer(None), Output::Transmit(features)] = &out[..] else {
        panic!("{out:?}")
    };
    assert_ne!(reply.id.as_deref(), Some("c0ffee"), "a new stream has a new id");
    for (name, namespace) in [("bind", ns::BIND), ("sm", ns::SM), ("ver", ns::ROSTER_VERSIONING)] {
        assert!(features.child(name, namespace).is_some(), "{name}");
    }
    assert!(features.child("session", ns::SESSION).is_some_and(|s| s.child("optional", ns::SESSION).is_some()));
    assert!(features.child("mechanisms", ns::SASL).is_none());
    // Whatever it is, it is the session's.
    for element in [Element::new("enable", ns::SM), Element::new("auth", ns::SASL), Element::new("x", "urn:x")] {
        let out = tell(&mut server, Input::Received(element.clone()));
        assert_eq!(out, [Output::Event(ServerEvent::Element(element))]);
    }
    let out = tell(&mut server, Input::StreamStart(header()));
    assert_eq!(ended(&out), Some(StreamCondition::PolicyViolation));
}

#[test]
fn between_success_and_restart_there_is_nothing_to_say() {
    let out = tell(&mut authenticated(), Input::Received(Element::new("iq", ns::CLIENT)));
    assert_eq!(ended(&out), Some(StreamCondition::NotAuthorized));
    let from = |from: &str| Input::StreamStart(StreamHeader { from: Some(from.into()), ..header() });
    assert_eq!(ended(&tell(&mut authenticated(), from("bob@im.example"))), Some(StreamCondition::InvalidFrom));
    assert_eq!(ended(&tell(&mut authenticated(), from("ann@im.example/page"))), None);
    let bare = StreamHeader::default();
    let out = tell(&mut authenticated(), Input::StreamStart(bare.clone()));
    assert_eq!(ended(&out), Some(StreamCondition::HostUnknown));
}

#[test]
fn negotiation_has_thirty_seconds() {
    let mut server = ServerStream::new(server_config());
    let out = tell(&mut server, Input::Opened);
    assert_eq!(out, [Output::SetTimer(Some(Mono(30_000)))]);
    tell(&mut server, Input::StreamStart(header()));
    server.handle_input(now(30_000), Input::Timer);
    assert_eq!(ended(&outputs(&mut server)), Some(StreamCondition::ConnectionTimeout));
    assert_eq!(tell(&mut server, Input::Closed), [], "nothing after the end");
}

fn starttls() -> Input {
    Input::Received(Element::new("starttls", ns::TLS))
}

#[test]
fn starttls_comes_before_everything_where_nothing_else_protects() {
    let insecure = || ServerStreamConfig { secure: false, ..server_config() };
    let mut server = ServerStream::new(insecure()).with_starttls();
    let opened = tell(&mut server, Input::StreamStart(header()));
    let features = opened.iter().find_map(|output| match output {
        Output::Transmit(element) => Some(element.to_xml()),
        _ => None,
    });
    assert_eq!(
        features.as_deref(),
        Some(
            "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
             <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
        )
    );
    // RFC 6120 §6.5.4.
    assert_eq!(failure(&tell(&mut server, plain("\0romeo\0pass"))), Some(SaslCondition::EncryptionRequired));
    let changed = tell(&mut server, starttls());
    assert_eq!(changed, [Output::Transmit(Element::new("proceed", ns::TLS)), Output::StartTls]);
    let again = tell(&mut server, Input::StreamStart(header()));
    let [Output::OpenReply(reply), Output::Transmit(features)] = &again[..] else { panic!("{again:?}") };
    assert_eq!(reply.id.as_deref(), Some("c0ffee-tls"), "every stream has an id of its own");
    assert!(features.child("starttls", ns::TLS).is_none() && features.child("mechanisms", ns::SASL).is_some());
    // What the connection now protects may be sent.
    assert!(features.to_xml().contains("PLAIN"));

    // A second time there is nothing to change: RFC 6120 §5.4.2.2.
    let refused = tell(&mut server, starttls());
    assert_eq!(refused[0], Output::Transmit(Element::new("failure", ns::TLS)));
    assert!(refused.contains(&Output::Close(None)), "{refused:?}");
    let mut stanza_first = ServerStream::new(insecure()).with_starttls();
    tell(&mut stanza_first, Input::StreamStart(header()));
    let refused = tell(&mut stanza_first, Input::Received(Element::new("presence", ns::CLIENT)));
    assert!(matches!(refused.last(), Some(Output::Close(Some(_)))), "{refused:?}");
}

#[test]
fn starttls_is_optional_on_loopback_and_absent_elsewhere() {
    let mut server = ServerStream::new(server_config()).with_starttls();
    let opened = tell(&mut server, Input::StreamStart(header()));
    let Some(Output::Transmit(features)) = opened.last() else { panic!("{opened:?}") };
    assert!(features.child("starttls", ns::TLS).is_some_and(|feature| feature.children().count() == 0));
    assert!(features.child("mechanisms", ns::SASL).is_some());
    let refused = tell(&mut started(), starttls());
    assert_eq!(refused[0], Output::Transmit(Element::new("failure", ns::TLS)));
    // Not in the middle of something else.
    let mut busy = ServerStream::new(server_config()).with_starttls();
    tell(&mut busy, Input::StreamStart(header()));
    tell(&mut busy, plain(""));
    assert!(tell(&mut busy, starttls()).contains(&Output::Close(None)));
}

fn registration(inner: &str) -> Input {
    let (type_, inner) = if inner.is_empty() { ("get", String::new()) } else { ("set", inner.to_owned()) };
    let xml = format!(
        "<iq xmlns='jabber:client' type='{type_}' id='r'><query xmlns='jabber:iq:register'>{inner}</query></iq>"
    );
    Input::Received(xmpp::xml::parse(&xml).unwrap())
}

const ROMEO: &str = "<username>Romeo</username><password>pass</password>";

fn registering() -> ServerStream {
    let mut server = ServerStream::new(server_config()).with_registration();
    tell(&mut server, Input::StreamStart(header()));
    server
}

/// The only thing sent, as text.
fn said(outputs: &[Output]) -> String {
    let [Output::Transmit(element)] = outputs else { panic!("{outputs:?}") };
    element.to_xml()
}

#[test]
fn accounts_are_registered_where_that_is_offered() {
    let mut server = ServerStream::new(server_config()).with_registration();
    let opened = tell(&mut server, Input::StreamStart(header()));
    let Some(Output::Transmit(features)) = opened.last() else { panic!("{opened:?}") };
    assert!(features.child("register", ns::REGISTER_FEATURE).is_some());
    let fields = said(&tell(&mut server, registration("")));
    assert!(
        fields.contains("<username/>") && fields.contains("<password/>") && !fields.contains("registered"),
        "{fields}"
    );
    let out = tell(&mut server, registration(ROMEO));
    let [Output::Register { token, account, password }] = &out[..] else { panic!("{out:?}") };
    assert_eq!((account.as_str(), password.0.as_str()), ("romeo@im.example", "pass"));
    assert!(!format!("{out:?}").contains("pass\""));
    let busy = said(&tell(&mut server, registration(ROMEO)));
    assert!(busy.contains("not-acceptable"), "one at a time: {busy}");
    let stale = Input::Registered { token: token.wrapping_add(1), result: Ok(()) };
    assert_eq!(tell(&mut server, stale), []);
    let done = said(&tell(&mut server, Input::Registered { token: *token, result: Ok(()) }));
    assert!(done.contains("type='result'") && done.contains("id='r'"), "{done}");
    let second = said(&tell(&mut server, registration(ROMEO)));
    assert!(second.contains("not-acceptable"), "XEP-0077 §3.1.1: {second}");
    // Then it signs in as ever.
    assert!(matches!(tell(&mut server, plain("\0romeo\0pass"))[..], [Output::LoadCredentials { .. }]));
}

#[test]
fn registrations_that_cannot_be_are_refused_and_may_be_repeated() {
    let cases = [
        ("<remove/>", "unexpected-request"),
        ("<username>a</username>", "not-acceptable"),
        ("<username>a</username><password/>", "not-acceptable"),
        ("<username/><password>x</password>", "not-acceptable"),
        ("<username>a@b</username><password>x</password>", "jid-malformed"),
    ];
    for (inner, condition) in cases {
        let got = said(&tell(&mut registering(), registration(inner)));
        assert!(got.contains(condition), "{inner}: {got}");
        assert!(!got.contains("jabber:iq:register"), "a password is not sent back: {got}");
    }
    let refused = [
        (RegistrationRefused::Conflict, "conflict"),
        (RegistrationRefused::Password, "not-acceptable"),
        (RegistrationRefused::TooMany, "not-acceptable"),
        (RegistrationRefused::Unavailable, "internal-server-error"),
    ];
    let mut server = registering();
    for (reason, condition) in refused {
        let out = tell(&mut server, registration(ROMEO));
        let [Output::Register { token, .. }] = out[..] else { panic!("{out:?}") };
        let got = said(&tell(&mut server, Input::Registered { token, result: Err(reason) }));
        assert!(got.contains(condition), "{got}");
    }
}

#[test]
fn registration_is_not_offered_in_the_open_or_unasked() {
    let insecure = ServerStreamConfig { secure: false, ..server_config() };
    for mut server in [ServerStream::new(insecure).with_registration(), ServerStream::new(server_config())] {
        let opened = tell(&mut server, Input::StreamStart(header()));
        let Some(Output::Transmit(features)) = opened.last() else { panic!("{opened:?}") };
        assert!(features.child("register", ns::REGISTER_FEATURE).is_none());
        assert_eq!(ended(&tell(&mut server, registration(ROMEO))), Some(StreamCondition::NotAuthorized));
    }
}
