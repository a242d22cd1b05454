//! The rows of nodes.

use async_trait::async_trait;
use inkroom_board::NodeId;
use sqlx::SqliteConnection;

use crate::store::sql::Value::{Blob, Int};
use crate::store::sql::{Link, Nodes, Result};

/// The database's clock, in ms since 1970.
macro_rules! now {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
    };
}

#[async_trait]
impl Nodes for SqliteConnection {
    async fn forget_silent(&mut self, silent_ms: u64) -> Result<()> {
        let statement = concat!("DELETE FROM nodes WHERE beat_at <= ", now!(), " - $1");
        self.run(statement, &[Int(silent_ms)]).await.map(drop)
    }

    async fn put_node(&mut self, node: NodeId, degraded: bool) -> Result<()> {
        let statement = concat!(
            "INSERT INTO nodes (id, degraded, beat_at) VALUES ($1, $2, ",
            now!(),
            ") ON CONFLICT (id) DO UPDATE SET degraded = excluded.degraded, beat_at = excluded.beat_at"
        );
        let values = [Blob(&node.0), Int(degraded.into())];
        self.run(statement, &values).await.map(drop)
    }
}
