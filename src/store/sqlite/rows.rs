//! Rows to values and back: the statements that several parts of the store share.
//!
//! SQLite's integers are signed: what does not fit (a clock far in the future) is clamped, since nothing is
//! decided by it. A row that does not make sense is an error of the database, and the caller says what that means.

use inkroom_board::ledger::ClientHead;
use inkroom_board::{Access, BoardId, Chain, ClientId, Mode, PersonId, Position, Seq};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::store::log::Line;

/// The part of a board's row that moves with its log.
#[derive(Debug)]
pub(super) struct BoardRow {
    pub(super) head: Position,
    pub(super) floor: Seq,
    pub(super) access: Vec<u8>,
    pub(super) read_only: bool,
    pub(super) touched_ms: u64,
}

pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn natural(row: &SqliteRow, column: &str) -> Result<u64, sqlx::Error> {
    let value: i64 = row.try_get(column)?;
    Ok(u64::try_from(value).unwrap_or(0))
}

pub(super) fn bytes<const N: usize>(row: &SqliteRow, column: &str) -> Result<[u8; N], sqlx::Error> {
    let value: &[u8] = row.try_get(column)?;
    value.try_into().map_err(|error| sqlx::Error::ColumnDecode {
        index: column.into(),
        source: Box::new(error),
    })
}

pub(super) fn position(row: &SqliteRow) -> Result<Position, sqlx::Error> {
    Ok(Position {
        epoch: natural(row, "epoch")?,
        seq: natural(row, "head_seq")?,
        chain: Chain(bytes(row, "head_chain")?),
    })
}

pub(super) fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Everyone => "everyone",
        Mode::Presenters => "presenters",
    }
}

pub(super) fn mode(word: &str) -> Mode {
    if word == "presenters" {
        Mode::Presenters
    } else {
        Mode::Everyone
    }
}

pub(super) fn access_bytes(access: &Access) -> Vec<u8> {
    postcard::to_allocvec(access).unwrap_or_default()
}

pub(super) async fn board(
    link: &mut SqliteConnection,
    board: BoardId,
) -> Result<Option<BoardRow>, sqlx::Error> {
    let found = sqlx::query(
        "SELECT epoch, head_seq, head_chain, floor_seq, access, state, touched_at FROM boards WHERE id = ?",
    );
    let Some(row) = found.bind(board.0.as_slice()).fetch_optional(link).await? else {
        return Ok(None);
    };
    Ok(Some(BoardRow {
        head: position(&row)?,
        floor: natural(&row, "floor_seq")?,
        access: row.try_get("access")?,
        read_only: row.try_get::<&str, _>("state")? != "open",
        touched_ms: natural(&row, "touched_at")?,
    }))
}

pub(super) async fn client(
    link: &mut SqliteConnection,
    board: BoardId,
    client: ClientId,
) -> Result<Option<ClientHead>, sqlx::Error> {
    let found = sqlx::query(
        "SELECT person, last_client_seq FROM clients WHERE board_id = ? AND client_id = ?",
    )
    .bind(board.0.as_slice())
    .bind(client.0.as_slice())
    .fetch_optional(link)
    .await?;
    let Some(row) = found else { return Ok(None) };
    let last_n = u32::try_from(natural(&row, "last_client_seq")?).unwrap_or(u32::MAX);
    Ok(Some(ClientHead {
        person: PersonId(bytes(&row, "person")?),
        last_n,
    }))
}

pub(super) async fn mark(
    link: &mut SqliteConnection,
    board: BoardId,
    read_only: bool,
) -> Result<(), sqlx::Error> {
    let state = if read_only { "readonly" } else { "open" };
    sqlx::query("UPDATE boards SET state = ? WHERE id = ?")
        .bind(state)
        .bind(board.0.as_slice())
        .execute(link)
        .await?;
    Ok(())
}

/// A row of the log, as it is: what is not as it should be is for [`Line::believe`] to find.
pub(super) fn line(row: &SqliteRow) -> Result<Line, sqlx::Error> {
    Ok(Line {
        seq: row.try_get("seq")?,
        client: row.try_get("client_id")?,
        n: row.try_get("client_seq")?,
        author: row.try_get("author")?,
        at_ms: row.try_get("at_ms")?,
        body: row.try_get("body")?,
        chain: row.try_get("chain")?,
    })
}
