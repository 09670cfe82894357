//! Our own client machine over a raw WebSocket.

use xmpp::time::{Mono, Now, Timestamp};
use xmpp_stream::client::{ClientStream, Framing, Input, Output, Resume, StreamConfig, StreamEvent};
use xmpp_stream::sasl::Secret;
use xmpp_stream::transport::websocket;

use super::Raw;

/// What the machine is to do.
pub fn config(jid: &str, password: &str, resume: Option<Resume>) -> StreamConfig {
    let jid = xmpp::BareJid::new(jid).unwrap();
    StreamConfig {
        domain: jid.domain().to_owned(),
        jid: Some(jid),
        secret: Secret::Password(password.into()),
        resource: None,
        lang: "en".into(),
        secure: true,
        scram_floor: None,
        max_iterations: 100_000,
        resume,
        enable_sm: true,
        sasl2: None,
        random: [7; 24],
    }
}

/// Negotiates until the machine is bound or resumed, or has failed; returns that event.
pub async fn sign_in(raw: &mut Raw, config: StreamConfig) -> StreamEvent {
    let mut stream = ClientStream::new(Framing::WebSocket, config);
    let now = Now { mono: Mono(0), wall: Timestamp(0) };
    stream.handle_input(now, Input::Opened);
    loop {
        let mut inputs = Vec::new();
        while let Some(output) = stream.poll_output() {
            match output {
                Output::Open(header) => raw.send(&header.to_websocket()).await,
                Output::Transmit(element) => raw.send(&websocket::write(&element)).await,
                Output::Derive { token, kdf } => inputs.push(Input::Derived {
                    token,
                    salted_password: converse_server::auth::scram::salted_password(&kdf),
                }),
                Output::Event(StreamEvent::ScramKeys(_)) => {}
                Output::Event(event) => return event,
                _ => {}
            }
        }
        if inputs.is_empty() {
            let text = raw.next().await.to_xml();
            inputs.push(websocket::parse(&text, &xmpp::xml::Limits::OWN_SERVER).unwrap().into_client_input());
        }
        for input in inputs {
            stream.handle_input(now, input);
        }
    }
}
