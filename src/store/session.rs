//! Session: a connection taken from a pool for one transaction, and what becomes of it afterwards.
//!
//! A connection goes back only after its transaction ended well. After anything else (a failure, a timeout, a
//! caller that gave up) it is closed: on some failures, a full disk above all, SQLite ends the transaction by itself
//! and sqlx does not know it; and what a network connection that broke still holds, nobody knows.

use std::fmt::{self, Debug, Formatter};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::pool::{Pool, PoolConnection};

use super::sql::Sql;
use super::{Outage, StoreError};

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// One statement that reads, and no transaction.
    Glance,
    /// Several that see one moment of the database.
    Read,
    /// The same, however long the log and however large the snapshots.
    Replay,
    /// A short transaction that writes.
    Write,
}

/// The connections of a store.
#[derive(Debug)]
pub(super) struct Links<DB: sqlx::Database> {
    pub(super) writers: Pool<DB>,
    pub(super) readers: Pool<DB>,
    /// Why the latest write failed. Held for a moment, never across an await.
    fault: Mutex<Option<String>>,
}

impl<DB: sqlx::Database> Links<DB>
where
    DB::Connection: Sql,
{
    pub(super) fn new(writers: Pool<DB>, readers: Pool<DB>) -> Self {
        Self {
            writers,
            readers,
            fault: Mutex::new(None),
        }
    }

    pub(super) fn fault(&self) -> Option<String> {
        self.lock_fault().clone()
    }

    fn lock_fault(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `explain` says why there was no connection.
    pub(super) async fn begin(
        &self,
        purpose: Purpose,
        explain: impl AsyncFnOnce(sqlx::Error) -> Outage,
    ) -> Result<Session<'_, DB>, StoreError> {
        let pool = match purpose {
            Purpose::Write => &self.writers,
            _ => &self.readers,
        };
        let begun = match pool.acquire().await {
            Ok(link) => self.begin_on(link, purpose).await,
            Err(error) => Err(StoreError::Unavailable(explain(error).await)),
        };
        if let Err(error) = &begun {
            self.note(purpose, Some(error));
        }
        begun
    }

    async fn begin_on(
        &self,
        link: PoolConnection<DB>,
        purpose: Purpose,
    ) -> Result<Session<'_, DB>, StoreError> {
        let mut session = Session {
            links: self,
            link,
            purpose,
            is_done: false,
        };
        let limit = session.limit();
        limit
            .on(async { Ok(session.sql().begin(purpose).await?) })
            .await?;
        Ok(session)
    }

    /// Keeps how a write went, for the health page.
    fn note(&self, purpose: Purpose, error: Option<&StoreError>) {
        if purpose == Purpose::Write {
            *self.lock_fault() = error
                .filter(|error| is_fault(error))
                .map(ToString::to_string);
        }
    }
}

/// Whether the database failed, rather than answered.
fn is_fault(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_) | StoreError::Data(_))
}

/// A connection on which a transaction was begun.
pub(super) struct Session<'a, DB: sqlx::Database> {
    links: &'a Links<DB>,
    link: PoolConnection<DB>,
    purpose: Purpose,
    is_done: bool,
}

impl<DB: sqlx::Database> Debug for Session<'_, DB> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// How long a store waits for its database.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit(Duration);

impl Limit {
    pub(super) async fn on<T>(
        self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.0, work).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::Unavailable(Outage::Silent)),
        }
    }
}

impl<DB: sqlx::Database> Session<'_, DB>
where
    DB::Connection: Sql,
{
    pub(super) fn sql(&mut self) -> &mut dyn Sql {
        &mut *self.link
    }

    /// For what is done in this session.
    pub(super) fn limit(&self) -> Limit {
        Limit(self.link.patience(self.purpose))
    }

    /// Ends the transaction: what was done is kept if `result` is good, and undone if not.
    pub(super) async fn end<T>(mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        let (limit, purpose) = (self.limit(), self.purpose);
        let ended = match result {
            Ok(done) => {
                let commit = async { Ok(self.sql().commit(purpose).await?) };
                let committed = limit.on(commit).await;
                self.is_done = committed.is_ok();
                committed.map(|()| done)
            }
            Err(error) => {
                if !is_fault(&error) {
                    let undo = async { Ok(self.sql().rollback(purpose).await?) };
                    self.is_done = limit.on(undo).await.is_ok();
                }
                Err(error)
            }
        };
        self.links.note(purpose, ended.as_ref().err());
        ended
    }
}

impl<DB: sqlx::Database> Drop for Session<'_, DB> {
    fn drop(&mut self) {
        if !self.is_done {
            self.link.close_on_drop();
        }
    }
}
