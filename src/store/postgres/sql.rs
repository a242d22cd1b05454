//! The statements of Postgres.
//!
//! Whatever takes a list takes it as an array, in one statement with one text: each call is a journey over the
//! network, and a board is locked meanwhile.

mod boards;
mod clients;
mod log;
mod nodes;
mod snapshots;

use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgConnection;

use crate::store::session::Purpose;
use crate::store::sql::{Sql, impl_link};

impl_link!(sqlx::Postgres, PgConnection, sqlx::postgres::PgRow);

/// Explicit, since the lock must not fix what is read after it to the moment before it.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SAVEPOINT before_damage";
/// A long log takes as long as it takes, and a large snapshot is checked while the transaction idles.
const BEGIN_REPLAY: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL statement_timeout = '100s'; SET LOCAL idle_in_transaction_session_timeout = '100s'; \
     SAVEPOINT before_damage";

#[async_trait]
impl Sql for PgConnection {
    /// More than the server's own limits allow together, for when the network says nothing at all.
    fn patience(&self, purpose: Purpose) -> Duration {
        Duration::from_secs(match purpose {
            Purpose::Glance => 10,
            Purpose::Read | Purpose::Write => 15,
            Purpose::Replay => 120,
        })
    }

    async fn begin(&mut self, purpose: Purpose) -> Result<()> {
        match purpose {
            Purpose::Glance => Ok(()),
            Purpose::Read => self.command(BEGIN_READ).await,
            Purpose::Replay => self.command(BEGIN_REPLAY).await,
            Purpose::Write => self.command(BEGIN_WRITE).await,
        }
    }

    /// Any error ends a transaction here; this one goes on from where it began.
    async fn is_damage(&mut self, error: &sqlx::Error) -> bool {
        /// Data corrupted, index corrupted.
        const CORRUPT: [&str; 2] = ["XX001", "XX002"];
        match error {
            sqlx::Error::ColumnDecode { .. } => true,
            sqlx::Error::Database(error) => {
                let is_damage = error.code().is_some_and(|code| CORRUPT.contains(&&*code));
                is_damage
                    && self
                        .command("ROLLBACK TO SAVEPOINT before_damage")
                        .await
                        .is_ok()
            }
            _ => false,
        }
    }
}

/// Ids of one kind, or chains, as an array.
fn ids<'a, const N: usize>(ids: impl Iterator<Item = &'a [u8; N]>) -> Vec<&'a [u8]> {
    ids.map(<[u8; N]>::as_slice).collect()
}
