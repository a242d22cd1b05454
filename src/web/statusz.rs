//! `GET /statusz`: the whole truth about this server, as JSON, for neighbours. Boards are named by tags only.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use inkroom_board::BoardId;
use serde_json::{Map, Value as Any, json};

use super::App;
use super::health::{Health, as_json};
use super::inside::Neighbour;
use crate::metrics::{Figures, Value};
use crate::relay::{RelayHealth, RoomState};
use crate::store::writer::WriterState;
use crate::telemetry::Tag;

/// Most rooms that are listed: those with the most members.
const ROOMS: usize = 200;

/// Everything.
pub(super) async fn statusz(_: Neighbour, State(app): State<Arc<App>>) -> Response {
    let health = Health::of(&app).await;
    let status = json!({
        "status": health.status(&app),
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": app.metrics.uptime().as_secs(),
        "stopping": app.stopping.is_cancelled(),
        "draining": app.hub.draining().is_cancelled(),
        "sockets": app.sockets.len(),
        "members": app.hub.members(),
        "boards": { "open": app.hub.rooms(), "stored": health.store.boards },
        "store": {
            "kind": health.store.kind,
            "fault": health.store.fault,
            "figures": told(|figures| app.store.figures(figures)),
        },
        "writer": writer(&app),
        "relay": relay(&app).await,
        "head_poll_lag_seconds": app.metrics.head_poll_lag().as_secs_f64(),
        "rooms": rooms(&app).await,
    });
    as_json(&status)
}

async fn relay(app: &App) -> Any {
    let relay = app.hub.relay();
    let fault = match &*relay.health().borrow() {
        RelayHealth::Healthy => None,
        RelayHealth::Degraded { why } => Some(why.clone()),
    };
    json!({
        "node": relay.node().map(|node| node.to_string()),
        "fault": fault,
        "figures": told(|figures| relay.figures(figures)),
        "servers": relay.servers().await,
    })
}

fn writer(app: &App) -> Any {
    let state = app.writer.state().borrow().clone();
    let error = match state {
        WriterState::Working => None,
        WriterState::Degraded { error } => Some(error),
    };
    json!({
        "ended": app.writer.has_ended(),
        "error": error,
        "waiting_ops": app.writer.waiting(),
        "waiting_bytes": app.writer.waiting_bytes(),
    })
}

/// Each with what servers last said of its board, where there are several.
async fn rooms(app: &App) -> Vec<Any> {
    let mut rooms = app.hub.census();
    rooms.sort_unstable_by_key(|(_, members)| std::cmp::Reverse(*members));
    rooms.truncate(ROOMS);
    let boards: Vec<_> = rooms.iter().map(|(board, _)| *board).collect();
    let said = app.hub.relay().recall(&boards).await;
    let room = |(board, members): &(BoardId, usize)| {
        json!({
            "board": Tag(*board).to_string(),
            "members": members,
            "said": said.get(board).map(state),
        })
    };
    rooms.iter().map(room).collect()
}

fn state(state: &RoomState) -> Any {
    json!({
        "epoch": state.head.epoch,
        "head_seq": state.head.seq,
        "chain": state.head.chain.to_string(),
        "snap_seq": state.snap_seq,
        "role_version": state.role_version,
    })
}

/// What somebody tells of itself.
fn told(tell: impl FnOnce(&mut Figures)) -> Map<String, Any> {
    let mut figures = Figures::default();
    tell(&mut figures);
    let number = |value| match value {
        Value::Count(n) | Value::Level(n) => json!(n),
        Value::Spent(seconds) | Value::Seconds(seconds) => json!(seconds),
    };
    figures
        .iter()
        .map(|(name, value)| (name.to_owned(), number(value)))
        .collect()
}
