//! RFC 6121 §2: Managing the Roster.

use crate::ids::RosterVersion;
use crate::jid::BareJid;
use crate::ns;
use crate::{payload, text_enum};

text_enum! {
    /// Who sees whose presence (§2.1.2.5).
    pub enum Subscription {
        /// Nobody.
        None = "none",
        /// The account sees the contact's.
        To = "to",
        /// The contact sees the account's.
        From = "from",
        /// Each sees the other's.
        Both = "both",
        /// In a set: take the item out.
        Remove = "remove",
    }

    /// What the account waits for (§2.1.2.2).
    pub enum Ask {
        /// It has asked to see the contact's presence.
        Subscribe = "subscribe",
    }
}

payload! {
    /// The roster, or a part of it (§2.1.1).
    #[derive(Default)]
    pub struct RosterQuery("query", ns::ROSTER) {
        /// The version that the asker has or the answer is. Empty: versions are understood, none is known (§2.6.2).
        ver: Option<RosterVersion> = OptAttr("ver"),
        /// Items that can be read; one bad item does not lose the others.
        items: Vec<RosterItem> = ReadableChildren,
    }

    /// One contact (§2.1.2).
    pub struct RosterItem("item", ns::ROSTER) {
        /// Whose.
        jid: BareJid = Attr("jid"),
        /// What the account's owner calls them.
        name: Option<String> = OptAttr("name"),
        /// Who sees whose presence. An unknown word is none (§2.1.2.5).
        subscription: Subscription = WordOr("subscription", Subscription::None),
        /// What the account waits for.
        ask: Option<Ask> = OptAttr("ask"),
        /// The contact's request is approved in advance (§3.4).
        approved: bool = AttrOr("approved", false),
        /// The groups the owner put them in (§2.1.2.6).
        groups: Vec<String> = ChildTexts("group"),
    }

    /// Stream feature: roster versions are understood (§2.6.1).
    pub struct RosterVersioning("ver", ns::ROSTER_VERSIONING) {}

    /// Stream feature: subscriptions can be approved in advance (§3.4).
    pub struct PreApproval("sub", ns::PRE_APPROVAL) {}
}

impl RosterItem {
    /// An item of which only the address is known.
    pub fn new(jid: BareJid) -> Self {
        Self { jid, name: None, subscription: Subscription::None, ask: None, approved: false, groups: Vec::new() }
    }
}

impl Subscription {
    /// Whether the account sees the contact's presence.
    pub fn sees_contact(self) -> bool {
        matches!(self, Self::To | Self::Both)
    }

    /// Whether the contact sees the account's presence.
    pub fn seen_by_contact(self) -> bool {
        matches!(self, Self::From | Self::Both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;
    use crate::xml::parse;

    #[test]
    fn one_bad_item_does_not_lose_the_others() {
        let xml = "<query xmlns='jabber:iq:roster'><item jid='@'/><item jid='a@b' subscription='odd'/></query>";
        let query = RosterQuery::read(&parse(xml).unwrap()).unwrap();
        assert_eq!(query.items, [RosterItem::new(BareJid::new("a@b").unwrap())]);
    }

    #[test]
    fn an_empty_version_is_not_none() {
        let query = RosterQuery { ver: Some("".into()), items: Vec::new() };
        assert_eq!(query.write().attr("ver"), Some(""));
        assert_eq!(RosterQuery::read(&query.write()), Ok(query));
    }
}
