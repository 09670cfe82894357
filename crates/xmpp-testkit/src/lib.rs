//! Lets the client and the host talk in memory, under a virtual clock and a hostile network, and judges what came of it.
//!
//! Nothing outside tests depends on it. It knows both sides, which know nothing of each other. Start reading at [`sim`]; the host's
//! storage in memory is [`storage`].

pub mod sim;
pub mod storage;
