//! The wire vocabulary of XMPP: XML elements, JIDs, stanzas and one file per XEP payload.
//!
//! Everything here is plain data and pure functions. The crate knows nothing of connections, streams, sessions, time
//! sources or storage; those are `xmpp-stream` and the crates above it. It is built for the browser and for the
//! server alike, so it keeps out of the way of byte budgets: no regular expressions, no Unicode tables, no dates crate.
//!
//! Where to start reading: [`xml::Element`] is what everything is made of, [`stanza::Stanza`] is what travels, and
//! [`payload::Payload`] is how a XEP's element becomes a Rust type; [`xep`] lists them all.

pub mod collections;
pub mod ids;
pub mod jid;
pub mod ns;
pub mod payload;
pub mod stanza;
pub mod time;
pub mod xep;
pub mod xml;

pub use jid::{BareJid, FullJid, Jid};
pub use payload::{Payload, PayloadError};
pub use stanza::{Iq, IqKind, Message, Presence, Stanza, StanzaError, StreamError};
pub use xml::Element;
