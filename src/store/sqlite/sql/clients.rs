//! The rows of clients.

use async_trait::async_trait;
use inkroom_board::ledger::ClientHead;
use inkroom_board::{BoardId, ClientId};
use sqlx::SqliteConnection;

use crate::store::sql::Value::{Blob, Int};
use crate::store::sql::{ClientRow, Clients, Link, Result, client};

#[async_trait]
impl Clients for SqliteConnection {
    async fn clients(
        &mut self,
        board: BoardId,
        ids: &[ClientId],
    ) -> Result<Vec<(ClientId, ClientHead)>> {
        let statement = "SELECT client_id, person, last_client_seq FROM clients WHERE board_id = $1 AND client_id = $2";
        let mut clients = Vec::with_capacity(ids.len());
        for id in ids {
            let found = self.row(statement, &[Blob(&board.0), Blob(&id.0)]).await?;
            clients.extend(found.map(|row| client(&*row)).transpose()?);
        }
        Ok(clients)
    }

    async fn put_clients(&mut self, board: BoardId, clients: &[ClientRow]) -> Result<()> {
        let statement = "INSERT INTO clients (board_id, client_id, last_client_seq, person, seen_at) \
                         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (board_id, client_id) DO UPDATE SET \
                         last_client_seq = excluded.last_client_seq, seen_at = max(seen_at, excluded.seen_at)";
        for client in clients {
            let values = [
                Blob(&board.0),
                Blob(&client.id.0),
                Int(client.head.last_n.into()),
                Blob(&client.head.person.0),
                Int(client.seen_ms),
            ];
            self.run(statement, &values).await?;
        }
        Ok(())
    }
}
