//! The client's side of a stream: one connection attempt over one open transport, up to bound or resumed.
//!
//! [`ClientStream`] authenticates, resumes or binds, enables stream management, and from then on frames elements. It counts
//! nothing (that is [`crate::sm`], which outlives connections), reconnects never and knows no sockets.

mod auth;
mod config;
mod event;
mod features;
mod machine;
mod sasl2;
mod session;

pub use crate::sasl::Secret;
pub use config::{Framing, Resume, Sasl2, StreamConfig, TokenUse};
pub use event::{Input, Output, SmEnabled, StreamEvent, StreamFailure};
pub use machine::ClientStream;
