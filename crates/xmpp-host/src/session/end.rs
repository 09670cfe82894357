//! How sessions end: closed, replaced, expired or thrown out. Nothing they had not acknowledged is lost.

use std::collections::BTreeSet;

use xmpp::jid::Jid;
use xmpp::stanza::{Condition, Stanza, StanzaError, StreamError};
use xmpp::xml::Element;

use crate::account::Task;
use crate::io::{ConnId, SessionId};
use crate::session::queue::Work;
use crate::session::resume::untag;
use crate::shard::Shard;

impl Shard {
    /// The shell says that a connection is gone.
    pub(crate) fn connection_ended(&mut self, conn: ConnId, cleanly: bool) {
        let Some(it) = self.conns.remove(&conn) else { return };
        let Some(id) = it.session else { return };
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let resuming = session.sm.as_ref().is_some_and(|sm| sm.resuming == Some(conn));
        if session.conn != Some(conn) && !resuming {
            return;
        }
        if cleanly && !resuming {
            session.conn = None;
            self.end_session(id);
        } else {
            self.disconnect(id);
        }
    }

    /// Ends a session and its connection from our side, at once. What it has sent and was not begun is not handled.
    pub(crate) fn kill(&mut self, id: SessionId, error: Option<StreamError>) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.queue.drop_queued();
        let resuming = session.sm.as_mut().and_then(|sm| sm.resuming.take());
        if let Some(conn) = session.conn.take().or(resuming) {
            self.close_conn(conn, error);
        }
        self.end_session(id);
    }

    /// The session is no resource any more. What it has received is still dealt with, then it says goodbye and is forgotten.
    pub(crate) fn end_session(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if std::mem::replace(&mut session.ended, true) {
            return;
        }
        session.queue.push(None, Work::End);
        let account = session.account.clone();
        let resource = session.jid.resource_part();
        if let Some(it) = self.accounts.get_mut(&account)
            && it.resources.get(&resource) == Some(&id)
        {
            it.resources.remove(&resource);
        }
        self.reschedule(id);
        self.hand_back(id);
        self.go_on_draining(&account);
        self.session_moved(id);
    }

    /// Everything the session had received is dealt with.
    pub(crate) fn finish_session(&mut self, id: SessionId) {
        let Some(session) = self.sessions.remove(&id) else { return };
        if let Some(deadline) = session.deadline {
            self.deadlines.remove(&(deadline, id));
        }
        if let Some(sm) = &session.sm {
            self.remembered.put(sm.id.clone(), session.account.clone(), sm.handled.told());
        }
        if session.presence.is_some() || !session.directed.is_empty() {
            let task = Task::Gone {
                jid: session.jid,
                available: session.presence.is_some(),
                directed: session.directed,
                presence: None,
            };
            self.account(&session.account).tasks.push_back(task);
        }
        self.account_moved(&session.account);
    }

    /// What the session never acknowledged (XEP-0198 §4): archived messages are undelivered still, unless another session has them;
    /// of the rest, what somebody waits for is answered with an error.
    fn hand_back(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let account = session.account.clone();
        let Some(sm) = &session.sm else { return };
        let mut rows = BTreeSet::new();
        let mut bounces = Vec::new();
        for stanza in sm.outbound.unacked_tagged() {
            match untag(stanza.tag) {
                Some(row) => {
                    rows.insert(row);
                }
                None => bounces.extend(unanswered(&stanza.element)),
            }
        }
        for (to, reply) in bounces {
            self.answer(&to, reply);
        }
        self.put_back(&account, id, rows);
    }
}

/// The error for a stanza that did not reach its client, if its sender waits for it or would believe that it was read.
fn unanswered(element: &Element) -> Option<(Jid, Stanza)> {
    let error = StanzaError::from(Condition::RecipientUnavailable);
    match Stanza::try_from(element.clone()).ok()? {
        Stanza::Iq(iq) if iq.is_request() => {
            let reply = iq.reply_error(error);
            Some((iq.from?, reply.into()))
        }
        Stanza::Message(message) if message.body().is_some() => {
            let reply = message.reply_error(error)?;
            Some((message.from?, reply.into()))
        }
        _ => None,
    }
}
