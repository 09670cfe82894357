//! `/xmpp-websocket`: the handshake of RFC 7395 §3.1.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tracing::Instrument as _;
use xmpp_stream::transport::websocket::SUBPROTOCOL;

use super::origin::{self, Client};
use crate::session::{Hub, websocket};

pub(super) async fn upgrade(
    State(hub): State<Arc<Hub>>,
    client: Client,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if !origin::is_allowed(&headers, &hub.config.http) {
        return (StatusCode::FORBIDDEN, "pages of this origin may not connect; see http.origins\n").into_response();
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let limit = hub.config.limits.frame.0;
    let upgrade = upgrade.protocols([SUBPROTOCOL]).max_message_size(limit).max_frame_size(limit);
    if upgrade.selected_protocol().is_none() {
        return (StatusCode::BAD_REQUEST, "the WebSocket must ask for the subprotocol xmpp (RFC 7395)\n")
            .into_response();
    }
    let Some(permit) = hub.admit(client.network) else {
        tracing::warn!(network = %client.network, "too many sessions");
        let retry = [(header::RETRY_AFTER, HeaderValue::from_static("10"))];
        return (StatusCode::SERVICE_UNAVAILABLE, retry, "too many sessions\n").into_response();
    };
    upgrade.on_failed_upgrade(|error| tracing::debug!(%error, "websocket upgrade failed")).on_upgrade(move |socket| {
        let span = tracing::info_span!("websocket", network = %client.network);
        websocket::run(socket, hub, client, permit).instrument(span)
    })
}
