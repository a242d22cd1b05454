//! A board as files: its snapshot for clients, its picture for everybody.
//!
//! A position's files never change, so their addresses may be cached for ever, by browsers and by whatever stands in
//! front of the server: ten thousand joiners are ten thousand cache hits (D10). `/b/ID.svg` is the picture of now.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use inkroom_board::{BoardId, Position, Seq};

use super::App;
use super::headers::PICTURE_POLICY;
use crate::error::HttpError;

/// A position is never used for another content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Ask every time, and be answered 304 while nothing changed.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");
const BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// `/b/ID/snapshot/EPOCH-SEQ`.
pub(super) async fn snapshot(
    State(app): State<Arc<App>>,
    Path((board, place)): Path<(String, String)>,
) -> Result<Response, HttpError> {
    let (epoch, seq) = place_of(&place)?;
    let view = app.views.at(board_of(&board)?, epoch, seq).await?;
    Ok(file(
        app.views.snapshot(&view).await?,
        BINARY,
        FOR_EVER,
        view.position(),
    ))
}

/// `/b/ID/EPOCH-SEQ.svg`.
pub(super) async fn picture_at(
    State(app): State<Arc<App>>,
    Path((board, file_name)): Path<(String, String)>,
) -> Result<Response, HttpError> {
    let (epoch, seq) = place_of(file_name.strip_suffix(".svg").ok_or(HttpError::NoPage)?)?;
    let view = app.views.at(board_of(&board)?, epoch, seq).await?;
    Ok(picture(file(
        app.views.file(&view).await?,
        SVG,
        FOR_EVER,
        view.position(),
    )))
}

/// `/b/ID.svg`, which is part of the route of a board's page.
pub(super) async fn picture_now(
    app: &App,
    board: BoardId,
    asked: &HeaderMap,
) -> Result<Response, HttpError> {
    let head = app
        .store
        .heads(&[board])
        .await?
        .first()
        .map(|(_, head)| *head)
        .ok_or(HttpError::NoBoard)?;
    if is_known(asked, head) {
        let headers = [
            (header::CACHE_CONTROL, ASK_AGAIN),
            (header::ETAG, etag(head)),
        ];
        return Ok(picture((StatusCode::NOT_MODIFIED, headers).into_response()));
    }
    let view = app.views.now(board).await?;
    Ok(picture(file(
        app.views.file(&view).await?,
        SVG,
        ASK_AGAIN,
        view.position(),
    )))
}

fn board_of(text: &str) -> Result<BoardId, HttpError> {
    text.parse().map_err(|_| HttpError::NoBoard)
}

/// Reads `EPOCH-SEQ`, in exactly the form that addresses are written in.
fn place_of(text: &str) -> Result<(u64, Seq), HttpError> {
    let number = |digits: &str| {
        let number: u64 = digits.parse().ok()?;
        (number.to_string() == digits).then_some(number)
    };
    let read = text
        .split_once('-')
        .and_then(|(epoch, seq)| Some((number(epoch)?, number(seq)?)));
    read.filter(|(epoch, seq)| *epoch <= MOST && *seq <= MOST)
        .ok_or(HttpError::NoPage)
}

/// The most that a store counts to.
const MOST: u64 = i64::MAX as u64;

fn etag(at: Position) -> HeaderValue {
    HeaderValue::try_from(format!("\"{}-{}\"", at.epoch, at.seq))
        .unwrap_or(HeaderValue::from_static("\"\""))
}

fn is_known(asked: &HeaderMap, head: Position) -> bool {
    let known = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut known = known
        .flat_map(|list| list.split(','))
        .map(|known| known.trim().trim_start_matches("W/"));
    known.any(|known| etag(head) == known)
}

fn file(body: Bytes, kind: HeaderValue, cache: HeaderValue, at: Position) -> Response {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, cache),
            (header::ETAG, etag(at)),
        ],
        body,
    )
        .into_response()
}

fn picture(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, PICTURE_POLICY);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_spelling() {
        assert_eq!(place_of("1-0"), Ok((1, 0)));
        assert_eq!(place_of("12-3400"), Ok((12, 3400)));
        for bad in [
            "",
            "-",
            "1-",
            "-1",
            "01-2",
            "1-+2",
            "1-2-3",
            "1-2 ",
            "9223372036854775808-1",
            "99999999999999999999-1",
        ] {
            assert_eq!(place_of(bad), Err(HttpError::NoPage), "{bad}");
        }
    }
}
