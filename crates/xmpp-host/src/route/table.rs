//! Which sessions get a message: RFC 6121 §8.5, as one pure function.

use xmpp::stanza::MessageType;

/// What the recipient's account looks like from the address a message was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Situation {
    /// The address names a resource.
    pub(crate) full: bool,
    /// The resource is connected (only if `full`).
    pub(crate) matches: bool,
    /// At least one resource is available with a priority that is not negative.
    pub(crate) available: bool,
}

/// What to do with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// To the resource named.
    Exact,
    /// To every available resource whose priority is not negative.
    Broadcast,
    /// Keep it until such a resource comes; if it was not kept, answer `service-unavailable`.
    Offline,
    /// Answer `service-unavailable`.
    Refuse,
    /// Drop it.
    Ignore,
}

/// RFC 6121 §8.5.2 and §8.5.3, table 1 in §8.5.4. Where the RFC leaves "ignore or refuse" open, people's messages are refused, so that
/// nobody believes in a message that went nowhere.
pub(crate) fn delivery(type_: MessageType, to: Situation) -> Delivery {
    use MessageType as T;
    if to.full && to.matches {
        return Delivery::Exact;
    }
    match (type_, to.full, to.available) {
        (T::Error, ..) => Delivery::Ignore,
        (T::Groupchat, ..) => Delivery::Refuse,
        (T::Normal, true, _) => Delivery::Refuse,
        (T::Headline, false, true) => Delivery::Broadcast,
        (T::Headline, ..) => Delivery::Ignore,
        (T::Chat, _, true) | (T::Normal, false, true) => Delivery::Broadcast,
        (T::Chat, _, false) | (T::Normal, false, false) => Delivery::Offline,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6121 §8.5.4, table 1. D: to the resource, M: to all, O: offline, E: refused, S: silently ignored.
    #[test]
    fn table_1_of_rfc_6121() {
        let types =
            [MessageType::Normal, MessageType::Chat, MessageType::Groupchat, MessageType::Headline, MessageType::Error];
        let rows = [
            // full, matches, available, expected per type
            (false, false, false, "OOESS"),
            (true, false, false, "EOESS"),
            (true, true, false, "DDDDD"),
            (false, false, true, "MMEMS"),
            (true, true, true, "DDDDD"),
            (true, false, true, "EMESS"),
        ];
        for (full, matches, available, expected) in rows {
            let found: String = types
                .iter()
                .map(|type_| match delivery(*type_, Situation { full, matches, available }) {
                    Delivery::Exact => 'D',
                    Delivery::Broadcast => 'M',
                    Delivery::Offline => 'O',
                    Delivery::Refuse => 'E',
                    Delivery::Ignore => 'S',
                })
                .collect();
            assert_eq!(found, expected, "full {full}, matches {matches}, available {available}");
        }
    }
}
