//! What a request is answered with when it cannot be done: a status, a sentence, and never a detail of the inside.
//!
//! Details are logged where they happen. For browsers the sentence becomes a page ([`crate::web::headers`]).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use inkroom_app::page::Trouble;

use crate::hub::Closed;
use crate::hub::view::NoView;
use crate::store::StoreError;

/// Seconds after which somebody who was turned away may come back.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// Why a request was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No board has that id, or none could.
    #[error("there is no such board")]
    NoBoard,
    /// Nothing is at that address.
    #[error("there is nothing at this address")]
    NoPage,
    /// Neither a link to a board nor a code.
    #[error("that is no link to a board of this server")]
    BadLink,
    /// A form is not as the page made it.
    #[error("the form is not complete, or too long")]
    BadForm,
    /// Not a request as the protocol has it.
    #[error("the request is malformed")]
    BadRequest,
    /// From a page of another site.
    #[error("pages of other sites may not do this")]
    Forbidden,
    /// Without a token, or with one that is not good.
    #[error("send Authorization: Bearer TOKEN, as POST /api/guests gives it")]
    Unauthorized,
    /// An address for WebSockets was asked for something else.
    #[error("this address speaks WebSocket only")]
    UpgradeRequired,
    /// That method is not for this address.
    #[error("this address does not take that method")]
    Method,
    /// The address is too long.
    #[error("the address is too long")]
    LongAddress,
    /// Somebody does something too often.
    #[error("too often; come back in a moment")]
    TooOften,
    /// The server has too much to do, is about to stop, or cannot reach its store.
    #[error("the server cannot do this at the moment; come back in a moment")]
    Busy,
    /// Something broke.
    #[error("something broke")]
    Broken,
}

impl HttpError {
    fn status(self) -> StatusCode {
        match self {
            Self::NoBoard | Self::NoPage => StatusCode::NOT_FOUND,
            Self::BadLink | Self::BadForm | Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::LongAddress => StatusCode::URI_TOO_LONG,
            Self::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The page that a browser shows for it.
    #[must_use]
    pub fn trouble(self) -> Trouble {
        match self {
            Self::NoBoard => Trouble::NoBoard,
            Self::NoPage | Self::UpgradeRequired | Self::Method | Self::LongAddress => {
                Trouble::NoPage
            }
            Self::BadLink => Trouble::BadLink,
            Self::BadForm | Self::BadRequest | Self::Forbidden | Self::Unauthorized => {
                Trouble::BadForm
            }
            Self::TooOften => Trouble::TooMuch,
            Self::Busy => Trouble::Away,
            Self::Broken => Trouble::Broken,
        }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let mut response = (self.status(), format!("{self}\n")).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::TooOften | Self::Busy => drop(headers.insert(header::RETRY_AFTER, RETRY_SECONDS)),
            Self::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::UpgradeRequired => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(
                    header::SEC_WEBSOCKET_VERSION,
                    HeaderValue::from_static("13"),
                );
            }
            _ => {}
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Closed> for HttpError {
    fn from(why: Closed) -> Self {
        match why {
            Closed::NotFound => Self::NoBoard,
            Closed::Damaged => Self::Broken,
            Closed::Unavailable => Self::Busy,
        }
    }
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NoBoard,
            StoreError::Unavailable(_) => {
                tracing::warn!(%error, "the store is unavailable");
                Self::Busy
            }
            error => {
                tracing::error!(%error, "the store failed");
                Self::Broken
            }
        }
    }
}

impl From<NoView> for HttpError {
    fn from(why: NoView) -> Self {
        match why {
            NoView::Closed(why) => why.into(),
            NoView::NoPosition => Self::NoPage,
            NoView::Store(error) => error.into(),
            NoView::Snapshot(error) => {
                tracing::error!(%error, "a stored snapshot cannot be read");
                Self::Broken
            }
        }
    }
}
