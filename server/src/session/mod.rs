//! The loops that drive the sans-IO machines: a task per shard, a task per connection.
//!
//! ```text
//! WebSocket task ┐
//! BOSH task      ├─ Link (ServerStream, mailbox) ──┬ Shard task ─ Storage
//! TCP task       ┘                                 ├ Shard task ─ Storage
//!                                                  └ Relay ─ another XMPP server
//! ```
//!
//! Way in: connection → bounded queue → shard; a full queue stops the reading of the socket. Way out: shard → bounded mailbox →
//! connection; a full mailbox drops the connection, whose session then hibernates (XEP-0198). So no slow party can hold up another one.
//! Start with [`Hub`], then `link`.

pub(crate) mod bosh;
mod clock;
mod hub;
mod inbox;
mod link;
pub(crate) mod prebind;
mod register;
mod relay;
mod relayed;
mod shards;
pub(crate) mod tcp;
mod tokens;
pub(crate) mod websocket;

pub(crate) use hub::ended;
pub use hub::{Hub, Permit};
