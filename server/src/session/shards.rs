//! One task per shard: feeds it inputs, carries out its outputs.

use std::collections::HashMap;

use tokio::sync::mpsc;
use xmpp::jid::BareJid;
use xmpp::time::Mono;
use xmpp::xml::Element;
use xmpp_host::Shard;
use xmpp_host::io::{ConnId, Input, Output, ShardId};
use xmpp_stream::server::Inline;

use super::clock::Clock;
use super::inbox::{Mailbox, Overflow};
use super::register::{Keys, Passwords};
use crate::storage::Storage;

/// Inputs of connections that may wait for one shard; a full queue stops the reading of sockets.
const QUEUE: usize = 1024;

/// Requests of one shard to storage that may be under way before it takes no more from connections.
const OUTSTANDING: usize = 4096;

/// What a connection tells a shard.
pub(super) enum FromConnection {
    /// It is authenticated.
    Connected { conn: ConnId, account: BareJid, anonymous: bool, inline: Option<Box<Inline>>, mailbox: Mailbox },
    /// An element arrived.
    Received { conn: ConnId, seq: u64, element: Element },
    /// The transport broke.
    Lost(ConnId),
    /// The client ended its stream.
    Closed(ConnId),
}

/// The ways to all shards; a clone for each connection.
#[derive(Clone)]
pub(super) struct Shards {
    /// From connections, one per shard.
    queues: Vec<mpsc::Sender<FromConnection>>,
}

impl Shards {
    /// Starts a task for each shard.
    pub(super) fn start(shards: Vec<Shard>, storage: &Storage, clock: Clock, keys: &Keys) -> Self {
        let (internal, internals): (Vec<_>, Vec<_>) = shards.iter().map(|_| mpsc::unbounded_channel()).unzip();
        let queues = shards
            .into_iter()
            .zip(internals)
            .enumerate()
            .map(|(number, (shard, from_inside))| {
                let (queue, from_connections) = mpsc::channel(QUEUE);
                let driver = Driver {
                    shard,
                    clock,
                    storage: storage.clone(),
                    passwords: Passwords::new(keys.clone()),
                    // Bounded by what connections have put in: each of their inputs fans out to a bounded number of these.
                    inside: internal.clone(),
                    number,
                    mailboxes: HashMap::new(),
                    outstanding: 0,
                    timer: None,
                };
                tokio::spawn(driver.run(from_connections, from_inside));
                queue
            })
            .collect();
        Self { queues }
    }

    /// Waits for room in the shard's queue.
    pub(super) async fn send(&self, shard: ShardId, message: FromConnection) {
        if let Some(queue) = self.queues.get(usize::from(shard.0)) {
            // The shard ends with the process only, and then nobody is left to be told.
            let _ = queue.send(message).await;
        }
    }
}

struct Driver {
    shard: Shard,
    clock: Clock,
    storage: Storage,
    passwords: Passwords,
    inside: Vec<mpsc::UnboundedSender<Input>>,
    number: usize,
    mailboxes: HashMap<ConnId, Mailbox>,
    outstanding: usize,
    timer: Option<Mono>,
}

impl Driver {
    async fn run(
        mut self,
        mut from_connections: mpsc::Receiver<FromConnection>,
        mut from_inside: mpsc::UnboundedReceiver<Input>,
    ) {
        loop {
            let clock = self.clock;
            let timer = self.timer;
            tokio::select! {
                biased;
                Some(input) = from_inside.recv() => {
                    if matches!(input, Input::Stored { .. } | Input::Loaded { .. } | Input::PasswordSet { .. }) {
                        self.outstanding -= 1;
                    }
                    self.input(input);
                }
                message = from_connections.recv(), if self.outstanding < OUTSTANDING => match message {
                    Some(message) => self.message(message),
                    None => return,
                },
                () = clock.sleep_until(timer) => {
                    self.timer = None;
                    self.input(Input::Timer);
                }
            }
        }
    }

    fn message(&mut self, message: FromConnection) {
        match message {
            FromConnection::Connected { conn, account, anonymous, inline, mailbox } => {
                self.mailboxes.insert(conn, mailbox);
                self.input(Input::Connected { conn, account, anonymous, inline });
            }
            // A connection that was given up may have sent more before it learned of that.
            FromConnection::Received { conn, .. } if !self.mailboxes.contains_key(&conn) => {}
            FromConnection::Received { conn, seq, element } => self.input(Input::Received { conn, seq, element }),
            FromConnection::Lost(conn) => {
                if self.mailboxes.remove(&conn).is_some() {
                    self.input(Input::Lost { conn });
                }
            }
            FromConnection::Closed(conn) => {
                if self.mailboxes.remove(&conn).is_some() {
                    self.input(Input::Closed { conn });
                }
            }
        }
    }

    fn input(&mut self, input: Input) {
        self.shard.handle_input(self.clock.now(), input);
        let mut lost = Vec::new();
        loop {
            while let Some(output) = self.shard.poll_output() {
                self.output(output, &mut lost);
            }
            match lost.pop() {
                Some(conn) => self.shard.handle_input(self.clock.now(), Input::Lost { conn }),
                None => return,
            }
        }
    }

    fn output(&mut self, output: Output, lost: &mut Vec<ConnId>) {
        match output {
            Output::Transmit { conn, element } => {
                if let Some(mailbox) = self.mailboxes.get(&conn)
                    && let Err(Overflow) = mailbox.element(element)
                    && let Some(mailbox) = self.mailboxes.remove(&conn)
                {
                    tracing::info!(conn = conn.0, "a slow reader was dropped; its session can be resumed");
                    mailbox.give_up();
                    lost.push(conn);
                }
            }
            Output::Handled { conn, seq } => {
                if let Some(mailbox) = self.mailboxes.get(&conn) {
                    mailbox.handled(seq);
                }
            }
            Output::Close { conn, error } => {
                if let Some(mailbox) = self.mailboxes.remove(&conn) {
                    mailbox.close(error);
                }
            }
            Output::Route { to, envelope } => {
                if let Some(shard) = self.inside.get(usize::from(to.0)) {
                    // A shard's task ends with the process only.
                    let _ = shard.send(Input::Routed(envelope));
                }
            }
            Output::Store { token, ops } => {
                let Some(back) = self.inside.get(self.number).cloned() else { return };
                self.outstanding += 1;
                self.storage.store(ops, move |result| {
                    let _ = back.send(Input::Stored { token, result });
                });
            }
            Output::Load { token, query } => {
                let Some(back) = self.inside.get(self.number).cloned() else { return };
                self.outstanding += 1;
                self.storage.load(query, move |result| {
                    let _ = back.send(Input::Loaded { token, result });
                });
            }
            Output::SetPassword { token, account, password } => {
                let Some(back) = self.inside.get(self.number).cloned() else { return };
                self.outstanding += 1;
                let now = self.clock.millis();
                self.passwords.set(&self.storage, account, password, now, move |result| {
                    let _ = back.send(Input::PasswordSet { token, result });
                });
            }
            Output::SetTimer(at) => self.timer = at,
        }
    }
}
