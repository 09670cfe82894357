//! A sans-IO XMPP host: sessions, routing, rosters, presence and the message archive of the accounts of one domain.
//!
//! It knows no sockets, no SASL and no database. Elements of authenticated connections come in; elements and requests to storage go
//! out; what is promised to a client (an answer, a counted acknowledgement, a message passed on) goes out when storage has reported
//! that it is durable.
//!
//! The accounts of the domain are spread over [`Shard`]s by address ([`shard_of`]). Shards share nothing: what one has to tell another
//! is an [`Envelope`].
//!
//! Start reading at [`io`] and [`storage`], the whole surface; then `shard.rs`, where inputs are dispatched; `session/` is one
//! resource from binding to its end, `route/` is where stanzas go, `modules/` is one folder per XEP.

mod account;
pub mod config;
mod drain;
mod effect;
mod held;
mod ids;
pub mod io;
pub mod modules;
mod pending;
mod route;
mod session;
mod shard;
pub mod storage;
#[cfg(test)]
mod tests;

pub use config::{HostConfig, Limits};
pub use io::{ConnId, Envelope, EnvelopeBody, Input, Output, SessionId, ShardId, Token};
pub use shard::{Shard, shard_of};

use xmpp::xml::Element;

/// What a host with this configuration adds to the stream features after authentication: entity capabilities, roster versioning,
/// pre-approval (RFC 6120 §4.3.2). Binding and stream management are negotiated by the stream.
pub fn stream_features(config: &HostConfig) -> Vec<Element> {
    modules::Registry::new(config).stream_features(config)
}
