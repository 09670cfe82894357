//! SASL2, tokens and the session over a reload, against a hand-written server.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp_stream::sasl::token;

use crate::api::*;
use crate::test_bench::{ACCOUNT, Bench, settings};

const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='x.y' id='1' version='1.0'/>";
const OFFER: &str = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
    <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>\
    <authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism><inline><sm xmlns='urn:xmpp:sm:3'/>\
    <bind xmlns='urn:xmpp:bind:0'/><fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism></fast>\
    </inline></authentication></stream:features>";
const FEATURES: &str = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
    <ver xmlns='urn:xmpp:features:rosterver'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>";
const CONTACT: &str = "<item jid='you@x.y' subscription='both'/>";

fn form() -> Command {
    let jid = BareJid::new(ACCOUNT).expect("a jid");
    Command::SignIn(SignIn::Password { jid, password: Password(String::from("secret")) })
}

/// A page of a tab that holds these rows.
fn page(device: &BTreeMap<String, String>, tab: &BTreeMap<String, String>) -> Bench {
    let settings = Settings { resource: None, ..settings() };
    Bench::with(settings, crate::features::all(), device.clone(), tab.clone())
}

fn success(token: &str, inner: &str) -> String {
    let data = STANDARD.encode(token::responder(token));
    ["<success xmlns='urn:xmpp:sasl:2'><additional-data>", &data, "</additional-data>", inner, "</success>"].concat()
}

/// Signed in by password, with a token and a session that can be resumed.
fn signed_in() -> Bench {
    let mut bench = page(&BTreeMap::new(), &BTreeMap::new());
    bench.command(form());
    let socket = bench.socket.expect("connects");
    bench.input(Input::Opened(socket));
    assert_eq!(bench.next().attr("from"), Some(ACCOUNT));
    assert!(bench.sent.is_empty(), "nothing to say in advance");
    bench.feed(OPEN);
    bench.feed(OFFER);
    let authenticate = bench.next();
    assert!(authenticate.is("authenticate", ns::SASL2) && authenticate.attr("mechanism") == Some("PLAIN"));
    assert!(authenticate.child("request-token", ns::FAST).is_some());
    bench.feed(
        "<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>me@x.y/web/1</authorization-identifier>\
         <bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='sm-1' resume='true'/></bound>\
         <token xmlns='urn:xmpp:fast:0' token='first' expiry='2030-01-01T00:00:00Z'/></success>",
    );
    bench.feed(FEATURES);
    assert_eq!(*bench.phase(), Phase::Online);
    bench.settle_with("", CONTACT);
    bench
}

/// The tab's next page, which has said all it can before it has heard anything.
fn reloaded(mut before: Bench) -> (Bench, xmpp::xml::Element) {
    before.input(Input::Page(PageEvent::Unload));
    let mut bench = page(&before.device, &before.tab);
    bench.now = before.now;
    bench.command(Command::SignIn(SignIn::Restore));
    let socket = bench.socket.expect("connects");
    bench.input(Input::Opened(socket));
    assert_eq!(bench.next().name(), "open");
    let authenticate = bench.next();
    assert_eq!(authenticate.attr("mechanism"), Some("HT-SHA-256-NONE"));
    bench.feed(OPEN);
    bench.feed(OFFER);
    (bench, authenticate)
}

#[test]
fn with_a_token_the_tab_keeps_neither_password_nor_keys() {
    let bench = signed_in();
    let keys: Vec<&str> = bench.tab.keys().map(String::as_str).collect();
    assert_eq!(keys, ["session/token"]);
    assert!(!bench.tab.values().chain(bench.device.values()).any(|row| row.contains("secret")));
    assert_eq!(bench.device.get("me@x.y/connection/sasl2").map(String::as_str), Some("1"));
}

#[test]
fn a_reload_goes_on_with_the_session_in_one_round_trip() {
    let mut before = signed_in();
    before.feed("<presence from='you@x.y/phone'><show>away</show><status>at sea</status></presence>");
    before.feed("<presence from='new@x.y' type='subscribe'/>");
    let (mut bench, authenticate) = reloaded(before);
    assert!(!bench.tab.contains_key("session/sm"), "a duplicated tab must not find it");
    let resume = authenticate.child("resume", ns::SM).expect("resumes");
    // The roster, the account's and the server's features, and so on were answered before the two presences.
    assert_eq!(resume.attr("previd"), Some("sm-1"));
    assert!(resume.attr("h").and_then(|h| h.parse().ok()).is_some_and(|h: u32| h > 2));
    assert_eq!(authenticate.child("fast", ns::FAST).and_then(|fast| fast.attr("count")), Some("1"));
    let inner = "<authorization-identifier>me@x.y/web/1</authorization-identifier>\
        <resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='40'/>";
    bench.feed(&success("first", inner));
    assert_eq!(*bench.phase(), Phase::Online);
    assert!(matches!(bench.events[..], [Event::Connected { resumed: true, .. }]), "{:?}", bench.events);
    // What the server had kept, before the page knows whom it is from.
    bench.feed("<message from='you@x.y/phone' type='chat' id='m1'><body>hello</body></message>");
    bench.settle_with("", CONTACT);
    let you = BareJid::new("you@x.y").expect("a jid");
    let contact = bench.view.contacts.get(&you).expect("a contact");
    assert_eq!((contact.availability, contact.status.as_deref()), (Availability::Away, Some("at sea")));
    assert_eq!(bench.view.requests.len(), 1);
    bench.open_chat("you@x.y");
    assert_eq!(bench.texts("you@x.y"), ["hello"]);
    // Counting goes on from what the server said.
    bench.feed("<a xmlns='urn:xmpp:sm:3' h='40'/>");
    assert_eq!(*bench.phase(), Phase::Online);
}

#[test]
fn who_left_during_a_reload_is_not_shown_as_there() {
    let mut before = signed_in();
    before.feed("<presence from='you@x.y/phone'/>");
    let (mut bench, _) = reloaded(before);
    let inner = "<authorization-identifier>me@x.y/web/1</authorization-identifier>\
        <resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='1'/>";
    bench.feed(&success("first", inner));
    bench.feed("<presence from='you@x.y/phone' type='unavailable'/>");
    bench.settle_with("", CONTACT);
    let you = BareJid::new("you@x.y").expect("a jid");
    assert_eq!(bench.view.contacts.get(&you).map(|contact| contact.availability), Some(Availability::Offline));
}

#[test]
fn a_session_that_is_gone_is_followed_by_another_in_the_same_answer() {
    let mut before = signed_in();
    before.feed("<presence from='you@x.y/phone'/>");
    let (mut bench, _) = reloaded(before);
    let inner = "<authorization-identifier>me@x.y/web/1</authorization-identifier><failed xmlns='urn:xmpp:sm:3' h='3'/>\
        <bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='sm-2' resume='true'/></bound>\
        <token xmlns='urn:xmpp:fast:0' token='second' expiry='2030-01-01T00:00:00Z'/>";
    bench.feed(&success("first", inner));
    bench.feed(FEATURES);
    assert!(matches!(bench.events[..], [Event::Connected { resumed: false, .. }]), "{:?}", bench.events);
    bench.settle_with("", CONTACT);
    let you = BareJid::new("you@x.y").expect("a jid");
    assert_eq!(bench.view.contacts.get(&you).map(|contact| contact.availability), Some(Availability::Offline));
    assert!(bench.tab.values().any(|row| row.contains("\nsecond\n0\n")));
    let (_, authenticate) = reloaded(bench);
    assert_eq!(authenticate.child("resume", ns::SM).and_then(|resume| resume.attr("previd")), Some("sm-2"));
}

#[test]
fn a_reload_after_a_crash_binds_anew() {
    let mut before = signed_in();
    before.tab.remove("session/sm");
    let mut bench = page(&before.device, &before.tab);
    bench.command(Command::SignIn(SignIn::Restore));
    let socket = bench.socket.expect("connects");
    bench.input(Input::Opened(socket));
    let authenticate = bench.find(|e| e.name() == "authenticate").expect("signs in");
    assert!(authenticate.child("resume", ns::SM).is_none() && authenticate.child("bind", ns::BIND2).is_some());
}

#[test]
fn a_refused_token_asks_the_person_and_is_forgotten() {
    let (mut bench, _) = reloaded(signed_in());
    bench.feed(
        "<failure xmlns='urn:xmpp:sasl:2'><credentials-expired xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>",
    );
    assert_eq!(*bench.phase(), Phase::SignedOut { error: Some(SignInError::NotAuthorized) });
    assert!(bench.tab.is_empty(), "{:?}", bench.tab);
    bench.wait(600_000);
    assert_eq!(bench.opened.len(), 1, "no loop");
}

#[test]
fn a_refused_token_gives_way_to_the_password_of_the_same_page() {
    let mut bench = signed_in();
    bench.break_connection();
    let socket = bench.socket.expect("tries again");
    bench.input(Input::Opened(socket));
    assert_eq!(bench.find(|e| e.name() == "authenticate").expect("a token").attr("mechanism"), Some("HT-SHA-256-NONE"));
    bench.feed(OPEN);
    bench.feed(OFFER);
    bench.feed("<failure xmlns='urn:xmpp:sasl:2'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>");
    assert!(!bench.tab.contains_key("session/token"));
    let again = bench.find(|e| e.name() == "authenticate").expect("tries the password");
    assert_eq!(again.attr("mechanism"), Some("PLAIN"));
    assert!(again.child("request-token", ns::FAST).is_some() && again.child("resume", ns::SM).is_some());
}

#[test]
fn a_storage_that_cannot_say_costs_no_token() {
    let (mut bench, _) = reloaded(signed_in());
    let later = "<temporary-auth-failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
    bench.feed(&["<failure xmlns='urn:xmpp:sasl:2'>", later, "</failure>"].concat());
    assert!(matches!(bench.phase(), Phase::Reconnecting { .. }), "{:?}", bench.phase());
    assert!(bench.tab.contains_key("session/token"));
    while bench.socket.is_none() {
        bench.wait(500);
    }
    bench.sent.clear();
    let socket = bench.socket.expect("tries again");
    bench.input(Input::Opened(socket));
    let fast = bench.find(|e| e.name() == "authenticate").and_then(|e| e.child("fast", ns::FAST).cloned());
    assert!(fast.and_then(|fast| fast.attr("count")?.parse().ok()).is_some_and(|count: u32| count > 1));
}

#[test]
fn a_server_without_tokens_any_more_asks_the_person() {
    let mut before = signed_in();
    before.input(Input::Page(PageEvent::Unload));
    let mut bench = page(&before.device, &before.tab);
    bench.command(Command::SignIn(SignIn::Restore));
    let socket = bench.socket.expect("connects");
    bench.input(Input::Opened(socket));
    bench.feed(OPEN);
    bench.feed(&OFFER.replace("HT-SHA-256-NONE", "HT-SHA-256-EXPR"));
    assert_eq!(*bench.phase(), Phase::SignedOut { error: Some(SignInError::NotAuthorized) });
    bench.wait(600_000);
    assert_eq!(bench.opened.len(), 1, "no loop");
}

#[test]
fn signing_out_gives_the_token_up() {
    let mut bench = signed_in();
    let first = bench.socket.expect("open");
    bench.command(Command::SignOut { forget: false });
    assert!(!bench.tab.keys().any(|key| key.starts_with("session/")));
    assert!(bench.closed.contains(&first) && bench.socket.is_none());
    bench.wait(100);
    let socket = bench.socket.expect("one more, to say it");
    bench.sent.clear();
    bench.input(Input::Opened(socket));
    assert_eq!(bench.next().name(), "open");
    let authenticate = bench.next();
    let fast = authenticate.child("fast", ns::FAST).expect("by token");
    assert_eq!(fast.attr("invalidate"), Some("true"));
    assert!(authenticate.child("bind", ns::BIND2).is_none() && authenticate.child("resume", ns::SM).is_none());
    bench.feed(OPEN);
    bench.feed(OFFER);
    bench.feed(&success("first", "<authorization-identifier>me@x.y</authorization-identifier>"));
    assert!(bench.closed.contains(&socket) && bench.socket.is_none());
    assert_eq!(*bench.phase(), Phase::SignedOut { error: None });
    bench.wait(600_000);
    assert_eq!(bench.opened.len(), 2);
}

#[test]
fn an_element_that_is_removed_begins_nothing() {
    let mut bench = signed_in();
    bench.command(Command::SignOut { forget: false });
    bench.input(Input::Page(PageEvent::Unload));
    bench.wait(60_000);
    assert_eq!((bench.opened.len(), bench.timer), (1, None));
    assert!(!bench.tab.keys().any(|key| key.starts_with("session/")));
}

#[test]
fn nobody_waits_for_a_farewell_that_does_not_come_through() {
    let mut bench = signed_in();
    bench.command(Command::SignOut { forget: true });
    bench.wait(60_000);
    assert!(bench.socket.is_none() && bench.timer.is_none(), "{:?}", bench.timer);
    assert_eq!(*bench.phase(), Phase::SignedOut { error: None });
}

#[test]
fn over_bosh_the_older_resumption_is_not_tried_after_a_reload() {
    let mut before = signed_in();
    before.input(Input::Page(PageEvent::Unload));
    before.device.remove("me@x.y/connection/sasl2");
    let tab = before.tab.clone();
    let bosh = Settings {
        resource: None,
        websocket_url: None,
        bosh_url: Some(String::from("https://x.y/bosh")),
        ..settings()
    };
    let mut bench = Bench::with(bosh, crate::features::all(), before.device.clone(), tab);
    bench.command(Command::SignIn(SignIn::Restore));
    let (request, _) = bench.requests.pop_front().expect("creates a session");
    let body = [
        "<body xmlns='http://jabber.org/protocol/httpbind' sid='s' wait='5' requests='2' hold='1' ver='1.6' from='x.y' \
         xmlns:stream='http://etherx.jabber.org/streams'>",
        OFFER,
        "</body>",
    ]
    .concat();
    let content_type = String::from("text/xml");
    let response = HttpResponse { status: 200, content_type, redirected: false, body };
    bench.input(Input::Response { request, result: Ok(response) });
    let (_, http) = bench.requests.pop_front().expect("signs in");
    let body = http.body.expect("a body");
    assert!(body.contains("HT-SHA-256-NONE") && !body.contains("<resume"), "{body}");
}
