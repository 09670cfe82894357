//! What WebSocket, BOSH and TCP sessions have in common: the negotiation of the stream, and after it the way to the account's shard.

use std::sync::Arc;

use tokio::sync::mpsc;
use tracing::Instrument as _;
use xmpp::StreamError;
use xmpp::jid::BareJid;
use xmpp::stanza::StreamCondition;
use xmpp::time::Mono;
use xmpp::xml::{Element, Limits};
use xmpp_host::io::{ConnId, ShardId};
use xmpp_host::shard_of;
use xmpp_stream::StreamHeader;
use xmpp_stream::sasl::{Kdf, Mechanism, SaslCondition, ScramHash};
use xmpp_stream::server::{
    CredentialsUnavailable, Inline, Input, Output, PRE_AUTH_LIMITS, ServerEvent, ServerStream, ServerStreamConfig,
    TokenPolicy,
};

use super::clock::{random, random_text};
use super::hub::{Hub, lock};
use super::inbox::{self, Inbox, Mail, Mailbox, Received};
use super::relayed::Relayed;
use super::shards::FromConnection;
use crate::auth::scram;
use crate::auth::throttle::Bucket;
use crate::http::origin::Client;
use crate::storage::accounts;

/// Attempts to sign in on one connection.
pub(super) const MAX_ATTEMPTS: u32 = 5;

/// Elements on their way through the shard before a connection is read further.
const IN_FLIGHT: u64 = 256;

/// What the transport has to do next.
#[derive(Debug)]
pub(super) enum Action {
    /// Send the stream header.
    Header(StreamHeader),
    /// Send an element.
    Element(Element),
    /// TCP: the next thing from the client is a new header.
    Restarted,
    /// TCP: send what is before this, then do the TLS handshake; after it comes a new header.
    StartTls,
    /// From now on answers wait until what they acknowledge is durable.
    Authenticated,
    /// Everything up to this number is dealt with for good.
    Handled(u64),
    /// Send the error, end the stream and the connection. Nothing comes after this.
    Close(Option<StreamError>),
}

/// Why [`Link::wait`] has returned.
#[derive(Debug)]
pub(super) enum Wake {
    /// There are actions.
    Actions,
    /// To be handed to [`Link::input`].
    Answer(Input),
    /// The connection was given up and must be dropped without a word.
    Dropped,
}

/// One connection.
pub(super) struct Link {
    pub(super) hub: Arc<Hub>,
    pub(super) client: Client,
    conn: ConnId,
    /// `None` when the stream was negotiated on the client's behalf.
    stream: Option<ServerStream>,
    shard: Option<ShardId>,
    inbox: Inbox,
    /// The other end of the inbox, until a shard gets it.
    mailbox: Option<Mailbox>,
    /// Answers of storage and of derivations for the stream.
    answers: mpsc::UnboundedReceiver<Input>,
    pub(super) answer: mpsc::UnboundedSender<Input>,
    /// How many of these are to come.
    pub(super) asked: u32,
    pub(super) actions: Vec<Action>,
    pub(super) timer: Option<Mono>,
    bucket: Bucket,
    /// Not before this time is the next element read.
    not_before: Mono,
    /// The account whose attempt to sign in is under way.
    pub(super) attempt: Option<BareJid>,
    sent: u64,
    handled: u64,
    pub(super) closed: bool,
    /// A header has come, or may not lead to another server.
    pub(super) opened: bool,
    /// The stream goes to another server, and nothing of the host's is used.
    pub(super) relayed: Option<Box<Relayed>>,
}

impl Link {
    /// A connection that has said nothing yet.
    pub(super) fn new(hub: &Arc<Hub>, client: Client, bosh: bool) -> Self {
        let anonymous = hub
            .config
            .accounts
            .anonymous
            .then(|| format!("anon-{}@{}", random_text::<12>(), hub.config.top.domain.0))
            .and_then(|jid| BareJid::new(&jid).ok());
        let mut mechanisms: Vec<_> = ScramHash::STRONGEST_FIRST.into_iter().map(Mechanism::Scram).collect();
        mechanisms.push(Mechanism::Anonymous);
        if hub.config.accounts.plain {
            mechanisms.push(Mechanism::Plain);
        }
        let stream = ServerStream::new(ServerStreamConfig {
            domain: hub.config.top.domain.0.clone(),
            mechanisms,
            secure: client.secure,
            stream_id: random_text::<16>(),
            nonce: random(),
            bosh,
            sm: true,
            sasl2: true,
            tokens: Some(TokenPolicy::default()),
            max_attempts: MAX_ATTEMPTS,
            anonymous,
            decoy_key: hub.decoy_key,
            iterations: hub.config.accounts.scram_iterations,
            plain_hash: ScramHash::Sha256,
            features: hub.stream_features.clone(),
        });
        let stream = if hub.config.accounts.registration { stream.with_registration() } else { stream };
        let mut link = Self::unnegotiated(hub, client);
        link.stream = Some(stream);
        link.timer = Some(hub.clock.now().mono.after(hub.config.limits.sign_in_time.millis()));
        link
    }

    /// A connection of a native client, which may change to TLS if `starttls`.
    pub(super) fn over_tcp(hub: &Arc<Hub>, client: Client, starttls: bool) -> Self {
        let mut link = Self::new(hub, client, false);
        link.opened = true;
        if starttls {
            link.stream = link.stream.map(ServerStream::with_starttls);
        }
        link
    }

    /// A connection of `account`, whose stream somebody else has negotiated.
    pub(super) async fn signed_in(hub: &Arc<Hub>, client: Client, account: BareJid) -> Self {
        let mut link = Self::unnegotiated(hub, client);
        link.attach(account, false, None).await;
        link
    }

    fn unnegotiated(hub: &Arc<Hub>, client: Client) -> Self {
        let (mailbox, inbox) = inbox::pair(hub.config.limits.outbox as usize, &hub.outbox_budget);
        let (answer, answers) = mpsc::unbounded_channel();
        let limits = &hub.config.limits;
        Self {
            conn: hub.fresh_conn(),
            client,
            stream: None,
            shard: None,
            inbox,
            mailbox: Some(mailbox),
            answers,
            answer,
            asked: 0,
            actions: Vec::new(),
            timer: None,
            bucket: Bucket::new(limits.stanzas_per_second, limits.stanza_burst, hub.clock.millis()),
            not_before: Mono(0),
            attempt: None,
            sent: 0,
            handled: 0,
            closed: false,
            opened: false,
            relayed: None,
            hub: Arc::clone(hub),
        }
    }

    pub(super) fn conn(&self) -> ConnId {
        self.conn
    }

    /// Whether the client is signed in and its stream open.
    pub(super) fn is_established(&self) -> bool {
        match &self.relayed {
            Some(relayed) => relayed.relay.authenticated,
            None => self.stream.as_ref().is_none_or(ServerStream::is_established),
        }
    }

    /// Whether the stream waits for storage or a derivation, so that it is not known yet how to read on.
    pub(super) fn awaits_answer(&self) -> bool {
        self.asked > 0
    }

    /// What the next element may cost its reader.
    pub(super) fn limits(&self) -> Limits {
        let later = Limits { bytes: self.hub.config.limits.frame.0, ..Limits::default() };
        match &self.relayed {
            Some(relayed) => {
                if relayed.relay.authenticated {
                    later
                } else {
                    PRE_AUTH_LIMITS
                }
            }
            None => self.stream.as_ref().map_or(later, |stream| stream.limits(later)),
        }
    }

    /// Whether more may be read, or from when on: `None` while too much is on its way.
    pub(super) fn reads_from(&self) -> Option<Mono> {
        let room = match &self.relayed {
            Some(relayed) => relayed.relay.takes(),
            None => self.sent.saturating_sub(self.handled) < IN_FLIGHT,
        };
        room.then_some(self.not_before)
    }

    /// An element of the client, with its number.
    pub(super) async fn element(&mut self, seq: u64, element: Element) {
        let now = self.hub.clock.now();
        self.not_before = now.mono.after(self.bucket.take(now.mono.0));
        if self.relayed.is_some() {
            self.relay_element(seq, &element);
        } else if self.is_established() {
            self.forward(seq, element).await;
        } else {
            self.input(Input::Received(element)).await;
            self.actions.push(Action::Handled(seq));
        }
    }

    /// Anything else that concerns the stream.
    pub(super) async fn input(&mut self, input: Input) {
        let now = self.hub.clock.now();
        if let Input::StreamStart(header) = &input
            && self.begin_relay(header)
        {
            return;
        }
        if self.relayed.is_some() {
            return self.relay_input(input);
        }
        let Some(stream) = &mut self.stream else {
            match input {
                // A stream that was negotiated for the client has nothing to begin anew.
                Input::StreamStart(_) => self.close(Some(StreamError::new(StreamCondition::PolicyViolation))).await,
                Input::Malformed(error) => self.close(Some(error)).await,
                _ => {}
            }
            return;
        };
        stream.handle_input(now, input);
        while let Some(output) = self.stream.as_mut().and_then(ServerStream::poll_output) {
            self.output(output).await;
        }
    }

    /// The time of [`Link::timer`] has come.
    pub(super) async fn timer_fired(&mut self) {
        self.timer = None;
        if !self.is_established() {
            self.input(Input::Malformed(
                StreamError::new(StreamCondition::ConnectionTimeout).with_text("signing in took too long"),
            ))
            .await;
        }
    }

    /// What there is to do; empty when there is nothing.
    pub(super) fn actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// Waits for whatever comes from inside. Safe to cancel.
    pub(super) async fn wait(&mut self) -> Wake {
        if self.closed {
            // The shard has no more to say, and its end of the mailbox may be gone.
            return std::future::pending().await;
        }
        if self.relayed.is_some() {
            return self.relay_wait().await;
        }
        tokio::select! {
            received = self.inbox.receive(self.handled) => match received {
                Received::Mail(mail) => {
                    self.mail(mail);
                    // Whatever else has come shares the write.
                    while !self.closed && self.actions.len() < 32 && let Some(mail) = self.inbox.receive_now() {
                        self.mail(mail);
                    }
                }
                Received::Handled(seq) => {
                    self.handled = seq;
                    self.actions.push(Action::Handled(seq));
                }
                Received::Dropped => return Wake::Dropped,
            },
            Some(input) = self.answers.recv() => {
                self.asked = self.asked.saturating_sub(1);
                return Wake::Answer(input);
            }
        }
        Wake::Actions
    }

    /// Resolves when the shard has given this connection up.
    pub(super) async fn dropped(&self) {
        self.inbox.dropped().await;
    }

    fn mail(&mut self, mail: Mail) {
        match mail {
            Mail::Element(element) => self.actions.push(Action::Element(element)),
            Mail::Close(error) => {
                // The shard has forgotten this connection.
                self.shard = None;
                self.end(error);
            }
        }
    }

    /// Ends the stream from this side.
    pub(super) async fn close(&mut self, error: Option<StreamError>) {
        match &mut self.stream {
            Some(stream) if self.relayed.is_none() => {
                stream.close(error);
                while let Some(output) = self.stream.as_mut().and_then(ServerStream::poll_output) {
                    self.output(output).await;
                }
            }
            _ => self.end(error),
        }
    }

    pub(super) fn end(&mut self, error: Option<StreamError>) {
        if !self.closed {
            self.closed = true;
            self.actions.push(Action::Close(error));
        }
    }

    /// The connection is over; `clean` when the client has ended its stream, so that its session ends as well.
    pub(super) async fn gone(mut self, clean: bool) {
        self.void_attempt();
        self.relay_gone(clean);
        if let Some(shard) = self.shard.take() {
            let message = if clean { FromConnection::Closed(self.conn) } else { FromConnection::Lost(self.conn) };
            self.hub.shards.send(shard, message).await;
        }
    }

    async fn forward(&mut self, seq: u64, element: Element) {
        if let Some(shard) = self.shard {
            self.sent = self.sent.max(seq);
            self.hub.shards.send(shard, FromConnection::Received { conn: self.conn, seq, element }).await;
        }
    }

    async fn attach(&mut self, account: BareJid, anonymous: bool, inline: Option<Box<Inline>>) {
        let Some(mailbox) = self.mailbox.take() else { return };
        let shard = shard_of(&account, self.hub.shard_count);
        self.shard = Some(shard);
        let conn = self.conn;
        self.hub.shards.send(shard, FromConnection::Connected { conn, account, anonymous, inline, mailbox }).await;
    }

    async fn output(&mut self, output: Output) {
        match output {
            Output::OpenReply(header) => self.actions.push(Action::Header(header)),
            Output::Transmit(element) => self.actions.push(Action::Element(element)),
            Output::Restarted => self.actions.push(Action::Restarted),
            Output::StartTls => self.actions.push(Action::StartTls),
            Output::LoadCredentials { token, account, hash } => self.load_credentials(token, account, hash),
            Output::LoadTokens { token, account, agent } => {
                self.asked += 1;
                self.load_tokens(token, account, agent);
            }
            Output::Register { token, account, password } => self.register(token, account, password),
            Output::ChangeTokens { token, account, agent, change } => {
                self.asked += 1;
                self.change_tokens(token, account, agent, change);
            }
            Output::Derive { token, kdf } => self.derive(token, kdf),
            Output::Event(event) => self.event(event).await,
            Output::Close(error) => self.end(error),
            // The stream's own time-out is for an exchange that stalls; ours runs from the first byte.
            Output::SetTimer(at) => {
                self.timer = match (at, self.timer) {
                    (Some(at), Some(ours)) => Some(at.min(ours)),
                    (at, _) => at,
                }
            }
        }
    }

    async fn event(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::Authenticated { account, mechanism, inline } => {
                if self.attempt.take().is_some() {
                    lock(&self.hub.attempts).succeeded(&account, self.client.network);
                }
                tracing::info!(%account, mechanism = mechanism.name(), "signed in");
                self.actions.push(Action::Authenticated);
                self.attach(account, mechanism == Mechanism::Anonymous, inline).await;
            }
            // Elements go the short way; this one came before its stream knew.
            ServerEvent::Element(element) => self.forward(self.sent, element).await,
            ServerEvent::AuthFailed { account, condition } => {
                tracing::info!(account = account.as_ref().map(BareJid::as_str), condition = condition.name(), network = %self.client.network, "sign-in failed");
                if condition == SaslCondition::NotAuthorized {
                    self.attempt = None;
                } else {
                    self.void_attempt();
                }
            }
        }
    }

    fn void_attempt(&mut self) {
        // An exchange that is broken off before its end has not tried a password, or not learned anything from it.
        if let Some(account) = self.attempt.take() {
            lock(&self.hub.attempts).void(&account, self.client.network);
        }
    }

    fn load_credentials(&mut self, token: u32, account: BareJid, hash: ScramHash) {
        self.asked += 1;
        let answer = self.answer.clone();
        let send = move |result| {
            // A connection that is gone needs no answer.
            let _ = answer.send(Input::Credentials { token, result });
        };
        if !lock(&self.hub.attempts).begin(&account, self.client.network, self.hub.clock.millis()) {
            tracing::warn!(%account, network = %self.client.network, "too many failed sign-ins; this one is put off");
            return send(Err(CredentialsUnavailable));
        }
        self.attempt = Some(account.clone());
        self.hub.storage.read(
            move |connection| accounts::keys(connection, account.local().unwrap_or_default()),
            move |keys| {
                send(match keys {
                    Ok(keys) => Ok(keys.into_iter().find(|keys| keys.hash == hash)),
                    Err(error) => {
                        tracing::error!(%error, "credentials could not be read");
                        Err(CredentialsUnavailable)
                    }
                });
            },
        );
    }

    fn derive(&mut self, token: u32, kdf: Kdf) {
        self.asked += 1;
        let answer = self.answer.clone();
        let derivations = Arc::clone(&self.hub.derivations);
        let work = async move {
            let Ok(_permit) = derivations.acquire_owned().await else { return };
            // Empty stands for a derivation that failed.
            let salted_password =
                tokio::task::spawn_blocking(move || scram::salted_password(&kdf)).await.unwrap_or_default();
            let _ = answer.send(Input::Derived { token, salted_password });
        };
        tokio::spawn(work.in_current_span());
    }
}
