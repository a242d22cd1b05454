//! The pages: gathers what they show and hands it to [`inkroom_app::page`]. All of them work without scripts.

use std::sync::Arc;

use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use futures_util::future::join_all;
use inkroom_app::handle::Start;
use inkroom_app::page::{self, Assets, BoardView, Card, Drawing, HomeView};
use inkroom_board::ledger::Genesis;
use inkroom_board::op::check_text;
use inkroom_board::{Access, BoardId, Mode, limits};
use serde::Deserialize;

use super::people::{self, Visitor};
use super::{App, export, mode, origin};
use crate::error::HttpError;
use crate::hub::View;
use crate::random;
use crate::store::BoardCard;

/// The drawing is part of the page up to so many bytes: above, a picture that can be cached is quicker.
const INLINE_BYTES: usize = 256 * 1024;
/// From this size in memory on, a board's drawing is surely not part of its page, so it is not even made for it.
const INLINE_COST: usize = 1024 * 1024;

/// `GET /`.
pub(super) async fn home(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let visitor = people::visitor(&app, &headers);
    home_page(&app, visitor, None).await
}

async fn home_page(
    app: &App,
    mut visitor: Visitor,
    problem: Option<String>,
) -> Result<Response, HttpError> {
    let cards = if visitor.boards.is_empty() {
        Vec::new()
    } else {
        app.store.boards(&visitor.boards).await?
    };
    let ids = cards.iter().map(|card| card.id);
    let here = join_all(ids.map(|board| app.hub.here(board))).await;
    let cards = cards
        .into_iter()
        .zip(here)
        .map(|(card, here)| known_board(app, card, here))
        .collect();
    let html = page::home(&HomeView {
        assets: assets(app),
        theme: visitor.theme,
        cards,
        problem,
    });
    let mut response = fresh(html);
    visitor.greet(response.headers_mut());
    Ok(response)
}

fn known_board(app: &App, card: BoardCard, here: usize) -> Card {
    Card {
        id: card.id,
        title: card.title,
        seq: card.head.seq,
        touched_secs_ago: app.clock.now_ms().saturating_sub(card.touched_ms) / 1_000,
        here: u32::try_from(here).unwrap_or(u32::MAX),
    }
}

/// What the form for a new board says.
#[derive(Debug, Deserialize)]
pub(super) struct NewBoard {
    #[serde(default)]
    title: String,
    mode: Option<String>,
}

/// `POST /boards`.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    form: Result<Form<NewBoard>, axum::extract::rejection::FormRejection>,
) -> Result<Response, HttpError> {
    if !origin::is_own_form(&headers, &app.config.origins) {
        return Err(HttpError::Forbidden);
    }
    let Form(form) = form.map_err(|_| HttpError::BadForm)?;
    let title = form.title.trim();
    check_text(title, limits::TITLE_CHARS).map_err(|_| HttpError::BadForm)?;
    let mode = form
        .mode
        .map_or(Some(Mode::Everyone), |name| mode(&name))
        .ok_or(HttpError::BadForm)?;
    let mut visitor = people::visitor(&app, &headers);
    let now_ms = app.clock.now_ms();
    let gates = &app.gates;
    gates
        .new_board(visitor.person, now_ms, app.hub.relay())
        .await?;
    let board = random::board();
    let access = Access::new(visitor.person, mode);
    app.store
        .create(
            &Genesis {
                board,
                title: title.into(),
                access,
            },
            now_ms,
        )
        .await?;
    let mut response = see_other(board);
    visitor.greet(response.headers_mut());
    visitor.remember(board, response.headers_mut());
    Ok(response)
}

/// What was pasted.
#[derive(Debug, Deserialize)]
pub(super) struct Join {
    link: String,
}

/// `GET /join?link=…`: a whole link, or the code in it.
pub(super) async fn join(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Result<Query<Join>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, HttpError> {
    let Query(Join { link }) = query.map_err(|_| HttpError::BadLink)?;
    let problem = match board_in(&link) {
        None => {
            "That is no link to a board. Copy the whole address from the other browser, and try again."
        }
        Some(board) if app.store.heads(&[board]).await?.is_empty() => {
            "There is no such board here. The link may be incomplete, or of another server."
        }
        Some(board) => return Ok(see_other(board)),
    };
    let visitor = people::visitor(&app, &headers);
    let mut response = home_page(&app, visitor, Some(problem.into())).await?;
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}

/// The board that a link or a code names. Codes are read out and typed, so their letters may be large.
fn board_in(link: &str) -> Option<BoardId> {
    let path = link.trim().split(['?', '#']).next()?;
    let last = path.trim_end_matches('/').rsplit('/').next()?;
    last.trim_end_matches(".svg")
        .to_ascii_lowercase()
        .parse()
        .ok()
}

/// `GET /b/ID`, and `GET /b/ID.svg`.
pub(super) async fn board(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    if let Some(id) = name.strip_suffix(".svg") {
        return export::picture_now(&app, id.parse().map_err(|_| HttpError::NoBoard)?, &headers)
            .await;
    }
    let id: BoardId = name.parse().map_err(|_| HttpError::NoBoard)?;
    let mut visitor = people::visitor(&app, &headers);
    let view = app.views.now(id).await?;
    let host = origin::host(&headers).ok_or(HttpError::BadRequest)?;
    let start = start(&app, &visitor, id, &view).await?;
    let drawing = drawing(&app, id, &view).await?;
    let link = visitor.address(host, id);
    let mut response = fresh(page::board(&BoardView {
        assets: assets(&app),
        start,
        link,
        drawing,
    }));
    visitor.greet(response.headers_mut());
    visitor.remember(id, response.headers_mut());
    Ok(response)
}

async fn start(
    app: &App,
    visitor: &Visitor,
    board: BoardId,
    view: &View,
) -> Result<Start, HttpError> {
    let (document, position) = (view.document(), view.position());
    Ok(Start {
        board,
        epoch: position.epoch,
        seq: position.seq,
        title: document.title().into(),
        mode: document.access().mode,
        role: document.access().role(visitor.person),
        me: people::look_up(app, visitor.person).await?,
        theme: visitor.theme,
    })
}

async fn drawing(app: &App, board: BoardId, view: &Arc<View>) -> Result<Drawing, HttpError> {
    if view.document().is_empty() {
        return Ok(Drawing::Empty);
    }
    if view.document().cost() <= INLINE_COST {
        let svg = app.views.inline(view).await?;
        if svg.len() <= INLINE_BYTES {
            return Ok(Drawing::Inline(svg.as_ref().into()));
        }
    }
    let at = view.position();
    Ok(Drawing::Picture(format!(
        "/b/{board}/{}-{}.svg",
        at.epoch, at.seq
    )))
}

/// The addresses of what pages fetch.
pub(super) fn assets(app: &App) -> Assets {
    Assets {
        boot: app.assets.path("boot.js"),
        js: app.assets.path("inkroom.js"),
        wasm: app.assets.path("inkroom_bg.wasm"),
        css: app.assets.path("inkroom.css"),
        icon: app.assets.path("icon.svg"),
    }
}

/// A page that is of this moment and this person.
fn fresh(html: String) -> Response {
    (
        [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        Html(html),
    )
        .into_response()
}

fn see_other(board: BoardId) -> Response {
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, format!("/b/{board}"))],
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_is_found_in_whatever_people_paste() {
        let id = BoardId([0xa7; 16]);
        let forms = [
            format!("{id}"),
            format!("  {id}\n"),
            format!("https://ink.example/b/{id}"),
            format!("http://ink.example:3000/b/{id}/?probe#x"),
            format!("/b/{id}.svg"),
            id.to_string().to_uppercase(),
        ];
        for form in forms {
            assert_eq!(board_in(&form), Some(id), "{form}");
        }
        for nonsense in [
            "",
            "/",
            "https://ink.example/",
            "https://ink.example/b/short",
            "../../etc/passwd",
            "\u{0}",
        ] {
            assert_eq!(board_in(nonsense), None, "{nonsense:?}");
        }
    }
}
