//! The rows of snapshots.

use async_trait::async_trait;
use inkroom_board::{BoardId, Seq};
use sqlx::SqliteConnection;

use crate::store::sql::Value::{Blob, Int};
use crate::store::sql::{Link, Result, Snapshots};

#[async_trait]
impl Snapshots for SqliteConnection {
    async fn delete_snapshots(&mut self, board: BoardId, epoch: u64, seqs: &[Seq]) -> Result<u64> {
        let statement = "DELETE FROM snapshots WHERE board_id = $1 AND epoch = $2 AND seq = $3 \
                         AND seq <> (SELECT floor_seq FROM boards WHERE id = $1)";
        let mut deleted = 0;
        for seq in seqs {
            let values = [Blob(&board.0), Int(epoch), Int(*seq)];
            deleted += self.run(statement, &values).await?;
        }
        Ok(deleted)
    }
}
