//! The rows of snapshots.

use async_trait::async_trait;
use inkroom_board::{BoardId, Chain, Position, Seq};

use super::Value::{Blob, Int};
use super::{Cells, Link, Result, bytes};
use crate::store::Snapshot;

#[async_trait]
pub(in crate::store) trait Snapshots: Link {
    /// Deletes these, but never the one at the floor.
    async fn delete_snapshots(&mut self, board: BoardId, epoch: u64, seqs: &[Seq]) -> Result<u64>;

    /// The seqs of the snapshots of a history up to `most`, newest first.
    async fn snapshot_seqs(&mut self, board: BoardId, epoch: u64, most: Seq) -> Result<Vec<Seq>> {
        let statement = "SELECT seq FROM snapshots WHERE board_id = $1 AND epoch = $2 AND seq <= $3 ORDER BY seq DESC";
        let values = [Blob(&board.0), Int(epoch), Int(most)];
        let rows = self.rows(statement, &values).await?;
        rows.iter().map(|row| row.natural("seq")).collect()
    }

    /// As it is stored, not yet believed.
    async fn snapshot(&mut self, board: BoardId, epoch: u64, seq: Seq) -> Result<Option<Snapshot>> {
        let statement = "SELECT chain, sha256, body FROM snapshots WHERE board_id = $1 AND epoch = $2 AND seq = $3";
        let values = [Blob(&board.0), Int(epoch), Int(seq)];
        let found = self.row(statement, &values).await?;
        found.map(|row| snapshot(&*row, epoch, seq)).transpose()
    }

    async fn insert_snapshot(&mut self, board: BoardId, snapshot: &Snapshot) -> Result<bool> {
        let statement = "INSERT INTO snapshots (board_id, epoch, seq, chain, sha256, body) \
                         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (board_id, epoch, seq) DO NOTHING";
        let values = [
            Blob(&board.0),
            Int(snapshot.position.epoch),
            Int(snapshot.position.seq),
            Blob(&snapshot.position.chain.0),
            Blob(&snapshot.sha256),
            Blob(&snapshot.body),
        ];
        Ok(self.run(statement, &values).await? == 1)
    }
}

fn snapshot(row: &dyn Cells, epoch: u64, seq: Seq) -> Result<Snapshot> {
    Ok(Snapshot {
        position: Position {
            epoch,
            seq,
            chain: Chain(bytes(row, "chain")?),
        },
        sha256: bytes(row, "sha256")?,
        body: row.blob("body")?.to_vec(),
    })
}
