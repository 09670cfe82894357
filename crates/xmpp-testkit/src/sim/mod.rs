//! Whole runs of two clients against a host in virtual time, with everything that can go wrong between them.
//!
//! [`run`] plays the [`plan`] of a seed: devices, network and storage are those of [`device`], [`site`] and `world`; afterwards
//! [`judge`] compares what was typed with what the archives hold and what the devices show. A seed is a run, on every machine.

pub mod device;
pub mod judge;
pub mod plan;
pub mod replica;
pub mod rng;
pub mod site;
mod world;

pub use world::{Planted, Report, run};
