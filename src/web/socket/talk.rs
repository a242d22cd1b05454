//! One connection from hello to goodbye. It only moves messages: what they do is the room's business.
//!
//! One task a connection, with a reading and a writing half. The next message is read only when the room took the last
//! one, so a sender that is too fast is slowed down by its own network. The writer writes what the mailbox gives it, when
//! it gives it ([`crate::hub::Next`]); what it says past the WebSocket library are whole frames.

use std::sync::Arc;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use inkroom_board::limits::HELLO_BYTES;
use inkroom_board::wire::{ClientMessage, CloseCode, Format, PROTOCOL, PROTOCOL_JSON};
use inkroom_board::{BoardId, ClientId, PersonId, Position};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, interval_at, timeout};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tracing::{Instrument, Span, info_span};

use super::upgrade::Socket;
use crate::hub::{Joining, Lease, Line, Next, Seat};
use crate::store::StoreError;
use crate::telemetry::Tag;
use crate::web::App;
use crate::web::people;

/// A close code of the WebSocket protocol itself.
const PROTOCOL_ERROR: u16 = 1002;
/// Most bytes that are still read, and thrown away, from somebody who was closed: enough for what was on its way.
const DISCARD: usize = 1024 * 1024;

/// Who talks about which board.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) app: Arc<App>,
    pub(super) lease: Lease,
    pub(super) board: BoardId,
    pub(super) person: PersonId,
    /// Nothing if client and server have no version of the protocol in common.
    pub(super) format: Option<Format>,
}

/// How it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The other side went away.
    Gone,
    /// This side closes.
    Close(u16),
}

impl End {
    /// What this side closes with.
    fn code(self) -> Option<u16> {
        match self {
            Self::Gone => None,
            Self::Close(code) => Some(code),
        }
    }
}

impl From<CloseCode> for End {
    fn from(code: CloseCode) -> Self {
        Self::Close(code as u16)
    }
}

/// What the first message said.
struct Hello {
    client: ClientId,
    resume: Option<Position>,
}

impl Talk {
    /// Serves the connection to its end.
    pub(super) async fn serve(self, mut socket: Socket) {
        let mut end = self.talk(&mut socket).await;
        if end == End::Gone && socket.get_ref().is_flooded() {
            end = CloseCode::Policy.into();
        }
        tracing::debug!(board.id = %Tag(self.board), ?end, "connection ended");
        self.app.metrics.closed(end.code());
        let patience = self.app.config.timing.farewell;
        // Whoever does not even take the goodbye is left without it.
        let _ = timeout(patience, farewell(&mut socket, end)).await;
    }

    async fn talk(&self, socket: &mut Socket) -> End {
        let Some(format) = self.format else {
            return CloseCode::Version.into();
        };
        let hello = match self.hello(socket, format).await {
            Ok(hello) => hello,
            Err(end) => return end,
        };
        let joining = info_span!("join", board.id = %Tag(self.board));
        let line = Arc::clone(socket.get_ref().inner().line());
        let join = self.join(hello, format, line);
        let seat = match join.instrument(joining).await {
            Ok(seat) => seat,
            Err(end) => return end,
        };
        let halves = [
            self.read(socket, format, &seat).boxed(),
            self.write(&seat).boxed(),
        ];
        // Each is polled only when it was itself woken: almost always the writer, who need not try to read as well.
        let mut halves = FuturesUnordered::from_iter(halves);
        halves.next().await.unwrap_or(End::Gone)
    }

    async fn hello(&self, socket: &mut Socket, format: Format) -> Result<Hello, End> {
        let first = tokio::select! {
            first = timeout(self.app.config.timing.hello, first(socket)) => first,
            () = self.app.hub_drains() => return Err(CloseCode::Restart.into()),
        };
        let message = first.map_err(|_| CloseCode::Policy)??;
        if message.len() > HELLO_BYTES {
            return Err(CloseCode::Policy.into());
        }
        match decode(format, &message)? {
            ClientMessage::Hello { client, resume } => Ok(Hello { client, resume }),
            _ => Err(CloseCode::Protocol.into()),
        }
    }

    async fn join(&self, hello: Hello, format: Format, line: Arc<Line>) -> Result<Seat, End> {
        let known = self
            .app
            .store
            .client(self.board, hello.client)
            .await
            .map_err(|error| unavailable(&error))?;
        let profile = people::keep(&self.app, self.person)
            .await
            .map_err(|error| unavailable(&error))?;
        let joining = Joining {
            profile,
            known,
            resume: hello.resume,
            format,
            line,
            span: Span::current(),
        };
        let joined = self.app.hub.join(Arc::clone(&self.lease), joining).await;
        joined.map_err(|_| CloseCode::Restart.into())
    }

    async fn read(&self, from: &mut Socket, format: Format, seat: &Seat) -> End {
        loop {
            let message = tokio::select! {
                message = timeout(self.app.config.timing.silence, from.next()) => message,
                // What is not read now is sent again to the next server.
                () = self.app.hub_drains() => std::future::pending().await,
            };
            let message = match message {
                Err(_) => return CloseCode::TryLater.into(),
                Ok(message) => match received(message) {
                    Ok(message) => message,
                    Err(end) => return end,
                },
            };
            if !(message.is_binary() || message.is_text()) {
                continue;
            }
            self.app.metrics.heard(message.len());
            let message = match decode(format, &message) {
                Ok(message) => message,
                Err(end) => return end.into(),
            };
            if seat.receive(message).await.is_err() {
                return CloseCode::Restart.into();
            }
        }
    }

    async fn write(&self, seat: &Seat) -> End {
        let (timing, mailbox) = (&self.app.config.timing, seat.mailbox());
        let mut pings = interval_at(Instant::now() + timing.ping, timing.ping);
        let mut behind_since = None;
        loop {
            let written = tokio::select! {
                next = mailbox.next() => match next {
                    Next::Write(frames) => timeout(timing.write, mailbox.write(frames)).await,
                    Next::Close(code) => return code.into(),
                    Next::Resume(from) if seat.resume(from).await.is_err() => return CloseCode::Restart.into(),
                    Next::Resume(_) => continue,
                },
                _ = pings.tick() => timeout(timing.write, mailbox.ping()).await,
            };
            match written {
                Ok(Ok(said)) => self.app.metrics.said(said),
                Ok(Err(_)) => return End::Gone,
                Err(_) => return CloseCode::TryLater.into(),
            }
            if is_stuck(seat, &mut behind_since, timing.stuck) {
                return CloseCode::TryLater.into();
            }
        }
    }
}

/// Whether the member's lane overflowed and was not empty once since, for too long.
fn is_stuck(
    seat: &Seat,
    behind_since: &mut Option<Instant>,
    patience: std::time::Duration,
) -> bool {
    if seat.mailbox().is_behind() {
        behind_since.get_or_insert_with(Instant::now);
    } else if !seat.mailbox().has_more() {
        *behind_since = None;
    }
    behind_since.is_some_and(|since| since.elapsed() >= patience)
}

/// The first message that is not about the connection itself.
async fn first(socket: &mut Socket) -> Result<Message, End> {
    loop {
        let message = received(socket.next().await)?;
        if message.is_binary() || message.is_text() {
            return Ok(message);
        }
    }
}

fn received(message: Option<Result<Message, Error>>) -> Result<Message, End> {
    match message {
        None | Some(Ok(Message::Close(_))) => Err(End::Gone),
        Some(Ok(message)) => Ok(message),
        Some(Err(Error::Capacity(_))) => Err(CloseCode::TooBig.into()),
        Some(Err(Error::Utf8(_))) => Err(CloseCode::Undecodable.into()),
        // Not a fault of the protocol: the line was cut.
        Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => Err(End::Gone),
        Some(Err(Error::Protocol(_))) => Err(End::Close(PROTOCOL_ERROR)),
        Some(Err(_)) => Err(End::Gone),
    }
}

fn decode(format: Format, message: &Message) -> Result<ClientMessage, CloseCode> {
    let bytes = match (format, message) {
        (Format::Binary, Message::Binary(bytes)) => bytes.as_ref(),
        (Format::Json, Message::Text(text)) => text.as_bytes(),
        _ => return Err(CloseCode::WrongKind),
    };
    format.decode(bytes).map_err(|_| CloseCode::Undecodable)
}

fn unavailable(error: &StoreError) -> End {
    tracing::warn!(%error, "somebody could not join");
    CloseCode::TryLater.into()
}

impl From<End> for CloseFrame {
    fn from(end: End) -> Self {
        let code = if let End::Close(code) = end {
            code
        } else {
            1000
        };
        let reason = if code == CloseCode::Version as u16 {
            format!("speak {PROTOCOL} or {PROTOCOL_JSON}")
        } else {
            String::new()
        };
        Self {
            code: code.into(),
            reason: reason.into(),
        }
    }
}

/// Says why, and reads on for a moment: closing a connection with something unread in it would reset it, and the
/// other side might never see the reason.
async fn farewell(socket: &mut Socket, end: End) -> Result<(), Error> {
    if end == End::Gone {
        return socket.close(None).await;
    }
    socket.close(Some(end.into())).await?;
    let stream = socket.get_mut().inner_mut();
    stream.shutdown().await?;
    // On the heap: every idle connection would carry it along otherwise.
    let mut rest = vec![0; 4 * 1024];
    let mut left = DISCARD;
    while left > 0 {
        match stream.read(&mut rest).await? {
            0 => break,
            read => left = left.saturating_sub(read),
        }
    }
    Ok(())
}
