//! From the wish to be online to a session that stays: which address, which transport, which credentials, when to try again.
//!
//! The negotiation of one connection is [`xmpp_stream::client::ClientStream`]'s; what stanzas mean is the features'. Start
//! with `steps.rs`, which says what comes next; `link.rs` drives the open transport, `session.rs` hears what it says,
//! `failure.rs` decides what an end means, `confirm.rs` knows which of our stanzas the server has.

mod backoff;
#[cfg(test)]
mod bosh_tests;
mod confirm;
mod discovery;
mod endpoints;
mod failure;
mod known;
mod link;
mod login;
mod prebind;
mod reload;
mod session;
mod steps;
#[cfg(test)]
mod tests;
mod token;
#[cfg(test)]
mod token_tests;

use std::collections::VecDeque;

use xmpp::jid::BareJid;
use xmpp::time::Mono;
use xmpp::xml::Element;

use crate::api::{
    Command, Event, HttpError, HttpResponse, Output, PageEvent, Phase, RequestId, SignInError, SocketId, StoreOp,
    StoreScope, Token,
};
use crate::core::{Core, Owner};
use backoff::Backoff;
use confirm::Confirm;
use endpoints::{Endpoint, Endpoints};
use known::Known;
use link::Link;
use login::{Goal, Login};
use prebind::Calls;
use steps::{Prebound, Step};

/// What the connection tells the client.
pub(crate) enum ConnectionEvent {
    /// Whose session this is or will be.
    Account(BareJid),
    /// Stanzas flow.
    Up { resumed: bool },
    /// They do not.
    Down,
    /// A stanza of the session.
    Stanza(Element),
    /// The server has the stanza with this tag.
    Acked(u64),
    /// Signed out.
    Ended,
}

/// The connection of one client, over all its attempts and sessions.
pub(crate) struct Connection {
    events: VecDeque<ConnectionEvent>,
    goal: Option<Goal>,
    login: Option<Login>,
    step: Step,
    link: Option<Link>,
    /// The session's confirmations, kept over the loss of its connection.
    session: Option<Confirm>,
    endpoints: Endpoints,
    known: Known,
    backoff: Backoff,
    resource: Option<String>,
    /// What this tab calls itself to SASL2: a UUID.
    agent: Option<String>,
    /// What signs in before all else.
    token: Option<token::Token>,
    /// The address of the last attempt.
    endpoint: Option<Endpoint>,
    /// When and how a token is to be given up.
    parting: Option<token::Parting>,
    /// A transport that only gives a token up.
    farewell: Option<Link>,
    /// The session was left to the next page of this tab.
    left: bool,
    /// The session is the one that the page before has left.
    reloaded: bool,
    /// A session that the site made and that has not answered yet.
    prebound: Option<Prebound>,
    /// Whose session the site made last.
    account_before: Option<BareJid>,
    calls: Calls,
    offline: bool,
    /// Whether this goal has had a session.
    was_up: bool,
    told_unreachable: bool,
    /// When the resource was last given up to another session.
    moved_at: Option<Mono>,
}

impl Connection {
    pub(crate) fn new() -> Self {
        Self {
            events: VecDeque::new(),
            goal: None,
            login: None,
            step: Step::Idle,
            link: None,
            session: None,
            endpoints: Endpoints::default(),
            known: Known::default(),
            backoff: Backoff::default(),
            resource: None,
            agent: None,
            token: None,
            endpoint: None,
            parting: None,
            farewell: None,
            left: false,
            reloaded: false,
            prebound: None,
            account_before: None,
            calls: Calls::default(),
            offline: false,
            was_up: false,
            told_unreachable: false,
            moved_at: None,
        }
    }

    pub(crate) fn poll(&mut self) -> Option<ConnectionEvent> {
        self.events.pop_front()
    }

    pub(crate) fn command(&mut self, core: &mut Core, command: &Command) {
        match command {
            Command::SignIn(sign_in) => {
                self.leave(core);
                let (goal, login) = Goal::of(sign_in);
                (self.goal, self.login) = (Some(goal), login);
                core.state.edit_session(|session| {
                    (session.jid, session.transport) = (None, None);
                    session.phase = Phase::Connecting;
                });
                self.proceed(core);
            }
            Command::SignOut { forget } => self.sign_out(core, *forget),
            Command::Reconnect => {
                // A person may know better than the browser whether there is a network.
                self.offline = false;
                self.backoff.reset();
                self.hurry(core);
            }
            Command::Credentials(credentials) => self.credentials(core, credentials.as_ref()),
            _ => {}
        }
    }

    /// Sends a stanza of the session.
    pub(crate) fn send(&mut self, core: &mut Core, element: Element, tag: u64) {
        if let Some(session) = &mut self.session {
            session.sent(&element, tag, core.now);
        }
        if let Some(link) = &mut self.link {
            link.send(core.now, element);
        }
        self.pump(core);
    }

    /// The peer does not answer: whatever the transport thinks, the connection is gone.
    pub(crate) fn give_up(&mut self, core: &mut Core) {
        if self.link.is_some() {
            self.lost(core);
        }
    }

    pub(crate) fn page(&mut self, core: &mut Core, event: PageEvent) {
        match event {
            PageEvent::Offline => {
                self.offline = true;
                // What is open may survive a short break; what waits need not try.
                if matches!(self.step, Step::Waiting { .. }) {
                    self.proceed(core);
                }
            }
            PageEvent::Online => {
                self.offline = false;
                self.backoff.reset();
                self.hurry(core);
            }
            PageEvent::Visible => self.hurry(core),
            PageEvent::Hidden => {}
            PageEvent::Unload => {
                self.leave_session(core);
                self.parting = None;
                // Without `<close/>`, so that the server keeps the session (XEP-0198 §5). The page may yet come back from
                // the browser's cache.
                if self.link.is_some() {
                    self.lost(core);
                }
            }
        }
    }

    /// What is waited for need not be waited for any longer.
    fn hurry(&mut self, core: &mut Core) {
        if matches!(self.step, Step::Waiting { .. } | Step::Offline) {
            self.step = Step::Idle;
            self.proceed(core);
        }
    }

    /// Before the outputs of an input are done: asks for acknowledgements of what went out.
    pub(crate) fn flush(&mut self, core: &mut Core) {
        if !core.online {
            return;
        }
        let domain = core.account.as_ref().map(|account| String::from(account.domain())).unwrap_or_default();
        while let Some(question) = self.session.as_mut().and_then(|session| session.ask(core.now, &domain)) {
            if let Some(link) = &mut self.link {
                link.send(core.now, question);
            }
        }
        self.pump(core);
    }

    pub(crate) fn timer(&mut self, core: &mut Core) {
        let now = core.now.mono;
        if core.online && self.session.as_ref().is_some_and(|session| session.is_overdue(core.now)) {
            self.lost(core);
        }
        if let Some(link) = &mut self.link {
            if link.open_by.is_some_and(|at| at <= now) {
                return self.attempt_failed(core);
            }
            link.timer(core.now);
        }
        self.pump(core);
        self.farewell_timer(core);
        match self.step {
            Step::Waiting { at } if at <= now => {
                self.step = Step::Idle;
                self.proceed(core);
            }
            Step::Discovering { ref discovery } if discovery.deadline <= now => self.discovered(core),
            _ => {}
        }
    }

    pub(crate) fn deadline(&self, core: &Core) -> Option<Mono> {
        let step = match &self.step {
            Step::Waiting { at } => Some(*at),
            Step::Discovering { discovery } => Some(discovery.deadline),
            _ => None,
        };
        let link = self.link.iter().chain(&self.farewell).filter_map(Link::deadline).min();
        // A session that waits to be resumed asks for nothing.
        let confirm = self.session.as_ref().filter(|_| core.online).and_then(Confirm::deadline);
        let parting = self.parting.as_ref().map(|parting| parting.at);
        [step, link, confirm, parting].into_iter().flatten().min()
    }

    pub(crate) fn opened(&mut self, core: &mut Core, socket: SocketId) {
        if let Some(link) = &mut self.link
            && link.is(socket)
        {
            link.opened(core.now);
            self.pump(core);
        } else if let Some(link) = self.waving(socket) {
            link.opened(core.now);
            self.wave(core);
        }
    }

    /// The farewell's transport, if it is this one.
    fn waving(&mut self, socket: SocketId) -> Option<&mut Link> {
        self.farewell.as_mut().filter(|link| link.is(socket))
    }

    pub(crate) fn text(&mut self, core: &mut Core, socket: SocketId, text: &str) {
        if let Some(link) = &mut self.link
            && link.is(socket)
        {
            link.text(core.now, text);
            self.pump(core);
        } else if let Some(link) = self.waving(socket) {
            link.text(core.now, text);
            self.wave(core);
        }
    }

    pub(crate) fn closed(&mut self, core: &mut Core, socket: SocketId) {
        if let Some(link) = self.waving(socket) {
            link.closed(core.now);
            return self.wave(core);
        }
        let Some(link) = &mut self.link else { return };
        if link.is(socket) {
            if link.open_by.is_some() {
                return self.attempt_failed(core);
            }
            link.closed(core.now);
            self.pump(core);
        }
    }

    pub(crate) fn response(&mut self, core: &mut Core, request: RequestId, result: Result<HttpResponse, HttpError>) {
        if let Step::Discovering { discovery } = &mut self.step
            && discovery.response(request, &result)
        {
            if discovery.is_done() {
                self.discovered(core);
            }
            return;
        }
        if self.is_prebinding(request) {
            return self.prebind_answered(core, &result);
        }
        if let Some(link) = &mut self.link
            && link.response(core.now, request, &result)
        {
            self.pump(core);
        } else if let Some(link) = &mut self.farewell
            && link.response(core.now, request, &result)
        {
            self.wave(core);
        }
    }

    pub(crate) fn derived(&mut self, core: &mut Core, token: Token, key: Vec<u8>) {
        core.take_owner(token);
        if let Some(link) = &mut self.link {
            link.derived(core.now, token, key);
            self.pump(core);
        }
    }

    pub(crate) fn loaded(&mut self, core: &mut Core, token: Token, rows: Vec<(String, String)>) {
        match self.step {
            Step::Restoring(waited) if waited == token => self.restored(core, &rows),
            Step::Recalling(waited) if waited == token => {
                self.known = Known::read(&rows);
                self.known.is_loaded = true;
                self.step = Step::Idle;
                self.proceed(core);
            }
            _ => {}
        }
    }

    /// Ends what there is without a word to the person: something else begins.
    fn leave(&mut self, core: &mut Core) {
        if let Step::Discovering { discovery } = &mut self.step {
            discovery.cancel(core);
        }
        if let Step::Prebinding(request) = self.step {
            core.out.push_back(Output::CancelRequest(request));
        }
        self.close_link(core);
        let (events, calls) = (std::mem::take(&mut self.events), std::mem::take(&mut self.calls));
        let (offline, farewell) = (self.offline, self.farewell.take());
        *self = Self { offline, events, calls, farewell, ..Self::new() };
        core.kept = None;
        if core.online || core.account.is_some() {
            self.events.push_back(ConnectionEvent::Ended);
        }
        core.online = false;
        core.jid = None;
    }

    fn sign_out(&mut self, core: &mut Core, forget: bool) {
        if self.goal.is_none() {
            return;
        }
        let farewell = self.farewell(core);
        self.forget_tab(core);
        if forget && let Some(account) = &core.account {
            let prefix = [account.as_str(), "/"].concat();
            for scope in [StoreScope::Device, StoreScope::Tab] {
                core.store(scope, vec![StoreOp::DeletePrefix { prefix: prefix.clone() }], Owner::Nobody);
            }
        }
        self.leave(core);
        self.parting = farewell;
        core.state.edit_session(|session| {
            (session.jid, session.transport) = (None, None);
            session.phase = Phase::SignedOut { error: None };
        });
        core.out.push_back(Output::Event(Event::SignedOut));
    }

    /// Nobody comes back in this tab by what it kept.
    fn forget_tab(&self, core: &mut Core) {
        let ops = vec![StoreOp::DeletePrefix { prefix: String::from(login::SESSION) }];
        core.store(StoreScope::Tab, ops, Owner::Nobody);
    }

    /// Final until the person acts.
    fn refuse(&mut self, core: &mut Core, error: SignInError) {
        self.forget_tab(core);
        let was_up = self.was_up;
        self.leave(core);
        core.state.edit_session(|session| {
            session.transport = None;
            session.phase = Phase::SignedOut { error: Some(error.clone()) };
        });
        if was_up {
            core.out.push_back(Output::Event(Event::Disconnected { reconnecting: false }));
        }
        core.out.push_back(Output::Event(Event::SignInFailed(error)));
    }
}
