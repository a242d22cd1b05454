//! Beats: what each server says about itself while it lives, for people who look after several.

use inkroom_board::NodeId;
use redis::Pipeline;
use serde::{Deserialize, Serialize};

use super::keys::NODE_TTL;
use super::{RedisRelay, Shared};

/// How often a server says that it lives, in ms.
const EVERY_MS: u64 = 5_000;
/// Most servers that are listed.
const MOST_NODES: usize = 256;
/// Longest beat that is read, in bytes.
const MOST_BYTES: usize = 1024;

/// A server as it last described itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeBeat {
    /// Which.
    pub node: NodeId,
    /// Its program's version.
    pub version: String,
    /// How many members its rooms have.
    pub members: usize,
    /// How many boards are open there.
    pub boards: usize,
    /// When it first reached Redis, in ms since 1970 by Redis's clock.
    pub started_ms: u64,
}

/// When this server said what about itself.
#[derive(Debug, Default)]
pub(super) struct Beats {
    started_ms: u64,
    said_ms: u64,
}

impl Shared {
    /// Says that this server lives, if it is time to.
    pub(super) fn beat(&self, now_ms: u64, to: &mut Pipeline) {
        let Some(started_ms) = self.beats().is_due(now_ms) else {
            return;
        };
        let beat = NodeBeat {
            node: self.node,
            version: env!("CARGO_PKG_VERSION").into(),
            members: self.seats.len(),
            boards: self.listeners.len(),
            started_ms,
        };
        let (key, json) = (self.keys.node(self.node), serde_json::to_vec(&beat));
        let expiry = now_ms.saturating_add(NODE_TTL * 1000);
        to.cmd("SET").arg(key).arg(json.unwrap_or_default());
        to.arg("EX").arg(NODE_TTL);
        let nodes = self.keys.nodes();
        to.cmd("ZADD")
            .arg(&nodes)
            .arg(expiry)
            .arg(self.node.to_string());
        to.cmd("ZREMRANGEBYSCORE")
            .arg(&nodes)
            .arg("-inf")
            .arg(now_ms);
        to.cmd("EXPIRE").arg(&nodes).arg(NODE_TTL);
    }

    /// This server ends.
    pub(super) fn take_back_beat(&self, to: &mut Pipeline) {
        to.cmd("DEL").arg(self.keys.node(self.node));
        to.cmd("ZREM")
            .arg(self.keys.nodes())
            .arg(self.node.to_string());
    }
}

impl Beats {
    /// When the server started, if it is to say so again.
    fn is_due(&mut self, now_ms: u64) -> Option<u64> {
        if self.started_ms == 0 {
            self.started_ms = now_ms;
        }
        // A clock that was set back counts as time that passed.
        let is_due = now_ms.abs_diff(self.said_ms) >= EVERY_MS;
        if is_due {
            self.said_ms = now_ms;
        }
        is_due.then_some(self.started_ms)
    }

    /// Redis may have forgotten it.
    pub(super) fn say_again(&mut self) {
        self.said_ms = 0;
    }
}

impl RedisRelay {
    /// This one is among them.
    pub(super) async fn nodes(&self) -> Option<Vec<NodeBeat>> {
        let Shared { commands, keys, .. } = &*self.shared;
        let deadline = self.shared.link.pace.deadline;
        let list = |pipeline: &mut Pipeline, now_ms| {
            let list = pipeline.cmd("ZRANGEBYSCORE").arg(keys.nodes());
            list.arg(now_ms).arg("+inf");
            list.arg("LIMIT").arg(0).arg(MOST_NODES);
        };
        let (ids,): (Vec<String>,) = commands.ask(deadline, list).await?;
        let nodes = ids.iter().filter_map(|id| id.parse::<NodeId>().ok());
        let nodes: Vec<_> = nodes.collect();
        if nodes.is_empty() {
            return Some(Vec::new());
        }
        let read = |pipeline: &mut Pipeline, _| {
            for node in &nodes {
                let read = pipeline.cmd("GETRANGE").arg(keys.node(*node));
                read.arg(0).arg(MOST_BYTES);
            }
        };
        let beats: Vec<Vec<u8>> = commands.ask(deadline, read).await?;
        let beats = beats
            .iter()
            .filter_map(|beat| serde_json::from_slice(beat).ok());
        Some(beats.collect())
    }
}
