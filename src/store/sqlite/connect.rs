//! Opening the file: the folder and its locks, the settings that saved ink depends on, the schema.
//!
//! Settings are read back from SQLite, not assumed: a file system without shared memory silently leaves WAL
//! off, and then what is called saved would be so only perhaps.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, SqliteConnection, SqlitePool};

use crate::store::schema::{self, Step};
use crate::store::{StoreError, Unfit};

/// The database's file in the data folder.
pub(super) const FILE: &str = "inkroom.db";
/// Held shared by every server on the folder, alone by a restore or a check.
const INSTANCE_LOCK: &str = "instance.lock";
/// Held alone while a server brings the schema up to date, so that two that start together do it once.
const SCHEMA_LOCK: &str = "schema.lock";
/// How long a write waits for one of another process.
const BUSY: Duration = Duration::from_secs(5);
/// How long anything waits for a connection: longer than one write may take, and not for ever.
const ACQUIRE: Duration = Duration::from_secs(15);
/// The write-ahead log is cut back to this after a burst, in bytes.
const WAL_BYTES: &str = "67108864";
/// Reads are short and mostly from the page cache: more connections than this only take memory.
const READERS: u32 = 4;
/// As many pages as SQLite can have.
pub(super) const NO_PAGE_LIMIT: u32 = 4_294_967_294;

/// What helps when a setting does not take.
const LOCAL: &str = "is the data folder on a network or in-memory file system? Use a local disk";

/// The schema, step by step.
pub(in crate::store) const STEPS: [Step; 3] = [
    (
        1,
        "boards",
        include_str!("../../../migrations/sqlite/0001_boards.sql"),
    ),
    (
        2,
        "nodes",
        include_str!("../../../migrations/sqlite/0002_nodes.sql"),
    ),
    (
        3,
        "keys",
        include_str!("../../../migrations/sqlite/0003_keys.sql"),
    ),
];

/// Makes the folder, readable by this user alone, and says that it is in use.
pub(super) fn lock_folder(folder: &Path) -> Result<File, Unfit> {
    let unusable = |source| Unfit::Folder {
        folder: folder.display().to_string(),
        source,
    };
    make_private(folder).map_err(unusable)?;
    let lock = lock_file(folder, INSTANCE_LOCK).map_err(unusable)?;
    match lock.try_lock_shared() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Unfit::Locked),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn lock_file(folder: &Path, name: &str) -> std::io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join(name))
}

/// The connection that writes, and those that read.
pub(super) async fn pools(
    folder: &Path,
    page_limit: &Arc<AtomicU32>,
) -> Result<(SqlitePool, SqlitePool), StoreError> {
    let _alone = lock_schema(folder).await?;
    let writer = writer(folder, page_limit);
    let mut link = writer.acquire().await?;
    verify(&mut link).await?;
    drop(link);
    schema::upgrade(&writer, &STEPS).await?;
    Ok((writer, readers(folder)))
}

/// Waits for another server that is just starting; the lock goes when the file is dropped.
async fn lock_schema(folder: &Path) -> Result<File, Unfit> {
    let path = folder.to_path_buf();
    let locked = tokio::task::spawn_blocking(move || {
        let lock = lock_file(&path, SCHEMA_LOCK)?;
        lock.lock().map(|()| lock)
    });
    let unusable = |source| Unfit::Folder {
        folder: folder.display().to_string(),
        source,
    };
    locked
        .await
        .map_err(std::io::Error::other)
        .flatten()
        .map_err(unusable)
}

fn options(folder: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(folder.join(FILE))
        .busy_timeout(BUSY)
        .foreign_keys(true)
}

fn writer(folder: &Path, page_limit: &Arc<AtomicU32>) -> SqlitePool {
    let options = options(folder)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", WAL_BYTES)
        // Where an ordinary flush leaves data in the drive's cache (macOS), ask for the real one.
        .pragma("fullfsync", "1")
        .pragma("checkpoint_fullfsync", "1");
    let page_limit = Arc::clone(page_limit);
    let pool = steady(1).after_connect(move |link, _| {
        let pages = page_limit.load(Ordering::Relaxed);
        Box::pin(async move { limit_pages(link, pages).await })
    });
    pool.connect_lazy_with(options)
}

fn readers(folder: &Path) -> SqlitePool {
    steady(READERS).connect_lazy_with(options(folder).read_only(true))
}

/// Connections to a file do not grow stale: they are kept, and not tried out before each use.
fn steady(most: u32) -> SqlitePoolOptions {
    let options = SqlitePoolOptions::new()
        .max_connections(most)
        .acquire_timeout(ACQUIRE);
    options
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

pub(super) async fn limit_pages(
    link: &mut SqliteConnection,
    pages: u32,
) -> Result<(), sqlx::Error> {
    let statement = format!("PRAGMA max_page_count = {pages}");
    sqlx::query(AssertSqlSafe(statement))
        .execute(link)
        .await
        .map(|_| ())
}

/// Refuses settings under which something saved could be lost.
async fn verify(link: &mut SqliteConnection) -> Result<(), StoreError> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *link)
        .await?;
    if mode != "wal" {
        return Err(Unfit::NotDurable {
            setting: "journal_mode",
            wanted: "wal",
            found: mode,
            advice: LOCAL,
        }
        .into());
    }
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
        .fetch_one(link)
        .await?;
    if synchronous != 2 {
        let found = synchronous.to_string();
        return Err(Unfit::NotDurable {
            setting: "synchronous",
            wanted: "2",
            found,
            advice: LOCAL,
        }
        .into());
    }
    Ok(())
}

/// Brings everything from the write-ahead log into the file, so that the file alone is the whole database.
pub(super) async fn checkpoint(writer: &SqlitePool) {
    let Ok(mut link) = writer.acquire().await else {
        return;
    };
    if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut *link)
        .await
    {
        tracing::warn!(%error, "the write-ahead log stays; nothing is lost, it is read at the next start");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sqlx::Connection;

    use super::*;

    async fn verified(
        mode: SqliteJournalMode,
        synchronous: SqliteSynchronous,
    ) -> Result<(), StoreError> {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path())
            .create_if_missing(true)
            .journal_mode(mode)
            .synchronous(synchronous);
        verify(&mut SqliteConnection::connect_with(&options).await.unwrap()).await
    }

    #[tokio::test]
    async fn settings_under_which_a_power_cut_loses_ink_are_refused() {
        use {SqliteJournalMode as Journal, SqliteSynchronous as Sync};
        verified(Journal::Wal, Sync::Full).await.unwrap();
        for (mode, synchronous) in [
            (Journal::Wal, Sync::Normal),
            (Journal::Wal, Sync::Off),
            (Journal::Memory, Sync::Full),
        ] {
            let refused = verified(mode, synchronous).await;
            assert!(
                matches!(refused, Err(StoreError::Unfit(Unfit::NotDurable { .. }))),
                "{refused:?}"
            );
        }
    }
}
