//! Many runs with random losses, resumptions, slow and failing storage, slow ways between shards. The judge is the storage and what
//! the devices were handed, not what any session believes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use xmpp::ns;
use xmpp::xml::Element;

use super::world::{World, bare};
use crate::io::ConnId;
use crate::storage::StorageError;

/// xorshift64*
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Offline,
    Resuming,
    Binding,
    Enabling,
    Online,
}

/// A client that keeps the rules of XEP-0198.
struct Device {
    name: &'static str,
    resource: &'static str,
    state: State,
    conn: Option<ConnId>,
    previd: Option<String>,
    /// On its way to the host; lost with the connection.
    wire: VecDeque<String>,
    unacked: VecDeque<String>,
    acked: u32,
    handled: u32,
    /// Archive ids seen in this session.
    session_ids: BTreeSet<String>,
    /// Everything seen: archive id and body, in order, each once.
    seen: Vec<(String, String)>,
    /// To be sent once more: refused with a temporary error.
    again: Vec<String>,
}

impl Device {
    fn new(name: &'static str, resource: &'static str) -> Self {
        Self {
            name,
            resource,
            state: State::Offline,
            conn: None,
            previd: None,
            wire: VecDeque::new(),
            unacked: VecDeque::new(),
            acked: 0,
            handled: 0,
            session_ids: BTreeSet::new(),
            seen: Vec::new(),
            again: Vec::new(),
        }
    }

    fn send(&mut self, stanza: String) {
        if matches!(self.state, State::Online) {
            self.wire.push_back(stanza.clone());
        }
        self.unacked.push_back(stanza);
    }

    fn connect(&mut self, world: &mut World) {
        self.conn = Some(world.connect(self.name));
        self.wire.clear();
        match &self.previd {
            Some(id) => {
                self.wire.push_back(format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='{}'/>", self.handled));
                self.state = State::Resuming;
            }
            None => self.bind(),
        }
    }

    fn bind(&mut self) {
        let bind =
            format!("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{}</resource></bind>", self.resource);
        self.wire.push_back(format!("<iq type='set' id='b'>{bind}</iq>"));
        self.state = State::Binding;
    }

    fn flush(&mut self, world: &mut World, count: usize) {
        for _ in 0..count {
            let (Some(conn), Some(text)) = (self.conn, self.wire.pop_front()) else { return };
            if world.closed(conn).is_some() {
                return self.lost();
            }
            world.send(conn, &text);
        }
    }

    fn lost(&mut self) {
        self.conn = None;
        self.state = State::Offline;
        self.wire.clear();
    }

    /// Reads what has arrived; with `part`, only so many elements of it, and the rest is lost.
    fn read(&mut self, world: &mut World, part: Option<usize>) {
        let Some(conn) = self.conn else { return };
        let elements = world.take(conn);
        let count = part.unwrap_or(elements.len());
        for element in elements.into_iter().take(count) {
            self.element(&element);
        }
        if world.closed(conn).is_some() {
            self.lost();
        }
    }

    fn acknowledged(&mut self, h: u32) {
        let newly = h - self.acked;
        assert!(newly as usize <= self.unacked.len(), "the host acknowledges what was not sent");
        self.unacked.drain(..newly as usize);
        self.acked = h;
    }

    fn element(&mut self, element: &Element) {
        let h = || element.attr("h").map(|h| h.parse::<u32>().expect("a count"));
        match (element.ns(), element.name()) {
            (ns::SM, "a") => self.acknowledged(h().expect("h")),
            (ns::SM, "resumed") => {
                self.acknowledged(h().expect("h"));
                self.state = State::Online;
                self.wire.extend(self.unacked.iter().cloned());
            }
            (ns::SM, "failed") => {
                if let Some(h) = h() {
                    self.acknowledged(h);
                }
                self.previd = None;
                self.bind();
            }
            (ns::SM, "enabled") => {
                self.previd = element.attr("id").map(str::to_owned);
                self.handled = 0;
                self.acked = 0;
                self.session_ids.clear();
                self.state = State::Online;
                // What was not acknowledged in the former session is sent again, under the same ids.
                self.unacked.retain(|stanza| stanza.starts_with("<message"));
                self.unacked.push_front("<presence/>".to_owned());
                self.wire.extend(self.unacked.iter().cloned());
            }
            (ns::CLIENT, "iq") if self.state == State::Binding => {
                self.wire.push_back("<enable xmlns='urn:xmpp:sm:3' resume='true'/>".to_owned());
                self.state = State::Enabling;
            }
            (ns::CLIENT, name) => {
                self.handled += 1;
                if name == "message" {
                    self.message(element);
                }
            }
            _ => {}
        }
    }

    fn message(&mut self, element: &Element) {
        if element.attr("type") == Some("error") {
            let id = element.attr("id").expect("the id").to_owned();
            assert!(element.to_xml().contains("wait"), "only storage refuses: {}", element.to_xml());
            self.again.push(id);
            return;
        }
        let id = element.child("stanza-id", ns::STANZA_ID).and_then(|it| it.attr("id")).expect("archived").to_owned();
        let body = element.child("body", ns::CLIENT).expect("a body").text();
        assert!(self.session_ids.insert(id.clone()), "{body} came twice in one session of {}", self.name);
        if !self.seen.iter().any(|(seen, _)| *seen == id) {
            self.seen.push((id, body));
        }
    }
}

fn message(from: usize, n: usize, to: &str) -> String {
    let id = format!("{from}-{n}-{to}");
    format!(
        "<message to='{to}@example.com' type='chat' id='{id}'><body>{id}</body><origin-id xmlns='urn:xmpp:sid:0' id='{id}'/></message>"
    )
}

/// What goes wrong besides connections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Nothing,
    Storage,
    Restart,
}

fn run(seed: u64, fault: Fault) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut world = World::with(|config| {
        config.limits.offline_page = 3;
        config.sm_timeout = 20_000;
    });
    let mut devices = [
        Device::new("romeo", "orchard"),
        Device::new("juliet", "balcony"),
        Device::new("juliet", "chamber"),
        Device::new("nurse", "hall"),
    ];
    let names = ["romeo", "juliet", "nurse"];
    let mut sent: Vec<(usize, &str, String)> = Vec::new();
    world.slow = true;
    world.slow_routes = true;
    for step in 0..400 {
        let at = dice.roll(devices.len());
        world.failing = (fault == Fault::Storage && dice.chance(10)).then_some(StorageError::Full);
        match dice.roll(14) {
            0..=2 => {
                let to = names[dice.roll(names.len())];
                if to != devices[at].name {
                    sent.push((at, to, format!("{at}-{step}-{to}")));
                    devices[at].send(message(at, step, to));
                }
            }
            3..=5 => {
                let count = 1 + dice.roll(4);
                devices[at].flush(&mut world, count);
            }
            6..=7 => devices[at].read(&mut world, None),
            8 => {
                let h = devices[at].handled;
                if devices[at].state == State::Online {
                    devices[at].wire.push_back(format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>"));
                    devices[at].wire.push_back("<r xmlns='urn:xmpp:sm:3'/>".to_owned());
                }
            }
            9..=10 => world.release(1 + dice.roll(5)),
            11 => {
                world.carry(dice.roll(8));
            }
            12 => {
                if devices[at].conn.is_none() {
                    devices[at].connect(&mut world);
                } else if dice.chance(40)
                    && let Some(conn) = devices[at].conn
                {
                    let part = dice.roll(4);
                    devices[at].read(&mut world, Some(part));
                    if devices[at].conn.is_some() {
                        // The host may notice late, or only by the next attempt.
                        if dice.chance(70) {
                            world.lose(conn);
                        }
                        devices[at].lost();
                    }
                }
            }
            _ if fault == Fault::Restart && dice.chance(10) => {
                // What was with storage may or may not have been written.
                let count = dice.roll(4);
                world.release(count);
                world.restart();
                devices.iter_mut().for_each(Device::lost);
            }
            _ => {
                let ms = [100, 5_000, 30_000][dice.roll(3)];
                world.pass(ms);
            }
        }
    }
    heal(&mut world, &mut devices, &mut dice);
    judge(&world, &devices, &sent, fault, seed);
}

fn heal(world: &mut World, devices: &mut [Device; 4], dice: &mut Dice) {
    world.failing = None;
    let mut quiet = 0;
    for _ in 0..2_000 {
        let mut busy = false;
        for (at, device) in devices.iter_mut().enumerate() {
            if device.conn.is_none() {
                device.connect(world);
                busy = true;
            }
            busy |= device.wire.iter().any(|it| !it.starts_with("<a ") && !it.starts_with("<r "));
            device.flush(world, 5);
            device.read(world, None);
            for id in std::mem::take(&mut device.again) {
                let mut parts = id.split('-');
                let (Some(_), Some(n), Some(to)) = (parts.next(), parts.next(), parts.next()) else { continue };
                device.send(message(at, n.parse().expect("a number"), to));
                busy = true;
            }
            if device.state == State::Online && device.wire.is_empty() && quiet % 3 == 0 {
                device.wire.push_back(format!("<a xmlns='urn:xmpp:sm:3' h='{}'/>", device.handled));
                device.wire.push_back("<r xmlns='urn:xmpp:sm:3'/>".to_owned());
            }
            busy |= !device.unacked.is_empty();
        }
        busy |= world.waiting() > 0;
        world.release(3);
        busy |= world.carry(dice.roll(8));
        quiet = if busy { 0 } else { quiet + 1 };
        if quiet > 20 {
            return;
        }
        world.pass(50);
    }
    let states: Vec<_> = devices.iter().map(|it| (it.state, it.unacked.len())).collect();
    panic!("it never settles: {states:?}");
}

fn judge(world: &World, devices: &[Device; 4], sent: &[(usize, &str, String)], fault: Fault, seed: u64) {
    for (at, to, body) in sent {
        for owner in [devices[*at].name, to] {
            let owner = bare(owner);
            let rows = world
                .storage
                .rows
                .iter()
                .filter(|row| row.owner == owner && row.row.stanza.contains(&format!("<body>{body}<")));
            assert_eq!(rows.count(), 1, "seed {seed}: {body} in the archive of {owner}");
        }
        let receivers: Vec<&Device> = devices.iter().filter(|it| it.name == *to).collect();
        let got = receivers.iter().any(|it| it.seen.iter().any(|(_, seen)| seen == body));
        assert!(got, "seed {seed}: {body} never came");
    }
    if fault == Fault::Storage {
        return;
    }
    assert!(world.storage.rows.iter().all(|row| !row.undelivered), "seed {seed}: delivered, but not marked");
    // In order, per sender, in every archive and on every device.
    for device in devices {
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, body) in &device.seen {
            ordered(&mut last, body, seed, device.resource);
        }
    }
    for name in ["romeo", "juliet", "nurse"] {
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for row in world.storage.rows.iter().filter(|row| row.owner == bare(name)) {
            let start = row.row.stanza.find("<body>").expect("a body") + 6;
            let end = row.row.stanza.find("</body>").expect("a body");
            ordered(&mut last, &row.row.stanza[start..end], seed, name);
        }
    }
}

fn ordered<'a>(last: &mut BTreeMap<&'a str, usize>, body: &'a str, seed: u64, place: &str) {
    let mut parts = body.split('-');
    let (Some(from), Some(n)) = (parts.next(), parts.next()) else { return };
    let n: usize = n.parse().expect("a number");
    if let Some(before) = last.insert(from, n) {
        assert!(before < n, "seed {seed}: {body} after {before} at {place}");
    }
}

#[test]
fn nothing_is_lost_doubled_or_disordered() {
    for seed in 1..=150 {
        run(seed, Fault::Nothing);
    }
}

#[test]
fn nothing_is_lost_or_doubled_while_storage_fails() {
    for seed in 1..=150 {
        run(seed, Fault::Storage);
    }
}

#[test]
fn nothing_is_lost_doubled_or_disordered_when_the_process_dies() {
    for seed in 1..=150 {
        run(seed, Fault::Restart);
    }
}
