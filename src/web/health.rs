//! How the server is, for balancers and for the curious.
//!
//! A store that is away makes no server unready: all of them would vanish from the balancer together, while live ink
//! still flows and ops wait in the clients. A writer that broke is another matter: this process saves nothing any more,
//! and another one would. Not here: what only neighbours may know ([`super::statusz`], [`super::metrics`]).

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::App;
use crate::error::HttpError;
use crate::store::StoreHealth;
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

/// What anybody may know, as JSON.
pub(super) async fn health(State(app): State<Arc<App>>) -> Response {
    let health = Health::of(&app).await;
    let told = json!({
        "status": health.status(&app),
        "version": env!("CARGO_PKG_VERSION"),
        "boards": { "open": app.hub.rooms(), "stored": health.store.boards },
        "members": app.hub.members(),
        "store": { "kind": health.store.kind, "ok": health.saves },
    });
    as_json(&told)
}

/// As an answer that is true for this moment only.
pub(super) fn as_json(told: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, format!("{told}\n")).into_response()
}

/// How reading and saving go.
pub(super) struct Health {
    pub(super) store: StoreHealth,
    saves: bool,
}

impl Health {
    pub(super) async fn of(app: &App) -> Self {
        let store = app.store.health().await;
        let works = *app.writer.state().borrow() == WriterState::Working;
        let saves =
            works && !app.writer.has_ended() && store.boards.is_some() && store.fault.is_none();
        Self { store, saves }
    }

    /// In one word.
    pub(super) fn status(&self, app: &App) -> &'static str {
        match (app.stopping.is_cancelled(), self.saves) {
            _ if app.writer.has_ended() => "failed",
            (true, _) => "stopping",
            (false, true) => "ok",
            (false, false) => "degraded",
        }
    }
}
