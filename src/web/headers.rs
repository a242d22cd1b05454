//! Headers that every answer gets: what its page may do, and what browsers must not guess. And the page of a trouble,
//! for browsers that were refused something.
//!
//! No page has an inline script or style, so the policy needs neither nonce nor hash; `'wasm-unsafe-eval'` lets the
//! client's WebAssembly start and lets no script be made from text.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use inkroom_app::page::{self, TroubleView};

use super::{App, origin, pages, people};
use crate::error::HttpError;

/// No address of this server is longer.
const ADDRESS_BYTES: usize = 4 * 1024;
/// A picture on its own may style itself, and nothing else.
pub(super) const PICTURE_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");

/// For every answer.
const ALWAYS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: with it, browsers do not say where a form was sent from, and every form would look foreign.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Puts them on, around all routes.
pub(super) async fn dress(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let asked = request.headers().clone();
    let is_long = request
        .uri()
        .path_and_query()
        .is_some_and(|address| address.as_str().len() > ADDRESS_BYTES);
    let response = if is_long {
        HttpError::LongAddress.into_response()
    } else {
        next.run(request).await
    };
    let mut response = with_page(&app, &asked, response);
    let headers = response.headers_mut();
    headers.extend(
        ALWAYS
            .into_iter()
            .map(|(name, value)| (name, HeaderValue::from_static(value))),
    );
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            policy(origin::host(&asked)),
        );
    }
    response
}

/// What pages of this server may do. Sockets are named for browsers to which `'self'` does not cover them.
fn policy(host: Option<&str>) -> HeaderValue {
    let sockets = host
        .map(|host| format!(" ws://{host} wss://{host}"))
        .unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'{sockets}; worker-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// A refusal as a page, if it was a browser that asked for one.
fn with_page(app: &App, asked: &HeaderMap, response: Response) -> Response {
    let accepts = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|accepted| accepted.contains("text/html"))
    };
    let wants_page = asked.get_all(header::ACCEPT).iter().any(accepts);
    let Some(error) = response
        .extensions()
        .get::<HttpError>()
        .copied()
        .filter(|_| wants_page)
    else {
        return response;
    };
    let theme = people::visitor(app, asked).theme;
    let html = page::trouble(&TroubleView {
        assets: pages::assets(app),
        theme,
        trouble: error.trouble(),
    });
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    let (page, body) = Html(html).into_response().into_parts();
    parts.headers.extend(page.headers);
    Response::from_parts(parts, body)
}
