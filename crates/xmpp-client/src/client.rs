//! The client: takes inputs, lets connection and features work, gives outputs.
//!
//! Nothing is decided here. What comes in goes to the connection or to the features in order; what they want done
//! ([`Work`]) is done after each of their hooks has returned; what changed is told at the end of each input.

use xmpp::time::{Mono, Now};

use crate::api::{Command, Event, Input, Output, PageEvent, Phase, Query, Settings, SignIn, StoreScope, Token};
use crate::connection::{Connection, ConnectionEvent};
use crate::core::{Core, Owner, Work};
use crate::cx::Cx;
use crate::feature::{Constructor, Feature, Flow, Label, RequestError, SessionChange, Signal};
use crate::pipeline::Pipelines;

/// One account's chat client. See the [crate](crate) for how a shell drives it.
pub struct Client {
    pub(crate) core: Core,
    pub(crate) features: Vec<Box<dyn Feature>>,
    pub(crate) pipelines: Pipelines,
    connection: Connection,
    constructors: Vec<Constructor>,
    /// Commands given before it was known whose account this is.
    waiting: Vec<Command>,
    told_timer: Option<Mono>,
    degraded: bool,
}

/// More commands than this nobody gives before an account is known.
const MAX_WAITING: usize = 200;

impl Client {
    /// A client that is signed out. The order of `features` is the order in which they see stanzas; see
    /// [`crate::features::all`].
    pub fn new(settings: Settings, features: Vec<Constructor>) -> Self {
        let mut client = Self {
            core: Core::new(settings),
            features: Vec::new(),
            pipelines: Pipelines::default(),
            connection: Connection::new(),
            constructors: features,
            waiting: Vec::new(),
            told_timer: None,
            degraded: false,
        };
        client.make_features();
        client
    }

    /// Takes one thing that happened. Never fails: errors become outputs.
    pub fn handle_input(&mut self, now: Now, input: Input<'_>) {
        self.core.now = now;
        match input {
            Input::Command(command) => self.command(&command),
            // The shell's timer is spent, whatever comes next.
            Input::Timer => self.told_timer = None,
            Input::Opened(socket) => self.connection.opened(&mut self.core, socket),
            Input::Text { socket, text } => self.connection.text(&mut self.core, socket, text),
            Input::Closed { socket } => self.connection.closed(&mut self.core, socket),
            Input::Response { request, result } => self.connection.response(&mut self.core, request, result),
            Input::Stored { token, result } => self.stored(token, result.is_ok()),
            Input::Loaded { token, result } => self.loaded(token, result.ok()),
            Input::Derived { token, key } => self.connection.derived(&mut self.core, token, key),
            Input::Page(event) => {
                match event {
                    PageEvent::Visible => {
                        self.core.visible = true;
                        self.core.work.push_back(Work::Signal(Signal::Visible));
                    }
                    PageEvent::Hidden => self.core.visible = false,
                    _ => {}
                }
                self.connection.page(&mut self.core, event);
            }
        }
        self.expire();
        self.settle();
    }

    /// What to do next; call until `None` after each input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.core.out.pop_front()
    }

    fn command(&mut self, command: &Command) {
        if let Command::SignIn(how) = command {
            self.core.guest = matches!(how, SignIn::Anonymous { .. });
        }
        match command {
            Command::SignIn(_) | Command::SignOut { .. } | Command::Reconnect | Command::Credentials(_) => {
                self.connection.command(&mut self.core, command);
            }
            _ if self.core.account.is_none() => self.wait_for_account(command),
            _ => {
                self.each(|feature, cx| feature.on_command(cx, command));
            }
        }
    }

    /// Nothing can be written down for nobody: what is wanted waits until the account is known.
    fn wait_for_account(&mut self, command: &Command) {
        let signed_out = matches!(self.phase(), Phase::SignedOut { .. });
        if self.waiting.len() < MAX_WAITING && !(signed_out && matches!(command, Command::SendMessage { .. })) {
            return self.waiting.push(command.clone());
        }
        let condition = String::from("not-authorized");
        let failed = Event::CommandFailed { command: "send-message", condition, text: None };
        self.core.out.push_back(Output::Event(failed));
    }

    /// Lets the features see something in order, until one says stop.
    pub(crate) fn each(&mut self, mut see: impl FnMut(&mut dyn Feature, &mut Cx<'_>) -> Flow) -> bool {
        for (index, feature) in self.features.iter_mut().enumerate() {
            if see(feature.as_mut(), &mut Cx::new(&mut self.core, index)) == Flow::Stop {
                return true;
            }
        }
        false
    }

    fn tell(&mut self, signal: &Signal) {
        self.each(|feature, cx| {
            feature.on_signal(cx, signal);
            Flow::Continue
        });
    }

    /// Everything that follows from an input, in order: what hooks asked for first, then the next thing the connection has.
    fn settle(&mut self) {
        loop {
            if let Some(work) = self.core.work.pop_front() {
                self.work(work);
            } else if let Some(event) = self.connection.poll() {
                self.connection_event(event);
            } else {
                break;
            }
        }
        self.connection.flush(&mut self.core);
        self.core.state.flush(&mut self.core.out);
        let deadline = self.deadline();
        if deadline != self.told_timer {
            self.told_timer = deadline;
            self.core.out.push_back(Output::SetTimer(deadline));
        }
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Transmit(element, tag) => {
                if self.core.online {
                    self.connection.send(&mut self.core, element, tag);
                } else if let Some(id) = element.attr("id") {
                    self.core.requests.expire(id);
                }
            }
            Work::Submit(outbound) => self.submit(outbound),
            Work::Receive(inbound) => self.receive(inbound),
            Work::Release(hold, go_on) => self.release(hold, go_on),
            Work::Signal(signal) => self.tell(&signal),
            Work::GiveUp => self.connection.give_up(&mut self.core),
            Work::SendPresence => self.send_presence(),
            Work::Kept => {
                for element in self.core.kept.take().into_iter().flatten() {
                    self.stanza(element);
                }
            }
            Work::Then(index, label) => self.timeout(index, label),
        }
    }

    fn connection_event(&mut self, event: ConnectionEvent) {
        match event {
            ConnectionEvent::Account(account) => {
                if self.core.account.as_ref() != Some(&account) {
                    self.forget();
                    self.core.account = Some(account);
                    self.load_rows();
                    for command in std::mem::take(&mut self.waiting) {
                        self.command(&command);
                    }
                }
            }
            ConnectionEvent::Up { resumed } => {
                if !resumed {
                    self.fail_requests();
                }
                self.session(if resumed { SessionChange::Resumed } else { SessionChange::Bound });
            }
            ConnectionEvent::Down => self.session(SessionChange::Lost),
            ConnectionEvent::Stanza(element) => self.stanza(element),
            ConnectionEvent::Acked(tag) => self.tell(&Signal::Acked(tag)),
            ConnectionEvent::Ended => {
                self.waiting.clear();
                self.forget();
            }
        }
    }

    fn session(&mut self, change: SessionChange) {
        self.each(|feature, cx| {
            feature.on_session(cx, change);
            Flow::Continue
        });
    }

    /// The session is another one: no answer will come.
    fn fail_requests(&mut self) {
        let askers = self.core.requests.take_all();
        for asker in askers {
            self.reply(asker, Err(&RequestError::Disconnected));
        }
    }

    fn expire(&mut self) {
        let now = self.core.now.mono;
        self.connection.timer(&mut self.core);
        for asker in self.core.requests.expired(now) {
            self.reply(asker, Err(&RequestError::TimedOut));
        }
        let due: Vec<_> = self.core.timers.iter().filter(|(_, at)| **at <= now).map(|(key, _)| *key).collect();
        for (index, label) in due {
            self.core.timers.remove(&(index, label));
            self.timeout(index, label);
        }
        let late: Vec<_> =
            self.core.holds.iter().filter(|(_, (at, _))| *at <= now).map(|(id, (_, on))| (*id, *on)).collect();
        for (hold, go_on) in late {
            self.overdue(hold, go_on);
        }
    }

    fn timeout(&mut self, index: usize, label: Label) {
        if let Some(feature) = self.features.get_mut(index) {
            feature.on_timeout(&mut Cx::new(&mut self.core, index), label);
        }
    }

    fn deadline(&self) -> Option<Mono> {
        let timers = self.core.timers.values().copied().min();
        let holds = self.core.holds.values().map(|(at, _)| *at).min();
        [timers, holds, self.core.requests.deadline(), self.connection.deadline(&self.core)].into_iter().flatten().min()
    }

    fn stored(&mut self, token: Token, stored: bool) {
        self.note_storage(stored);
        let Some(owner) = self.core.take_owner(token) else { return };
        if self.core.kept(token, owner, stored)
            && let Owner::Feature(index, label) = owner
            && let Some(feature) = self.features.get_mut(index)
        {
            feature.on_stored(&mut Cx::new(&mut self.core, index), label, stored);
        }
    }

    /// The page is told once that storage does not work.
    fn note_storage(&mut self, works: bool) {
        if !works && !std::mem::replace(&mut self.degraded, true) {
            self.core.out.push_back(Output::Event(Event::StorageDegraded));
        }
    }

    fn loaded(&mut self, token: Token, rows: Option<Vec<(String, String)>>) {
        self.note_storage(rows.is_some());
        let rows = rows.unwrap_or_default();
        match self.core.take_owner(token) {
            Some(Owner::TabRows) => {
                self.core.rows.of_tab = rows;
                self.load_device_rows();
            }
            Some(Owner::Rows) => {
                let rows = self.core.merged(rows);
                self.rows(&rows);
            }
            Some(Owner::Connection) => self.connection.loaded(&mut self.core, token, rows),
            _ => {}
        }
    }

    /// What was kept of this account. The network does not wait for it: features merge it when it comes.
    fn load_rows(&mut self) {
        self.load_from(StoreScope::Tab, Owner::TabRows);
    }

    fn load_device_rows(&mut self) {
        if self.core.on_device() {
            return self.load_from(StoreScope::Device, Owner::Rows);
        }
        let rows = self.core.merged(Vec::new());
        self.rows(&rows);
    }

    fn load_from(&mut self, scope: StoreScope, owner: Owner) {
        let Some(account) = &self.core.account else { return };
        let query = Query::Prefix([account.as_str(), "/"].concat());
        let token = self.core.token(owner);
        self.core.out.push_back(Output::Load { token, scope, query });
    }

    fn rows(&mut self, rows: &[(String, String)]) {
        let Some(account) = self.core.account.clone() else { return };
        for (index, feature) in self.features.iter_mut().enumerate() {
            let prefix = [account.as_str(), "/", feature.id(), "/"].concat();
            let own: Vec<(&str, &str)> =
                rows.iter().filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?, value.as_str()))).collect();
            feature.on_rows(&mut Cx::new(&mut self.core, index), &own);
        }
        self.core.work.push_back(Work::Signal(Signal::RowsLoaded));
    }

    /// Another account, or none: everything known of the one before goes.
    fn forget(&mut self) {
        self.core.disown_features();
        self.pipelines.clear();
        self.make_features();
        if self.core.account.take().is_some() {
            self.core.state.forget();
        }
    }

    fn make_features(&mut self) {
        let settings = &self.core.settings;
        self.features = self
            .constructors
            .iter()
            .map(|make| make())
            .filter(|feature| {
                let id = feature.id();
                let listed = settings.enabled.is_empty() || settings.enabled.iter().any(|e| e == id);
                feature.essential() || (listed && !settings.disabled.iter().any(|d| d == id))
            })
            .collect();
        self.core.ids = self.features.iter().map(|feature| feature.id()).collect();
        self.core.disco = self.features.iter().flat_map(|feature| feature.disco()).copied().collect();
        xmpp::collections::sort(&mut self.core.disco);
        self.core.disco.dedup();
    }

    /// The session as it is shown.
    pub fn phase(&self) -> &Phase {
        &self.core.state.session().phase
    }
}
