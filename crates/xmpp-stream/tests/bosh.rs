//! A whole sign-in over the real BOSH machines of both sides: stream, body and request handling together.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]

mod common;

use std::collections::VecDeque;
use std::sync::Arc;

use common::{
    ACCOUNT, PASSWORD, client_config, inline, now, salted_password, sasl2, server_config, session, stored, with_token,
};
use xmpp::ns;
use xmpp::xml::{Element, Limits};
use xmpp_stream::StreamHeader;
use xmpp_stream::client::{self, ClientStream, Framing, StreamEvent};
use xmpp_stream::sasl::{AuthCondition, Mechanism, SaslCondition, ScramHash, Secret, Tokens};
use xmpp_stream::server::{self, ServerEvent, ServerStream};
use xmpp_stream::transport::bosh_client::{self, BoshClient, Rid, Start};
use xmpp_stream::transport::bosh_server::{self, Body, BoshServer, RequestKey};

struct Joined {
    client: ClientStream,
    bosh_client: BoshClient,
    bosh_server: BoshServer,
    server: ServerStream,
    /// Requests by the number of their key.
    requests: Vec<(Rid, u32)>,
    responses: VecDeque<(Rid, u32, u16, String)>,
    events: Vec<StreamEvent>,
    received: Vec<Element>,
    /// The server's, of the one client there is.
    tokens: Tokens,
    bodies: Vec<String>,
    clock: u64,
}

impl Joined {
    fn new(password: &str, mechanism: Mechanism) -> Joined {
        let mut config = client_config();
        config.secret = Secret::Password(password.to_owned());
        let mut server = server_config();
        (server.bosh, server.mechanisms) = (true, vec![mechanism]);
        Joined {
            client: ClientStream::new(Framing::Bosh, config),
            bosh_client: BoshClient::new(),
            bosh_server: BoshServer::new(Arc::new(bosh_server::Config::default()), "sid-1".to_owned()),
            server: ServerStream::new(server),
            requests: Vec::new(),
            responses: VecDeque::new(),
            events: Vec::new(),
            received: Vec::new(),
            tokens: Tokens::default(),
            bodies: Vec::new(),
            clock: 0,
        }
    }

    fn run(&mut self) {
        let start = Start {
            to: "im.example".to_owned(),
            from: None,
            lang: Some("en".to_owned()),
            wait: 30,
            random: 42,
            attach: None,
        };
        self.bosh_client.handle_input(now(self.clock), bosh_client::Input::Start(Box::new(start)));
        self.settle();
    }

    fn settle(&mut self) {
        for _ in 0..1_000 {
            self.clock += 10;
            let moved = self.bosh_client() | self.client() | self.bosh_server() | self.server();
            let response = self.responses.pop_front();
            if let Some((rid, attempt, status, body)) = &response {
                let (rid, attempt, status) = (*rid, *attempt, *status);
                let input = bosh_client::Input::Response { rid, attempt, status, body };
                self.bosh_client.handle_input(now(self.clock), input);
            }
            if !moved && response.is_none() {
                return;
            }
        }
        panic!("no rest:\n{}", self.bodies.join("\n"));
    }

    fn bosh_client(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.bosh_client.poll_output() {
            match output {
                bosh_client::Output::Request { rid, attempt, body, .. } => {
                    moved = true;
                    let key = RequestKey(self.requests.len() as u64);
                    self.requests.push((rid, attempt));
                    let read = Body::read_request(&body, &Limits::default()).expect("our own body");
                    self.bodies.push(body);
                    let input = bosh_server::Input::Request { key, body: Box::new(read) };
                    self.bosh_server.handle_input(now(self.clock), input);
                }
                bosh_client::Output::Event(event) => {
                    moved = true;
                    let input = match event {
                        bosh_client::Event::Created(_) => client::Input::Opened,
                        bosh_client::Event::Received(element) => client::Input::Received(element),
                        bosh_client::Event::Terminated(_) => client::Input::StreamEnd { see_other_uri: None },
                        bosh_client::Event::Lost(_) => client::Input::Closed,
                        bosh_client::Event::Attached | bosh_client::Event::Paused => continue,
                    };
                    self.client.handle_input(now(self.clock), input);
                }
                bosh_client::Output::Cancel { .. } | bosh_client::Output::SetTimer(_) => {}
            }
        }
        moved
    }

    fn client(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.client.poll_output() {
            moved = true;
            let input = match output {
                client::Output::Open(_) => bosh_client::Input::Restart,
                client::Output::Transmit(element) => bosh_client::Input::Send(vec![element]),
                client::Output::Close => bosh_client::Input::Terminate(Vec::new()),
                client::Output::Derive { token, kdf } => {
                    let salted_password = salted_password(&kdf);
                    self.client.handle_input(now(self.clock), client::Input::Derived { token, salted_password });
                    continue;
                }
                client::Output::Event(event) => {
                    self.events.push(event);
                    continue;
                }
                client::Output::SetTimer(_) => continue,
            };
            self.bosh_client.handle_input(now(self.clock), input);
        }
        moved
    }

    fn bosh_server(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.bosh_server.poll_output() {
            match output {
                bosh_server::Output::Respond { key, status, body } => {
                    moved = true;
                    let (rid, attempt) = self.requests[key.0 as usize];
                    self.bodies.push(body.clone());
                    self.responses.push_back((rid, attempt, status, body));
                }
                bosh_server::Output::Received { seq, element } => {
                    moved = true;
                    self.server.handle_input(now(self.clock), server::Input::Received(element));
                    self.server();
                    self.bosh_server.handle_input(now(self.clock), bosh_server::Input::Handled { seq });
                }
                bosh_server::Output::StreamStart(start) => {
                    moved = true;
                    let header = StreamHeader {
                        to: start.to,
                        from: start.from,
                        lang: start.lang,
                        version: Some(start.version),
                        id: None,
                    };
                    self.server.handle_input(now(self.clock), server::Input::StreamStart(header));
                }
                bosh_server::Output::Closed(_) => self.server.handle_input(now(self.clock), server::Input::StreamEnd),
                bosh_server::Output::SetTimer(_) => {}
            }
        }
        moved
    }

    fn server(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.server.poll_output() {
            moved = true;
            let mut replies = Vec::new();
            match output {
                server::Output::Transmit(element) => replies.push(bosh_server::Input::Send(element)),
                server::Output::LoadCredentials { token, account, hash } => {
                    let keys = (account.as_str() == ACCOUNT).then(|| stored(hash, PASSWORD));
                    let input = server::Input::Credentials { token, result: Ok(keys) };
                    self.server.handle_input(now(self.clock), input);
                }
                server::Output::Derive { token, kdf } => {
                    let salted_password = salted_password(&kdf);
                    self.server.handle_input(now(self.clock), server::Input::Derived { token, salted_password });
                }
                server::Output::LoadTokens { token, .. } => {
                    let input = server::Input::Tokens { token, result: Ok(self.tokens.clone()) };
                    self.server.handle_input(now(self.clock), input);
                }
                server::Output::Register { .. } => panic!("it is not offered"),
                server::Output::ChangeTokens { token, change, .. } => {
                    let input = server::Input::TokensChanged { token, result: Ok(self.tokens.apply(&change)) };
                    self.server.handle_input(now(self.clock), input);
                }
                server::Output::Event(ServerEvent::Authenticated { account, inline: asked, .. }) => {
                    replies.push(bosh_server::Input::Authenticated);
                    let answers = asked.map(|asked| inline(account.as_str(), &asked)).unwrap_or_default();
                    replies.extend(answers.into_iter().map(bosh_server::Input::Send));
                }
                server::Output::Event(ServerEvent::Element(element)) => {
                    replies.extend(session(&element).into_iter().map(bosh_server::Input::Send));
                    self.received.push(element);
                }
                server::Output::Close(error) => replies.push(bosh_server::Input::Close(error)),
                server::Output::Event(ServerEvent::AuthFailed { .. })
                | server::Output::OpenReply(_)
                | server::Output::Restarted
                | server::Output::StartTls
                | server::Output::SetTimer(_) => {}
            }
            for input in replies {
                self.bosh_server.handle_input(now(self.clock), input);
            }
        }
        moved
    }
}

#[test]
fn a_token_signs_in_with_two_requests() {
    let mut joined = Joined::new(PASSWORD, Mechanism::Scram(ScramHash::Sha256));
    let mut config = client_config();
    config.sasl2 = Some(sasl2());
    joined.client = ClientStream::new(Framing::Bosh, config.clone());
    let mut server = server_config();
    (server.bosh, server.sasl2, server.tokens) = (true, true, Some(server::TokenPolicy::default()));
    joined.server = ServerStream::new(server.clone());
    joined.run();
    let token = joined.events.iter().find_map(|event| match event {
        StreamEvent::Token(token) => Some(token.clone()),
        _ => None,
    });
    let token = token.unwrap_or_else(|| panic!("{}", joined.bodies.join("\n")));
    assert!(matches!(joined.events.last(), Some(StreamEvent::Bound { sm: Some(_), .. })));

    let mut again = Joined::new(PASSWORD, Mechanism::Scram(ScramHash::Sha256));
    again.tokens = joined.tokens;
    again.client = ClientStream::new(Framing::Bosh, with_token(config, &token, 1));
    again.server = ServerStream::new(server);
    again.run();
    assert!(matches!(again.events.last(), Some(StreamEvent::Bound { sm: Some(_), .. })), "{:?}", again.events);
    assert!(!again.bodies.iter().any(|body| body.contains("SCRAM-SHA-256\"><initial") || body.contains("restart=")));
}

#[test]
fn sign_in_send_and_sign_out() {
    for mechanism in [Mechanism::Plain, Mechanism::Scram(ScramHash::Sha1), Mechanism::Scram(ScramHash::Sha512)] {
        let mut joined = Joined::new(PASSWORD, mechanism);
        joined.run();
        let what = || joined.bodies.join("\n");
        assert!(matches!(joined.events.last(), Some(StreamEvent::Bound { sm: Some(_), .. })), "{}", what());

        let message = Element::new("message", ns::CLIENT).with_attr("id", "m1");
        assert!(joined.client.send(message.clone()));
        joined.settle();
        assert_eq!(joined.received.last(), Some(&message));

        joined.client.close();
        joined.settle();
        assert_eq!(joined.events.last(), Some(&StreamEvent::Closed(None)));
        assert!(
            joined.bodies.iter().any(|body| body.contains("type='terminate'") || body.contains("type=\"terminate\""))
        );
    }
}

#[test]
fn a_wrong_password_over_bosh() {
    let mut joined = Joined::new("wrong", Mechanism::Scram(ScramHash::Sha256));
    joined.run();
    let condition = AuthCondition::Refused(SaslCondition::NotAuthorized);
    assert_eq!(joined.events, [StreamEvent::AuthFailed { condition, text: None }]);
}

#[test]
fn a_domain_that_is_not_served_over_bosh() {
    let mut joined = Joined::new(PASSWORD, Mechanism::Plain);
    let mut server = server_config();
    (server.bosh, server.domain) = (true, "other.example".to_owned());
    joined.server = ServerStream::new(server);
    joined.run();
    // The session ends before it is created, so there is no stream yet that could report; the BOSH machine does.
    assert!(joined.bodies.iter().any(|body| body.contains("host-unknown")), "{}", joined.bodies.join("\n"));
}
