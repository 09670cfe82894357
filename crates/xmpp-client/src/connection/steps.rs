//! What comes next on the way to a session.

use xmpp::jid::FullJid;
use xmpp::time::Mono;
use xmpp_stream::client::{Resume, StreamConfig};
use xmpp_stream::sasl::Secret;
use xmpp_stream::sasl::scram::MAX_ITERATIONS;
use xmpp_stream::transport::bosh_client::Session;

use super::confirm::Confirm;
use super::discovery::Discovery;
use super::endpoints::{self, Endpoint, Endpoints};
use super::known;
use super::link::Link;
use super::login::{Goal, Login, SESSION, TAB_KEY, read_tab};
use super::token::{self, TOKEN_KEY};
use super::{Connection, ConnectionEvent};
use crate::api::{Credentials, Event, Output, Phase, Query, RequestId, SignInError, StoreScope, Token, Transport};
use crate::core::{Core, Owner};

/// What is being waited for, when no transport is open.
pub(super) enum Step {
    /// Nothing.
    Idle,
    /// The browser sees no network: its word that it is back starts the next try.
    Offline,
    /// The keys the tab kept.
    Restoring(Token),
    /// The page's credentials.
    Asking,
    /// The site's session.
    Prebinding(RequestId),
    /// What the device remembers.
    Recalling(Token),
    /// The service's addresses.
    Discovering {
        /// The questions.
        discovery: Discovery,
    },
    /// The back-off.
    Waiting {
        /// Until when.
        at: Mono,
    },
}

/// A session that the site made, not attached yet.
pub(super) struct Prebound {
    pub(super) jid: FullJid,
    pub(super) session: Session,
}

impl Connection {
    /// Does the next thing that is missing for a session.
    pub(super) fn proceed(&mut self, core: &mut Core) {
        let Some(goal) = &self.goal else { return };
        if self.link.is_some() {
            return;
        }
        if self.offline {
            let unproven = matches!(goal, Goal::Form) && self.login.as_ref().is_some_and(|login| login.fresh);
            if unproven {
                // Nobody can tell whether the password is right, and lists of this address that the device keeps are not for
                // everybody who types it.
                return self.refuse(core, SignInError::Unreachable { tried: Vec::new() });
            }
            self.step = Step::Offline;
            return self.set_phase(core, Phase::Reconnecting { at: None, offline: true });
        }
        if matches!(core.state.session().phase, Phase::Reconnecting { .. }) {
            self.set_phase(core, Phase::Reconnecting { at: None, offline: false });
        }
        match goal {
            Goal::Prebind(url) if self.prebound.is_none() => {
                let url = url.clone();
                return self.fetch_prebind(core, url);
            }
            Goal::Callback if self.login.is_none() => {
                self.step = Step::Asking;
                return core.out.push_back(Output::Event(Event::CredentialsWanted));
            }
            Goal::Restore if self.login.is_none() => {
                let token = core.token(Owner::Connection);
                self.step = Step::Restoring(token);
                let query = Query::Prefix(String::from(SESSION));
                return core.out.push_back(Output::Load { token, scope: StoreScope::Tab, query });
            }
            _ => {}
        }
        if !self.known.is_loaded {
            if let Some(jid) = self.login.as_ref().and_then(|login| login.jid.clone()) {
                self.events.push_back(ConnectionEvent::Account(jid));
            }
            let token = core.token(Owner::Connection);
            self.step = Step::Recalling(token);
            let query = Query::Prefix(self.known_key(""));
            return core.out.push_back(Output::Load { token, scope: known_scope(core), query });
        }
        if self.endpoints.is_empty() {
            let given = Endpoints::given(&core.settings);
            if given.is_empty() {
                let discovery = Discovery::start(core, &self.domain());
                self.step = Step::Discovering { discovery };
                return;
            }
            self.endpoints.set(given);
        }
        self.step = Step::Idle;
        self.endpoints.rewind(self.known.prefers_bosh(core.now.wall));
        self.open(core);
    }

    /// The questions about addresses are answered, or nobody answers.
    pub(super) fn discovered(&mut self, core: &mut Core) {
        let Step::Discovering { discovery } = std::mem::replace(&mut self.step, Step::Idle) else { return };
        let (found, asked) = discovery.finish(core);
        if found.is_empty() {
            return self.unreachable(core, asked);
        }
        self.endpoints.set(found);
        self.proceed(core);
    }

    /// Tries the next address.
    pub(super) fn open(&mut self, core: &mut Core) {
        let Some(endpoint) = self.endpoints.take() else {
            let tried = self.endpoints.urls();
            self.endpoints.forget();
            return self.unreachable(core, tried);
        };
        if let Some(Prebound { jid, session }) = &self.prebound {
            if endpoint.transport != Transport::Bosh {
                return self.open(core);
            }
            let link = Link::attach(core, endpoint.url, String::from(jid.to_bare().domain()), session.clone());
            self.link = Some(link);
            return self.pump(core);
        }
        let Some(config) = self.config(core, &endpoint, false) else { return };
        self.endpoint = Some(endpoint.clone());
        self.link = Some(Link::open(core, endpoint, config));
        self.pump(core);
    }

    /// What an attempt at this address is told; `invalidate`: it only gives the token up.
    pub(super) fn config(&mut self, core: &mut Core, endpoint: &Endpoint, invalidate: bool) -> Option<StreamConfig> {
        let resource = self.resource.get_or_insert_with(|| resource(core)).clone();
        let sasl2 = self.sasl2(core, invalidate);
        let login = self.login.as_ref()?;
        // Prosody 0.12 never answers a `<resume/>` in a BOSH session of its own.
        let resumes = endpoint.transport != Transport::Bosh || self.known.sasl2 || !self.reloaded;
        Some(StreamConfig {
            domain: login.domain.clone(),
            jid: login.jid.clone(),
            secret: if invalidate { Secret::None } else { login.secret.clone() },
            resource: Some(resource),
            lang: core.settings.lang.clone(),
            secure: endpoints::is_secure(&endpoint.url, core.settings.secure),
            sasl2: Some(sasl2),
            scram_floor: self.known.floor,
            max_iterations: MAX_ITERATIONS,
            resume: self.session.as_ref().filter(|_| resumes).and_then(resume),
            enable_sm: true,
            random: core.random.nonce(),
        })
    }

    /// The address does not answer, or not as it must.
    pub(super) fn attempt_failed(&mut self, core: &mut Core) {
        if let Some(link) = self.link.take() {
            link.abandon(core);
        }
        self.open(core);
    }

    /// No address answers.
    fn unreachable(&mut self, core: &mut Core, tried: Vec<String>) {
        self.prebound = None;
        let error = SignInError::Unreachable { tried };
        if matches!(self.goal, Some(Goal::Form)) && !self.was_up {
            // Somebody sits in front of a form; perhaps the address is mistyped.
            return self.refuse(core, error);
        }
        // The page is told once; that it goes on trying shows in the phase.
        if !self.was_up && !std::mem::replace(&mut self.told_unreachable, true) {
            core.out.push_back(Output::Event(Event::SignInFailed(error)));
        }
        self.retry(core);
    }

    /// Tries again later.
    pub(super) fn retry(&mut self, core: &mut Core) {
        let at = self.backoff.next(core.now.mono, &mut core.random);
        self.wait_until(core, at);
    }

    pub(super) fn wait_until(&mut self, core: &mut Core, at: Mono) {
        self.step = Step::Waiting { at };
        if self.offline {
            return self.proceed(core);
        }
        self.set_phase(core, Phase::Reconnecting { at: Some(at), offline: false });
    }

    pub(super) fn set_phase(&self, core: &mut Core, phase: Phase) {
        core.state.edit_session(|session| session.phase = phase);
    }

    /// The page's answer to the question for credentials.
    pub(super) fn credentials(&mut self, core: &mut Core, credentials: Option<&Credentials>) {
        if !matches!(self.step, Step::Asking) {
            return;
        }
        self.step = Step::Idle;
        match credentials {
            Some(Credentials { jid, password }) => {
                let login = Login::password(jid.clone(), password.0.clone());
                if core.account.as_ref().is_some_and(|account| account != jid) {
                    self.session = None;
                    self.known = known::Known::default();
                    self.endpoints.forget();
                }
                self.login = Some(login);
                self.proceed(core);
            }
            None => {
                let detail = String::from("the page gave no credentials");
                self.refuse(core, SignInError::Site { status: 0, detail });
            }
        }
    }

    /// What the tab kept is here.
    pub(super) fn restored(&mut self, core: &mut Core, rows: &[(String, String)]) {
        self.step = Step::Idle;
        let row = |key: &str| rows.iter().find(|(own, _)| own == key).map(|(_, row)| row.as_str());
        if let Some((login, resource, agent, token)) = row(TOKEN_KEY).and_then(token::read) {
            (self.login, self.resource) = (Some(login), Some(resource));
            (self.agent, self.token) = (Some(agent), Some(token));
        } else if let Some((login, resource)) = row(TAB_KEY).and_then(read_tab) {
            (self.login, self.resource) = (Some(login), Some(resource));
        }
        match self.login {
            Some(_) => {
                self.take_session(core, rows);
                self.proceed(core);
            }
            None => {
                // Nothing was kept: that is no error.
                self.leave(core);
                self.set_phase(core, Phase::SignedOut { error: None });
            }
        }
    }

    pub(super) fn domain(&self) -> String {
        let prebound = || self.prebound.as_ref().map(|prebound| String::from(prebound.jid.to_bare().domain()));
        self.login.as_ref().map(|login| login.domain.clone()).or_else(prebound).unwrap_or_default()
    }

    /// The key of a remembered fact about connecting.
    pub(super) fn known_key(&self, name: &str) -> String {
        let account = self.login.as_ref().and_then(|login| login.jid.as_ref()).map(|jid| String::from(jid.as_str()));
        [&account.unwrap_or_else(|| self.domain()), "/", known::ROWS, name].concat()
    }
}

/// Where what is known of connecting is kept.
pub(super) fn known_scope(core: &Core) -> StoreScope {
    if core.settings.trusted_device { StoreScope::Device } else { StoreScope::Tab }
}

fn resume(session: &Confirm) -> Option<Resume> {
    match session {
        Confirm::Sm(managed) => managed.id.clone().map(|previd| Resume { previd, h: managed.inbound.handled() }),
        Confirm::Barrier(_) => None,
    }
}

/// The site's resource, or one for the life of the tab.
fn resource(core: &mut Core) -> String {
    match &core.settings.resource {
        Some(resource) => resource.clone(),
        None => ["web-", &core.random.id(8)].concat(),
    }
}
