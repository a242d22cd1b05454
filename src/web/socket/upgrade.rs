//! From an HTTP request to a WebSocket: checks the request's headers, answers 101, and hands over the connection.
//!
//! Done here and not by axum's extractor, since frames are counted below the WebSocket ([`super::meter`]) and the
//! connection's own buffers are bounded.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use inkroom_board::limits::FRAME_BYTES;
use inkroom_board::wire::{Format, PROTOCOL, PROTOCOL_JSON};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::ends::Ends;
use super::meter::Metered;
use crate::error::HttpError;

/// Allocated for every connection from the start: ordinary messages are much shorter.
const READ_BUFFER: usize = 4 * 1024;
/// The library writes only pongs and the goodbye.
const WRITE_BUFFER: usize = 4 * 1024;
/// What the system holds for a slow reader, for the same reason.
const SYSTEM_BUFFER: usize = 128 * 1024;
/// The letters of 16 bytes in base64.
const KEY_CHARS: usize = 24;
/// The one version of WebSocket.
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// A WebSocket with its frames counted.
pub(super) type Socket = WebSocketStream<Metered<Ends>>;

/// A request that may become a WebSocket.
#[derive(Debug)]
pub(super) struct Upgrade {
    on: OnUpgrade,
    accept: String,
    /// What the client asked for and gets, if it asked for anything.
    answer: Option<HeaderValue>,
    /// How it speaks, if that is known here.
    pub(super) format: Option<Format>,
}

impl Upgrade {
    /// # Errors
    /// What is missing in the request.
    pub(super) fn of(request: &mut Request<Body>) -> Result<Self, HttpError> {
        let headers = request.headers();
        let is_upgrade = lists(headers, &header::CONNECTION, "upgrade")
            && lists(headers, &header::UPGRADE, "websocket");
        if request.method() != Method::GET || request.version() != Version::HTTP_11 || !is_upgrade {
            return Err(HttpError::UpgradeRequired);
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
            return Err(HttpError::UpgradeRequired);
        }
        let key = headers
            .get(header::SEC_WEBSOCKET_KEY)
            .filter(|key| key.len() == KEY_CHARS);
        let accept = derive_accept_key(key.ok_or(HttpError::BadRequest)?.as_bytes());
        let (answer, format) = protocol(headers);
        Ok(Self {
            on: hyper::upgrade::on(request),
            accept,
            answer,
            format,
        })
    }

    /// The answer that makes it a WebSocket.
    pub(super) fn response(&self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.extend(
            HeaderValue::try_from(&self.accept)
                .ok()
                .map(|accept| (header::SEC_WEBSOCKET_ACCEPT, accept)),
        );
        headers.extend(
            self.answer
                .clone()
                .map(|answer| (header::SEC_WEBSOCKET_PROTOCOL, answer)),
        );
        response
    }

    /// Waits until the answer is out. Nothing if the client went away.
    pub(super) async fn socket(self) -> Option<Socket> {
        let parts = self.on.await.ok()?.downcast::<TokioIo<TcpStream>>().ok()?;
        let stream = parts.io.into_inner();
        // Without it the connection works too, only with more memory.
        let _ = SockRef::from(&stream).set_send_buffer_size(SYSTEM_BUFFER);
        let metered = Metered::new(Ends::of(stream), &parts.read_buf);
        Some(WebSocketStream::from_raw_socket(metered, Role::Server, Some(config())).await)
    }
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(FRAME_BYTES))
        .max_frame_size(Some(FRAME_BYTES))
}

/// Whether a header that is a list has this word in it.
fn lists(headers: &HeaderMap, name: &header::HeaderName, word: &str) -> bool {
    words(headers, name).any(|known| known.eq_ignore_ascii_case(word.as_bytes()))
}

fn words<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> impl Iterator<Item = &'a [u8]> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
}

/// The first protocol of the client that is known here. Without one, the client's first is agreed to all the same: a
/// browser would otherwise hide from its page the close code that says what is wrong.
fn protocol(headers: &HeaderMap) -> (Option<HeaderValue>, Option<Format>) {
    let asked = || words(headers, &header::SEC_WEBSOCKET_PROTOCOL).filter(|word| !word.is_empty());
    let known = asked().find_map(|word| format(word).map(|format| (word, format)));
    let answer = known.map(|(word, _)| word).or_else(|| asked().next());
    (
        answer.and_then(|word| HeaderValue::from_bytes(word).ok()),
        known.map(|(_, format)| format),
    )
}

fn format(protocol: &[u8]) -> Option<Format> {
    if protocol == PROTOCOL.as_bytes() {
        Some(Format::Binary)
    } else if protocol == PROTOCOL_JSON.as_bytes() {
        Some(Format::Json)
    } else {
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn agreed(asked: &[&'static str]) -> (Option<HeaderValue>, Option<Format>) {
        let mut headers = HeaderMap::new();
        for value in asked {
            headers.append(
                header::SEC_WEBSOCKET_PROTOCOL,
                HeaderValue::from_static(value),
            );
        }
        protocol(&headers)
    }

    #[test]
    fn the_first_known_protocol_is_agreed_on() {
        let (answer, format) = agreed(&["inkroom.9, inkroom.2.json", "inkroom.2"]);
        assert_eq!(
            (answer.unwrap().as_bytes(), format.unwrap()),
            (&b"inkroom.2.json"[..], Format::Json)
        );
        assert_eq!(agreed(&["inkroom.2"]).1, Some(Format::Binary));
    }

    #[test]
    fn without_a_known_one_the_first_is_agreed_to_but_not_spoken() {
        let (answer, format) = agreed(&["inkroom.9, inkroom.8"]);
        assert_eq!(
            (answer.unwrap().as_bytes(), format),
            (&b"inkroom.9"[..], None)
        );
        assert_eq!(agreed(&[]), (None, None));
        assert_eq!(agreed(&[" , "]), (None, None));
    }
}
