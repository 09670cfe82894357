//! What goes into a [`BoshServer`](super::BoshServer) and what comes out.

use xmpp::time::Mono;
use xmpp::{Element, StreamError};

use crate::transport::bosh_body::{Body, Condition};

/// One HTTP request that waits for its response. The shell numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey(pub u64);

/// What happened to the session.
#[derive(Debug)]
pub enum Input {
    /// A request with this session's `sid`; the first one is the creation request, without a `sid`.
    Request {
        /// How to answer it.
        key: RequestKey,
        /// Read by [`Body::read_request`].
        body: Box<Body>,
    },
    /// A request of this session ([`BodyError::sid`](crate::transport::bosh_body::BodyError::sid),
    /// [`Body::sniff_sid`]) that could not be read. It ends the session.
    Malformed {
        /// How to answer it.
        key: RequestKey,
    },
    /// The socket of an unanswered request is closed. Its place is free at once and nothing is sent into it.
    RequestGone {
        /// Which request.
        key: RequestKey,
    },
    /// An element for the client: features, SASL, stanza.
    Send(Element),
    /// The elements received up to this number are durable, or need not be.
    Handled {
        /// The number in [`Output::Received`].
        seq: u64,
    },
    /// Negotiation is over: from the next request on, a response waits until the stanzas of its request are
    /// [`Input::Handled`]. Before, whatever arrives counts as handled.
    Authenticated,
    /// The stream ends, with what is queued, and with this error.
    Close(Option<StreamError>),
    /// The session ends for a reason of the connection manager's own, such as
    /// [`Condition::RemoteConnectionFailed`].
    Fail(Condition),
    /// The time of [`Output::SetTimer`] has come.
    Timer,
}

/// What the shell has to do.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// Answer a request. The Content-Type is [`BoshServer::content_type`](super::BoshServer::content_type).
    Respond {
        /// Which request.
        key: RequestKey,
        /// 200, or a legacy client's error (§17.1).
        status: u16,
        /// The body; empty beside a legacy error.
        body: String,
    },
    /// An element from the client, numbered from 1.
    Received {
        /// For [`Input::Handled`].
        seq: u64,
        /// As it travelled, in its own namespace.
        element: Element,
    },
    /// The client opens a stream (§7.1) or opens it anew (XEP-0206 §5).
    StreamStart(StreamStart),
    /// The session is over. Nothing comes after this but answers to requests that were still on their way here.
    Closed(CloseReason),
    /// When to send [`Input::Timer`]; replaces the time before.
    SetTimer(Option<Mono>),
}

/// What a stream header would say on TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamStart {
    /// The domain.
    pub to: Option<String>,
    /// Who the client says it is.
    pub from: Option<String>,
    /// `xml:lang` of the session.
    pub lang: Option<String>,
    /// The version of the stream; "1.0" if the client did not tell.
    pub version: String,
    /// Whether this is a restart.
    pub restart: bool,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The client terminated it (§13).
    Terminated,
    /// No request within the inactivity period (§10). The client was not told.
    Inactive,
    /// [`Input::Close`] or [`Input::Fail`] was done.
    Closed,
    /// The client broke a rule, or its creation request was refused.
    Refused(Condition),
    /// Stanzas were not [`Input::Handled`] in time.
    NotHandled,
    /// The client reads too slowly: [`Config::queued_bytes`](super::Config::queued_bytes).
    Overflow,
}
