//! Whole negotiations, client against server in memory: every mechanism over every framing, and what goes wrong.
#![allow(clippy::unwrap_used, reason = "a test may fail here")]

mod common;

use common::{ACCOUNT, PASSWORD, Pair, client_config, now, result, server_config, session};
use xmpp::ids::SmId;
use xmpp::jid::{BareJid, FullJid};
use xmpp::ns;
use xmpp::stanza::{Condition, StreamCondition, StreamError};
use xmpp::time::Mono;
use xmpp::xml::Element;
use xmpp_stream::StreamHeader;
use xmpp_stream::client::{ClientStream, Framing, Input, Output, Resume, SmEnabled, StreamEvent, StreamFailure};
use xmpp_stream::sasl::{AuthCondition, Mechanism, SaslCondition, ScramHash, Secret};
use xmpp_stream::server::ServerEvent;

const FRAMINGS: [Framing; 3] = [Framing::WebSocket, Framing::Bosh, Framing::Tcp];
const MECHANISMS: [Mechanism; 4] = [
    Mechanism::Plain,
    Mechanism::Scram(ScramHash::Sha1),
    Mechanism::Scram(ScramHash::Sha256),
    Mechanism::Scram(ScramHash::Sha512),
];

fn auth_failure(pair: &Pair) -> Option<AuthCondition> {
    pair.events.iter().find_map(|event| match event {
        StreamEvent::AuthFailed { condition, .. } => Some(*condition),
        _ => None,
    })
}

fn failure(pair: &Pair) -> Option<&StreamFailure> {
    pair.events.iter().find_map(|event| match event {
        StreamEvent::Failed(failure) => Some(failure),
        _ => None,
    })
}

#[test]
fn every_mechanism_over_every_framing() {
    for framing in FRAMINGS {
        for mechanism in MECHANISMS {
            let mut server = server_config();
            server.mechanisms = vec![mechanism];
            let mut pair = Pair::new(framing, client_config(), server);
            pair.run();
            let what = format!("{framing:?} {mechanism:?}\n{}", pair.log.join("\n"));
            let Some(StreamEvent::Bound { jid, sm, features }) = pair.events.last() else {
                panic!("{what}\n{:?}", pair.events);
            };
            assert_eq!(*jid, FullJid::new("ann@im.example/page").unwrap(), "{what}");
            let expected = SmEnabled { id: Some(SmId::from("sm-1")), max: Some(300), resume: true, location: None };
            assert_eq!(sm.as_ref(), Some(&expected), "{what}");
            assert!(features.child("ver", ns::ROSTER_VERSIONING).is_some(), "{what}");
            let account = BareJid::new(ACCOUNT).unwrap();
            assert_eq!(pair.server_events, [ServerEvent::Authenticated { account, mechanism, inline: None }], "{what}");
            let keys = pair.events.iter().any(|event| matches!(event, StreamEvent::ScramKeys(_)));
            assert_eq!(keys, mechanism != Mechanism::Plain, "{what}");

            assert!(pair.client.send(Element::new("message", ns::CLIENT).with_attr("id", "m1")));
            pair.settle();
            assert!(pair.client_closed || pair.server.is_established(), "{what}");
            pair.client.close();
            pair.settle();
            assert_eq!(pair.events.last(), Some(&StreamEvent::Closed(None)));
            assert_eq!(pair.server_closed, Some(None));
        }
    }
}

#[test]
fn anonymous_gets_the_account_of_the_configuration() {
    for framing in FRAMINGS {
        let mut client = client_config();
        (client.jid, client.secret) = (None, Secret::Anonymous);
        let mut server = server_config();
        server.mechanisms.push(Mechanism::Anonymous);
        let guest = BareJid::new("guest-1@im.example").unwrap();
        server.anonymous = Some(guest.clone());
        let mut pair = Pair::new(framing, client.clone(), server.clone());
        pair.run();
        assert!(pair.bound());
        let expected = ServerEvent::Authenticated { account: guest, mechanism: Mechanism::Anonymous, inline: None };
        assert_eq!(pair.server_events, [expected]);

        server.anonymous = None;
        let mut pair = Pair::new(framing, client, server);
        pair.run();
        assert_eq!(auth_failure(&pair), Some(AuthCondition::NoMechanism));
    }
}

#[test]
fn the_strongest_mechanism_is_taken_and_its_keys_sign_in_again() {
    let mut pair = Pair::new(Framing::WebSocket, client_config(), server_config());
    pair.run();
    let keys = pair.events.iter().find_map(|event| match event {
        StreamEvent::ScramKeys(keys) => Some(keys.clone()),
        _ => None,
    });
    let keys = keys.expect("scram was used");
    assert_eq!(keys.hash, ScramHash::Sha512);

    let mut client = client_config();
    client.secret = Secret::ScramKeys(keys);
    client.scram_floor = Some(ScramHash::Sha512);
    let mut again = Pair::new(Framing::WebSocket, client.clone(), server_config());
    again.run();
    assert!(again.bound());

    let mut changed = Pair::new(Framing::WebSocket, client, server_config());
    for (_, keys) in &mut changed.accounts {
        keys.salt = b"fedcba9876543210".to_vec();
    }
    changed.run();
    assert_eq!(auth_failure(&changed), Some(AuthCondition::StaleKeys));
}

#[test]
fn a_wrong_password_and_an_unknown_account_look_alike() {
    for mechanism in MECHANISMS {
        let mut logs = Vec::new();
        for account in [ACCOUNT, "nobody@im.example"] {
            let mut client = client_config();
            client.secret = Secret::Password("wrong".to_owned());
            client.jid = Some(BareJid::new(account).unwrap());
            let mut server = server_config();
            server.mechanisms = vec![mechanism];
            let mut pair = Pair::new(Framing::WebSocket, client, server);
            pair.run();
            assert_eq!(auth_failure(&pair), Some(AuthCondition::Refused(SaslCondition::NotAuthorized)));
            assert!(!pair.bound() && pair.client_closed);
            let account = Some(BareJid::new(account).unwrap());
            let expected = ServerEvent::AuthFailed { account, condition: SaslCondition::NotAuthorized };
            assert_eq!(pair.server_events, [expected]);
            // The same elements of the same sizes, as far as the server speaks, after the same work.
            let shape: Vec<usize> = pair.log.iter().filter(|line| line.starts_with('S')).map(String::len).collect();
            let work: Vec<u32> = pair.derived_by_server.iter().map(|kdf| kdf.iterations).collect();
            logs.push((shape, work));
        }
        assert_eq!(logs[0], logs[1], "{mechanism:?}");
    }
}

#[test]
fn a_decoy_salt_is_the_same_each_time_and_not_another_accounts() {
    let challenge = |account: &str, decoy_key: u8| {
        let mut client = client_config();
        client.jid = Some(BareJid::new(account).unwrap());
        let mut server = server_config();
        (server.mechanisms, server.decoy_key) = (vec![Mechanism::Scram(ScramHash::Sha256)], [decoy_key; 32]);
        let mut pair = Pair::new(Framing::Bosh, client, server);
        pair.run();
        pair.log.iter().find(|line| line.contains("<challenge")).cloned().expect("a challenge")
    };
    assert_eq!(challenge("nobody@im.example", 1), challenge("nobody@im.example", 1));
    assert_ne!(challenge("nobody@im.example", 1), challenge("noone@im.example", 1));
    assert_ne!(challenge("nobody@im.example", 1), challenge("nobody@im.example", 2));
}

#[test]
fn what_is_weaker_than_before_is_refused() {
    for offered in [Mechanism::Plain, Mechanism::Scram(ScramHash::Sha1)] {
        let mut client = client_config();
        client.scram_floor = Some(ScramHash::Sha256);
        let mut server = server_config();
        server.mechanisms = vec![offered];
        let mut pair = Pair::new(Framing::WebSocket, client, server);
        pair.run();
        assert_eq!(auth_failure(&pair), Some(AuthCondition::Downgrade));
        assert!(!pair.log.iter().any(|line| line.contains("<auth")), "nothing of the secret has left");
    }
}

#[test]
fn plain_only_over_a_secure_connection() {
    let mut server = server_config();
    server.mechanisms = vec![Mechanism::Plain];
    let mut client = client_config();
    client.secure = false;
    let mut pair = Pair::new(Framing::WebSocket, client, server.clone());
    pair.run();
    assert_eq!(auth_failure(&pair), Some(AuthCondition::Insecure));
    assert!(!pair.log.iter().any(|line| line.contains("<auth")));

    // And the server does not offer it, nor take it unoffered.
    server.secure = false;
    let mut pair = Pair::new(Framing::WebSocket, client_config(), server);
    pair.to_client = Box::new(|element| {
        if element.is("features", ns::STREAM) {
            let plain = Element::new("mechanism", ns::SASL).with_text("PLAIN");
            *element =
                Element::new("features", ns::STREAM).with_child(Element::new("mechanisms", ns::SASL).with_child(plain));
        }
        true
    });
    pair.run();
    assert_eq!(auth_failure(&pair), Some(AuthCondition::Refused(SaslCondition::EncryptionRequired)));
}

#[test]
fn a_server_that_cannot_prove_itself_is_left() {
    let forge: [fn(&mut Element) -> bool; 3] = [
        |element| {
            if element.name() == "success" {
                *element =
                    Element::new("success", ns::SASL).with_text("dj1AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==");
            }
            true
        },
        |element| {
            if element.name() == "success" {
                *element = Element::new("success", ns::SASL);
            }
            true
        },
        // Success before there was anything to prove.
        |element| {
            if element.name() == "challenge" {
                *element = Element::new("success", ns::SASL);
            }
            true
        },
    ];
    for forge in forge {
        let mut pair = Pair::new(Framing::WebSocket, client_config(), server_config());
        pair.to_client = Box::new(forge);
        pair.run();
        assert_eq!(auth_failure(&pair), Some(AuthCondition::ServerNotVerified));
        assert!(!pair.bound() && pair.client_closed);
        assert!(!pair.events.iter().any(|event| matches!(event, StreamEvent::ScramKeys(_))));
    }
}

#[test]
fn a_challenge_is_checked_before_the_password_is_used() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let nonce = STANDARD.encode([7; 24]);
    let cases = [
        (format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4095"), AuthCondition::IterationCount(4095)),
        (format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=1000001"), AuthCondition::IterationCount(1_000_001)),
        (format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4294967296"), AuthCondition::Malformed),
        (format!("r={nonce},s=QSXCR+Q6sek8bf92,i=4096"), AuthCondition::Malformed),
        ("r=other,s=QSXCR+Q6sek8bf92,i=4096".to_owned(), AuthCondition::Malformed),
        (format!("m=x,r={nonce}x,s=QSXCR+Q6sek8bf92,i=4096"), AuthCondition::Malformed),
        (format!("r={nonce}x,s=,i=4096"), AuthCondition::Malformed),
        (String::new(), AuthCondition::Malformed),
    ];
    for (message, expected) in cases {
        let mut pair = Pair::new(Framing::WebSocket, client_config(), server_config());
        let text = STANDARD.encode(&message);
        pair.to_client = Box::new(move |element| {
            if element.name() == "challenge" {
                *element = Element::new("challenge", ns::SASL).with_text(text.as_str());
            }
            true
        });
        pair.run();
        assert_eq!(auth_failure(&pair), Some(expected), "{message}");
        assert!(pair.log.iter().any(|line| line.starts_with("C: <abort")), "{message}");
    }
}

#[test]
fn a_mechanism_the_server_does_not_do_after_all_is_followed_by_the_next() {
    let mut server = server_config();
    server.mechanisms = vec![Mechanism::Scram(ScramHash::Sha1)];
    let mut pair = Pair::new(Framing::WebSocket, client_config(), server);
    pair.to_client = Box::new(|element| {
        if let Some(mechanisms) = element.children_mut().find(|child| child.name() == "mechanisms") {
            mechanisms.push(Element::new("mechanism", ns::SASL).with_text("SCRAM-SHA-256"));
        }
        true
    });
    pair.run();
    assert!(pair.bound(), "{:?}", pair.events);
    let auths: Vec<&String> = pair.log.iter().filter(|line| line.starts_with("C: <auth")).collect();
    assert_eq!(auths.len(), 2);
    let nonce = |line: &str| line.rsplit('>').nth(1).map(str::to_owned);
    assert_ne!(nonce(auths[0]), nonce(auths[1]), "each exchange has its own nonce");
}

#[test]
fn the_signature_may_come_in_a_challenge() {
    let mut pair = Pair::new(Framing::WebSocket, client_config(), server_config());
    let mut held = false;
    pair.to_client = Box::new(move |element| {
        if element.name() == "success" && !held {
            held = true;
            *element = Element::new("challenge", ns::SASL).with_text(element.text());
        }
        true
    });
    // Our server is done and takes the empty response for a violation; the client is what is looked at.
    pair.to_server = Box::new(|element| element.name() != "response" || !element.text().is_empty());
    pair.run();
    assert!(!pair.client_closed);
    let mut client = pair.client;
    client.handle_input(now(0), Input::Received(Element::new("success", ns::SASL)));
    assert!(matches!(client.poll_output(), Some(Output::Event(StreamEvent::ScramKeys(_)))));
    assert!(matches!(client.poll_output(), Some(Output::Open(_))));
}

#[test]
fn resumption() {
    for framing in FRAMINGS {
        let mut client = client_config();
        client.resume = Some(Resume { previd: SmId::from("old"), h: 12 });
        let mut pair = Pair::new(framing, client, server_config());
        pair.run();
        assert_eq!(pair.events.last(), Some(&StreamEvent::Resumed { h: u32::MAX, previd: SmId::from("old") }));
        assert!(pair.client.is_established() && !pair.bound());
        assert!(pair.log.iter().any(|line| line.contains("<resume") && line.contains("12")));
    }
}

#[test]
fn a_refused_resumption_goes_on_to_bind() {
    let mut client = client_config();
    client.resume = Some(Resume { previd: SmId::from("gone"), h: 12 });
    let mut pair = Pair::new(Framing::WebSocket, client.clone(), server_config());
    pair.run();
    assert!(pair.events.contains(&StreamEvent::ResumeFailed { h: Some(5) }));
    assert!(pair.bound());

    let mut server = server_config();
    server.sm = false;
    let mut pair = Pair::new(Framing::WebSocket, client, server);
    pair.run();
    assert!(pair.events.contains(&StreamEvent::ResumeFailed { h: None }));
    assert!(matches!(pair.events.last(), Some(StreamEvent::Bound { sm: None, .. })));
}

#[test]
fn a_resumption_of_something_else_is_not_believed() {
    for resumed in
        ["<resumed xmlns='urn:xmpp:sm:3' previd='other' h='1'/>", "<resumed xmlns='urn:xmpp:sm:3' previd='old' h='x'/>"]
    {
        let mut client = client_config();
        client.resume = Some(Resume { previd: SmId::from("old"), h: 12 });
        let mut pair = Pair::new(Framing::WebSocket, client, server_config());
        pair.to_client = Box::new(move |element| {
            if element.name() == "resumed" {
                *element = xmpp::xml::parse(resumed).unwrap();
            }
            true
        });
        pair.run();
        assert_eq!(failure(&pair), Some(&StreamFailure::Unexpected("resumed".to_owned())));
    }
}

fn error_reply(request: &Element, condition: &'static str) -> Element {
    let error = Element::new("error", ns::CLIENT)
        .with_attr("type", "cancel")
        .with_child(Element::new(condition, ns::STANZA_ERROR));
    Element::new("iq", ns::CLIENT)
        .with_attr("type", "error")
        .with_attr("id", request.attr("id").unwrap_or_default())
        .with_child(error)
}

#[test]
fn a_taken_resource_is_replaced_by_one_the_server_makes() {
    let mut pair = Pair::new(Framing::WebSocket, client_config(), server_config());
    pair.session = Box::new(|element| match element.child("bind", ns::BIND) {
        Some(bind) if bind.child("resource", ns::BIND).is_some() => vec![error_reply(element, "conflict")],
        _ => session(element),
    });
    pair.run();
    let jid = FullJid::new("ann@im.example/made-up").unwrap();
    assert!(pair.events.iter().any(|event| matches!(event, StreamEvent::Bound { jid: bound, .. } if *bound == jid)));
}

#[test]
fn binding_refused_for_good() {
    let mut pair = Pair::new(Framing::WebSocket, client_config(), server_config());
    pair.session = Box::new(|element| vec![error_reply(element, "conflict")]);
    pair.run();
    assert!(
        matches!(failure(&pair), Some(StreamFailure::BindRefused(error)) if error.condition == Condition::Conflict)
    );
}

#[test]
fn a_server_of_rfc_3921_gets_its_session() {
    let mut pair = Pair::new(Framing::WebSocket, client_config(), server_config());
    pair.to_client = Box::new(|element| {
        if let Some(session) = element.children_mut().find(|child| child.name() == "session") {
            *session = Element::new("session", ns::SESSION);
        }
        true
    });
    pair.run();
    assert!(pair.bound());
    let asked = |pair: &Pair| pair.log.iter().any(|line| line.starts_with("C: <iq") && line.contains("xmpp-session"));
    assert!(asked(&pair));
    let mut pair = Pair::new(Framing::WebSocket, client_config(), server_config());
    pair.run();
    assert!(pair.bound() && !asked(&pair), "optional is not asked for");
}

#[test]
fn stream_management_refused_is_no_reason_to_give_up() {
    let mut pair = Pair::new(Framing::WebSocket, client_config(), server_config());
    pair.session =
        Box::new(
            |element| {
                if element.name() == "enable" { vec![Element::new("failed", ns::SM)] } else { session(element) }
            },
        );
    pair.run();
    assert!(matches!(pair.events.last(), Some(StreamEvent::Bound { sm: None, .. })));
}

#[test]
fn stanzas_before_the_session_is_there_are_passed_on_uncounted() {
    let mut pair = Pair::new(Framing::WebSocket, client_config(), server_config());
    pair.session = Box::new(|element| {
        let mut replies = vec![Element::new("message", ns::CLIENT).with_attr("id", "early")];
        replies.extend(session(element));
        replies
    });
    pair.run();
    let early = pair.events.iter().position(|event| matches!(event, StreamEvent::Element(_)));
    let bound = pair.events.iter().position(|event| matches!(event, StreamEvent::Bound { .. }));
    assert!(early.is_some() && early < bound);
}

#[test]
fn the_wrong_domain_is_host_unknown() {
    for framing in [Framing::WebSocket, Framing::Tcp] {
        let mut client = client_config();
        client.domain = "other.example".to_owned();
        let mut pair = Pair::new(framing, client, server_config());
        pair.run();
        // The reply's `from` names the host that did answer; the error after it says what the matter is.
        let Some(StreamFailure::Stream(error)) = failure(&pair) else { panic!("{:?}", pair.events) };
        assert_eq!(error.condition, StreamCondition::HostUnknown);
    }
}

#[test]
fn sign_in_attempts_are_limited() {
    let mut pair = Pair::new(Framing::Bosh, client_config(), server_config());
    pair.run();
    let mut server = xmpp_stream::server::ServerStream::new(server_config());
    let header = StreamHeader { to: Some("im.example".into()), version: Some("1.0".into()), ..StreamHeader::default() };
    server.handle_input(now(0), xmpp_stream::server::Input::StreamStart(header));
    let auth = Element::new("auth", ns::SASL).with_attr("mechanism", "SCRAM-SHA-1").with_text("bm8=");
    let mut failures = 0;
    let mut closed = None;
    for _ in 0..10 {
        server.handle_input(now(0), xmpp_stream::server::Input::Received(auth.clone()));
        while let Some(output) = server.poll_output() {
            match output {
                xmpp_stream::server::Output::Event(ServerEvent::AuthFailed { .. }) => failures += 1,
                xmpp_stream::server::Output::Close(error) => closed = error,
                _ => {}
            }
        }
    }
    assert_eq!(failures, 3);
    assert_eq!(closed.map(|error| error.condition), Some(StreamCondition::PolicyViolation));
}

/// A client that waits for features, fed by hand.
fn client_waiting() -> ClientStream {
    let mut client = ClientStream::new(Framing::WebSocket, client_config());
    client.handle_input(now(0), Input::Opened);
    let header =
        StreamHeader { from: Some("im.example".into()), version: Some("1.0".into()), ..StreamHeader::default() };
    client.handle_input(now(0), Input::StreamStart(header));
    client
}

fn drain(client: &mut ClientStream) -> Vec<Output> {
    std::iter::from_fn(|| client.poll_output()).collect()
}

fn failed(client: &mut ClientStream) -> Option<StreamFailure> {
    let outputs = drain(client);
    assert_eq!(outputs.last(), Some(&Output::Close));
    outputs.into_iter().find_map(|output| match output {
        Output::Event(StreamEvent::Failed(failure)) => Some(failure),
        _ => None,
    })
}

#[test]
fn negotiation_has_thirty_seconds() {
    let mut client = client_waiting();
    let outputs = drain(&mut client);
    assert!(outputs.contains(&Output::SetTimer(Some(Mono(30_000)))));
    client.handle_input(now(29_999), Input::Timer);
    assert_eq!(drain(&mut client), [Output::SetTimer(Some(Mono(30_000)))], "a timer that came early is set again");
    client.handle_input(now(30_000), Input::Timer);
    assert_eq!(failed(&mut client), Some(StreamFailure::TimedOut));
    client.handle_input(now(30_001), Input::Closed);
    assert_eq!(client.poll_output(), None, "nothing after the end");
}

#[test]
fn headers_that_do_not_fit() {
    let header = |from: &str, version: Option<&str>| StreamHeader {
        from: Some(from.to_owned()),
        version: version.map(str::to_owned),
        ..StreamHeader::default()
    };
    let cases = [
        (header("evil.example", Some("1.0")), StreamFailure::FromMismatch("evil.example".to_owned())),
        (header("im.example", Some("0.9")), StreamFailure::UnsupportedVersion),
        (header("im.example", None), StreamFailure::UnsupportedVersion),
    ];
    for (header, expected) in cases {
        let mut client = ClientStream::new(Framing::WebSocket, client_config());
        client.handle_input(now(0), Input::Opened);
        client.handle_input(now(0), Input::StreamStart(header));
        let mechanisms = Element::new("mechanisms", ns::SASL);
        client.handle_input(now(0), Input::Received(Element::new("features", ns::STREAM).with_child(mechanisms)));
        assert_eq!(failed(&mut client), Some(expected));
    }
    let mut client = ClientStream::new(Framing::WebSocket, client_config());
    client.handle_input(now(0), Input::Opened);
    client.handle_input(now(0), Input::StreamStart(header("IM.example", Some("1.1"))));
    assert!(!drain(&mut client).contains(&Output::Close));
}

#[test]
fn ends_during_negotiation() {
    let mut client = client_waiting();
    client.handle_input(now(0), Input::StreamEnd { see_other_uri: Some("wss://other.example/".into()) });
    assert_eq!(failed(&mut client), Some(StreamFailure::SeeOtherUri("wss://other.example/".into())));
    let mut client = client_waiting();
    client.handle_input(now(0), Input::StreamEnd { see_other_uri: None });
    assert_eq!(failed(&mut client), Some(StreamFailure::EndedByServer));
    let mut client = client_waiting();
    client.handle_input(now(0), Input::Closed);
    assert_eq!(failed(&mut client), Some(StreamFailure::ConnectionLost));
    let mut client = client_waiting();
    client.handle_input(now(0), Input::Received(Element::new("features", ns::STREAM)));
    assert_eq!(failed(&mut client), Some(StreamFailure::NoAuthentication));
    let mut client = client_waiting();
    client.handle_input(now(0), Input::Received(Element::new("message", ns::CLIENT)));
    assert_eq!(failed(&mut client), Some(StreamFailure::Unexpected("message".into())));
}

#[test]
fn stream_errors_in_each_spelling() {
    let cases = [
        (
            "<stream:error xmlns:stream='http://etherx.jabber.org/streams'><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
            StreamCondition::HostUnknown,
        ),
        (
            "<error xmlns='http://etherx.jabber.org/streams'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>",
            StreamCondition::Conflict,
        ),
        (
            "<error xmlns='jabber:client'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>",
            StreamCondition::Conflict,
        ),
        ("<error xmlns='http://etherx.jabber.org/streams'>Disconnected</error>", StreamCondition::UndefinedCondition),
    ];
    for (xml, condition) in cases {
        let mut client = client_waiting();
        client.handle_input(now(0), Input::Received(xmpp::xml::parse(xml).unwrap()));
        let Some(StreamFailure::Stream(error)) = failed(&mut client) else { panic!("{xml}") };
        assert_eq!(error.condition, condition);
        if condition == StreamCondition::UndefinedCondition {
            assert_eq!(error.text.as_deref(), Some("Disconnected"));
        }
    }
}

#[test]
fn the_end_of_an_established_stream() {
    let established = || {
        let mut pair = Pair::new(Framing::Tcp, client_config(), server_config());
        pair.run();
        pair.client
    };
    let event = |client: &mut ClientStream| {
        drain(client).into_iter().find_map(|output| match output {
            Output::Event(event) => Some(event),
            _ => None,
        })
    };
    let mut client = established();
    client.handle_input(now(0), Input::Closed);
    assert_eq!(event(&mut client), Some(StreamEvent::Lost));
    let mut client = established();
    client.handle_input(now(0), Input::StreamEnd { see_other_uri: None });
    assert_eq!(event(&mut client), Some(StreamEvent::Closed(None)));
    let mut client = established();
    let error = StreamError::new(StreamCondition::Conflict);
    client.handle_input(now(0), Input::Received(Element::from(error.clone())));
    assert_eq!(event(&mut client), Some(StreamEvent::Closed(Some(error))));
    assert!(!client.send(result(&Element::new("iq", ns::CLIENT), None)), "nothing goes out any more");
}

#[test]
fn secrets_are_not_in_debug_output() {
    let config = format!("{:?}", client_config());
    assert!(!config.contains(PASSWORD), "{config}");
    let kdf = xmpp_stream::sasl::Kdf { hash: ScramHash::Sha1, password: PASSWORD.into(), salt: vec![1], iterations: 1 };
    let output = format!("{:?}", Output::Derive { token: 1, kdf });
    assert!(!output.contains(PASSWORD), "{output}");
}
