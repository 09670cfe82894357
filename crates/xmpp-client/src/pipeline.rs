//! Messages that a feature holds back, and those that wait behind them: first in, first out per conversation and direction.

use std::collections::VecDeque;

use xmpp::collections::VecMap;
use xmpp::jid::BareJid;

use crate::feature::{HoldId, Inbound, Outbound};

/// A message in either direction.
#[allow(clippy::large_enum_variant, reason = "both are of about one size")]
pub(crate) enum Parcel {
    In(Inbound),
    Out(Outbound),
}

/// A direction of a conversation; `true` is outwards.
type LaneId = (bool, BareJid);

/// One direction of one conversation in which something is held.
struct Lane {
    hold: HoldId,
    /// The feature that holds the first parcel.
    feature: usize,
    parcels: VecDeque<Parcel>,
}

/// All that waits.
#[derive(Default)]
pub(crate) struct Pipelines {
    lanes: VecMap<LaneId, Lane>,
}

/// A lane whose first parcel goes on.
pub(crate) struct Released {
    /// Where the first parcel goes on.
    pub(crate) feature: usize,
    /// What waited, oldest first.
    pub(crate) parcels: VecDeque<Parcel>,
}

impl Parcel {
    fn lane(&self) -> LaneId {
        match self {
            Parcel::In(inbound) => (false, inbound.peer.clone()),
            Parcel::Out(outbound) => (true, outbound.conversation.jid.clone()),
        }
    }
}

impl Pipelines {
    /// Puts a parcel behind what is held in its lane; gives it back if nothing is.
    pub(crate) fn wait(&mut self, parcel: Parcel) -> Option<Parcel> {
        match self.lanes.get_mut(&parcel.lane()) {
            Some(lane) => {
                lane.parcels.push_back(parcel);
                None
            }
            None => Some(parcel),
        }
    }

    /// A feature holds this parcel; `behind` waits with it.
    pub(crate) fn hold(&mut self, parcel: Parcel, hold: HoldId, feature: usize, behind: VecDeque<Parcel>) {
        let id = parcel.lane();
        let mut parcels = behind;
        parcels.push_front(parcel);
        self.lanes.insert(id, Lane { hold, feature, parcels });
    }

    /// The lane that this hold keeps back.
    pub(crate) fn release(&mut self, hold: HoldId) -> Option<Released> {
        let id = self.lanes.iter().find(|(_, lane)| lane.hold == hold).map(|(id, _)| id.clone())?;
        self.lanes.remove(&id).map(|lane| Released { feature: lane.feature, parcels: lane.parcels })
    }

    pub(crate) fn clear(&mut self) {
        self.lanes.clear();
    }
}
