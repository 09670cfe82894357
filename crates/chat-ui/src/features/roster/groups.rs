//! From contacts and requests to the rows of the list: requests first, then groups by name, contacts by presence and name.

use std::sync::Arc;

use xmpp::collections::sort_by;
use xmpp_client::api::{Availability, Contact, ContactRequest};

use crate::look;
use crate::virtual_list::{Key, Row as Size};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// A heading over requests.
    Requests(u32),
    /// Somebody asks.
    Request(Arc<ContactRequest>),
    /// A heading; `None`: contacts without a group.
    Group(Option<String>),
    /// Somebody; a contact in two groups has two rows.
    Contact(Arc<Contact>),
}

/// Makes the rows. `filter` is lower case, as `lower` makes it.
pub(crate) fn rows<'a>(
    contacts: impl Iterator<Item = &'a Arc<Contact>>,
    requests: &[Arc<ContactRequest>],
    filter: &str,
    lower: &dyn Fn(&str) -> String,
) -> Vec<Row> {
    let mut places = Vec::new();
    for contact in contacts {
        let name = lower(&contact.name);
        if name.contains(filter) || look::address_fits(filter, &contact.jid) {
            let offline = contact.availability == Availability::Offline;
            let groups = contact.groups.iter().map(|group| Some(group.as_str()));
            let nowhere = contact.groups.is_empty().then_some(None);
            // Contacts without a group stand last.
            places.extend(
                groups
                    .chain(nowhere)
                    .map(|group| Place { key: (group.is_none(), group, offline, name.clone()), contact }),
            );
        }
    }
    let mut rows = Vec::new();
    if filter.is_empty() && !requests.is_empty() {
        rows.push(Row::Requests(u32::try_from(requests.len()).unwrap_or(u32::MAX)));
        rows.extend(requests.iter().cloned().map(Row::Request));
    }
    // They need no heading when there are no groups.
    let headed = places.iter().any(|place| !place.key.0);
    let mut heading = None;
    sort_by(&mut places, |a, b| a.key.cmp(&b.key));
    for Place { key: (_, group, ..), contact } in &places {
        if headed && heading != Some(group) {
            heading = Some(group);
            rows.push(Row::Group(group.map(String::from)));
        }
        rows.push(Row::Contact(Arc::clone(contact)));
    }
    rows
}

/// Where a contact stands: group, then presence, then name.
struct Place<'a> {
    key: (bool, Option<&'a str>, bool, String),
    contact: &'a Arc<Contact>,
}

/// Sizes and keys; a contact's key knows its group, because it may stand in several.
pub(crate) fn sizes(rows: &[Row]) -> Vec<Size> {
    let mut group: Key = 0;
    rows.iter()
        .map(|row| {
            let (key, estimate) = match row {
                Row::Requests(_) => (1, 36.0),
                Row::Request(request) => (look::key(request.jid.as_str()).wrapping_add(1), 110.0),
                Row::Group(name) => {
                    group = look::key(name.as_deref().unwrap_or_default()).rotate_left(17) | 1;
                    (group, 36.0)
                }
                Row::Contact(contact) => (look::key(contact.jid.as_str()) ^ group, 60.0),
            };
            Size { key, estimate, solid: !matches!(row, Row::Group(_) | Row::Requests(_)) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use xmpp::jid::BareJid;
    use xmpp_client::api::Subscription;

    use super::*;

    fn contact(name: &str, groups: &[&str], availability: Availability) -> Arc<Contact> {
        Arc::new(Contact {
            jid: BareJid::new(&format!("{}@example.com", name.to_lowercase())).unwrap(),
            name: name.to_owned(),
            roster_name: None,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            subscription: Subscription::Both,
            pending_out: false,
            availability,
            status: None,
            avatar: None,
        })
    }

    fn lower(text: &str) -> String {
        text.to_lowercase()
    }

    fn shape(rows: &[Row]) -> Vec<String> {
        rows.iter()
            .map(|row| match row {
                Row::Requests(count) => format!("requests {count}"),
                Row::Request(request) => format!("? {}", request.jid),
                Row::Group(name) => format!("# {}", name.as_deref().unwrap_or("-")),
                Row::Contact(contact) => contact.name.clone(),
            })
            .collect()
    }

    #[test]
    fn groups_by_name_then_presence_then_name() {
        let contacts = [
            contact("Zoe", &["Work"], Availability::Online),
            contact("Adam", &["Work", "Friends"], Availability::Offline),
            contact("bea", &["Work"], Availability::Away),
            contact("Carl", &[], Availability::Online),
        ];
        assert_eq!(
            shape(&rows(contacts.iter(), &[], "", &lower)),
            ["# Friends", "Adam", "# Work", "bea", "Zoe", "Adam", "# -", "Carl"]
        );
        assert_eq!(shape(&rows(contacts.iter(), &[], "ad", &lower)), ["# Friends", "Adam", "# Work", "Adam"]);
        assert_eq!(shape(&rows(contacts.iter(), &[], "nobody", &lower)), Vec::<String>::new());
    }

    #[test]
    fn without_groups_there_is_no_heading_and_requests_come_first() {
        let request =
            Arc::new(ContactRequest { jid: BareJid::new("new@example.com").unwrap(), name: None, message: None });
        let contacts = [contact("Carl", &[], Availability::Online)];
        assert_eq!(
            shape(&rows(contacts.iter(), std::slice::from_ref(&request), "", &lower)),
            ["requests 1", "? new@example.com", "Carl"]
        );
        assert_eq!(shape(&rows(contacts.iter(), &[request], "carl", &lower)), ["Carl"]);
    }

    #[test]
    fn keys_are_unique_though_contacts_repeat() {
        let contacts = [
            contact("Adam", &["A", "B", "C"], Availability::Online),
            contact("Bea", &["A", "B"], Availability::Online),
        ];
        let sizes = sizes(&rows(contacts.iter(), &[], "", &lower));
        let keys: std::collections::BTreeSet<_> = sizes.iter().map(|size| size.key).collect();
        assert_eq!(keys.len(), sizes.len());
    }
}
