//! The addresses to try, in order.

use xmpp::collections::sort_by;

use crate::api::{Settings, Transport};

/// One address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) transport: Transport,
    pub(super) url: String,
}

/// The addresses of a service and where in them this attempt is.
#[derive(Default)]
pub(super) struct Endpoints {
    list: Vec<Endpoint>,
    /// The next to try.
    next: usize,
}

impl Endpoints {
    /// Given addresses win over discovery: then nothing is asked.
    pub(super) fn given(settings: &Settings) -> Vec<Endpoint> {
        let mut list = Vec::new();
        if let Some(url) = &settings.websocket_url {
            list.push(Endpoint { transport: Transport::WebSocket, url: url.clone() });
        }
        if let Some(url) = &settings.bosh_url {
            list.push(Endpoint { transport: Transport::Bosh, url: url.clone() });
        }
        list
    }

    pub(super) fn set(&mut self, list: Vec<Endpoint>) {
        *self = Self { list, next: 0 };
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The next address of this round.
    pub(super) fn take(&mut self) -> Option<Endpoint> {
        let endpoint = self.list.get(self.next).cloned();
        self.next += 1;
        endpoint
    }

    /// A new round, from the first on.
    pub(super) fn rewind(&mut self, bosh_first: bool) {
        let late = |endpoint: &Endpoint| (endpoint.transport == Transport::Bosh) != bosh_first;
        sort_by(&mut self.list, |a, b| late(a).cmp(&late(b)));
        self.next = 0;
    }

    pub(super) fn has(&self, transport: Transport) -> bool {
        self.list.iter().any(|endpoint| endpoint.transport == transport)
    }

    pub(super) fn urls(&self) -> Vec<String> {
        self.list.iter().map(|endpoint| endpoint.url.clone()).collect()
    }
}

/// Whether nobody on the way can read: TLS, or the same machine. `page` says so of addresses relative to the page.
pub(super) fn is_secure(url: &str, page: bool) -> bool {
    match url.split_once("://") {
        None => page,
        Some(("wss" | "https", _)) => true,
        Some((_, rest)) => is_loopback(host(rest)),
    }
}

/// Whether an address that a stranger gave may be used: it must not lead to plain text elsewhere.
pub(super) fn is_acceptable(url: &str, transport: Transport) -> bool {
    match (url.split_once("://"), transport) {
        (Some(("wss", _)), Transport::WebSocket) | (Some(("https", _)), Transport::Bosh) => true,
        (Some(("ws", rest)), Transport::WebSocket) | (Some(("http", rest)), Transport::Bosh) => is_loopback(host(rest)),
        _ => false,
    }
}

/// The host of what follows `://`, without user and port.
fn host(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

fn is_loopback(host: &str) -> bool {
    let v4 = || {
        let parts: Vec<&str> = host.split('.').collect();
        parts.len() == 4 && parts[0] == "127" && parts.iter().all(|part| part.parse::<u8>().is_ok())
    };
    host == "localhost" || host.ends_with(".localhost") || host == "::1" || v4()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(transport: Transport) -> Endpoint {
        Endpoint { transport, url: String::from(if transport == Transport::Bosh { "b" } else { "w" }) }
    }

    #[test]
    fn what_is_remembered_to_work_comes_first() {
        let mut endpoints = Endpoints::default();
        endpoints.set(vec![endpoint(Transport::Bosh), endpoint(Transport::WebSocket)]);
        endpoints.rewind(false);
        assert_eq!(endpoints.take().map(|e| e.url), Some(String::from("w")));
        assert_eq!(endpoints.take().map(|e| e.url), Some(String::from("b")));
        assert_eq!(endpoints.take(), None);
        endpoints.rewind(true);
        assert_eq!(endpoints.take().map(|e| e.url), Some(String::from("b")));
        assert_eq!(endpoints.urls(), ["b", "w"]);
    }

    #[test]
    fn discovery_leads_only_to_safe_places() {
        for url in ["wss://x.y/ws", "ws://localhost:5280/ws", "ws://127.0.0.1/", "ws://[::1]:80/", "ws://a.localhost"] {
            assert!(is_acceptable(url, Transport::WebSocket), "{url}");
        }
        for url in [
            "ws://x.y/ws",
            "https://x.y",
            "javascript://x",
            "/ws",
            "ws://localhost@x.y/",
            "ws://127.0.0.1.x.y/",
            "ws://x.y#localhost",
        ] {
            assert!(!is_acceptable(url, Transport::WebSocket), "{url}");
        }
        assert!(is_acceptable("https://x.y/b", Transport::Bosh) && !is_acceptable("http://x.y/b", Transport::Bosh));
        assert!(is_secure("/ws", true) && !is_secure("/ws", false) && !is_secure("ws://x.y", true));
    }
}
