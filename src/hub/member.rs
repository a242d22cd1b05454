//! Member: one connection, as its room sees it. A mailbox that the room posts to and the socket's writer empties, and
//! a seat that tells the room when the connection is gone.
//!
//! The first message goes out at once, in a small room by the room's own hand: waking a writer for each member costs
//! more than the writing. What follows within a tick gathers for the writer and goes out in one write (D8). Not here:
//! the socket, and what the lanes do when they are full ([`super::lanes`]).

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use inkroom_board::wire::{ClientMessage, CloseCode, Format};
use inkroom_board::{MemberId, Position};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::lanes::{Lanes, Overrun};
use super::letter::Letter;
use super::line::{self, Line};
use super::room::Command;
use super::{Lease, RoomGone, TICK};
use crate::metrics::Said;

/// Most bytes in one write: small enough that what becomes urgent meanwhile waits for little, and that a reader
/// of a few KB a second is still in time.
const WRITE_BYTES: usize = 32 * 1024;

/// What waits for a member, shared by its room and its socket.
#[derive(Debug)]
pub(crate) struct Mailbox {
    format: Format,
    line: Arc<Line>,
    /// Held for a moment, never across an await.
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug)]
struct State {
    lanes: Lanes,
    end: Option<End>,
    writing: Writing,
}

/// What became of the last write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writing {
    /// It is done; the next one is due then.
    Done(Instant),
    /// The writer is at it.
    Going,
    /// The room began it, and the system did not take everything.
    Stalled,
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
    pub(crate) fn new(format: Format, line: Arc<Line>) -> Arc<Self> {
        let state = Mutex::new(State {
            lanes: Lanes::new(),
            end: None,
            writing: Writing::Done(Instant::now()),
        });
        Arc::new(Self {
            format,
            line,
            state,
            news: Notify::new(),
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let done = change(&mut self.state());
        self.news.notify_one();
        done
    }

    /// Puts a message into its lane.
    pub(crate) fn post(&self, letter: &Letter<'_>) {
        let frame = letter.frame(self.format);
        let mut state = self.state();
        if let Err(Overrun) = state.lanes.push(letter.kind(), frame) {
            state.end = Some(End::Now(CloseCode::Policy));
        }
    }

    /// What was posted goes out as soon as it may, by the writer.
    pub(crate) fn wake(&self) {
        if self.state().wants_writer() {
            self.news.notify_one();
        }
    }

    /// The same, but what may go out at once is written here. What was written.
    pub(crate) fn write_or_wake(&self, now: Instant) -> Said {
        let mut state = self.state();
        let mut said = Said::default();
        if state.is_free(now) && !state.lanes.is_empty() {
            let frames = state.lanes.take(WRITE_BYTES);
            said = Said::of(&frames);
            // Where it fails, the writer will see it fail.
            state.writing = match self.line.write(frames) {
                Ok(true) => Writing::Done(now + TICK),
                Ok(false) | Err(_) => Writing::Stalled,
            };
        }
        if state.wants_writer() {
            self.news.notify_one();
        }
        said
    }

    /// Writes what [`Self::next`] gave, for as long as it takes. What was written.
    pub(crate) async fn write(&self, frames: Vec<Bytes>) -> io::Result<Said> {
        let said = Said::of(&frames);
        self.line.write(frames)?;
        self.line.flush().await?;
        let mut state = self.state();
        // More than one write of it waits, and nothing is gained by letting it wait longer.
        let pause = if state.lanes.is_empty() {
            TICK
        } else {
            Duration::ZERO
        };
        state.writing = Writing::Done(Instant::now() + pause);
        Ok(said)
    }

    /// Asks the other side for a sign of life, behind what is being written.
    pub(crate) async fn ping(&self) -> io::Result<Said> {
        self.line.write(Vec::from([line::ping()]))?;
        self.line.flush().await?;
        Ok(Said::default())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.state().lanes.is_behind()
    }

    /// How many bytes wait, without answers.
    pub(crate) fn bytes(&self) -> usize {
        self.state().lanes.bytes()
    }

    /// Whether something waits that can be written right away.
    pub(crate) fn has_more(&self) -> bool {
        let state = self.state();
        state.end.is_some() || !state.lanes.is_empty()
    }

    /// Waits until there is something to do and it is time for it. For one writer, which gives what it is to write to
    /// [`Self::write`].
    pub(crate) async fn next(&self) -> Next {
        loop {
            let news = self.news.notified();
            let due = self.state().due();
            if let Some(due) = due {
                // A timer only where there is something to wait for: most often the moment has long passed.
                if Instant::now() < due {
                    sleep_until(due).await;
                }
                if let Some(next) = self.state().look() {
                    return next;
                }
            }
            news.await;
        }
    }
}

impl State {
    /// Whether the room may write itself: nothing was written within a tick, nor is being written.
    fn is_free(&self, now: Instant) -> bool {
        let is_due = matches!(self.writing, Writing::Done(due) if due <= now);
        is_due && self.end.is_none() && !self.lanes.is_behind()
    }

    /// Whether there is something for the writer to do.
    fn wants_writer(&self) -> bool {
        let is_waiting = !self.lanes.is_empty() || self.lanes.is_behind();
        is_waiting || self.end.is_some() || self.writing == Writing::Stalled
    }

    /// When the writer's next moment is, if there is anything to do.
    fn due(&self) -> Option<Instant> {
        let due = match self.writing {
            Writing::Done(due) => due,
            Writing::Going | Writing::Stalled => Instant::now(),
        };
        self.wants_writer().then_some(due)
    }

    fn look(&mut self) -> Option<Next> {
        if let Some(End::Now(code)) = self.end {
            return Some(Next::Close(code));
        }
        let bytes = self.lanes.take(WRITE_BYTES);
        if !bytes.is_empty() || self.writing == Writing::Stalled {
            self.writing = Writing::Going;
            return Some(Next::Write(bytes));
        }
        if let Some(from) = self.lanes.ask() {
            return Some(Next::Resume(from));
        }
        match self.end {
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
        // The room may post for a moment yet; the goodbye is the last that goes out.
        self.mailbox.close(CloseCode::Restart);
        self.lease.send_soon(Command::Left {
            member: self.member,
        });
    }
}

#[cfg(test)]
mod tests;
