//! The view's copy of the client's state, built from diffs alone.

use std::rc::Rc;
use std::sync::Arc;

use xmpp::collections::VecMap;
use xmpp::jid::BareJid;
use xmpp_client::api::{
    Chat, Contact, ContactRequest, ConversationId, Diff, Item, Phase, Profile, Session, TimelineOp,
};

use crate::bridge::Topic;
use crate::ui_state::{Action, UiState};

/// What is shown. Snapshots are shared pointers: comparing pointers tells whether they changed.
#[derive(Default)]
pub struct Replica {
    /// `None` until the client has said anything.
    pub session: Option<Arc<Session>>,
    /// The own profile.
    pub profile: Arc<Profile>,
    /// By address.
    pub contacts: VecMap<BareJid, Arc<Contact>>,
    /// Whether the roster has arrived, so that an empty list may be shown as empty.
    pub roster_complete: bool,
    /// In order of arrival.
    pub requests: Vec<Arc<ContactRequest>>,
    /// Newest first.
    pub chats: Rc<Vec<Arc<Chat>>>,
    /// Of open conversations.
    pub timelines: VecMap<ConversationId, Rc<Vec<Arc<Item>>>>,
    /// What stands in front.
    pub ui: UiState,
}

impl Replica {
    /// Applies one change and tells what it touched.
    pub fn apply(&mut self, diff: Diff) -> &'static [Topic] {
        match diff {
            Diff::Session(session) => {
                self.ui.signing_in &= session.phase == Phase::Connecting;
                if !matches!(session.phase, Phase::Reconnecting { .. }) {
                    self.ui.failure = None;
                }
                self.session = Some(session);
                &[Topic::Session, Topic::Ui]
            }
            Diff::Profile(profile) => {
                self.profile = profile;
                &[Topic::Profile]
            }
            Diff::Contact(contact) => {
                self.contacts.insert(contact.jid.clone(), contact);
                &[Topic::Contacts]
            }
            Diff::ContactRemoved(jid) => {
                self.contacts.remove(&jid);
                &[Topic::Contacts]
            }
            Diff::RosterComplete => {
                self.roster_complete = true;
                &[Topic::Contacts]
            }
            Diff::Request(request) => {
                match self.requests.iter_mut().find(|other| other.jid == request.jid) {
                    Some(other) => *other = request,
                    None => self.requests.push(request),
                }
                &[Topic::Contacts]
            }
            Diff::RequestRemoved(jid) => {
                self.requests.retain(|request| request.jid != jid);
                &[Topic::Contacts]
            }
            Diff::Chat(chat) => {
                self.put_chat(chat);
                &[Topic::Chats]
            }
            Diff::ChatRemoved(id) => {
                Rc::make_mut(&mut self.chats).retain(|chat| chat.id != id);
                self.timelines.remove(&id);
                self.ui.selected.take_if(|selected| *selected == id);
                &[Topic::Chats, Topic::Timeline, Topic::Ui]
            }
            Diff::Timeline { conversation, ops } => {
                let items = Rc::make_mut(self.timelines.entry(conversation).or_default());
                for op in ops {
                    apply_op(items, op);
                }
                &[Topic::Timeline]
            }
            Diff::Reset => {
                let mut ui = std::mem::take(&mut self.ui);
                ui.reduce(Action::Reset);
                *self = Self { ui, session: self.session.take(), ..Self::default() };
                &[Topic::Session, Topic::Contacts, Topic::Chats, Topic::Timeline, Topic::Profile, Topic::Ui]
            }
            // A later client may say more than this view knows.
            _ => &[],
        }
    }

    /// One conversation's line.
    #[must_use]
    pub fn chat(&self, id: &ConversationId) -> Option<&Arc<Chat>> {
        self.chats.iter().find(|chat| chat.id == *id)
    }

    /// Unread messages over all conversations.
    #[must_use]
    pub fn unread(&self) -> u32 {
        self.chats.iter().fold(0, |sum, chat| sum.saturating_add(chat.unread))
    }

    /// Keeps the list sorted, newest first; conversations without a message stand by name after the others.
    fn put_chat(&mut self, chat: Arc<Chat>) {
        let chats = Rc::make_mut(&mut self.chats);
        chats.retain(|other| other.id != chat.id);
        let before = |other: &Arc<Chat>| match other.last.cmp(&chat.last) {
            std::cmp::Ordering::Equal => other.name <= chat.name,
            order => order.is_gt(),
        };
        let index = chats.partition_point(before);
        chats.insert(index, chat);
    }
}

/// Indices out of range are clamped: a wrong diff must not take the view down.
fn apply_op(items: &mut Vec<Arc<Item>>, op: TimelineOp) {
    match op {
        TimelineOp::Reset(all) => *items = all,
        TimelineOp::Insert { index, items: new } => {
            let index = index.min(items.len());
            items.splice(index..index, new);
        }
        TimelineOp::Update { index, item } => {
            if let Some(slot) = items.get_mut(index) {
                *slot = item;
            }
        }
        TimelineOp::Remove { index, count } => {
            let end = index.saturating_add(count).min(items.len());
            items.drain(index.min(end)..end);
        }
    }
}
