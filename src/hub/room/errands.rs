//! What a room has done elsewhere while it goes on: reading what it misses, loading its board anew, keeping snapshots.
//!
//! One reading at a time: a second wish meanwhile is carried out after it, since what it asks for may have been
//! committed after the first one looked.

use std::sync::Arc;
use std::time::Duration;

use inkroom_board::ledger::Logged;
use inkroom_board::room::{Effect, Opening};
use inkroom_board::wire::CloseCode;
use inkroom_board::{Position, Seq};
use tokio::task::JoinError;
use tokio::time::Instant;

use super::{State, Task};
use crate::store::{Kept, Snapshot, StoreError, policy};
use crate::telemetry::Tag;

/// Most ops that are read at once; more are read in turns, with everything else in between.
const TAIL_OPS: usize = 1_000;
/// When the store fails, it is asked again after so long.
const AGAIN: Duration = Duration::from_millis(500);
/// What the store says of a log may be older than what the room has heard since, but not by so much.
const AHEAD: Duration = Duration::from_secs(3);
/// When a snapshot was not kept, the next one is tried after so long, in ms: the log has everything meanwhile.
const SNAPSHOT_AGAIN_MS: u64 = 60_000;

/// An errand that is done.
#[derive(Debug)]
pub(super) enum Done {
    /// The log after some position.
    Tail(Result<Vec<Logged>, StoreError>),
    /// The whole board.
    Loaded(Box<Result<Opening, StoreError>>),
    /// A snapshot at this seq was given to the store; nothing if nobody knows what became of it.
    Snapshot(Seq, Option<Kept>),
    /// Nothing that the room waits for.
    Other,
}

/// What is being read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Nothing.
    #[default]
    No,
    /// The log; and perhaps more of it afterwards.
    Tail { again: bool },
    /// The whole board.
    All,
}

/// When a snapshot is due.
#[derive(Debug)]
pub(super) struct Snapshots {
    newest: Seq,
    bytes_since: usize,
    last_op_ms: u64,
    is_at_work: bool,
    not_before_ms: u64,
}

impl Snapshots {
    /// Of a board that was just loaded: what is in its log by then was replayed quickly enough.
    pub(super) fn new(head: Seq) -> Self {
        Self {
            newest: head,
            bytes_since: 0,
            last_op_ms: 0,
            is_at_work: false,
            not_before_ms: 0,
        }
    }

    pub(super) fn count(&mut self, logged: &[Logged], now_ms: u64) {
        if !logged.is_empty() {
            self.bytes_since += logged.iter().map(|logged| logged.size).sum::<usize>();
            self.last_op_ms = now_ms;
        }
    }

    fn is_due(&self, head: Seq, now_ms: u64, is_leaving: bool) -> bool {
        let idle_ms = now_ms.saturating_sub(self.last_op_ms);
        let due = policy::snapshot_due(head, self.newest, self.bytes_since, idle_ms)
            || (is_leaving && head > self.newest);
        due && !self.is_at_work && now_ms >= self.not_before_ms
    }
}

impl Task {
    pub(super) fn returned(&mut self, done: Result<Done, JoinError>) -> Vec<Effect> {
        match done {
            Ok(Done::Tail(tail)) => self.read_tail(tail),
            Ok(Done::Loaded(loaded)) => self.loaded(*loaded),
            Ok(Done::Snapshot(seq, kept)) => self.kept_snapshot(seq, kept),
            Ok(Done::Other) => Vec::new(),
            Err(error) => {
                tracing::error!(board.id = %Tag(self.board), %error, "an errand of a room failed");
                self.reading = Reading::No;
                self.snapshots.is_at_work = false;
                Vec::new()
            }
        }
    }

    /// The store says where the log ends.
    pub(super) fn compare(&mut self, head: Position) -> Vec<Effect> {
        let here = self.room.document().position();
        if self.room.is_read_only() && head.epoch == here.epoch {
            // Of a damaged log this is all there is: reading it again would find the same damage.
            return Vec::new();
        }
        let is_other = head.epoch != here.epoch
            || (head.seq == here.seq && head.chain != here.chain)
            || self.is_ahead_for_long(head.seq);
        if is_other {
            self.reload();
        } else if head.seq > here.seq {
            return self.catch_up();
        }
        Vec::new()
    }

    /// Whether the room has had, for long, what is not in the store: it was forged, or the store went back.
    fn is_ahead_for_long(&mut self, head: Seq) -> bool {
        let here = self.room.document().position().seq;
        if head >= here {
            self.ahead = None;
            return false;
        }
        let same = self.ahead.filter(|(seq, _)| *seq == here);
        let (_, since) = *self.ahead.insert(same.unwrap_or((here, Instant::now())));
        since.elapsed() >= AHEAD
    }

    /// Reads what is missing, behind what is here.
    pub(super) fn catch_up(&mut self) -> Vec<Effect> {
        if self.room.is_read_only() {
            return Vec::new();
        }
        match &mut self.reading {
            Reading::No => self.read_after(self.room.document().position().seq, Duration::ZERO),
            Reading::Tail { again } => *again = true,
            Reading::All => {}
        }
        Vec::new()
    }

    fn read_after(&mut self, seq: Seq, wait: Duration) {
        self.reading = Reading::Tail { again: false };
        let (store, board) = (Arc::clone(&self.around.store), self.board);
        self.errands.spawn(async move {
            tokio::time::sleep(wait).await;
            Done::Tail(store.tail(board, seq, TAIL_OPS).await)
        });
    }

    fn read_tail(&mut self, tail: Result<Vec<Logged>, StoreError>) -> Vec<Effect> {
        let again = matches!(
            std::mem::take(&mut self.reading),
            Reading::Tail { again: true }
        );
        match tail {
            Ok(logged) => {
                if !logged.is_empty() {
                    self.around.metrics.sql_heal.inc();
                }
                let more = again || logged.len() == TAIL_OPS;
                let effects = self.take_in(&logged);
                // First what was read, so that the next reading begins behind it.
                self.perform(effects);
                self.take_in_parked();
                if more { self.catch_up() } else { Vec::new() }
            }
            Err(StoreError::Unavailable(error)) => {
                tracing::warn!(board.id = %Tag(self.board), %error, "the log cannot be read");
                self.read_after(self.room.document().position().seq, AGAIN);
                Vec::new()
            }
            Err(_) => Vec::from([Effect::Reload]),
        }
    }

    /// Begins anew from the store.
    pub(super) fn reload(&mut self) {
        if self.reading != Reading::All {
            self.around.metrics.chain_mismatch.inc();
            tracing::error!(board.id = %Tag(self.board), "this room and the store differ: loading the board anew");
            self.load(Duration::ZERO);
        }
    }

    fn load(&mut self, wait: Duration) {
        self.reading = Reading::All;
        let (store, board) = (Arc::clone(&self.around.store), self.board);
        self.errands.spawn(async move {
            tokio::time::sleep(wait).await;
            Done::Loaded(Box::new(store.load(board).await))
        });
    }

    fn loaded(&mut self, loaded: Result<Opening, StoreError>) -> Vec<Effect> {
        if self.reading != Reading::All {
            return Vec::new();
        }
        self.reading = Reading::No;
        match loaded {
            Ok(opening) => {
                self.snapshots = Snapshots::new(opening.document.position().seq);
                self.state = State::of(&opening);
                self.view = None;
                self.room.replace(opening)
            }
            Err(StoreError::NotFound | StoreError::Damaged { .. }) => {
                self.close_all(CloseCode::NotFound)
            }
            Err(error) => {
                tracing::warn!(board.id = %Tag(self.board), %error, "the board cannot be loaded");
                self.load(AGAIN);
                Vec::new()
            }
        }
    }

    fn close_all(&self, code: CloseCode) -> Vec<Effect> {
        self.members
            .keys()
            .map(|member| Effect::Close {
                member: *member,
                code,
            })
            .collect()
    }

    pub(super) fn is_snapshot_due(&self, is_leaving: bool) -> bool {
        let head = self.room.document().position().seq;
        !self.room.is_read_only() && self.snapshots.is_due(head, self.now_ms(), is_leaving)
    }

    pub(super) fn snapshot_if_due(&mut self, is_leaving: bool) {
        if !self.is_snapshot_due(is_leaving) {
            return;
        }
        let now_ms = self.now_ms();
        self.snapshots.is_at_work = true;
        self.snapshots.bytes_since = 0;
        let (store, board, view) = (Arc::clone(&self.around.store), self.board, self.view());
        self.errands.spawn(async move {
            let seq = view.position().seq;
            let made = tokio::task::spawn_blocking(move || Snapshot::of(view.document())).await;
            let Ok(snapshot) = made else {
                return Done::Snapshot(seq, None);
            };
            let kept = store.put_snapshot(board, snapshot).await;
            let pruned = store.prune(board, now_ms).await;
            let done = kept.and_then(|kept| pruned.map(|_| kept));
            if let Err(error) = &done {
                tracing::warn!(board.id = %Tag(board), %error, "the board's upkeep failed");
            }
            Done::Snapshot(seq, done.ok())
        });
    }

    fn kept_snapshot(&mut self, seq: Seq, kept: Option<Kept>) -> Vec<Effect> {
        self.snapshots.is_at_work = false;
        let Some(kept) = kept else {
            // Left for later rather than tried every second, also by a room that wants to close.
            self.snapshots.not_before_ms = self.now_ms() + SNAPSHOT_AGAIN_MS;
            return Vec::new();
        };
        self.snapshots.newest = self.snapshots.newest.max(seq);
        self.snapshots.not_before_ms = 0;
        if kept != Kept::Mismatch {
            self.state.keep(seq);
        }
        Vec::new()
    }
}
