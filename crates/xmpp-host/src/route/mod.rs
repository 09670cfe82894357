//! Routing: what a session sends finds its way out (`outgoing`, `iq`, `presence`), what is routed here finds its sessions (`arrive`).

pub(crate) mod arrive;
pub(crate) mod iq;
pub(crate) mod outgoing;
pub(crate) mod presence;
pub(crate) mod subscription;
pub(crate) mod table;
