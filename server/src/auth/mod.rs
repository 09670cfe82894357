//! Who may come in: SCRAM keys for accounts, visitor tokens for prebind, and the brakes on guessing.

pub mod attempts;
pub mod scram;
pub mod throttle;
pub mod token;
