//! The rows of nodes, the servers on this database, and of the keys that they share.

use async_trait::async_trait;
use inkroom_board::NodeId;

use super::Value::{Blob, Text};
use super::{Link, Result};

#[async_trait]
pub(in crate::store) trait Nodes: Link {
    /// Forgets the nodes whose last beat is `silent_ms` old, by the database's clock.
    async fn forget_silent(&mut self, silent_ms: u64) -> Result<()>;
    async fn put_node(&mut self, node: NodeId, degraded: bool) -> Result<()>;

    async fn is_another_degraded(&mut self, node: NodeId) -> Result<bool> {
        let statement = "SELECT 1 FROM nodes WHERE degraded AND id <> $1 LIMIT 1";
        Ok(self.row(statement, &[Blob(&node.0)]).await?.is_some())
    }

    async fn delete_node(&mut self, node: NodeId) -> Result<()> {
        let statement = "DELETE FROM nodes WHERE id = $1";
        self.run(statement, &[Blob(&node.0)]).await.map(drop)
    }

    /// Keeps `value` under `name`, unless something is there.
    async fn put_key(&mut self, name: &str, value: &[u8]) -> Result<()> {
        let statement =
            "INSERT INTO keys (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        let values = [Text(name), Blob(value)];
        self.run(statement, &values).await.map(drop)
    }

    async fn key(&mut self, name: &str) -> Result<Vec<u8>> {
        let statement = "SELECT value FROM keys WHERE name = $1";
        let found = self.row(statement, &[Text(name)]).await?;
        let row = found.ok_or(sqlx::Error::RowNotFound)?;
        row.blob("value").map(<[u8]>::to_vec)
    }
}
