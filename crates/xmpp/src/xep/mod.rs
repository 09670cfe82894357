//! One file per XEP, or per part of an RFC, each with its types and nothing else.
//!
//! The first line of each file names the document and the version of it that was read. To add one: the file, a line
//! here, a folder of the same name in `tests/vectors/`, and a pair in the oracle (`xmpp-testkit/tests/oracle`) or a line
//! in its `coverage.rs` that says why there is none.

pub mod avatar;
pub mod bind;
pub mod bind2;
pub mod blocking;
pub mod caps;
pub mod carbons;
pub mod chat_markers;
pub mod chat_states;
pub mod csi;
pub mod data_forms;
pub mod delay;
pub mod disco;
pub mod entity_time;
pub mod fast;
pub mod forward;
pub mod framing;
pub mod hints;
pub mod last;
pub mod mam;
pub mod ping;
pub mod private_storage;
pub mod pubsub;
pub mod receipts;
pub mod register;
pub mod roster;
pub mod rsm;
pub mod sasl;
pub mod sasl2;
pub mod session;
pub mod sm;
pub mod software_version;
pub mod stanza_id;
pub mod stream_features;
pub mod vcard_temp;
pub mod vcard_update;
