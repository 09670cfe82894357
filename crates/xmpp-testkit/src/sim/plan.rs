//! What happens in a run: drawn from the seed before it begins, so that a failing run reads as a story.

use super::rng::Rng;

/// Until when things go wrong, virtual milliseconds.
pub const FAULTS_END: u64 = 240_000;
/// How long everything has to come right afterwards.
pub const HEALING: u64 = 900_000;
/// How long the pages have to show everything after they were loaded anew.
pub const SETTLING: u64 = 60_000;

/// One thing that happens at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A person writes the next numbered message.
    Send {
        /// At which device.
        device: usize,
    },
    /// Every connection of the device breaks; the server hears of it later than the device or earlier.
    Cut {
        /// Whose.
        device: usize,
        /// After how long the device hears of it.
        device_after: u64,
        /// After how long the server hears of it.
        server_after: u64,
    },
    /// The device reaches nothing for a while; the browser may or may not say so.
    NoNetwork {
        /// Which device.
        device: usize,
        /// How long.
        lasts: u64,
        /// Whether the page is told.
        told: bool,
    },
    /// The page is loaded again: what was not stored is gone.
    Reload {
        /// At which device.
        device: usize,
    },
    /// The host starts again from its storage: every session is forgotten, every resumption refused.
    HostRestart {
        /// How long it is away.
        away: u64,
    },
    /// The host's storage takes its time.
    SlowStorage {
        /// How long this goes on.
        lasts: u64,
        /// Up to this for each transaction.
        each: u64,
    },
    /// The host's storage refuses every write.
    FailingStorage {
        /// How long this goes on.
        lasts: u64,
    },
    /// The device's storage refuses every write.
    FailingDeviceStorage {
        /// Which device.
        device: usize,
        /// How long this goes on.
        lasts: u64,
    },
}

/// A whole run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Time and step, in order.
    pub steps: Vec<(u64, Step)>,
    /// How long a lost session waits for its resumption.
    pub sm_timeout: u64,
    /// How long a token is good, and after how long it is replaced, milliseconds.
    pub tokens: (i64, i64),
    /// Which devices reach no WebSocket and speak BOSH.
    pub bosh: Vec<bool>,
    /// Percentage of HTTP requests that are lost, doubled or answered late.
    pub http_trouble: u64,
    /// How far each device's clock is off, milliseconds.
    pub skew: Vec<i64>,
    /// The slowest a frame travels.
    pub latency: u64,
    /// Shards of the host.
    pub shards: u16,
}

impl Plan {
    /// The run of a seed.
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x0070_6c61_6e00);
        let mut steps = Vec::new();
        for _ in 0..rng.range(8, 24) {
            steps.push((rng.range(0, FAULTS_END), Step::Send { device: rng.range(0, 1) as usize }));
        }
        for _ in 0..rng.range(1, 7) {
            let at = rng.range(1_000, FAULTS_END);
            let device = rng.range(0, 1) as usize;
            let step = match rng.range(0, 9) {
                0..=2 => Step::Cut { device, device_after: rng.range(0, 8_000), server_after: rng.range(0, 60_000) },
                3 => Step::NoNetwork { device, lasts: rng.range(500, 90_000), told: rng.chance(50) },
                4..=5 => Step::Reload { device },
                6 => Step::HostRestart { away: rng.range(0, 20_000) },
                7 => Step::SlowStorage { lasts: rng.range(5_000, 60_000), each: rng.range(10, 6_000) },
                8 => Step::FailingStorage { lasts: rng.range(500, 20_000) },
                _ => Step::FailingDeviceStorage { device, lasts: rng.range(500, 60_000) },
            };
            // A break is most telling just after something was said.
            if rng.chance(60) {
                steps.push((at.saturating_sub(rng.range(0, 600)), Step::Send { device }));
            }
            steps.push((at, step));
        }
        steps.sort_by_key(|(at, _)| *at);
        Self {
            steps,
            sm_timeout: if rng.chance(30) { rng.range(0, 3_000) } else { 600_000 },
            bosh: vec![rng.chance(25), rng.chance(25)],
            tokens: if rng.chance(30) { (60_000, 5_000) } else { (86_400_000, 30_000) },
            http_trouble: rng.range(0, 15),
            skew: vec![rng.range(0, 600_000) as i64 - 300_000, rng.range(0, 600_000) as i64 - 300_000],
            latency: rng.range(1, 400),
            shards: rng.range(1, 3) as u16,
        }
    }
}
