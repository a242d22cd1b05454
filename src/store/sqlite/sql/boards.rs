//! The rows of boards.

use async_trait::async_trait;
use inkroom_board::{BoardId, Position};
use sqlx::SqliteConnection;

use crate::store::BoardCard;
use crate::store::sql::{BoardRow, Boards, Link, Result, Value, card, head};

/// Ids as SQLite can take any number of them in one statement.
fn list(ids: &[BoardId]) -> String {
    let quoted: Vec<_> = ids.iter().map(|id| format!("\"{}\"", hex(&id.0))).collect();
    format!("[{}]", quoted.join(","))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[async_trait]
impl Boards for SqliteConnection {
    /// A transaction that writes holds the lock of the whole file.
    async fn lock(&mut self, board: BoardId) -> Result<Option<BoardRow>> {
        self.board(board).await
    }

    async fn heads(&mut self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>> {
        let statement = "SELECT id, epoch, head_seq, head_chain FROM boards \
                         WHERE id IN (SELECT unhex(value) FROM json_each($1))";
        let rows = self.rows(statement, &[Value::Text(&list(boards))]).await?;
        rows.iter().map(|row| head(&**row)).collect()
    }

    async fn cards(&mut self, boards: &[BoardId]) -> Result<Vec<BoardCard>> {
        let statement = "SELECT boards.* FROM json_each($1) AS wanted JOIN boards ON boards.id = unhex(wanted.value) \
                         ORDER BY wanted.key";
        let rows = self.rows(statement, &[Value::Text(&list(boards))]).await?;
        rows.iter().map(|row| card(&**row)).collect()
    }
}
