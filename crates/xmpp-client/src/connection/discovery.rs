//! XEP-0156: which addresses a domain serves, from host-meta in both of its forms (RFC 6415).

use xmpp::ns;
use xmpp::time::Mono;
use xmpp::xml::{Limits, parse_with};

use super::endpoints::{Endpoint, is_acceptable};
use crate::api::{HttpError, HttpRequest, HttpResponse, Method, Output, RequestId, Transport};
use crate::core::Core;
use crate::json::Json;

const WITHIN_MS: u32 = 10_000;
/// More links than this are not read.
const MAX_LINKS: usize = 64;

/// Both questions.
pub(super) struct Discovery {
    open: Vec<RequestId>,
    found: Vec<Endpoint>,
    asked: Vec<String>,
    pub(super) deadline: Mono,
}

impl Discovery {
    pub(super) fn start(core: &mut Core, domain: &str) -> Self {
        let origin = match &core.settings.discovery_origin {
            Some(origin) => String::from(origin.trim_end_matches('/')),
            None => ["https://", domain].concat(),
        };
        let asked =
            ["/.well-known/host-meta.json", "/.well-known/host-meta"].map(|path| [&origin, path].concat()).to_vec();
        let mut open = Vec::new();
        for url in &asked {
            let request = core.request();
            open.push(request);
            let http = HttpRequest {
                method: Method::Get,
                url: url.clone(),
                headers: Vec::new(),
                body: None,
                credentials: false,
                timeout_ms: WITHIN_MS,
            };
            core.out.push_back(Output::Request { request, http, after: None });
        }
        let deadline = core.now.mono.after(u64::from(WITHIN_MS) + 1_000);
        Self { open, found: Vec::new(), asked, deadline }
    }

    /// Whether the response was an answer to one of the questions.
    pub(super) fn response(&mut self, request: RequestId, result: &Result<HttpResponse, HttpError>) -> bool {
        let Some(at) = self.open.iter().position(|own| *own == request) else { return false };
        self.open.remove(at);
        if let Ok(response) = result
            && response.status == 200
            && self.found.is_empty()
        {
            self.found = read(&response.body);
        }
        true
    }

    /// One good answer is enough.
    pub(super) fn is_done(&self) -> bool {
        self.open.is_empty() || !self.found.is_empty()
    }

    pub(super) fn cancel(&mut self, core: &mut Core) {
        core.out.extend(self.open.drain(..).map(Output::CancelRequest));
    }

    /// What was found, and where it was asked for.
    pub(super) fn finish(mut self, core: &mut Core) -> (Vec<Endpoint>, Vec<String>) {
        self.cancel(core);
        (self.found, self.asked)
    }
}

/// The addresses in a host-meta document of either form. Whoever answers there could be anybody between, were it not for TLS;
/// so only addresses under TLS count.
fn read(body: &str) -> Vec<Endpoint> {
    let links = if body.trim_start().starts_with('{') { json_links(body) } else { xrd_links(body) };
    let mut found: Vec<Endpoint> = Vec::new();
    for (rel, href) in links.into_iter().take(MAX_LINKS) {
        let transport = match rel.as_str() {
            ns::ALT_CONNECTIONS_WEBSOCKET => Transport::WebSocket,
            ns::ALT_CONNECTIONS_XBOSH => Transport::Bosh,
            _ => continue,
        };
        let endpoint = Endpoint { transport, url: href };
        if is_acceptable(&endpoint.url, transport) && !found.contains(&endpoint) {
            found.push(endpoint);
        }
    }
    found
}

fn json_links(body: &str) -> Vec<(String, String)> {
    let json = Json::parse(body);
    let links = json.as_ref().and_then(|json| json.member("links")).map(Json::list).unwrap_or_default();
    let text = |link: &Json, name: &str| link.member(name).and_then(Json::text).map(String::from);
    links.iter().filter_map(|link| Some((text(link, "rel")?, text(link, "href")?))).collect()
}

fn xrd_links(body: &str) -> Vec<(String, String)> {
    let Ok(xrd) = parse_with(body.trim_start_matches('\u{feff}'), &Limits::default()) else { return Vec::new() };
    let attr = |link: &xmpp::Element, name: &str| link.attr(name).map(String::from);
    xrd.children_named("Link", ns::XRD).filter_map(|link| Some((attr(link, "rel")?, attr(link, "href")?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_host_meta_are_read() {
        // XEP-0156 §4, examples 1 and 2.
        let xrd = "<?xml version='1.0' encoding='utf-8'?>\
            <XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\
            <Link rel='urn:xmpp:alt-connections:xbosh' href='https://web.example.com:5280/bosh'/>\
            <Link rel='urn:xmpp:alt-connections:websocket' href='wss://web.example.com:443/ws'/>\
            <Link rel='urn:xmpp:alt-connections:websocket' href='ws://web.example.com/ws'/>\
            <Link rel='lrdd' template='https://x.y/{uri}'/></XRD>";
        let json = r#"{"links":[{"rel":"urn:xmpp:alt-connections:xbosh","href":"https://web.example.com:5280/bosh"},
            {"rel":"urn:xmpp:alt-connections:websocket","href":"wss://web.example.com:443/ws"},
            {"rel":"urn:xmpp:alt-connections:websocket"},7]}"#;
        let found = read(xrd);
        assert_eq!(found, read(json));
        assert_eq!(found.len(), 2, "plain text to elsewhere is passed over");
        assert_eq!(found[1].url, "wss://web.example.com:443/ws");
        for nothing in ["", "{", "<html>", "<!DOCTYPE html><html></html>", "[]"] {
            assert!(read(nothing).is_empty());
        }
    }
}
