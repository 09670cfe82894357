//! One file per XEP, or per part of an RFC, each with its types and nothing else.
//!
//! The first line of each file names the document and the version of it that was read. To add one: the file, a line
//! here, and a folder of the same name in `tests/vectors/`.

pub mod bind;
pub mod bosh;
pub mod framing;
pub mod sasl;
pub mod session;
pub mod sm;
pub mod stream_features;
