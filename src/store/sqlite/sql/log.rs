//! The rows of logs.

use std::sync::LazyLock;

use async_trait::async_trait;
use inkroom_board::{BoardId, OpId, Seq};
use sqlx::SqliteConnection;

use crate::store::sql::Value::{Blob, Int};
use crate::store::sql::{Link, Log, OpRow, Result, Value, place};

/// Ops of one statement: few enough that a short batch still has some together, enough that a long one wakes the
/// thread seldom.
const TOGETHER: usize = 16;

static ONE_OP: LazyLock<String> = LazyLock::new(|| insertion(1));
static MANY_OPS: LazyLock<String> = LazyLock::new(|| insertion(TOGETHER));

/// A statement that puts so many ops into the log.
fn insertion(ops: usize) -> String {
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?)"; ops].join(", ");
    format!(
        "INSERT INTO ops (board_id, seq, client_id, client_seq, author, at_ms, body, chain) VALUES {rows}"
    )
}

/// What such a statement puts there.
fn values<'a>(board: &'a BoardId, ops: &[OpRow<'a>]) -> Vec<Value<'a>> {
    let rows = ops.iter().flat_map(|OpRow { logged, stored }| {
        [
            Blob(&board.0),
            Int(logged.seq),
            Blob(&logged.entry.id.client.0),
            Int(logged.entry.id.n.into()),
            Blob(&logged.entry.author.0),
            Int(logged.entry.at_ms),
            Blob(stored),
            Blob(&logged.chain.0),
        ]
    });
    rows.collect()
}

#[async_trait]
impl Log for SqliteConnection {
    async fn insert_ops(&mut self, board: BoardId, ops: &[OpRow<'_>]) -> Result<()> {
        let (together, rest) = ops.as_chunks::<TOGETHER>();
        for some in together {
            self.run(&MANY_OPS, &values(&board, some)).await?;
        }
        for one in rest.chunks(1) {
            self.run(&ONE_OP, &values(&board, one)).await?;
        }
        Ok(())
    }

    async fn places(&mut self, board: BoardId, ids: &[OpId]) -> Result<Vec<(OpId, Seq)>> {
        let statement = "SELECT client_id, client_seq, seq FROM ops \
                         WHERE board_id = $1 AND client_id = $2 AND client_seq = $3";
        let mut places = Vec::with_capacity(ids.len());
        for id in ids {
            let values = [Blob(&board.0), Blob(&id.client.0), Int(id.n.into())];
            let found = self.row(statement, &values).await?;
            places.extend(found.map(|row| place(&*row)).transpose()?);
        }
        Ok(places)
    }
}
