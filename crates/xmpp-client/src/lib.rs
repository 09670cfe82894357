//! The headless chat client: turns stanzas and a person's commands into chat state, outgoing stanzas and storage requests.
//!
//! It does *not* know sockets, the DOM, Yew or how rows are stored; the shell does what [`api::io::Output`] asks.
//! Start reading at [`api`], then `client.rs`, then one folder under [`features`].
//!
//! # Driving it
//!
//! ```text
//! let mut client = Client::new(settings, features::all());
//! loop {
//!     client.handle_input(now, input);            // one thing that happened
//!     while let Some(output) = client.poll_output() { /* do it; completions become inputs later, never at once */ }
//! }
//! ```
//!
//! - `now` never goes back on its `mono` part. `SetTimer(Some(at))` replaces the one deadline; give `Input::Timer` at or after it.
//! - Every `Store`, `Load` and `Derive` is answered once, in any order between kinds, Stores in the order they were asked.
//!   A message is written down before it is sent: the client itself waits for `Stored` before it asks to transmit, so
//!   `after` is `None` in every output of this version.
//! - `OpenSocket` is answered by `Opened` or `Closed`. Inputs for sockets and requests that the client has closed or
//!   cancelled are ignored, so a shell need not filter races.
//! - A simulation joins it to a host by handing `Transmit.text` to the host's framing as one WebSocket message and back.
//! - A reload is `Input::Page(PageEvent::Unload)`, dropping the client, and a new one with the same stores and another seed.

pub mod api;
mod client;
mod connection;
mod core;
mod cx;
mod dispatch;
pub mod feature;
pub mod features;
#[cfg(test)]
mod hostile_tests;
mod iq;
mod json;
mod pipeline;
#[cfg(test)]
mod pipeline_tests;
mod random;
mod rows;
mod state;
#[cfg(test)]
mod test_bench;
mod timeline;

pub use client::Client;
pub use cx::Cx;
