//! Writing: a new board, and the one transaction that gives ops their seq.
//!
//! Everything is read again under the write lock (the head, who may draw, how far each client is), so any
//! number of servers decides as one. Not here: batching and retries, which are the writer's.

use std::collections::BTreeMap;

use inkroom_board::ledger::{ClientHead, Genesis, Head, Logged, Verdict};
use inkroom_board::room::Answer;
use inkroom_board::wire::Refusal;
use inkroom_board::{Access, BoardId, ClientId, Document, Op, OpId, Position, Seq};
use sqlx::{Connection, SqliteConnection};

use super::{rows, snapshots};
use crate::store::{BoardBatch, FIRST_EPOCH, Outcome, Snapshot, StoreError, Submitted};
use crate::telemetry::Tag;

/// Takes the write lock before anything is read. A transaction that reads first and writes later fails at once,
/// without waiting, if another one wrote in between.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

pub(super) async fn create(
    link: &mut SqliteConnection,
    genesis: &Genesis,
    at_ms: u64,
) -> Result<(), StoreError> {
    let document = Document::new(FIRST_EPOCH, genesis.title.clone(), genesis.access.clone());
    let mut tx = link.begin_with(BEGIN).await?;
    if !insert_board(&mut tx, genesis, document.position(), at_ms).await? {
        tx.rollback().await?;
        return Err(StoreError::Exists);
    }
    snapshots::insert(&mut tx, genesis.board, &Snapshot::of(&document)).await?;
    tx.commit().await?;
    Ok(())
}

async fn insert_board(
    link: &mut SqliteConnection,
    genesis: &Genesis,
    start: Position,
    at_ms: u64,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO boards (id, epoch, head_seq, head_chain, snap_seq, floor_seq, title, mode, owner, access, \
         created_at, touched_at) VALUES (?1, ?2, 0, ?3, 0, 0, ?4, ?5, ?6, ?7, ?8, ?8) ON CONFLICT (id) DO NOTHING",
    )
    .bind(genesis.board.0.as_slice())
    .bind(rows::int(start.epoch))
    .bind(start.chain.0.as_slice())
    .bind(&genesis.title)
    .bind(rows::mode_word(genesis.access.mode))
    .bind(genesis.access.owner.0.as_slice())
    .bind(rows::access_bytes(&genesis.access))
    .bind(rows::int(at_ms))
    .execute(link)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) async fn commit(
    link: &mut SqliteConnection,
    batch: &[BoardBatch],
) -> Result<Vec<Vec<Outcome>>, StoreError> {
    let mut tx = link.begin_with(BEGIN).await?;
    let mut outcomes = Vec::with_capacity(batch.len());
    for part in batch {
        outcomes.push(commit_board(&mut tx, part).await?);
    }
    tx.commit().await?;
    Ok(outcomes)
}

async fn commit_board(
    link: &mut SqliteConnection,
    part: &BoardBatch,
) -> Result<Vec<Outcome>, StoreError> {
    let Some(mut locked) = Locked::read(link, part.board).await? else {
        return Ok(part
            .ops
            .iter()
            .map(|op| answered(op.entry.id, Answer::Refused(Refusal::ReadOnly)))
            .collect());
    };
    let mut outcomes = Vec::with_capacity(part.ops.len());
    for op in &part.ops {
        outcomes.push(locked.admit(link, op).await?);
    }
    locked.write(link).await?;
    Ok(outcomes)
}

fn answered(id: OpId, answer: Answer) -> Outcome {
    Outcome::Answered { id, answer }
}

/// A board under the write lock, with what this transaction changed of it.
struct Locked {
    board: BoardId,
    head: Head,
    touched_ms: u64,
    clients: BTreeMap<ClientId, Client>,
    title: Option<String>,
    is_changed: bool,
}

/// What the log holds of a client, and when it last added to it if it did so now.
struct Client {
    head: ClientHead,
    added_ms: Option<u64>,
}

impl Locked {
    /// Nothing if the board takes no ops: it is not there, it is read-only, or its row is damaged.
    async fn read(link: &mut SqliteConnection, board: BoardId) -> Result<Option<Self>, StoreError> {
        let Some(row) = rows::board(link, board).await?.filter(|row| !row.read_only) else {
            return Ok(None);
        };
        let Ok(access) = postcard::from_bytes::<Access>(&row.access) else {
            tracing::error!(board.id = %Tag(board), "a board's row is damaged: it takes no ops");
            return Ok(None);
        };
        let head = Head {
            position: row.head,
            access,
        };
        let (touched_ms, clients) = (row.touched_ms, BTreeMap::new());
        Ok(Some(Self {
            board,
            head,
            touched_ms,
            clients,
            title: None,
            is_changed: false,
        }))
    }

    async fn admit(
        &mut self,
        link: &mut SqliteConnection,
        op: &Submitted,
    ) -> Result<Outcome, StoreError> {
        let id = op.entry.id;
        if !self.clients.contains_key(&id.client) {
            let known = rows::client(link, self.board, id.client).await?;
            let head = known.unwrap_or(ClientHead {
                person: op.entry.author,
                last_n: 0,
            });
            self.clients.insert(
                id.client,
                Client {
                    head,
                    added_ms: None,
                },
            );
        }
        let verdict = match self.clients.get_mut(&id.client) {
            Some(client) => self.head.admit(&mut client.head, &op.entry, &op.stored),
            None => Verdict::NotYours,
        };
        Ok(match verdict {
            Verdict::Fresh(seq) => Outcome::Logged(self.add(link, op, seq).await?),
            Verdict::Known => answered(id, Answer::Known(self.seq_of(link, id).await?)),
            Verdict::Gap(expected) => answered(id, Answer::Refused(Refusal::Gap(expected))),
            Verdict::Forbidden => answered(id, Answer::Refused(Refusal::Forbidden)),
            Verdict::NotYours => answered(id, Answer::NotYours),
        })
    }

    async fn add(
        &mut self,
        link: &mut SqliteConnection,
        op: &Submitted,
        seq: Seq,
    ) -> Result<Logged, StoreError> {
        let (entry, chain) = (&op.entry, self.head.position.chain);
        let logged = Logged {
            seq,
            chain,
            entry: entry.clone(),
            size: op.stored.len(),
        };
        insert_op(link, self.board, &logged, &op.stored).await?;
        self.is_changed = true;
        self.touched_ms = self.touched_ms.max(entry.at_ms);
        if let Some(client) = self.clients.get_mut(&entry.id.client) {
            client.added_ms = Some(entry.at_ms);
        }
        if let Op::SetTitle(title) = &entry.op {
            self.title = Some(title.clone());
        }
        Ok(logged)
    }

    /// Where in the log a known op is; 0 if it was pruned.
    async fn seq_of(&self, link: &mut SqliteConnection, id: OpId) -> Result<Seq, StoreError> {
        let found = sqlx::query(
            "SELECT seq FROM ops WHERE board_id = ? AND client_id = ? AND client_seq = ?",
        )
        .bind(self.board.0.as_slice())
        .bind(id.client.0.as_slice())
        .bind(i64::from(id.n))
        .fetch_optional(link)
        .await?;
        Ok(found
            .map(|row| rows::natural(&row, "seq"))
            .transpose()?
            .unwrap_or(0))
    }

    async fn write(&self, link: &mut SqliteConnection) -> Result<(), StoreError> {
        if !self.is_changed {
            return Ok(());
        }
        for (id, client) in &self.clients {
            if let Some(added_ms) = client.added_ms {
                put_client(link, self.board, *id, client.head, added_ms).await?;
            }
        }
        self.write_head(link).await
    }

    async fn write_head(&self, link: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE boards SET head_seq = ?, head_chain = ?, access = ?, mode = ?, touched_at = ?, \
             title = coalesce(?, title) WHERE id = ?",
        )
        .bind(rows::int(self.head.position.seq))
        .bind(self.head.position.chain.0.as_slice())
        .bind(rows::access_bytes(&self.head.access))
        .bind(rows::mode_word(self.head.access.mode))
        .bind(rows::int(self.touched_ms))
        .bind(self.title.as_deref())
        .bind(self.board.0.as_slice())
        .execute(link)
        .await?;
        Ok(())
    }
}

async fn insert_op(
    link: &mut SqliteConnection,
    board: BoardId,
    logged: &Logged,
    stored: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO ops (board_id, seq, client_id, client_seq, author, at_ms, body, chain) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(board.0.as_slice())
    .bind(rows::int(logged.seq))
    .bind(logged.entry.id.client.0.as_slice())
    .bind(i64::from(logged.entry.id.n))
    .bind(logged.entry.author.0.as_slice())
    .bind(rows::int(logged.entry.at_ms))
    .bind(stored)
    .bind(logged.chain.0.as_slice())
    .execute(link)
    .await?;
    Ok(())
}

async fn put_client(
    link: &mut SqliteConnection,
    board: BoardId,
    client: ClientId,
    head: ClientHead,
    seen_ms: u64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO clients (board_id, client_id, last_client_seq, person, seen_at) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (board_id, client_id) DO UPDATE SET last_client_seq = excluded.last_client_seq, \
         seen_at = max(seen_at, excluded.seen_at)",
    )
    .bind(board.0.as_slice())
    .bind(client.0.as_slice())
    .bind(i64::from(head.last_n))
    .bind(head.person.0.as_slice())
    .bind(rows::int(seen_ms))
    .execute(link)
    .await?;
    Ok(())
}
