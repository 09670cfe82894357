//! [`Terms`]: what the creation response granted (XEP-0124 §7.2). Times in milliseconds.

use super::io::Created;
use crate::transport::bosh_body::Body;

/// The granted terms.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) wait: u64,
    pub(super) hold: u64,
    pub(super) requests: u64,
    pub(super) inactivity: Option<u64>,
    pub(super) polling: u64,
    pub(super) maxpause: u64,
    /// HTTP errors end the session (§17.1).
    pub(super) legacy: bool,
}

impl Terms {
    /// What holds until the connection manager has spoken, and in a session that somebody else created.
    pub(super) fn assumed(wait_seconds: u64) -> Terms {
        Terms {
            wait: wait_seconds.min(3600) * 1000,
            hold: 1,
            requests: 2,
            inactivity: None,
            polling: 0,
            maxpause: 0,
            legacy: true,
        }
    }

    pub(super) fn read(body: &Body, asked_wait: u64) -> Terms {
        // Nobody may make this client wait for longer than an hour.
        let ms = |seconds: u64| seconds.min(3600) * 1000;
        Terms {
            wait: ms(body.wait.unwrap_or(asked_wait)),
            hold: body.hold.unwrap_or(1),
            requests: body.requests.unwrap_or(2).max(1),
            inactivity: body.inactivity.map(ms),
            polling: ms(body.polling.unwrap_or(0)),
            maxpause: ms(body.maxpause.unwrap_or(0)),
            legacy: body.ver.is_none(),
        }
    }

    /// Whether requests are answered at once, so that the client must ask again and again (§12).
    pub(super) fn polls(&self) -> bool {
        self.hold == 0 || self.wait == 0
    }

    /// How many requests to have under way. Two: one is held, one brings what is to be sent (§4).
    pub(super) fn simultaneous(&self) -> usize {
        if self.polls() || self.requests == 1 { 1 } else { 2 }
    }

    /// The interval of polls, well inside the inactivity period.
    pub(super) fn poll_interval(&self) -> u64 {
        let most = self.inactivity.unwrap_or(60_000) * 4 / 5;
        self.polling.max(1000).min(most.max(100))
    }

    pub(super) fn created(&self, sid: String, body: &Body) -> Created {
        Created {
            sid,
            wait: self.wait / 1000,
            requests: self.requests,
            inactivity: self.inactivity.map(|ms| ms / 1000),
            maxpause: (self.maxpause > 0).then_some(self.maxpause / 1000),
            from: body.from.clone(),
            restartlogic: body.restartlogic,
        }
    }
}
