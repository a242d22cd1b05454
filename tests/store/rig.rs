//! A database with a store on it, and what happens to it behind the store's back.

use std::sync::Arc;

use async_trait::async_trait;
use inkroom::store::{Store, StoreError};
use inkroom_board::{BoardId, Seq};

/// What happens to a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Harm {
    /// The stored op is other bytes.
    OpBody,
    /// The stored op is as it was again.
    OpBodyRepaired,
    /// The op's chain is another.
    OpChain,
    /// The op is gone.
    OpLost,
    /// The log ends before the op, as it did in a backup.
    HeadBack,
    /// The snapshot is other bytes: another title, so that it decodes and only its hash tells.
    SnapshotBody,
}

/// Statements that the engines write differently.
#[derive(Debug)]
pub(crate) struct Dialect {
    pub(crate) op_body: &'static str,
    pub(crate) op_chain: &'static str,
    pub(crate) snapshot_body: &'static str,
    /// Makes the database refuse the ops of client 7, as it would one that breaks a constraint.
    pub(crate) refuse_client_7: &'static str,
}

/// A database with a store on it.
#[async_trait]
pub(crate) trait Rig: Send + Sync {
    /// The store.
    fn store(&self) -> &dyn Store;
    /// Opens a second store on the same database.
    async fn open(&self) -> Result<Arc<dyn Store>, StoreError>;
    /// Closes the store and opens it again.
    async fn reopen(&mut self);
    fn dialect(&self) -> &'static Dialect;
    /// Runs a statement on a connection of its own, about the row of a board at a seq if it is about one. Answers how
    /// many rows it changed.
    async fn run(&self, statement: &'static str, row: Option<(BoardId, Seq)>) -> u64;

    /// A second store on the same database, like another server's.
    async fn another(&self) -> Arc<dyn Store> {
        self.open().await.unwrap()
    }

    /// Does harm to the row of `board` at `seq`.
    async fn harm(&self, board: BoardId, seq: Seq, harm: Harm) {
        let statement = match harm {
            Harm::OpBody => self.dialect().op_body,
            Harm::OpBodyRepaired => {
                "UPDATE ops SET body = substr(body, 1, length(body) - 1) WHERE board_id = $1 AND seq = $2"
            }
            Harm::OpChain => self.dialect().op_chain,
            Harm::OpLost => "DELETE FROM ops WHERE board_id = $1 AND seq = $2",
            Harm::HeadBack => "UPDATE boards SET head_seq = $2 - 1 WHERE id = $1",
            Harm::SnapshotBody => self.dialect().snapshot_body,
        };
        assert_eq!(self.run(statement, Some((board, seq))).await, 1);
    }
}
