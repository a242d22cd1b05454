//! The store in one SQLite file: for a single machine, also for two servers on it during a deploy.
//!
//! One connection writes and the others can only read, so a reader never holds up a commit and a write never
//! discovers halfway that it may not write. A connection on which a write failed is thrown away: after some
//! failures (a full disk, above all) SQLite has ended the transaction by itself and sqlx does not know it.

mod commit;
mod connect;
mod figures;
mod people;
mod prune;
mod read;
mod rows;
mod snapshots;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use inkroom_board::ledger::{ClientHead, Genesis, Logged};
use inkroom_board::room::Opening;
use inkroom_board::wire::Profile;
use inkroom_board::{BoardId, ClientId, PersonId, Position, Seq};
use sqlx::SqlitePool;

use super::{
    BoardBatch, BoardCard, Kept, Outcome, Pruned, Snapshot, Store, StoreError, StoreHealth,
};
use crate::metrics::Figures;
use crate::telemetry::Tag;

/// A store in a folder of its own.
#[derive(Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Why the latest write failed. Held for a moment, never across an await.
    fault: Mutex<Option<String>>,
    page_limit: Arc<AtomicU32>,
    folder: PathBuf,
    /// Held shared for as long as the store is open; a restore holds it alone.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store in `folder`, which is made if it is not there, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] with what the host should do, or [`StoreError::Unavailable`].
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        let lock = connect::lock_folder(folder)?;
        let page_limit = Arc::new(AtomicU32::new(connect::NO_PAGE_LIMIT));
        let (writer, readers) = connect::pools(folder, &page_limit).await?;
        Ok(Self {
            writer,
            readers,
            fault: Mutex::new(None),
            page_limit,
            folder: folder.into(),
            _lock: lock,
        })
    }

    /// Lets the file grow to `pages` pages of 4 KiB and no further, or as far as the disk allows: for hosts that
    /// give Inkroom a share of a disk. Beyond it every commit fails as on a full disk.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn limit_pages(&self, pages: Option<u32>) -> Result<(), StoreError> {
        let pages = pages.unwrap_or(connect::NO_PAGE_LIMIT);
        self.page_limit.store(pages, Ordering::Relaxed);
        let mut link = self.writer.acquire().await?;
        Ok(connect::limit_pages(&mut link, pages).await?)
    }

    /// Notes how a write went. A connection that failed is not used again.
    async fn settle<T>(&self, link: Link, result: Result<T, StoreError>) -> Result<T, StoreError> {
        let fault = match &result {
            Err(error @ (StoreError::Unavailable(_) | StoreError::Data(_))) => {
                Some(error.to_string())
            }
            _ => None,
        };
        if fault.is_some() {
            let _ = link.close().await;
        }
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        result
    }
}

type Link = sqlx::pool::PoolConnection<sqlx::Sqlite>;

#[async_trait]
impl Store for SqliteStore {
    async fn create(&self, genesis: &Genesis, at_ms: u64) -> Result<(), StoreError> {
        let mut link = self.writer.acquire().await?;
        let result = commit::create(&mut link, genesis, at_ms).await;
        self.settle(link, result).await
    }

    async fn commit(&self, batch: &[BoardBatch]) -> Result<Vec<Vec<Outcome>>, StoreError> {
        let mut link = self.writer.acquire().await?;
        let result = commit::commit(&mut link, batch).await;
        self.settle(link, result).await
    }

    async fn load(&self, board: BoardId) -> Result<Opening, StoreError> {
        let (opening, was_read_only) = read::load(&self.readers, board).await?;
        if opening.read_only != was_read_only {
            self.mark(board, opening.read_only).await;
        }
        Ok(opening)
    }

    async fn tail(
        &self,
        board: BoardId,
        after: Seq,
        most: usize,
    ) -> Result<Vec<Logged>, StoreError> {
        read::tail(&self.readers, board, after, most).await
    }

    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        read::heads(&self.readers, boards).await
    }

    async fn client(
        &self,
        board: BoardId,
        client: ClientId,
    ) -> Result<Option<ClientHead>, StoreError> {
        let mut link = self.readers.acquire().await?;
        Ok(rows::client(&mut link, board, client).await?)
    }

    async fn snapshot(
        &self,
        board: BoardId,
        epoch: u64,
        seq: Seq,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        snapshots::at(&self.readers, board, epoch, seq).await
    }

    async fn put_snapshot(&self, board: BoardId, snapshot: Snapshot) -> Result<Kept, StoreError> {
        if !snapshots::is_sound(&self.readers, board, &snapshot).await? {
            return Ok(Kept::Mismatch);
        }
        let mut link = self.writer.acquire().await?;
        let result = snapshots::put(&mut link, board, &snapshot).await;
        self.settle(link, result).await
    }

    async fn prune(&self, board: BoardId, now_ms: u64) -> Result<Pruned, StoreError> {
        let plan = prune::plan(&self.readers, board, now_ms).await?;
        let mut pruned = Pruned::default();
        loop {
            let mut link = self.writer.acquire().await?;
            let result = prune::step(&mut link, &plan, &mut pruned).await;
            if self.settle(link, result).await? {
                return Ok(pruned);
            }
        }
    }

    async fn person(&self, id: PersonId) -> Result<Option<Profile>, StoreError> {
        people::get(&self.readers, id).await
    }

    async fn put_person(&self, profile: &Profile, at_ms: u64) -> Result<(), StoreError> {
        let mut link = self.writer.acquire().await?;
        let result = people::put(&mut link, profile, at_ms).await;
        self.settle(link, result).await
    }

    async fn touch_person(&self, id: PersonId, at_ms: u64) -> Result<(), StoreError> {
        let mut link = self.writer.acquire().await?;
        let result = people::touch(&mut link, id, at_ms).await;
        self.settle(link, result).await
    }

    async fn boards(&self, ids: &[BoardId]) -> Result<Vec<BoardCard>, StoreError> {
        read::cards(&self.readers, ids).await
    }

    async fn health(&self) -> StoreHealth {
        let boards = read::count(&self.readers).await.ok();
        let fault = self
            .fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        StoreHealth {
            kind: "sqlite",
            boards,
            fault,
        }
    }

    fn figures(&self, figures: &mut Figures) {
        figures::tell(&self.folder, figures);
    }

    async fn close(&self) {
        self.readers.close().await;
        connect::checkpoint(&self.writer).await;
        self.writer.close().await;
    }
}

impl SqliteStore {
    /// Keeps whether a board's log was found damaged, so that no server adds to it. A failure is no harm: the
    /// next load tries again, and the room that loaded it takes no ops.
    async fn mark(&self, board: BoardId, read_only: bool) {
        let Ok(mut link) = self.writer.acquire().await else {
            return;
        };
        let result = rows::mark(&mut link, board, read_only)
            .await
            .map_err(StoreError::from);
        if let Err(error) = self.settle(link, result).await {
            tracing::warn!(board.id = %Tag(board), %error, "could not mark a board");
        }
    }
}
