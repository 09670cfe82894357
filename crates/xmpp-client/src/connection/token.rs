//! Tokens (XEP-0484): what the tab keeps in place of a password, and how it is given up.

use xmpp::jid::BareJid;
use xmpp::time::{Mono, Timestamp};
use xmpp_stream::client::{Sasl2, StreamConfig, StreamEvent, TokenUse};
use xmpp_stream::sasl::Secret;

use super::Connection;
use super::endpoints::Endpoint;
use super::link::{Link, LinkEvent};
use super::login::{Login, TAB_KEY};
use crate::api::{StoreOp, StoreScope};
use crate::core::{Core, Owner};

/// How long after signing out a token is given up.
const PARTING_MS: u64 = 100;

/// A token that is to be given up.
pub(super) struct Parting {
    pub(super) at: Mono,
    endpoint: Endpoint,
    config: StreamConfig,
}

/// Where the tab keeps it.
pub(super) const TOKEN_KEY: &str = "session/token";

/// A token and how often it was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    text: String,
    count: u32,
    since: Timestamp,
}

impl Token {
    pub(super) fn new(text: String, now: Timestamp) -> Self {
        Self { text, count: 0, since: now }
    }

    /// One more use. A tab that was duplicated counts from the same number: the seconds since then keep both apart.
    fn count(&mut self, now: Timestamp) -> u32 {
        let seconds = u32::try_from((now.0 - self.since.0) / 1000).unwrap_or(0);
        self.count = seconds.max(self.count.saturating_add(1));
        self.count
    }
}

/// One field a line: account, resource, the client's id, the token, its count, since when.
fn write(jid: &BareJid, resource: &str, agent: &str, token: &Token) -> String {
    [jid.as_str(), resource, agent, &token.text, &token.count.to_string(), &token.since.0.to_string()].join("\n")
}

/// The reverse: who signs in, as which resource and client, with what.
pub(super) fn read(row: &str) -> Option<(Login, String, String, Token)> {
    let fields: Vec<&str> = row.split('\n').collect();
    let [jid, resource, agent, text, count, since] = fields.try_into().ok()?;
    let jid = BareJid::new(jid).ok()?;
    let login = Login { domain: String::from(jid.domain()), jid: Some(jid), secret: Secret::None, fresh: false };
    let token = Token { text: String::from(text), count: count.parse().ok()?, since: Timestamp(since.parse().ok()?) };
    Some((login, String::from(resource), String::from(agent), token))
}

impl Connection {
    /// What the next attempt says of SASL2; a token counts as used.
    pub(super) fn sasl2(&mut self, core: &mut Core, invalidate: bool) -> Sasl2 {
        let agent = self.agent.get_or_insert_with(|| core.random.uuid()).clone();
        let now = core.now.wall;
        let token =
            self.token.as_mut().map(|token| TokenUse { count: token.count(now), text: token.text.clone(), invalidate });
        if token.is_some() && !invalidate {
            // Written down before it goes out: a page that reloads must not count the same again.
            self.write_token(core);
        }
        // A site that names the resource gets that one, by the older way.
        let tag = self.resource.clone().filter(|_| core.settings.resource.is_none());
        Sasl2 { agent, tag, token, seen: self.known.sasl2 }
    }

    fn write_token(&self, core: &mut Core) {
        let jid = self.login.as_ref().and_then(|login| login.jid.as_ref());
        if let (Some(jid), Some(agent), Some(token)) = (jid, &self.agent, &self.token) {
            let value = write(jid, self.resource.as_deref().unwrap_or_default(), agent, token);
            // Keys that are as good as the password are not needed any more.
            let ops = vec![
                StoreOp::Put { key: String::from(TOKEN_KEY), value },
                StoreOp::Delete { key: String::from(TAB_KEY) },
            ];
            core.store(StoreScope::Tab, ops, Owner::Nobody);
        }
    }

    /// From now on this one.
    pub(super) fn token_given(&mut self, core: &mut Core, text: String) {
        self.token = Some(Token::new(text, core.now.wall));
        self.write_token(core);
    }

    /// It is of no use any more.
    pub(super) fn token_refused(&mut self, core: &mut Core) {
        self.token = None;
        core.store(StoreScope::Tab, vec![StoreOp::Delete { key: String::from(TOKEN_KEY) }], Owner::Nobody);
    }

    /// Whether there is nothing left to sign in with.
    pub(super) fn has_nothing(&self) -> bool {
        self.token.is_none() && self.login.as_ref().is_some_and(|login| login.secret == Secret::None)
    }

    /// What another transport needs to give the token up; none if there is no token or nobody to tell.
    pub(super) fn farewell(&mut self, core: &mut Core) -> Option<Parting> {
        self.token.as_ref().filter(|_| !self.offline)?;
        let endpoint = self.endpoint.clone()?;
        let mut config = self.config(core, &endpoint, true)?;
        config.resume = None;
        // An element that is removed from its page signs out and is gone at once: nothing must begin then.
        Some(Parting { at: core.now.mono.after(PARTING_MS), endpoint, config })
    }

    /// Time passes for it.
    pub(super) fn farewell_timer(&mut self, core: &mut Core) {
        let now = core.now;
        if let Some(Parting { endpoint, config, .. }) = self.parting.take_if(|parting| parting.at <= now.mono) {
            self.farewell = Some(Link::open(core, endpoint, config));
        }
        if let Some(link) = self.farewell.take_if(|link| link.open_by.is_some_and(|at| at <= now.mono)) {
            link.abandon(core);
        }
        if let Some(link) = &mut self.farewell {
            link.timer(now);
            self.wave(core);
        }
    }

    /// Lets the transport that gives a token up say so (§3.6). Whatever comes of it, nobody waits.
    pub(super) fn wave(&mut self, core: &mut Core) {
        while let Some(event) = self.farewell.as_mut().and_then(|link| link.poll(core)) {
            if matches!(
                event,
                LinkEvent::Stream(
                    StreamEvent::Closed(_)
                        | StreamEvent::Failed(_)
                        | StreamEvent::AuthFailed { .. }
                        | StreamEvent::Lost
                )
            ) && let Some(mut link) = self.farewell.take()
            {
                while link.poll(core).is_some() {}
                link.abandon(core);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_from_the_tab_and_no_count_comes_twice() {
        let jid = BareJid::new("me@x.y").expect("a jid");
        let mut token = Token::new(String::from("secret"), Timestamp(10_000));
        assert_eq!((token.count(Timestamp(10_001)), token.count(Timestamp(10_002))), (1, 2));
        assert_eq!((token.count(Timestamp(70_000)), token.count(Timestamp(5))), (60, 61), "clocks go back");
        let row = write(&jid, "web-1", "uuid", &token);
        let (login, resource, agent, read_back) = read(&row).expect("reads");
        assert_eq!((login.jid, resource.as_str(), agent.as_str()), (Some(jid), "web-1", "uuid"));
        assert_eq!((login.secret, read_back), (Secret::None, token));
        for broken in ["", "a\nb", &row.replace("me@x.y", "@"), &row.replace("61", "x")] {
            assert!(read(broken).is_none(), "{broken}");
        }
    }
}
