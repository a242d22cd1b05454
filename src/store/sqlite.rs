//! The store in one SQLite file: for a single machine, also for two servers on it during a deploy.
//!
//! One connection writes and the others can only read, so a reader never holds up a commit and a write never
//! discovers halfway that it may not write.

mod connect;
mod figures;
mod sql;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use sqlx::Sqlite;

use super::engine::Engine;
use super::session::Links;
use super::{Reach, StoreError};
use crate::metrics::Figures;

#[cfg(test)]
pub(super) use connect::STEPS;

/// A store in a folder of its own.
#[derive(Debug)]
pub struct SqliteStore {
    links: Links<Sqlite>,
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
            links: Links::new(writer, readers),
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
        let mut link = self.links.writers.acquire().await?;
        Ok(connect::limit_pages(&mut link, pages).await?)
    }
}

#[async_trait]
impl Engine for SqliteStore {
    type Database = Sqlite;
    const KIND: &'static str = "sqlite";
    /// One writer at a time anyway: whatever waits shares its flush to the disk.
    const REACH: Reach = Reach {
        commits: 1,
        boards: usize::MAX,
    };

    fn links(&self) -> &Links<Sqlite> {
        &self.links
    }

    fn figures(&self, figures: &mut Figures) {
        figures::tell(&self.folder, figures);
    }

    async fn settle(&self) {
        connect::checkpoint(&self.links.writers).await;
    }
}
