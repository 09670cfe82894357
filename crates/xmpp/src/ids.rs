//! A type for every kind of id. Mixing them up is the classic chat bug.
//!
//! All are opaque texts, cheap to clone. Nothing here makes ids: randomness comes in from outside.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::jid::BareJid;
use crate::payload::TextValue;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id with this text.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                String::from(&*id.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl TextValue for $name {
            fn from_text(text: &str) -> Option<Self> {
                Some(Self::from(text))
            }

            fn to_text(&self) -> Cow<'_, str> {
                Cow::Borrowed(&self.0)
            }
        }
    )*};
}

ids! {
    /// The `id` of a message stanza, chosen by its sender (RFC 6120 §8.1.3).
    MessageId;
    /// The `id` of a presence stanza, chosen by its sender (RFC 6120 §8.1.3).
    PresenceId;
    /// The `id` that joins an IQ request to its answer (RFC 6120 §8.1.3).
    IqId;
    /// An id the sender gave to the message for good, unlike one some server may rewrite (XEP-0359 §3.2).
    OriginId;
    /// The id of a message within one archive (XEP-0313 §3).
    ArchiveId;
    /// Who an occupant of a room is, whatever their nickname (XEP-0421 §3).
    OccupantId;
    /// The id of a resumable stream (XEP-0198 §3, `id` and `previd`).
    SmId;
    /// The id of a stream (RFC 6120 §4.7.3).
    StreamId;
    /// The session id of a BOSH connection (XEP-0124 §7.2).
    Sid;
    /// The id of one archive query, which its results repeat (XEP-0313 §4, `queryid`).
    QueryId;
    /// The name of a node of a publish-subscribe service (XEP-0060 §12.8).
    NodeName;
    /// The id of an item, unique in its node (XEP-0060 §12.8).
    ItemId;
    /// A version of a roster (RFC 6121 §2.6).
    RosterVersion;
}

/// The id that an archive gave to a message, and whose archive it is (XEP-0359 §3.1). Worth as much as the sender of
/// the stanza it came in: check `by` before use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StanzaId {
    /// The id within the archive.
    pub id: ArchiveId,
    /// The account or room whose archive it is.
    pub by: BareJid,
}
