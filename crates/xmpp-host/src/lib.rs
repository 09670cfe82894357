//! A sans-IO XMPP host: sessions, routing, rosters, presence and the message archive of the accounts of one domain.
//!
//! It knows no sockets, no SASL and no database: elements of authenticated connections come in, elements and storage requests go out.
//! Start reading at [`io`], then `shard.rs`.

pub mod io;
pub mod storage;
