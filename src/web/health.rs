//! How the server is, for balancers and for the curious.
//!
//! A store that is away makes no server unready: all of them would vanish from the balancer together, while live ink
//! still flows and ops wait in the clients.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::App;
use crate::error::HttpError;

/// Whether the process answers at all.
pub(super) async fn live() -> &'static str {
    "alive\n"
}

/// Whether new people should be sent here.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, HttpError> {
    if app.stopping.is_cancelled() {
        Err(HttpError::Busy)
    } else {
        Ok("ready\n")
    }
}

/// Everything, as JSON.
pub(super) async fn health(State(app): State<Arc<App>>) -> Response {
    let store = app.store.health().await;
    let is_well = store.boards.is_some() && store.fault.is_none();
    let status = match (app.stopping.is_cancelled(), is_well) {
        (true, _) => "stopping",
        (false, true) => "ok",
        (false, false) => "degraded",
    };
    let health = json!({
        "status": status,
        "version": env!("CARGO_PKG_VERSION"),
        "boards": { "open": app.hub.rooms(), "stored": store.boards },
        "members": app.hub.members(),
        "store": { "kind": store.kind, "ok": is_well },
    });
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, format!("{health}\n")).into_response()
}
