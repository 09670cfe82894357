//! Client and server joined under virtual time, over a network that loses, delays, doubles and reorders.
//!
//! The reference model is four lists: what each side was given to send and what the other side got. The judge also
//! looks at the wire: a response must not leave before the stanzas of its request, and of all before it, are durable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::*;
use crate::transport::bosh_server::{self as server, BoshServer, Config, RequestKey};

/// How bad the network is.
#[derive(Clone, Copy, Debug)]
struct Weather {
    /// Of 100 requests or responses, so many are lost.
    loss: u64,
    /// Of 100 requests, so many arrive twice.
    doubled: u64,
    /// The longest delay of one way, in milliseconds.
    delay: u64,
    /// The longest time a store takes, in milliseconds.
    store: u64,
    /// Whether the server notices closed sockets.
    notices: bool,
}

const FAIR: Weather = Weather { loss: 0, doubled: 0, delay: 40, store: 0, notices: true };

enum Happening {
    AtServer { rid: Rid, attempt: u32, text: String, copy: bool },
    AtClient { rid: Rid, attempt: u32, status: u16, text: String },
    Failed { rid: Rid, attempt: u32 },
    Gone { key: RequestKey },
    Stored { seq: u64 },
    ClientTimer,
    ServerTimer,
    ClientSends,
    ServerSends,
}

struct World {
    seed: u64,
    random: u64,
    weather: Weather,
    now: u64,
    client: BoshClient,
    server: BoshServer,
    /// By time, then by order of scheduling.
    agenda: BTreeMap<(u64, u64), Happening>,
    scheduled: u64,
    arrivals: u64,
    timers: [Option<(u64, u64)>; 2],
    /// Which request a key belongs to; a copy's answer goes nowhere.
    keys: BTreeMap<u64, (Rid, u32, bool)>,
    given_up: BTreeSet<(Rid, u32)>,
    sent: [Vec<String>; 2],
    got: [Vec<String>; 2],
    /// The stanzas of each rid, and those that are durable.
    carried: BTreeMap<Rid, Vec<String>>,
    numbered: BTreeMap<u64, String>,
    durable: BTreeSet<String>,
    last_stored_at: u64,
    ended: Vec<String>,
}

impl World {
    fn new(seed: u64, weather: Weather, config: Config) -> Self {
        let mut world = World {
            seed,
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            weather,
            now: 1_000,
            client: BoshClient::new(),
            server: BoshServer::new(Arc::new(config), "sid".into()),
            agenda: BTreeMap::new(),
            scheduled: 0,
            arrivals: 0,
            timers: [None, None],
            keys: BTreeMap::new(),
            given_up: BTreeSet::new(),
            sent: [Vec::new(), Vec::new()],
            got: [Vec::new(), Vec::new()],
            carried: BTreeMap::new(),
            numbered: BTreeMap::new(),
            durable: BTreeSet::new(),
            last_stored_at: 0,
            ended: Vec::new(),
        };
        let start = Start { to: "example.com".into(), from: None, lang: None, wait: 20, random: seed, attach: None };
        // The creation itself is made in fair weather: a lost creation response creates a second session.
        let weather = std::mem::replace(&mut world.weather, FAIR);
        world.client_input(Input::Start(Box::new(start)));
        world.run_until(2_000);
        world.server_input(server::Input::Authenticated);
        world.weather = weather;
        world
    }

    /// xorshift64*
    fn random(&mut self, below: u64) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % below.max(1)
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.random(100) < chance
    }

    fn delay(&mut self) -> u64 {
        let most = self.weather.delay;
        1 + self.random(most)
    }

    fn schedule(&mut self, at: u64, what: Happening) -> (u64, u64) {
        self.scheduled += 1;
        let slot = (at.max(self.now), self.scheduled);
        self.agenda.insert(slot, what);
        slot
    }

    fn later(&mut self, what: Happening) {
        let at = self.now + self.delay();
        self.schedule(at, what);
    }

    fn clock(&self) -> Now {
        Now { mono: Mono(self.now), wall: Timestamp(0) }
    }

    fn client_input(&mut self, input: Input<'_>) {
        self.client.handle_input(self.clock(), input);
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Request { rid, attempt, body, timeout_ms } => self.post(rid, attempt, body, timeout_ms),
                Output::Cancel { rid, attempt } => self.hang_up(rid, attempt),
                Output::Event(Event::Received(element)) => self.got[1].push(id_of(&element)),
                Output::Event(Event::Terminated(end)) => self.ended.push(format!("{end:?}")),
                Output::Event(Event::Lost(reason)) => self.ended.push(format!("{reason:?}")),
                Output::Event(_) => {}
                Output::SetTimer(at) => self.set_timer(0, at, Happening::ClientTimer),
            }
        }
    }

    fn set_timer(&mut self, whose: usize, at: Option<Mono>, what: Happening) {
        if let Some(slot) = self.timers[whose].take() {
            self.agenda.remove(&slot);
        }
        self.timers[whose] = at.map(|at| self.schedule(at.0, what));
    }

    fn post(&mut self, rid: Rid, attempt: u32, text: String, timeout_ms: u64) {
        let body = Body::read_request(&text, &Limits::default()).expect("a client's own body");
        let carried = self.carried.entry(rid).or_insert_with(|| ids(body.payloads.iter()));
        assert_eq!(*carried, ids(body.payloads.iter()), "§14.3: an exact copy, seed {}", self.seed);
        if self.percent(self.weather.loss) {
            return self.later(Happening::Failed { rid, attempt });
        }
        if self.percent(self.weather.doubled) {
            self.later(Happening::AtServer { rid, attempt, text: text.clone(), copy: true });
        }
        let at = self.now + timeout_ms;
        self.schedule(at, Happening::Failed { rid, attempt });
        self.later(Happening::AtServer { rid, attempt, text, copy: false });
    }

    fn hang_up(&mut self, rid: Rid, attempt: u32) {
        self.given_up.insert((rid, attempt));
        let key = self.keys.iter().find(|(_, is)| **is == (rid, attempt, false)).map(|(key, _)| RequestKey(*key));
        if let Some(key) = key.filter(|_| self.weather.notices) {
            self.later(Happening::Gone { key });
        }
    }

    fn server_input(&mut self, input: server::Input) {
        self.server.handle_input(self.clock(), input);
        while let Some(output) = self.server.poll_output() {
            match output {
                server::Output::Respond { key, status, body } => self.respond(key, status, body),
                server::Output::Received { seq, element } => {
                    self.got[0].push(id_of(&element));
                    self.numbered.insert(seq, id_of(&element));
                    // A store completes in order, at its own pace.
                    let store = self.weather.store;
                    self.last_stored_at = self.last_stored_at.max(self.now + self.random(store));
                    self.schedule(self.last_stored_at, Happening::Stored { seq });
                }
                server::Output::StreamStart(_) => {
                    self.later(Happening::ServerSends);
                }
                server::Output::Closed(reason) => self.ended.push(format!("{reason:?}")),
                server::Output::SetTimer(at) => self.set_timer(1, at, Happening::ServerTimer),
            }
        }
    }

    fn respond(&mut self, key: RequestKey, status: u16, text: String) {
        let (rid, attempt, copy) = self.keys.remove(&key.0).expect("every key is answered once");
        let body = Body::read_response(&text, &Limits::default()).expect("the server's own body");
        if body.type_.is_none() {
            for id in self.carried.range(..=rid).flat_map(|(_, ids)| ids) {
                assert!(self.durable.contains(id), "{id} acknowledged before it was durable, seed {}", self.seed);
            }
        }
        if copy {
            return;
        }
        if self.percent(self.weather.loss) {
            self.later(Happening::Failed { rid, attempt });
        } else {
            self.later(Happening::AtClient { rid, attempt, status, text });
        }
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::AtServer { rid, attempt, text, copy } => {
                let body = Body::read_request(&text, &Limits::default()).expect("a client's own body");
                self.arrivals += 1;
                let key = RequestKey(self.arrivals);
                self.keys.insert(key.0, (rid, attempt, copy));
                self.server_input(server::Input::Request { key, body: Box::new(body) });
                if !copy && self.given_up.contains(&(rid, attempt)) && self.weather.notices {
                    self.later(Happening::Gone { key });
                }
            }
            Happening::AtClient { rid, attempt, status, text } if !self.given_up.contains(&(rid, attempt)) => {
                self.client_input(Input::Response { rid, attempt, status, body: &text });
            }
            Happening::Failed { rid, attempt } => self.client_input(Input::RequestFailed { rid, attempt }),
            Happening::Gone { key } => {
                self.server_input(server::Input::RequestGone { key });
            }
            Happening::Stored { seq } => {
                self.durable.extend(self.numbered.range(..=seq).map(|(_, id)| id.clone()));
                self.server_input(server::Input::Handled { seq });
            }
            Happening::ClientTimer => {
                self.timers[0] = None;
                self.client_input(Input::Timer);
            }
            Happening::ServerTimer => {
                self.timers[1] = None;
                self.server_input(server::Input::Timer);
            }
            Happening::ClientSends => {
                let id = format!("c{}", self.sent[0].len());
                self.sent[0].push(id.clone());
                self.client_input(Input::Send(vec![stanza(&id)]));
            }
            Happening::ServerSends => {
                let id = format!("s{}", self.sent[1].len());
                self.sent[1].push(id.clone());
                self.server_input(server::Input::Send(stanza(&id)));
            }
            Happening::AtClient { .. } => {}
        }
    }

    fn run_until(&mut self, end: u64) {
        let mut steps = 0;
        while let Some((&(at, n), _)) = self.agenda.first_key_value() {
            if at > end || !self.ended.is_empty() {
                break;
            }
            steps += 1;
            assert!(steps < 200_000, "a loop without end, seed {}", self.seed);
            self.now = at;
            if let Some(what) = self.agenda.remove(&(at, n)) {
                self.happen(what);
            }
        }
        self.now = end;
    }

    /// A conversation of a minute, then fair weather until everything has settled.
    fn converse(&mut self) {
        for _ in 0..60 {
            let (at, who) = (self.now + self.random(60_000), self.random(2));
            self.schedule(at, if who == 0 { Happening::ClientSends } else { Happening::ServerSends });
        }
        self.run_until(self.now + 60_000);
        self.weather = FAIR;
        self.run_until(self.now + 60_000);
    }

    fn assert_exactly_once_in_order(&self) {
        assert_eq!(self.ended, Vec::<String>::new(), "seed {}, {:?}", self.seed, self.weather);
        assert_eq!(self.got[0], self.sent[0], "client to server, seed {}, {:?}", self.seed, self.weather);
        assert_eq!(self.got[1], self.sent[1], "server to client, seed {}, {:?}", self.seed, self.weather);
    }
}

fn id_of(element: &Element) -> String {
    element.attr("id").unwrap_or_default().to_owned()
}

fn patient() -> Config {
    Config { wait_max: 20, ..Config::default() }
}

#[test]
fn every_stanza_arrives_exactly_once_and_in_order() {
    for seed in 0..600 {
        let mut world = World::new(seed, FAIR, patient());
        world.weather = Weather {
            loss: world.random(25),
            doubled: world.random(20),
            delay: [5, 200, 2_000][world.random(3) as usize],
            store: [0, 50, 3_000][world.random(3) as usize],
            notices: world.random(2) == 0,
        };
        world.converse();
        world.assert_exactly_once_in_order();
    }
}

#[test]
fn in_fair_weather_a_stanza_needs_one_way_and_two_requests_are_enough() {
    let mut world = World::new(7, FAIR, patient());
    world.converse();
    world.assert_exactly_once_in_order();
    assert!(world.keys.len() <= 1, "one request is held when all is quiet");
    // 60 stanzas and some empty responses; a client that spins would make thousands.
    let requests = world.carried.len();
    assert!((30..150).contains(&requests), "{requests}");
}

#[test]
fn a_store_that_stops_ends_the_session_and_acknowledges_nothing() {
    let weather = Weather { store: 10_000_000, ..FAIR };
    let mut world = World::new(3, weather, patient());
    world.schedule(world.now, Happening::ClientSends);
    world.run_until(world.now + 120_000);
    assert_eq!(world.ended, ["NotHandled"]);
    assert!(!world.durable.contains("c0"));
}

#[test]
fn after_a_reload_the_next_rid_goes_on_and_the_stanzas_since_are_not_lost() {
    for seed in 0..50 {
        let mut world = World::new(seed, FAIR, patient());
        world.schedule(world.now + 1_000, Happening::ClientSends);
        world.schedule(world.now + 1_500, Happening::ServerSends);
        world.run_until(world.now + 3_000);
        if seed % 2 == 0 {
            // Its last request never arrives.
            world.weather = Weather { loss: 100, ..FAIR };
            world.client_input(Input::Send(vec![stanza("given up with the page")]));
            world.weather = FAIR;
        }
        // The page goes away; its sockets close.
        let session = world.client.session().expect("open");
        world.carried.clear();
        let open: Vec<u64> = world.keys.keys().copied().collect();
        world.agenda.retain(|_, what| matches!(what, Happening::ServerTimer | Happening::Stored { .. }));
        world.timers[0] = None;
        for key in open {
            world.server_input(server::Input::RequestGone { key: RequestKey(key) });
        }
        world.schedule(world.now + 500, Happening::ServerSends);
        world.run_until(world.now + 1_000);
        world.client = BoshClient::new();
        let (to, attach) = ("example.com".to_owned(), Some(session));
        world.client_input(Input::Start(Box::new(Start { to, from: None, lang: None, wait: 20, random: 1, attach })));
        world.converse();
        world.assert_exactly_once_in_order();
    }
}

#[test]
fn an_orderly_end_is_seen_by_both() {
    let mut world = World::new(5, FAIR, patient());
    world.client_input(Input::Terminate(vec![stanza("bye")]));
    while world.ended.len() < 2 {
        let (&slot, _) = world.agenda.first_key_value().expect("something happens until both have ended");
        world.now = slot.0;
        let what = world.agenda.remove(&slot).expect("it was there");
        world.happen(what);
    }
    assert_eq!(world.got[0], ["bye"]);
    assert!(world.ended[0].contains("Terminated") && world.ended[1].contains("Terminated"), "{:?}", world.ended);
}
