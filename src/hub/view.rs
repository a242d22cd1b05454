//! View: a board at one position, with everything that is made of it, made once: the snapshot's bytes and the pictures.
//!
//! Pages, pictures and snapshots of the same moment share one view, and so do all who ask for it at the same time.
//! Making them is work for the processor, so it is done where blocking is allowed, a few at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use inkroom_board::camera;
use inkroom_board::{BoardId, Document, Position, Seq, svg};
use tokio::sync::{OnceCell, Semaphore};

use super::{Closed, Hub};
use crate::store::{Store, StoreError};

/// Views that are kept for whoever comes next …
const KEPT: usize = 256;
/// … and about how many bytes of them; the newest is kept whatever its size.
const KEPT_BYTES: usize = 64 * 1024 * 1024;
/// Snapshots and pictures that are made at the same time: the rest of the processor is for the boards.
const AT_ONCE: usize = 2;

/// A board at a position. Immutable, so its address can be cached for ever.
#[derive(Debug)]
pub struct View {
    board: BoardId,
    document: Document,
    snapshot: OnceCell<Bytes>,
    file: OnceCell<Bytes>,
    inline: OnceCell<Arc<str>>,
}

impl View {
    /// Of a document as it is.
    #[must_use]
    pub fn new(board: BoardId, document: Document) -> Arc<Self> {
        let (snapshot, file, inline) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Arc::new(Self {
            board,
            document,
            snapshot,
            file,
            inline,
        })
    }

    /// The board at this position.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Which position.
    #[must_use]
    pub fn position(&self) -> Position {
        self.document.position()
    }

    fn key(&self) -> Key {
        Key {
            board: self.board,
            epoch: self.position().epoch,
            seq: self.position().seq,
        }
    }

    fn weight(&self) -> usize {
        self.document.cost() + self.document.held() * 64
    }

    fn paint_inline(&self) -> Arc<str> {
        let elements = || self.document.visible().map(|item| &item.element);
        svg::inline(elements(), camera::View::of(svg::bounds(elements()))).into()
    }

    fn paint_file(&self) -> Bytes {
        svg::standalone(
            self.document.visible().map(|item| &item.element),
            self.document.title(),
        )
        .into()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    board: BoardId,
    epoch: u64,
    seq: Seq,
}

/// The views that were asked for lately. Clones are the same.
#[derive(Debug, Clone)]
pub struct Views(Arc<Shelf>);

#[derive(Debug)]
struct Shelf {
    hub: Hub,
    store: Arc<dyn Store>,
    /// Newest last. Held for a moment, never across an await.
    kept: Mutex<VecDeque<(Key, Slot)>>,
    workers: Semaphore,
}

/// Where everybody who asks for the same view meets.
type Slot = Arc<OnceCell<Arc<View>>>;

/// Why there is no view.
#[derive(Debug, thiserror::Error)]
pub enum NoView {
    /// The board cannot be opened.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// There is no such position, or no longer.
    #[error("there is no such position")]
    NoPosition,
    /// The store failed, or what it gave cannot be read.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    /// What is stored is not a snapshot.
    #[error(transparent)]
    Snapshot(#[from] inkroom_board::document::BadSnapshot),
}

impl Views {
    /// None yet.
    #[must_use]
    pub fn new(hub: Hub, store: Arc<dyn Store>) -> Self {
        Self(Arc::new(Shelf {
            hub,
            store,
            kept: Mutex::default(),
            workers: Semaphore::new(AT_ONCE),
        }))
    }

    /// The board as it is now.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn now(&self, board: BoardId) -> Result<Arc<View>, NoView> {
        let lease = self.0.hub.open(board).await?;
        let view = lease.view().await.map_err(|_| Closed::Unavailable)?;
        self.keep(
            view.key(),
            Arc::new(OnceCell::new_with(Some(Arc::clone(&view)))),
        );
        Ok(view)
    }

    /// The board at exactly this position.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn at(&self, board: BoardId, epoch: u64, seq: Seq) -> Result<Arc<View>, NoView> {
        let key = Key { board, epoch, seq };
        let slot = self.slot(key);
        let view = slot.get_or_try_init(|| self.find(key)).await;
        if view.is_err() {
            self.forget(key);
        }
        view.cloned()
    }

    async fn find(&self, key: Key) -> Result<Arc<View>, NoView> {
        if let Some(lease) = self.0.hub.peek(key.board)
            && let Ok(view) = lease.view().await
            && view.key() == key
        {
            return Ok(view);
        }
        let stored = self
            .0
            .store
            .snapshot(key.board, key.epoch, key.seq)
            .await?
            .ok_or(NoView::NoPosition)?;
        let document = self
            .work(move || Document::from_snapshot(&stored))
            .await??;
        Ok(View::new(key.board, document))
    }

    /// The snapshot's bytes.
    ///
    /// # Errors
    /// When the server is about to stop.
    pub async fn snapshot(&self, view: &Arc<View>) -> Result<Bytes, Closed> {
        let make = |view: &View| Bytes::from(view.document.to_snapshot());
        self.once(view, &view.snapshot, make).await
    }

    /// The picture as a file.
    ///
    /// # Errors
    /// When the server is about to stop.
    pub async fn file(&self, view: &Arc<View>) -> Result<Bytes, Closed> {
        self.once(view, &view.file, View::paint_file).await
    }

    /// The picture as a part of a page.
    ///
    /// # Errors
    /// When the server is about to stop.
    pub async fn inline(&self, view: &Arc<View>) -> Result<Arc<str>, Closed> {
        self.once(view, &view.inline, View::paint_inline).await
    }

    async fn once<T: Clone + Send + Sync + 'static>(
        &self,
        view: &Arc<View>,
        cell: &OnceCell<T>,
        make: impl FnOnce(&View) -> T + Send + 'static,
    ) -> Result<T, Closed> {
        let made = cell.get_or_try_init(|| {
            let view = Arc::clone(view);
            self.work(move || make(&view))
        });
        made.await.cloned()
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Closed> {
        let _permit = self
            .0
            .workers
            .acquire()
            .await
            .map_err(|_| Closed::Unavailable)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Closed::Unavailable)
    }

    fn with<T>(&self, change: impl FnOnce(&mut VecDeque<(Key, Slot)>) -> T) -> T {
        change(&mut self.0.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn slot(&self, key: Key) -> Slot {
        let known = self.with(|kept| {
            kept.iter()
                .find(|(known, _)| *known == key)
                .map(|(_, slot)| Arc::clone(slot))
        });
        let slot = known.unwrap_or_default();
        self.keep(key, Arc::clone(&slot));
        slot
    }

    fn forget(&self, key: Key) {
        self.with(|kept| kept.retain(|(known, _)| *known != key));
    }

    /// Puts a view to the newest, and lets go of the oldest as far as needed.
    fn keep(&self, key: Key, slot: Slot) {
        self.with(|kept| {
            kept.retain(|(known, _)| *known != key);
            kept.push_back((key, slot));
            while kept.len() > 1 && (kept.len() > KEPT || weight(kept) > KEPT_BYTES) {
                kept.pop_front();
            }
        });
    }
}

fn weight(kept: &VecDeque<(Key, Slot)>) -> usize {
    kept.iter()
        .filter_map(|(_, slot)| slot.get())
        .map(|view| view.weight())
        .sum()
}
