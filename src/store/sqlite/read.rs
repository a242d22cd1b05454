//! Reading boards and their logs. Each read sees one moment of the database, whatever is written meanwhile.
//!
//! A damaged board is not an error here: it opens read-only as of its last good op, and says so once in the log,
//! without anything that people drew.

use futures_util::TryStreamExt;
use inkroom_board::ledger::Logged;
use inkroom_board::room::Opening;
use inkroom_board::{BoardId, Document, PersonId, Position, Seq};
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::{rows, snapshots};
use crate::store::log::{Flaw, Line, Replay};
use crate::store::{BoardCard, StoreError, TAIL_BYTES};
use crate::telemetry::Tag;

/// Whether the database could read the row but not make sense of it.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    /// SQLite's code for a file that is not as it should be; the low byte of the extended code.
    const CORRUPT: u32 = 11;
    match error {
        sqlx::Error::ColumnDecode { .. } => true,
        sqlx::Error::Database(error) => error
            .code()
            .and_then(|code| code.parse::<u32>().ok())
            .is_some_and(|code| code & 0xff == CORRUPT),
        _ => false,
    }
}

/// The board, and whether it was marked read-only before.
pub(super) async fn load(
    readers: &SqlitePool,
    board: BoardId,
) -> Result<(Opening, bool), StoreError> {
    let mut tx = readers.begin().await?;
    let row = match rows::board(&mut tx, board).await {
        Err(error) if is_damage(&error) => return Err(StoreError::Damaged { board }),
        found => found?.ok_or(StoreError::NotFound)?,
    };
    let (mut replay, flaw) = furthest(&mut tx, board, row.head).await?;
    if let Some(flaw) = flaw {
        let (seq, head) = (replay.position().seq, row.head.seq);
        tracing::error!(board.id = %Tag(board), seq, head, %flaw, "a board's log is damaged after seq: opened read-only");
    }
    reach_back(&mut tx, board, row.floor, &mut replay).await?;
    Ok((replay.into_opening(flaw.is_some()), row.read_only))
}

/// The replay that gets to the head, or else the one that gets furthest with what stopped it there.
async fn furthest(
    link: &mut SqliteConnection,
    board: BoardId,
    head: Position,
) -> Result<(Replay, Option<Flaw>), StoreError> {
    let mut best: Option<(Replay, Option<Flaw>)> = None;
    for seq in snapshots::seqs(link, board, head.epoch, head.seq).await? {
        let Some((document, _)) = snapshots::verified(link, board, head.epoch, seq).await? else {
            continue;
        };
        let (replay, flaw) = replay(link, board, document, head.seq).await?;
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
    link: &mut SqliteConnection,
    board: BoardId,
    document: Document,
    end: Seq,
) -> Result<(Replay, Option<Flaw>), StoreError> {
    let mut replay = Replay::new(document);
    let mut stored =
        sqlx::query("SELECT * FROM ops WHERE board_id = ? AND seq > ? AND seq <= ? ORDER BY seq")
            .bind(board.0.as_slice())
            .bind(rows::int(replay.position().seq))
            .bind(rows::int(end))
            .fetch(link);
    loop {
        let flaw = match stored
            .try_next()
            .await
            .and_then(|row| row.map(|row| rows::line(&row)).transpose())
        {
            Ok(None) => return Ok((replay, None)),
            Ok(Some(line)) => replay.follow(&line).err(),
            Err(error) if is_damage(&error) => Some(Flaw::Unreadable),
            Err(error) => return Err(error.into()),
        };
        if flaw.is_some() {
            return Ok((replay, flaw));
        }
    }
}

/// Adds what is missing of the recent part of the log from before the snapshot. A flaw there is no damage to the
/// board, whose snapshot has it all: the recent part just begins later.
async fn reach_back(
    link: &mut SqliteConnection,
    board: BoardId,
    floor: Seq,
    replay: &mut Replay,
) -> Result<(), StoreError> {
    let Some((newest, most)) = replay.wants_older() else {
        return Ok(());
    };
    let epoch = replay.position().epoch;
    let mut stored = sqlx::query(
        "SELECT * FROM ops WHERE board_id = ? AND seq > ? AND seq <= ? ORDER BY seq DESC LIMIT ?",
    )
    .bind(board.0.as_slice())
    .bind(rows::int(floor))
    .bind(rows::int(newest))
    // One more, for the chain before the last one wanted.
    .bind(rows::int(most as u64 + 1))
    .fetch(link);
    let mut later: Option<Line> = None;
    while let Ok(row) = stored.try_next().await {
        let line = row.and_then(|row| rows::line(&row).ok());
        let before = match &line {
            Some(line) => line.chain(),
            None => Some(Position::start(epoch).chain),
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
    Ok(())
}

pub(super) async fn tail(
    readers: &SqlitePool,
    board: BoardId,
    after: Seq,
    most: usize,
) -> Result<Vec<Logged>, StoreError> {
    let mut tx = readers.begin().await?;
    let row = rows::board(&mut tx, board)
        .await?
        .ok_or(StoreError::NotFound)?;
    if after < row.floor {
        return Err(StoreError::Pruned { floor: row.floor });
    }
    let mut stored = sqlx::query(
        "SELECT * FROM ops WHERE board_id = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
    )
    .bind(board.0.as_slice())
    .bind(rows::int(after))
    .bind(rows::int(row.head.seq))
    .bind(rows::int(most as u64))
    .fetch(&mut *tx);
    let (mut tail, mut bytes) = (Vec::<Logged>::new(), 0);
    while let Some(row) = stored.try_next().await? {
        let line = rows::line(&row)?;
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

/// Ids as SQLite can take any number of them in one statement.
fn list(ids: &[BoardId]) -> String {
    let quoted: Vec<_> = ids.iter().map(|id| format!("\"{}\"", hex(&id.0))).collect();
    format!("[{}]", quoted.join(","))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) async fn heads(
    readers: &SqlitePool,
    ids: &[BoardId],
) -> Result<Vec<(BoardId, Position)>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, epoch, head_seq, head_chain FROM boards WHERE id IN (SELECT unhex(value) FROM json_each(?))",
    )
    .bind(list(ids))
    .fetch_all(readers)
    .await?;
    let heads = rows
        .iter()
        .map(|row| Ok((BoardId(rows::bytes(row, "id")?), rows::position(row)?)));
    heads
        .collect::<Result<_, sqlx::Error>>()
        .map_err(StoreError::from)
}

pub(super) async fn cards(
    readers: &SqlitePool,
    ids: &[BoardId],
) -> Result<Vec<BoardCard>, StoreError> {
    let rows = sqlx::query(
        "SELECT boards.* FROM json_each(?) AS wanted JOIN boards ON boards.id = unhex(wanted.value) ORDER BY wanted.key",
    )
    .bind(list(ids))
    .fetch_all(readers)
    .await?;
    let cards = rows.iter().map(|row| {
        Ok(BoardCard {
            id: BoardId(rows::bytes(row, "id")?),
            title: row.try_get("title")?,
            mode: rows::mode(row.try_get("mode")?),
            owner: PersonId(rows::bytes(row, "owner")?),
            created_ms: rows::natural(row, "created_at")?,
            touched_ms: rows::natural(row, "touched_at")?,
            head: rows::position(row)?,
        })
    });
    cards
        .collect::<Result<_, sqlx::Error>>()
        .map_err(StoreError::from)
}

pub(super) async fn count(readers: &SqlitePool) -> Result<u64, StoreError> {
    let row = sqlx::query("SELECT count(*) AS boards FROM boards")
        .fetch_one(readers)
        .await?;
    Ok(rows::natural(&row, "boards")?)
}
