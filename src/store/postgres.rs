//! The store in Postgres: for several servers on one database.
//!
//! A commit locks the head row of its board first, in a statement of its own, and reads the rest after it: in one
//! statement, what is read may be from before the wait for the lock, and a retry would get a second place in the
//! log. Boards are committed side by side, each in its own transaction; Postgres shares the flushes among them.
//! It is used directly or through a pooler that keeps sessions: settings that saved ink depends on are the session's.

mod connect;
mod door;
mod sql;

use async_trait::async_trait;
use sqlx::Postgres;

use super::engine::Engine;
use super::session::Links;
use super::{Outage, Reach, StoreError};
use door::Door;

#[cfg(test)]
pub(super) use connect::STEPS;

/// A store in a database of its own.
#[derive(Debug)]
pub struct PgStore {
    links: Links<Postgres>,
    door: Door,
}

impl PgStore {
    /// Whether `url` is one that [`Self::open`] takes.
    #[must_use]
    pub fn is_url(url: &str) -> bool {
        ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
    }

    /// Opens the store in the database at `url` (`postgres://USER:PASSWORD@HOST/NAME`, with the options of libpq
    /// that sqlx knows, as `sslmode` and `sslrootcert`), and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] with what the host should do, or [`StoreError::Unavailable`]. Neither says the password.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let options = connect::options(url)?;
        let door = Door::new(options.clone());
        let (writers, readers) = connect::pools(options, &door).await?;
        Ok(Self {
            links: Links::new(writers, readers),
            door,
        })
    }
}

#[async_trait]
impl Engine for PgStore {
    type Database = Postgres;
    const KIND: &'static str = "postgres";
    const REACH: Reach = Reach {
        commits: connect::COMMITS,
        boards: 1,
    };

    fn links(&self) -> &Links<Postgres> {
        &self.links
    }

    async fn explain(&self, error: sqlx::Error) -> Outage {
        self.door.explain(error).await
    }
}
