//! `/http-bind`: HTTP around BOSH (XEP-0124). Every answer carries the CORS headers, errors included, or a page could not read them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::origin::{self, Client};
use crate::session::{Hub, bosh};

/// How long a request's body may take to arrive.
const BODY: Duration = Duration::from_secs(30);

pub(super) async fn http_bind(State(hub): State<Arc<Hub>>, client: Client, request: Request) -> Response {
    let allowed = origin::is_allowed(request.headers(), &hub.config.http);
    let origin = origin::allow_origin(request.headers(), &hub.config.http);
    let mut response = if allowed {
        answer(&hub, client, request).await
    } else {
        (StatusCode::FORBIDDEN, "pages of this origin may not connect; see http.origins\n").into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

async fn answer(hub: &Arc<Hub>, client: Client, request: Request) -> Response {
    match *request.method() {
        Method::POST => {}
        Method::OPTIONS => {
            let headers = [
                (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, OPTIONS")),
                (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type")),
                (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200")),
                (header::ALLOW, HeaderValue::from_static("POST, OPTIONS")),
            ];
            return (StatusCode::NO_CONTENT, headers).into_response();
        }
        _ => {
            return (
                StatusCode::METHOD_NOT_ALLOWED,
                [(header::ALLOW, HeaderValue::from_static("POST, OPTIONS"))],
                "BOSH requests are POST (XEP-0124)\n",
            )
                .into_response();
        }
    }
    let body = Limited::new(request.into_body(), hub.config.limits.frame.0);
    let bytes = match tokio::time::timeout(BODY, body.collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => {
            return (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n").into_response();
        }
        Ok(Err(_)) => return StatusCode::BAD_REQUEST.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    // What is not UTF-8 is no XML of XMPP (RFC 6120 §11.6), and the reader says so.
    let text = String::from_utf8_lossy(&bytes);
    let answer =
        bosh::request(hub, client, if matches!(text, std::borrow::Cow::Borrowed(_)) { &text } else { "" }).await;
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    response
}
