//! The rows of clients: how far the queue of each is in a board's log.

use async_trait::async_trait;
use inkroom_board::ledger::ClientHead;
use inkroom_board::{BoardId, ClientId, PersonId};

use super::Value::{Blob, Int};
use super::{Cells, Link, Result, bytes, narrow};

/// How far a client's queue is in the log from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct ClientRow {
    pub(in crate::store) id: ClientId,
    pub(in crate::store) head: ClientHead,
    pub(in crate::store) seen_ms: u64,
}

#[async_trait]
pub(in crate::store) trait Clients: Link {
    /// In no order; without those that are not there.
    async fn clients(
        &mut self,
        board: BoardId,
        ids: &[ClientId],
    ) -> Result<Vec<(ClientId, ClientHead)>>;
    async fn put_clients(&mut self, board: BoardId, clients: &[ClientRow]) -> Result<()>;

    /// Deletes clients that were last seen before `before_ms` and have no op in the log.
    async fn delete_clients(&mut self, board: BoardId, before_ms: u64) -> Result<u64> {
        let statement = "DELETE FROM clients WHERE board_id = $1 AND seen_at < $2 AND NOT EXISTS (SELECT 1 FROM ops \
                         WHERE ops.board_id = clients.board_id AND ops.client_id = clients.client_id)";
        self.run(statement, &[Blob(&board.0), Int(before_ms)]).await
    }
}

pub(in crate::store) fn client(row: &dyn Cells) -> Result<(ClientId, ClientHead)> {
    let head = ClientHead {
        person: PersonId(bytes(row, "person")?),
        last_n: narrow(row.natural("last_client_seq")?),
    };
    Ok((ClientId(bytes(row, "client_id")?), head))
}
