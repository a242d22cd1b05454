//! The rows of boards.

use async_trait::async_trait;
use inkroom_board::{BoardId, Position};
use sqlx::PgConnection;

use super::ids;
use crate::store::BoardCard;
use crate::store::sql::{
    BoardRow, Boards, Link, Result, Value, board_row, card, head, select_board,
};

#[async_trait]
impl Boards for PgConnection {
    /// Not `FOR UPDATE`, which would also wait for whoever stores a snapshot that refers to the board.
    async fn lock(&mut self, board: BoardId) -> Result<Option<BoardRow>> {
        let statement = select_board!(" FOR NO KEY UPDATE");
        let found = self.row(statement, &[Value::Blob(&board.0)]).await?;
        found.map(|row| board_row(&*row)).transpose()
    }

    async fn heads(&mut self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>> {
        let rows =
            sqlx::query("SELECT id, epoch, head_seq, head_chain FROM boards WHERE id = ANY($1)")
                .bind(ids(boards.iter().map(|board| &board.0)))
                .fetch_all(self)
                .await?;
        rows.iter().map(|row| head(row)).collect()
    }

    async fn cards(&mut self, boards: &[BoardId]) -> Result<Vec<BoardCard>> {
        let rows = sqlx::query(
            "SELECT id, epoch, head_seq, head_chain, title, mode, owner, created_at, touched_at \
             FROM UNNEST($1::bytea[]) WITH ORDINALITY AS wanted (id, place) JOIN boards USING (id) ORDER BY place",
        )
        .bind(ids(boards.iter().map(|board| &board.0)))
        .fetch_all(self)
        .await?;
        rows.iter().map(|row| card(row)).collect()
    }
}
