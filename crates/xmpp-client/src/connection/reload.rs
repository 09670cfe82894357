//! What a page that goes away leaves to the next one in its tab, so that the session goes on (XEP-0198 §5).
//!
//! The session's id and count are written when the page goes, and gone when the next one has read them: a duplicated tab finds
//! none, nor does a page after a crash. What the old page knew of others' presence goes along, since the server says that only
//! once. To the features the session is a new one, as they are new themselves; what came for the old ones waits until these have
//! asked who is who.

use xmpp::ids::SmId;
use xmpp::jid::FullJid;
use xmpp::xml::{Element, parse};

use super::Connection;
use super::confirm::Confirm;
use crate::api::{StoreOp, StoreScope};
use crate::core::{Core, Owner};

/// Where the tab keeps it.
pub(super) const SESSION_KEY: &str = "session/sm";
/// No XML holds this (XML 1.0 §2.2).
const BETWEEN: &str = "\u{1}";

impl Connection {
    /// The page goes away.
    pub(super) fn leave_session(&mut self, core: &mut Core) {
        let Some(Confirm::Sm(managed)) = &self.session else { return };
        let (Some(id), Some(jid)) = (&managed.id, &core.jid) else { return };
        let h = managed.inbound.handled().to_string();
        let mut row = [id.as_str(), &h, jid.as_str()].join(BETWEEN);
        let waiting = core.kept.iter().flatten();
        for element in core.stream_features.iter().chain(&core.state.presences()).chain(waiting) {
            row.push_str(BETWEEN);
            row.push_str(&element.to_xml());
        }
        core.store(StoreScope::Tab, vec![StoreOp::Put { key: String::from(SESSION_KEY), value: row }], Owner::Nobody);
        self.left = true;
    }

    /// What the page before has left, if it has.
    pub(super) fn take_session(&mut self, core: &mut Core, rows: &[(String, String)]) {
        let Some((_, row)) = rows.iter().find(|(key, _)| key == SESSION_KEY) else { return };
        self.left = true;
        self.forget_session(core);
        let mut fields = row.split(BETWEEN);
        let (Some(id), Some(h), Some(jid)) = (fields.next(), fields.next(), fields.next()) else { return };
        let (Ok(h), Ok(jid)) = (h.parse(), FullJid::new(jid)) else { return };
        if self.login.as_ref().and_then(|login| login.jid.as_ref()) != Some(&jid.to_bare()) {
            return;
        }
        let mut elements: Vec<Element> = fields.filter_map(|xml| parse(xml).ok()).collect();
        if elements.first().is_some_and(|first| first.name() == "features") {
            core.stream_features = Some(elements.remove(0));
        }
        core.kept = Some(elements);
        core.jid = Some(jid);
        self.session = Some(Confirm::left(SmId::from(id), h));
        self.reloaded = true;
    }

    /// What was left is of no use any more: this page goes on by itself.
    pub(super) fn forget_session(&mut self, core: &mut Core) {
        if std::mem::take(&mut self.left) {
            core.store(StoreScope::Tab, vec![StoreOp::Delete { key: String::from(SESSION_KEY) }], Owner::Nobody);
        }
    }

    /// The session that the page before has left is another one now.
    pub(super) fn session_is_new(&mut self, core: &mut Core) {
        self.reloaded = false;
        core.kept = None;
    }
}
