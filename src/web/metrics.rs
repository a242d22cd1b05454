//! `GET /metrics`: what the server counts and how much there is of everything, as OpenMetrics text, for neighbours.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::App;
use super::inside::Neighbour;
use crate::error::HttpError;
use crate::metrics::Figures;

/// Prometheus reads the older text under this name too, but needs it to read this one.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All numbers.
pub(super) async fn metrics(
    _: Neighbour,
    State(app): State<Arc<App>>,
) -> Result<Response, HttpError> {
    let text = app.metrics.text(figures(&app));
    let headers = [
        (header::CONTENT_TYPE, OPEN_METRICS),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let text = text.map_err(|_| HttpError::Broken)?;
    Ok((headers, text).into_response())
}

/// What is read rather than counted.
fn figures(app: &App) -> Figures {
    let mut figures = Figures::default();
    let of = &mut figures;
    of.level(
        "members",
        "People's connections in rooms",
        app.hub.members(),
    );
    of.level("rooms", "Open boards", app.hub.rooms());
    of.level("sockets", "Open sockets", app.sockets.len());
    of.level(
        "waiting_ops",
        "Ops on their way into the log, whose fate nobody knows yet",
        app.writer.waiting(),
    );
    of.level(
        "waiting_bytes",
        "Bytes of these ops",
        app.writer.waiting_bytes(),
    );
    of.level(
        "gathered_bytes",
        "Bytes that wait for the members' writers",
        app.hub.gathered(),
    );
    of.level(
        "draining",
        "Whether the server is about to stop",
        u64::from(app.stopping.is_cancelled()),
    );
    of.seconds(
        "head_poll_lag_seconds",
        "Since the store last said where the open boards' logs end",
        app.metrics.head_poll_lag().as_secs_f64(),
    );
    of.seconds(
        "uptime_seconds",
        "Since the server started",
        app.metrics.uptime().as_secs_f64(),
    );
    app.store.figures(of);
    app.hub.relay().figures(of);
    figures
}
