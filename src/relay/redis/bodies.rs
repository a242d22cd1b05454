//! Snapshots in Redis: each under its board and position, for an hour. What is at a position never changes, so it can
//! be lost but not be old; whoever reads it checks its hash.

use std::time::Duration;

use async_trait::async_trait;
use inkroom_board::{BoardId, Position};
use redis::Pipeline;

use super::RedisRelay;
use super::keys::SNAPSHOT_TTL;
use crate::store::warm::Bodies;

/// Larger ones are not kept: they would hold up what is published.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// SQL is asked if Redis takes longer.
const READ: Duration = Duration::from_millis(500);

#[async_trait]
impl Bodies for RedisRelay {
    async fn keep(&self, board: BoardId, at: Position, body: &[u8]) {
        if body.len() > MOST_BYTES {
            return;
        }
        let key = self.shared.keys.snapshot(board, at);
        let keep = |pipeline: &mut Pipeline, _| {
            let keep = pipeline.cmd("SET").arg(key).arg(body);
            keep.arg("EX").arg(SNAPSHOT_TTL);
        };
        let deadline = self.shared.link.pace.deadline;
        let _: Option<redis::Value> = self.shared.commands.ask(deadline, keep).await;
    }

    async fn body(&self, board: BoardId, at: Position) -> Option<Vec<u8>> {
        let key = self.shared.keys.snapshot(board, at);
        // Whoever else writes there cannot make this server take more than it would have kept.
        let read = |pipeline: &mut Pipeline, _| {
            pipeline.cmd("GETRANGE").arg(key).arg(0).arg(MOST_BYTES);
        };
        let (body,): (Vec<u8>,) = self.shared.commands.ask(READ, read).await?;
        (!body.is_empty()).then_some(body)
    }
}
