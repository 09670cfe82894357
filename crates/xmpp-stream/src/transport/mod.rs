//! What carries a stream: WebSocket frames (RFC 7395), BOSH bodies (XEP-0124, XEP-0206) and bare TCP bytes (RFC 6120 §4).
//!
//! Nothing here knows what the stanzas mean. Start with [`websocket`], the simplest of the four.

pub mod bosh_body;
pub mod bosh_client;
pub mod bosh_server;
pub mod framer;
pub mod websocket;
