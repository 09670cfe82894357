//! BOSH, the fallback to it, and prebind, against a hand-written connection manager.

use std::collections::BTreeMap;

use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::xml::{Element, parse};

use crate::api::*;
use crate::test_bench::{ACCOUNT, Bench, settings};

const BODY: &str = "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:stream='http://etherx.jabber.org/streams'";

fn both() -> Settings {
    Settings { bosh_url: Some(String::from("https://x.y/bosh")), ..settings() }
}

fn form() -> Command {
    let jid = BareJid::new(ACCOUNT).expect("a jid");
    Command::SignIn(SignIn::Password { jid, password: Password(String::from("secret")) })
}

fn bench(settings: Settings, device: BTreeMap<String, String>) -> Bench {
    Bench::with(settings, crate::features::all(), device, BTreeMap::new())
}

fn post(bench: &mut Bench) -> (RequestId, Element) {
    let at = bench.requests.iter().position(|(_, http)| http.method == Method::Post).expect("a POST");
    let (request, http) = bench.requests.remove(at).expect("there");
    assert_eq!(http.url, "https://x.y/bosh");
    (request, parse(http.body.as_deref().expect("a body")).expect("XML"))
}

fn reply(bench: &mut Bench, request: RequestId, status: u16, body: &str) {
    let response =
        HttpResponse { status, content_type: String::from("text/xml"), redirected: false, body: String::from(body) };
    bench.input(Input::Response { request, result: Ok(response) });
}

/// Creates the session, signs in by PLAIN and binds.
fn negotiate(bench: &mut Bench) {
    let (request, body) = post(bench);
    assert_eq!((body.attr("to"), body.attr("ver").is_some()), (Some("x.y"), true));
    let created = [
        BODY,
        " sid='s1' wait='55' hold='1' requests='2' inactivity='60' ver='1.6' from='x.y'><stream:features>\
         <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>\
         </stream:features></body>",
    ]
    .concat();
    reply(bench, request, 200, &created);
    let (request, body) = post(bench);
    assert!(body.children().any(|c| c.name() == "auth"));
    reply(bench, request, 200, &[BODY, "><success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></body>"].concat());
    let (request, body) = post(bench);
    assert_eq!(body.attr_ns("urn:xmpp:xbosh", "restart"), Some("true"));
    let features = "><stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features></body>";
    reply(bench, request, 200, &[BODY, features].concat());
    let (request, body) = post(bench);
    let id = body.children().next().and_then(|iq| iq.attr("id")).expect("an iq");
    let bound = [
        BODY,
        "><iq xmlns='jabber:client' type='result' id='",
        id,
        "'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>me@x.y/r</jid></bind></iq></body>",
    ]
    .concat();
    reply(bench, request, 200, &bound);
}

#[test]
fn bosh_follows_a_websocket_that_does_not_open_and_is_remembered_for_a_day() {
    let mut bench = self::bench(both(), BTreeMap::new());
    bench.command(form());
    assert_eq!(bench.opened.len(), 1);
    bench.wait(8_000);
    assert_eq!(bench.closed.len(), 1);
    negotiate(&mut bench);
    assert_eq!(*bench.phase(), Phase::Online);
    assert!(bench.events.iter().any(|e| matches!(e, Event::Connected { transport: Transport::Bosh, .. })));
    let device = bench.device.clone();
    assert!(device.contains_key("me@x.y/connection/bosh"));

    let mut next = self::bench(both(), device.clone());
    next.now = bench.now;
    next.command(form());
    assert!(next.opened.is_empty(), "BOSH goes first");
    let (request, _) = post(&mut next);
    reply(&mut next, request, 404, "not here");
    assert_eq!(next.opened.len(), 1, "and WebSocket when BOSH fails");

    let mut later = self::bench(both(), device);
    later.now = bench.now;
    later.now.wall = later.now.wall.plus(25 * 3_600_000);
    later.command(form());
    assert_eq!(later.opened.len(), 1, "after a day WebSocket has another chance");
}

#[test]
fn an_own_message_is_sent_when_the_server_has_answered_behind_it() {
    let mut bench = self::bench(Settings { websocket_url: None, ..both() }, BTreeMap::new());
    bench.command(form());
    negotiate(&mut bench);
    bench.open_chat("you@x.y");
    bench.say("you@x.y", "hi");
    let mut ping = None;
    for _ in 0..40 {
        let Some(at) = bench.requests.iter().position(|(_, http)| http.method == Method::Post) else { break };
        let (request, http) = bench.requests.remove(at).expect("there");
        let body = parse(http.body.as_deref().expect("a body")).expect("XML");
        let answers: String = body
            .children()
            .filter(|iq| iq.name() == "iq")
            .map(|iq| {
                let id = iq.attr("id").expect("an id");
                if id.starts_with("barrier") {
                    ping = Some(String::from(id));
                }
                let from = iq.attr("to").map(|to| ["' from='", to].concat()).unwrap_or_default();
                ["<iq xmlns='jabber:client' type='result' id='", id, &from, "'/>"].concat()
            })
            .collect();
        if ping.is_none() {
            assert_eq!(bench.delivery("you@x.y", "hi"), Delivery::Pending);
        }
        reply(&mut bench, request, 200, &[BODY, ">", &answers, "</body>"].concat());
    }
    assert!(ping.is_some());
    assert_eq!(bench.delivery("you@x.y", "hi"), Delivery::Sent);
}

fn prebind(bench: &mut Bench, body: &str) {
    let (request, http) = bench.requests.pop_front().expect("asks the site");
    assert_eq!((http.url.as_str(), http.credentials), ("/prebind", true));
    let response = HttpResponse {
        status: 200,
        content_type: String::from("application/json"),
        redirected: false,
        body: String::from(body),
    };
    bench.input(Input::Response { request, result: Ok(response) });
}

#[test]
fn a_session_of_the_site_counts_when_it_has_answered() {
    let mut bench = self::bench(both(), BTreeMap::new());
    bench.command(Command::SignIn(SignIn::Prebind { url: String::from("/prebind") }));
    prebind(&mut bench, r#"{"jid":"me@x.y/pb","sid":"s9","rid":"1484750777"}"#);
    assert!(bench.opened.is_empty(), "a BOSH session needs BOSH");
    let (request, body) = post(&mut bench);
    assert_eq!((body.attr("sid"), body.attr("rid")), (Some("s9"), Some("1484750777")));
    assert!(body.children().any(|iq| iq.child("ping", ns::PING).is_some()), "an empty request would be held");
    assert_eq!(*bench.phase(), Phase::Connecting, "not before an answer");
    reply(&mut bench, request, 200, &[BODY, "/>"].concat());
    assert_eq!(*bench.phase(), Phase::Online);
    let session = bench.view.session.clone().expect("a session");
    assert_eq!(session.jid.as_ref().map(|jid| jid.as_str()), Some("me@x.y/pb"));
}

#[test]
fn a_dead_session_is_never_attached_twice_and_the_site_is_spared() {
    let mut bench = self::bench(both(), BTreeMap::new());
    bench.command(Command::SignIn(SignIn::Prebind { url: String::from("/prebind") }));
    let mut asked = 0;
    let mut rid = 1_000;
    for _ in 0..600 {
        if bench.requests.front().is_some_and(|(_, http)| http.method == Method::Get) {
            asked += 1;
            rid += 10;
            let body =
                [r#"{"jid":"me@x.y/pb","sid":"s"#, &asked.to_string(), r#"","rid":"#, &rid.to_string(), "}"].concat();
            prebind(&mut bench, &body);
            let (request, body) = post(&mut bench);
            assert_eq!(body.attr("sid"), Some(["s", &asked.to_string()].concat().as_str()));
            reply(&mut bench, request, 200, &[BODY, " type='terminate' condition='item-not-found'/>"].concat());
            assert!(bench.requests.is_empty(), "not at once");
        }
        bench.wait(100);
    }
    assert!((2..=10).contains(&asked), "{asked} calls in a minute");
    assert!(!bench.events.iter().any(|e| matches!(e, Event::Connected { .. })));
}

#[test]
fn a_site_that_answers_nonsense_is_named_and_asked_again_later() {
    let mut bench = self::bench(both(), BTreeMap::new());
    bench.command(Command::SignIn(SignIn::Prebind { url: String::from("/prebind") }));
    prebind(&mut bench, "<html>please sign in</html>");
    assert!(matches!(bench.events[..], [Event::SignInFailed(SignInError::Site { status: 200, .. })]));
    assert!(matches!(bench.phase(), Phase::Reconnecting { at: Some(_), .. }));
    bench.wait(61_000);
    assert_eq!(bench.requests.len(), 1);
}
