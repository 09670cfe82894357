//! The way from an authenticated connection to a session: resource binding (RFC 6120 §7) or resumption (XEP-0198 §5).

use xmpp::jid::{BareJid, FullJid};
use xmpp::ns;
use xmpp::stanza::{Condition, Iq, IqKind, Stanza, StanzaError, StreamCondition, StreamError};
use xmpp::xml::Element;

use crate::io::{ConnId, Output, SessionId};
use crate::session::Session;
use crate::session::resume::{SayResumed, failed};
use crate::shard::Shard;

impl Shard {
    /// An element on a connection without a session.
    pub(crate) fn received_unbound(&mut self, conn: ConnId, seq: u64, element: Element) {
        let Some(it) = self.conns.get(&conn) else { return };
        let (account, anonymous) = (it.account.clone(), it.anonymous);
        if element.is("resume", ns::SM) {
            if let Err((condition, handled)) = self.resume(conn, &account, &element, SayResumed::Alone { seq }) {
                self.transmit(conn, failed(condition, handled));
                self.emit(Output::Handled { conn, seq });
            }
            return;
        }
        if element.ns() == ns::SM {
            self.refuse_sm(conn, Condition::UnexpectedRequest);
            self.emit(Output::Handled { conn, seq });
            return;
        }
        match Stanza::try_from(element) {
            Ok(Stanza::Iq(iq)) if iq.is_request() => {
                let reply = match &iq.kind {
                    IqKind::Set(payload) if payload.is("bind", ns::BIND) => {
                        self.bind(conn, account, anonymous, &iq, payload)
                    }
                    _ => iq.reply_error(StanzaError::from(Condition::NotAllowed)),
                };
                self.transmit(conn, reply.into());
                self.emit(Output::Handled { conn, seq });
            }
            // RFC 6120 §7.1: nothing but binding until bound.
            _ => self.close_conn(conn, Some(StreamError::new(StreamCondition::NotAuthorized))),
        }
    }

    fn bind(&mut self, conn: ConnId, account: BareJid, anonymous: bool, iq: &Iq, payload: &Element) -> Iq {
        let wanted = payload.child("resource", ns::BIND).map(Element::text).filter(|text| !text.is_empty());
        let jid = match wanted {
            Some(resource) => account.with_resource(&resource).ok(),
            None => Some(self.fresh_jid(&account)),
        };
        // §7.7.2.1: a resource that cannot be one.
        let Some(jid) = jid else { return iq.reply_error(StanzaError::from(Condition::BadRequest)) };
        if let Err(condition) = self.bind_session(conn, &jid, anonymous) {
            return iq.reply_error(StanzaError::from(condition));
        }
        let bound = Element::new("bind", ns::BIND).with_child(Element::new("jid", ns::BIND).with_text(jid.as_str()));
        iq.reply_result(Some(bound))
    }

    /// The address gets a session on this connection, in place of one that it had.
    pub(crate) fn bind_session(
        &mut self,
        conn: ConnId,
        jid: &FullJid,
        anonymous: bool,
    ) -> Result<SessionId, Condition> {
        let account = jid.to_bare();
        let held = self.accounts.get(&account).map_or(0, |it| it.resources.len());
        let former = self.accounts.get(&account).and_then(|it| it.resources.get(&jid.resource_part()).copied());
        if former.is_none() && held >= self.config.max_sessions_per_account {
            // §7.6.2.1: too many resources.
            return Err(Condition::ResourceConstraint);
        }
        if let Some(former) = former {
            // §7.7.2.2: the newer one wins, as the older one is most often a connection that is already dead.
            self.kill(former, Some(StreamError::new(StreamCondition::Conflict)));
        }
        let id = self.session_id();
        self.sessions.insert(id, Session::new(jid.clone(), conn));
        let entry = self.account(&account);
        entry.anonymous |= anonymous;
        entry.resources.insert(jid.resource_part(), id);
        if let Some(it) = self.conns.get_mut(&conn) {
            it.session = Some(id);
        }
        Ok(id)
    }

    /// §7.6: a resource made by the server.
    pub(crate) fn fresh_jid(&mut self, account: &BareJid) -> FullJid {
        loop {
            let resource = self.ids.fresh();
            if let Ok(jid) = account.with_resource(&resource)
                && !self.accounts.get(account).is_some_and(|it| it.resources.contains_key(&jid.resource_part()))
            {
                return jid;
            }
        }
    }
}
