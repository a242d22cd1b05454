//! The rows of logs.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use inkroom_board::ledger::Logged;
use inkroom_board::{BoardId, Chain, ClientId, OpId, Seq};

use super::Value::{Blob, Int};
use super::{Cells, Link, Result, bytes, narrow};
use crate::store::log::Line;

/// An op to be put into the log.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct OpRow<'a> {
    pub(in crate::store) logged: &'a Logged,
    pub(in crate::store) stored: &'a [u8],
}

/// A part of a log: after `after`, up to `to`, and of that no more than `most`.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Stretch {
    pub(in crate::store) after: Seq,
    pub(in crate::store) to: Seq,
    pub(in crate::store) most: u64,
}

/// Selects lines of the log, in an order and up to a limit. Columns are named: `SELECT *` fails on a prepared statement
/// of Postgres when a newer server adds one.
macro_rules! select_lines {
    ($order:literal) => {
        concat!(
            "SELECT seq, client_id, client_seq, author, at_ms, body, chain FROM ops \
             WHERE board_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq ",
            $order,
            " LIMIT $4"
        )
    };
}

#[async_trait]
pub(in crate::store) trait Log: Link {
    async fn insert_ops(&mut self, board: BoardId, ops: &[OpRow<'_>]) -> Result<()>;
    /// Where these ops are, in no order; without those that are not in the log (any more).
    async fn places(&mut self, board: BoardId, ids: &[OpId]) -> Result<Vec<(OpId, Seq)>>;

    /// From the oldest on.
    fn log(&mut self, board: BoardId, part: Stretch) -> BoxStream<'_, Result<Line>> {
        self.lines(select_lines!("ASC"), board, part)
    }

    /// From the newest back.
    fn log_back(&mut self, board: BoardId, part: Stretch) -> BoxStream<'_, Result<Line>> {
        self.lines(select_lines!("DESC"), board, part)
    }

    async fn chain(&mut self, board: BoardId, seq: Seq) -> Result<Option<Chain>> {
        let statement = "SELECT chain FROM ops WHERE board_id = $1 AND seq = $2";
        let found = self.row(statement, &[Blob(&board.0), Int(seq)]).await?;
        found
            .map(|row| bytes(&*row, "chain").map(Chain))
            .transpose()
    }

    /// The first op of `part` that came in at `since_ms` or later.
    async fn first_since(
        &mut self,
        board: BoardId,
        part: Stretch,
        since_ms: u64,
    ) -> Result<Option<Seq>> {
        let statement = "SELECT seq FROM ops WHERE board_id = $1 AND seq > $2 AND seq <= $3 AND at_ms >= $4 \
                         ORDER BY seq LIMIT 1";
        let values = [Blob(&board.0), Int(part.after), Int(part.to), Int(since_ms)];
        let found = self.row(statement, &values).await?;
        found.map(|row| row.natural("seq")).transpose()
    }

    /// Deletes the oldest ops up to the floor, `most` of them.
    async fn delete_ops(&mut self, board: BoardId, most: u64) -> Result<u64> {
        let statement = "DELETE FROM ops WHERE board_id = $1 AND seq IN (SELECT seq FROM ops WHERE board_id = $1 \
                         AND seq <= (SELECT floor_seq FROM boards WHERE id = $1) ORDER BY seq LIMIT $2)";
        self.run(statement, &[Blob(&board.0), Int(most)]).await
    }
}

/// A row of the log, as it is: what is not as it should be is for [`Line::believe`] to find.
pub(in crate::store) fn line(row: &dyn Cells) -> Result<Line> {
    Ok(Line {
        seq: row.int("seq")?,
        client: row.blob("client_id")?.to_vec(),
        n: row.int("client_seq")?,
        author: row.blob("author")?.to_vec(),
        at_ms: row.int("at_ms")?,
        body: row.blob("body")?.to_vec(),
        chain: row.blob("chain")?.to_vec(),
    })
}

pub(in crate::store) fn place(row: &dyn Cells) -> Result<(OpId, Seq)> {
    let id = OpId {
        client: ClientId(bytes(row, "client_id")?),
        n: narrow(row.natural("client_seq")?),
    };
    Ok((id, row.natural("seq")?))
}
