//! How the server is, for balancers and for the curious.
//!
//! A store that is away makes no server unready: all of them would vanish from the balancer together, while live ink
//! still flows and ops wait in the clients. A writer that broke is another matter: this process saves nothing any more,
//! and another one would.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::App;
use crate::error::HttpError;
use crate::store::writer::WriterState;

/// Whether the process answers at all.
pub(super) async fn live() -> &'static str {
    "alive\n"
}

/// Whether new people should be sent here.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, HttpError> {
    if app.stopping.is_cancelled() || app.writer.has_ended() {
        Err(HttpError::Busy)
    } else {
        Ok("ready\n")
    }
}

/// Everything, as JSON.
pub(super) async fn health(State(app): State<Arc<App>>) -> Response {
    let store = app.store.health().await;
    let saves = *app.writer.state().borrow() == WriterState::Working && !app.writer.has_ended();
    let is_well = store.boards.is_some() && store.fault.is_none() && saves;
    let status = match (app.stopping.is_cancelled(), is_well) {
        _ if app.writer.has_ended() => "failed",
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
