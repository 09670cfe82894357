//! What the open transport says: a session stands, goes on, or is over.

use xmpp::jid::FullJid;
use xmpp::ns;
use xmpp::stanza::Presence;
use xmpp::xml::Element;
use xmpp_stream::client::{SmEnabled, StreamEvent};
use xmpp_stream::sasl::{ScramKeys, Secret};

use super::confirm::{Confirm, Tags};
use super::failure::{self, Verdict};
use super::link::{Link, LinkEvent};
use super::login::{Goal, TAB_KEY, write_tab};
use super::steps::known_scope;
use super::{Connection, ConnectionEvent};
use crate::api::{Event, Output, Phase, SignInError, StoreOp, StoreScope, Transport};
use crate::core::{Core, Owner};

/// More than this nobody says while a page asks for its roster.
const MAX_KEPT: usize = 10_000;
/// Two conflicts within so short a time are no duplicated tab.
const MOVE_AGAIN_MS: u64 = 10 * 60_000;

impl Connection {
    /// Lets the open transport do what it wants, and hears what it says.
    pub(super) fn pump(&mut self, core: &mut Core) {
        while let Some(event) = self.link.as_mut().and_then(|link| link.poll(core)) {
            match event {
                LinkEvent::Stream(event) => self.stream_event(core, event),
                LinkEvent::Attached => self.attached(core),
            }
        }
    }

    fn stream_event(&mut self, core: &mut Core, event: StreamEvent) {
        core.heard = core.now.mono;
        match event {
            StreamEvent::Element(element) => self.element(core, element),
            StreamEvent::Bound { jid, sm, features } => {
                core.stream_features = Some(features);
                self.bound(core, jid, sm);
            }
            StreamEvent::Resumed { h, .. } => self.resumed(core, h),
            StreamEvent::ResumeFailed { h } => {
                self.session_is_new(core);
                let has = self.session.take().map(|mut session| session.lost(h)).unwrap_or_default();
                self.acked(has);
            }
            StreamEvent::ScramKeys(keys) => self.keep_keys(core, keys),
            StreamEvent::Token(token) => self.token_given(core, token),
            StreamEvent::TokenRefused => self.token_refused(core),
            StreamEvent::AuthFailed { condition, .. } => {
                let mut verdict = failure::of_auth(condition);
                if self.has_nothing() && matches!(verdict, Verdict::Later | Verdict::Final(SignInError::NoMechanism)) {
                    verdict = Verdict::Stale(SignInError::NotAuthorized);
                }
                // Who sits in front of a form should hear that they must wait.
                let in_form =
                    matches!(self.goal, Some(Goal::Form)) && self.login.as_ref().is_some_and(|login| login.fresh);
                let put_off = in_form && verdict == Verdict::Later;
                self.judge(core, if put_off { Verdict::Final(SignInError::TooManyAttempts) } else { verdict });
            }
            StreamEvent::Failed(failure) => self.judge(core, failure::of_attempt(&failure)),
            StreamEvent::Closed(error) => {
                self.judge(core, error.as_ref().map_or(Verdict::Later, failure::of_stream));
            }
            StreamEvent::Lost => self.lost(core),
        }
    }

    fn element(&mut self, core: &mut Core, element: Element) {
        // Before the session stands nothing counts (a server may flush what it kept right after `<resumed/>`, not before).
        let Some(session) = &mut self.session else { return };
        let domain = core.account.as_ref().map(|account| String::from(account.domain())).unwrap_or_default();
        match session.received(&element, &domain) {
            // After a reload, what concerns people waits until the features know them.
            Ok(None) => match &mut core.kept {
                Some(kept) if waits(&element) && kept.len() < MAX_KEPT => kept.push(element),
                _ => self.events.push_back(ConnectionEvent::Stanza(element)),
            },
            Ok(Some((has, answer))) => {
                self.acked(has);
                if let (Some(answer), Some(link)) = (answer, &mut self.link) {
                    link.send(core.now, answer);
                }
            }
            Err(error) => {
                // A server that counts wrongly cannot be resumed.
                self.session = None;
                if let Some(link) = &mut self.link {
                    link.close_with(core.now, error.stream_error());
                }
            }
        }
    }

    fn acked(&mut self, tags: Tags) {
        self.events.extend(tags.into_iter().map(ConnectionEvent::Acked));
    }

    fn bound(&mut self, core: &mut Core, jid: FullJid, sm: Option<SmEnabled>) {
        self.session_is_new(core);
        self.session = Some(Confirm::new(sm));
        self.events.push_back(ConnectionEvent::Account(jid.to_bare()));
        self.up(core, jid, false);
    }

    fn attached(&mut self, core: &mut Core) {
        if let Some(prebound) = self.prebound.take() {
            core.stream_features = None;
            self.bound(core, prebound.jid, None);
        }
    }

    fn resumed(&mut self, core: &mut Core, h: u32) {
        let (Some(Confirm::Sm(managed)), Some(link), Some(jid)) = (&mut self.session, &mut self.link, core.jid.clone())
        else {
            return;
        };
        if self.reloaded {
            managed.continue_at(h);
        }
        match managed.resumed(h, core.now) {
            Ok((has, again)) => {
                for element in again {
                    link.send(core.now, element);
                }
                self.acked(has);
                self.up(core, jid, true);
            }
            Err(error) => {
                link.close_with(core.now, error.stream_error());
                self.session = None;
            }
        }
    }

    fn up(&mut self, core: &mut Core, jid: FullJid, resumed: bool) {
        let transport = self.link.as_ref().map_or(Transport::WebSocket, Link::transport);
        self.was_up = true;
        self.backoff.up(core.now.mono);
        if let Some(login) = &mut self.login {
            login.fresh = false;
        }
        self.remember_transport(core, transport);
        self.forget_session(core);
        if !self.known.sasl2 && self.link.as_ref().is_some_and(Link::speaks_sasl2) {
            self.known.sasl2 = true;
            let op = StoreOp::Put { key: self.known_key("sasl2"), value: String::from("1") };
            core.store(known_scope(core), vec![op], Owner::Nobody);
        }
        core.online = true;
        core.jid = Some(jid.clone());
        core.state.edit_session(|session| {
            session.phase = Phase::Online;
            session.jid = Some(jid.clone());
            session.transport = Some(transport);
        });
        // The features of this page have seen nothing of a session that it was left.
        let continues = resumed && !std::mem::take(&mut self.reloaded);
        self.events.push_back(ConnectionEvent::Up { resumed: continues });
        core.out.push_back(Output::Event(Event::Connected { jid, transport, resumed }));
    }

    /// Which transport goes first next time.
    fn remember_transport(&mut self, core: &mut Core, transport: Transport) {
        if matches!(self.goal, Some(Goal::Prebind(_))) {
            return;
        }
        let key = self.known_key("bosh");
        let now = core.now.wall;
        let op = match transport {
            Transport::Bosh if self.endpoints.has(Transport::WebSocket) && !self.known.prefers_bosh(now) => {
                self.known.bosh_since = Some(now);
                StoreOp::Put { key, value: now.0.to_string() }
            }
            Transport::WebSocket if self.known.bosh_since.take().is_some() => StoreOp::Delete { key },
            _ => return,
        };
        core.store(known_scope(core), vec![op], Owner::Nobody);
    }

    /// The password is not needed any more; the keys stay for the life of the tab.
    fn keep_keys(&mut self, core: &mut Core, keys: ScramKeys) {
        if self.known.floor.is_none_or(|floor| floor < keys.hash) {
            self.known.floor = Some(keys.hash);
            let op = StoreOp::Put { key: self.known_key("floor"), value: String::from(keys.hash.name()) };
            core.store(known_scope(core), vec![op], Owner::Nobody);
        }
        let Some(login) = &mut self.login else { return };
        if let Some(jid) = login.jid.as_ref().filter(|_| self.token.is_none()) {
            let value = write_tab(jid, self.resource.as_deref().unwrap_or_default(), &keys);
            let op = StoreOp::Put { key: String::from(TAB_KEY), value };
            core.store(StoreScope::Tab, vec![op], Owner::Nobody);
        }
        login.secret = Secret::ScramKeys(keys);
    }

    fn judge(&mut self, core: &mut Core, verdict: Verdict) {
        match verdict {
            Verdict::Final(SignInError::Conflict) if self.may_move(core) => {
                // A duplicated tab took this one's resource along. With another one both can stay.
                (self.resource, self.session) = (None, None);
                self.down(core);
                self.retry(core);
            }
            Verdict::Final(error) => self.refuse(core, error),
            Verdict::Stale(error) => {
                let ask = matches!(self.goal, Some(Goal::Callback)) && self.login.as_ref().is_some_and(|l| !l.fresh);
                if !ask {
                    return self.refuse(core, error);
                }
                self.login = None;
                self.down(core);
                self.proceed(core);
            }
            Verdict::Next if !core.online => {
                self.finish_link(core);
                self.open(core);
            }
            Verdict::Next | Verdict::Later => {
                self.down(core);
                self.retry(core);
            }
        }
    }

    /// Whether a conflict may be answered with another resource: the site must not have chosen this one, and it must not go
    /// on and on.
    fn may_move(&mut self, core: &Core) -> bool {
        let now = core.now.mono;
        let before = self.moved_at.replace(now);
        core.settings.resource.is_none() && before.is_none_or(|before| now.since(before) > MOVE_AGAIN_MS)
    }

    /// The connection is gone. A session under stream management may be taken up again.
    pub(super) fn lost(&mut self, core: &mut Core) {
        // A session of the site that is dead stays dead: the site is asked for another.
        self.prebound = None;
        self.down(core);
        self.retry(core);
    }

    fn down(&mut self, core: &mut Core) {
        self.finish_link(core);
        if core.online {
            core.online = false;
            core.state.edit_session(|session| session.transport = None);
            self.events.push_back(ConnectionEvent::Down);
            core.out.push_back(Output::Event(Event::Disconnected { reconnecting: true }));
        }
    }

    /// Lets the transport say its last words, and lets go of it.
    pub(super) fn finish_link(&mut self, core: &mut Core) {
        if let Some(mut link) = self.link.take() {
            while link.poll(core).is_some() {}
            link.abandon(core);
        }
    }

    /// Ends the session in an orderly way.
    pub(super) fn close_link(&mut self, core: &mut Core) {
        if let Some(link) = &mut self.link {
            if core.online {
                link.send(core.now, Presence::unavailable().into());
            }
            link.close(core.now);
        }
        self.finish_link(core);
    }
}

/// Whether it concerns people: not the answer to a question of ours, be that in messages (XEP-0313).
fn waits(element: &Element) -> bool {
    element.name() != "iq" && !element.children().any(|child| child.is("result", ns::MAM))
}
