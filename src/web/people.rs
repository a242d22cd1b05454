//! People as browsers bring them: a cookie with their pass, one with the boards they were on, one with their theme.
//!
//! Nobody is asked for anything: whoever comes without a pass gets one, with a name and a colour ([`names`]). A person
//! gets a row in the store when they join a board, not before, so crawlers cost nothing. Not here: how passes are
//! signed ([`crate::access`]).
//!
//! Why boards are in a cookie and not in the store: which boards somebody opened is their browser's business. The ids open
//! those boards, so scripts cannot read it.

pub(crate) mod names;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use inkroom_app::handle::Theme;
use inkroom_board::wire::Profile;
use inkroom_board::{BoardId, PersonId};

use super::App;
use crate::access::PASS_MS;
use crate::error::HttpError;
use crate::random;
use crate::store::StoreError;

/// The cookie of the pass.
const GUEST: &str = "guest";
/// The cookie of the boards that this browser knows.
const BOARDS: &str = "boards";
/// The cookie of the theme, which the page's own script writes.
const THEME: &str = "theme";
/// Most boards that a browser knows, the latest first: a screenful or two, and well within a cookie.
const KNOWN_BOARDS: usize = 30;
/// What separates them.
const BETWEEN: char = '.';

/// Somebody with a browser.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) person: PersonId,
    /// The boards that this browser knows, the latest first.
    pub(crate) boards: Vec<BoardId>,
    pub(crate) theme: Theme,
    /// A new pass to give along with the answer, if it is needed.
    pub(crate) pass: Option<HeaderValue>,
    is_https: bool,
}

/// Who sends a request with these headers.
pub(crate) fn visitor(app: &App, headers: &HeaderMap) -> Visitor {
    let now_ms = app.clock.now_ms();
    let is_https = is_https(app, headers);
    let known = cookie(headers, GUEST).and_then(|pass| app.keys.check(pass, now_ms));
    let person = known.map_or_else(random::person, |known| known.person);
    let is_fresh = known.is_some_and(|known| !known.renew);
    Visitor {
        person,
        boards: cookie(headers, BOARDS).map(boards).unwrap_or_default(),
        theme: Theme::named(cookie(headers, THEME).unwrap_or_default()),
        pass: if is_fresh {
            None
        } else {
            set_cookie(GUEST, &app.keys.pass(person, now_ms), is_https)
        },
        is_https,
    }
}

impl Visitor {
    /// The headers of an answer to this visitor, who is shown `board`.
    pub(crate) fn remember(&mut self, board: BoardId, headers: &mut HeaderMap) {
        if self.boards.first() != Some(&board) {
            self.boards.retain(|known| *known != board);
            self.boards.insert(0, board);
            self.boards.truncate(KNOWN_BOARDS);
        }
        let ids: Vec<_> = self.boards.iter().map(BoardId::to_string).collect();
        let boards = set_cookie(BOARDS, &ids.join(&BETWEEN.to_string()), self.is_https);
        headers.extend(boards.map(|boards| (header::SET_COOKIE, boards)));
    }

    /// Gives the pass along.
    pub(crate) fn greet(&mut self, headers: &mut HeaderMap) {
        if let Some(pass) = self.pass.take() {
            headers.append(header::SET_COOKIE, pass);
        }
    }

    /// How the board is shared: its whole address.
    pub(crate) fn address(&self, host: &str, board: BoardId) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        format!("{scheme}://{host}/b/{board}")
    }
}

/// A person's name and colour, for a page: nothing is kept.
pub(crate) async fn look_up(app: &App, person: PersonId) -> Result<Profile, StoreError> {
    Ok(app
        .store
        .person(person)
        .await?
        .unwrap_or_else(|| names::profile(person)))
}

/// A person's name and colour, kept from now on.
pub(crate) async fn keep(app: &App, person: PersonId) -> Result<Profile, StoreError> {
    let now_ms = app.clock.now_ms();
    if let Some(profile) = app.store.person(person).await? {
        app.store.touch_person(person, now_ms).await?;
        return Ok(profile);
    }
    let profile = names::profile(person);
    app.store.put_person(&profile, now_ms).await?;
    Ok(profile)
}

/// `POST /api/guests`: a person and a token, for programs.
pub(super) async fn enrol(State(app): State<Arc<App>>) -> Result<Response, HttpError> {
    let now_ms = app.clock.now_ms();
    app.gates.new_guest(now_ms)?;
    let person = random::person();
    let guest = serde_json::json!({ "person": person, "token": app.keys.pass(person, now_ms) });
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((StatusCode::CREATED, headers, guest.to_string()).into_response())
}

fn is_https(app: &App, headers: &HeaderMap) -> bool {
    app.config.trust_proxy
        && headers
            .get("x-forwarded-proto")
            .is_some_and(|scheme| scheme == "https")
}

fn boards(list: &str) -> Vec<BoardId> {
    list.split(BETWEEN)
        .take(KNOWN_BOARDS)
        .filter_map(|id| id.parse().ok())
        .collect()
}

/// The first cookie of this name.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// A cookie for this site alone, that no script can read.
fn set_cookie(name: &str, value: &str, is_https: bool) -> Option<HeaderValue> {
    let secure = if is_https { "; Secure" } else { "" };
    let seconds = PASS_MS / 1_000;
    HeaderValue::try_from(format!(
        "{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    ))
    .ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines
            .iter()
            .map(|line| (header::COOKIE, line.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let headers = headers(&["xguest=1; guest=2;theme=dark", "guest=3"]);
        assert_eq!(cookie(&headers, GUEST), Some("2"));
        assert_eq!(cookie(&headers, THEME), Some("dark"));
        assert_eq!(cookie(&headers, BOARDS), None);
    }

    #[test]
    fn the_list_of_boards_is_bounded_and_takes_no_nonsense() {
        let id = BoardId([4; 16]);
        assert_eq!(boards(&format!("x.{id}..{id}\u{0}")), [id]);
        let many = vec![id.to_string(); 2 * KNOWN_BOARDS].join(".");
        assert_eq!(boards(&many).len(), KNOWN_BOARDS);
    }

    #[test]
    fn a_board_that_is_opened_again_is_the_latest() {
        let mut visitor = Visitor {
            person: PersonId([1; 16]),
            boards: (0..30).map(|n| BoardId([n; 16])).collect(),
            theme: Theme::System,
            pass: None,
            is_https: true,
        };
        let mut headers = HeaderMap::new();
        visitor.remember(BoardId([7; 16]), &mut headers);
        visitor.remember(BoardId([99; 16]), &mut headers);
        assert_eq!(visitor.boards.len(), KNOWN_BOARDS);
        assert!(visitor.boards.starts_with(&[
            BoardId([99; 16]),
            BoardId([7; 16]),
            BoardId([0; 16])
        ]));
        let set = headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
        assert!(set.contains("HttpOnly; SameSite=Lax; Secure") && set.len() < 4_096);
    }
}
