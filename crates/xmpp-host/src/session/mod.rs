//! Sessions: what the host knows of one bound resource, and what goes to its client.

pub(crate) mod bind;
pub(crate) mod end;
pub(crate) mod handled;
pub(crate) mod inbound;
pub(crate) mod inline;
pub(crate) mod memory;
pub(crate) mod queue;
pub(crate) mod resume;

use std::collections::BTreeSet;

use xmpp::ids::ArchiveId;
use xmpp::jid::{BareJid, FullJid, Jid};
use xmpp::ns;
use xmpp::stanza::{Presence, StreamError};
use xmpp::xml::Element;

use crate::config::Limits;
use crate::io::{ConnId, Output, SessionId};
use crate::modules::caps::interests::Interests;
use crate::modules::csi::HeldBack;
use crate::session::queue::Queue;
use crate::session::resume::StreamManagement;
use crate::shard::Shard;

/// An authenticated connection.
pub(crate) struct Conn {
    pub(crate) account: BareJid,
    pub(crate) anonymous: bool,
    /// The session it belongs to, once it has bound or asked to resume.
    pub(crate) session: Option<SessionId>,
}

/// One bound resource (RFC 6120 §7), which may outlive its connection (XEP-0198).
pub(crate) struct Session {
    pub(crate) jid: FullJid,
    pub(crate) account: BareJid,
    /// Where its stanzas go out now.
    pub(crate) conn: Option<ConnId>,
    pub(crate) sm: Option<StreamManagement>,
    /// The presence last broadcast, stamped with the full JID; `None` while unavailable.
    pub(crate) presence: Option<Presence>,
    pub(crate) priority: i8,
    /// Has asked for the roster (RFC 6121 §2.2): gets pushes.
    pub(crate) interested: bool,
    /// Has asked what is blocked (XEP-0191 §3.2): gets pushes.
    pub(crate) knows_blocks: bool,
    /// XEP-0280.
    pub(crate) carbons: bool,
    /// What its client wants to be told of (XEP-0163).
    pub(crate) interests: Interests,
    /// XEP-0352: `Some` while the client is inactive.
    pub(crate) held_back: Option<HeldBack>,
    /// Where directed available presence went (RFC 6121 §4.6.3).
    pub(crate) directed: BTreeSet<Jid>,
    pub(crate) queue: Queue,
    /// Its place in `Shard::deadlines`.
    pub(crate) deadline: Option<xmpp::time::Mono>,
    /// No longer a resource of its account; lives on until its last stanzas are dealt with.
    pub(crate) ended: bool,
}

impl Session {
    pub(crate) fn new(jid: FullJid, conn: ConnId) -> Self {
        Self {
            account: jid.to_bare(),
            jid,
            conn: Some(conn),
            sm: None,
            presence: None,
            priority: 0,
            interested: false,
            knows_blocks: false,
            carbons: false,
            interests: Interests::default(),
            held_back: None,
            directed: BTreeSet::new(),
            queue: Queue::default(),
            deadline: None,
            ended: false,
        }
    }

    /// Available, with a priority that is not negative: gets messages to the bare JID.
    pub(crate) fn takes_messages(&self) -> bool {
        self.presence.is_some() && self.priority >= 0
    }

    /// Whether more of what waits in storage may be sent before the client acknowledges some. Without stream management there is no
    /// telling.
    pub(crate) fn has_room(&self, limits: &Limits) -> bool {
        self.sm.as_ref().is_none_or(|sm| sm.outbound.len() < limits.offline_page as usize) && self.has_bytes(limits)
    }

    /// The part of `has_room` that is about size.
    pub(crate) fn has_bytes(&self, limits: &Limits) -> bool {
        self.sm.as_ref().is_none_or(|sm| sm.unacked_bytes() < limits.unacked_bytes / 2)
    }
}

impl Shard {
    /// Sends a stanza to a session. `row`: the archived message in it, so that its way is known (see `Account::carried`).
    pub(crate) fn deliver(&mut self, id: SessionId, element: Element, row: Option<&ArchiveId>) {
        if let Some(element) = self.hold_back(id, element) {
            self.send_to_client(id, element, row);
        }
    }

    /// The same, whether the client is active or not.
    pub(crate) fn send_to_client(&mut self, id: SessionId, element: Element, row: Option<&ArchiveId>) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if session.ended {
            return;
        }
        let account = session.account.clone();
        let conn = session.conn;
        let mut over = false;
        if let Some(sm) = &mut session.sm {
            over = sm.push(element.clone(), row.cloned(), &self.config.limits, self.now);
        }
        let acknowledges = session.sm.is_some();
        if let Some(row) = row {
            self.carry(&account, row, id, acknowledges);
        }
        if let Some(conn) = conn {
            self.transmit(conn, element);
            self.request_ack(id);
        }
        if over {
            tracing::warn!(session = id.0, "closing a session that does not acknowledge");
            self.kill(id, Some(StreamError::new(xmpp::stanza::StreamCondition::ResourceConstraint)));
        }
    }

    /// Sends a copy to several sessions; presence notifications are addressed to each.
    pub(crate) fn deliver_all(&mut self, to: &[SessionId], element: &Element, row: Option<&ArchiveId>) {
        for id in to {
            let mut copy = element.clone();
            if copy.is("presence", ns::CLIENT)
                && matches!(copy.attr("type"), None | Some("unavailable"))
                && let Some(session) = self.sessions.get(id)
            {
                copy.set_attr("to", session.jid.as_str());
            }
            self.deliver(*id, copy, row);
        }
    }

    /// The sessions of an account that are resources now and that `want` accepts.
    pub(crate) fn sessions_of(&self, account: &BareJid, want: impl Fn(&Session) -> bool) -> Vec<SessionId> {
        let Some(account) = self.accounts.get(account) else { return Vec::new() };
        account.resources.values().copied().filter(|id| self.sessions.get(id).is_some_and(&want)).collect()
    }

    /// Ends a connection from our side.
    pub(crate) fn close_conn(&mut self, conn: ConnId, error: Option<StreamError>) {
        if self.conns.remove(&conn).is_some() {
            self.emit(Output::Close { conn, error });
        }
    }
}

/// Roughly how many bytes an element takes.
pub(crate) fn weight(element: &Element) -> usize {
    let attrs: usize = element.attrs().map(|(_, name, value)| name.len() + value.len() + 4).sum();
    let nodes: usize = element
        .nodes()
        .iter()
        .map(|node| match node {
            xmpp::xml::Node::Element(child) => weight(child),
            xmpp::xml::Node::Text(text) => text.len(),
        })
        .sum();
    64 + 2 * element.name().len() + element.ns().len() + attrs + nodes
}
