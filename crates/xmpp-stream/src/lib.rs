//! XMPP streams without IO, both roles: negotiation (RFC 6120), SASL, stream management (XEP-0198), and the transports'
//! framing (WebSocket of RFC 7395, BOSH, TCP).
//!
//! The crate turns an open transport into an authenticated stream of elements and back. It does *not* know sockets, clocks,
//! random sources or threads (they come in as inputs), what a stanza means, or how an account is stored: those are the shell's,
//! the client's and the host's.
//!
//! Start with [`client::ClientStream`] and [`server::ServerStream`], two machines of the same shape: `handle_input`, then
//! `poll_output` until `None`.

pub mod client;
pub mod header;
pub mod sasl;
pub mod server;
pub mod sm;
pub mod transport;

pub use header::StreamHeader;
