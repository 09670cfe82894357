//! As `robust.rs`, where SASL2 and tokens are spoken: a stranger gets no session, and a client none from one.
#![allow(clippy::unwrap_used, reason = "a test may fail here")]

mod common;

use common::{AGENT, Pair, client_config, now, sasl2, server_config, with_token};
use proptest::prelude::*;
use xmpp::ids::SmId;
use xmpp::ns;
use xmpp::xml::Element;
use xmpp_stream::StreamHeader;
use xmpp_stream::client::{self, ClientStream, Framing, Resume, StreamConfig, StreamEvent};
use xmpp_stream::sasl::{Mechanism, ScramHash, Tokens};
use xmpp_stream::server::{self, ServerEvent, ServerStream, ServerStreamConfig, TokenPolicy};

/// Elements that mean something to SASL2, in every order and nesting.
fn element() -> impl Strategy<Value = Element> {
    let name = prop::sample::select(vec![
        "features",
        "authentication",
        "inline",
        "authenticate",
        "initial-response",
        "user-agent",
        "challenge",
        "response",
        "success",
        "failure",
        "continue",
        "abort",
        "additional-data",
        "authorization-identifier",
        "bind",
        "bound",
        "tag",
        "enable",
        "enabled",
        "resume",
        "resumed",
        "failed",
        "fast",
        "request-token",
        "token",
        "mechanism",
        "not-authorized",
        "credentials-expired",
        "temporary-auth-failure",
        "message",
    ]);
    let ns = prop::sample::select(vec![
        ns::STREAM,
        ns::SASL2,
        ns::SASL2,
        ns::SASL,
        ns::BIND2,
        ns::FAST,
        ns::SM,
        ns::CLIENT,
        ns::CSI,
        ns::CARBONS,
    ]);
    let text = prop_oneof![
        Just(String::new()),
        Just(Mechanism::Token.name().to_owned()),
        Just("SCRAM-SHA-256".to_owned()),
        Just("YW5uAA==".to_owned()),
        Just("ann@im.example/page".to_owned()),
        "[A-Za-z0-9+/=]{0,60}",
        "\\PC{0,8}",
    ];
    let value = prop_oneof![
        prop::sample::select(vec![Mechanism::Token.name(), "SCRAM-SHA-256", "PLAIN", AGENT, "true", "old", "tok"])
            .prop_map(str::to_owned),
        "-?[0-9]{0,12}",
    ];
    let attr = prop::sample::select(vec!["mechanism", "id", "count", "invalidate", "token", "h", "previd", "resume"]);
    let leaf = (name, ns, text, prop::collection::vec((attr, value), 0..4)).prop_map(|(name, ns, text, attrs)| {
        let element = Element::new(name, ns).with_text(text);
        attrs.into_iter().fold(element, |element, (name, value)| element.with_attr(name, value))
    });
    leaf.prop_recursive(3, 10, 4, |inner| {
        (inner.clone(), prop::collection::vec(inner, 0..4))
            .prop_map(|(element, children)| element.with_children(children))
    })
}

fn header() -> StreamHeader {
    StreamHeader { to: Some("im.example".into()), version: Some("1.0".into()), ..StreamHeader::default() }
}

fn server() -> ServerStreamConfig {
    ServerStreamConfig { sasl2: true, tokens: Some(TokenPolicy::default()), ..server_config() }
}

fn server_input() -> impl Strategy<Value = server::Input> {
    prop_oneof![
        10 => element().prop_map(server::Input::Received),
        2 => (0..4_u32).prop_map(|token| server::Input::Tokens { token, result: Ok(Tokens::default()) }),
        1 => (0..4_u32).prop_map(|token| server::Input::TokensChanged { token, result: Ok(true) }),
        1 => (0..4_u32).prop_map(|token| server::Input::Credentials { token, result: Ok(None) }),
        1 => Just(server::Input::StreamStart(header())),
        1 => Just(server::Input::Timer),
    ]
}

fn config(by_token: bool, resume: bool) -> StreamConfig {
    let config = StreamConfig { sasl2: Some(sasl2()), ..client_config() };
    let resume = resume.then(|| Resume { previd: SmId::from("former"), h: 0 });
    StreamConfig { resume, ..if by_token { with_token(config, "tok", 1) } else { config } }
}

proptest! {
    #[test]
    fn a_server_lets_nobody_in(inputs in prop::collection::vec(server_input(), 0..40), bosh in any::<bool>()) {
        let mut server = ServerStream::new(ServerStreamConfig { bosh, ..server() });
        server.handle_input(now(0), server::Input::StreamStart(header()));
        let mut closed = false;
        for input in inputs {
            server.handle_input(now(0), input);
            while let Some(output) = server.poll_output() {
                prop_assert!(!closed, "{:?} after the end", output);
                closed = matches!(output, server::Output::Close(_));
                let entered = matches!(
                    output,
                    server::Output::Event(ServerEvent::Authenticated { .. } | ServerEvent::Element(_))
                        | server::Output::ChangeTokens { .. }
                );
                prop_assert!(!entered, "nobody here knows the password or a token");
            }
        }
    }

    #[test]
    fn a_client_believes_no_stranger(
        framing in prop::sample::select(vec![Framing::WebSocket, Framing::Bosh, Framing::Tcp]),
        inputs in prop::collection::vec(element(), 0..30),
        by_token in any::<bool>(),
        resume in any::<bool>(),
    ) {
        let mut config = config(by_token, resume);
        // PLAIN would believe anybody.
        config.scram_floor = Some(ScramHash::Sha1);
        let mut client = ClientStream::new(framing, config);
        client.handle_input(now(0), client::Input::Opened);
        client.handle_input(now(0), client::Input::StreamStart(header()));
        let mut closed = false;
        for input in inputs {
            client.handle_input(now(0), client::Input::Received(input));
            while let Some(output) = client.poll_output() {
                prop_assert!(!closed, "{:?} after the end", output);
                closed = output == client::Output::Close;
                let believed = matches!(
                    output,
                    client::Output::Event(
                        StreamEvent::Bound { .. } | StreamEvent::Resumed { .. } | StreamEvent::Token(_) | StreamEvent::ScramKeys(_)
                    )
                );
                prop_assert!(!believed, "nobody here has shown that it knows the account");
            }
        }
    }

    /// Any one element of an honest sign-in replaced: whoever has a session has it from the server.
    #[test]
    fn an_honest_sign_in_with_one_element_replaced(
        at in 0..8_usize,
        forged in element(),
        towards_client in any::<bool>(),
        by_token in any::<bool>(),
        resume in any::<bool>(),
    ) {
        let mut config = config(by_token, resume);
        config.scram_floor = Some(ScramHash::Sha1);
        let mut first = Pair::new(Framing::WebSocket, StreamConfig { sasl2: Some(sasl2()), ..client_config() }, server());
        first.run();
        let given = first.events.iter().find_map(|event| match event {
            StreamEvent::Token(token) => Some(token.clone()),
            _ => None,
        });
        if by_token {
            config = with_token(config, &given.unwrap(), 1);
        }
        let mut pair = Pair::new(Framing::Bosh, config, server());
        pair.tokens = first.tokens;
        let mut count = 0;
        let tamper = Box::new(move |element: &mut Element| {
            if count == at {
                *element = forged.clone();
            }
            count += 1;
            true
        });
        if towards_client { pair.to_client = tamper } else { pair.to_server = tamper }
        pair.run();
        let has = |event: &StreamEvent| matches!(event, StreamEvent::Bound { .. } | StreamEvent::Resumed { .. });
        let entered = matches!(pair.server_events.last(), Some(ServerEvent::Authenticated { .. }));
        prop_assert!(entered || !pair.events.iter().any(has), "{:?}\n{}", pair.events, pair.log.join("\n"));
    }
}
