//! What comes from clients: checked, queued, started and released in order.

use xmpp::ns;
use xmpp::stanza::{Stanza, StanzaFault, StreamCondition, StreamError};
use xmpp::xml::Element;

use crate::effect::Effect;
use crate::held::Held;
use crate::io::{ConnId, Output, SessionId};
use crate::session::queue::{EntryId, Next, Work};
use crate::shard::{Place, Shard};

impl Shard {
    /// An element arrived on a connection.
    pub(crate) fn received(&mut self, conn: ConnId, seq: u64, element: Element) {
        let Some(it) = self.conns.get(&conn) else { return };
        let Some(id) = it.session else {
            self.received_unbound(conn, seq, element);
            return;
        };
        let limits = &self.config.limits;
        let Some(session) = self.sessions.get_mut(&id) else { return };
        // What follows a resumption that is not answered yet waits behind it.
        let resuming = session.sm.as_ref().and_then(|sm| sm.resuming);
        if session.conn != Some(conn) && resuming != Some(conn) {
            return;
        }
        let asks = element.is("r", ns::SM) && !session.queue.is_empty();
        let repeat = session.sm.as_mut().is_some_and(|sm| sm.handled.is_repeat(&element));
        // An acknowledgement is never kept waiting, only counted in its turn.
        let acknowledgement = element.is("a", ns::SM).then(|| element.clone());
        let work = if repeat { Work::Repeat } else { Work::Element(element) };
        session.queue.push(Some((conn, seq)), work);
        let unsaid = session.sm.as_ref().map_or(0, |sm| sm.handled.unsaid());
        let over = session.queue.len() + unsaid > limits.held_stanzas || session.queue.weight() > limits.held_bytes;
        if over {
            tracing::warn!(session = id.0, "closing a session that sends faster than storage takes");
            self.kill(id, Some(StreamError::new(StreamCondition::ResourceConstraint)));
            return;
        }
        if let Some(acknowledgement) = acknowledgement {
            self.acknowledged(id, &acknowledgement);
        } else if asks {
            self.answer_request(id);
        }
        self.session_moved(id);
    }

    /// Releases what is done and starts what may start.
    pub(crate) fn pump(&mut self, id: SessionId) {
        while let Some(session) = self.sessions.get_mut(&id) {
            match session.queue.next() {
                Next::Nothing => return,
                Next::Start(entry, work) => self.start(id, entry, work),
                Next::Release(released) => {
                    let refused = released.effects.iter().any(|effect| matches!(effect, Effect::Refuse(_)));
                    for effect in released.effects {
                        self.apply(id, effect);
                    }
                    if let Some(session) = self.sessions.get_mut(&id)
                        && let (Some(stamp), Some(sm)) = (released.stamp, &mut session.sm)
                    {
                        sm.handled.released(stamp, refused.then(|| sm.outbound.sent_count()));
                    }
                    if let Some((conn, seq)) = released.from
                        && self.conns.contains_key(&conn)
                    {
                        self.emit(Output::Handled { conn, seq });
                    }
                }
            }
        }
    }

    /// The entry is done; its effects happen in its turn.
    pub(crate) fn finish(&mut self, id: SessionId, entry: EntryId, effects: Vec<Effect>) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.queue.finish(entry, effects);
            self.session_moved(id);
        }
    }

    fn start(&mut self, id: SessionId, entry: EntryId, work: Work) {
        match work {
            Work::End => {
                self.finish_session(id);
            }
            Work::Repeat => self.finish(id, entry, Vec::new()),
            Work::Resume { conn, say } => {
                self.attach(id, conn, say);
                self.finish(id, entry, Vec::new());
            }
            Work::Element(element) if element.ns() == ns::SM => {
                match element.name() {
                    "enable" => self.enable_sm(id, &element),
                    "r" => self.answer_request(id),
                    "a" => {}
                    // XEP-0198 §5: only before binding.
                    "resume" => self.refuse_resumption(id),
                    _ => self.kill(id, Some(StreamError::new(StreamCondition::UnsupportedStanzaType))),
                }
                self.finish(id, entry, Vec::new());
            }
            Work::Element(element) if element.ns() == ns::CSI && self.registry.policy().csi => {
                if !self.indicate_state(id, element.name()) {
                    self.kill(id, Some(StreamError::new(StreamCondition::UnsupportedStanzaType)));
                }
                self.finish(id, entry, Vec::new());
            }
            Work::Element(element) => self.start_stanza(id, entry, element),
        }
    }

    fn start_stanza(&mut self, id: SessionId, entry: EntryId, element: Element) {
        let mut stanza = match Stanza::try_from(element) {
            Ok(stanza) => stanza,
            Err(error) if error.fault == StanzaFault::NotAStanza => {
                self.kill(id, Some(StreamError::new(StreamCondition::UnsupportedStanzaType)));
                self.finish(id, entry, Vec::new());
                return;
            }
            Err(error) => {
                let reply = error.reply().map(Effect::Reply);
                self.finish(id, entry, reply.into_iter().collect());
                return;
            }
        };
        let Some(session) = self.sessions.get(&id) else { return };
        // RFC 6120 §8.1.2.1: the host says who sent it. Another resource of the same account is corrected, not refused: there are
        // clients that resume a session after a reload and believe in the resource they would have asked for.
        if !stanza.from().is_none_or(|from| from.has_bare(&session.account)) {
            self.kill(id, Some(StreamError::new(StreamCondition::InvalidFrom)));
            self.finish(id, entry, Vec::new());
            return;
        }
        stanza.set_from(Some(session.jid.to_jid()));
        let account = session.account.clone();
        let to_others = stanza.to().is_some_and(|to| self.place(to) == Place::Account && to.to_bare() != account);
        if to_others && !self.knows_blocks(&account) {
            self.hold(&account, Held::Outgoing { session: id, entry, stanza: Box::new(stanza) });
        } else {
            self.dispatch(id, entry, stanza);
        }
    }

    /// Starts a stanza whose sender is known, and whom they have blocked.
    pub(crate) fn dispatch(&mut self, id: SessionId, entry: EntryId, stanza: Stanza) {
        match stanza {
            Stanza::Message(message) => self.send_message(id, entry, message),
            Stanza::Presence(presence) => self.send_presence(id, entry, presence),
            Stanza::Iq(iq) => self.send_iq(id, entry, iq),
        }
    }
}
