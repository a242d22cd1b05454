//! `GET /ws/ID`: the socket of a board. Here is who gets in; what is said then is in [`talk`].
//!
//! Everything that can be refused is refused before the upgrade, by a status that a person with a terminal can read.

mod ends;
mod meter;
mod talk;
mod upgrade;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Request, Response, header};
use inkroom_board::{BoardId, PersonId};

use super::{App, origin, people};
use crate::error::HttpError;

use talk::Talk;
use upgrade::Upgrade;

/// Opens the socket of a board.
pub(super) async fn open(
    State(app): State<Arc<App>>,
    Path(board): Path<String>,
    mut request: Request<Body>,
) -> Result<Response<Body>, HttpError> {
    let upgrade = Upgrade::of(&mut request)?;
    let board: BoardId = board.parse().map_err(|_| HttpError::NoBoard)?;
    let guest = guest(&app, request.headers())?;
    if app.stopping.is_cancelled() {
        return Err(HttpError::Busy);
    }
    let (now_ms, relay) = (app.clock.now_ms(), app.hub.relay());
    let admitted = app.gates.handshake(guest.person, now_ms, relay).await;
    app.metrics.handshake(admitted.is_ok());
    admitted?;
    let place = Arc::clone(&app.places)
        .try_acquire_owned()
        .map_err(|_| HttpError::Busy)?;
    let lease = app.hub.open(board).await?;
    let mut response = upgrade.response();
    response
        .headers_mut()
        .extend(guest.cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    let talk = Talk {
        app: Arc::clone(&app),
        lease,
        board,
        person: guest.person,
        format: upgrade.format,
    };
    app.sockets.spawn(async move {
        if let Some(socket) = upgrade.socket().await {
            talk.serve(socket).await;
        }
        drop(place);
    });
    Ok(response)
}

/// Who opens it.
struct Guest {
    person: PersonId,
    /// For a browser that has no pass yet.
    cookie: Option<HeaderValue>,
}

/// Pages of this server bring a cookie; programs, which send no origin, a token. A program is never believed a cookie,
/// nor a page a token: so no foreign page can use what a browser holds.
fn guest(app: &App, headers: &HeaderMap) -> Result<Guest, HttpError> {
    if headers.contains_key(header::ORIGIN) {
        if !origin::is_allowed(headers, &app.config.origins) {
            return Err(HttpError::Forbidden);
        }
        let visitor = people::visitor(app, headers);
        return Ok(Guest {
            person: visitor.person,
            cookie: visitor.pass,
        });
    }
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let known = token.and_then(|token| app.keys.check(token.trim(), app.clock.now_ms()));
    known
        .map(|known| Guest {
            person: known.person,
            cookie: None,
        })
        .ok_or(HttpError::Unauthorized)
}
