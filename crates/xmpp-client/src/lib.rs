//! The headless chat client: turns stanzas and a person's commands into chat state, outgoing stanzas and storage requests.
//!
//! It does *not* know sockets, the DOM, Yew or how rows are stored; the shell does what [`api::io::Output`] asks.
//! Start reading at [`api`], then `client.rs`, then one folder under `features/`.

pub mod api;
