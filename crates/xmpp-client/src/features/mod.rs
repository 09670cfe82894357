//! The features, one folder each.
//!
//! The order of [`all`] is the order in which they see stanzas: envelopes are opened first, the timeline comes last.

pub mod caps;
pub mod carbons;
pub mod chat_states;
pub mod chats;
pub mod delay;
pub mod disco;
pub mod drafts;
pub mod history;
pub mod mam;
pub mod markers;
pub mod messages;
pub mod outbox;
pub mod ping;
pub mod presence;
pub mod receipts;
pub mod roster;
pub mod stanza_id;
pub mod unread;
pub mod vcard;

use crate::feature::Constructor;

/// Every feature of this build.
pub fn all() -> Vec<Constructor> {
    vec![
        disco::Disco::make,
        ping::Ping::make,
        roster::Roster::make,
        presence::Presences::make,
        caps::Caps::make,
        vcard::VCards::make,
        chats::Chats::make,
        drafts::Drafts::make,
        history::History::make,
        delay::Delay::make,
        stanza_id::StanzaIds::make,
        outbox::Outbox::make,
        carbons::Carbons::make,
        mam::Mam::make,
        chat_states::ChatStates::make,
        receipts::Receipts::make,
        markers::Markers::make,
        messages::Messages::make,
        unread::Unread::make,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_stands_behind_those_it_needs_and_no_name_is_used_twice() {
        let ids: Vec<_> = all().iter().map(|make| make()).map(|feature| (feature.id(), feature.after())).collect();
        for (index, (id, after)) in ids.iter().enumerate() {
            assert_eq!(ids.iter().position(|(other, _)| other == id), Some(index), "{id} twice");
            for other in *after {
                assert!(!ids[index..].iter().any(|(id, _)| id == other), "{id} must stand behind {other}");
            }
        }
    }
}
