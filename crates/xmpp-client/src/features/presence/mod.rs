//! RFC 6121 §4: own presence, and who of the others is there.

use xmpp::stanza::{Presence, PresenceType, Show};

use crate::api::{Availability, Command, ConversationId};
use crate::cx::Cx;
use crate::feature::{Feature, Flow, Label, SessionChange, Signal};
use crate::state::Resource;

/// The feature.
#[derive(Default)]
pub struct Presences {
    /// What this session has brought of the two things that come before the first presence.
    roster: bool,
    discovered: bool,
    /// The first presence of this session is out.
    sent: bool,
    count: u64,
}

/// A server that says nothing of itself for so long is not waited for.
const IMPATIENT_MS: u64 = 5_000;
const IMPATIENT: Label = Label(1);

impl Presences {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    /// The roster must be asked for before (RFC 6121 §2.2), and messages kept by the server come right after: what
    /// vouches for their ids must be known by then.
    fn first(&mut self, cx: &mut Cx<'_>) {
        if self.roster && self.discovered && !self.sent {
            self.sent = true;
            cx.send_own_presence();
        }
    }
}

impl Feature for Presences {
    fn id(&self) -> &'static str {
        "presence"
    }

    fn essential(&self) -> bool {
        true
    }

    fn on_session(&mut self, cx: &mut Cx<'_>, change: SessionChange) {
        if change == SessionChange::Bound {
            (self.roster, self.discovered, self.sent) = (false, false, false);
            cx.state_mut().clear_presence();
            cx.wake_in(IMPATIENT, IMPATIENT_MS);
        }
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>, _label: Label) {
        if cx.online() {
            self.discovered = true;
            self.first(cx);
        }
    }

    fn on_signal(&mut self, cx: &mut Cx<'_>, signal: &Signal) {
        match signal {
            Signal::Roster => self.roster = true,
            Signal::Discovered => self.discovered = true,
            Signal::PresenceChanged if self.sent => return cx.send_own_presence(),
            _ => return,
        }
        self.first(cx);
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Flow {
        let Command::SetPresence { availability, status } = command else { return Flow::Continue };
        cx.state_mut().edit_session(|session| {
            session.availability = *availability;
            session.status = status.clone().filter(|status| !status.trim().is_empty());
        });
        if self.sent {
            cx.send_own_presence();
        }
        Flow::Stop
    }

    fn on_presence(&mut self, cx: &mut Cx<'_>, presence: &Presence) -> Flow {
        let Some(from) = &presence.from else { return Flow::Continue };
        let jid = from.to_bare();
        let known = cx.state().person(&jid).is_some_and(|person| person.roster.is_some())
            || cx.state().conversation(&ConversationId::chat(jid.clone())).is_some();
        // Strangers may send as many presences as they like, but not into our memory.
        if !known || cx.is_own(from) {
            return Flow::Continue;
        }
        let name = from.resource().unwrap_or_default();
        match presence.type_ {
            PresenceType::Available => {
                self.count += 1;
                let resource = Resource {
                    availability: availability(presence.show()),
                    priority: presence.priority(),
                    status: presence.status().filter(|status| !status.trim().is_empty()),
                    since: self.count,
                    caps: None,
                };
                cx.state_mut().person_mut(&jid).set_resource(name, resource);
            }
            PresenceType::Unavailable | PresenceType::Error => {
                let person = cx.state_mut().person_mut(&jid);
                if from.is_bare() {
                    // An error from the bare address says that nobody is there (RFC 6121 §4.3).
                    person.resources.clear();
                } else {
                    person.resources.remove(name);
                }
            }
            _ => {}
        }
        Flow::Continue
    }
}

fn availability(show: Option<Show>) -> Availability {
    match show {
        None => Availability::Online,
        Some(Show::Chat) => Availability::Chat,
        Some(Show::Away) => Availability::Away,
        Some(Show::Xa) => Availability::ExtendedAway,
        Some(Show::Dnd) => Availability::DoNotDisturb,
    }
}
