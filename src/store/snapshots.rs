//! Snapshots: kept, checked against the log, and made again for any place since the floor.
//!
//! A snapshot whose bytes do not have the hash they were stored with is passed over, as if it were not there:
//! an older one and a longer part of the log make the same document.

use inkroom_board::{BoardId, Document, Position, Seq};
use sha2::{Digest, Sha256};

use super::sql::Sql;
use super::{Kept, Snapshot, StoreError, policy, read};
use crate::telemetry::Tag;

/// A snapshot's document and bytes, if they are what was stored.
pub(super) async fn verified(
    sql: &mut dyn Sql,
    board: BoardId,
    epoch: u64,
    seq: Seq,
) -> Result<Option<(Document, Vec<u8>)>, sqlx::Error> {
    let snapshot = match sql.snapshot(board, epoch, seq).await {
        Ok(Some(snapshot)) => snapshot,
        Ok(None) => return Ok(None),
        Err(error) if sql.is_damage(&error).await => return Ok(report(board, seq)),
        Err(error) => return Err(error),
    };
    let checked = tokio::task::spawn_blocking(move || check(snapshot)).await;
    Ok(checked.ok().flatten().or_else(|| report(board, seq)))
}

fn report<T>(board: BoardId, seq: Seq) -> Option<T> {
    tracing::error!(board.id = %Tag(board), seq, "a snapshot is damaged: using an older one");
    None
}

fn check(snapshot: Snapshot) -> Option<(Document, Vec<u8>)> {
    if Sha256::digest(&snapshot.body).as_slice() != snapshot.sha256 {
        return None;
    }
    let document = Document::from_snapshot(&snapshot.body).ok()?;
    (document.position() == snapshot.position).then_some((document, snapshot.body))
}

pub(super) async fn put(
    sql: &mut dyn Sql,
    board: BoardId,
    snapshot: &Snapshot,
) -> Result<Kept, StoreError> {
    if !is_in_history(sql, board, snapshot.position).await? {
        return Err(StoreError::Diverged);
    }
    let is_new = sql.insert_snapshot(board, snapshot).await?;
    sql.note_snapshot(board, snapshot.position.seq).await?;
    Ok(if is_new { Kept::Stored } else { Kept::Already })
}

/// Whether the board was or is at this position. One at or before the floor is as unknown as a wrong one.
async fn is_in_history(
    sql: &mut dyn Sql,
    board: BoardId,
    at: Position,
) -> Result<bool, StoreError> {
    let row = sql.board(board).await?.ok_or(StoreError::NotFound)?;
    if row.head == at || (at == Position::start(row.head.epoch) && row.floor == 0) {
        return Ok(true);
    }
    if at.epoch != row.head.epoch || at.seq <= row.floor {
        return Ok(false);
    }
    Ok(sql.chain(board, at.seq).await? == Some(at.chain))
}

/// Compares a snapshot with what the one before it and the log make, when it is to be.
pub(super) async fn is_sound(
    sql: &mut dyn Sql,
    board: BoardId,
    snapshot: &Snapshot,
) -> Result<bool, StoreError> {
    let at = snapshot.position;
    let row = sql.board(board).await?.ok_or(StoreError::NotFound)?;
    if row.head.epoch != at.epoch || row.head.seq < at.seq {
        return Err(StoreError::Diverged);
    }
    let rebuilt = rebuild(sql, board, at.epoch, at.seq, at.seq - 1).await?;
    let is_sound = rebuilt
        .is_none_or(|rebuilt| rebuilt.position() != at || rebuilt.to_snapshot() == snapshot.body);
    if !is_sound {
        tracing::error!(board.id = %Tag(board), seq = at.seq, "a snapshot differs from its replay: not kept");
    }
    Ok(is_sound)
}

/// Whether [`is_sound`] is to be asked.
pub(super) fn is_to_check(at: Position) -> bool {
    at.seq > 0 && policy::is_to_check(at.chain)
}

/// The document at `seq`, from the newest snapshot at or before `base` from where the log leads there.
async fn rebuild(
    sql: &mut dyn Sql,
    board: BoardId,
    epoch: u64,
    seq: Seq,
    base: Seq,
) -> Result<Option<Document>, StoreError> {
    for base in sql.snapshot_seqs(board, epoch, base).await? {
        let Some((document, _)) = verified(sql, board, epoch, base).await? else {
            continue;
        };
        let (replay, _) = read::replay(sql, board, document, seq).await?;
        if replay.position().seq == seq {
            return Ok(Some(replay.into_document()));
        }
    }
    Ok(None)
}

pub(super) async fn at(
    sql: &mut dyn Sql,
    board: BoardId,
    epoch: u64,
    seq: Seq,
) -> Result<Option<Vec<u8>>, StoreError> {
    let row = sql.board(board).await?;
    if row.is_none_or(|row| row.head.epoch != epoch || row.head.seq < seq || row.floor > seq) {
        return Ok(None);
    }
    if let Some((_, body)) = verified(sql, board, epoch, seq).await? {
        return Ok(Some(body));
    }
    let Some(document) = rebuild(sql, board, epoch, seq, seq).await? else {
        return Ok(None);
    };
    let body = tokio::task::spawn_blocking(move || document.to_snapshot()).await;
    Ok(body.ok())
}
