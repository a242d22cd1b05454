//! Witness: remembers a few of the ops that commits put into the log, and looks later whether they are still where
//! they were said to be.
//!
//! It is the first promise (ink is never lost) asked of the living system: a standby that took over too early, a
//! database restored from an old backup or a disk that lied show here, whatever everything above was told. What it
//! remembers and when it looks is left to chance, it looks a few times a minute and forgets with the process: it can
//! overlook a loss, but what it counts was lost. Not here: damage to the bytes of an op that is in its place, which
//! whoever reads the log finds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use inkroom_board::ledger::Logged;
use inkroom_board::{BoardId, Chain, OpId, Seq};

use super::{BoardBatch, Outcome, Store, StoreError};
use crate::metrics::Metrics;
use crate::random;
use crate::telemetry::Tag;

/// Most ops that are remembered, of some 60 bytes each. One comes with each turn and drives out any other: at three
/// turns a minute, an op is remembered for six hours on average.
const REMEMBERED: usize = 1_024;

/// A store that is held to what it said.
#[derive(Debug)]
pub struct WitnessStore {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    /// Held for a moment, never across an await.
    memory: Mutex<Memory>,
}

/// Where an op was said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    board: BoardId,
    id: OpId,
    seq: Seq,
    chain: Chain,
}

/// What the log says of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// The op is there.
    There,
    /// It was let go of in order.
    Pruned,
    /// It is not.
    Missing,
}

impl WitnessStore {
    /// Remembers from now on some of what is committed to `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        Self {
            store,
            metrics,
            memory: Mutex::default(),
        }
    }

    /// Looks every so often, give or take a half, for as long as it is let.
    pub async fn watch(self: Arc<Self>, every: Duration) {
        loop {
            tokio::time::sleep(every.mul_f64(0.5 + random::fraction())).await;
            self.turn().await;
        }
    }

    /// Looks for one of the ops that were committed since the last turn, and for one from before.
    pub async fn turn(&self) {
        let some = self.memory().recall(random::fraction());
        for place in some.into_iter().flatten() {
            match self.look(place).await {
                Ok(Found::There) => {
                    self.metrics.acked_reread.inc();
                    self.remember(place);
                }
                Ok(Found::Missing) => {
                    self.metrics.acked_reread.inc();
                    self.miss(place);
                }
                Ok(Found::Pruned) => {}
                // Nobody knows: to be looked for another time.
                Err(_) => self.remember(place),
            }
        }
    }

    async fn look(&self, place: Place) -> Result<Found, StoreError> {
        match self.store.tail(place.board, place.seq - 1, 1).await {
            Ok(tail) if tail.first().is_some_and(|logged| place.is_of(logged)) => Ok(Found::There),
            Err(StoreError::Pruned { .. }) => Ok(Found::Pruned),
            Ok(_) | Err(StoreError::NotFound | StoreError::Damaged { .. }) => Ok(Found::Missing),
            Err(error) => Err(error),
        }
    }

    fn miss(&self, place: Place) {
        self.metrics.acked_then_missing.inc();
        let Place { board, id, seq, .. } = place;
        tracing::error!(board.id = %Tag(board), seq, op.client = %Tag(id.client), op.n = id.n,
            "an op that was saved is not in the log any more");
    }

    fn remember(&self, place: Place) {
        self.memory().remember(place, random::fraction());
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for WitnessStore {
    fn below(&self) -> &dyn Store {
        &*self.store
    }

    async fn commit(&self, batch: &[BoardBatch]) -> Result<Vec<Vec<Outcome>>, StoreError> {
        let outcomes = self.store.commit(batch).await?;
        let places = batch.iter().zip(&outcomes).flat_map(places);
        self.memory().offer(places, random::fraction());
        Ok(outcomes)
    }
}

/// Where the ops are that one board's log got.
fn places((part, outcomes): (&BoardBatch, &Vec<Outcome>)) -> impl Iterator<Item = Place> + Clone {
    outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Logged(logged) => Some(Place::of(part.board, logged)),
        Outcome::Answered { .. } => None,
    })
}

impl Place {
    fn of(board: BoardId, logged: &Logged) -> Self {
        Self {
            board,
            id: logged.entry.id,
            seq: logged.seq,
            chain: logged.chain,
        }
    }

    fn is_of(&self, logged: &Logged) -> bool {
        *self == Self::of(self.board, logged)
    }
}

/// The ops that are to be looked for. Chances are fractions: at least 0, less than 1.
#[derive(Debug, Default)]
struct Memory {
    /// How many ops were committed since the last turn …
    offered: usize,
    /// … and one of them, each as likely as any other.
    fresh: Option<Place>,
    /// From earlier turns, in no order.
    kept: Vec<Place>,
}

impl Memory {
    /// These ops were committed.
    fn offer(&mut self, mut ops: impl Iterator<Item = Place> + Clone, chance: f64) {
        self.offered += ops.clone().count();
        if let Some(place) = ops.nth(nth(chance, self.offered)) {
            self.fresh = Some(place);
        }
    }

    /// Takes out one op that was committed since the last turn, and one from before.
    fn recall(&mut self, chance: f64) -> [Option<Place>; 2] {
        self.offered = 0;
        let at = nth(chance, self.kept.len());
        let kept = (at < self.kept.len()).then(|| self.kept.swap_remove(at));
        [self.fresh.take(), kept]
    }

    /// Keeps an op for a later turn, in place of another one if there are as many as may be.
    fn remember(&mut self, place: Place, chance: f64) {
        if self.kept.len() == REMEMBERED {
            self.kept.swap_remove(nth(chance, REMEMBERED));
        }
        self.kept.push(place);
    }
}

/// One of `of` numbers from 0 on, by chance.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "between 0 and a number of ops"
)]
fn nth(chance: f64, of: usize) -> usize {
    (chance * of as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seq: Seq) -> Place {
        Place {
            board: BoardId::default(),
            id: OpId {
                client: inkroom_board::ClientId::default(),
                n: 1,
            },
            seq,
            chain: Chain([0; 8]),
        }
    }

    fn seqs(places: &[Option<Place>]) -> Vec<Seq> {
        let seqs = places.iter().flatten().map(|place| place.seq);
        seqs.collect()
    }

    #[test]
    fn each_op_of_a_turn_is_as_likely_to_be_looked_for() {
        let mut picked = [0; 6];
        // Two ops, then one, then three: all chances by twelfths, each as often.
        for chances in 0..12 * 12 * 12 {
            let chance = |n: u32| f64::from(chances / n % 12) / 12.0 + 0.01;
            let mut memory = Memory::default();
            memory.offer([place(0), place(1)].into_iter(), chance(1));
            memory.offer([place(2)].into_iter(), chance(12));
            memory.offer([place(3), place(4), place(5)].into_iter(), chance(144));
            for seq in seqs(&memory.recall(0.0)) {
                if let Some(count) = usize::try_from(seq).ok().and_then(|at| picked.get_mut(at)) {
                    *count += 1;
                }
            }
        }
        assert_eq!(picked, [12 * 12 * 12 / 6; 6]);
    }

    #[test]
    fn a_turn_looks_for_a_fresh_op_and_one_from_before() {
        let mut memory = Memory::default();
        assert_eq!(memory.recall(0.5), [None, None]);
        for seq in 1..=4 {
            memory.remember(place(seq), 0.0);
        }
        memory.offer([place(9)].into_iter(), 0.7);
        memory.offer(std::iter::empty(), 0.7);
        assert_eq!(seqs(&memory.recall(0.5)), [9, 3]);
        assert_eq!(
            seqs(&memory.recall(0.99)),
            [4],
            "nothing was committed since"
        );
    }

    #[test]
    fn no_more_is_remembered_than_may_be() {
        let mut memory = Memory::default();
        let most = Seq::try_from(REMEMBERED).unwrap_or(Seq::MAX);
        for seq in 1..=2 * most {
            memory.remember(place(seq), 0.999_999);
        }
        assert_eq!(memory.kept.len(), REMEMBERED);
        assert_eq!(memory.kept.last(), Some(&place(2 * most)));
    }
}
