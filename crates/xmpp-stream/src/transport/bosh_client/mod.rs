//! The client half, in progress.
