//! What goes into a [`BoshClient`](super::BoshClient) and what comes out.

use std::fmt;

use xmpp::Element;
use xmpp::time::Mono;

use crate::transport::bosh_body::{Condition, Rid};

/// How to begin.
#[derive(Clone, Debug)]
pub struct Start {
    /// The domain.
    pub to: String,
    /// The account, if the connection manager should know before it is asked.
    pub from: Option<String>,
    /// `xml:lang`.
    pub lang: Option<String>,
    /// The longest a request may be held, in seconds.
    pub wait: u64,
    /// 64 random bits, for the first rid and the jitter of repeats.
    pub random: u64,
    /// Go on with a session that exists instead of creating one.
    pub attach: Option<Session>,
}

/// What it takes to go on with a session: after a reload, or one that a server prepared (prebind).
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The session id. Whoever knows it and the rid owns the session.
    pub sid: String,
    /// The rid of the *next* request. It comes as text or number: see [`Rid`]'s `from_str` and [`Rid::from_number`].
    pub rid: Rid,
    /// How many requests before that one had no response when the session was handed over; none after a prebind. One
    /// of them may never have arrived, and the connection manager would wait for it in vain; so they are repeated,
    /// empty, first.
    pub unanswered: u32,
}

/// Without the `sid`, which is a secret.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("unanswered", &self.unanswered).finish_non_exhaustive()
    }
}

/// What happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// Create or attach. Once.
    Start(Box<Start>),
    /// Elements to send, in this order.
    Send(Vec<Element>),
    /// Open the stream anew, after authentication (XEP-0206 §5).
    Restart,
    /// End the session, with these last elements.
    Terminate(Vec<Element>),
    /// No requests for so many seconds (XEP-0124 §10). Anything sent ends the pause.
    Pause {
        /// At most the session's `maxpause`; without one there is no pause.
        seconds: u64,
    },
    /// An HTTP response.
    Response {
        /// From [`Output::Request`].
        rid: Rid,
        /// From [`Output::Request`].
        attempt: u32,
        /// The HTTP status.
        status: u16,
        /// The HTTP body.
        body: &'a str,
    },
    /// No HTTP response: the network failed, or `timeout_ms` have passed.
    RequestFailed {
        /// From [`Output::Request`].
        rid: Rid,
        /// From [`Output::Request`].
        attempt: u32,
    },
    /// The time of [`Output::SetTimer`] has come.
    Timer,
}

/// What the shell has to do.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// POST this body, as `text/xml; charset=utf-8`.
    Request {
        /// The request id.
        rid: Rid,
        /// Which try it is, from 1. A repeat has the same rid and body and the next number.
        attempt: u32,
        /// The HTTP body.
        body: String,
        /// When to give the request up. The machine itself does so a little later.
        timeout_ms: u64,
    },
    /// The response of this try is of no interest any more: close its connection.
    Cancel {
        /// The request id.
        rid: Rid,
        /// Which try.
        attempt: u32,
    },
    /// What the stream should know.
    Event(Event),
    /// When to send [`Input::Timer`]; replaces the time before.
    SetTimer(Option<Mono>),
}

/// What the stream should know.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// The session exists.
    Created(Created),
    /// The session that was attached to has answered for the first time.
    Attached,
    /// An element arrived.
    Received(Element),
    /// All requests are back: the pause has begun.
    Paused,
    /// The connection manager ended the session, or confirmed that the client did. Nothing comes after this.
    Terminated(Terminated),
    /// The session cannot go on. Nothing comes after this.
    Lost(LostReason),
}

/// What the connection manager said when it created the session (XEP-0124 §7.2). Seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The session id.
    pub sid: String,
    /// The longest a request is held.
    pub wait: u64,
    /// The most simultaneous requests.
    pub requests: u64,
    /// After how long without a request the session is over.
    pub inactivity: Option<u64>,
    /// The longest pause, where pauses are known.
    pub maxpause: Option<u64>,
    /// The domain that answered.
    pub from: Option<String>,
    /// Whether restarts are announced. Some old connection managers know them all the same.
    pub restartlogic: bool,
}

/// How a session was ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminated {
    /// Why; `None` is an orderly end. The stream error of `remote-stream-error` was an [`Event::Received`] before.
    pub condition: Option<Condition>,
    /// Where to go instead (`see-other-uri`).
    pub uri: Option<String>,
}

/// Why a session cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LostReason {
    /// Requests failed for longer than the connection manager waits.
    #[error("the connection manager can not be reached")]
    Unreachable,
    /// An HTTP error that repeating does not cure.
    #[error("http status {0}")]
    Http(u16),
    /// An HTTP response that is no `<body/>`: a sign-in page of the network, a wrong address.
    #[error("the answer is not one of a bosh connection manager")]
    NotBosh,
    /// The creation response has no `sid`.
    #[error("the connection manager created no session")]
    NoSid,
    /// No request could be made within the inactivity period; the page was asleep.
    #[error("the session expired while nothing was sent")]
    Inactive,
    /// The request ids are used up.
    #[error("no request id is left")]
    NoRid,
}
