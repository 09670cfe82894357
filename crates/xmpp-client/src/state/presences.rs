//! What is known of others' presence, as the stanzas that said it.

use xmpp::ns;
use xmpp::stanza::{Presence, PresenceType, Show};
use xmpp::xml::Element;

use super::State;
use crate::api::Availability;

impl State {
    /// Who is available, and who asks to be (RFC 6121 §3, §4). What their clients can do is not in it.
    pub(crate) fn presences(&self) -> Vec<Element> {
        let mut all = Vec::new();
        for (jid, person) in self.people() {
            for (name, resource) in person.resources.iter() {
                let Ok(from) = jid.with_resource(name) else { continue };
                let show = match resource.availability {
                    Availability::Chat => Some(Show::Chat),
                    Availability::Away => Some(Show::Away),
                    Availability::ExtendedAway => Some(Show::Xa),
                    Availability::DoNotDisturb => Some(Show::Dnd),
                    Availability::Online | Availability::Offline => None,
                };
                let presence = Presence::new(PresenceType::Available).with_from(from).with_show(show);
                all.push(presence.with_status(resource.status.clone()).with_priority(resource.priority).into());
            }
        }
        for request in self.requests.values() {
            let mut presence = Presence::new(PresenceType::Subscribe).with_from(request.jid.clone());
            if let Some(name) = &request.name {
                presence = presence.with_element(Element::new("nick", ns::NICK).with_text(name.as_str()));
            }
            all.push(presence.with_status(request.message.clone()).into());
        }
        all
    }
}
