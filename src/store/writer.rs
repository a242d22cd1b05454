//! Writer: the one task that commits for the whole server.
//!
//! It batches without a timer: while one commit runs, the next batch gathers, so a lone stroke waits for nobody
//! and a crowd shares its flushes to the disk. How many commits run at once is the store's to say; those of one
//! board follow each other, and one that is tried again holds up no other board. Rooms submit through a [`Lane`] and never wait: a full queue says so
//! at once. Nor does the writer ever wait for a room: a lane's permits are taken before an op is queued and given
//! back when the room has taken the outcome, so there is always a place for it, and two queues that wait for
//! each other cannot happen. Not here: who may do what ([`inkroom_board::ledger`]), SQL.

mod backlog;
mod gauge;
mod part;
mod task;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use inkroom_board::ledger::Logged;
use inkroom_board::room::Answer;
use inkroom_board::{BoardId, Entry, OpId, limits};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::{Outcome, Store, Submitted};
use gauge::{Gauge, Permit};
use part::Item;

/// Most ops of one board between its room and the log and back …
pub const LANE_OPS: usize = limits::OPS_ON_THE_WAY;
/// … and most bytes of them.
pub const LANE_BYTES: usize = limits::BYTES_ON_THE_WAY;
/// Most ops of all boards that wait to be committed …
pub const QUEUE_OPS: usize = 16 * 1_024;
/// … and most bytes of them. In memory they take a few times as much.
pub const QUEUE_BYTES: usize = 32 * 1024 * 1024;
/// Most ops that are gathered for one commit …
pub const BATCH_OPS: usize = 512;
/// … and most bytes: beyond that a commit takes longer than the flush that it saves.
pub const BATCH_BYTES: usize = 1024 * 1024;
/// The first wait after a failed commit …
pub const RETRY_FIRST: Duration = Duration::from_millis(100);
/// … and the longest: each is twice the one before, less up to half of it by chance.
pub const RETRY_MOST: Duration = Duration::from_secs(2);

/// How saving goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriterState {
    /// No commit has failed that did not work after all.
    Working,
    /// Commits fail and are tried again; nothing of theirs is acknowledged meanwhile.
    Degraded {
        /// What the store says.
        error: String,
    },
}

/// A handle on the writer; clones are of the same one.
#[derive(Debug, Clone)]
pub struct Writer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Gone when the writer is shutting down. The lock is held for a moment, never across an await.
    queue: Mutex<Option<mpsc::Sender<Vec<Item>>>>,
    waiting: Arc<Gauge>,
    state: watch::Receiver<WriterState>,
    task: Mutex<Option<JoinHandle<()>>>,
    lanes: AtomicU64,
}

/// One room's way to the writer and back. While a room lives it keeps one.
#[derive(Debug)]
pub struct Lane {
    writer: Writer,
    end: Arc<LaneEnd>,
    gauge: Arc<Gauge>,
}

/// Where the outcomes of a lane go.
#[derive(Debug)]
struct LaneEnd {
    id: u64,
    board: BoardId,
    /// As many places as the lane has permits, and each message holds at least one: it is never full.
    outcomes: mpsc::Sender<Committed>,
}

/// Why ops were not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// As many wait as may: come back in a moment.
    #[error("the queue is full")]
    Full,
    /// The server is about to stop.
    #[error("the writer is shutting down")]
    ShuttingDown,
}

/// Ops that were not queued, none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// Which.
    pub ids: Vec<OpId>,
    /// Why.
    pub why: Busy,
}

/// What one commit did to one board.
#[derive(Debug)]
pub struct Committed {
    outcomes: Vec<Outcome>,
    _permits: Vec<Permit>,
}

impl Committed {
    /// In the order in which the ops were submitted.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Taken apart for [`inkroom_board::Room::committed`], and then [`inkroom_board::Room::answered`] for each of the
    /// others: an answer may be about an op that is among the logged ones.
    #[must_use]
    pub fn into_parts(self) -> (Vec<Logged>, Vec<(OpId, Answer)>) {
        let (mut logged, mut answers) = (Vec::new(), Vec::new());
        for outcome in self.outcomes {
            match outcome {
                Outcome::Logged(line) => logged.push(line),
                Outcome::Answered { id, answer } => answers.push((id, answer)),
            }
        }
        (logged, answers)
    }
}

impl Writer {
    /// Starts the task.
    #[must_use]
    pub fn start(store: Arc<dyn Store>) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_OPS);
        let (states, state) = watch::channel(WriterState::Working);
        let task = tokio::spawn(task::run(store, receiver, states));
        Self(Arc::new(Shared {
            queue: Mutex::new(Some(sender)),
            waiting: Gauge::new(QUEUE_OPS, QUEUE_BYTES),
            state,
            task: Mutex::new(Some(task)),
            lanes: AtomicU64::new(0),
        }))
    }

    /// A lane for a room, and where its outcomes arrive in commit order.
    #[must_use]
    pub fn lane(&self, board: BoardId) -> (Lane, mpsc::Receiver<Committed>) {
        let (outcomes, receiver) = mpsc::channel(LANE_OPS);
        let id = self.0.lanes.fetch_add(1, Ordering::Relaxed);
        let end = Arc::new(LaneEnd {
            id,
            board,
            outcomes,
        });
        let lane = Lane {
            writer: self.clone(),
            end,
            gauge: Gauge::new(LANE_OPS, LANE_BYTES),
        };
        (lane, receiver)
    }

    /// How saving goes, to look at and to wait for. It ends when the writer does.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<WriterState> {
        self.0.state.clone()
    }

    /// Whether the task is over: after [`Self::shutdown`], or because it broke.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.state.has_changed().is_err()
    }

    /// Waits for the end of the task.
    pub async fn ended(&self) {
        let mut state = self.state();
        while state.changed().await.is_ok() {}
    }

    /// How many ops wait to be committed, those of a commit that runs or is tried again included.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.waiting.ops()
    }

    /// How many bytes these ops have, as stored.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.0.waiting.bytes()
    }

    /// Takes no more ops and commits those that wait, for as long as `deadline` allows. Answers how many were
    /// given up: nobody was told that they are in the log, so their clients send them again.
    pub async fn shutdown(&self, deadline: Duration) -> usize {
        drop(
            self.0
                .queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let task = self
            .0
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut task) = task else { return 0 };
        if tokio::time::timeout(deadline, &mut task).await.is_ok() {
            return 0;
        }
        let left = self.waiting();
        task.abort();
        let _ = task.await;
        left
    }

    fn queue(&self, items: Vec<Item>) -> Result<(), Busy> {
        let queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = queue.as_ref().ok_or(Busy::ShuttingDown)?;
        sender.try_send(items).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Busy::Full,
            mpsc::error::TrySendError::Closed(_) => Busy::ShuttingDown,
        })
    }
}

impl Lane {
    /// Queues ops, all or none, behind those queued before. Never waits.
    ///
    /// # Errors
    /// The ids of the ops and why they were not queued.
    pub fn try_submit(&self, entries: Vec<Entry>) -> Result<(), Turned> {
        let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        let ops: Vec<_> = entries.into_iter().map(Submitted::from).collect();
        let queued = if ops.is_empty() {
            Ok(())
        } else {
            self.items(ops).and_then(|items| self.writer.queue(items))
        };
        queued.map_err(|why| Turned { ids, why })
    }

    /// How many ops are between this room and the log and back.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.gauge.ops()
    }

    fn items(&self, ops: Vec<Submitted>) -> Result<Vec<Item>, Busy> {
        let sizes: Vec<_> = ops.iter().map(|op| op.stored.len()).collect();
        let places = self.gauge.try_take(&sizes).ok_or(Busy::Full)?;
        let waits = self.writer.0.waiting.try_take(&sizes).ok_or(Busy::Full)?;
        let items = ops.into_iter().zip(places).zip(waits);
        Ok(items
            .map(|((op, place), wait)| Item {
                lane: Arc::clone(&self.end),
                op,
                place,
                wait,
            })
            .collect())
    }
}
