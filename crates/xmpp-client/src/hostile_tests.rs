//! Whatever a server or a stranger sends, the client neither panics nor loses its view: frames from a corpus, cut, doubled,
//! crossed and spoiled, at every stage of a session.

use crate::api::*;
use crate::random::Random;
use crate::test_bench::{Bench, chat};

const CORPUS: [&str; 24] = [
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='x.y' id='1' version='1.0'/>",
    "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='wss://evil.example/'/>",
    "<stream:features xmlns:stream='http://etherx.jabber.org/streams'><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism></mechanisms><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>",
    "<stream:error xmlns:stream='http://etherx.jabber.org/streams'><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dj1hYmM=</success>",
    "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>cj1hLHM9YixpPTQwOTY=</challenge>",
    "<failed xmlns='urn:xmpp:sm:3' h='4294967295'/>",
    "<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='99999999999'/>",
    "<a xmlns='urn:xmpp:sm:3' h='-1'/>",
    "<r xmlns='urn:xmpp:sm:3'/>",
    "<iq xmlns='jabber:client' type='set' id='1'><query xmlns='jabber:iq:roster' ver='v'><item jid='a@b' name='&#x202E;x' subscription='both' ask='subscribe'><group/></item></query></iq>",
    "<iq xmlns='jabber:client' type='get' id='2' from='x.y'><query xmlns='http://jabber.org/protocol/disco#info' node='n#v'/></iq>",
    "<iq xmlns='jabber:client' type='result' id='barrier-1' from='x.y'/>",
    "<iq xmlns='jabber:client' type='error' id='3'><error type='wait'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    "<presence xmlns='jabber:client' from='you@x.y/1'><show>xa</show><priority>999</priority><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/><x xmlns='vcard-temp:x:update'><photo>h</photo></x></presence>",
    "<presence xmlns='jabber:client' from='you@x.y' type='subscribe'><nick xmlns='http://jabber.org/protocol/nick'/></presence>",
    "<message xmlns='jabber:client' type='chat' from='you@x.y/1' id='m'><body>hi</body><stanza-id xmlns='urn:xmpp:sid:0' by='me@x.y' id='5'/><origin-id xmlns='urn:xmpp:sid:0' id='o'/><request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/></message>",
    "<message xmlns='jabber:client' type='chat' from='you@x.y/1'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
    "<message xmlns='jabber:client' type='chat' from='you@x.y/1'><displayed xmlns='urn:xmpp:chat-markers:0' id='m'/><received xmlns='urn:xmpp:receipts' id='m'/></message>",
    "<message xmlns='jabber:client' type='error' from='you@x.y' id='m'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    "<message xmlns='jabber:client' from='me@x.y'><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='-9999-01-01T00:00:00Z'/><message xmlns='jabber:client' from='me@x.y/2' to='you@x.y' type='chat'><body>b</body></message></forwarded></sent></message>",
    "<message xmlns='jabber:client' from='me@x.y'><result xmlns='urn:xmpp:mam:2' queryid='QUERY' id='7'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2023-01-01T00:00:00Z'/><message xmlns='jabber:client' from='you@x.y/2' to='me@x.y' type='chat'><body>c</body></message></forwarded></result></message>",
    "<iq xmlns='jabber:client' type='result' id='ANSWER'><fin xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><first>1</first><last>2</last></set></fin></iq>",
    "<iq xmlns='jabber:client' type='result' id='ANSWER'><vCard xmlns='vcard-temp'><FN/><PHOTO><BINVAL>////</BINVAL></PHOTO></vCard></iq>",
];

/// A frame of the corpus, with the client's own ids put in now and then, spoiled now and then.
fn frame(random: &mut Random, bench: &Bench) -> String {
    let mut text = String::from(CORPUS[pick(random, CORPUS.len())]);
    let ids: Vec<&str> = bench.sent.iter().filter_map(|e| e.attr("id")).collect();
    if !ids.is_empty() {
        text = text.replace("ANSWER", ids[pick(random, ids.len())]);
    }
    let queries = bench.sent.iter().flat_map(xmpp::Element::children).filter_map(|q| q.attr("queryid"));
    if let Some(query) = queries.last() {
        text = text.replace("QUERY", query);
    }
    match random.below(6) {
        0 => {
            let mut chars: Vec<char> = text.chars().collect();
            for _ in 0..=random.below(4) {
                let at = pick(random, chars.len());
                chars[at] = ['<', '>', '/', '\'', '&', 'x', '\0', '\u{FFFF}', '9'][pick(random, 9)];
            }
            chars.into_iter().collect()
        }
        1 => text.chars().take(pick(random, text.len())).collect(),
        2 => {
            let other = CORPUS[pick(random, CORPUS.len())];
            let inner = other.replace("me@x.y", "you@x.y");
            text.replacen("><", &[">", &inner, "<"].concat(), 1)
        }
        _ => text,
    }
}

fn pick(random: &mut Random, n: usize) -> usize {
    usize::try_from(random.below(n as u64)).expect("small")
}

#[test]
fn nothing_a_server_sends_panics_or_tears_the_view() {
    for seed in 0..300_u32 {
        let mut bytes = [9; 32];
        bytes[..4].copy_from_slice(&seed.to_be_bytes());
        let mut random = Random::new(bytes);
        let mut bench = Bench::new(crate::features::all());
        let jid = xmpp::BareJid::new("me@x.y").expect("a jid");
        if seed % 3 == 0 {
            bench.command(Command::SignIn(SignIn::Password { jid, password: Password(String::from("secret")) }));
            let socket = bench.socket.expect("a socket");
            bench.input(Input::Opened(socket));
        } else {
            bench.sign_in(if seed % 3 == 1 { "<sm xmlns='urn:xmpp:sm:3'/>" } else { "" });
        }
        bench.open_chat("you@x.y");
        for _ in 0..60 {
            match random.below(12) {
                0 => bench.say("you@x.y", "hello"),
                1 => bench.wait(random.below(40_000)),
                2 => bench.command(Command::LoadHistory { conversation: chat("you@x.y"), gap: None }),
                3 => {
                    let items = bench.view.timelines.get(&chat("you@x.y")).cloned().unwrap_or_default();
                    if let Some(item) = items.get(pick(&mut random, items.len().max(1))) {
                        let (conversation, item) = (chat("you@x.y"), item.id);
                        bench.command(match random.below(4) {
                            0 => Command::MarkRead { conversation, up_to: item },
                            1 => Command::Retry { conversation, item },
                            2 => Command::Discard { conversation, item },
                            _ => Command::LoadHistory { conversation, gap: Some(item) },
                        });
                    }
                }
                _ => {
                    let text = frame(&mut random, &bench);
                    match bench.socket {
                        Some(socket) => bench.input(Input::Text { socket, text: &text }),
                        None => bench.wait(1_000),
                    }
                }
            }
            if let Some((token, _)) = bench.derive.take() {
                bench.input(Input::Derived { token, key: vec![1; pick(&mut random, 40)] });
            }
            // The bench panics if a diff does not fit what the view has; here, that both agree.
            if let Some(conversation) = bench.client.core.state.conversation(&chat("you@x.y"))
                && conversation.timeline.is_shown()
            {
                let rows: Vec<_> = conversation.timeline.rows().iter().map(|row| row.item.clone()).collect();
                assert_eq!(bench.view.timelines.get(&chat("you@x.y")), Some(&rows), "seed {seed}");
            }
        }
    }
}
