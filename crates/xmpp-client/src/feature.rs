//! The contract of a feature: what it is told, and what it may answer.
//!
//! A feature owns its state and its storage keys and knows no other feature; what several need to see stands in the shown
//! state, and what several need to know travels as a [`Signal`]. [`crate::Cx`] is its only door. A feature that is switched
//! off is never made: it leaves no traffic, no disco entry and no row.

use xmpp::ids::{OriginId, StanzaId};
use xmpp::jid::BareJid;
use xmpp::stanza::{Iq, Message, Presence, StanzaError};
use xmpp::time::Timestamp;
use xmpp::xml::Element;

use crate::api::{Command, ConversationId, TimelineId};
use crate::cx::Cx;
use crate::timeline::Placement;

/// How a feature is made: registries are lists of these.
pub type Constructor = fn() -> Box<dyn Feature>;

/// What a feature calls a request or a deadline of its own, to know it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub u32);

/// A message that a feature holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldId(pub u32);

/// What happens to a stanza after a feature has seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next feature sees it.
    Continue,
    /// It ends here.
    Stop,
    /// It waits, and all later messages of its conversation and direction behind it, until [`Cx::release`] or the deadline
    /// of [`Cx::hold`]. Then the same feature sees it again. Only for `on_message` and `before_send`.
    Hold(HoldId),
}

/// How a session changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionChange {
    /// A fresh session: the server knows nothing of this client yet.
    Bound,
    /// The session before goes on (XEP-0198): nothing was lost.
    Resumed,
    /// The connection is gone; the session may be resumed.
    Lost,
}

/// What one feature lets all others know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Rows of the device are merged; before this, what was kept is not known.
    RowsLoaded,
    /// What account and server can do is known (XEP-0030): [`Cx::account_has`], [`Cx::server_has`].
    Discovered,
    /// The roster of this session has come.
    Roster,
    /// The archive was read to its tail, or there is none, or it cannot be read now.
    Archive(ArchiveReach),
    /// The server has taken over a message of ours for good; the tag given to [`Cx::transmit`].
    Acked(u64),
    /// The page came to the front.
    Visible,
    /// The person has read further in this conversation, here or elsewhere.
    Read(ConversationId),
    /// What the own presence says apart from availability has changed: send it again.
    PresenceChanged,
    /// A feature stopped a message on its way out.
    SendStopped {
        /// In which conversation.
        conversation: ConversationId,
        /// Its row.
        item: TimelineId,
    },
    /// A row was placed in a timeline for the first time.
    Placed {
        /// In which conversation.
        conversation: ConversationId,
        /// Which row.
        item: TimelineId,
        /// Whether it came live.
        live: bool,
    },
}

/// How far the own archive is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveReach {
    /// Everything up to now is here.
    Tail,
    /// There is no archive.
    None,
    /// It could not be read; tried again with the next session.
    Failed,
}

/// Where a message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// To this resource, now or from offline storage.
    Live,
    /// A copy of what another resource got or sent (XEP-0280).
    Carbon,
    /// From the own archive (XEP-0313); where it goes in the timeline.
    Archive(ArchivePlace),
}

/// Where an archived message goes; opaque outside the crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchivePlace(pub(crate) Placement);

/// A message on its way in.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// The message itself, without envelopes.
    pub message: Message,
    /// How it came.
    pub source: Source,
    /// Whether this account wrote it.
    pub own: bool,
    /// The other side.
    pub peer: BareJid,
    /// When it was said, by the best clock known.
    pub at: Timestamp,
    /// Whether a delay stamp says that it is older than its arrival.
    pub delayed: bool,
    /// The own archive's id, where it is vouched for.
    pub stanza_id: Option<StanzaId>,
    /// The id its sender gave it for good.
    pub origin_id: Option<OriginId>,
}

/// A message on its way out.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Where to.
    pub conversation: ConversationId,
    /// Its row.
    pub item: TimelineId,
    /// The stanza as it will be sent.
    pub message: Message,
}

/// An IQ of type get or set.
#[derive(Clone, Copy, Debug)]
pub struct IqRequest<'a> {
    /// The whole stanza, for the answer.
    pub iq: &'a Iq,
    /// Its child.
    pub payload: &'a Element,
    /// Whether it wants a change.
    pub set: bool,
}

/// Why a request has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The answer was an error.
    #[error("{0}")]
    Stanza(StanzaError),
    /// No answer in time.
    #[error("timed out")]
    TimedOut,
    /// The session ended before the answer came.
    #[error("disconnected")]
    Disconnected,
}

impl RequestError {
    /// The condition's name, or a word of ours.
    pub fn condition(&self) -> &'static str {
        match self {
            RequestError::Stanza(error) => error.condition.as_str(),
            RequestError::TimedOut => "timeout",
            RequestError::Disconnected => "disconnected",
        }
    }
}

/// One feature. All hooks have an empty default; [`crate::Cx`] says what a feature may do in them.
pub trait Feature: Send {
    /// Its name in settings and storage keys, in kebab case.
    fn id(&self) -> &'static str;

    /// Whether chat is impossible without it: then it cannot be switched off.
    fn essential(&self) -> bool {
        false
    }

    /// Features that must stand before this one in the registry, if they are there at all.
    fn after(&self) -> &'static [&'static str] {
        &[]
    }

    /// What it adds to this client's disco#info (XEP-0030), and by that to its caps.
    fn disco(&self) -> &'static [&'static str] {
        &[]
    }

    /// Its rows of this account, key (without account and feature) and value. Called once per account, also without rows.
    fn on_rows(&mut self, _cx: &mut Cx<'_>, _rows: &[(&str, &str)]) {}

    /// The session changed.
    fn on_session(&mut self, _cx: &mut Cx<'_>, _change: SessionChange) {}

    /// A message came in.
    fn on_message(&mut self, _cx: &mut Cx<'_>, _inbound: &mut Inbound) -> Flow {
        Flow::Continue
    }

    /// A presence came in.
    fn on_presence(&mut self, _cx: &mut Cx<'_>, _presence: &Presence) -> Flow {
        Flow::Continue
    }

    /// A request came in; who answers it with [`Cx::answer`] says [`Flow::Stop`].
    fn on_iq(&mut self, _cx: &mut Cx<'_>, _request: IqRequest<'_>) -> Flow {
        Flow::Continue
    }

    /// The end of a request of this feature.
    fn on_reply(&mut self, _cx: &mut Cx<'_>, _label: Label, _result: Result<Option<&Element>, &RequestError>) {}

    /// A message is about to be sent.
    fn before_send(&mut self, _cx: &mut Cx<'_>, _outbound: &mut Outbound) -> Flow {
        Flow::Continue
    }

    /// A message went through every `before_send`: who sends it says [`Flow::Stop`].
    fn on_send(&mut self, _cx: &mut Cx<'_>, _outbound: &Outbound) -> Flow {
        Flow::Continue
    }

    /// A person or the page wants something.
    fn on_command(&mut self, _cx: &mut Cx<'_>, _command: &Command) -> Flow {
        Flow::Continue
    }

    /// The own presence is about to be sent.
    fn on_own_presence(&mut self, _cx: &mut Cx<'_>, _presence: &mut Presence) {}

    /// Some feature lets all know.
    fn on_signal(&mut self, _cx: &mut Cx<'_>, _signal: &Signal) {}

    /// A deadline of this feature has passed.
    fn on_timeout(&mut self, _cx: &mut Cx<'_>, _label: Label) {}

    /// A Store of this feature is durable, or failed.
    fn on_stored(&mut self, _cx: &mut Cx<'_>, _label: Label, _stored: bool) {}
}
