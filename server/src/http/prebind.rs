//! `/prebind`: a visitor token in, the address of a session that is signed in out.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use xmpp::jid::BareJid;

use super::origin::{self, Client};
use crate::auth::token::{self, Visitor};
use crate::session::Hub;
use crate::session::prebind::{self, PrebindError};

pub(super) async fn prebind(State(hub): State<Arc<Hub>>, client: Client, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let origin = origin::allow_origin(&parts.headers, &hub.config.http);
    let allowed = origin::is_allowed(&parts.headers, &hub.config.http);
    let mut response = match parts.method {
        _ if !allowed => {
            error(StatusCode::FORBIDDEN, "origin", "pages of this origin may not connect; see http.origins")
        }
        Method::GET | Method::POST => match answer(&hub, client, &parts.headers).await {
            Ok(response) | Err(response) => response,
        },
        Method::OPTIONS => {
            let headers = [
                (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS")),
                (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type")),
                (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200")),
            ];
            (StatusCode::NO_CONTENT, headers).into_response()
        }
        _ => {
            let mut response = error(StatusCode::METHOD_NOT_ALLOWED, "method", "use GET or POST");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST, OPTIONS"));
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("origin, authorization"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

async fn answer(hub: &Arc<Hub>, client: Client, headers: &HeaderMap) -> Result<Response, Response> {
    let Some(secret) = &hub.config.prebind.secret else {
        return Err(error(StatusCode::FORBIDDEN, "disabled", "prebind is off: prebind.secret is not set"));
    };
    let token = bearer(headers)
        .ok_or_else(|| unauthorized("missing-token", "the request has no Authorization header with a Bearer token"))?;
    // A clock before 1970 makes every token expire in the future, which `max_age` refuses.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let max_age = hub.config.prebind.max_token_age.millis() / 1000;
    let visitor = token::verify(token, secret.expose(), now, max_age).map_err(|reason| {
        tracing::info!(%reason, network = %client.network, "visitor token refused");
        unauthorized("invalid-token", &reason.to_string())
    })?;
    let account = account(&visitor, &hub.config.top.domain.0)
        .ok_or_else(|| error(StatusCode::FORBIDDEN, "subject", "the token's sub is not an account of this domain"))?;
    // A name is for display: bounded, and without control characters.
    let name = visitor.name.map(|name| name.chars().filter(|c| !c.is_control()).take(200).collect());
    match prebind::start(hub, client, account, name).await {
        Ok(bound) => {
            // The rid is text: it fits a JavaScript number, but not every JSON reader's integer.
            let body = serde_json::json!({ "jid": bound.jid.as_str(), "sid": bound.sid, "rid": bound.rid.to_string() });
            Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body.to_string())
                .into_response())
        }
        Err(reason @ PrebindError::NoAccount) => Err(error(StatusCode::FORBIDDEN, "no-account", &reason.to_string())),
        Err(PrebindError::TooMany(wait)) => {
            let mut response =
                error(StatusCode::TOO_MANY_REQUESTS, "too-many", &PrebindError::TooMany(wait).to_string());
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
            Err(response)
        }
        Err(reason @ PrebindError::Unavailable) => {
            Err(error(StatusCode::SERVICE_UNAVAILABLE, "unavailable", &reason.to_string()))
        }
    }
}

/// RFC 6750 §2.1.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// The account of a token: its `sub` is a local part, or a bare JID of this domain.
fn account(visitor: &Visitor, domain: &str) -> Option<BareJid> {
    let account = if visitor.subject.contains('@') {
        BareJid::new(&visitor.subject).ok()?
    } else {
        BareJid::from_parts(Some(&visitor.subject), domain).ok()?
    };
    (account.domain() == domain && account.local().is_some()).then_some(account)
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "error": code, "message": message });
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body.to_string()).into_response()
}

/// RFC 6750 §3: the scheme that is expected.
fn unauthorized(code: &str, message: &str) -> Response {
    let mut response = error(StatusCode::UNAUTHORIZED, code, message);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects() {
        let of = |subject: &str| {
            account(&Visitor { subject: subject.into(), name: None }, "chat.example").map(|jid| jid.as_str().to_owned())
        };
        assert_eq!(of("Alice").as_deref(), Some("alice@chat.example"));
        assert_eq!(of("alice@chat.example").as_deref(), Some("alice@chat.example"));
        for subject in
            ["alice@other.example", "alice@chat.example/phone", "chat.example@", "@chat.example", "a b", "a/b", ""]
        {
            assert_eq!(of(subject), None, "{subject}");
        }
    }
}
