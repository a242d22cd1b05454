//! Sql: the statements that every store has, and the rows they give.
//!
//! What is done with them (admitting, replaying, believing, pruning) is written once, over this trait; each
//! store writes the statements by hand for its engine (D13). All of them run on one connection, inside the
//! transaction that the store began. Not here: which settings, locks and isolation that transaction has.
//! Integers are signed in both engines: what does not fit (a clock far in the future) is clamped, since nothing
//! is decided by it. A row that makes no sense is an error of the database, and the caller says what that means.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use inkroom_board::ledger::{ClientHead, Genesis, Logged};
use inkroom_board::wire::Profile;
use inkroom_board::{
    Access, BoardId, Chain, ClientId, Ink, Mode, NodeId, OpId, PersonId, Position, Seq,
};

use super::log::Line;
use super::session::Purpose;
use super::{BoardCard, Newest, Snapshot};

/// The part of a board's row that moves with its log.
#[derive(Debug)]
pub(super) struct BoardRow {
    pub(super) head: Position,
    pub(super) floor: Seq,
    pub(super) access: Vec<u8>,
    pub(super) read_only: bool,
    pub(super) touched_ms: u64,
}

/// An op to be put into the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpRow<'a> {
    pub(super) logged: &'a Logged,
    pub(super) stored: &'a [u8],
}

/// How far a client's queue is in the log from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientRow {
    pub(super) id: ClientId,
    pub(super) head: ClientHead,
    pub(super) seen_ms: u64,
}

/// The end of a board's log from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeadRow {
    pub(super) position: Position,
    pub(super) access: Access,
    pub(super) touched_ms: u64,
    /// If it changed.
    pub(super) title: Option<String>,
}

/// A part of a log: after `after`, up to `to`, and of that no more than `most`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub(super) after: Seq,
    pub(super) to: Seq,
    pub(super) most: u64,
}

type Result<T> = std::result::Result<T, sqlx::Error>;

#[async_trait]
pub(super) trait Sql: Send {
    /// How long to wait for what `purpose` needs.
    fn patience(&self, purpose: Purpose) -> Duration;
    async fn begin(&mut self, purpose: Purpose) -> Result<()>;
    async fn commit(&mut self, purpose: Purpose) -> Result<()>;
    async fn rollback(&mut self, purpose: Purpose) -> Result<()>;
    /// Whether the database could read the row but not make sense of it. If so, the transaction goes on.
    async fn is_damage(&mut self, error: &sqlx::Error) -> bool;

    async fn board(&mut self, board: BoardId) -> Result<Option<BoardRow>>;
    /// Like [`Self::board`], and nobody else changes the row until the end of the transaction.
    async fn lock(&mut self, board: BoardId) -> Result<Option<BoardRow>>;
    async fn insert_board(
        &mut self,
        genesis: &Genesis,
        start: Position,
        at_ms: u64,
    ) -> Result<bool>;
    async fn put_head(&mut self, board: BoardId, head: &HeadRow) -> Result<()>;
    async fn mark(&mut self, board: BoardId, read_only: bool) -> Result<()>;
    async fn newest(&mut self, board: BoardId) -> Result<Option<Newest>>;
    async fn heads(&mut self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>>;
    async fn cards(&mut self, boards: &[BoardId]) -> Result<Vec<BoardCard>>;
    async fn count(&mut self) -> Result<u64>;

    /// From the oldest on.
    fn log(&mut self, board: BoardId, part: Stretch) -> BoxStream<'_, Result<Line>>;
    /// From the newest back.
    fn log_back(&mut self, board: BoardId, part: Stretch) -> BoxStream<'_, Result<Line>>;
    async fn chain(&mut self, board: BoardId, seq: Seq) -> Result<Option<Chain>>;
    /// The first op of `part` that came in at `since_ms` or later.
    async fn first_since(
        &mut self,
        board: BoardId,
        part: Stretch,
        since_ms: u64,
    ) -> Result<Option<Seq>>;
    /// Where these ops are, in no order; without those that are not in the log (any more).
    async fn places(&mut self, board: BoardId, ids: &[OpId]) -> Result<Vec<(OpId, Seq)>>;
    async fn insert_ops(&mut self, board: BoardId, ops: &[OpRow<'_>]) -> Result<()>;
    async fn move_floor(&mut self, board: BoardId, epoch: u64, floor: Seq) -> Result<()>;
    /// Deletes the oldest ops up to the floor, `most` of them.
    async fn delete_ops(&mut self, board: BoardId, most: u64) -> Result<u64>;

    /// In no order; without those that are not there.
    async fn clients(
        &mut self,
        board: BoardId,
        ids: &[ClientId],
    ) -> Result<Vec<(ClientId, ClientHead)>>;
    async fn put_clients(&mut self, board: BoardId, clients: &[ClientRow]) -> Result<()>;
    /// Deletes clients that were last seen before `before_ms` and have no op in the log.
    async fn delete_clients(&mut self, board: BoardId, before_ms: u64) -> Result<u64>;

    /// The seqs of the snapshots of a history up to `most`, newest first.
    async fn snapshot_seqs(&mut self, board: BoardId, epoch: u64, most: Seq) -> Result<Vec<Seq>>;
    /// As it is stored, not yet believed.
    async fn snapshot(&mut self, board: BoardId, epoch: u64, seq: Seq) -> Result<Option<Snapshot>>;
    async fn insert_snapshot(&mut self, board: BoardId, snapshot: &Snapshot) -> Result<bool>;
    async fn note_snapshot(&mut self, board: BoardId, seq: Seq) -> Result<()>;
    /// Deletes these, but never the one at the floor.
    async fn delete_snapshots(&mut self, board: BoardId, epoch: u64, seqs: &[Seq]) -> Result<u64>;

    async fn person(&mut self, id: PersonId) -> Result<Option<Profile>>;
    async fn put_person(&mut self, profile: &Profile, at_ms: u64) -> Result<()>;
    async fn touch_person(&mut self, id: PersonId, at_ms: u64) -> Result<()>;

    /// Forgets the nodes whose last beat is `silent_ms` old, by the database's clock.
    async fn forget_silent(&mut self, silent_ms: u64) -> Result<()>;
    async fn put_node(&mut self, node: NodeId, degraded: bool) -> Result<()>;
    async fn is_another_degraded(&mut self, node: NodeId) -> Result<bool>;
    async fn delete_node(&mut self, node: NodeId) -> Result<()>;

    /// Keeps `value` under `name`, unless something is there.
    async fn put_key(&mut self, name: &str, value: &[u8]) -> Result<()>;
    async fn key(&mut self, name: &str) -> Result<Vec<u8>>;
}

/// The columns of a row, whichever engine it is of.
pub(super) trait Cells {
    fn int(&self, column: &str) -> Result<i64>;
    fn blob(&self, column: &str) -> Result<&[u8]>;
    fn text(&self, column: &str) -> Result<&str>;

    fn natural(&self, column: &str) -> Result<u64> {
        Ok(u64::try_from(self.int(column)?).unwrap_or(0))
    }
}

macro_rules! cells {
    ($row:ty) => {
        impl $crate::store::sql::Cells for $row {
            fn int(&self, column: &str) -> std::result::Result<i64, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }

            fn blob(&self, column: &str) -> std::result::Result<&[u8], sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }

            fn text(&self, column: &str) -> std::result::Result<&str, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }
        }
    };
}
pub(super) use cells;

pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn bytes<const N: usize>(row: &impl Cells, column: &str) -> Result<[u8; N]> {
    let value = row.blob(column)?;
    value.try_into().map_err(|error| sqlx::Error::ColumnDecode {
        index: column.into(),
        source: Box::new(error),
    })
}

pub(super) fn board_row(row: &impl Cells) -> Result<BoardRow> {
    Ok(BoardRow {
        head: position(row)?,
        floor: row.natural("floor_seq")?,
        access: row.blob("access")?.to_vec(),
        read_only: is_read_only(row)?,
        touched_ms: row.natural("touched_at")?,
    })
}

fn is_read_only(row: &impl Cells) -> Result<bool> {
    Ok(row.text("state")? != OPEN)
}

pub(super) fn position(row: &impl Cells) -> Result<Position> {
    Ok(Position {
        epoch: row.natural("epoch")?,
        seq: row.natural("head_seq")?,
        chain: Chain(bytes(row, "head_chain")?),
    })
}

pub(super) fn head(row: &impl Cells) -> Result<(BoardId, Position)> {
    Ok((BoardId(bytes(row, "id")?), position(row)?))
}

/// Of a board's row joined with its newest snapshot's.
pub(super) fn newest(row: &impl Cells) -> Result<Newest> {
    Ok(Newest {
        head: position(row)?,
        read_only: is_read_only(row)?,
        snapshot: Position {
            epoch: row.natural("epoch")?,
            seq: row.natural("seq")?,
            chain: chain(row)?,
        },
        sha256: bytes(row, "sha256")?,
    })
}

pub(super) fn card(row: &impl Cells) -> Result<BoardCard> {
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

/// A row of the log, as it is: what is not as it should be is for [`Line::believe`] to find.
pub(super) fn line(row: &impl Cells) -> Result<Line> {
    Ok(Line {
        seq: row.int("seq")?,
        client: row.blob("client_id")?.to_vec(),
        n: row.int("client_seq")?,
        author: row.blob("author")?.to_vec(),
        at_ms: row.int("at_ms")?,
        body: row.blob("body")?.to_vec(),
        chain: row.blob("chain")?.to_vec(),
    })
}

pub(super) fn chain(row: &impl Cells) -> Result<Chain> {
    bytes(row, "chain").map(Chain)
}

pub(super) fn seq(row: &impl Cells) -> Result<Seq> {
    row.natural("seq")
}

pub(super) fn place(row: &impl Cells) -> Result<(OpId, Seq)> {
    let id = OpId {
        client: ClientId(bytes(row, "client_id")?),
        n: narrow(row.natural("client_seq")?),
    };
    Ok((id, seq(row)?))
}

pub(super) fn client(row: &impl Cells) -> Result<(ClientId, ClientHead)> {
    let head = ClientHead {
        person: PersonId(bytes(row, "person")?),
        last_n: narrow(row.natural("last_client_seq")?),
    };
    Ok((ClientId(bytes(row, "client_id")?), head))
}

fn narrow(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

pub(super) fn snapshot(row: &impl Cells, epoch: u64, seq: Seq) -> Result<Snapshot> {
    Ok(Snapshot {
        position: Position {
            epoch,
            seq,
            chain: chain(row)?,
        },
        sha256: bytes(row, "sha256")?,
        body: row.blob("body")?.to_vec(),
    })
}

pub(super) fn profile(row: &impl Cells, person: PersonId) -> Result<Profile> {
    let colour = row.text("colour")?;
    Ok(Profile {
        person,
        name: row.text("name")?.to_owned(),
        // A colour that a later version knew: the first of the palette will do.
        colour: Ink::ALL
            .into_iter()
            .find(|ink| ink.name() == colour)
            .unwrap_or(Ink::Ink),
    })
}

/// The state of a board that takes ops.
const OPEN: &str = "open";

pub(super) fn state_word(read_only: bool) -> &'static str {
    if read_only { "readonly" } else { OPEN }
}

pub(super) fn mode_word(mode: Mode) -> &'static str {
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

pub(super) fn access_bytes(access: &Access) -> Vec<u8> {
    postcard::to_allocvec(access).unwrap_or_default()
}
