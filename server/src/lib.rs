//! The native shell: sockets, HTTP routes, database, configuration.
//!
//! What a stanza means is not known here: `xmpp-stream` negotiates, `xmpp-host` routes, and this crate carries their inputs and
//! outputs. Start with [`config::Config`], then [`http`] (the routes) and [`session`] (the loops that drive the machines).

pub mod auth;
pub mod config;
pub mod http;
pub mod places;
pub mod prep;
pub mod session;
pub mod storage;
pub mod tcp;
pub mod telemetry;
