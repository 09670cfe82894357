//! BOSH sessions (XEP-0124): the table of them, and the task that drives each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;
use xmpp::StreamError;
use xmpp::stanza::StreamCondition;
use xmpp::time::Mono;
use xmpp::xml::Limits;
use xmpp_stream::StreamHeader;
use xmpp_stream::server::Input as StreamInput;
use xmpp_stream::transport::bosh_server::{
    Body, BoshServer, CloseReason, Condition, Input, Output, Refusal, RequestKey, refuse,
};

use super::clock::random_text;
use super::hub::{Hub, Permit, ended, lock};
use super::link::{Action, Link, Wake};
use crate::http::origin::Client;

/// Requests that may wait for a session's task. The machine itself bounds those that wait for an answer.
const QUEUE: usize = 16;

/// The answer to one HTTP request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self { status: refusal.status, content_type: "text/xml; charset=utf-8", body: refusal.body }
    }
}

/// The running sessions by their `sid`.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Handle>>);

#[derive(Clone)]
pub(super) struct Handle {
    requests: mpsc::Sender<Request>,
    /// Requests whose sockets were closed before their answer; at most as many as requests.
    gone: mpsc::UnboundedSender<RequestKey>,
}

struct Request {
    key: RequestKey,
    /// `None`: it could not be read.
    body: Option<Box<Body>>,
    answer: oneshot::Sender<Answer>,
}

/// Takes one HTTP request's body and waits for its answer.
pub(crate) async fn request(hub: &Arc<Hub>, client: Client, text: &str) -> Answer {
    let limits = Limits { bytes: hub.config.limits.frame.0, ..Limits::default() };
    let (sid, body) = match Body::read_request(text, &limits) {
        Ok(body) => (body.sid.clone(), Some(Box::new(body))),
        Err(error) => {
            tracing::debug!(%error, "malformed bosh request");
            match error.sid().map(str::to_owned).or_else(|| Body::sniff_sid(text)) {
                Some(sid) => (Some(sid), None),
                None => return Refusal::from(&error).into(),
            }
        }
    };
    let handle = match sid {
        Some(sid) => lock(&hub.bosh.0).get(&sid).cloned(),
        None => match hub.admit(client.network) {
            Some(permit) => {
                let bosh = BoshServer::new(Arc::clone(&hub.bosh_config), random_text::<20>());
                Some(start(hub, bosh, Link::new(hub, client, true), permit, Vec::new()))
            }
            None if *hub.shutdown.borrow() => return refuse(Condition::SystemShutdown).into(),
            None => {
                tracing::warn!(network = %client.network, "too many sessions");
                return refuse(Condition::PolicyViolation).into();
            }
        },
    };
    let Some(handle) = handle else { return refuse(Condition::ItemNotFound).into() };
    let key = RequestKey(hub.fresh_id());
    let (answer, answered) = oneshot::channel();
    let guard = Guard { key, gone: handle.gone, armed: true };
    if handle.requests.send(Request { key, body, answer }).await.is_err() {
        return refuse(Condition::ItemNotFound).into();
    }
    let result = answered.await;
    guard.disarm();
    result.unwrap_or_else(|_| refuse(Condition::ItemNotFound).into())
}

/// Reports a request as gone when its future is dropped: the server drops it when the socket closes.
struct Guard {
    key: RequestKey,
    gone: mpsc::UnboundedSender<RequestKey>,
    armed: bool,
}

impl Guard {
    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.armed {
            // The session may have ended as well.
            let _ = self.gone.send(self.key);
        }
    }
}

/// Starts the task of a session; `waiting` is what the client gets first.
pub(super) fn start(hub: &Arc<Hub>, bosh: BoshServer, link: Link, permit: Permit, waiting: Vec<Action>) -> Handle {
    let (requests, from_http) = mpsc::channel(QUEUE);
    let (gone, gone_requests) = mpsc::unbounded_channel();
    let handle = Handle { requests, gone };
    lock(&hub.bosh.0).insert(bosh.sid().to_owned(), handle.clone());
    let span = tracing::info_span!("bosh", conn = link.conn().0);
    let session = Session { hub: Arc::clone(hub), bosh, link, answers: HashMap::new(), timer: None, end: None };
    tokio::spawn(
        async move {
            session.run(from_http, gone_requests, waiting).await;
            drop(permit);
        }
        .instrument(span),
    );
    handle
}

struct Session {
    hub: Arc<Hub>,
    bosh: BoshServer,
    link: Link,
    answers: HashMap<RequestKey, oneshot::Sender<Answer>>,
    timer: Option<Mono>,
    /// The session is over; `true` when the client ended it.
    end: Option<bool>,
}

impl Session {
    async fn run(
        mut self,
        mut requests: mpsc::Receiver<Request>,
        mut gone: mpsc::UnboundedReceiver<RequestKey>,
        waiting: Vec<Action>,
    ) {
        tracing::debug!("bosh session started");
        let mut shutdown = self.hub.shutdown.subscribe();
        for action in waiting {
            self.act(action);
        }
        loop {
            self.settle().await;
            if self.end.is_some() {
                break;
            }
            let clock = self.hub.clock;
            let (timer, link_timer) = (self.timer, self.link.timer);
            let reads_from = self.link.reads_from();
            let may_read = reads_from.is_some_and(|at| at <= clock.now().mono);
            tokio::select! {
                wake = self.link.wait() => match wake {
                    Wake::Actions => {}
                    Wake::Answer(input) => self.link.input(input).await,
                    // Whoever still waits for an answer is told that there is no such session.
                    Wake::Dropped => self.end = Some(false),
                },
                Some(request) = requests.recv(), if may_read => {
                    let key = request.key;
                    let input = request.body.map_or(Input::Malformed { key }, |body| Input::Request { key, body });
                    self.bosh.handle_input(clock.now(), input);
                    if request.answer.is_closed() {
                        // The socket was closed while the request stood in the queue; its notice may have come before it.
                        self.bosh.handle_input(clock.now(), Input::RequestGone { key });
                    } else {
                        self.answers.insert(key, request.answer);
                    }
                }
                Some(key) = gone.recv() => {
                    self.answers.remove(&key);
                    self.bosh.handle_input(clock.now(), Input::RequestGone { key });
                }
                () = clock.sleep_until(reads_from), if !may_read && reads_from.is_some() => {}
                () = clock.sleep_until(timer) => {
                    self.timer = None;
                    self.bosh.handle_input(clock.now(), Input::Timer);
                }
                () = clock.sleep_until(link_timer) => self.link.timer_fired().await,
                () = ended(&mut shutdown) => {
                    self.link.close(Some(StreamError::new(StreamCondition::SystemShutdown))).await;
                    self.settle().await;
                    self.end = self.end.or(Some(false));
                }
            }
        }
        lock(&self.hub.bosh.0).remove(self.bosh.sid());
        self.link.gone(self.end == Some(true)).await;
        tracing::debug!("bosh session ended");
    }

    /// Carries outputs from one machine to the other until both rest.
    async fn settle(&mut self) {
        loop {
            let mut moved = false;
            while let Some(output) = self.bosh.poll_output() {
                moved = true;
                match output {
                    Output::Respond { key, status, body } => {
                        if let Some(answer) = self.answers.remove(&key) {
                            // Whoever waited may have hung up at this moment; the machine keeps a copy for a repeated request.
                            let _ = answer.send(Answer { status, content_type: self.bosh.content_type(), body });
                        }
                    }
                    Output::Received { seq, element } => self.link.element(seq, element).await,
                    Output::StreamStart(start) => {
                        let header = StreamHeader {
                            to: start.to,
                            from: start.from,
                            lang: start.lang,
                            version: Some(start.version),
                            id: None,
                        };
                        self.link.input(StreamInput::StreamStart(header)).await;
                    }
                    Output::Closed(reason) => {
                        tracing::debug!(?reason, "bosh session closes");
                        self.end = Some(reason == CloseReason::Terminated);
                    }
                    Output::SetTimer(at) => self.timer = at,
                }
            }
            for action in self.link.actions() {
                moved = true;
                self.act(action);
            }
            if !moved {
                return;
            }
        }
    }

    fn act(&mut self, action: Action) {
        let input = match action {
            // The attributes of the body say what a header would.
            Action::Header(_) | Action::Restarted | Action::StartTls => return,
            Action::Element(element) => Input::Send(element),
            Action::Authenticated => Input::Authenticated,
            Action::Handled(seq) => Input::Handled { seq },
            Action::Close(error) => Input::Close(error),
        };
        self.bosh.handle_input(self.hub.clock.now(), input);
    }
}
