//! [`Terms`]: what creation request and configuration agree on (XEP-0124 §7.2).

use super::config::Config;
use crate::transport::bosh_body::{Body, Rid, Version};

/// The agreed terms of one session. Times in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) wait: u64,
    pub(super) hold: u64,
    pub(super) requests: u64,
    pub(super) inactivity: u64,
    pub(super) polling: u64,
    /// The client sent no `ver`: it understands HTTP errors only (§17.1).
    pub(super) legacy: bool,
    /// The client acknowledges responses (§9.2).
    pub(super) acks: bool,
    pub(super) content_type: &'static str,
}

impl Terms {
    pub(super) fn agree(config: &Config, body: &Body) -> Terms {
        let asked_hold = body.hold.unwrap_or(1);
        let hold = asked_hold.min(config.hold_max);
        let wait = body.wait.unwrap_or(config.wait_max).min(config.wait_max);
        let polls = hold == 0 || wait == 0;
        // §12: a polling session's inactivity is longer, by more than the polling interval.
        let inactivity = config.inactivity + if polls { 2 * config.polling } else { 0 };
        // §7.2: larger than the hold that was asked for.
        let requests = asked_hold.saturating_add(1).max(config.requests).min(config.requests_max.max(config.requests));
        Terms {
            wait: wait * 1000,
            hold,
            requests: requests.max(1),
            inactivity: inactivity * 1000,
            // A client that asked to be answered sooner than the interval may poll as often as it is answered.
            polling: if polls { config.polling } else { config.polling.min(wait) } * 1000,
            legacy: body.ver.is_none(),
            acks: body.ack == Some(1),
            content_type: content_type(body.content.as_deref()),
        }
    }

    /// The attributes of the session creation response (§7.2, XEP-0206 §4).
    pub(super) fn announce(&self, config: &Config, sid: &str, creation: &Creation) -> Body {
        Body {
            sid: Some(sid.to_owned()),
            wait: Some(self.wait / 1000),
            hold: Some(self.hold),
            requests: Some(self.requests),
            inactivity: Some(self.inactivity / 1000),
            polling: Some(config.polling),
            maxpause: (config.max_pause > 0).then_some(config.max_pause),
            ver: creation.ver.map(|theirs| theirs.min(Version::OURS)),
            from: creation.to.clone(),
            // §9.1: announces that acknowledgements will be used.
            ack: Some(creation.rid.value()),
            restartlogic: true,
            version: Some("1.0".to_owned()),
            ..Body::default()
        }
    }
}

/// What the creation response repeats from the creation request. Kept only until that response is written.
#[derive(Debug)]
pub(super) struct Creation {
    pub(super) rid: Rid,
    pub(super) to: Option<String>,
    pub(super) ver: Option<Version>,
}

/// §7.1: the client chooses the Content-Type of responses. The choice is between harmless ones: a stranger's
/// `text/html` would turn stanzas into a page of the server's origin.
fn content_type(asked: Option<&str>) -> &'static str {
    let essence = asked.and_then(|asked| asked.split(';').next()).unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("text/plain") {
        "text/plain; charset=utf-8"
    } else if essence.eq_ignore_ascii_case("application/xml") {
        "application/xml; charset=utf-8"
    } else {
        "text/xml; charset=utf-8"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(body: Body) -> Terms {
        Terms::agree(&Config::default(), &body)
    }

    #[test]
    fn wait_and_hold_never_exceed_what_was_asked_section_7_2() {
        let terms = agree(Body { wait: Some(20), hold: Some(1), ..Body::default() });
        assert_eq!((terms.wait, terms.hold, terms.requests), (20_000, 1, 2));
        let terms = agree(Body { wait: Some(u64::MAX), hold: Some(u64::MAX), ..Body::default() });
        assert_eq!((terms.wait, terms.hold, terms.requests), (55_000, 1, 5));
    }

    #[test]
    fn requests_exceed_the_hold_that_was_asked_section_7_2() {
        assert_eq!(agree(Body { hold: Some(3), ..Body::default() }).requests, 4);
    }

    #[test]
    fn a_polling_session_may_be_inactive_longer_section_12() {
        let config = Config::default();
        let terms = agree(Body { hold: Some(0), ..Body::default() });
        assert!(terms.inactivity > (config.inactivity + config.polling) * 1000);
    }

    #[test]
    fn a_page_can_not_be_asked_for() {
        assert_eq!(content_type(Some("text/html")), "text/xml; charset=utf-8");
        assert_eq!(content_type(Some("Text/Plain; charset=utf-8\r\nX: y")), "text/plain; charset=utf-8");
        assert_eq!(content_type(None), "text/xml; charset=utf-8");
    }
}
