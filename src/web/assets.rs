//! What a browser fetches besides the pages: client, styles, fonts, icons, under `/pkg/`.
//!
//! A release carries them inside (feature `embed`), with hashed names and compressed forms; in development they are read
//! from the folder that `cargo xtask build` assembles. Either way a name is looked up in a table and never becomes a path
//! by itself, so no request can reach anything else. Not a general file server: boards and images have routes of their own.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

#[cfg(not(feature = "embed"))]
mod disk;
#[cfg(feature = "embed")]
mod embedded;
mod encoding;

#[cfg(not(feature = "embed"))]
use disk::Site;
#[cfg(feature = "embed")]
use embedded::Site;
use encoding::{Accepted, Encoding};

/// Where the site is served.
const PREFIX: &str = "/pkg/";

/// A hashed name is never used for another content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// A plain name is: ask every time, and be answered 304 while nothing changed.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The site: all assets by the names that pages use.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    site: Site,
}

/// One asset, as found by name.
#[derive(Debug)]
struct Found {
    body: Bytes,
    encoding: Option<Encoding>,
    etag: String,
    hashed: bool,
}

impl Assets {
    /// The site of this build: the one inside, or the one in the target folder beside the program.
    ///
    /// In development `INKROOM_SITE` names another folder. Where there is none, pages work as far as they do without
    /// scripts and styles.
    #[must_use]
    pub fn new() -> Self {
        Self { site: Site::find() }
    }

    /// The address for pages of the asset they know as `logical`, such as `inkroom.css`.
    #[must_use]
    pub fn path(&self, logical: &str) -> String {
        format!("{PREFIX}{}", self.site.name_of(logical))
    }

    /// The routes of the site.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        Router::new()
            .route("/pkg/{*name}", get(serve))
            .with_state(self)
    }

    /// Answers a request for the asset that pages know as `logical`, at an address of its own such as `/robots.txt`.
    #[must_use]
    pub fn respond_to_logical(&self, logical: &str, request: &HeaderMap) -> Response {
        let name = self.site.name_of(logical);
        let found = self.site.read(name, Accepted::by(request));
        // That address has no hash in it, whatever the file's own name has.
        respond(
            logical,
            found.map(|found| Found {
                hashed: false,
                ..found
            }),
            request,
        )
    }

    fn respond(&self, name: &str, request: &HeaderMap) -> Response {
        respond(name, self.site.read(name, Accepted::by(request)), request)
    }
}

async fn serve(
    State(assets): State<Assets>,
    Path(name): Path<String>,
    request: HeaderMap,
) -> Response {
    assets.respond(&name, &request)
}

fn respond(name: &str, found: Option<Found>, request: &HeaderMap) -> Response {
    let Some(found) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let unchanged = is_unchanged(&found.etag, request);
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        found.body.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime(name)));
    headers.insert(
        header::CACHE_CONTROL,
        if found.hashed { FOR_EVER } else { ASK_AGAIN },
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.extend(
        HeaderValue::try_from(found.etag)
            .ok()
            .map(|etag| (header::ETAG, etag)),
    );
    if let Some(encoding) = found.encoding.filter(|_| !unchanged) {
        headers.insert(
            header::CONTENT_ENCODING,
            HeaderValue::from_static(encoding.token()),
        );
    }
    response
}

fn is_unchanged(etag: &str, request: &HeaderMap) -> bool {
    let known = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    known
        .into_iter()
        .flat_map(|list| list.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == etag)
}

/// By extension: the site's own kinds of file, and nothing a browser would run for any other.
fn mime(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(all(test, not(feature = "embed")))]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn site() -> (tempfile::TempDir, Assets) {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
        write(
            "manifest.json",
            r#"{"inkroom.css": "inkroom.css", "boot.js": "boot.js"}"#,
        );
        write("inkroom.css", "a{}");
        write("secret.txt", "not in the table");
        let assets = Assets {
            site: Site::at(folder.path().to_owned()),
        };
        (folder, assets)
    }

    fn asking(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn an_asset_comes_with_its_kind_and_is_asked_for_again() {
        let (_folder, assets) = site();
        let response = assets.respond("inkroom.css", &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/css; charset=utf-8"
        );
        assert_eq!(
            response.headers()[header::X_CONTENT_TYPE_OPTIONS],
            "nosniff"
        );
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(assets.path("inkroom.css"), "/pkg/inkroom.css");
    }

    #[test]
    fn an_unchanged_asset_is_not_sent_twice_and_a_changed_one_is() {
        let (folder, assets) = site();
        let first = assets.respond("inkroom.css", &HeaderMap::new());
        let known = asking(
            header::IF_NONE_MATCH,
            first.headers()[header::ETAG].to_str().unwrap(),
        );
        assert_eq!(
            assets.respond("inkroom.css", &known).status(),
            StatusCode::NOT_MODIFIED
        );
        std::fs::write(folder.path().join("inkroom.css"), "b{}").unwrap();
        assert_eq!(
            assets.respond("inkroom.css", &known).status(),
            StatusCode::OK
        );
    }

    #[test]
    fn only_names_of_the_table_are_found() {
        let (_folder, assets) = site();
        let others = [
            "secret.txt",
            "manifest.json",
            "boot.js",
            "../inkroom.css",
            "/etc/passwd",
            "",
            "./inkroom.css",
            "x\0y",
        ];
        for name in others {
            assert_eq!(
                assets.respond(name, &HeaderMap::new()).status(),
                StatusCode::NOT_FOUND,
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_server_without_a_site_still_answers() {
        let assets = Assets::default();
        assert_eq!(
            assets.respond("inkroom.css", &HeaderMap::new()).status(),
            StatusCode::NOT_FOUND
        );
        assert_eq!(assets.path("boot.js"), "/pkg/boot.js");
    }

    #[test]
    fn every_kind_of_file_in_the_site_is_named_and_no_other_is_guessed() {
        assert_eq!(mime("inkroom_bg-00ff.wasm"), "application/wasm");
        assert_eq!(mime("page.html"), "application/octet-stream");
        assert_eq!(mime("LICENSE"), "application/octet-stream");
    }
}
