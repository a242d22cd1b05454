//! Writing: a new board, and the one transaction that gives ops their seq.
//!
//! Everything is read again under the board's lock (the head, who may draw, how far each client is), so any
//! number of servers decides as one. The lock is a statement of its own, before anything else is read: what the
//! same statement reads may be from before it waited. Not here: batching and retries, which are the writer's.

use inkroom_board::ledger::{Genesis, Head};
use inkroom_board::{Access, ClientId, Document};

use super::admit::{self, Admission, Locked};
use super::sql::Sql;
use super::{BoardBatch, FIRST_EPOCH, Outcome, Snapshot, StoreError};
use crate::telemetry::Tag;

pub(super) async fn create(
    sql: &mut dyn Sql,
    genesis: &Genesis,
    at_ms: u64,
) -> Result<(), StoreError> {
    let document = Document::new(FIRST_EPOCH, genesis.title.clone(), genesis.access.clone());
    if !sql
        .insert_board(genesis, document.position(), at_ms)
        .await?
    {
        return Err(StoreError::Exists);
    }
    sql.insert_snapshot(genesis.board, &Snapshot::of(&document))
        .await?;
    Ok(())
}

/// Boards are locked in the order of their ids, so that two servers never wait for each other.
pub(super) async fn commit(
    sql: &mut dyn Sql,
    batch: &[BoardBatch],
) -> Result<Vec<Vec<Outcome>>, StoreError> {
    let mut order: Vec<_> = batch.iter().enumerate().collect();
    order.sort_by_key(|(_, part)| part.board);
    let mut outcomes = Vec::with_capacity(batch.len());
    for (place, part) in order {
        outcomes.push((place, commit_board(sql, part).await?));
    }
    outcomes.sort_by_key(|(place, _)| *place);
    Ok(outcomes.into_iter().map(|(_, outcomes)| outcomes).collect())
}

async fn commit_board(sql: &mut dyn Sql, part: &BoardBatch) -> Result<Vec<Outcome>, StoreError> {
    let Some(locked) = lock(sql, part).await? else {
        return Ok(admit::refused(&part.ops));
    };
    let admission = Admission::of(&part.ops, locked);
    let ops = admission.ops();
    if !ops.is_empty() {
        sql.insert_ops(part.board, &ops).await?;
        sql.put_clients(part.board, &admission.clients()).await?;
        sql.put_head(part.board, &admission.head()).await?;
    }
    let known = admission.known();
    let places = if known.is_empty() {
        Vec::new()
    } else {
        sql.places(part.board, &known).await?
    };
    Ok(admission.outcomes(&places))
}

/// Nothing if the board takes no ops: it is not there, it is read-only, or its row is damaged.
async fn lock(sql: &mut dyn Sql, part: &BoardBatch) -> Result<Option<Locked>, StoreError> {
    let Some(row) = sql.lock(part.board).await?.filter(|row| !row.read_only) else {
        return Ok(None);
    };
    let Ok(access) = postcard::from_bytes::<Access>(&row.access) else {
        tracing::error!(board.id = %Tag(part.board), "a board's row is damaged: it takes no ops");
        return Ok(None);
    };
    let clients = sql.clients(part.board, &clients(part)).await?;
    Ok(Some(Locked {
        head: Head {
            position: row.head,
            access,
        },
        touched_ms: row.touched_ms,
        clients: clients.into_iter().collect(),
    }))
}

fn clients(part: &BoardBatch) -> Vec<ClientId> {
    let mut ids: Vec<_> = part.ops.iter().map(|op| op.entry.id.client).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
