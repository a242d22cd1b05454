//! Hub: all rooms of one server. It opens a room when somebody asks for a board, once however many ask at the same
//! time, and lets it close when nobody holds it any more.
//!
//! Here are the doors to rooms ([`Lease`], `Seat`). Not here: what happens in a room (`room`), HTTP, sockets.
//! A reader may question the lease: a room may close only while nobody holds one, and leases are given out under the
//! same lock, so nobody ever talks to a room that is about to go.

mod heads;
mod lanes;
mod letter;
mod line;
pub(crate) mod member;
mod room;
pub mod view;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use inkroom_board::ledger::ClientHead;
use inkroom_board::wire::{Format, Profile};
use inkroom_board::{BoardId, MemberId, Position};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Span;

use crate::clock::Clock;
use crate::config::Timing;
use crate::metrics::Metrics;
use crate::relay::Relay;
use crate::store::{Store, Writer};

pub(crate) use line::Line;
pub(crate) use member::{Next, Seat};
pub use view::{View, Views};

use member::Mailbox;
use room::Command;

/// Most messages that wait for a room; past it, its members' sockets are not read.
const INBOX: usize = 1_024;

/// What every room needs.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where boards are kept.
    pub store: Arc<dyn Store>,
    /// Where ops are committed.
    pub writer: Writer,
    /// Where other servers hear of it.
    pub relay: Arc<dyn Relay>,
    /// Where what happens is counted.
    pub metrics: Arc<Metrics>,
    /// What time it is.
    pub clock: Clock,
    /// What a host set about rooms.
    pub settings: inkroom_board::room::Settings,
    /// Intervals.
    pub timing: Timing,
}

/// All rooms of this server. Clones are the same.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    around: Surroundings,
    /// Held for a moment, never across an await.
    rooms: Mutex<HashMap<BoardId, Lease>>,
    next_member: AtomicU64,
    members: AtomicUsize,
    tracker: TaskTracker,
    /// Set when rooms are to say goodbye.
    draining: CancellationToken,
}

/// A hold on a room: while there is one, the room stays open.
pub type Lease = Arc<Door>;

/// The way into a room.
#[derive(Debug)]
pub struct Door {
    inbox: mpsc::Sender<Command>,
    opened: watch::Receiver<Opened>,
    here: AtomicUsize,
    /// Bytes that wait for the members' writers, as of the room's last upkeep.
    gathered: AtomicUsize,
}

/// How far the opening of a room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    Loading,
    Yes,
    No(Closed),
}

/// Why there is no room for a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// There is no such board.
    #[error("there is no such board")]
    NotFound,
    /// What is stored of the board cannot be read.
    #[error("the board is damaged")]
    Damaged,
    /// The store cannot be reached, or the server is about to stop.
    #[error("the board cannot be opened at the moment")]
    Unavailable,
}

/// The room closed under its member: the server stops, or the board is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the room is closed")]
pub struct RoomGone;

/// Somebody who said hello.
#[derive(Debug)]
pub(crate) struct Joining {
    pub(crate) profile: Profile,
    pub(crate) known: Option<ClientHead>,
    pub(crate) resume: Option<Position>,
    pub(crate) format: Format,
    pub(crate) line: Arc<Line>,
    /// Over when the welcome is on its way.
    pub(crate) span: Span,
}

impl Hub {
    /// A hub without rooms; its tasks run on the current runtime until [`Hub::drain`].
    #[must_use]
    pub fn new(around: Surroundings) -> Self {
        let hub = Self(Arc::new(Shared {
            around,
            rooms: Mutex::default(),
            next_member: AtomicU64::new(1),
            members: AtomicUsize::new(0),
            tracker: TaskTracker::new(),
            draining: CancellationToken::new(),
        }));
        hub.0.tracker.spawn(heads::poll(Arc::clone(&hub.0)));
        hub
    }

    /// The room of a board, opened if it is not open yet.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub async fn open(&self, board: BoardId) -> Result<Lease, Closed> {
        let lease = self.0.lease_or_start(board)?;
        let mut opened = lease.opened.clone();
        let state = opened
            .wait_for(|opened| *opened != Opened::Loading)
            .await
            .map(|opened| *opened);
        match state {
            Ok(Opened::Yes) => Ok(lease),
            Ok(Opened::No(why)) => Err(why),
            Ok(Opened::Loading) | Err(_) => Err(Closed::Unavailable),
        }
    }

    /// The room of a board, if it is open.
    #[must_use]
    pub fn peek(&self, board: BoardId) -> Option<Lease> {
        self.0
            .rooms()
            .get(&board)
            .filter(|lease| *lease.opened.borrow() == Opened::Yes)
            .cloned()
    }

    /// How many are on a board at the moment, at all servers as far as they can be counted.
    pub async fn here(&self, board: BoardId) -> usize {
        let here = self.peek(board).map_or(0, |lease| lease.here());
        let everywhere = self.0.around.relay.here(board).await;
        everywhere.map_or(here, |everywhere| everywhere.max(here))
    }

    /// How many boards are open.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.0.rooms().len()
    }

    /// The open boards and how many are on each.
    #[must_use]
    pub fn census(&self) -> Vec<(BoardId, usize)> {
        let rooms = self.0.rooms();
        rooms
            .iter()
            .map(|(board, door)| (*board, door.here()))
            .collect()
    }

    /// How many bytes wait for the writers of all members, about a second ago.
    #[must_use]
    pub fn gathered(&self) -> usize {
        let rooms = self.0.rooms();
        let gathered = rooms.values().map(|door| &door.gathered);
        gathered.map(|bytes| bytes.load(Ordering::Relaxed)).sum()
    }

    /// What carries news between servers.
    #[must_use]
    pub fn relay(&self) -> &dyn Relay {
        self.0.around.relay.as_ref()
    }

    /// How many members all rooms have together.
    #[must_use]
    pub fn members(&self) -> usize {
        self.0.members.load(Ordering::Relaxed)
    }

    /// Takes a place in a room for somebody who said hello.
    pub(crate) async fn join(&self, lease: Lease, joining: Joining) -> Result<Seat, RoomGone> {
        let member = MemberId::of_this_server(self.0.next_member.fetch_add(1, Ordering::Relaxed));
        let seat = Seat {
            lease,
            member,
            mailbox: Mailbox::new(joining.format, Arc::clone(&joining.line)),
        };
        let mailbox = Arc::clone(&seat.mailbox);
        seat.lease
            .send(Command::Join {
                member,
                mailbox,
                joining,
            })
            .await?;
        Ok(seat)
    }

    /// Cancelled when rooms say goodbye.
    #[must_use]
    pub fn draining(&self) -> &CancellationToken {
        &self.0.draining
    }

    /// Ends all rooms: each commits what it has, says goodbye to its members and closes them. Nothing opens any
    /// more. Waits until they are gone.
    pub async fn drain(&self) {
        self.0.draining.cancel();
        self.0.tracker.close();
        self.0.tracker.wait().await;
    }
}

impl Shared {
    fn rooms(&self) -> std::sync::MutexGuard<'_, HashMap<BoardId, Lease>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lease_or_start(self: &Arc<Self>, board: BoardId) -> Result<Lease, Closed> {
        if self.draining.is_cancelled() {
            return Err(Closed::Unavailable);
        }
        let mut rooms = self.rooms();
        let lease = rooms.entry(board).or_insert_with(|| self.start(board));
        Ok(Arc::clone(lease))
    }

    fn start(self: &Arc<Self>, board: BoardId) -> Lease {
        let (inbox, commands) = mpsc::channel(INBOX);
        let (opened, is_open) = watch::channel(Opened::Loading);
        let door = Arc::new(Door {
            inbox,
            opened: is_open,
            here: AtomicUsize::new(0),
            gathered: AtomicUsize::new(0),
        });
        let registered = Registered {
            shared: Arc::clone(self),
            board,
            door: Arc::downgrade(&door),
        };
        self.tracker.spawn(room::run(registered, commands, opened));
        door
    }
}

/// A room's entry in the hub. Dropping it takes the entry out, so that a room that fails can be opened again.
#[derive(Debug)]
pub(crate) struct Registered {
    shared: Arc<Shared>,
    board: BoardId,
    door: std::sync::Weak<Door>,
}

impl Registered {
    /// Takes the entry out if nobody holds a lease; from then on nobody can get one.
    fn close_if_unheld(&self) -> bool {
        let mut rooms = self.shared.rooms();
        let is_unheld = rooms
            .get(&self.board)
            .is_none_or(|lease| Arc::strong_count(lease) == 1);
        if is_unheld {
            rooms.remove(&self.board);
        }
        is_unheld
    }

    fn set_gathered(&self, bytes: usize) {
        if let Some(door) = self.door.upgrade() {
            door.gathered.store(bytes, Ordering::Relaxed);
        }
    }

    fn set_here(&self, here: usize) {
        let Some(door) = self.door.upgrade() else {
            return;
        };
        let before = door.here.swap(here, Ordering::Relaxed);
        self.shared.members.fetch_add(here, Ordering::Relaxed);
        self.shared.members.fetch_sub(before, Ordering::Relaxed);
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.set_here(0);
        let mut rooms = self.shared.rooms();
        if rooms
            .get(&self.board)
            .is_some_and(|lease| std::ptr::eq(Arc::as_ptr(lease), self.door.as_ptr()))
        {
            rooms.remove(&self.board);
        }
    }
}

impl Door {
    /// How many are in the room.
    #[must_use]
    pub fn here(&self) -> usize {
        self.here.load(Ordering::Relaxed)
    }

    /// The board as it is now.
    ///
    /// # Errors
    /// When the room closed meanwhile.
    pub async fn view(&self) -> Result<Arc<View>, RoomGone> {
        let (answer, view) = oneshot::channel();
        self.send(Command::View(answer)).await?;
        view.await.map_err(|_| RoomGone)
    }

    async fn send(&self, command: Command) -> Result<(), RoomGone> {
        self.inbox.send(command).await.map_err(|_| RoomGone)
    }

    /// For where nobody can wait. Keeps the order: what is sent earlier arrives earlier.
    fn send_soon(self: &Arc<Self>, command: Command) {
        let Err(mpsc::error::TrySendError::Full(command)) = self.inbox.try_send(command) else {
            return;
        };
        let door = Arc::clone(self);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { door.send(command).await });
        }
    }
}

/// How long what gathers for a member is held back (D8): one frame of a screen. What an audience is told of ink, the bulk
/// of it, gathers in its room already, for longer the more watch.
pub(crate) const TICK: Duration = Duration::from_millis(16);
