//! The HTTP side: routes, and what each of them answers. The sessions behind them are in [`crate::session`].

mod assets;
mod bosh;
mod encoding;
mod host_meta;
mod listener;
pub(crate) mod origin;
mod prebind;
mod websocket;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};

use crate::config::Config;
use crate::session::Hub;
use assets::Assets;
pub use listener::{Server, ServerError};
use origin::Client;
pub use origin::Peer;

/// The policy of the pages that this server serves. No inline script or style, nothing from elsewhere; WebAssembly may be compiled.
/// `'self'` in connect-src covers `ws:` and `wss:` to the same host and port (CSP3 §6.7.2.8), so that no scheme is opened to the world.
/// Avatars come out of stanzas as `data:` or `blob:`.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'";

/// All routes.
///
/// # Errors
/// When a directory of the configuration cannot be read.
pub fn app(hub: Arc<Hub>) -> std::io::Result<Router> {
    let config = &hub.config;
    let body_limit = config.limits.frame.0;
    let mut router = Router::new()
        .route("/xmpp-websocket", get(websocket::upgrade))
        .route("/http-bind", any(bosh::http_bind))
        .route("/http-bind/", any(bosh::http_bind))
        .route("/prebind", any(prebind::prebind))
        .route("/.well-known/host-meta", get(xrd))
        .route("/.well-known/host-meta.json", get(json))
        .route("/healthz", get(health))
        .layer(DefaultBodyLimit::max(body_limit));
    let policy = policy(config);
    if let Some(dir) = &config.http.element_dir {
        let files = Assets::new(dir, policy.clone(), true)?;
        router = router.nest_service("/element", files_router(files));
    }
    if let Some(dir) = &config.http.site_dir {
        let files = Assets::new(dir, policy, false)?;
        router = router.fallback_service(files_router(files));
    }
    Ok(router.with_state(hub))
}

fn files_router(files: Arc<Assets>) -> Router {
    Router::new().fallback(serve_file).layer(Extension(files))
}

async fn serve_file(Extension(files): Extension<Arc<Assets>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    files.serve(parts.method, parts.uri.path().to_owned(), parts.headers).await
}

/// The configured policy, or the strict one with the public address added where pages and server differ.
fn policy(config: &Config) -> Option<HeaderValue> {
    let text = match (&config.http.content_security_policy, &config.http.public_url) {
        (Some(own), _) => own.clone(),
        (None, Some(url)) if url.0 != "*" => POLICY.replace(
            "connect-src 'self'",
            &format!("connect-src 'self' {} {}", url.0, url.0.replacen("http", "ws", 1)),
        ),
        _ => POLICY.to_owned(),
    };
    HeaderValue::from_str(&text).ok()
}

async fn xrd(State(hub): State<Arc<Hub>>, client: Client, headers: HeaderMap) -> Response {
    host_meta::xrd(&headers, client, &hub.config.http)
}

async fn json(State(hub): State<Arc<Hub>>, client: Client, headers: HeaderMap) -> Response {
    host_meta::json(&headers, client, &hub.config.http)
}

/// Whether the database answers.
async fn health(State(hub): State<Arc<Hub>>) -> Response {
    let alive = hub.storage.read_async(|connection| Ok(connection.query_row("SELECT 1", [], |_| Ok(()))?)).await;
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    match alive {
        Ok(()) => (no_store, "ok\n").into_response(),
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, no_store, "the database does not answer\n").into_response()
        }
    }
}

impl FromRequestParts<Arc<Hub>> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, hub: &Arc<Hub>) -> Result<Self, Self::Rejection> {
        // Without a listener (in tests) a request comes from nowhere, which is not secure.
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Ok(Self::of(peer, &parts.headers, &hub.config.http))
    }
}
