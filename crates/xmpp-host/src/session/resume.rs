//! Stream management of a session (XEP-0198): enabling, acknowledgements both ways, hibernation and resumption.

use xmpp::ids::{ArchiveId, SmId};
use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::stanza::{Condition, StreamCondition, StreamError};
use xmpp::time::{Mono, Now};
use xmpp::xml::Element;
use xmpp_stream::sm::{self, AckPolicy, Outbound, SmError};

use crate::config::Limits;
use crate::io::{ConnId, SessionId};
use crate::session::handled::Handled;
use crate::session::inline::identified;
use crate::session::queue::Work;
use crate::session::weight;
use crate::shard::Shard;

/// Ask as soon as nothing else is asked; a client that is silent for a minute is gone.
const ACKS: AckPolicy = AckPolicy { every: 1, after_ms: 0, answer_ms: 60_000 };

/// The state that XEP-0198 adds to a session.
pub(crate) struct StreamManagement {
    pub(crate) id: SmId,
    pub(crate) resumable: bool,
    /// How long it waits for its resumption, in milliseconds.
    pub(crate) timeout: u64,
    pub(crate) outbound: Outbound,
    pub(crate) handled: Handled,
    /// Without a connection: when the session ends.
    pub(crate) expires: Option<Mono>,
    /// A resumption that waits for the stanzas of the former stream.
    pub(crate) resuming: Option<ConnId>,
    bytes: usize,
}

impl StreamManagement {
    /// Queues a stanza until it is acknowledged; tells whether the queue is over its bounds.
    pub(crate) fn push(&mut self, element: Element, row: Option<ArchiveId>, limits: &Limits, now: Now) -> bool {
        self.bytes += weight(&element);
        self.outbound.sent_tagged(element, row.as_ref().map_or(0, tag), now);
        self.outbound.len() > limits.unacked_stanzas || self.bytes > limits.unacked_bytes
    }

    pub(crate) fn unacked_bytes(&self) -> usize {
        self.bytes
    }

    fn next_deadline(&self, connected: bool) -> Option<Mono> {
        if connected { self.outbound.next_timer() } else { self.expires }
    }
}

/// An archive id as the tag of an unacknowledged stanza. Ids are decimal row numbers from 1 on; 0 is "no row".
pub(crate) fn tag(id: &ArchiveId) -> u64 {
    id.as_str().parse().unwrap_or(0)
}

pub(crate) fn untag(tag: u64) -> Option<ArchiveId> {
    (tag != 0).then(|| ArchiveId::from(tag.to_string()))
}

fn acknowledgement(h: u32) -> Element {
    Element::new("a", ns::SM).with_attr("h", h.to_string())
}

/// How a client hears that its session goes on.
#[derive(Debug)]
pub(crate) enum SayResumed {
    /// By `<resumed/>`, in answer to the element of this number.
    Alone {
        /// The shell's count.
        seq: u64,
    },
    /// Within SASL2's `<success/>`.
    Inline(Element),
}

pub(crate) fn failed(condition: Condition, h: Option<u32>) -> Element {
    Element::new("failed", ns::SM)
        .with_opt_attr("h", h.map(|h| h.to_string()))
        .with_child(Element::new(condition.as_str(), ns::STANZA_ERROR))
}

impl Shard {
    /// `<enable/>`, when everything before it is done.
    pub(crate) fn enable_sm(&mut self, id: SessionId, enable: &Element) {
        let Some(session) = self.sessions.get(&id) else { return };
        let Some(conn) = session.conn else { return };
        if session.sm.is_some() {
            // XEP-0198 §3: a second attempt is a stream error.
            self.kill(id, Some(StreamError::new(StreamCondition::PolicyViolation)));
        } else if let Some(enabled) = self.begin_sm(id, enable) {
            self.transmit(conn, enabled);
        }
    }

    /// From here stanzas count; answers `<enabled/>`.
    pub(crate) fn begin_sm(&mut self, id: SessionId, enable: &Element) -> Option<Element> {
        let fresh = self.ids.fresh();
        let longest = self.config.sm_timeout;
        let session = self.sessions.get_mut(&id)?;
        let resumable = matches!(enable.attr("resume"), Some("true" | "1"));
        let wanted = enable.attr("max").and_then(|max| max.parse::<u64>().ok()).map(|s| s.saturating_mul(1_000));
        let timeout = wanted.map_or(longest, |wanted| wanted.min(longest));
        let sm_id = SmId::from(fresh);
        let enabled = Element::new("enabled", ns::SM);
        let enabled = if resumable {
            enabled
                .with_attr("id", sm_id.as_str())
                .with_attr("resume", "true")
                .with_attr("max", (timeout / 1_000).to_string())
        } else {
            enabled
        };
        session.sm = Some(StreamManagement {
            id: sm_id,
            resumable,
            timeout,
            outbound: Outbound::with_policy(ACKS),
            handled: Handled::default(),
            expires: None,
            resuming: None,
            bytes: 0,
        });
        Some(enabled)
    }

    /// `<r/>`: tells at once how many stanzas are durable, and again when those on their way are.
    pub(crate) fn answer_request(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if let (Some(conn), Some(sm)) = (session.conn, &mut session.sm) {
            let ack = acknowledgement(sm.handled.told());
            self.transmit(conn, ack);
        }
    }

    /// `<a h/>`.
    pub(crate) fn acknowledged(&mut self, id: SessionId, element: &Element) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if session.sm.is_none() {
            return;
        }
        match sm::read_h(element) {
            Some(h) => match self.handle_ack(id, h) {
                Ok(()) => self.request_ack(id),
                Err(error) => self.kill(id, Some(error.stream_error())),
            },
            None => self.kill(id, Some(StreamError::new(StreamCondition::PolicyViolation))),
        }
    }

    fn handle_ack(&mut self, id: SessionId, h: u32) -> Result<(), SmError> {
        let Some(session) = self.sessions.get_mut(&id) else { return Ok(()) };
        let account = session.account.clone();
        let Some(sm) = &mut session.sm else { return Ok(()) };
        let acked = sm.outbound.acked_tagged(h)?;
        for stanza in &acked {
            sm.bytes = sm.bytes.saturating_sub(weight(&stanza.element));
        }
        if sm.handled.heard(h)
            && let Some(conn) = session.conn
        {
            let ack = acknowledgement(sm.handled.told());
            self.transmit(conn, ack);
        }
        let rows: Vec<ArchiveId> = acked.iter().filter_map(|stanza| untag(stanza.tag)).collect();
        self.arrived(&account, rows);
        self.go_on_draining(&account);
        Ok(())
    }

    /// Sends `<r/>` if it is time.
    pub(crate) fn request_ack(&mut self, id: SessionId) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if let (Some(conn), Some(sm)) = (session.conn, &mut session.sm)
            && sm.outbound.wants_request(now)
        {
            sm.outbound.requested(now);
            self.transmit(conn, sm::request());
        }
        self.reschedule(id);
    }

    /// Puts the session's next deadline on the shard's list.
    pub(crate) fn reschedule(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let connected = session.conn.is_some();
        let next = session.sm.as_ref().filter(|_| !session.ended).and_then(|sm| sm.next_deadline(connected));
        if next != session.deadline {
            if let Some(old) = std::mem::replace(&mut session.deadline, next) {
                self.deadlines.remove(&(old, id));
            }
            if let Some(next) = next {
                self.deadlines.insert((next, id));
            }
        }
    }

    /// Ends the sessions whose time is over, and gives up connections that do not answer.
    pub(crate) fn expire_sessions(&mut self) {
        while let Some(&(at, id)) = self.deadlines.first()
            && at <= self.now.mono
        {
            self.deadlines.pop_first();
            let Some(session) = self.sessions.get_mut(&id) else { continue };
            session.deadline = None;
            match session.conn {
                None => self.end_session(id),
                Some(conn) => {
                    if session.sm.as_ref().is_some_and(|sm| sm.outbound.is_overdue(self.now)) {
                        self.close_conn(conn, Some(StreamError::new(StreamCondition::ConnectionTimeout)));
                        self.disconnect(id);
                    } else {
                        self.request_ack(id);
                    }
                }
            }
        }
    }

    /// `<resume/>` on a connection that has not bound. An error is what to put into `<failed/>`.
    pub(crate) fn resume(
        &mut self,
        conn: ConnId,
        account: &BareJid,
        element: &Element,
        say: SayResumed,
    ) -> Result<(), (Condition, Option<u32>)> {
        let previd = SmId::from(element.attr("previd").unwrap_or_default());
        let found = self.accounts.get(account).and_then(|it| {
            it.resources.values().copied().find(|id| {
                let sm = self.sessions.get(id).and_then(|session| session.sm.as_ref());
                sm.is_some_and(|sm| sm.resumable && sm.id == previd)
            })
        });
        let (Some(id), Some(h)) = (found, sm::read_h(element)) else {
            let condition = if element.attr("previd").is_none() || sm::read_h(element).is_none() {
                Condition::BadRequest
            } else {
                Condition::ItemNotFound
            };
            return Err((condition, self.remembered.handled(&previd, account)));
        };
        // §5: a former stream that is still open gets a conflict; a resumption under way gives way to the newer one.
        let former = self.sessions.get_mut(&id).and_then(|session| session.conn.take());
        let waiting = self.sessions.get_mut(&id).and_then(|session| session.sm.as_mut()?.resuming.take());
        for old in former.into_iter().chain(waiting) {
            self.close_conn(old, Some(StreamError::new(StreamCondition::Conflict)));
        }
        if let Err(error) = self.handle_ack(id, h) {
            self.close_conn(conn, Some(error.stream_error()));
            self.disconnect(id);
            return Ok(());
        }
        if let Some(it) = self.conns.get_mut(&conn) {
            it.session = Some(id);
        }
        let Some(session) = self.sessions.get_mut(&id) else { return Ok(()) };
        if let Some(sm) = &mut session.sm {
            sm.resuming = Some(conn);
            sm.expires = None;
        }
        let from = match &say {
            SayResumed::Alone { seq } => Some((conn, *seq)),
            SayResumed::Inline(_) => None,
        };
        session.queue.push(from, Work::Resume { conn, say });
        self.reschedule(id);
        self.session_moved(id);
        Ok(())
    }

    /// Everything of the former stream is handled: `<resumed/>`, and what is unacknowledged once more.
    pub(crate) fn attach(&mut self, id: SessionId, conn: ConnId, say: SayResumed) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Some(sm) = &mut session.sm else { return };
        if sm.resuming != Some(conn) {
            return;
        }
        sm.resuming = None;
        sm.expires = None;
        session.conn = Some(conn);
        let resumed = Element::new("resumed", ns::SM)
            .with_attr("previd", sm.id.as_str())
            .with_attr("h", sm.handled.told().to_string());
        sm.handled.resumed();
        sm.outbound.reconnected(now);
        let again: Vec<Element> = sm.outbound.unacked().cloned().collect();
        let answer = match say {
            SayResumed::Alone { .. } => resumed,
            SayResumed::Inline(success) => identified(success.with_child(resumed), session.jid.as_jid()),
        };
        self.transmit(conn, answer);
        for element in again {
            self.transmit(conn, element);
        }
        self.become_active(id);
        self.request_ack(id);
        let account = self.sessions.get(&id).map(|session| session.account.clone());
        if let Some(account) = account {
            self.go_on_draining(&account);
        }
    }

    /// The session has lost its connection: it waits for its resumption, or ends.
    pub(crate) fn disconnect(&mut self, id: SessionId) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.conn = None;
        match &mut session.sm {
            Some(sm) if sm.resumable && !session.ended => {
                sm.outbound.reconnected(now);
                sm.resuming = None;
                sm.expires = Some(now.mono.after(sm.timeout));
                self.reschedule(id);
            }
            _ => self.end_session(id),
        }
    }

    /// A `<resume/>` of a session that is bound already.
    pub(crate) fn refuse_resumption(&mut self, id: SessionId) {
        if let Some(conn) = self.sessions.get(&id).and_then(|session| session.conn) {
            self.refuse_sm(conn, Condition::UnexpectedRequest);
        }
    }

    /// An `<enable/>` or other nonza where it must not be.
    pub(crate) fn refuse_sm(&mut self, conn: ConnId, condition: Condition) {
        self.transmit(conn, failed(condition, None));
    }
}
