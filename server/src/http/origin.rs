//! Which pages may connect (CORS and the WebSocket's Origin header), and from which address a request really comes.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderValue, header};

use crate::config::{Http, WebOrigin};

/// The other end of the TCP connection, put into each request's extensions by the listener.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// From where a request comes, after trusted proxies have been looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    /// The address limits are counted by: an IPv4 address or the /64 network of an IPv6 one, which one household or machine owns.
    pub(crate) network: IpAddr,
    /// TLS to the browser, or no network at all in between: the password itself may be sent.
    pub(crate) secure: bool,
}

impl Client {
    /// A client of a bare TCP connection, with TLS on it from the start or not.
    pub(crate) fn direct(peer: IpAddr, tls: bool) -> Self {
        let peer = peer.to_canonical();
        Self { network: network(peer), secure: tls || peer.is_loopback() }
    }

    /// Reads the peer's address and, if it is a trusted proxy, what that says.
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, config: &Http) -> Self {
        let peer = peer.to_canonical();
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if !config.trusted_proxies.iter().any(|proxy| proxy.to_canonical() == peer) {
            // A forwarded request from an untrusted loopback address is a proxy that nobody told us about: no statement about TLS then.
            let forwarded = headers.contains_key("x-forwarded-for")
                || headers.contains_key("x-forwarded-proto")
                || headers.contains_key(header::FORWARDED)
                || headers.contains_key(header::VIA);
            return Self { network: network(peer), secure: peer.is_loopback() && !forwarded };
        }
        // The rightmost address that is not a proxy of ours; what stands left of it anybody may have written.
        let client = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|address| address.trim().parse::<IpAddr>().ok())
            .map(|address| address.to_canonical())
            .rfind(|address| !config.trusted_proxies.iter().any(|proxy| proxy.to_canonical() == *address));
        let secure = text("x-forwarded-proto").is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"));
        Self { network: network(client.unwrap_or(peer)), secure }
    }
}

/// What limits count by: an IPv4 address, or the /64 network of an IPv6 one.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(std::net::Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

/// Whether a page of this request's origin may connect: no origin (not a browser), the same host, or on the list.
pub(crate) fn is_allowed(headers: &HeaderMap, config: &Http) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let origin = origin.to_ascii_lowercase();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let same_host = !host.is_empty() && authority == Some(host.as_str());
    let listed = |WebOrigin(allowed): &WebOrigin| allowed == "*" || *allowed == origin;
    same_host || config.origins.iter().any(listed) || config.public_url.as_ref().is_some_and(listed)
}

/// The value of Access-Control-Allow-Origin for this request, if its origin is allowed. Credentials (cookies) are never allowed: nothing here uses them.
pub(crate) fn allow_origin(headers: &HeaderMap, config: &Http) -> Option<HeaderValue> {
    headers.get(header::ORIGIN).filter(|_| is_allowed(headers, config)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (axum::http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn origins() {
        let config = Http { origins: vec![WebOrigin("https://shop.example".into())], ..Http::default() };
        let allowed =
            |origin: &str| is_allowed(&headers(&[("host", "chat.example:5280"), ("origin", origin)]), &config);
        assert!(
            allowed("http://chat.example:5280")
                && allowed("https://chat.example:5280")
                && allowed("https://shop.example")
                && allowed("https://SHOP.example")
        );
        for origin in [
            "null",
            "https://chat.example",
            "http://shop.example",
            "https://shop.example.evil",
            "https://evil.example",
            "",
        ] {
            assert!(!allowed(origin), "{origin}");
        }
        assert!(is_allowed(&headers(&[("host", "chat.example")]), &config), "not a browser");
    }

    #[test]
    fn addresses_and_proxies() {
        let proxy: IpAddr = "10.0.0.1".parse().unwrap();
        let config = Http { trusted_proxies: vec![proxy], ..Http::default() };
        let forwarded =
            headers(&[("x-forwarded-for", "1.1.1.1, 203.0.113.7, 10.0.0.1"), ("x-forwarded-proto", "https")]);
        assert_eq!(
            Client::of(proxy, &forwarded, &config),
            Client { network: "203.0.113.7".parse().unwrap(), secure: true }
        );
        let stranger: IpAddr = "198.51.100.2".parse().unwrap();
        assert_eq!(
            Client::of(stranger, &forwarded, &config),
            Client { network: stranger, secure: false },
            "strangers are not believed"
        );
        let loopback: IpAddr = "::ffff:127.0.0.1".parse().unwrap();
        assert!(Client::of(loopback, &headers(&[]), &config).secure);
        assert!(!Client::of(loopback, &forwarded, &config).secure);
        assert!(Client::direct(loopback, false).secure && Client::direct(stranger, true).secure);
        assert!(!Client::direct(stranger, false).secure, "TLS has to come first");
        assert_eq!(
            Client::of("2001:db8:1:2:3:4:5:6".parse().unwrap(), &headers(&[]), &config).network,
            "2001:db8:1:2::".parse::<IpAddr>().unwrap()
        );
    }
}
