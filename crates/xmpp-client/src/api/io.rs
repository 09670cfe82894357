//! What passes between the client and its shell: sockets, HTTP, timers, storage, key derivation.
//!
//! The shell calls `handle_input`, then `poll_output` until `None`. JavaScript callbacks only enqueue inputs.

use xmpp::time::Mono;
use xmpp_stream::sasl::Kdf;

use super::command::Command;
use super::diff::Diff;
use super::event::Event;

/// A WebSocket, numbered by the client; numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u32);

/// An HTTP request, numbered by the client; numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u32);

/// A storage or derivation request; its completion carries the same token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub u32);

/// What the shell tells the client.
#[derive(Debug)]
pub enum Input<'a> {
    /// A person or the page wants something.
    Command(Command),
    /// The deadline of the last [`Output::SetTimer`] has passed.
    Timer,
    /// A socket is open, with the subprotocol `xmpp`.
    Opened(SocketId),
    /// A text frame.
    Text {
        /// From which socket.
        socket: SocketId,
        /// The whole frame.
        text: &'a str,
    },
    /// A socket is gone or could not be opened.
    Closed {
        /// Which.
        socket: SocketId,
    },
    /// A request came to its end.
    Response {
        /// Which.
        request: RequestId,
        /// How.
        result: Result<HttpResponse, HttpError>,
    },
    /// A [`Output::Store`] is durable, or not.
    Stored {
        /// Which.
        token: Token,
        /// How.
        result: Result<(), StorageError>,
    },
    /// A [`Output::Load`] has its rows, sorted by key.
    Loaded {
        /// Which.
        token: Token,
        /// Key and value.
        result: Result<Vec<(String, String)>, StorageError>,
    },
    /// PBKDF2 is done.
    Derived {
        /// Which.
        token: Token,
        /// The salted password, as many bytes as the hash has.
        key: Vec<u8>,
    },
    /// The page's life.
    Page(PageEvent),
}

/// What the client asks of the shell, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open a WebSocket with the subprotocol `xmpp`.
    OpenSocket {
        /// Its number.
        socket: SocketId,
        /// `wss://…` or `ws://…`, absolute or relative to the page.
        url: String,
    },
    /// Send a text frame, once the Store `after` is complete (also when that failed).
    Transmit {
        /// On which socket.
        socket: SocketId,
        /// The frame.
        text: String,
        /// A Store to wait for.
        after: Option<Token>,
    },
    /// Close a socket; no `Closed` input need follow.
    CloseSocket(SocketId),
    /// Make an HTTP request, once the Store `after` is complete.
    Request {
        /// Its number.
        request: RequestId,
        /// What.
        http: HttpRequest,
        /// A Store to wait for.
        after: Option<Token>,
    },
    /// Forget a request; no `Response` follows.
    CancelRequest(RequestId),
    /// Replaces the one deadline; `None`: no timer.
    SetTimer(Option<Mono>),
    /// Something happened.
    Event(Event),
    /// The shown state changed.
    Diff(Diff),
    /// Write rows, all or none.
    Store {
        /// Answered by `Stored`.
        token: Token,
        /// Which store.
        scope: StoreScope,
        /// What.
        ops: Vec<StoreOp>,
    },
    /// Read rows.
    Load {
        /// Answered by `Loaded`.
        token: Token,
        /// Which store.
        scope: StoreScope,
        /// What.
        query: Query,
    },
    /// Derive a key by PBKDF2-HMAC (WebCrypto, a thread pool).
    Derive {
        /// Answered by `Derived`.
        token: Token,
        /// With what.
        kdf: Kdf,
    },
}

/// Where rows live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreScope {
    /// As long as the browser profile: IndexedDB. History, outbox, drafts.
    Device,
    /// As long as the tab: sessionStorage. SCRAM keys, the stream's resumption state.
    Tab,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreOp {
    /// Insert or replace.
    Put {
        /// `<bare jid>/<feature>/…`.
        key: String,
        /// Text; the feature owns its form.
        value: String,
    },
    /// Remove one row if it is there.
    Delete {
        /// Which.
        key: String,
    },
    /// Remove every row whose key starts so.
    DeletePrefix {
        /// With what.
        prefix: String,
    },
}

/// One read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// All rows whose key starts so.
    Prefix(String),
}

/// Why storage failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// The quota is reached.
    #[error("the browser's storage quota is reached")]
    Full,
    /// Anything else.
    #[error("storage failed: {0}")]
    Broken(String),
}

/// An HTTP method in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

/// A request for the shell's `fetch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// GET or POST.
    pub method: Method,
    /// Absolute, or relative to the page.
    pub url: String,
    /// Name and value.
    pub headers: Vec<(&'static str, String)>,
    /// Of a POST.
    pub body: Option<String>,
    /// Whether the site's cookies go along (same-origin): prebind yes, BOSH no.
    pub credentials: bool,
    /// After how many milliseconds it counts as failed.
    pub timeout_ms: u32,
}

/// What came back, whatever the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type` without parameters, lower case.
    pub content_type: String,
    /// Whether the answer came from another address than asked (a sign-in page).
    pub redirected: bool,
    /// Decoded text, at most 4 MiB.
    pub body: String,
}

/// No answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No connection, CORS, DNS.
    #[error("network error")]
    Network,
    /// The time-out passed.
    #[error("timed out")]
    TimedOut,
}

/// The page's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageEvent {
    /// The browser sees a network.
    Online,
    /// It sees none.
    Offline,
    /// The page is in front.
    Visible,
    /// It is not.
    Hidden,
    /// It goes away: drop the transport without `<close/>`, so that XEP-0198 can resume.
    Unload,
}
