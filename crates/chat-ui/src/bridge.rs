//! The one door between the view and the shell: diffs in, commands out, subscriptions by topic.
//!
//! The shell calls [`Bridge::apply`] for every diff and [`Bridge::event`] for every event as they come, and [`Bridge::flush`] once per
//! animation frame. Components read with [`crate::hooks::use_selector`] and write with [`Bridge::dispatch`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use xmpp::time::Now;
use xmpp_client::api::{Command, ConversationId, Diff, Event};

use crate::replica::Replica;
use crate::ui_state::Action;
use crate::view_config::Theme;

/// What the view needs from the shell. None of these may call back into the [`Bridge`]: they enqueue.
pub struct Page {
    /// Takes a command to the client.
    pub dispatch: Box<dyn Fn(Command)>,
    /// The two clocks.
    pub now: Box<dyn Fn() -> Now>,
    /// Tells the page what the person did with the view.
    pub notify: Box<dyn Fn(UiEvent)>,
}

/// What a person did with the view, for `converse-*` events and remembered choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UiEvent {
    /// The overlay was opened.
    Opened,
    /// The overlay was closed.
    Closed,
    /// A conversation came to the front, or none.
    Shown(Option<ConversationId>),
    /// The person chose a theme in the menu; the shell remembers it and passes it back in the next [`crate::ViewConfig`].
    ThemeChosen(Theme),
    /// The person signed out and wants in again, by the site's way of signing in.
    SignInWanted,
}

/// A part of the shown state that changes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Session and own presence.
    Session,
    /// Contacts and requests.
    Contacts,
    /// The conversation list.
    Chats,
    /// The timelines of open conversations.
    Timeline,
    /// The own profile.
    Profile,
    /// What stands in front, menus, dialogs, notices.
    Ui,
}

impl Topic {
    fn bit(self) -> u8 {
        1 << self as u8
    }
}

type Subscriber = Rc<dyn Fn()>;

struct Inner {
    page: Page,
    replica: RefCell<Replica>,
    dirty: Cell<u8>,
    subscribers: RefCell<Vec<(u32, u8, Subscriber)>>,
    next: Cell<u32>,
}

/// A cheap handle; equal when it is the same bridge.
#[derive(Clone)]
pub struct Bridge(Rc<Inner>);

impl PartialEq for Bridge {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Bridge {
    /// A bridge with an empty replica. Until the first [`Diff::Session`] the view shows that it is starting.
    #[must_use]
    pub fn new(page: Page) -> Self {
        Self(Rc::new(Inner {
            page,
            replica: RefCell::default(),
            dirty: Cell::new(0),
            subscribers: RefCell::default(),
            next: Cell::new(0),
        }))
    }

    /// Takes changes into the replica; components hear of them at the next [`Bridge::flush`].
    pub fn apply(&self, diffs: impl IntoIterator<Item = Diff>) {
        let mut replica = self.0.replica.borrow_mut();
        for diff in diffs {
            let touched = replica.apply(diff);
            self.mark(touched);
        }
    }

    /// Takes the events that the view shows as notices ([`Event::CommandFailed`], [`Event::StorageDegraded`]).
    pub fn event(&self, event: &Event) {
        if let Some(action) = Action::from_event(event) {
            self.0.replica.borrow_mut().ui.reduce(action);
            self.mark(&[Topic::Ui]);
        }
    }

    /// Whether [`Bridge::flush`] has something to tell.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.0.dirty.get() != 0
    }

    /// Tells the components what changed since the last time. Never called from inside [`Page`]'s functions.
    pub fn flush(&self) {
        let dirty = self.0.dirty.replace(0);
        if dirty == 0 {
            return;
        }
        let due: Vec<Subscriber> = self
            .0
            .subscribers
            .borrow()
            .iter()
            .filter(|(_, topics, _)| topics & dirty != 0)
            .map(|(.., tell)| tell.clone())
            .collect();
        for tell in due {
            tell();
        }
    }

    /// Sends a command to the client.
    pub fn dispatch(&self, command: Command) {
        (self.0.page.dispatch)(command);
    }

    /// The two clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        (self.0.page.now)()
    }

    /// Reads the replica. `read` must not call back into the bridge's writers.
    pub fn read<T>(&self, read: impl FnOnce(&Replica) -> T) -> T {
        read(&self.0.replica.borrow())
    }

    /// Changes what stands in front; components hear of it at once.
    pub fn act(&self, action: Action) {
        let (commands, events) = {
            let mut replica = self.0.replica.borrow_mut();
            replica.ui.reduce(action)
        };
        for command in commands {
            self.dispatch(command);
        }
        for event in events {
            (self.0.page.notify)(event);
        }
        self.mark(&[Topic::Ui]);
        self.flush();
    }

    /// Calls `tell` after changes of `topic`, until the returned number is given to [`Bridge::unsubscribe`].
    pub(crate) fn subscribe(&self, topic: Topic, tell: Subscriber) -> u32 {
        let id = self.0.next.get();
        self.0.next.set(id.wrapping_add(1));
        self.0.subscribers.borrow_mut().push((id, topic.bit(), tell));
        id
    }

    pub(crate) fn unsubscribe(&self, id: u32) {
        self.0.subscribers.borrow_mut().retain(|(other, ..)| *other != id);
    }

    fn mark(&self, topics: &[Topic]) {
        let bits = topics.iter().fold(self.0.dirty.get(), |bits, topic| bits | topic.bit());
        self.0.dirty.set(bits);
    }
}
