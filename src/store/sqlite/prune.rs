//! Letting go of the old part of a log, as [`policy`] says.
//!
//! First the floor moves, in one transaction; then what is under it is deleted in small ones, with commits in
//! between. A crash halfway leaves rows under the floor that nobody reads, and the next prune deletes them.

use std::collections::BTreeSet;

use inkroom_board::{BoardId, Seq};
use sqlx::{Connection, SqliteConnection, SqlitePool};

use super::{commit, rows, snapshots};
use crate::store::{Pruned, StoreError, policy};

/// Ops deleted in one transaction: a few ms of the write lock.
const STEP_OPS: u64 = 1_000;

/// What is to go.
#[derive(Debug)]
pub(super) struct Plan {
    board: BoardId,
    epoch: u64,
    floor: Seq,
    snapshots: Vec<Seq>,
    clients_before_ms: u64,
}

pub(super) async fn plan(
    readers: &SqlitePool,
    board: BoardId,
    now_ms: u64,
) -> Result<Plan, StoreError> {
    let mut tx = readers.begin().await?;
    let row = rows::board(&mut tx, board)
        .await?
        .ok_or(StoreError::NotFound)?;
    let (epoch, head) = (row.head.epoch, row.head.seq);
    let all: BTreeSet<_> = snapshots::seqs(&mut tx, board, epoch, head)
        .await?
        .into_iter()
        .collect();
    // A damaged board keeps all that there is of it.
    if row.read_only {
        return Ok(Plan {
            board,
            epoch,
            floor: row.floor,
            snapshots: Vec::new(),
            clients_before_ms: 0,
        });
    }
    let newest = verified(
        &mut tx,
        board,
        epoch,
        all.iter().rev(),
        policy::KEEP_SNAPSHOTS,
    )
    .await?;
    let highest = policy::highest_floor(head, &newest);
    let highest = older_than(
        &mut tx,
        board,
        row.floor,
        highest,
        now_ms.saturating_sub(policy::KEEP_OPS_MS),
    )
    .await?;
    let candidates = all
        .iter()
        .rev()
        .filter(|seq| (row.floor + 1..=highest).contains(seq));
    let candidates = verified(&mut tx, board, epoch, candidates, 1).await?;
    let floor = policy::floor(row.floor, highest, &candidates);
    let snapshots = policy::superfluous(&all, &newest, floor);
    let clients_before_ms = now_ms.saturating_sub(policy::KEEP_CLIENTS_MS);
    Ok(Plan {
        board,
        epoch,
        floor,
        snapshots,
        clients_before_ms,
    })
}

/// The first `most` of these snapshots that are what was stored. Each is read whole, so no more than are needed.
async fn verified(
    link: &mut SqliteConnection,
    board: BoardId,
    epoch: u64,
    seqs: impl Iterator<Item = &Seq> + Send,
    most: usize,
) -> Result<BTreeSet<Seq>, sqlx::Error> {
    let mut verified = BTreeSet::new();
    for seq in seqs {
        if verified.len() == most {
            break;
        }
        if snapshots::verified(link, board, epoch, *seq)
            .await?
            .is_some()
        {
            verified.insert(*seq);
        }
    }
    Ok(verified)
}

/// The end of the part of `floor..=highest` in which every op came in before `before_ms`.
async fn older_than(
    link: &mut SqliteConnection,
    board: BoardId,
    floor: Seq,
    highest: Seq,
    before_ms: u64,
) -> Result<Seq, sqlx::Error> {
    let first_young = sqlx::query(
        "SELECT seq FROM ops WHERE board_id = ? AND seq > ? AND seq <= ? AND at_ms >= ? ORDER BY seq LIMIT 1",
    )
    .bind(board.0.as_slice())
    .bind(rows::int(floor))
    .bind(rows::int(highest))
    .bind(rows::int(before_ms))
    .fetch_optional(link)
    .await?;
    let end = first_young
        .map(|row| rows::natural(&row, "seq"))
        .transpose()?;
    Ok(end.map_or(highest, |seq| seq - 1))
}

/// One short transaction's worth; answers whether it was the last.
pub(super) async fn step(
    link: &mut SqliteConnection,
    plan: &Plan,
    pruned: &mut Pruned,
) -> Result<bool, StoreError> {
    let mut tx = link.begin_with(commit::BEGIN).await?;
    move_floor(&mut tx, plan).await?;
    let ops = delete_ops(&mut tx, plan).await?;
    let is_last = ops < STEP_OPS;
    let (mut snapshots, mut clients) = (0, 0);
    if is_last {
        snapshots = delete_snapshots(&mut tx, plan).await?;
        clients = delete_clients(&mut tx, plan).await?;
    }
    tx.commit().await?;
    pruned.floor = plan.floor;
    pruned.ops += ops;
    pruned.snapshots += snapshots;
    pruned.clients += clients;
    Ok(is_last)
}

async fn move_floor(link: &mut SqliteConnection, plan: &Plan) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE boards SET floor_seq = ?1 WHERE id = ?2 AND epoch = ?3 AND floor_seq < ?1")
        .bind(rows::int(plan.floor))
        .bind(plan.board.0.as_slice())
        .bind(rows::int(plan.epoch))
        .execute(link)
        .await?;
    Ok(())
}

/// Whatever is under the floor by now, so that two servers that prune at once do no more than one.
async fn delete_ops(link: &mut SqliteConnection, plan: &Plan) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(
        "DELETE FROM ops WHERE board_id = ?1 AND seq IN (SELECT seq FROM ops WHERE board_id = ?1 \
         AND seq <= (SELECT floor_seq FROM boards WHERE id = ?1) ORDER BY seq LIMIT ?2)",
    )
    .bind(plan.board.0.as_slice())
    .bind(rows::int(STEP_OPS))
    .execute(link)
    .await?;
    Ok(deleted.rows_affected())
}

async fn delete_snapshots(link: &mut SqliteConnection, plan: &Plan) -> Result<u64, sqlx::Error> {
    let mut deleted = 0;
    for seq in &plan.snapshots {
        let done = sqlx::query(
            "DELETE FROM snapshots WHERE board_id = ?1 AND epoch = ?2 AND seq = ?3 \
             AND seq <> (SELECT floor_seq FROM boards WHERE id = ?1)",
        )
        .bind(plan.board.0.as_slice())
        .bind(rows::int(plan.epoch))
        .bind(rows::int(*seq))
        .execute(&mut *link)
        .await?;
        deleted += done.rows_affected();
    }
    Ok(deleted)
}

/// A client is kept while an op of it is, however silent: forgetting it would let its ops in a second time.
async fn delete_clients(link: &mut SqliteConnection, plan: &Plan) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(
        "DELETE FROM clients WHERE board_id = ?1 AND seen_at < ?2 AND NOT EXISTS (SELECT 1 FROM ops \
         WHERE ops.board_id = clients.board_id AND ops.client_id = clients.client_id)",
    )
    .bind(plan.board.0.as_slice())
    .bind(rows::int(plan.clients_before_ms))
    .execute(link)
    .await?;
    Ok(deleted.rows_affected())
}
