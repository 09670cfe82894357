//! XEP-0156: where the connection addresses of this domain are, as XRD and as JSON.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use xmpp::Element;

use super::origin::Client;
use crate::config::Http;

const XRD: &str = "http://docs.oasis-open.org/ns/xri/xrd-1.0";
const WEBSOCKET: &str = "urn:xmpp:alt-connections:websocket";
const BOSH: &str = "urn:xmpp:alt-connections:xbosh";

/// `/.well-known/host-meta`
pub(super) fn xrd(headers: &HeaderMap, client: Client, config: &Http) -> Response {
    let Some(links) = links(headers, client, config) else { return no_host() };
    let xrd = links.into_iter().fold(Element::new("XRD", XRD), |xrd, (rel, href)| {
        xrd.with_child(Element::new("Link", XRD).with_attr("rel", rel).with_attr("href", href))
    });
    answer("application/xrd+xml; charset=utf-8", format!("<?xml version='1.0' encoding='utf-8'?>\n{}\n", xrd.to_xml()))
}

/// `/.well-known/host-meta.json`
pub(super) fn json(headers: &HeaderMap, client: Client, config: &Http) -> Response {
    let Some(links) = links(headers, client, config) else { return no_host() };
    let links: Vec<_> = links.into_iter().map(|(rel, href)| serde_json::json!({ "rel": rel, "href": href })).collect();
    answer("application/json", serde_json::json!({ "links": links }).to_string())
}

/// The two addresses, WebSocket first. `None`: neither the configuration nor the request says which host this is.
fn links(headers: &HeaderMap, client: Client, config: &Http) -> Option<[(&'static str, String); 2]> {
    let base = match &config.public_url {
        Some(url) if url.0 != "*" => url.0.clone(),
        _ => {
            let host = headers.get(header::HOST)?.to_str().ok()?;
            // It goes into a document that others may cache; only what a host can be.
            let plausible =
                !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
            // On plain loopback there is no TLS although nothing can be overheard.
            let tls = client.secure && headers.get("x-forwarded-proto").is_some();
            plausible.then(|| format!("{}://{host}", if tls { "https" } else { "http" }))?
        }
    };
    // http becomes ws, https becomes wss.
    let websocket = base.replacen("http", "ws", 1);
    Some([(WEBSOCKET, format!("{websocket}/xmpp-websocket")), (BOSH, format!("{base}/http-bind"))])
}

fn answer(content_type: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        // XEP-0156 §3: web clients of other sites must be able to read it.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
        (header::VARY, HeaderValue::from_static("host, x-forwarded-proto")),
    ];
    (headers, body).into_response()
}

fn no_host() -> Response {
    (StatusCode::BAD_REQUEST, "the request has no usable Host header; set http.public_url\n").into_response()
}
