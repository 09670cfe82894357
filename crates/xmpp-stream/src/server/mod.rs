//! The server's side of a stream, until it is authenticated and restarted.
//!
//! [`ServerStream`] offers mechanisms, runs SASL and offers the features after it. From then on every element (the bind
//! request, `<enable/>`, `<resume/>`, stanzas) passes through untouched: the host's session owns resources and stream
//! management, so that a session can move from one connection to another. It does not know where accounts are stored.

mod auth;
mod config;
mod event;
mod machine;
mod starttls;

pub use config::{PRE_AUTH_LIMITS, ServerStreamConfig};
pub use event::{CredentialsUnavailable, Input, Output, ServerEvent};
pub use machine::ServerStream;
