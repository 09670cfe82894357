//! The `<body/>` wrapper of BOSH (XEP-0124 §6, XEP-0206), read and written by both roles.
//!
//! [`Body`] knows every attribute but no rule: what a rid or a `pause` does is the business of
//! [`bosh_server`](super::bosh_server) and [`bosh_client`](super::bosh_client).

mod condition;
mod read;
mod rid;
mod write;

use xmpp::Element;

pub use condition::Condition;
pub use read::BodyError;
pub use rid::{Rid, RidError};
pub(crate) use write::payload_xml;

/// A `<body/>`: its attributes, `None` where absent, and its payloads. Seconds where XEP-0124 says seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// The request id; every request has one (§14).
    pub rid: Option<Rid>,
    /// The session id; absent in the creation request (§7.1).
    pub sid: Option<String>,
    /// The domain of the stream.
    pub to: Option<String>,
    /// Who opens the stream, or which server answered.
    pub from: Option<String>,
    /// `xml:lang`.
    pub lang: Option<String>,
    /// The version of BOSH.
    pub ver: Option<Version>,
    /// The longest a request is held, in seconds.
    pub wait: Option<u64>,
    /// The most requests held at a time.
    pub hold: Option<u64>,
    /// The most requests at a time.
    pub requests: Option<u64>,
    /// The longest time without a request, in seconds.
    pub inactivity: Option<u64>,
    /// The shortest interval between empty requests, in seconds.
    pub polling: Option<u64>,
    /// The longest pause, in seconds.
    pub maxpause: Option<u64>,
    /// The pause that is asked for, in seconds.
    pub pause: Option<u64>,
    /// Up to which rid everything has arrived (§9).
    pub ack: Option<u64>,
    /// Of which rid the response seems to be lost (§9.2).
    pub report: Option<u64>,
    /// Milliseconds since the response of `report` was sent.
    pub time: Option<u64>,
    /// The Content-Type that the client can accept.
    pub content: Option<String>,
    /// `terminate`, `error` or nothing.
    pub type_: Option<BodyType>,
    /// Why the session ended.
    pub condition: Option<Condition>,
    /// `xmpp:restart`: the client asks for a new stream (XEP-0206).
    pub restart: bool,
    /// `xmpp:restartlogic`: the connection manager knows restarts (XEP-0206).
    pub restartlogic: bool,
    /// `xmpp:version`: the version of the stream (XEP-0206).
    pub version: Option<String>,
    /// The elements that travel. On reading, those without a namespace of their own are in `jabber:client`.
    pub payloads: Vec<Element>,
}

/// The `type` of a [`Body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyType {
    /// The session ends (§13, §17.2).
    Terminate,
    /// Repeat what has had no response (§17.3).
    Error,
}

/// The version of BOSH, "major.minor", two integers (§7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Before the dot.
    pub major: u16,
    /// After the dot; 1.10 is later than 1.6.
    pub minor: u16,
}

impl Version {
    /// The version that this code implements.
    pub const OURS: Version = Version { major: 1, minor: 11 };

    fn read(text: &str) -> Option<Version> {
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        let part = |text| rid::decimal(text).and_then(|number| u16::try_from(number).ok());
        Some(Version { major: part(major)?, minor: part(minor)? })
    }
}
