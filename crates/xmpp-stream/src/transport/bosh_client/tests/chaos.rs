//! Whatever is answered, in whatever order: nothing grows, nothing spins, and an end is the end.

use super::*;

struct Chance(u64);

impl Chance {
    fn below(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

const ATTRIBUTES: [&str; 14] = [
    "",
    "",
    "",
    "",
    GRANTED,
    "sid='s1' wait='99999999999' requests='0' hold='0' inactivity='0' polling='4294967295' maxpause='1'",
    "sid=''",
    "type='error'",
    "type='terminate'",
    "type='terminate' condition='never-heard-of'",
    "type='nonsense'",
    "report='9007199254740991' time='-1'",
    "report='1' time='18446744073709551615'",
    "ack='0'",
];

const TEXTS: [&str; 5] =
    ["", "<html/>", "<body/>", "<body xmlns='http://jabber.org/protocol/httpbind'><a></body>", "\u{0}"];

#[test]
fn any_sequence_of_answers_leaves_the_session_whole() {
    let mut ended = 0;
    for seed in 1..500 {
        ended += u32::from(run(seed));
    }
    assert!((50..475).contains(&ended), "some sessions end and some live on: {ended}");
}

fn run(seed: u64) -> bool {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut bench = if chance.below(3) == 0 { Bench::attached() } else { Bench::start(None) };
    if chance.below(4) > 0 {
        bench.answer(0, GRANTED, "");
    }
    for _ in 0..60 {
        let over = bench.ended().is_some();
        let made = bench.requests.len();
        let at = match (made, chance.below(4)) {
            (0, _) => None,
            (_, 0) => Some(chance.below(made as u64) as usize),
            _ => Some(made - 1),
        };
        match (chance.below(16), at) {
            (0..6, Some(at)) => bench.answer(at, ATTRIBUTES[chance.below(4) as usize], &message("in")),
            (6, Some(at)) => bench.answer(at, ATTRIBUTES[chance.below(14) as usize], &message("in")),
            (7, Some(at)) if chance.below(4) == 0 => {
                let status = [0, 200, 204, 400, 403, 404, 500, 502][chance.below(8) as usize];
                bench.answer_text(at, status, TEXTS[chance.below(5) as usize]);
            }
            (8, Some(at)) => bench.fail(at),
            (9..11, _) => bench.send(&["x"]),
            (11, _) if chance.below(8) == 0 => bench.input(Input::Restart),
            (12, _) if chance.below(16) == 0 => bench.input(Input::Terminate(vec![stanza("bye")])),
            (13, _) if chance.below(8) == 0 => bench.input(Input::Pause { seconds: chance.below(130) }),
            (14, _) => bench.input(Input::Timer),
            _ => bench.pass([1, 600, 11_000, 80_000][chance.below(4) as usize]),
        }
        assert!(bench.client.flights.len() <= 3, "seed {seed}");
        if over {
            assert_eq!(bench.requests.len(), made, "a request after the end, seed {seed}");
        }
        let ends = bench.events.iter().filter(|event| matches!(event, Event::Terminated(_) | Event::Lost(_)));
        assert!(ends.count() <= 1, "seed {seed}");
    }
    let (ended, made) = (bench.ended().is_some(), bench.requests.len());
    bench.pass(3_600_000);
    let rate = bench.requests.len() - made;
    assert!(rate < 400, "{rate} requests in an hour without an answer, seed {seed}");
    ended
}
