//! The rows of logs.

use async_trait::async_trait;
use inkroom_board::{BoardId, OpId, Seq};
use sqlx::PgConnection;

use super::ids;
use crate::store::sql::{Log, OpRow, Result, int, place};

#[async_trait]
impl Log for PgConnection {
    async fn places(&mut self, board: BoardId, wanted: &[OpId]) -> Result<Vec<(OpId, Seq)>> {
        let numbers: Vec<_> = wanted.iter().map(|id| i64::from(id.n)).collect();
        let rows = sqlx::query(
            "SELECT client_id, client_seq, seq FROM UNNEST($2::bytea[], $3::bigint[]) AS wanted (client_id, client_seq) \
             JOIN ops USING (client_id, client_seq) WHERE board_id = $1",
        )
        .bind(board.0.as_slice())
        .bind(ids(wanted.iter().map(|id| &id.client.0)))
        .bind(numbers)
        .fetch_all(self)
        .await?;
        rows.iter().map(|row| place(row)).collect()
    }

    async fn insert_ops(&mut self, board: BoardId, ops: &[OpRow<'_>]) -> Result<()> {
        let entries = || ops.iter().map(|op| &op.logged.entry);
        let seqs: Vec<_> = ops.iter().map(|op| int(op.logged.seq)).collect();
        let numbers: Vec<_> = entries().map(|entry| i64::from(entry.id.n)).collect();
        let times: Vec<_> = entries().map(|entry| int(entry.at_ms)).collect();
        let bodies: Vec<_> = ops.iter().map(|op| op.stored).collect();
        sqlx::query(
            "INSERT INTO ops (board_id, seq, client_id, client_seq, author, at_ms, body, chain) \
             SELECT $1, * FROM UNNEST($2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bigint[], \
             $7::bytea[], $8::bytea[])",
        )
        .bind(board.0.as_slice())
        .bind(seqs)
        .bind(ids(entries().map(|entry| &entry.id.client.0)))
        .bind(numbers)
        .bind(ids(entries().map(|entry| &entry.author.0)))
        .bind(times)
        .bind(bodies)
        .bind(ids(ops.iter().map(|op| &op.logged.chain.0)))
        .execute(self)
        .await?;
        Ok(())
    }
}
