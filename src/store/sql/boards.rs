//! The rows of boards.

use async_trait::async_trait;
use inkroom_board::ledger::Genesis;
use inkroom_board::{Access, BoardId, Chain, Mode, PersonId, Position, Seq};

use super::Value::{Blob, Int, MaybeText, Text};
use super::{Cells, Link, Result, bytes};
use crate::store::{BoardCard, Newest};

/// The part of a board's row that moves with its log.
#[derive(Debug)]
pub(in crate::store) struct BoardRow {
    pub(in crate::store) head: Position,
    pub(in crate::store) floor: Seq,
    pub(in crate::store) access: Vec<u8>,
    pub(in crate::store) read_only: bool,
    pub(in crate::store) touched_ms: u64,
}

/// The end of a board's log from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct HeadRow {
    pub(in crate::store) position: Position,
    pub(in crate::store) access: Access,
    pub(in crate::store) touched_ms: u64,
    /// If it changed.
    pub(in crate::store) title: Option<String>,
}

/// Selects what [`board_row`] reads.
macro_rules! select_board {
    ($rest:literal) => {
        concat!(
            "SELECT epoch, head_seq, head_chain, floor_seq, access, state, touched_at FROM boards WHERE id = $1",
            $rest
        )
    };
}
pub(in crate::store) use select_board;

#[async_trait]
pub(in crate::store) trait Boards: Link {
    /// Like [`Self::board`], and nobody else changes the row until the end of the transaction.
    async fn lock(&mut self, board: BoardId) -> Result<Option<BoardRow>>;
    /// In no order; without those that are not there.
    async fn heads(&mut self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>>;
    /// In the order asked for; without those that are not there.
    async fn cards(&mut self, boards: &[BoardId]) -> Result<Vec<BoardCard>>;

    async fn board(&mut self, board: BoardId) -> Result<Option<BoardRow>> {
        let found = self.row(select_board!(""), &[Blob(&board.0)]).await?;
        found.map(|row| board_row(&*row)).transpose()
    }

    async fn insert_board(
        &mut self,
        genesis: &Genesis,
        start: Position,
        at_ms: u64,
    ) -> Result<bool> {
        let statement = "INSERT INTO boards (id, epoch, head_seq, head_chain, snap_seq, floor_seq, title, mode, owner, \
                         access, created_at, touched_at) VALUES ($1, $2, 0, $3, 0, 0, $4, $5, $6, $7, $8, $8) \
                         ON CONFLICT (id) DO NOTHING";
        let access = access_bytes(&genesis.access);
        let values = [
            Blob(&genesis.board.0),
            Int(start.epoch),
            Blob(&start.chain.0),
            Text(&genesis.title),
            Text(mode_word(genesis.access.mode)),
            Blob(&genesis.access.owner.0),
            Blob(&access),
            Int(at_ms),
        ];
        Ok(self.run(statement, &values).await? == 1)
    }

    async fn put_head(&mut self, board: BoardId, head: &HeadRow) -> Result<()> {
        let statement = "UPDATE boards SET head_seq = $1, head_chain = $2, access = $3, mode = $4, touched_at = $5, \
                         title = coalesce($6, title) WHERE id = $7";
        let access = access_bytes(&head.access);
        let values = [
            Int(head.position.seq),
            Blob(&head.position.chain.0),
            Blob(&access),
            Text(mode_word(head.access.mode)),
            Int(head.touched_ms),
            MaybeText(head.title.as_deref()),
            Blob(&board.0),
        ];
        self.run(statement, &values).await.map(drop)
    }

    async fn mark(&mut self, board: BoardId, read_only: bool) -> Result<()> {
        let statement = "UPDATE boards SET state = $1 WHERE id = $2";
        let state = if read_only { "readonly" } else { OPEN };
        let values = [Text(state), Blob(&board.0)];
        self.run(statement, &values).await.map(drop)
    }

    async fn move_floor(&mut self, board: BoardId, epoch: u64, floor: Seq) -> Result<()> {
        let statement =
            "UPDATE boards SET floor_seq = $1 WHERE id = $2 AND epoch = $3 AND floor_seq < $1";
        let values = [Int(floor), Blob(&board.0), Int(epoch)];
        self.run(statement, &values).await.map(drop)
    }

    async fn note_snapshot(&mut self, board: BoardId, seq: Seq) -> Result<()> {
        let statement = "UPDATE boards SET snap_seq = $1 WHERE id = $2 AND snap_seq < $1";
        let values = [Int(seq), Blob(&board.0)];
        self.run(statement, &values).await.map(drop)
    }

    async fn newest(&mut self, board: BoardId) -> Result<Option<Newest>> {
        let statement = "SELECT boards.epoch, head_seq, head_chain, state, seq, chain, sha256 FROM boards \
                         JOIN snapshots ON board_id = id AND snapshots.epoch = boards.epoch \
                         WHERE id = $1 ORDER BY seq DESC LIMIT 1";
        let found = self.row(statement, &[Blob(&board.0)]).await?;
        found.map(|row| newest(&*row)).transpose()
    }

    async fn count(&mut self) -> Result<u64> {
        let counted = self.row("SELECT count(*) AS boards FROM boards", &[]);
        counted.await?.map_or(Ok(0), |row| row.natural("boards"))
    }
}

pub(in crate::store) fn board_row(row: &dyn Cells) -> Result<BoardRow> {
    Ok(BoardRow {
        head: position(row)?,
        floor: row.natural("floor_seq")?,
        access: row.blob("access")?.to_vec(),
        read_only: is_read_only(row)?,
        touched_ms: row.natural("touched_at")?,
    })
}

fn position(row: &dyn Cells) -> Result<Position> {
    Ok(Position {
        epoch: row.natural("epoch")?,
        seq: row.natural("head_seq")?,
        chain: Chain(bytes(row, "head_chain")?),
    })
}

pub(in crate::store) fn head(row: &dyn Cells) -> Result<(BoardId, Position)> {
    Ok((BoardId(bytes(row, "id")?), position(row)?))
}

/// Of a board's row joined with its newest snapshot's.
fn newest(row: &dyn Cells) -> Result<Newest> {
    Ok(Newest {
        head: position(row)?,
        read_only: is_read_only(row)?,
        snapshot: Position {
            epoch: row.natural("epoch")?,
            seq: row.natural("seq")?,
            chain: Chain(bytes(row, "chain")?),
        },
        sha256: bytes(row, "sha256")?,
    })
}

pub(in crate::store) fn card(row: &dyn Cells) -> Result<BoardCard> {
    Ok(BoardCard {
        id: BoardId(bytes(row, "id")?),
        title: row.text("title")?.to_owned(),
        mode: mode(row.text("mode")?),
        owner: PersonId(bytes(row, "owner")?),
        created_ms: row.natural("created_at")?,
        touched_ms: row.natural("touched_at")?,
        head: position(row)?,
    })
}

/// The state of a board that takes ops.
const OPEN: &str = "open";

fn is_read_only(row: &dyn Cells) -> Result<bool> {
    Ok(row.text("state")? != OPEN)
}

fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Everyone => "everyone",
        Mode::Presenters => "presenters",
    }
}

fn mode(word: &str) -> Mode {
    if word == "presenters" {
        Mode::Presenters
    } else {
        Mode::Everyone
    }
}

fn access_bytes(access: &Access) -> Vec<u8> {
    postcard::to_allocvec(access).unwrap_or_default()
}
