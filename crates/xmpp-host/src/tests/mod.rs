//! Whole shards against a small storage in memory, stanza by stanza.

mod archive;
mod avatar;
mod blocking;
mod csi;
mod durability;
mod messages;
mod modules;
mod pep;
mod presence;
mod random;
mod register;
mod resumption;
mod roster;
mod world;
