//! What is known of one other account, from roster, presence and vCard.

use std::sync::Arc;

use xmpp::collections::{VecMap, VecSet};
use xmpp::jid::BareJid;

use crate::api::{Availability, Contact, Subscription};

/// One other account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    /// Their place in the roster.
    pub(crate) roster: Option<RosterEntry>,
    /// Their available resources by name; bounded, see [`Person::set_resource`].
    pub(crate) resources: VecMap<String, Resource>,
    /// The vCard's name.
    pub(crate) vcard_name: Option<String>,
    /// A checked image as a `data:` URL.
    pub(crate) avatar: Option<Arc<str>>,
    /// What the view was last told.
    pub(super) told: Option<Arc<Contact>>,
}

/// A roster item without its address (RFC 6121 §2.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RosterEntry {
    pub(crate) name: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) subscription: Subscription,
    pub(crate) pending_out: bool,
}

/// One available resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) availability: Availability,
    pub(crate) priority: i8,
    pub(crate) status: Option<String>,
    /// When it said so, as a count of presences: of equal priorities the newest wins.
    pub(crate) since: u64,
    /// What its client can do, once that is known for sure (XEP-0115).
    pub(crate) caps: Option<Arc<VecSet<String>>>,
}

/// A contact with more resources than this is an attack.
const MAX_RESOURCES: usize = 64;

impl Person {
    pub(crate) fn set_resource(&mut self, name: &str, resource: Resource) {
        if self.resources.len() < MAX_RESOURCES || self.resources.contains_key(name) {
            self.resources.insert(String::from(name), resource);
        }
    }

    /// The resource that stands for the person: the highest priority, then the most available, then the newest.
    pub(crate) fn best(&self) -> Option<&Resource> {
        self.resources.values().max_by_key(|r| (r.priority, std::cmp::Reverse(r.availability), r.since))
    }

    pub(crate) fn name(&self, jid: &BareJid) -> String {
        let given = self.roster.as_ref().and_then(|item| item.name.as_ref()).or(self.vcard_name.as_ref());
        given.cloned().unwrap_or_else(|| fallback_name(jid))
    }

    pub(super) fn contact(&self, jid: &BareJid) -> Option<Contact> {
        let item = self.roster.as_ref()?;
        let best = self.best();
        Some(Contact {
            jid: jid.clone(),
            name: self.name(jid),
            roster_name: item.name.clone(),
            groups: item.groups.clone(),
            subscription: item.subscription,
            pending_out: item.pending_out,
            availability: best.map_or(Availability::Offline, |r| r.availability),
            status: best.and_then(|r| r.status.clone()),
            avatar: self.avatar.clone(),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.roster.is_none() && self.resources.is_empty() && self.vcard_name.is_none() && self.avatar.is_none()
    }
}

/// What to call somebody of whom only the address is known.
pub(super) fn fallback_name(jid: &BareJid) -> String {
    String::from(jid.local().unwrap_or(jid.domain()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(availability: Availability, priority: i8, since: u64) -> Resource {
        Resource { availability, priority, status: None, since, caps: None }
    }

    #[test]
    fn the_best_resource_is_the_one_that_messages_reach() {
        let mut person = Person::default();
        person.set_resource("desk", resource(Availability::Away, 5, 1));
        person.set_resource("phone", resource(Availability::Online, 0, 2));
        assert_eq!(person.best().map(|r| r.availability), Some(Availability::Away));
        person.set_resource("phone", resource(Availability::Online, 5, 3));
        assert_eq!(person.best().map(|r| r.availability), Some(Availability::Online));
        for n in 0..1000 {
            person.set_resource(&n.to_string(), resource(Availability::Chat, 0, n));
        }
        assert_eq!(person.resources.len(), MAX_RESOURCES);
    }

    #[test]
    fn a_name_is_never_empty() {
        let jid = BareJid::new("example.com").expect("a jid");
        assert_eq!(Person::default().name(&jid), "example.com");
        let person = Person { vcard_name: Some(String::from("Julia")), ..Person::default() };
        assert_eq!(person.name(&jid), "Julia");
    }
}
