//! Reading boards and their logs, within a transaction that sees one moment of the database.
//!
//! A damaged board is not an error here: it opens read-only as of its last good op, and says so once in the log,
//! without anything that people drew.

use futures_util::TryStreamExt;
use inkroom_board::ledger::Logged;
use inkroom_board::room::Opening;
use inkroom_board::{BoardId, Document, Position, Seq};

use super::log::{Flaw, Line, Replay};
use super::sql::{Sql, Stretch};
use super::{StoreError, TAIL_BYTES, snapshots};
use crate::telemetry::Tag;

/// The board, and whether it was marked read-only before.
pub(super) async fn load(sql: &mut dyn Sql, board: BoardId) -> Result<(Opening, bool), StoreError> {
    let row = match sql.board(board).await {
        Ok(found) => found.ok_or(StoreError::NotFound)?,
        Err(error) if sql.is_damage(&error).await => return Err(StoreError::Damaged { board }),
        Err(error) => return Err(error.into()),
    };
    let (mut replay, flaw) = furthest(sql, board, row.head).await?;
    if let Some(flaw) = flaw {
        let (seq, head) = (replay.position().seq, row.head.seq);
        tracing::error!(board.id = %Tag(board), seq, head, %flaw, "a board's log is damaged after seq: opened read-only");
    }
    reach_back(sql, board, row.floor, &mut replay).await;
    Ok((replay.into_opening(flaw.is_some()), row.read_only))
}

/// The replay that gets to the head, or else the one that gets furthest with what stopped it there.
async fn furthest(
    sql: &mut dyn Sql,
    board: BoardId,
    head: Position,
) -> Result<(Replay, Option<Flaw>), StoreError> {
    let mut best: Option<(Replay, Option<Flaw>)> = None;
    for seq in sql.snapshot_seqs(board, head.epoch, head.seq).await? {
        let Some((document, _)) = snapshots::verified(sql, board, head.epoch, seq).await? else {
            continue;
        };
        let (replay, flaw) = replay(sql, board, document, head.seq).await?;
        let flaw = flaw.or_else(|| (replay.position() != head).then_some(Flaw::Head));
        if flaw.is_none() {
            return Ok((replay, None));
        }
        if best
            .as_ref()
            .is_none_or(|(best, _)| best.position().seq < replay.position().seq)
        {
            best = Some((replay, flaw));
        }
    }
    best.ok_or(StoreError::Damaged { board })
}

/// Follows the log from a document to `end`, or as far as it is good. Row by row: a log can be long.
pub(super) async fn replay(
    sql: &mut dyn Sql,
    board: BoardId,
    document: Document,
    end: Seq,
) -> Result<(Replay, Option<Flaw>), StoreError> {
    let mut replay = Replay::new(document);
    match follow(sql, board, &mut replay, end).await {
        Ok(flaw) => Ok((replay, flaw)),
        Err(error) if sql.is_damage(&error).await => Ok((replay, Some(Flaw::Unreadable))),
        Err(error) => Err(error.into()),
    }
}

async fn follow(
    sql: &mut dyn Sql,
    board: BoardId,
    replay: &mut Replay,
    end: Seq,
) -> Result<Option<Flaw>, sqlx::Error> {
    let part = Stretch {
        after: replay.position().seq,
        to: end,
        most: u64::MAX,
    };
    let mut lines = sql.log(board, part);
    while let Some(line) = lines.try_next().await? {
        if let Err(flaw) = replay.follow(&line) {
            return Ok(Some(flaw));
        }
    }
    Ok(None)
}

/// Adds what is missing of the recent part of the log from before the snapshot. A flaw there is no damage to the
/// board, whose snapshot has it all: the recent part just begins later.
async fn reach_back(sql: &mut dyn Sql, board: BoardId, floor: Seq, replay: &mut Replay) {
    let Some((newest, most)) = replay.wants_older() else {
        return;
    };
    let start = Position::start(replay.position().epoch).chain;
    let part = Stretch {
        after: floor,
        to: newest,
        // One more, for the chain before the last one wanted.
        most: most as u64 + 1,
    };
    let mut lines = sql.log_back(board, part);
    let mut later: Option<Line> = None;
    while let Ok(line) = lines.try_next().await {
        let before = match &line {
            Some(line) => line.chain(),
            None => Some(start),
        };
        if let Some(later) = later
            && !before.is_some_and(|before| replay.precede(&later, before))
        {
            break;
        }
        if line.is_none() {
            break;
        }
        later = line;
    }
}

pub(super) async fn tail(
    sql: &mut dyn Sql,
    board: BoardId,
    after: Seq,
    most: usize,
) -> Result<Vec<Logged>, StoreError> {
    let row = sql.board(board).await?.ok_or(StoreError::NotFound)?;
    if after < row.floor {
        return Err(StoreError::Pruned { floor: row.floor });
    }
    let part = Stretch {
        after,
        to: row.head.seq,
        most: most as u64,
    };
    let mut lines = sql.log(board, part);
    let (mut tail, mut bytes) = (Vec::<Logged>::new(), 0);
    while let Some(line) = lines.try_next().await? {
        bytes += line.body.len();
        if bytes > TAIL_BYTES && !tail.is_empty() {
            break;
        }
        let believed = match tail.last() {
            None => line.believe_first(after + 1),
            Some(last) => line.believe(Position {
                epoch: 0,
                seq: last.seq,
                chain: last.chain,
            }),
        };
        tail.push(believed.map_err(|flaw| damaged(board, flaw))?);
    }
    Ok(tail)
}

fn damaged(board: BoardId, flaw: Flaw) -> StoreError {
    tracing::error!(board.id = %Tag(board), %flaw, "a board's log is damaged");
    StoreError::Damaged { board }
}
