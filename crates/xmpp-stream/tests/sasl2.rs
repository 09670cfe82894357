//! SASL2, Bind 2, inline stream management and tokens, client against server in memory.
#![allow(clippy::unwrap_used, reason = "a test may fail here")]

mod common;

use std::collections::BTreeMap;

use common::{ACCOUNT, AGENT, PASSWORD, Pair, client_config, now, sasl2, server_config, with_token};
use xmpp::ids::SmId;
use xmpp::ns;
use xmpp::stanza::StreamCondition;
use xmpp::time::Timestamp;
use xmpp::xml::Element;
use xmpp_stream::StreamHeader;
use xmpp_stream::client::{Framing, Resume, Sasl2, StreamConfig, StreamEvent, TokenUse};
use xmpp_stream::sasl::{AuthCondition, Mechanism, SaslCondition, ScramHash, Secret, StoredToken, Tokens, token};
use xmpp_stream::server::{Input, Output, ServerEvent, ServerStream, ServerStreamConfig, TokenPolicy};

const FRAMINGS: [Framing; 3] = [Framing::WebSocket, Framing::Bosh, Framing::Tcp];

fn client() -> StreamConfig {
    StreamConfig { sasl2: Some(sasl2()), ..client_config() }
}

fn server() -> ServerStreamConfig {
    ServerStreamConfig { sasl2: true, tokens: Some(TokenPolicy::default()), ..server_config() }
}

fn token_of(pair: &Pair) -> Option<String> {
    pair.events.iter().find_map(|event| match event {
        StreamEvent::Token(token) => Some(token.clone()),
        _ => None,
    })
}

fn auth_failure(pair: &Pair) -> Option<AuthCondition> {
    pair.events.iter().find_map(|event| match event {
        StreamEvent::AuthFailed { condition, .. } => Some(*condition),
        _ => None,
    })
}

fn bound(pair: &Pair) -> Option<&StreamEvent> {
    pair.events.iter().find(|event| matches!(event, StreamEvent::Bound { .. }))
}

/// Signs in by password and answers the token and what the server keeps.
fn with_password() -> (String, BTreeMap<(String, String), Tokens>) {
    let mut pair = Pair::new(Framing::WebSocket, client(), server());
    pair.run();
    (token_of(&pair).unwrap(), pair.tokens)
}

#[test]
fn a_password_brings_a_session_and_a_token_in_one_exchange() {
    for framing in FRAMINGS {
        let mut pair = Pair::new(framing, client(), server());
        pair.run();
        let what = format!("{framing:?}\n{}", pair.log.join("\n"));
        let Some(StreamEvent::Bound { jid, sm: Some(sm), features }) = pair.events.last() else { panic!("{what}") };
        let resource = jid.as_str().strip_prefix("ann@im.example/page/").unwrap_or_else(|| panic!("{what}"));
        assert!(resource.len() == 12 && !AGENT.contains(resource), "{what}");
        assert!(sm.resume && sm.id == Some(SmId::from("sm-1")), "{what}");
        assert!(features.child("ver", ns::ROSTER_VERSIONING).is_some(), "{what}");
        assert!(token_of(&pair).is_some(), "{what}");
        assert!(pair.events.iter().any(|event| matches!(event, StreamEvent::ScramKeys(_))), "{what}");
        let mechanism = Mechanism::Scram(ScramHash::Sha512);
        assert!(
            matches!(&pair.server_events[..], [ServerEvent::Authenticated { mechanism: by, inline: Some(_), .. }] if *by == mechanism)
        );
        assert_eq!(pair.log.iter().filter(|line| line.contains("<iq")).count(), 0, "{what}");
        assert!(pair.client.speaks_sasl2());

        assert!(pair.client.send(Element::new("message", ns::CLIENT)));
        pair.client.close();
        pair.settle();
        assert_eq!(pair.events.last(), Some(&StreamEvent::Closed(None)));
    }
}

#[test]
fn a_token_signs_in_before_the_server_has_said_anything() {
    let (token, tokens) = with_password();
    for framing in FRAMINGS {
        let mut pair = Pair::new(framing, with_token(client(), &token, 1), server());
        pair.tokens = tokens.clone();
        pair.run();
        let what = format!("{framing:?}\n{}", pair.log.join("\n"));
        assert!(bound(&pair).is_some(), "{what}");
        assert!(!pair.log.iter().any(|line| line.contains("<response")), "{what}");
        assert!(pair.derived_by_server.is_empty());
        assert_eq!(token_of(&pair), None, "a young token is not replaced");
        if framing == Framing::WebSocket {
            let first_answer = pair.log.iter().position(|line| line.contains("features")).unwrap();
            let said = pair.log.iter().position(|line| line.contains("<authenticate ")).unwrap();
            assert!(said < first_answer, "{what}");
        }
    }
}

#[test]
fn a_reload_resumes_in_the_same_answer() {
    let (token, tokens) = with_password();
    for framing in FRAMINGS {
        let mut config = with_token(client(), &token, 1);
        config.resume = Some(Resume { previd: SmId::from("former"), h: 7 });
        let mut pair = Pair::new(framing, config.clone(), server());
        pair.tokens = tokens.clone();
        pair.run();
        assert_eq!(pair.events, [StreamEvent::Resumed { h: 3, previd: SmId::from("former") }]);

        config.resume = Some(Resume { previd: SmId::from("forgotten"), h: 7 });
        let mut pair = Pair::new(framing, config, server());
        pair.tokens = tokens.clone();
        pair.run();
        assert_eq!(pair.events[0], StreamEvent::ResumeFailed { h: Some(2) });
        assert!(matches!(&pair.events[1..], [StreamEvent::Bound { sm: Some(_), .. }]), "{:?}", pair.events);
    }
}

#[test]
fn a_refused_token_is_followed_by_what_else_there_is_on_the_same_stream() {
    for framing in FRAMINGS {
        let mut config = with_token(client(), "made up", 1);
        config.secret = Secret::Password(PASSWORD.to_owned());
        let mut pair = Pair::new(framing, config.clone(), server());
        pair.run();
        assert_eq!(pair.events[0], StreamEvent::TokenRefused);
        assert!(bound(&pair).is_some() && token_of(&pair).is_some(), "{:?}", pair.events);

        config.secret = Secret::None;
        let mut pair = Pair::new(framing, config, server());
        pair.run();
        assert_eq!(pair.events[0], StreamEvent::TokenRefused);
        assert_eq!(auth_failure(&pair), Some(AuthCondition::Refused(SaslCondition::NotAuthorized)));
        assert_eq!(pair.events.len(), 2, "{:?}", pair.events);
    }
}

#[test]
fn a_server_that_takes_no_tokens_any_more() {
    let without = [ServerStreamConfig { tokens: None, ..server() }, server_config()];
    for (framing, config) in FRAMINGS.into_iter().flat_map(|f| without.clone().map(|config| (f, config))) {
        let mut pair = Pair::new(framing, with_token(client(), "was good", 1), config.clone());
        pair.run();
        let expected = if framing == Framing::Bosh { AuthCondition::NoMechanism } else { AuthCondition::TokenNotTaken };
        assert_eq!(auth_failure(&pair), Some(expected), "{framing:?} {:?}", pair.events);
        // The next attempt, without the token.
        let mut pair = Pair::new(framing, client(), config);
        pair.run();
        assert!(bound(&pair).is_some() && token_of(&pair).is_none());
    }
}

#[test]
fn a_server_that_cannot_show_that_it_knew_the_token() {
    let (token, tokens) = with_password();
    let mut pair = Pair::new(Framing::WebSocket, with_token(client(), &token, 1), server());
    pair.tokens = tokens;
    pair.to_client = Box::new(|element| {
        if element.is("success", ns::SASL2) {
            element.take_children();
            element.push(Element::new("authorization-identifier", ns::SASL2).with_text(ACCOUNT));
        }
        true
    });
    pair.run();
    assert_eq!(auth_failure(&pair), Some(AuthCondition::ServerNotVerified));
}

#[test]
fn counts_rise_and_tokens_age() {
    let (token, tokens) = with_password();
    let day = 24 * 60 * 60 * 1000;
    let mut tokens = tokens;
    let mut sign_in = |token: &str, count, clock| {
        let mut pair = Pair::new(Framing::WebSocket, with_token(client(), token, count), server());
        pair.tokens = std::mem::take(&mut tokens);
        pair.clock = clock;
        // Another connection, other randomness.
        let mut config = server();
        config.nonce = [count as u8; 24];
        pair.server = ServerStream::new(config);
        pair.run();
        tokens = std::mem::take(&mut pair.tokens);
        (bound(&pair).is_some(), token_of(&pair), auth_failure(&pair))
    };
    let refused = AuthCondition::Refused(SaslCondition::NotAuthorized);
    assert_eq!(sign_in(&token, 5, 0), (true, None, None));
    assert_eq!(sign_in(&token, 5, 0), (false, None, Some(refused)), "somebody repeats a request");
    let (ok, next, _) = sign_in(&token, 6, day);
    let next = next.unwrap();
    assert!(ok && next != token);
    assert!(sign_in(&token, 7, day).0, "the answer with the next one may have been lost");
    assert!(!sign_in(&next, 1, day).0, "the one that came with count 6 was replaced by another");
    let (_, next, _) = sign_in(&token, 8, day);
    let next = next.unwrap();
    assert!(sign_in(&next, 1, day).0);
    assert_eq!(sign_in(&token, 9, day).2, Some(refused), "older than one that was used");
    let expired = AuthCondition::Refused(SaslCondition::CredentialsExpired);
    assert_eq!(sign_in(&next, 2, 30 * day).2, Some(expired));
}

#[test]
fn a_token_that_was_given_up_is_of_no_use() {
    let (token, tokens) = with_password();
    for framing in FRAMINGS {
        let mut config = with_token(client(), &token, 1);
        let last = TokenUse { text: token.clone(), count: 1, invalidate: true };
        config.sasl2 = Some(Sasl2 { token: Some(last), ..sasl2() });
        let mut pair = Pair::new(framing, config, server());
        pair.tokens = tokens.clone();
        pair.run();
        assert_eq!(pair.events, [StreamEvent::Closed(None)]);
        assert!(pair.client_closed);
        let mut again = Pair::new(framing, with_token(client(), &token, 2), server());
        again.tokens = pair.tokens;
        again.run();
        assert_eq!(again.events[0], StreamEvent::TokenRefused);
    }
}

#[test]
fn a_token_is_good_for_one_account_and_one_client_only() {
    let (token, tokens) = with_password();
    let try_as = |jid: &str, agent: &str| {
        let mut config = with_token(client(), &token, 1);
        config.jid = Some(jid.parse().unwrap());
        config.sasl2.as_mut().unwrap().agent = agent.to_owned();
        let mut pair = Pair::new(Framing::WebSocket, config, server());
        pair.tokens = tokens.clone();
        pair.run();
        bound(&pair).is_some()
    };
    assert!(try_as(ACCOUNT, AGENT));
    assert!(try_as(ACCOUNT, &AGENT.to_uppercase()), "a UUID has no case");
    assert!(!try_as("eve@im.example", AGENT));
    assert!(!try_as(ACCOUNT, "d4565fa7-4d72-4749-b3d3-740edbf87771"));
    assert!(!try_as(ACCOUNT, "no uuid"));
}

#[test]
fn weaker_than_before_is_refused() {
    // SASL2 is gone, and with it every mechanism but PLAIN.
    let mut config = client();
    config.sasl2 = Some(Sasl2 { seen: true, ..sasl2() });
    let plain = ServerStreamConfig { mechanisms: vec![Mechanism::Plain], ..server_config() };
    let mut pair = Pair::new(Framing::WebSocket, config.clone(), plain.clone());
    pair.run();
    assert_eq!(auth_failure(&pair), Some(AuthCondition::Downgrade));
    // SASL2 alone is no loss as long as SCRAM is there.
    let mut pair = Pair::new(Framing::WebSocket, config.clone(), server_config());
    pair.run();
    assert!(bound(&pair).is_some());
    // Nor is PLAIN where SASL2 has had nothing else.
    let mut pair = Pair::new(Framing::WebSocket, config.clone(), ServerStreamConfig { sasl2: true, ..plain.clone() });
    pair.run();
    assert!(bound(&pair).is_some());
    // The floor of the older profile holds in the newer one.
    config.scram_floor = Some(ScramHash::Sha256);
    let weak = vec![Mechanism::Scram(ScramHash::Sha1), Mechanism::Plain];
    let mut pair =
        Pair::new(Framing::WebSocket, config, ServerStreamConfig { mechanisms: weak, sasl2: true, ..server() });
    pair.run();
    assert_eq!(auth_failure(&pair), Some(AuthCondition::Downgrade));
}

#[test]
fn nothing_of_it_where_others_can_listen() {
    let mut config = with_token(client(), "secret", 1);
    (config.secure, config.secret) = (false, Secret::Password(PASSWORD.to_owned()));
    let mut pair = Pair::new(Framing::WebSocket, config, ServerStreamConfig { secure: false, ..server() });
    pair.run();
    assert!(bound(&pair).is_some());
    assert!(!pair.log.iter().any(|line| line.contains(ns::SASL2)), "{}", pair.log.join("\n"));
}

/// A server that has offered its mechanisms, and what it says to these elements; the last output but one.
fn said(elements: &[&str]) -> (Vec<Element>, Option<Option<StreamCondition>>) {
    let mut stream = ServerStream::new(server());
    let header = StreamHeader {
        to: Some("im.example".to_owned()),
        from: Some(ACCOUNT.to_owned()),
        version: Some("1.0".to_owned()),
        ..StreamHeader::default()
    };
    stream.handle_input(now(0), Input::StreamStart(header));
    for element in elements {
        stream.handle_input(now(0), Input::Received(xmpp::xml::parse(element).unwrap()));
    }
    let (mut out, mut closed) = (Vec::new(), None);
    while let Some(output) = stream.poll_output() {
        match output {
            Output::Transmit(element) => out.push(element),
            Output::Close(error) => closed = Some(error.map(|error| error.condition)),
            _ => {}
        }
    }
    (out, closed)
}

#[test]
fn what_a_stranger_may_say() {
    let authenticate = |mechanism: &str, inner: &str| {
        format!("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='{mechanism}'>{inner}</authenticate>")
    };
    let initial = |text: &str| format!("<initial-response>{text}</initial-response>");
    let agent = format!("<user-agent id='{AGENT}'/>");
    let fast = "<fast xmlns='urn:xmpp:fast:0'/>";
    // "ann" NUL and nothing, as a token.
    let hollow = initial("YW5uAA==");
    let cases = [
        (authenticate("CRAM-MD5", ""), "invalid-mechanism"),
        (authenticate("", ""), "invalid-mechanism"),
        (authenticate("HT-SHA-256-NONE", &hollow), "invalid-mechanism"),
        (authenticate("HT-SHA-256-NONE", &[&hollow, fast].concat()), "invalid-mechanism"),
        (authenticate("HT-SHA-256-NONE", &[&initial("YW5u"), agent.as_str(), fast].concat()), "malformed-request"),
        (authenticate("HT-SHA-256-NONE", &[&initial("!"), agent.as_str(), fast].concat()), "incorrect-encoding"),
        (authenticate("HT-SHA-256-NONE", &[&initial("ZXZlAA=="), agent.as_str(), fast].concat()), "not-authorized"),
        (authenticate("SCRAM-SHA-256", ""), "malformed-request"),
        (authenticate("PLAIN", &initial("AGV2ZQBzZWNyZXQ=")), "not-authorized"),
    ];
    for (xml, condition) in cases {
        let (out, closed) = said(&[&xml]);
        let failure = out.last().unwrap();
        assert!(failure.is("failure", ns::SASL2) && failure.child(condition, ns::SASL).is_some(), "{xml}: {failure:?}");
        assert_eq!(closed, None);
    }
    // §2.4 and §5.8: nothing else comes between.
    let scram = authenticate("SCRAM-SHA-256", &initial("biwsbj1hbm4scj1hYmM="));
    for second in [&scram, "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "<message xmlns='jabber:client'/>"] {
        let (_, closed) = said(&[&scram, second]);
        assert!(matches!(closed, Some(Some(_))), "{second}");
    }
}

#[test]
fn a_token_of_storage_that_cannot_say_is_put_off() {
    let stored = StoredToken::new("t", Timestamp(0), Timestamp(i64::MAX));
    assert!(stored.matches(&token::initiator("t")));
    let mut stream = ServerStream::new(server());
    let header =
        StreamHeader { to: Some("im.example".to_owned()), version: Some("1.0".to_owned()), ..Default::default() };
    stream.handle_input(now(0), Input::StreamStart(header));
    let xml = format!(
        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-NONE'><initial-response>YW5uAA==</initial-response>\
         <user-agent id='{AGENT}'/><fast xmlns='urn:xmpp:fast:0'/></authenticate>"
    );
    stream.handle_input(now(0), Input::Received(xmpp::xml::parse(&xml).unwrap()));
    let asked = std::iter::from_fn(|| stream.poll_output()).find_map(|output| match output {
        Output::LoadTokens { token, .. } => Some(token),
        _ => None,
    });
    let token = asked.unwrap();
    stream.handle_input(now(0), Input::Tokens { token: token + 1, result: Ok(Tokens::default()) });
    assert!(stream.poll_output().is_none(), "an answer to something else");
    stream.handle_input(now(0), Input::Tokens { token, result: Err(xmpp_stream::server::CredentialsUnavailable) });
    let failure = std::iter::from_fn(|| stream.poll_output()).find_map(|output| match output {
        Output::Transmit(element) => Some(element),
        _ => None,
    });
    assert!(failure.unwrap().child("temporary-auth-failure", ns::SASL).is_some());
}
