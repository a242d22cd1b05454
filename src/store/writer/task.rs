//! The task itself: gather, commit, deliver; and what it does when a commit fails.
//!
//! As many commits run at once as the store can use, each of boards that no other one has.
//! A commit that fails for want of a lock, space, disk or network is tried again, whole, until it works: some of it
//! may be in the log already, and those ops are then answered as known, which tells their room to read the
//! log. A commit that fails because of an op is halved until only that op is left to be refused.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use inkroom_board::element::Flaw;
use inkroom_board::room::Answer;
use inkroom_board::wire::Refusal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::{JoinError, JoinSet};

use super::backlog::Backlog;
use super::part::{Item, Part};
use super::{RETRY_FIRST, RETRY_MOST, WriterState};
use crate::store::{Outcome, Store, StoreError};
use crate::telemetry::Tag;

/// Ends when the queue does and everything in it is committed.
pub(super) async fn run(
    store: Arc<dyn Store>,
    mut queue: mpsc::Receiver<Vec<Item>>,
    state: watch::Sender<WriterState>,
) {
    let reach = store.reach();
    let slots = Arc::new(Semaphore::new(reach.commits));
    let committer = Arc::new(Committer {
        store,
        slots: Arc::clone(&slots),
        state,
        failing: Mutex::new(0),
    });
    let (mut backlog, mut commits, mut is_open) = (Backlog::default(), JoinSet::new(), true);
    while is_open || !backlog.is_empty() {
        // First everything that waits is taken in, so that batches are as large as they can be.
        tokio::select! {
            biased;
            items = queue.recv(), if is_open => match items {
                Some(items) => backlog.push(items),
                None => is_open = false,
            },
            Some(done) = commits.join_next() => backlog.done(finished(done)),
            Ok(slot) = Arc::clone(&slots).acquire_owned(), if backlog.is_ready() => {
                let (boards, part) = backlog.take(reach.boards);
                let committer = Arc::clone(&committer);
                commits.spawn(async move {
                    committer.commit(part, slot).await;
                    boards
                });
            }
        }
    }
}

/// A commit that panicked takes the writer with it: what it did, nobody knows.
fn finished<T>(done: Result<T, JoinError>) -> T {
    done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

struct Committer {
    store: Arc<dyn Store>,
    slots: Arc<Semaphore>,
    state: watch::Sender<WriterState>,
    /// How many commits are being tried again. Held for a moment, never across an await.
    failing: Mutex<usize>,
}

impl Committer {
    async fn commit(&self, part: Part, slot: OwnedSemaphorePermit) {
        let (mut parts, mut slot) = (Vec::from([part]), Some(slot));
        while let Some(part) = parts.pop() {
            match self.outcomes(&part, &mut slot).await {
                Ok(outcomes) => part.deliver(outcomes),
                Err(error) => match refuse_only(&part, &error) {
                    Some(outcomes) => part.deliver(outcomes),
                    None => {
                        let (first, second) = part.halves();
                        parts.extend([second, first]);
                    }
                },
            }
        }
    }

    /// What the store says, however long that takes; an error only if it is about one of the ops. While it waits to
    /// try again it lets others have its slot: what blocks one board may not block the rest.
    async fn outcomes(
        &self,
        part: &Part,
        slot: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<Vec<Vec<Outcome>>, sqlx::Error> {
        let (mut wait, mut has_failed) = (RETRY_FIRST, false);
        let outcomes = loop {
            match self.store.commit(part.batches()).await {
                Ok(outcomes) => break Ok(outcomes),
                Err(StoreError::Data(error)) => break Err(error),
                Err(error) => self.fails(&error, has_failed),
            }
            has_failed = true;
            *slot = None;
            tokio::time::sleep(jittered(wait)).await;
            wait = (wait * 2).min(RETRY_MOST);
            *slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        };
        if has_failed {
            self.works();
        }
        outcomes
    }

    /// A commit will be tried again; `again` if not for the first time.
    fn fails(&self, error: &StoreError, again: bool) {
        let mut failing = self.failing();
        *failing += usize::from(!again);
        let degraded = WriterState::Degraded {
            error: error.to_string(),
        };
        let is_news = self.state.send_if_modified(|state| {
            let is_news = *state != degraded;
            *state = degraded.clone();
            is_news
        });
        if is_news {
            tracing::error!(%error, "a commit failed: trying again until it works, nothing is acknowledged meanwhile");
        }
    }

    /// A commit that failed did not at last.
    fn works(&self) {
        let mut failing = self.failing();
        *failing -= 1;
        if *failing == 0 {
            self.state.send_replace(WriterState::Working);
            tracing::info!("commits work again");
        }
    }

    fn failing(&self) -> MutexGuard<'_, usize> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to an op that the database refuses for what it is; nothing while there are others beside it.
fn refuse_only(part: &Part, error: &sqlx::Error) -> Option<Vec<Vec<Outcome>>> {
    let id = part.only()?.entry.id;
    tracing::error!(op.client = %Tag(id.client), op.n = id.n, %error, "the database refuses an op");
    // Everything that is checked before the store leaves only size as a reason that is not a bug.
    let answer = Answer::Refused(Refusal::Invalid(Flaw::TooLong));
    Some(Vec::from([Vec::from([Outcome::Answered { id, answer }])]))
}

/// Between half of `wait` and all of it, so that servers that failed together do not come back together.
fn jittered(wait: Duration) -> Duration {
    let chance = RandomState::new().hash_one(0u8) % 1_000;
    let half = wait / 2;
    half + half * u32::try_from(chance).unwrap_or(0) / 1_000
}
