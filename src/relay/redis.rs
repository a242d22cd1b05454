//! The relay of several processes: Redis pub/sub, and a few keys beside it.
//!
//! Nothing in Redis is needed, nothing in it is believed, and nobody waits for it. Publishing goes into a bounded queue
//! (`outbox`) that one task empties (`publish`); another task keeps the subscriptions (`listen`). Each has a
//! connection of its own, so that a flood of messages does not hold up answers, and makes it again for ever. Redis
//! being away, at the start or at any time, is a matter of [`RelayHealth`] and never an error.

mod access;
mod beat;
mod bodies;
mod commands;
mod cursors;
mod health;
mod keys;
mod listen;
mod listeners;
mod outbox;
mod publish;
mod rooms;
mod seats;
mod tallies;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use inkroom_board::room::Murmur;
use inkroom_board::wire::Format;
use inkroom_board::{BoardId, MemberId, NodeId, PersonId, Pos};
use redis::Pipeline;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::inbox::{Inbox, Outlet};
use crate::metrics::Figures;

use super::{Hint, News, Relay, RelayCounters, RelayHealth, RoomState, Subscription};

pub use access::{BadAccess, Pace, RedisAccess};
pub use beat::NodeBeat;

use access::Link;
use beat::Beats;
use commands::Commands;
use cursors::Cursors;
use health::Health;
use keys::Keys;
use listeners::Listeners;
use outbox::Outbox;
use rooms::Rooms;
use seats::Seats;

/// What a room or a page waits for what Redis remembers of a board.
const RECALL: Duration = Duration::from_millis(100);
/// What the end of a server waits for Redis.
const GOODBYE: Duration = Duration::from_secs(1);

/// This server's end of the relay. Dropping it ends it without a goodbye.
#[derive(Debug)]
pub struct RedisRelay {
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stop: DropGuard,
}

/// What the relay and its two tasks share.
#[derive(Debug)]
struct Shared {
    node: NodeId,
    keys: Keys,
    link: Link,
    commands: Commands,
    outbox: Outbox,
    listeners: Arc<Listeners>,
    rooms: Rooms,
    seats: Seats,
    cursors: Cursors,
    beats: Mutex<Beats>,
    health: Health,
    counters: Arc<RelayCounters>,
}

impl RedisRelay {
    /// Begins to connect, and goes on trying. Must be called within a runtime.
    ///
    /// # Errors
    /// [`BadAccess`]; that Redis is away is none.
    pub fn start(url: &str, prefix: Option<&str>, node: NodeId) -> Result<Self, BadAccess> {
        Self::with(&RedisAccess::new(url, prefix), node)
    }

    /// The same with everything that can be said about it.
    ///
    /// # Errors
    /// [`BadAccess`]; that Redis is away is none.
    pub fn with(access: &RedisAccess, node: NodeId) -> Result<Self, BadAccess> {
        let counters = Arc::new(RelayCounters::default());
        let shared = Arc::new(Shared {
            node,
            keys: access.keys()?,
            link: access.link()?,
            commands: Commands::default(),
            outbox: Outbox::new(Arc::clone(&counters)),
            listeners: Arc::new(Listeners::default()),
            rooms: Rooms::default(),
            seats: Seats::default(),
            cursors: Cursors::default(),
            beats: Mutex::default(),
            health: Health::new(Arc::clone(&counters)),
            counters,
        });
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(publish::run(Arc::clone(&shared), stop.clone()));
        tasks.spawn(listen::run(Arc::clone(&shared), stop.clone()));
        tasks.close();
        Ok(Self {
            shared,
            tasks,
            _stop: stop.clone().drop_guard(),
            stop,
        })
    }

    /// What it has counted so far.
    #[must_use]
    pub fn counters(&self) -> Arc<RelayCounters> {
        Arc::clone(&self.shared.counters)
    }
}

impl RedisRelay {
    /// What a room that opens is told before anything that is new.
    async fn remembered(&self, board: BoardId) -> Vec<News> {
        let mut news = self.pointing(board).await;
        let known = self.recall(&[board]).await;
        news.extend(known.get(&board).map(|state| News::Head(state.head)));
        news
    }
}

impl Shared {
    fn beats(&self) -> MutexGuard<'_, Beats> {
        self.beats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Relay for RedisRelay {
    fn node(&self) -> Option<NodeId> {
        Some(self.shared.node)
    }

    async fn servers(&self) -> Option<Vec<NodeBeat>> {
        self.nodes().await
    }

    fn figures(&self, figures: &mut Figures) {
        let is_healthy = *self.shared.health.watch().borrow() == RelayHealth::Healthy;
        self.shared.counters.tell(is_healthy, figures);
    }

    fn publish(&self, hint: Hint) {
        self.shared.outbox.put_hint(hint);
    }

    fn murmur(&self, board: BoardId, murmur: Murmur) {
        let murmur = Format::Binary.encode(&murmur);
        self.shared.outbox.put_murmur(board, murmur);
    }

    async fn subscribe(&self, board: BoardId) -> Box<dyn Subscription> {
        let inbox = Arc::new(Inbox::default());
        let (listening, mut confirmed) = self.shared.listeners.listen(board, &inbox);
        let in_force = async { confirmed.wait_for(|is_so| *is_so).await.is_ok() };
        let is_in_force = timeout(self.shared.link.pace.confirm, in_force).await;
        if is_in_force == Ok(true) {
            for news in self.remembered(board).await {
                inbox.put_first(news);
            }
        }
        listening.goes_on();
        Box::new(Outlet {
            inbox,
            _guard: listening,
        })
    }

    fn health(&self) -> watch::Receiver<RelayHealth> {
        self.shared.health.watch()
    }

    fn remember(&self, board: BoardId, state: RoomState, title: &str) {
        self.shared.rooms.put(board, state, title);
    }

    async fn recall(&self, boards: &[BoardId]) -> HashMap<BoardId, RoomState> {
        self.recall_rooms(boards).await
    }

    fn seats(&self, board: BoardId, members: &[MemberId]) {
        self.shared.seats.set(board, members);
    }

    fn cursors(&self, board: BoardId, cursors: &[(MemberId, Pos)]) {
        self.shared.cursors.put(board, cursors);
    }

    async fn here(&self, board: BoardId) -> Option<usize> {
        let users = self.shared.keys.users(board);
        let look = |pipeline: &mut Pipeline, now_ms| {
            let expire = pipeline.cmd("ZREMRANGEBYSCORE").arg(&users);
            expire.arg("-inf").arg(now_ms).ignore();
            pipeline.cmd("ZCARD").arg(&users);
        };
        let (here,) = self.shared.commands.ask(RECALL, look).await?;
        Some(here)
    }

    async fn tally(&self, what: &'static str, person: PersonId, window: Duration) -> Option<u64> {
        self.count_in_window(what, person, window).await
    }

    async fn close(&self) {
        self.stop.cancel();
        // Redis being away, there is nobody to say goodbye to.
        let _ = timeout(GOODBYE, self.tasks.wait()).await;
    }
}
