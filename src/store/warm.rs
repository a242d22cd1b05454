//! Warm boards: a store that opens a board without reading its log where a cache has the board's newest snapshot.
//!
//! Only SQL says where the head is and what the snapshot's bytes hash to; the cache merely has the bytes, so it can be
//! empty, old or forged without any harm. Anything odd, and the board opens as the store alone would open it. Not
//! here: where the bytes are kept ([`Bodies`]).

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use inkroom_board::room::Opening;
use inkroom_board::{BoardId, Document, Position};
use sha2::{Digest, Sha256};

use super::{Kept, Snapshot, Store, StoreError};

/// Keeps the bytes of snapshots for a while, as far as it can.
#[async_trait]
pub trait Bodies: Send + Sync + Debug {
    /// Keeps `body`; a failure is no harm. Takes no longer than a second or two.
    async fn keep(&self, board: BoardId, at: Position, body: &[u8]);

    /// What was kept, if it still is and can be had at once. Not to be believed without its hash.
    async fn body(&self, board: BoardId, at: Position) -> Option<Vec<u8>>;
}

/// A store with a cache of snapshots beside it.
#[derive(Debug)]
pub struct WarmStore {
    store: Arc<dyn Store>,
    bodies: Arc<dyn Bodies>,
}

impl WarmStore {
    /// `store`, opening boards from `bodies` where it can.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, bodies: Arc<dyn Bodies>) -> Self {
        Self { store, bodies }
    }

    /// The board from the cache, where its newest snapshot is all there is to it.
    async fn warm(&self, board: BoardId) -> Option<Opening> {
        let newest = self.store.newest(board).await.ok()??;
        if newest.read_only || newest.snapshot != newest.head {
            return None;
        }
        let body = self.bodies.body(board, newest.head).await?;
        // A few ms per MB: not where other boards wait for it.
        let document = tokio::task::spawn_blocking(move || read(&body, newest.sha256));
        let document = document.await.ok()??;
        (document.position() == newest.head).then(|| Opening {
            document,
            recent: Vec::new(),
            before: newest.head,
            read_only: false,
        })
    }
}

fn read(body: &[u8], sha256: [u8; 32]) -> Option<Document> {
    if <[u8; 32]>::from(Sha256::digest(body)) != sha256 {
        return None;
    }
    Document::from_snapshot(body).ok()
}

#[async_trait]
impl Store for WarmStore {
    fn below(&self) -> &dyn Store {
        &*self.store
    }

    async fn load(&self, board: BoardId) -> Result<Opening, StoreError> {
        match self.warm(board).await {
            Some(opening) => Ok(opening),
            None => self.store.load(board).await,
        }
    }

    async fn put_snapshot(&self, board: BoardId, snapshot: Snapshot) -> Result<Kept, StoreError> {
        let (at, body) = (snapshot.position, snapshot.body.clone());
        let kept = self.store.put_snapshot(board, snapshot).await?;
        if kept != Kept::Mismatch {
            self.bodies.keep(board, at, &body).await;
        }
        Ok(kept)
    }
}
