//! A store whose work is counted, timed and traced; everything it does is the inner one's doing.
//!
//! Around the store rather than inside each: so every kind of store is measured alike, and none knows of it.

use std::sync::Arc;

use async_trait::async_trait;
use inkroom_board::ledger::{ClientHead, Genesis, Logged};
use inkroom_board::room::Opening;
use inkroom_board::wire::Profile;
use inkroom_board::{BoardId, ClientId, NodeId, PersonId, Position, Seq};
use tokio::time::Instant;
use tracing::{Instrument, info_span};

use super::{Figures, Metrics};
use crate::store::{
    BoardBatch, BoardCard, Kept, Newest, Outcome, Pruned, Reach, Snapshot, Store, StoreError,
    StoreHealth,
};
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

    fn reach(&self) -> Reach {
        self.store.reach()
    }

    async fn newest(&self, board: BoardId) -> Result<Option<Newest>, StoreError> {
        self.store.newest(board).await
    }

    async fn beat(&self, node: NodeId, degraded: bool) -> Result<bool, StoreError> {
        self.store.beat(node, degraded).await
    }

    async fn key(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.store.key(name, fresh).await
    }

    async fn leave(&self, node: NodeId) -> Result<(), StoreError> {
        self.store.leave(node).await
    }

    async fn create(&self, genesis: &Genesis, at_ms: u64) -> Result<(), StoreError> {
        self.store.create(genesis, at_ms).await
    }

    async fn tail(
        &self,
        board: BoardId,
        after: Seq,
        most: usize,
    ) -> Result<Vec<Logged>, StoreError> {
        self.store.tail(board, after, most).await
    }

    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        self.store.heads(boards).await
    }

    async fn client(
        &self,
        board: BoardId,
        client: ClientId,
    ) -> Result<Option<ClientHead>, StoreError> {
        self.store.client(board, client).await
    }

    async fn snapshot(
        &self,
        board: BoardId,
        epoch: u64,
        seq: Seq,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.snapshot(board, epoch, seq).await
    }

    async fn prune(&self, board: BoardId, now_ms: u64) -> Result<Pruned, StoreError> {
        self.store.prune(board, now_ms).await
    }

    async fn person(&self, id: PersonId) -> Result<Option<Profile>, StoreError> {
        self.store.person(id).await
    }

    async fn put_person(&self, profile: &Profile, at_ms: u64) -> Result<(), StoreError> {
        self.store.put_person(profile, at_ms).await
    }

    async fn touch_person(&self, id: PersonId, at_ms: u64) -> Result<(), StoreError> {
        self.store.touch_person(id, at_ms).await
    }

    async fn boards(&self, ids: &[BoardId]) -> Result<Vec<BoardCard>, StoreError> {
        self.store.boards(ids).await
    }

    async fn health(&self) -> StoreHealth {
        self.store.health().await
    }

    fn figures(&self, figures: &mut Figures) {
        self.store.figures(figures);
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
