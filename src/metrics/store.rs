//! A store whose work is counted, timed and traced; everything it does is the inner one's doing.
//!
//! Around the store rather than inside each: so every kind of store is measured alike, and none knows of it.

use std::sync::Arc;

use async_trait::async_trait;
use inkroom_board::BoardId;
use inkroom_board::room::Opening;
use tokio::time::Instant;
use tracing::{Instrument, info_span};

use super::Metrics;
use crate::store::{BoardBatch, Kept, Outcome, Snapshot, Store, StoreError};
use crate::telemetry::Tag;

/// A store and who measures it.
#[derive(Debug)]
pub struct MeasuredStore {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
}

impl MeasuredStore {
    /// Measures `store` from now on.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics }
    }

    #[expect(clippy::cast_precision_loss, reason = "a batch has hundreds of ops")]
    fn committed(&self, ops: usize, since: Instant, is_done: bool) {
        self.metrics
            .commit_latency
            .observe(since.elapsed().as_secs_f64());
        self.metrics.batch_size.observe(ops as f64);
        if !is_done {
            self.metrics.commit_failed.inc();
        }
    }
}

#[async_trait]
impl Store for MeasuredStore {
    fn below(&self) -> &dyn Store {
        &*self.store
    }

    async fn commit(&self, batch: &[BoardBatch]) -> Result<Vec<Vec<Outcome>>, StoreError> {
        let ops = batch.iter().map(|one| one.ops.len()).sum();
        let span = info_span!("commit", ops, boards = batch.len());
        let since = Instant::now();
        let done = self.store.commit(batch).instrument(span).await;
        self.committed(ops, since, done.is_ok());
        done
    }

    async fn load(&self, board: BoardId) -> Result<Opening, StoreError> {
        let span = info_span!("load board", board.id = %Tag(board));
        self.store.load(board).instrument(span).await
    }

    async fn put_snapshot(&self, board: BoardId, snapshot: Snapshot) -> Result<Kept, StoreError> {
        let span = info_span!(
            "keep snapshot",
            board.id = %Tag(board),
            seq = snapshot.position.seq,
            size_bytes = snapshot.body.len()
        );
        self.store
            .put_snapshot(board, snapshot)
            .instrument(span)
            .await
    }
}
