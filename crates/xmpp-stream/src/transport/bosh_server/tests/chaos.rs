//! Whatever comes, in whatever order: every request is answered once, nothing grows, nothing spins.

use std::collections::BTreeSet;

use super::*;

struct Chance(u64);

impl Chance {
    fn below(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }
}

const CREATIONS: [&str; 6] = [
    "ver='1.6' wait='60' hold='1'",
    "ver='1.11' wait='60' hold='1' ack='1'",
    "wait='60' hold='1'",
    "ver='1.6' wait='0' hold='0'",
    "ver='1.6' wait='1' hold='255'",
    "ver='99.99' wait='3' hold='2' ack='1' content='text/html'",
];

const ATTRIBUTES: [&str; 9] = [
    "",
    "",
    "",
    "ack='1'",
    "ack='9007199254740991'",
    "ack='18446744073709551615'",
    "pause='60'",
    "pause='0'",
    "xmpp:restart='true' to='example.com'",
];

#[test]
fn any_sequence_of_inputs_leaves_the_session_whole() {
    for seed in 1..500 {
        run(seed);
    }
}

fn run(seed: u64) {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let config = Config { queued_payloads: 50, ..Config::default() };
    let mut bench = Bench::with(config);
    bench.post(&format!("rid='{FIRST}' to='example.com' {}", chance.of(&CREATIONS)), "");
    let mut next = 1;
    let (mut open, mut gone) = (BTreeSet::from([1]), BTreeSet::new());
    for _ in 0..60 {
        match chance.below(16) {
            0..6 => {
                let n = match chance.below(12) {
                    0 => next + chance.below(4),
                    1 => next.saturating_sub(chance.below(4)),
                    2 if chance.below(20) == 0 => 1 << 40,
                    _ => next,
                };
                next = next.max(n + 1).min(next + 1);
                let end = if chance.below(60) == 0 { "type='terminate'" } else { chance.of(&ATTRIBUTES) };
                let payload = message(&n.to_string());
                open.insert(bench.nth_with(n, end, if chance.below(2) == 0 { &payload } else { "" }));
            }
            6 => {
                let key = chance.below(bench.keys + 1);
                gone.insert(key);
                bench.gone(key);
            }
            7..9 => bench.send("x"),
            9 => bench.input(Input::Handled { seq: chance.below(30) }),
            10 => bench.input(Input::Authenticated),
            11 if chance.below(10) == 0 => bench.input(Input::Close(None)),
            12 if chance.below(10) == 0 => bench.input(Input::Fail(Condition::RemoteConnectionFailed)),
            13 if chance.below(20) == 0 => {
                bench.keys += 1;
                open.insert(bench.keys);
                bench.input(Input::Malformed { key: RequestKey(bench.keys) });
            }
            14 => bench.input(Input::Timer),
            _ => {
                let ms = [1, 900, 16_000, 61_000][chance.below(4) as usize];
                bench.pass(ms);
            }
        }
        let window = &bench.server.window;
        let sizes = (window.slots.len(), window.early.len(), window.sent.len());
        assert!(sizes.0 <= 12 && sizes.1 <= 6 && sizes.2 <= 24, "{sizes:?}, seed {seed}");
    }
    // In the end, all that is left is over or waits for one thing only: time.
    for _ in 0..20 {
        bench.pass(100_000);
    }
    assert!(bench.closed.is_some(), "seed {seed}");
    assert_eq!(bench.timer, None);
    for key in open.difference(&gone) {
        assert!(!bench.is_held(*key), "request {key} was never answered, seed {seed}");
    }
}
