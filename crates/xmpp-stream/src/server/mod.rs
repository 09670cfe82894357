//! The server's side of a stream, until it is authenticated and restarted.
//!
//! [`ServerStream`] offers mechanisms, runs SASL and offers the features after it. From then on every element (the bind
//! request, `<enable/>`, `<resume/>`, stanzas) passes through untouched: the host's session owns resources and stream
//! management, so that a session can move from one connection to another. It does not know where accounts are stored.
//!
//! With SASL2 (XEP-0388) the client asks for its session in the same request, and `<success/>` answers both. So what SASL has
//! of that answer goes to the host, with what was asked for, as [`Inline`].

mod auth;
mod config;
mod event;
mod inline;
mod machine;
mod register;
mod sasl2;
mod starttls;
mod tokens;

pub use config::{PRE_AUTH_LIMITS, ServerStreamConfig, TokenPolicy};
pub use event::{CredentialsUnavailable, Input, Output, ServerEvent};
pub use inline::{Bind, Inline};
pub use machine::ServerStream;
pub use register::{Password, RegistrationRefused};
