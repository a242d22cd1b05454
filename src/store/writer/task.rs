//! The task itself: gather, commit, deliver; and what it does when a commit fails.
//!
//! A commit that fails for want of a lock, space, disk or network is tried again, whole, until it works: some of it
//! may be in the log already, and those ops are then answered as known, which tells their room to read the
//! log. A commit that fails because of an op is halved until only that op is left to be refused.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use inkroom_board::element::Flaw;
use inkroom_board::room::Answer;
use inkroom_board::wire::Refusal;
use tokio::sync::{mpsc, watch};

use super::part::{Item, Part};
use super::{BATCH_BYTES, BATCH_OPS, RETRY_FIRST, RETRY_MOST, WriterState};
use crate::store::{Outcome, Store, StoreError};
use crate::telemetry::Tag;

pub(super) async fn run(
    store: Arc<dyn Store>,
    mut queue: mpsc::Receiver<Vec<Item>>,
    state: watch::Sender<WriterState>,
) {
    let committer = Committer { store, state };
    while let Some(first) = queue.recv().await {
        committer.commit(gather(first, &mut queue)).await;
    }
}

/// What waits by now, up to a batch.
fn gather(first: Vec<Item>, queue: &mut mpsc::Receiver<Vec<Item>>) -> Part {
    let mut items = first;
    let size = |items: &[Item]| items.iter().map(|item| item.op.stored.len()).sum::<usize>();
    let mut bytes = size(&items);
    while items.len() < BATCH_OPS && bytes < BATCH_BYTES {
        let Ok(more) = queue.try_recv() else { break };
        bytes += size(&more);
        items.extend(more);
    }
    Part::new(items)
}

struct Committer {
    store: Arc<dyn Store>,
    state: watch::Sender<WriterState>,
}

impl Committer {
    async fn commit(&self, part: Part) {
        let mut parts = Vec::from([part]);
        while let Some(part) = parts.pop() {
            match self.outcomes(&part).await {
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

    /// What the store says, however long that takes; an error only if it is about one of the ops.
    async fn outcomes(&self, part: &Part) -> Result<Vec<Vec<Outcome>>, sqlx::Error> {
        let mut wait = RETRY_FIRST;
        loop {
            match self.store.commit(part.batches()).await {
                Ok(outcomes) => {
                    self.works();
                    return Ok(outcomes);
                }
                Err(StoreError::Data(error)) => return Err(error),
                Err(error) => self.fails(&error),
            }
            tokio::time::sleep(jittered(wait)).await;
            wait = (wait * 2).min(RETRY_MOST);
        }
    }

    fn works(&self) {
        let was_degraded = self.state.send_if_modified(|state| {
            let before = std::mem::replace(state, WriterState::Working);
            before != WriterState::Working
        });
        if was_degraded {
            tracing::info!("commits work again");
        }
    }

    fn fails(&self, error: &StoreError) {
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
