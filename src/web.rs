//! Everything a browser or a bot asks for, by HTTP: the pages, the drawings, the socket, the health.
//!
//! Here are the routes and what all of them share. Not here: rooms ([`crate::hub`]), what pages say
//! ([`inkroom_app::page`]).

pub mod assets;
mod export;
pub(crate) mod gates;
pub mod headers;
mod health;
mod inside;
pub(crate) mod listen;
pub(crate) mod metrics;
mod origin;
mod pages;
pub(crate) mod people;
mod socket;
mod statusz;
mod trace;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use inkroom_board::Mode;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Keys;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::HttpError;
use crate::hub::{Hub, Views};
use crate::metrics::Metrics;
use crate::store::{Store, Writer};

use assets::Assets;
use gates::Gates;

/// The largest form has a title in it.
const FORM_BYTES: usize = 8 * 1024;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) writer: Writer,
    pub(crate) hub: Hub,
    pub(crate) views: Views,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) keys: Keys,
    pub(crate) assets: Assets,
    pub(crate) gates: Gates,
    /// One for each socket that may be open.
    pub(crate) places: Arc<Semaphore>,
    /// The tasks of open sockets.
    pub(crate) sockets: TaskTracker,
    /// Set when the server is to stop: it says so, and takes no new sockets.
    pub(crate) stopping: CancellationToken,
}

impl App {
    /// Waits until rooms are saying goodbye.
    pub(crate) async fn hub_drains(&self) {
        self.hub.draining().cancelled().await;
    }
}

/// All routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/boards", post(pages::create))
        .route("/join", get(pages::join))
        .route("/b/{board}", get(pages::board))
        .route("/b/{board}/snapshot/{place}", get(export::snapshot))
        .route("/b/{board}/{file}", get(export::picture_at))
        .route("/ws/{board}", get(socket::open))
        .route("/api/guests", post(people::enrol))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/health", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .route("/statusz", get(statusz::statusz))
        .merge(app.assets.clone().router())
        .fallback(async || HttpError::NoPage)
        .method_not_allowed_fallback(async || HttpError::Method)
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            headers::dress,
        ))
        .layer(middleware::from_fn(trace::request))
        .with_state(app)
}

/// The mode that a form names.
fn mode(name: &str) -> Option<Mode> {
    [Mode::Everyone, Mode::Presenters]
        .into_iter()
        .find(|mode| inkroom_app::handle::mode_name(*mode) == name)
}
