//! Member: one connection, as its room sees it. A mailbox that the room posts to and the socket's writer empties, and
//! a seat that tells the room when the connection is gone.
//!
//! Not here: the socket, and what the lanes do when they are full ([`super::lanes`]).

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use inkroom_board::wire::{ClientMessage, CloseCode, Format};
use inkroom_board::{MemberId, Position};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::lanes::{Lanes, Overrun};
use super::letter::Letter;
use super::room::Command;
use super::{Lease, RoomGone};

/// Most bytes in one write: small enough that what becomes urgent meanwhile waits for little, and that a reader
/// of a few KB a second is still in time.
const WRITE_BYTES: usize = 32 * 1024;

/// What waits for a member, shared by its room and its socket.
#[derive(Debug)]
pub(crate) struct Mailbox {
    format: Format,
    /// Held for a moment, never across an await.
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug)]
struct State {
    lanes: Lanes,
    end: Option<End>,
}

/// How the connection is to end.
#[derive(Debug, Clone, Copy)]
enum End {
    /// At once.
    Now(CloseCode),
    /// When everything is written that waits.
    Last(CloseCode),
}

/// What the writer is to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Write these, and flush.
    Write(Vec<Bytes>),
    /// Ask the room to resume the member from there.
    Resume(Option<Position>),
    /// Close the connection.
    Close(CloseCode),
}

impl Mailbox {
    pub(crate) fn new(format: Format) -> Arc<Self> {
        let state = Mutex::new(State {
            lanes: Lanes::new(),
            end: None,
        });
        Arc::new(Self {
            format,
            state,
            news: Notify::new(),
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let done = change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.news.notify_one();
        done
    }

    pub(crate) fn post(&self, letter: &Letter<'_>) {
        let bytes = letter.bytes(self.format);
        self.with(|state| {
            if let Err(Overrun) = state.lanes.push(letter.kind(), bytes) {
                state.end = Some(End::Now(CloseCode::Policy));
            }
        });
    }

    /// Closes the connection without writing what waits. Whether it was not being closed like this already.
    pub(crate) fn close(&self, code: CloseCode) -> bool {
        self.with(|state| {
            let is_first = !matches!(state.end, Some(End::Now(_)));
            state.end = Some(End::Now(code));
            is_first
        })
    }

    /// Closes the connection when everything is written that waits.
    pub(crate) fn finish(&self, code: CloseCode) {
        self.with(|state| {
            state.end.get_or_insert(End::Last(code));
        });
    }

    /// The room posts what brings the member to the head now.
    pub(crate) fn resume(&self) {
        self.with(|state| state.lanes.resume());
    }

    /// Whether the member waits to be brought to the head.
    pub(crate) fn is_behind(&self) -> bool {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .lanes
            .is_behind()
    }

    /// How many bytes wait, without answers.
    pub(crate) fn bytes(&self) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.lanes.bytes()
    }

    /// Whether something waits that can be written right away.
    pub(crate) fn has_more(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.end.is_some() || !state.lanes.is_empty()
    }

    /// Waits until there is something to do, and until `earliest`: what comes before it gathers. For one writer.
    pub(crate) async fn next(&self, earliest: Instant) -> Next {
        loop {
            let news = self.news.notified();
            if self.is_waited_for() {
                // A timer only for whoever has something to wait for: most often the moment has long passed.
                if Instant::now() < earliest {
                    sleep_until(earliest).await;
                }
                if let Some(next) = self.look() {
                    return next;
                }
            }
            news.await;
        }
    }

    fn is_waited_for(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.end.is_some() || !state.lanes.is_empty() || state.lanes.is_behind()
    }

    fn look(&self) -> Option<Next> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(End::Now(code)) = state.end {
            return Some(Next::Close(code));
        }
        let bytes = state.lanes.take(WRITE_BYTES);
        if !bytes.is_empty() {
            return Some(Next::Write(bytes));
        }
        if let Some(from) = state.lanes.ask() {
            return Some(Next::Resume(from));
        }
        match state.end {
            Some(End::Last(code)) => Some(Next::Close(code)),
            _ => None,
        }
    }
}

/// A member's end of its room. When it is dropped, whatever the reason, the room hears that the member left.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(super) lease: Lease,
    pub(super) member: MemberId,
    pub(super) mailbox: Arc<Mailbox>,
}

impl Seat {
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Hands on what the member sent, as soon as the room takes it: so that a busy room slows its senders down.
    pub(crate) async fn receive(&self, message: ClientMessage) -> Result<(), RoomGone> {
        self.lease
            .send(Command::Receive {
                member: self.member,
                message,
                at: Instant::now(),
            })
            .await
    }

    /// Asks to be brought to the head.
    pub(crate) async fn resume(&self, from: Option<Position>) -> Result<(), RoomGone> {
        self.lease
            .send(Command::Resume {
                member: self.member,
                from,
            })
            .await
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.lease.send_soon(Command::Left {
            member: self.member,
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use inkroom_board::wire::ServerMessage;

    use super::*;
    use crate::hub::lanes::{CONTROL_MESSAGES, DURABLE_MESSAGES};

    fn post(mailbox: &Mailbox, message: &ServerMessage) {
        mailbox.post(&Letter::new(message, 1));
    }

    fn encoded(message: &ServerMessage) -> Bytes {
        Format::Binary.encode(message).into()
    }

    #[tokio::test]
    async fn a_writer_that_waits_is_woken_by_a_message_and_gets_all_that_gathered() {
        let mailbox = Mailbox::new(Format::Binary);
        let waiting = tokio::spawn({
            let mailbox = Arc::clone(&mailbox);
            async move { mailbox.next(Instant::now()).await }
        });
        tokio::task::yield_now().await;
        post(&mailbox, &ServerMessage::Pong(1));
        post(&mailbox, &ServerMessage::Pong(2));
        let both = vec![
            encoded(&ServerMessage::Pong(1)),
            encoded(&ServerMessage::Pong(2)),
        ];
        assert_eq!(waiting.await.unwrap(), Next::Write(both));
    }

    #[tokio::test]
    async fn what_waits_is_written_before_an_orderly_end_and_not_before_a_sudden_one() {
        let mailbox = Mailbox::new(Format::Binary);
        post(&mailbox, &ServerMessage::Here(1));
        mailbox.finish(CloseCode::Restart);
        assert_eq!(
            mailbox.next(Instant::now()).await,
            Next::Write(vec![encoded(&ServerMessage::Here(1))])
        );
        assert_eq!(
            mailbox.next(Instant::now()).await,
            Next::Close(CloseCode::Restart)
        );
        post(&mailbox, &ServerMessage::Here(2));
        mailbox.close(CloseCode::Policy);
        assert_eq!(
            mailbox.next(Instant::now()).await,
            Next::Close(CloseCode::Policy)
        );
    }

    #[tokio::test]
    async fn a_member_that_never_reads_its_answers_is_closed() {
        let mailbox = Mailbox::new(Format::Binary);
        (0..=CONTROL_MESSAGES).for_each(|_| post(&mailbox, &ServerMessage::Pong(1)));
        assert_eq!(
            mailbox.next(Instant::now()).await,
            Next::Close(CloseCode::Policy)
        );
    }

    #[tokio::test]
    async fn after_an_overflow_the_writer_is_asked_to_resume_once_all_else_is_written() {
        let mailbox = Mailbox::new(Format::Binary);
        (0..=DURABLE_MESSAGES).for_each(|_| post(&mailbox, &ServerMessage::Here(1)));
        post(&mailbox, &ServerMessage::Pong(1));
        assert_eq!(
            mailbox.next(Instant::now()).await,
            Next::Write(vec![encoded(&ServerMessage::Pong(1))])
        );
        assert_eq!(mailbox.next(Instant::now()).await, Next::Resume(None));
        assert!(mailbox.is_behind());
        assert!(
            tokio::time::timeout(Duration::ZERO, mailbox.next(Instant::now()))
                .await
                .is_err(),
            "it asks once"
        );
        mailbox.resume();
        post(&mailbox, &ServerMessage::Here(9));
        assert_eq!(
            mailbox.next(Instant::now()).await,
            Next::Write(vec![encoded(&ServerMessage::Here(9))])
        );
    }
}
