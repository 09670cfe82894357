//! Nothing that a stranger sends makes a machine panic, or go on after its end.
#![allow(clippy::unwrap_used, reason = "a test may fail here")]

mod common;

use common::{Pair, client_config, now, salted_password, server_config};
use proptest::prelude::*;
use xmpp::ids::SmId;
use xmpp::ns;
use xmpp::stanza::{StreamCondition, StreamError};
use xmpp::xml::{Element, Limits};
use xmpp_stream::StreamHeader;
use xmpp_stream::client::{self, ClientStream, Framing, Resume, StreamEvent};
use xmpp_stream::sasl::{Mechanism, ScramHash};
use xmpp_stream::server::{self, ServerEvent, ServerStream};
use xmpp_stream::transport::framer::Framer;
use xmpp_stream::transport::websocket;

/// Names and namespaces that mean something somewhere, so that every state is reached, and a few that mean nothing.
fn element() -> impl Strategy<Value = Element> {
    let name = prop::sample::select(vec![
        "features",
        "mechanisms",
        "mechanism",
        "auth",
        "challenge",
        "response",
        "success",
        "failure",
        "abort",
        "not-authorized",
        "text",
        "error",
        "conflict",
        "iq",
        "message",
        "presence",
        "bind",
        "jid",
        "resource",
        "session",
        "optional",
        "sm",
        "enable",
        "enabled",
        "resume",
        "resumed",
        "failed",
        "r",
        "a",
        "open",
        "close",
        "stream",
        "other",
    ]);
    let ns = prop::sample::select(vec![
        ns::STREAM,
        ns::SASL,
        ns::CLIENT,
        ns::BIND,
        ns::SESSION,
        ns::SM,
        ns::FRAMING,
        ns::STREAM_ERROR,
        ns::STANZA_ERROR,
        "urn:other",
    ]);
    let text = prop_oneof![
        Just(String::new()),
        Just("=".to_owned()),
        "[A-Za-z0-9+/=]{0,40}",
        Just("SCRAM-SHA-1".to_owned()),
        Just("PLAIN".to_owned()),
        Just("ann@im.example/page".to_owned()),
        "n,,n=[a-z=,]{0,4},r=[a-z]{0,4}".prop_map(base64),
        "\\PC{0,8}",
    ];
    let attrs = prop::collection::vec(
        (
            prop::sample::select(vec!["type", "id", "h", "previd", "mechanism", "resume", "max"]),
            prop_oneof![
                prop::sample::select(vec![
                    "result",
                    "error",
                    "set",
                    "bind",
                    "bind-again",
                    "session",
                    "old",
                    "SCRAM-SHA-1",
                    "PLAIN",
                    "1"
                ])
                .prop_map(str::to_owned),
                "-?[0-9]{0,12}",
            ],
        ),
        0..4,
    );
    let leaf = (name, ns, text, attrs).prop_map(|(name, ns, text, attrs)| {
        attrs
            .into_iter()
            .fold(Element::new(name, ns).with_text(text), |element, (name, value)| element.with_attr(name, value))
    });
    leaf.prop_recursive(3, 8, 3, |inner| {
        (inner.clone(), prop::collection::vec(inner, 0..3))
            .prop_map(|(element, children)| element.with_children(children))
    })
}

fn base64(text: String) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn header() -> impl Strategy<Value = StreamHeader> {
    let text = |values: Vec<&'static str>| prop::option::of(prop::sample::select(values).prop_map(str::to_owned));
    (
        text(vec!["im.example", "other", "@", ""]),
        text(vec!["im.example", "ann@im.example", "//"]),
        text(vec!["1.0", "0.9", "x"]),
    )
        .prop_map(|(to, from, version)| StreamHeader { to, from, version, ..StreamHeader::default() })
}

fn client_input() -> impl Strategy<Value = client::Input> {
    prop_oneof![
        10 => element().prop_map(client::Input::Received),
        2 => header().prop_map(client::Input::StreamStart),
        1 => (0..3_u32, prop::collection::vec(any::<u8>(), 0..70))
            .prop_map(|(token, salted_password)| client::Input::Derived { token, salted_password }),
        1 => Just(client::Input::Opened),
        1 => Just(client::Input::Timer),
        1 => Just(client::Input::StreamEnd { see_other_uri: None }),
        1 => Just(client::Input::Closed),
        1 => Just(client::Input::Malformed(StreamError::new(StreamCondition::NotWellFormed))),
    ]
}

fn server_input() -> impl Strategy<Value = server::Input> {
    prop_oneof![
        10 => element().prop_map(server::Input::Received),
        3 => header().prop_map(server::Input::StreamStart),
        1 => (0..3_u32).prop_map(|token| server::Input::Credentials { token, result: Ok(None) }),
        1 => (0..3_u32, prop::collection::vec(any::<u8>(), 0..70))
            .prop_map(|(token, salted_password)| server::Input::Derived { token, salted_password }),
        1 => Just(server::Input::Opened),
        1 => Just(server::Input::Timer),
        1 => Just(server::Input::StreamEnd),
        1 => Just(server::Input::Malformed(StreamError::new(StreamCondition::NotWellFormed))),
    ]
}

proptest! {
    #[test]
    fn a_client_survives_any_server(
        framing in prop::sample::select(vec![Framing::WebSocket, Framing::Bosh, Framing::Tcp]),
        inputs in prop::collection::vec(client_input(), 0..30),
        resume in any::<bool>(),
    ) {
        let mut config = client_config();
        config.resume = resume.then(|| Resume { previd: SmId::from("old"), h: 0 });
        let mut client = ClientStream::new(framing, config);
        client.handle_input(now(0), client::Input::Opened);
        let mut closed = false;
        for input in inputs {
            client.handle_input(now(0), input);
            while let Some(output) = client.poll_output() {
                prop_assert!(!closed, "{:?} after the end", output);
                closed = output == client::Output::Close;
                let believed = matches!(output, client::Output::Event(StreamEvent::ScramKeys(_)));
                prop_assert!(!believed, "nobody here knows the password");
            }
        }
    }

    #[test]
    fn a_server_survives_any_client(inputs in prop::collection::vec(server_input(), 0..40), bosh in any::<bool>()) {
        let mut config = server_config();
        config.bosh = bosh;
        let mut server = ServerStream::new(config);
        let first = StreamHeader { to: Some("im.example".into()), version: Some("1.0".into()), ..StreamHeader::default() };
        server.handle_input(now(0), server::Input::StreamStart(first));
        let mut closed = false;
        for input in inputs {
            server.handle_input(now(0), input);
            while let Some(output) = server.poll_output() {
                prop_assert!(!closed, "{:?} after the end", output);
                closed = matches!(output, server::Output::Close(_));
                let entered = matches!(output, server::Output::Event(ServerEvent::Authenticated { .. } | ServerEvent::Element(_)));
                prop_assert!(!entered, "nobody here knows the password");
            }
        }
    }

    /// Any one element of an honest negotiation replaced: the client ends or goes on, and is never bound by a server that did
    /// not verify itself.
    #[test]
    fn an_honest_negotiation_with_one_element_replaced(at in 0..8_usize, forged in element(), towards_client in any::<bool>()) {
        let mut server = server_config();
        server.mechanisms = vec![Mechanism::Scram(ScramHash::Sha1)];
        let mut pair = Pair::new(Framing::Bosh, client_config(), server);
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
        let keys = pair.events.iter().position(|event| matches!(event, StreamEvent::ScramKeys(_)));
        let bound = pair.events.iter().position(|event| matches!(event, StreamEvent::Bound { .. }));
        prop_assert!(bound.is_none() || keys < bound && keys.is_some());
    }

    #[test]
    fn any_text_is_a_frame_or_an_error(text in "\\PC{0,60}", element in element(), cut in 0..200_usize) {
        let _ = websocket::parse(&text, &Limits::default());
        let whole = websocket::write(&element);
        let cut: String = whole.chars().take(cut).collect();
        let read = websocket::parse(&cut, &Limits::default());
        prop_assert!(read.is_err() || cut == whole);
    }

    #[test]
    fn any_bytes_frame_the_same_however_they_are_cut(
        pieces in prop::collection::vec(
            prop_oneof![
                Just(HEADER.as_bytes().to_vec()),
                prop::sample::select(vec![
                    "<a>", "</a>", "<a/>", " ", "\n", "<![CDATA[", "]]>", "<!--", "-->", "<?xml version='1.0'?>", "<?", "?>", "'", "\"", "=",
                    "</stream:stream>", "&amp;", "&", "ü", "<b c='>'/>", "<", ">", "/", "!",
                ]).prop_map(|text| text.as_bytes().to_vec()),
                prop::collection::vec(any::<u8>(), 0..4),
            ],
            0..20,
        ),
        header in any::<bool>(),
        chunk in 1..9_usize,
    ) {
        let mut bytes = if header { HEADER.as_bytes().to_vec() } else { Vec::new() };
        bytes.extend(pieces.concat());
        prop_assert_eq!(frame(&bytes, chunk), frame(&bytes, usize::MAX));
    }
}

const HEADER: &str = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

fn frame(bytes: &[u8], chunk: usize) -> Vec<String> {
    let mut framer = Framer::new(Limits { bytes: 256, depth: 5, ..Limits::default() });
    let mut events = Vec::new();
    for chunk in bytes.chunks(chunk) {
        framer.push(chunk);
        while let Some(event) = framer.next() {
            events.push(format!("{event:?}"));
        }
    }
    events
}

#[test]
fn derivations_are_the_size_of_their_hash() {
    for hash in ScramHash::STRONGEST_FIRST {
        let kdf = xmpp_stream::sasl::Kdf { hash, password: "x".into(), salt: vec![1], iterations: 1 };
        assert_eq!(salted_password(&kdf).len(), hash.output_len());
    }
}
