use std::collections::BTreeMap;

use xmpp_stream::sasl::{ScramHash, ScramKeys};

use crate::api::*;
use crate::test_bench::{ACCOUNT, Bench, chat, settings};
use xmpp::jid::BareJid;

const SM: &str = "<sm xmlns='urn:xmpp:sm:3'/>";

fn jid(text: &str) -> BareJid {
    BareJid::new(text).expect("a jid")
}

fn form() -> Command {
    Command::SignIn(SignIn::Password { jid: jid(ACCOUNT), password: Password(String::from("secret")) })
}

fn bench(settings: Settings) -> Bench {
    Bench::with(settings, crate::features::all(), BTreeMap::new(), BTreeMap::new())
}

fn managed() -> Bench {
    let mut bench = bench(settings());
    bench.sign_in(SM);
    bench.settle();
    bench
}

fn ok(content_type: &str, body: &str) -> Result<HttpResponse, HttpError> {
    Ok(HttpResponse {
        status: 200,
        content_type: String::from(content_type),
        redirected: false,
        body: String::from(body),
    })
}

fn respond(bench: &mut Bench, result: Result<HttpResponse, HttpError>) -> HttpRequest {
    let (request, http) = bench.requests.pop_front().expect("a request");
    bench.input(Input::Response { request, result });
    http
}

#[test]
fn signing_in_and_out() {
    let mut bench = bench(settings());
    bench.command(form());
    assert_eq!(*bench.phase(), Phase::Connecting);
    assert_eq!(bench.opened, ["wss://x.y/ws"]);
    bench.negotiate("");
    bench.bind("");
    assert_eq!(*bench.phase(), Phase::Online);
    let connected = |e: &&Event| matches!(e, Event::Connected { resumed: false, transport: Transport::WebSocket, .. });
    assert_eq!(bench.events.iter().filter(connected).count(), 1);
    bench.settle();
    bench.open_chat("you@x.y");
    bench.sent.clear();
    let socket = bench.socket.expect("open");
    bench.command(Command::SignOut { forget: true });
    let said: Vec<String> = bench.sent.iter().map(|e| String::from(e.name())).collect();
    assert_eq!(said, ["presence", "close"]);
    assert_eq!(bench.closed, [socket]);
    assert_eq!(*bench.phase(), Phase::SignedOut { error: None });
    assert!(bench.view.chats.is_empty() && bench.device.is_empty() && bench.tab.is_empty());
    assert!(bench.events.contains(&Event::SignedOut));
    bench.wait(200_000);
    assert_eq!(bench.opened.len(), 1, "nobody comes back by themselves");
}

#[test]
fn refused_credentials_are_final() {
    let mut bench = bench(settings());
    bench.command(form());
    let socket = bench.socket.expect("a socket");
    bench.input(Input::Opened(socket));
    bench.feed("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='x.y' id='1' version='1.0'/>");
    bench.feed(
        "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
         <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>",
    );
    bench.feed("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
    assert_eq!(*bench.phase(), Phase::SignedOut { error: Some(SignInError::NotAuthorized) });
    bench.wait(600_000);
    bench.input(Input::Page(PageEvent::Online));
    assert_eq!(bench.opened.len(), 1);
}

#[test]
fn a_form_is_told_that_nobody_answers_and_a_page_tries_again() {
    let mut bench = bench(settings());
    bench.command(form());
    bench.wait(10_000);
    let tried = vec![String::from("wss://x.y/ws")];
    assert_eq!(*bench.phase(), Phase::SignedOut { error: Some(SignInError::Unreachable { tried }) });

    let mut bench = self::bench(settings());
    bench.command(Command::SignIn(SignIn::Callback));
    assert_eq!(bench.events, [Event::CredentialsWanted]);
    bench.command(Command::Credentials(Some(Credentials { jid: jid(ACCOUNT), password: Password(String::from("x")) })));
    bench.wait(10_000);
    assert!(matches!(bench.phase(), Phase::Reconnecting { .. }));
    bench.wait(60_000);
    assert!(bench.opened.len() > 2);
    assert_eq!(bench.events.iter().filter(|e| **e == Event::CredentialsWanted).count(), 1);
}

#[test]
fn a_lost_session_is_taken_up_again_and_the_unacknowledged_sent_again() {
    let mut bench = managed();
    bench.open_chat("you@x.y");
    bench.settle();
    bench.say("you@x.y", "one");
    bench.say("you@x.y", "two");
    let handled = bench.client_unacked();
    bench.break_connection();
    assert!(bench.socket.is_some(), "tries again");
    bench.negotiate(SM);
    let resume = bench.next();
    assert_eq!((resume.name(), resume.attr("previd")), ("resume", Some("sm-1")));
    // Of what was not acknowledged, the server has everything but the last message.
    let h = (handled - 1).to_string();
    bench.events.clear();
    bench.feed(&["<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='", &h, "'/>"].concat());
    let again: Vec<_> = bench.sent.iter().filter(|e| e.name() == "message").cloned().collect();
    assert_eq!(again.len(), 1);
    assert_eq!(bench.delivery("you@x.y", "one"), Delivery::Sent);
    assert_eq!(bench.delivery("you@x.y", "two"), Delivery::Pending);
    assert!(matches!(bench.events[..], [Event::Connected { resumed: true, .. }]));
    let h = handled.to_string();
    bench.feed(&["<a xmlns='urn:xmpp:sm:3' h='", &h, "'/>"].concat());
    assert_eq!(bench.delivery("you@x.y", "two"), Delivery::Sent);
    assert!(!bench.device.keys().any(|key| key.contains("/outbox/")));
}

#[test]
fn a_count_that_cannot_be_ends_the_stream() {
    let mut bench = managed();
    bench.sent.clear();
    bench.feed("<a xmlns='urn:xmpp:sm:3' h='1000'/>");
    let error = bench.next();
    assert!(error.children().any(|c| c.name() == "handled-count-too-high"));
    while bench.socket.is_none() {
        bench.wait(500);
    }
    bench.sent.clear();
    bench.negotiate(SM);
    assert_eq!(bench.next().name(), "iq", "binds anew: such a session is not resumed");
}

#[test]
fn a_conflict_is_final() {
    let mut bench = managed();
    bench.feed(
        "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>\
         <conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    );
    assert_eq!(*bench.phase(), Phase::SignedOut { error: Some(SignInError::Conflict) });
    bench.wait(600_000);
    assert_eq!(bench.opened.len(), 1);
}

#[test]
fn a_duplicated_tab_takes_the_resource_and_the_first_one_moves_once() {
    let conflict = "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>\
        <conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
    let mut bench = bench(Settings { resource: None, ..settings() });
    bench.command(form());
    bench.negotiate("");
    let first = bench.sent[0].to_xml();
    bench.bind("");
    bench.feed(conflict);
    assert!(matches!(bench.phase(), Phase::Reconnecting { .. }));
    while bench.socket.is_none() {
        bench.wait(500);
    }
    bench.sent.clear();
    bench.negotiate("");
    let resource = |xml: &str| xml.split("<resource>").nth(1).and_then(|rest| rest.split('<').next()).map(String::from);
    let second = bench.sent[0].to_xml();
    assert!(resource(&first).is_some() && resource(&second).is_some() && resource(&first) != resource(&second));
    bench.bind("");
    bench.feed(conflict);
    assert_eq!(*bench.phase(), Phase::SignedOut { error: Some(SignInError::Conflict) });
}

#[test]
fn offline_waits_for_the_network() {
    let mut bench = managed();
    bench.input(Input::Page(PageEvent::Offline));
    let socket = bench.socket.take().expect("open");
    bench.input(Input::Closed { socket });
    assert!(matches!(bench.phase(), Phase::Reconnecting { at: None, offline: true }));
    bench.wait(600_000);
    assert_eq!(bench.opened.len(), 1);
    bench.input(Input::Page(PageEvent::Online));
    assert_eq!(bench.opened.len(), 2);
}

#[test]
fn a_page_that_unloads_leaves_the_session_to_be_resumed() {
    let mut bench = managed();
    bench.sent.clear();
    bench.input(Input::Page(PageEvent::Unload));
    assert!(bench.sent.is_empty(), "no <close/>, no unavailable presence");
    assert_eq!(bench.closed.len(), 1);
}

#[test]
fn a_reload_signs_in_with_the_keys_of_the_tab() {
    // RFC 5802 §5 has the numbers of this exchange; here only that keys are offered and no password is asked for.
    let keys = ScramKeys::new(ScramHash::Sha256, vec![1; 16], 4096, &[7; 32]);
    let row = super::login::write_tab(&jid(ACCOUNT), "r", &keys);
    let tab = BTreeMap::from([(String::from(super::login::TAB_KEY), row)]);
    let mut bench = Bench::with(settings(), crate::features::all(), BTreeMap::new(), tab);
    bench.command(Command::SignIn(SignIn::Restore));
    let socket = bench.socket.expect("connects");
    bench.input(Input::Opened(socket));
    bench.feed("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='x.y' id='1' version='1.0'/>");
    bench.sent.clear();
    bench.feed(
        "<stream:features xmlns:stream='http://etherx.jabber.org/streams'><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
         <mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-256</mechanism></mechanisms></stream:features>",
    );
    assert_eq!(bench.next().attr("mechanism"), Some("SCRAM-SHA-256"));
}

#[test]
fn a_tab_that_kept_nothing_is_simply_signed_out() {
    let mut bench = bench(settings());
    bench.command(Command::SignIn(SignIn::Restore));
    assert_eq!(*bench.phase(), Phase::SignedOut { error: None });
    assert!(bench.events.is_empty() && bench.opened.is_empty());
}

#[test]
fn scram_keys_stay_in_the_tab_and_the_floor_on_the_device() {
    let mut bench = bench(settings());
    bench.command(form());
    let socket = bench.socket.expect("connects");
    bench.input(Input::Opened(socket));
    bench.feed("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='x.y' id='1' version='1.0'/>");
    let mechanisms = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
        <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>";
    bench.feed(mechanisms);
    let auth = bench.find(|e| e.name() == "auth").expect("auth");
    let server = scram::Server::answer(&auth.text());
    bench.feed(&server.challenge());
    let (token, kdf) = bench.derive.take().expect("asks for a derivation");
    bench.input(Input::Derived { token, key: scram::salted(&kdf) });
    let response = bench.find(|e| e.name() == "response").expect("a response");
    bench.feed(&server.success(&response.text()));
    assert!(bench.tab.values().any(|row| row.starts_with("me@x.y\nr\nsha-1\n")));
    assert_eq!(bench.device.get("me@x.y/connection/floor").map(String::as_str), Some("sha-1"));

    // Whoever offers only PLAIN from now on is not the server.
    let mut again = Bench::with(settings(), crate::features::all(), bench.device.clone(), BTreeMap::new());
    again.command(form());
    let socket = again.socket.expect("connects");
    again.input(Input::Opened(socket));
    again.feed("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='x.y' id='1' version='1.0'/>");
    again.feed(&mechanisms.replace("SCRAM-SHA-1", "PLAIN"));
    assert_eq!(*again.phase(), Phase::SignedOut { error: Some(SignInError::Insecure) });
}

#[test]
fn addresses_are_discovered_and_only_safe_ones_used() {
    let mut bench = bench(Settings { websocket_url: None, ..settings() });
    bench.command(form());
    let urls: Vec<_> = bench.requests.iter().map(|(_, http)| http.url.clone()).collect();
    assert_eq!(urls, ["https://x.y/.well-known/host-meta.json", "https://x.y/.well-known/host-meta"]);
    respond(&mut bench, ok("text/html", "<html>"));
    respond(
        &mut bench,
        ok(
            "application/xrd+xml",
            "<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\
             <Link rel='urn:xmpp:alt-connections:websocket' href='ws://x.y/plain'/>\
             <Link rel='urn:xmpp:alt-connections:websocket' href='wss://x.y/found'/></XRD>",
        ),
    );
    assert_eq!(bench.opened, ["wss://x.y/found"]);
}

#[test]
fn without_an_address_the_form_says_what_was_asked() {
    let mut bench = bench(Settings { websocket_url: None, ..settings() });
    bench.command(form());
    bench.wait(12_000);
    let Phase::SignedOut { error: Some(SignInError::Unreachable { tried }) } = bench.phase() else {
        panic!("unreachable")
    };
    assert_eq!(tried.len(), 2);
}

#[test]
fn malformed_frames_end_the_stream_and_not_the_client() {
    for frame in
        ["", "<", "no xml", "<a/><b/>", "<!DOCTYPE a><a/>", "<x:y/>", "<message xmlns='jabber:client' to='@'/>"]
    {
        let mut bench = managed();
        let socket = bench.socket.expect("open");
        bench.input(Input::Text { socket, text: frame });
        bench.wait(120_000);
        assert!(!matches!(bench.phase(), Phase::SignedOut { .. }), "{frame}");
    }
}

#[test]
fn inputs_for_what_is_gone_are_ignored() {
    let mut bench = managed();
    let old = bench.socket.take().expect("open");
    bench.input(Input::Closed { socket: old });
    for _ in 0..2 {
        bench.input(Input::Closed { socket: old });
        bench.input(Input::Opened(old));
        bench.input(Input::Text {
            socket: old,
            text: "<message xmlns='jabber:client' from='a@b'><body>x</body></message>",
        });
        bench.input(Input::Response { request: RequestId(9_999), result: Err(HttpError::Network) });
        bench.input(Input::Derived { token: Token(9_999), key: vec![] });
        bench.input(Input::Stored { token: Token(9_999), result: Ok(()) });
        bench.input(Input::Loaded { token: Token(9_999), result: Err(StorageError::Full) });
    }
    assert!(!bench.view.chats.contains_key(&chat("a@b")));
}

/// A server of SCRAM-SHA-1, enough for one exchange.
mod scram {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use xmpp_stream::sasl::{Kdf, ScramHash, ScramKeys};

    pub(super) struct Server {
        first_bare: String,
        nonce: String,
    }

    /// Any bytes will do: this server believes the same ones.
    pub(super) fn salted(kdf: &Kdf) -> Vec<u8> {
        assert_eq!((kdf.password.as_str(), kdf.iterations), ("secret", 4096));
        vec![5; 20]
    }

    fn b64(text: &str) -> String {
        STANDARD.encode(text)
    }

    impl Server {
        pub(super) fn answer(initial: &str) -> Self {
            let initial = String::from_utf8(STANDARD.decode(initial.trim()).expect("base64")).expect("text");
            let first_bare = String::from(initial.strip_prefix("n,,").expect("no channel binding"));
            let nonce = [first_bare.rsplit("r=").next().expect("a nonce"), "srv"].concat();
            Self { first_bare, nonce }
        }

        fn first(&self) -> String {
            ["r=", &self.nonce, ",s=", &b64("salt"), ",i=4096"].concat()
        }

        pub(super) fn challenge(&self) -> String {
            ["<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>", &b64(&self.first()), "</challenge>"].concat()
        }

        pub(super) fn success(&self, response: &str) -> String {
            let response = String::from_utf8(STANDARD.decode(response.trim()).expect("base64")).expect("text");
            let without_proof = response.rsplit_once(",p=").expect("a proof").0;
            let signed = [self.first_bare.as_str(), &self.first(), without_proof].join(",");
            let keys = ScramKeys::new(ScramHash::Sha1, b"salt".to_vec(), 4096, &[5; 20]);
            let signature = ScramHash::Sha1.hmac(&keys.server_key, signed.as_bytes());
            let last = ["v=", &STANDARD.encode(signature)].concat();
            ["<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>", &b64(&last), "</success>"].concat()
        }
    }
}

#[test]
fn a_password_that_no_server_has_seen_shows_nothing_while_offline() {
    let mut bench = Bench::new(crate::features::all());
    bench.input(Input::Page(PageEvent::Offline));
    let jid = BareJid::new("me@x.y").expect("a jid");
    bench.command(Command::SignIn(SignIn::Password { jid, password: Password(String::from("guess")) }));
    assert_eq!(*bench.phase(), Phase::SignedOut { error: Some(SignInError::Unreachable { tried: Vec::new() }) });
    bench.input(Input::Page(PageEvent::Online));
    bench.sign_in("");
    assert!(matches!(bench.phase(), Phase::Online));
}
