//! From the roster's items to what is shown of them, and back.

use xmpp::jid::BareJid;
use xmpp::xep::roster::{Ask, RosterItem, Subscription as Wire};

use crate::api::Subscription;
use crate::state::RosterEntry;

/// What is shown of an item; `None` for one that is being removed.
pub(super) fn entry(item: &RosterItem) -> Option<RosterEntry> {
    let subscription = match item.subscription {
        Wire::None => Subscription::None,
        Wire::To => Subscription::To,
        Wire::From => Subscription::From,
        Wire::Both => Subscription::Both,
        Wire::Remove => return None,
    };
    let mut groups: Vec<String> = item.groups.iter().filter(|group| !group.is_empty()).cloned().collect();
    xmpp::collections::sort(&mut groups);
    groups.dedup();
    let name = item.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).map(String::from);
    Some(RosterEntry { name, groups, subscription, pending_out: item.ask == Some(Ask::Subscribe) })
}

/// An item as a person changes it: name and groups (RFC 6121 §2.4).
pub(super) fn edit(jid: &BareJid, name: Option<&str>, groups: &[String]) -> RosterItem {
    let name = name.map(str::trim).filter(|name| !name.is_empty()).map(String::from);
    let groups = groups.iter().filter(|group| !group.trim().is_empty()).cloned().collect();
    // The wire's default is no subscription at all, which a set ignores (§2.1.2.5).
    RosterItem { name, groups, ..RosterItem::new(jid.clone()) }
}

/// The item that removes itself and both subscriptions (§2.5).
pub(super) fn remove(jid: &BareJid) -> RosterItem {
    RosterItem { subscription: Wire::Remove, ..RosterItem::new(jid.clone()) }
}
