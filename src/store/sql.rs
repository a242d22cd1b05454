//! Sql: the statements that every store has, and the rows they give.
//!
//! What is done with them (admitting, replaying, believing, pruning) is written once, over these traits, and so are
//! the statements that both engines read alike. Where the engines lock, take lists or tell the time in ways of their
//! own, each store has a statement of its own (D13). All of them run on one connection, inside the transaction that
//! the store began. Not here: which settings, locks and isolation that transaction has.
//! Integers are signed in both engines: what does not fit (a clock far in the future) is clamped, since nothing
//! is decided by it. A row that makes no sense is an error of the database, and the caller says what that means.

mod boards;
mod clients;
mod log;
mod nodes;
mod people;
mod snapshots;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use inkroom_board::BoardId;

use super::log::Line;
use super::session::Purpose;

pub(super) use boards::{BoardRow, Boards, HeadRow, board_row, card, head, select_board};
pub(super) use clients::{ClientRow, Clients, client};
pub(super) use log::{Log, OpRow, Stretch, line, place};
pub(super) use nodes::Nodes;
pub(super) use people::People;
pub(super) use snapshots::Snapshots;

pub(super) type Result<T> = std::result::Result<T, sqlx::Error>;

/// A connection with a transaction on it, whichever engine it is of.
#[async_trait]
pub(super) trait Sql: Boards + Log + Clients + Snapshots + People + Nodes {
    /// How long to wait for what `purpose` needs.
    fn patience(&self, purpose: Purpose) -> Duration;
    async fn begin(&mut self, purpose: Purpose) -> Result<()>;
    /// Whether the database could read the row but not make sense of it. If so, the transaction goes on.
    async fn is_damage(&mut self, error: &sqlx::Error) -> bool;

    async fn commit(&mut self, purpose: Purpose) -> Result<()> {
        match purpose {
            Purpose::Glance => Ok(()),
            _ => self.command("COMMIT").await,
        }
    }

    async fn rollback(&mut self, purpose: Purpose) -> Result<()> {
        match purpose {
            Purpose::Glance => Ok(()),
            _ => self.command("ROLLBACK").await,
        }
    }
}

/// Runs the statements that both engines read alike; their values are `$1`, `$2` …
#[async_trait]
pub(super) trait Link: Send {
    /// Runs one or more statements without values that are not worth remembering.
    async fn command(&mut self, statements: &'static str) -> Result<()>;
    /// Answers how many rows it changed.
    async fn run(&mut self, statement: &'static str, values: &[Value<'_>]) -> Result<u64>;
    async fn row(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<Box<dyn Cells>>>;
    async fn rows(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<Box<dyn Cells>>>;
    /// The lines of a part of a log, one by one: there may be many. The values are the board and the part's own.
    fn lines(
        &mut self,
        statement: &'static str,
        board: BoardId,
        part: Stretch,
    ) -> BoxStream<'_, Result<Line>>;
}

/// What stands for a place in a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Int(u64),
    Blob(&'a [u8]),
    Text(&'a str),
    MaybeText(Option<&'a str>),
}

/// The columns of a row, whichever engine it is of.
pub(super) trait Cells: Send {
    fn int(&self, column: &str) -> Result<i64>;
    fn blob(&self, column: &str) -> Result<&[u8]>;
    fn text(&self, column: &str) -> Result<&str>;

    fn natural(&self, column: &str) -> Result<u64> {
        Ok(u64::try_from(self.int(column)?).unwrap_or(0))
    }
}

/// Makes an engine's connection a [`Link`] and its rows [`Cells`].
macro_rules! impl_link {
    ($engine:ty, $link:ty, $row:ty) => {
        use $crate::store::sql::{Cells, Link, Result, Stretch, Value};

        type Query<'a> = sqlx::query::Query<'a, $engine, <$engine as sqlx::Database>::Arguments>;

        fn query<'a>(statement: &'static str, values: &[Value<'a>]) -> Query<'a> {
            let query = sqlx::query(statement);
            values.iter().fold(query, |query, value| match *value {
                Value::Int(value) => query.bind($crate::store::sql::int(value)),
                Value::Blob(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::MaybeText(value) => query.bind(value),
            })
        }

        fn cells(row: $row) -> Box<dyn Cells> {
            Box::new(row)
        }

        #[async_trait::async_trait]
        impl Link for $link {
            async fn command(&mut self, statements: &'static str) -> Result<()> {
                sqlx::raw_sql(statements).execute(self).await.map(drop)
            }

            async fn run(&mut self, statement: &'static str, values: &[Value<'_>]) -> Result<u64> {
                let done = query(statement, values).execute(self).await?;
                Ok(done.rows_affected())
            }

            async fn row(
                &mut self,
                statement: &'static str,
                values: &[Value<'_>],
            ) -> Result<Option<Box<dyn Cells>>> {
                let found = query(statement, values).fetch_optional(self).await?;
                Ok(found.map(cells))
            }

            async fn rows(
                &mut self,
                statement: &'static str,
                values: &[Value<'_>],
            ) -> Result<Vec<Box<dyn Cells>>> {
                let rows = query(statement, values).fetch_all(self).await?;
                Ok(rows.into_iter().map(cells).collect())
            }

            fn lines(
                &mut self,
                statement: &'static str,
                board: inkroom_board::BoardId,
                part: Stretch,
            ) -> futures_util::stream::BoxStream<'_, Result<$crate::store::log::Line>> {
                let rows = sqlx::query(statement)
                    .bind(board.0.to_vec())
                    .bind($crate::store::sql::int(part.after))
                    .bind($crate::store::sql::int(part.to))
                    .bind($crate::store::sql::int(part.most))
                    .fetch(self);
                let line = |row: Result<$row>| row.and_then(|row| $crate::store::sql::line(&row));
                futures_util::StreamExt::boxed(futures_util::StreamExt::map(rows, line))
            }
        }

        impl Cells for $row {
            fn int(&self, column: &str) -> Result<i64> {
                sqlx::Row::try_get(self, column)
            }

            fn blob(&self, column: &str) -> Result<&[u8]> {
                sqlx::Row::try_get(self, column)
            }

            fn text(&self, column: &str) -> Result<&str> {
                sqlx::Row::try_get(self, column)
            }
        }
    };
}
pub(super) use impl_link;

pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn narrow(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn bytes<const N: usize>(row: &dyn Cells, column: &str) -> Result<[u8; N]> {
    let value = row.blob(column)?;
    value.try_into().map_err(|error| sqlx::Error::ColumnDecode {
        index: column.into(),
        source: Box::new(error),
    })
}
