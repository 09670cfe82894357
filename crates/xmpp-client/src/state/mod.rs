//! What is shown, and which of it changed since the view was last told.
//!
//! Features meet here and only here: roster, presence and vCard each know a part of a [`Person`], and the contact is their
//! sum. Changes are noted, not sent: [`State::flush`] makes the diffs once per input.

mod conversation;
mod person;
mod presences;

use std::collections::VecDeque;
use std::sync::Arc;

use xmpp::collections::{VecMap, VecSet};
use xmpp::ids::ArchiveId;
use xmpp::jid::BareJid;
use xmpp::time::Timestamp;

pub(crate) use conversation::{Conversation, Kept};
pub(crate) use person::{Person, Resource, RosterEntry};

use crate::api::{
    Availability, Contact, ContactRequest, ConversationId, Diff, Event, Output, Phase, Profile, Session, Subscription,
};
use crate::timeline::{Entry, Row};

/// More conversations than this are not kept in memory.
const MAX_CONVERSATIONS: usize = 3_000;

/// Everything shown.
pub(crate) struct State {
    session: Session,
    people: VecMap<BareJid, Person>,
    requests: VecMap<BareJid, Arc<ContactRequest>>,
    conversations: VecMap<ConversationId, Conversation>,
    profile: Profile,
    /// The counter behind every `TimelineId`; never goes back, also not on sign-out.
    pub(crate) next_item: u64,
    /// Since when this device knows what was read; without it the past counts as read.
    pub(crate) read_since: Option<Timestamp>,
    /// The newest message of the own archive that is known together with everything before it.
    pub(crate) archive_cursor: Option<ArchiveId>,
    unread: u32,
    dirty: Dirty,
    /// Diffs that are told as they are.
    told: VecDeque<Diff>,
}

#[derive(Default)]
struct Dirty {
    session: bool,
    profile: bool,
    people: VecSet<BareJid>,
    conversations: VecSet<ConversationId>,
}

impl State {
    pub(crate) fn new() -> Self {
        let session = Session {
            phase: Phase::SignedOut { error: None },
            jid: None,
            transport: None,
            availability: Availability::Online,
            status: None,
        };
        Self {
            session,
            people: VecMap::new(),
            requests: VecMap::new(),
            conversations: VecMap::new(),
            profile: Profile::default(),
            next_item: 0,
            read_since: None,
            archive_cursor: None,
            unread: 0,
            dirty: Dirty::default(),
            told: VecDeque::new(),
        }
    }

    /// Forgets everything but the session.
    pub(crate) fn forget(&mut self) {
        self.people.clear();
        self.requests.clear();
        self.conversations.clear();
        self.profile = Profile::default();
        self.archive_cursor = None;
        self.read_since = None;
        self.dirty = Dirty { session: true, ..Dirty::default() };
        self.told.clear();
        self.told.push_back(Diff::Reset);
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    pub(crate) fn edit_session(&mut self, edit: impl FnOnce(&mut Session)) {
        let before = self.session.clone();
        edit(&mut self.session);
        self.dirty.session |= before != self.session;
    }

    pub(crate) fn person(&self, jid: &BareJid) -> Option<&Person> {
        self.people.get(jid)
    }

    /// The person to change; made if unknown.
    pub(crate) fn person_mut(&mut self, jid: &BareJid) -> &mut Person {
        self.dirty.people.insert(jid.clone());
        self.people.entry(jid.clone()).or_default()
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = (&BareJid, &Person)> {
        self.people.iter()
    }

    /// Nobody is known to be available any more.
    pub(crate) fn clear_presence(&mut self) {
        for (jid, person) in &mut self.people {
            if !person.resources.is_empty() {
                person.resources.clear();
                self.dirty.people.insert(jid.clone());
            }
        }
    }

    /// The name to show for somebody.
    pub(crate) fn name(&self, jid: &BareJid) -> String {
        self.people.get(jid).map_or_else(|| person::fallback_name(jid), |p| p.name(jid))
    }

    pub(crate) fn tell_roster_complete(&mut self) {
        self.flush_people();
        self.told.push_back(Diff::RosterComplete);
    }

    pub(crate) fn request(&self, jid: &BareJid) -> Option<&Arc<ContactRequest>> {
        self.requests.get(jid)
    }

    pub(crate) fn set_request(&mut self, request: ContactRequest) {
        let request = Arc::new(request);
        self.requests.insert(request.jid.clone(), request.clone());
        self.told.push_back(Diff::Request(request));
    }

    pub(crate) fn remove_request(&mut self, jid: &BareJid) -> bool {
        let was = self.requests.remove(jid).is_some();
        if was {
            self.told.push_back(Diff::RequestRemoved(jid.clone()));
        }
        was
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.len()
    }

    pub(crate) fn set_profile(&mut self, profile: Profile) {
        self.dirty.profile |= self.profile != profile;
        self.profile = profile;
    }

    pub(crate) fn conversation(&self, id: &ConversationId) -> Option<&Conversation> {
        self.conversations.get(id)
    }

    /// The conversation to change; made if unknown, but not listed by that.
    pub(crate) fn conversation_mut(&mut self, id: &ConversationId) -> &mut Conversation {
        self.conversation_and_counter(id).0
    }

    /// The conversation to change, with the counter of timeline ids.
    pub(crate) fn conversation_and_counter(&mut self, id: &ConversationId) -> (&mut Conversation, &mut u64) {
        self.dirty.conversations.insert(id.clone());
        let conversation =
            self.conversations.entry(id.clone()).or_insert_with(|| Conversation::new(id.clone(), self.read_since));
        (conversation, &mut self.next_item)
    }

    /// Whether somebody may know that we are here: they see our presence, or we have spoken to them.
    pub(crate) fn is_known_to(&self, jid: &BareJid) -> bool {
        let sees = |item: &RosterEntry| matches!(item.subscription, Subscription::From | Subscription::Both);
        let spoken = |c: &Conversation| c.timeline.rows().iter().rev().any(|row| row.delivery().is_some());
        self.people.get(jid).and_then(|person| person.roster.as_ref()).is_some_and(sees)
            || self.conversations.get(&ConversationId::chat(jid.clone())).is_some_and(spoken)
    }

    pub(crate) fn conversation_ids(&self) -> Vec<ConversationId> {
        self.conversations.keys().cloned().collect()
    }

    /// The conversations whose rows changed since this was asked last.
    pub(crate) fn changed_timelines(&mut self) -> impl Iterator<Item = (&ConversationId, &Conversation)> {
        let changed = self.conversations.iter_mut();
        changed.filter_map(|(id, conversation)| conversation.timeline.take_changed().then_some((id, &*conversation)))
    }

    /// The rows of all conversations.
    pub(crate) fn timelines(&self) -> impl Iterator<Item = &[Row]> {
        self.conversations.values().map(|conversation| conversation.timeline.rows())
    }

    /// Takes back what the device kept of a conversation, before what was written meanwhile; nothing, if the archive was faster.
    pub(crate) fn restore(&mut self, id: &ConversationId, entries: Vec<Entry>) {
        let (conversation, next) = self.conversation_and_counter(id);
        if conversation.timeline.oldest_archived().is_none() {
            conversation.restore(entries, next);
        }
    }

    /// Tells the view what changed.
    pub(crate) fn flush(&mut self, out: &mut VecDeque<Output>) {
        if std::mem::take(&mut self.dirty.session) {
            self.told.push_back(Diff::Session(Arc::new(self.session.clone())));
        }
        if std::mem::take(&mut self.dirty.profile) {
            self.told.push_back(Diff::Profile(Arc::new(self.profile.clone())));
        }
        self.flush_people();
        self.flush_conversations(out);
        out.extend(self.told.drain(..).map(Output::Diff));
    }

    fn flush_people(&mut self) {
        for jid in std::mem::take(&mut self.dirty.people) {
            let Some(person) = self.people.get_mut(&jid) else { continue };
            // A name shows in the conversation list too.
            let id = ConversationId::chat(jid.clone());
            if self.conversations.contains_key(&id) {
                self.dirty.conversations.insert(id);
            }
            match person.contact(&jid) {
                Some(contact) if person.told.as_deref() != Some(&contact) => {
                    let contact: Arc<Contact> = Arc::new(contact);
                    person.told = Some(contact.clone());
                    self.told.push_back(Diff::Contact(contact));
                }
                Some(_) => {}
                None => {
                    if person.told.take().is_some() {
                        self.told.push_back(Diff::ContactRemoved(jid.clone()));
                    }
                }
            }
            if person.is_empty() {
                self.people.remove(&jid);
            }
        }
    }

    /// Strangers may write from as many addresses as they like, but not into our memory: beyond a bound the oldest
    /// conversations that nobody looks at leave the list. The archive keeps them.
    fn bound_conversations(&mut self) {
        while self.conversations.len() > MAX_CONVERSATIONS {
            let idle = self.conversations.iter().filter(|(_, c)| c.is_idle());
            let Some(oldest) = idle.min_by_key(|(_, c)| c.newest_at()).map(|(id, _)| id.clone()) else { return };
            if self.conversations.remove(&oldest).is_some_and(|c| c.listed) {
                self.told.push_back(Diff::ChatRemoved(oldest));
            }
        }
    }

    fn flush_conversations(&mut self, out: &mut VecDeque<Output>) {
        if self.dirty.conversations.is_empty() {
            return;
        }
        self.bound_conversations();
        for id in std::mem::take(&mut self.dirty.conversations) {
            let name = self.name(&id.jid);
            let Some(conversation) = self.conversations.get_mut(&id) else { continue };
            conversation.trim();
            if let Some(diff) = conversation.flush(name) {
                self.told.push_back(diff);
            }
            let ops = conversation.timeline.take_ops();
            if !ops.is_empty() {
                self.told.push_back(Diff::Timeline { conversation: id, ops });
            }
        }
        let total = self.conversations.values().map(Conversation::unread_told).sum();
        if total != self.unread {
            self.unread = total;
            out.push_back(Output::Event(Event::UnreadChanged { total }));
        }
    }
}
