//! The rows of clients.

use async_trait::async_trait;
use inkroom_board::ledger::ClientHead;
use inkroom_board::{BoardId, ClientId};
use sqlx::PgConnection;

use super::ids;
use crate::store::sql::{ClientRow, Clients, Result, client, int};

#[async_trait]
impl Clients for PgConnection {
    async fn clients(
        &mut self,
        board: BoardId,
        wanted: &[ClientId],
    ) -> Result<Vec<(ClientId, ClientHead)>> {
        let rows = sqlx::query(
            "SELECT client_id, person, last_client_seq FROM clients WHERE board_id = $1 AND client_id = ANY($2)",
        )
        .bind(board.0.as_slice())
        .bind(ids(wanted.iter().map(|id| &id.0)))
        .fetch_all(self)
        .await?;
        rows.iter().map(|row| client(row)).collect()
    }

    async fn put_clients(&mut self, board: BoardId, clients: &[ClientRow]) -> Result<()> {
        let numbers: Vec<_> = clients
            .iter()
            .map(|client| i64::from(client.head.last_n))
            .collect();
        let times: Vec<_> = clients.iter().map(|client| int(client.seen_ms)).collect();
        sqlx::query(
            "INSERT INTO clients (board_id, client_id, last_client_seq, person, seen_at) \
             SELECT $1, * FROM UNNEST($2::bytea[], $3::bigint[], $4::bytea[], $5::bigint[]) \
             ON CONFLICT (board_id, client_id) DO UPDATE SET last_client_seq = excluded.last_client_seq, \
             seen_at = greatest(clients.seen_at, excluded.seen_at)",
        )
        .bind(board.0.as_slice())
        .bind(ids(clients.iter().map(|client| &client.id.0)))
        .bind(numbers)
        .bind(ids(clients.iter().map(|client| &client.head.person.0)))
        .bind(times)
        .execute(self)
        .await?;
        Ok(())
    }
}
