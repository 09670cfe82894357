//! [`Config`]: what the connection manager offers to sessions and what it allows strangers.

/// What every session of one connection manager is held to. Share it: `BoshServer::new` takes an `Arc`.
#[derive(Clone, Debug)]
pub struct Config {
    /// The longest `wait` granted, in seconds. Below the usual 60 s time-out of reverse proxies.
    pub wait_max: u64,
    /// The most requests held at a time (`hold`).
    pub hold_max: u64,
    /// The least simultaneous requests granted (`requests`). A client that asks for a higher `hold` gets more, as
    /// §7.2 demands, up to [`Config::requests_max`].
    pub requests: u64,
    /// The most simultaneous requests granted, and with it the size of the rid window.
    pub requests_max: u64,
    /// After how many seconds without a request the session is over (`inactivity`, §10). Polling sessions get more.
    pub inactivity: u64,
    /// The shortest interval of empty requests, in seconds (`polling`, §11 and §12).
    pub polling: u64,
    /// The longest pause in seconds (`maxpause`, §10); zero offers none.
    pub max_pause: u64,
    /// The domains served here; anything else is `host-unknown`. Empty leaves the judgement to the stream.
    pub domains: Vec<String>,
    /// How many too frequent empty requests are forgiven before `policy-violation`. One is paid back in each
    /// `polling` interval, so that only sustained abuse ends a session.
    pub overactivity_tolerance: u64,
    /// How many requests above `requests` may stand unanswered before `policy-violation`.
    pub requests_slack: usize,
    /// Milliseconds for which a polling session's request may stay open after it carried payloads, because the
    /// answer is often a moment away and the next poll seconds.
    pub linger_ms: u64,
    /// Milliseconds beyond `wait` for which a response waits for its stanzas to be durable. Then the session ends.
    pub handled_ms: u64,
    /// Milliseconds after which a response that the client has not acknowledged is reported (§9.2).
    pub report_after_ms: u64,
    /// Bytes of payload in one response. A single larger payload still travels, alone.
    pub response_bytes: usize,
    /// Bytes of payload that wait for the client.
    pub queued_bytes: usize,
    /// Payloads that wait for the client.
    pub queued_payloads: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            wait_max: 55,
            hold_max: 1,
            requests: 2,
            requests_max: 5,
            inactivity: 60,
            polling: 5,
            max_pause: 120,
            domains: Vec::new(),
            overactivity_tolerance: 10,
            requests_slack: 4,
            linger_ms: 100,
            handled_ms: 10_000,
            report_after_ms: 10_000,
            response_bytes: 256 * 1024,
            queued_bytes: 1024 * 1024,
            queued_payloads: 2_000,
        }
    }
}
