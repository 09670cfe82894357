//! The run itself: one queue of events in virtual time, and the steps of the plan.

use std::collections::BTreeMap;

use xmpp::jid::BareJid;
use xmpp::time::{Mono, Now, Timestamp};
use xmpp_client::api::{Command, ConversationId, PageEvent, Phase, SocketId};

use super::device::{Device, DeviceInput};
use super::judge::{Evidence, Judge};
use super::plan::{FAULTS_END, HEALING, Plan, SETTLING, Step};
use super::rng::Rng;
use super::site::Site;

/// 2026-01-01, where virtual time begins.
const EPOCH: i64 = 1_767_225_600_000;

/// A defect put in on purpose at the boundary, to see that the judge finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// The host's storage forgets which origin-ids it has seen.
    NoDeduplication,
    /// The device writes nothing of the outbox.
    NoOutbox,
    /// The server's acknowledgements count one stanza too many.
    WrongH,
    /// The client takes a resumption for done when it is answered: what the server had not acknowledged is not sent again.
    NoResend,
}

/// What a run was like.
#[derive(Debug, Default)]
pub struct Report {
    /// Messages that were sent.
    pub sent: usize,
    /// Sessions that were resumed.
    pub resumed: usize,
    /// Sessions that were bound anew.
    pub bound: usize,
    /// Sign-ins by token.
    pub by_token: usize,
    /// Of these, the ones that resumed a session in the same answer.
    pub resumed_inline: usize,
    /// Tokens that were refused.
    pub tokens_refused: usize,
    /// How often somebody had to type the password again.
    pub asked: usize,
    /// Steps of the plan and what the clients did, for a failing run.
    pub log: Vec<String>,
}

/// Something that happens at a time.
pub(super) enum Happening {
    Step(usize),
    NetworkBack(usize),
    HostBack,
    FrameAtServer { link: u64, text: String },
    FrameAtDevice { link: u64, text: String },
    LinkUp(u64),
    LinkGoneAtServer(u64),
    LinkGoneAtDevice(u64),
    Device { device: usize, epoch: u32, input: DeviceInput },
    DeviceTimer { device: usize, epoch: u32, generation: u64 },
    Http(super::site::HttpArrival),
    Shard { life: u32, shard: usize, input: Box<xmpp_host::Input> },
    ShardTimer { life: u32, shard: usize, generation: u64 },
    Commit { life: u32, shard: usize },
    Stream { conn: u64, input: Box<xmpp_stream::server::Input> },
    StreamTimer { conn: u64, generation: u64 },
    BoshTimer { sid: String, generation: u64 },
}

/// A WebSocket between a device and the site.
pub(super) struct Link {
    pub(super) device: usize,
    pub(super) epoch: u32,
    pub(super) socket: SocketId,
    pub(super) conn: Option<u64>,
    /// Each side's own belief.
    pub(super) up_at_device: bool,
    pub(super) up_at_server: bool,
    /// Frames keep their order: nothing arrives before this.
    pub(super) busy: [u64; 2],
    /// The cable is cut: frames are lost.
    pub(super) cut: bool,
}

pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) planted: Option<Planted>,
    pub(super) rng: Rng,
    pub(super) now: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    order: u64,
    pub(super) links: BTreeMap<u64, Link>,
    pub(super) devices: Vec<Device>,
    pub(super) site: Site,
    pub(super) judge: Judge,
    pub(super) report: Report,
}

/// Plays the plan of a seed.
///
/// # Errors
/// What went wrong, with the run's log.
pub fn run(seed: u64, planted: Option<Planted>) -> Result<Report, (String, Report)> {
    let mut world = World::new(seed, planted);
    world.begin();
    world.until(FAULTS_END);
    world.heal();
    world.until(FAULTS_END + HEALING);
    let mut verdict = world.judge.verdict(&world.evidence(false));
    if verdict.is_ok() {
        world.reload_all();
        world.until(FAULTS_END + HEALING + SETTLING);
        verdict = world.judge.verdict(&world.evidence(true)).map_err(|what| format!("after a reload: {what}"));
    }
    let report = Report { sent: world.judge.sent.len(), ..world.report };
    match verdict {
        Ok(()) => Ok(report),
        Err(what) => Err((what, report)),
    }
}

impl World {
    fn new(seed: u64, planted: Option<Planted>) -> Self {
        let plan = Plan::draw(seed);
        let accounts: Vec<BareJid> = ["romeo@example.net", "juliet@example.net"]
            .iter()
            .map(|jid| BareJid::new(jid).expect("both are well-formed"))
            .collect();
        let site = Site::new(&plan, &accounts, seed);
        let devices = accounts.into_iter().map(Device::new).collect();
        Self {
            plan,
            planted,
            rng: Rng::new(seed),
            now: 0,
            queue: BTreeMap::new(),
            order: 0,
            links: BTreeMap::new(),
            devices,
            site,
            judge: Judge::default(),
            report: Report::default(),
        }
    }

    /// Enqueues what happens `after` milliseconds from now; things of one time keep their order.
    pub(super) fn later(&mut self, after: u64, happening: Happening) {
        self.order += 1;
        self.queue.insert((self.now + after, self.order), happening);
    }

    /// The clocks of the site, or of a device that has its own idea of the date.
    pub(super) fn clock(&self, device: Option<usize>) -> Now {
        let skew = device.map_or(0, |device| self.plan.skew[device]);
        Now { mono: Mono(self.now), wall: Timestamp(EPOCH + self.now as i64 + skew) }
    }

    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        let line = format!("{:>8} {}", self.now, what());
        self.report.log.push(line);
    }

    pub(super) fn faults_over(&self) -> bool {
        self.now >= FAULTS_END
    }

    /// A travel time.
    pub(super) fn latency(&mut self) -> u64 {
        let most = if self.faults_over() { 20 } else { self.plan.latency };
        self.rng.range(1, most.max(1))
    }

    fn begin(&mut self) {
        for index in 0..self.plan.steps.len() {
            let (at, _) = self.plan.steps[index];
            self.later(at, Happening::Step(index));
        }
        for device in 0..self.devices.len() {
            self.load_page(device);
        }
    }

    fn until(&mut self, end: u64) {
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((at, _), happening) = entry.remove_entry();
            self.now = at;
            self.happen(happening);
        }
        self.now = end;
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Step(index) => self.step(self.plan.steps[index].1.clone()),
            Happening::NetworkBack(device) => self.network_back(device),
            Happening::HostBack => self.host_back(),
            Happening::FrameAtServer { link, text } => self.frame_at_server(link, &text),
            Happening::FrameAtDevice { link, text } => self.frame_at_device(link, text),
            Happening::LinkUp(link) => self.link_up(link),
            Happening::LinkGoneAtServer(link) => self.link_gone_at_server(link),
            Happening::LinkGoneAtDevice(link) => self.link_gone_at_device(link),
            Happening::Device { device, epoch, input } => {
                if self.devices[device].epoch == epoch {
                    self.device_input(device, input);
                }
            }
            Happening::DeviceTimer { device, epoch, generation } => {
                if self.devices[device].epoch == epoch && self.devices[device].timer == generation {
                    self.device_input(device, DeviceInput::Timer);
                }
            }
            Happening::Http(arrival) => self.http_arrives(arrival),
            Happening::Shard { life, shard, input } => self.shard_input(life, shard, *input),
            Happening::ShardTimer { life, shard, generation } => self.shard_timer(life, shard, generation),
            Happening::Commit { life, shard } => self.commit(life, shard),
            Happening::Stream { conn, input } => self.stream_input(conn, *input),
            Happening::StreamTimer { conn, generation } => self.stream_timer(conn, generation),
            Happening::BoshTimer { sid, generation } => self.bosh_timer(&sid, generation),
        }
    }

    fn step(&mut self, step: Step) {
        self.note(|| format!("{step:?}"));
        match step {
            Step::Send { device } => {
                // Who is signed out sees a form and no composer.
                if self.is_signed_out(device) {
                    return;
                }
                let body = self.judge.sending(device, self.now);
                let conversation = self.peer(device);
                self.command(device, Command::SendMessage { conversation, body });
            }
            Step::Cut { device, device_after, server_after } => self.cut(device, device_after, server_after),
            Step::NoNetwork { device, lasts, told } => {
                self.devices[device].network = false;
                if told {
                    self.device_input(device, DeviceInput::Page(PageEvent::Offline));
                }
                let (device_after, server_after) = (self.rng.range(0, lasts), self.rng.range(0, 60_000));
                self.cut(device, device_after, server_after);
                self.devices[device].told_offline |= told;
                self.later(lasts, Happening::NetworkBack(device));
            }
            Step::Reload { device } => {
                self.judge.reloaded(device);
                self.unload_page(device);
                self.load_page(device);
            }
            Step::HostRestart { away } => {
                self.host_stops();
                self.later(away, Happening::HostBack);
            }
            Step::SlowStorage { lasts, each } => self.site.slow(self.now + lasts, each),
            Step::FailingStorage { lasts } => self.site.failing_until = self.now + lasts,
            Step::FailingDeviceStorage { device, lasts } => self.devices[device].failing_until = self.now + lasts,
        }
    }

    /// Faults are over; whoever was signed out for good signs in again, as a person would.
    fn heal(&mut self) {
        self.note(|| String::from("healing"));
        self.site.failing_until = 0;
        self.site.slow(0, 0);
        for device in 0..self.devices.len() {
            self.devices[device].failing_until = 0;
            if !self.devices[device].network {
                self.network_back(device);
            }
            if matches!(self.devices[device].replica.phase, Some(Phase::SignedOut { .. }) | None) {
                self.sign_in(device);
            }
        }
        if !self.site.up {
            self.host_back();
        }
    }

    fn reload_all(&mut self) {
        for device in 0..self.devices.len() {
            self.unload_page(device);
            self.load_page(device);
        }
    }

    pub(super) fn peer(&self, device: usize) -> ConversationId {
        ConversationId::chat(self.devices[1 - device].jid.clone())
    }

    fn evidence(&self, reloaded: bool) -> Evidence {
        let archive = |device: usize| self.site.bodies(&self.devices[device].jid);
        let shown = |device: usize| self.devices[device].replica.messages(&self.peer(device));
        let gaps = |device: usize| self.devices[device].replica.gaps(&self.peer(device));
        Evidence { archives: [archive(0), archive(1)], shown: [shown(0), shown(1)], gaps: [gaps(0), gaps(1)], reloaded }
    }
}
