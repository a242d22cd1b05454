//! Letting go of the old part of a log, as [`policy`] says.
//!
//! First the floor moves, in one transaction; then what is under it is deleted in small ones, with commits in
//! between. A crash halfway leaves rows under the floor that nobody reads, and the next prune deletes them.

use std::collections::BTreeSet;

use inkroom_board::{BoardId, Seq};

use super::sql::{Sql, Stretch};
use super::{Pruned, StoreError, policy, snapshots};

/// Ops deleted in one transaction: a few ms of a lock.
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
    sql: &mut dyn Sql,
    board: BoardId,
    now_ms: u64,
) -> Result<Plan, StoreError> {
    let row = sql.board(board).await?.ok_or(StoreError::NotFound)?;
    let (epoch, head) = (row.head.epoch, row.head.seq);
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
    let all = sql.snapshot_seqs(board, epoch, head).await?;
    let all: BTreeSet<_> = all.into_iter().collect();
    let newest = verified(sql, board, epoch, all.iter().rev(), policy::KEEP_SNAPSHOTS).await?;
    let part = Stretch {
        after: row.floor,
        to: policy::highest_floor(head, &newest),
        most: 1,
    };
    let young_ms = now_ms.saturating_sub(policy::KEEP_OPS_MS);
    let first_young = sql.first_since(board, part, young_ms).await?;
    let highest = first_young.map_or(part.to, |seq| seq - 1);
    let candidates = all
        .iter()
        .rev()
        .filter(|seq| (row.floor + 1..=highest).contains(seq));
    let candidates = verified(sql, board, epoch, candidates, 1).await?;
    let floor = policy::floor(row.floor, highest, &candidates);
    Ok(Plan {
        board,
        epoch,
        floor,
        snapshots: policy::superfluous(&all, &newest, floor),
        clients_before_ms: now_ms.saturating_sub(policy::KEEP_CLIENTS_MS),
    })
}

/// The first `most` of these snapshots that are what was stored. Each is read whole, so no more than are needed.
async fn verified(
    sql: &mut dyn Sql,
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
        if snapshots::verified(sql, board, epoch, *seq)
            .await?
            .is_some()
        {
            verified.insert(*seq);
        }
    }
    Ok(verified)
}

/// One short transaction's worth; answers whether it was the last.
pub(super) async fn step(
    sql: &mut dyn Sql,
    plan: &Plan,
    pruned: &mut Pruned,
) -> Result<bool, StoreError> {
    sql.move_floor(plan.board, plan.epoch, plan.floor).await?;
    // Whatever is under the floor by now, so that two servers that prune at once do no more than one.
    let ops = sql.delete_ops(plan.board, STEP_OPS).await?;
    let is_last = ops < STEP_OPS;
    pruned.floor = plan.floor;
    pruned.ops += ops;
    if is_last {
        pruned.snapshots += sql
            .delete_snapshots(plan.board, plan.epoch, &plan.snapshots)
            .await?;
        // A client is kept while an op of it is, however silent: forgetting it would let its ops in again.
        pruned.clients += sql
            .delete_clients(plan.board, plan.clients_before_ms)
            .await?;
    }
    Ok(is_last)
}
