//! `<item/>` of the roster (RFC 6121 §2.1.2).

use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::xml::Element;

use crate::api::Subscription;
use crate::state::RosterEntry;

/// An item, unless its address is none or it is being removed.
pub(super) fn read(item: &Element) -> Option<(BareJid, RosterEntry)> {
    let jid = BareJid::new(item.attr("jid")?).ok()?;
    let subscription = match item.attr("subscription") {
        Some("to") => Subscription::To,
        Some("from") => Subscription::From,
        Some("both") => Subscription::Both,
        Some("remove") => return None,
        _ => Subscription::None,
    };
    let mut groups: Vec<String> =
        item.children_named("group", ns::ROSTER).map(Element::text).filter(|group| !group.is_empty()).collect();
    xmpp::collections::sort(&mut groups);
    groups.dedup();
    let name = item.attr("name").map(str::trim).filter(|name| !name.is_empty()).map(String::from);
    let pending_out = item.attr("ask") == Some("subscribe");
    Some((jid, RosterEntry { name, groups, subscription, pending_out }))
}

/// The item as it is kept.
pub(super) fn write(jid: &BareJid, entry: &RosterEntry) -> Element {
    let subscription = match entry.subscription {
        Subscription::None => "none",
        Subscription::To => "to",
        Subscription::From => "from",
        Subscription::Both => "both",
    };
    edit(jid, entry.name.as_deref(), &entry.groups)
        .with_attr("subscription", subscription)
        .with_opt_attr("ask", entry.pending_out.then_some("subscribe"))
}

/// The item as a person changes it: name and groups (§2.4).
pub(super) fn edit(jid: &BareJid, name: Option<&str>, groups: &[String]) -> Element {
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    let group = |group: &String| Element::new("group", ns::ROSTER).with_text(group.as_str());
    Element::new("item", ns::ROSTER)
        .with_attr("jid", jid.as_str())
        .with_opt_attr("name", name)
        .with_children(groups.iter().filter(|group| !group.trim().is_empty()).map(group))
}

/// The item that removes itself and both subscriptions (§2.5).
pub(super) fn remove(jid: &BareJid) -> Element {
    Element::new("item", ns::ROSTER).with_attr("jid", jid.as_str()).with_attr("subscription", "remove")
}
