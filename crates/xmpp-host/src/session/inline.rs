//! A session asked for together with the sign-in (XEP-0388 §2.6.1): resumed (XEP-0198 §9.2) or bound (XEP-0386 §3.2), and told of in
//! the one `<success/>`.

use xmpp::jid::{BareJid, FullJid, Jid};
use xmpp::ns;
use xmpp::xml::Element;
use xmpp_stream::server::{Bind, Inline};

use crate::io::ConnId;
use crate::session::Conn;
use crate::session::resume::{SayResumed, failed};
use crate::shard::Shard;

impl Shard {
    /// A connection has authenticated.
    pub(crate) fn connected(&mut self, conn: ConnId, account: BareJid, anonymous: bool, inline: Option<Box<Inline>>) {
        self.conns.insert(conn, Conn { account: account.clone(), anonymous, session: None });
        let Some(inline) = inline else { return };
        let Inline { mut success, resume, bind, mut features } = *inline;
        if let Some(resume) = resume {
            match self.resume(conn, &account, &resume, SayResumed::Inline(success.clone())) {
                // It is said when everything of the former stream is handled.
                Ok(()) => return,
                Err((condition, h)) => success.push(failed(condition, h)),
            }
        }
        let bound = bind.and_then(|bind| self.bind_inline(conn, &account, anonymous, &bind));
        let address = match bound {
            Some((jid, bound)) => {
                // XEP-0388 §2.6.1: what is applicable still. Who reads `<bind/>` or `<sm/>` here might begin anew.
                let managed = bound.child("enabled", ns::SM).is_some();
                let mut left = features.take_children();
                left.retain(|it| !(matches!(it.ns(), ns::BIND | ns::SESSION) || managed && it.ns() == ns::SM));
                features = features.with_children(left);
                success.push(bound);
                jid.to_jid()
            }
            // Nothing was asked for, or it cannot be had: the client may still bind as in RFC 6120 §7, and hears why not.
            None => Jid::from(account),
        };
        self.transmit(conn, identified(success, &address));
        self.transmit(conn, features);
    }

    fn bind_inline(
        &mut self,
        conn: ConnId,
        account: &BareJid,
        anonymous: bool,
        bind: &Bind,
    ) -> Option<(FullJid, Element)> {
        // A tag that cannot stand in a resource is left out (XEP-0386 §3.2.1).
        let wanted = bind.resource.as_deref().and_then(|resource| account.with_resource(resource).ok());
        let jid = wanted.unwrap_or_else(|| self.fresh_jid(account));
        let id = self.bind_session(conn, &jid, anonymous).ok()?;
        let mut bound = Element::new("bound", ns::BIND2);
        if let Some(enable) = &bind.sm
            && let Some(enabled) = self.begin_sm(id, enable)
        {
            bound.push(enabled);
        }
        if let Some(session) = self.sessions.get_mut(&id) {
            session.carbons = bind.carbons;
        }
        if bind.active == Some(false) && self.registry.policy().csi {
            self.indicate_state(id, "inactive");
        }
        Some((jid, bound))
    }
}

/// `<success/>` with the address of whom it is for.
pub(crate) fn identified(success: Element, address: &Jid) -> Element {
    success.with_child(Element::new("authorization-identifier", ns::SASL2).with_text(address.as_str()))
}
