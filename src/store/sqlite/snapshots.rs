//! Snapshots: kept, checked against the log, and made again for any place since the floor.
//!
//! A snapshot whose bytes do not have the hash they were stored with is passed over, as if it were not there:
//! an older one and a longer part of the log make the same document.

use inkroom_board::{BoardId, Chain, Document, Position, Seq};
use sha2::{Digest, Sha256};
use sqlx::{Connection, Row, SqliteConnection, SqlitePool};

use super::{commit, read, rows};
use crate::store::policy;
use crate::store::{Kept, Snapshot, StoreError};
use crate::telemetry::Tag;

/// The seqs of the snapshots of a history up to `most`, newest first.
pub(super) async fn seqs(
    link: &mut SqliteConnection,
    board: BoardId,
    epoch: u64,
    most: Seq,
) -> Result<Vec<Seq>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT seq FROM snapshots WHERE board_id = ? AND epoch = ? AND seq <= ? ORDER BY seq DESC",
    )
    .bind(board.0.as_slice())
    .bind(rows::int(epoch))
    .bind(rows::int(most))
    .fetch_all(link)
    .await?;
    rows.iter().map(|row| rows::natural(row, "seq")).collect()
}

/// A snapshot's document and bytes, if they are what was stored.
pub(super) async fn verified(
    link: &mut SqliteConnection,
    board: BoardId,
    epoch: u64,
    seq: Seq,
) -> Result<Option<(Document, Vec<u8>)>, sqlx::Error> {
    let snapshot = match stored(link, board, epoch, seq).await {
        Ok(Some(snapshot)) => snapshot,
        Ok(None) => return Ok(None),
        Err(error) if read::is_damage(&error) => return Ok(report(board, seq)),
        Err(error) => return Err(error),
    };
    let checked = tokio::task::spawn_blocking(move || check(snapshot)).await;
    Ok(checked.ok().flatten().or_else(|| report(board, seq)))
}

fn report<T>(board: BoardId, seq: Seq) -> Option<T> {
    tracing::error!(board.id = %Tag(board), seq, "a snapshot is damaged: using an older one");
    None
}

async fn stored(
    link: &mut SqliteConnection,
    board: BoardId,
    epoch: u64,
    seq: Seq,
) -> Result<Option<Snapshot>, sqlx::Error> {
    let found = sqlx::query(
        "SELECT chain, sha256, body FROM snapshots WHERE board_id = ? AND epoch = ? AND seq = ?",
    )
    .bind(board.0.as_slice())
    .bind(rows::int(epoch))
    .bind(rows::int(seq))
    .fetch_optional(link)
    .await?;
    let Some(row) = found else { return Ok(None) };
    let position = Position {
        epoch,
        seq,
        chain: Chain(rows::bytes(&row, "chain")?),
    };
    Ok(Some(Snapshot {
        position,
        sha256: rows::bytes(&row, "sha256")?,
        body: row.try_get("body")?,
    }))
}

fn check(snapshot: Snapshot) -> Option<(Document, Vec<u8>)> {
    if Sha256::digest(&snapshot.body).as_slice() != snapshot.sha256 {
        return None;
    }
    let document = Document::from_snapshot(&snapshot.body).ok()?;
    (document.position() == snapshot.position).then_some((document, snapshot.body))
}

pub(super) async fn insert(
    link: &mut SqliteConnection,
    board: BoardId,
    snapshot: &Snapshot,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO snapshots (board_id, epoch, seq, chain, sha256, body) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT (board_id, epoch, seq) DO NOTHING",
    )
    .bind(board.0.as_slice())
    .bind(rows::int(snapshot.position.epoch))
    .bind(rows::int(snapshot.position.seq))
    .bind(snapshot.position.chain.0.as_slice())
    .bind(snapshot.sha256.as_slice())
    .bind(&snapshot.body)
    .execute(link)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) async fn put(
    link: &mut SqliteConnection,
    board: BoardId,
    snapshot: &Snapshot,
) -> Result<Kept, StoreError> {
    let mut tx = link.begin_with(commit::BEGIN).await?;
    let known = is_in_history(&mut tx, board, snapshot.position).await?;
    if !known {
        tx.rollback().await?;
        return Err(StoreError::Diverged);
    }
    let is_new = insert(&mut tx, board, snapshot).await?;
    sqlx::query("UPDATE boards SET snap_seq = max(snap_seq, ?) WHERE id = ?")
        .bind(rows::int(snapshot.position.seq))
        .bind(board.0.as_slice())
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(if is_new { Kept::Stored } else { Kept::Already })
}

/// Whether the board was or is at this position. One at or before the floor is as unknown as a wrong one.
async fn is_in_history(
    link: &mut SqliteConnection,
    board: BoardId,
    at: Position,
) -> Result<bool, StoreError> {
    let row = rows::board(link, board)
        .await?
        .ok_or(StoreError::NotFound)?;
    if row.head == at || (at == Position::start(row.head.epoch) && row.floor == 0) {
        return Ok(true);
    }
    let found = sqlx::query("SELECT chain FROM ops WHERE board_id = ? AND seq = ? AND seq > ?")
        .bind(board.0.as_slice())
        .bind(rows::int(at.seq))
        .bind(rows::int(row.floor))
        .fetch_optional(link)
        .await?;
    let chain = found
        .map(|row| rows::bytes(&row, "chain"))
        .transpose()?
        .map(Chain);
    Ok(at.epoch == row.head.epoch && chain == Some(at.chain))
}

/// Compares a snapshot with what the one before it and the log make, when it is to be.
pub(super) async fn is_sound(
    readers: &SqlitePool,
    board: BoardId,
    snapshot: &Snapshot,
) -> Result<bool, StoreError> {
    let at = snapshot.position;
    if at.seq == 0 || !policy::is_to_check(at.chain) {
        return Ok(true);
    }
    let mut tx = readers.begin().await?;
    let row = rows::board(&mut tx, board)
        .await?
        .ok_or(StoreError::NotFound)?;
    if row.head.epoch != at.epoch || row.head.seq < at.seq {
        return Err(StoreError::Diverged);
    }
    let rebuilt = rebuild(&mut tx, board, at.epoch, at.seq, at.seq - 1).await?;
    let is_sound = rebuilt
        .is_none_or(|rebuilt| rebuilt.position() != at || rebuilt.to_snapshot() == snapshot.body);
    if !is_sound {
        tracing::error!(board.id = %Tag(board), seq = at.seq, "a snapshot differs from its replay: not kept");
    }
    Ok(is_sound)
}

/// The document at `seq`, from the newest snapshot at or before `base` from where the log leads there.
async fn rebuild(
    link: &mut SqliteConnection,
    board: BoardId,
    epoch: u64,
    seq: Seq,
    base: Seq,
) -> Result<Option<Document>, StoreError> {
    for base in seqs(link, board, epoch, base).await? {
        let Some((document, _)) = verified(link, board, epoch, base).await? else {
            continue;
        };
        let (replay, _) = read::replay(link, board, document, seq).await?;
        if replay.position().seq == seq {
            return Ok(Some(replay.into_document()));
        }
    }
    Ok(None)
}

pub(super) async fn at(
    readers: &SqlitePool,
    board: BoardId,
    epoch: u64,
    seq: Seq,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut tx = readers.begin().await?;
    let row = rows::board(&mut tx, board).await?;
    if row.is_none_or(|row| row.head.epoch != epoch || row.head.seq < seq || row.floor > seq) {
        return Ok(None);
    }
    if let Some((_, body)) = verified(&mut tx, board, epoch, seq).await? {
        return Ok(Some(body));
    }
    let Some(document) = rebuild(&mut tx, board, epoch, seq, seq).await? else {
        return Ok(None);
    };
    let body = tokio::task::spawn_blocking(move || document.to_snapshot()).await;
    Ok(body.ok())
}
