//! The statements of SQLite.
//!
//! Most of what takes a list takes it one by one, with one prepared statement: there is no network between. But every
//! call wakes the thread of its connection, so the ops of a large batch go many at a time. Lists of boards come as
//! JSON, since SQLite has no arrays.

mod boards;
mod clients;
mod log;
mod nodes;
mod snapshots;

use std::time::Duration;

use async_trait::async_trait;
use sqlx::SqliteConnection;

use crate::store::session::Purpose;
use crate::store::sql::{Sql, impl_link};

impl_link!(sqlx::Sqlite, SqliteConnection, sqlx::sqlite::SqliteRow);

#[async_trait]
impl Sql for SqliteConnection {
    /// Locks have their own limit, and a disk that is slow does not get faster by asking again.
    fn patience(&self, _: Purpose) -> Duration {
        Duration::MAX
    }

    async fn begin(&mut self, purpose: Purpose) -> Result<()> {
        match purpose {
            Purpose::Glance => Ok(()),
            Purpose::Read | Purpose::Replay => self.command("BEGIN").await,
            // Takes the lock before anything is read: a transaction that reads first and writes later fails at once,
            // without waiting, if another one wrote in between.
            Purpose::Write => self.command("BEGIN IMMEDIATE").await,
        }
    }

    async fn is_damage(&mut self, error: &sqlx::Error) -> bool {
        /// SQLite's code for a file that is not as it should be; the low byte of the extended code.
        const CORRUPT: u32 = 11;
        match error {
            sqlx::Error::ColumnDecode { .. } => true,
            sqlx::Error::Database(error) => error
                .code()
                .and_then(|code| code.parse::<u32>().ok())
                .is_some_and(|code| code & 0xff == CORRUPT),
            _ => false,
        }
    }
}
