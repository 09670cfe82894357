//! The browser shell: gives the headless client sockets, HTTP, timers, storage and key derivation, draws it with `chat-ui`, and
//! offers both to the TypeScript element.
//!
//! It does *not* know XMPP (that is `xmpp-client`) nor what a view looks like (`chat-ui`). Start reading at [`session`], which
//! is what the element holds, then `driver.rs`, the loop around the client.

mod config;
mod driver;
mod events;
mod intl;
mod io;
mod prep;
pub mod session;
