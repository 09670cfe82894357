//! What the device remembers about connecting as one account.

use xmpp::time::Timestamp;
use xmpp_stream::sasl::ScramHash;

/// The feature part of the rows' keys.
pub(super) const ROWS: &str = "connection/";
/// For how long a service is taken to have no WebSocket.
const BOSH_FOR_MS: i64 = 24 * 60 * 60 * 1000;

/// Remembered facts.
#[derive(Default)]
pub(super) struct Known {
    pub(super) is_loaded: bool,
    /// The strongest SCRAM hash that ever worked: nothing weaker is accepted.
    pub(super) floor: Option<ScramHash>,
    /// The service speaks SASL2: where it does not, nothing weaker than SCRAM is accepted.
    pub(super) sasl2: bool,
    /// When WebSocket last failed where BOSH worked.
    pub(super) bosh_since: Option<Timestamp>,
}

impl Known {
    pub(super) fn read(rows: &[(String, String)]) -> Self {
        let row = |name: &str| rows.iter().find(|(key, _)| key.ends_with(name)).map(|(_, value)| value.as_str());
        Self {
            is_loaded: false,
            floor: row("/floor").and_then(ScramHash::from_name),
            sasl2: row("/sasl2").is_some(),
            bosh_since: row("/bosh").and_then(|ms| ms.parse().ok()).map(Timestamp),
        }
    }

    /// Whether BOSH goes first. After a day WebSocket gets another chance.
    pub(super) fn prefers_bosh(&self, now: Timestamp) -> bool {
        self.bosh_since.is_some_and(|since| since <= now && now.0 - since.0 < BOSH_FOR_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bosh_goes_first_for_a_day() {
        let rows = [("me@x/connection/bosh", "1000"), ("me@x/connection/floor", "sha-256")];
        let known = Known::read(&rows.map(|(k, v)| (String::from(k), String::from(v))));
        assert_eq!(known.floor, Some(ScramHash::Sha256));
        assert!(known.prefers_bosh(Timestamp(1000)) && known.prefers_bosh(Timestamp(BOSH_FOR_MS)));
        assert!(!known.prefers_bosh(Timestamp(1000 + BOSH_FOR_MS)) && !known.prefers_bosh(Timestamp(0)));
        assert!(!Known::read(&[]).prefers_bosh(Timestamp(5)));
    }
}
