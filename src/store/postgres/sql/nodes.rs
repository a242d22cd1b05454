//! The rows of nodes.

use async_trait::async_trait;
use inkroom_board::NodeId;
use sqlx::PgConnection;

use crate::store::sql::{Link, Nodes, Result, Value};

/// The database's clock, in ms since 1970.
macro_rules! now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}

#[async_trait]
impl Nodes for PgConnection {
    /// Two servers that forget the same one do not wait for each other.
    async fn forget_silent(&mut self, silent_ms: u64) -> Result<()> {
        let statement = concat!(
            "DELETE FROM nodes WHERE id IN (SELECT id FROM nodes WHERE beat_at <= ",
            now!(),
            " - $1 FOR UPDATE SKIP LOCKED)"
        );
        self.run(statement, &[Value::Int(silent_ms)])
            .await
            .map(drop)
    }

    async fn put_node(&mut self, node: NodeId, degraded: bool) -> Result<()> {
        sqlx::query(concat!(
            "INSERT INTO nodes (id, degraded, beat_at) VALUES ($1, $2, ",
            now!(),
            ") ON CONFLICT (id) DO UPDATE SET degraded = excluded.degraded, beat_at = excluded.beat_at"
        ))
        .bind(node.0.as_slice())
        .bind(degraded)
        .execute(self)
        .await?;
        Ok(())
    }
}
