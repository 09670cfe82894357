//! XEP-0359: Unique and Stable Stanza IDs. The archive's id travels with the message; nobody else may claim to have given one.

use xmpp::ids::{ArchiveId, OriginId};
use xmpp::jid::{BareJid, Jid};
use xmpp::ns;
use xmpp::stanza::Message;
use xmpp::xml::Element;

use crate::modules::{At, Module};

pub(crate) const NAME: &str = "stable_ids";

/// Longer ids than this are not ids: such a message is not checked for repeats.
const ORIGIN_ID_BYTES: usize = 256;

pub(crate) struct StableIds;

impl Module for StableIds {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            At::Domain | At::Account => &[ns::STANZA_ID],
        }
    }
}

/// §3.1, §6: removes ids that pretend to be from these accounts or from the domain.
pub(crate) fn strip_forged(message: &mut Message, accounts: &[&BareJid], domain: &str) {
    message.payloads.retain(|it| !(it.is("stanza-id", ns::STANZA_ID) && claims_to_be_ours(it, accounts, domain)));
}

fn claims_to_be_ours(stanza_id: &Element, accounts: &[&BareJid], domain: &str) -> bool {
    match stanza_id.attr("by").map(Jid::new) {
        Some(Ok(by)) => by.as_str() == domain || accounts.contains(&&by.to_bare()),
        // Without an address nobody vouches for it.
        Some(Err(_)) | None => true,
    }
}

/// Adds the archive's id to a message for its owner.
pub(crate) fn inject(message: &mut Message, account: &BareJid, row: &ArchiveId) {
    let id = Element::new("stanza-id", ns::STANZA_ID).with_attr("by", account.as_str()).with_attr("id", row.as_str());
    message.payloads.push(id);
}

/// The sender's own id, by which a repeat is known.
pub(crate) fn origin_id(message: &Message) -> Option<OriginId> {
    let id = message.child("origin-id", ns::STANZA_ID)?.attr("id")?;
    (!id.is_empty() && id.len() <= ORIGIN_ID_BYTES).then(|| OriginId::from(id))
}
