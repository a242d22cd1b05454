//! The rows of snapshots.

use async_trait::async_trait;
use inkroom_board::{BoardId, Seq};
use sqlx::PgConnection;

use crate::store::sql::{Result, Snapshots, int};

#[async_trait]
impl Snapshots for PgConnection {
    async fn delete_snapshots(&mut self, board: BoardId, epoch: u64, seqs: &[Seq]) -> Result<u64> {
        let seqs: Vec<_> = seqs.iter().copied().map(int).collect();
        let deleted = sqlx::query(
            "DELETE FROM snapshots WHERE board_id = $1 AND epoch = $2 AND seq = ANY($3) \
             AND seq <> (SELECT floor_seq FROM boards WHERE id = $1)",
        )
        .bind(board.0.as_slice())
        .bind(int(epoch))
        .bind(seqs)
        .execute(self)
        .await?;
        Ok(deleted.rows_affected())
    }
}
