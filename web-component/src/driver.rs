//! The loop around the client: JavaScript's callbacks enqueue inputs, the loop drains them when nobody is inside the client.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use chat_ui::Bridge;
use xmpp_client::Client;
use xmpp_client::api::{Command, Event, HttpError, Input, Output, PageEvent, RequestId, SocketId};

use crate::io::clock;
use crate::io::{Fetches, Frames, Kdfs, Owned, Page, Sockets, Stores, Timer};

/// What the loop does with the client's events.
type OnEvent = Box<dyn Fn(&Event)>;

/// One client with everything it needs of the browser. Lives in an `Rc`; callbacks hold it weakly.
pub(crate) struct Driver {
    client: RefCell<Client>,
    queue: RefCell<VecDeque<Owned>>,
    draining: Cell<bool>,
    ended: Cell<bool>,
    sockets: Sockets,
    fetches: Fetches,
    timer: Timer,
    stores: Stores,
    kdfs: Kdfs,
    page: Page,
    frames: Frames,
    bridge: RefCell<Option<Bridge>>,
    on_event: OnEvent,
}

impl Driver {
    /// Starts listening to the page; the client itself waits for its first command.
    pub(crate) fn new(client: Client, on_event: OnEvent) -> Rc<Self> {
        Rc::new_cyclic(|weak| Self {
            client: RefCell::new(client),
            queue: RefCell::default(),
            draining: Cell::new(false),
            ended: Cell::new(false),
            sockets: Sockets::new(weak.clone()),
            fetches: Fetches::new(weak.clone()),
            timer: Timer::new(weak.clone()),
            stores: Stores::new(weak.clone()),
            kdfs: Kdfs::new(weak.clone()),
            page: Page::new(weak.clone()),
            frames: Frames::new(weak.clone()),
            bridge: RefCell::new(None),
            on_event,
        })
    }

    /// Where diffs go from now on.
    pub(crate) fn set_bridge(&self, bridge: Bridge) {
        *self.bridge.borrow_mut() = Some(bridge);
    }

    /// Enqueues one input and drains, unless a drain is under way further up the stack.
    pub(crate) fn push(&self, input: Owned) {
        if self.ended.get() {
            return;
        }
        self.queue.borrow_mut().push_back(input);
        self.drain();
    }

    /// A command from the page or the view.
    pub(crate) fn command(&self, command: Command) {
        self.push(Owned::Command(command));
    }

    /// An animation frame: the view hears what changed.
    pub(crate) fn frame(&self) {
        self.frames.done();
        let bridge = self.bridge.borrow().clone();
        if let Some(bridge) = bridge {
            bridge.flush();
        }
    }

    /// The browser says that a socket is closed.
    pub(crate) fn forget_socket(&self, socket: SocketId) {
        self.sockets.close(socket);
    }

    /// Whether a request that has come to its end was still wanted.
    pub(crate) fn fetch_ended(&self, request: RequestId) -> bool {
        self.fetches.ended(request)
    }

    /// A request's time is over.
    pub(crate) fn fetch_timed_out(&self, request: RequestId) {
        self.fetches.cancel(request);
        self.push(Owned::Response(request, Err(HttpError::TimedOut)));
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Drops the connection without `<close/>` and every callback: nothing of this driver is left in the page.
    pub(crate) fn end(&self) {
        self.push(Owned::Page(PageEvent::Unload));
        self.ended.set(true);
        self.sockets.clear();
        self.fetches.clear();
        self.timer.set(None);
        self.page.clear();
        self.frames.cancel();
        *self.bridge.borrow_mut() = None;
    }

    fn drain(&self) {
        if self.draining.replace(true) {
            return;
        }
        loop {
            let next = self.queue.borrow_mut().pop_front();
            let Some(input) = next else { break };
            let now = clock::now();
            self.client.borrow_mut().handle_input(now, borrowed(&input));
            loop {
                // The borrow ends before the output is carried out: what it calls may come back with a new input.
                let output = self.client.borrow_mut().poll_output();
                let Some(output) = output else { break };
                self.carry_out(output);
            }
        }
        self.draining.set(false);
    }

    fn carry_out(&self, output: Output) {
        match output {
            Output::OpenSocket { socket, url } => self.sockets.open(socket, &url),
            Output::Transmit { socket, text, after } => {
                self.stores.after(after, Box::new(move |driver| driver.sockets.send(socket, &text)));
            }
            // Behind what is still to be sent on it.
            Output::CloseSocket(socket) => {
                self.stores.after(None, Box::new(move |driver| driver.sockets.close(socket)))
            }
            Output::Request { request, http, after } => {
                self.stores.after(after, Box::new(move |driver| driver.fetches.start(request, &http)));
            }
            Output::CancelRequest(request) => self.fetches.cancel(request),
            Output::SetTimer(deadline) => self.timer.set(deadline),
            Output::Event(event) => {
                if let Some(bridge) = &*self.bridge.borrow() {
                    bridge.event(&event);
                    self.frames.request();
                }
                (self.on_event)(&event);
            }
            Output::Diff(diff) => {
                if let Some(bridge) = &*self.bridge.borrow() {
                    bridge.apply([diff]);
                    self.frames.request();
                }
            }
            Output::Store { token, scope, ops } => self.stores.store(token, scope, ops),
            Output::Load { token, scope, query } => self.stores.load(token, scope, query),
            Output::Derive { token, kdf } => self.kdfs.derive(token, kdf),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.sockets.clear();
        self.fetches.clear();
    }
}

fn borrowed(input: &Owned) -> Input<'_> {
    match input {
        Owned::Command(command) => Input::Command(command.clone()),
        Owned::Timer => Input::Timer,
        Owned::Opened(socket) => Input::Opened(*socket),
        Owned::Text(socket, text) => Input::Text { socket: *socket, text },
        Owned::Closed(socket) => Input::Closed { socket: *socket },
        Owned::Response(request, result) => Input::Response { request: *request, result: result.clone() },
        Owned::Stored(token, result) => Input::Stored { token: *token, result: result.clone() },
        Owned::Loaded(token, result) => Input::Loaded { token: *token, result: result.clone() },
        Owned::Derived(token, key) => Input::Derived { token: *token, key: key.clone() },
        Owned::Page(event) => Input::Page(*event),
    }
}
