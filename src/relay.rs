//! Relay: carries between servers what need not be kept: hints that something was committed, and murmurs of rooms.
//!
//! A hint is a run of a log that is in the store already; a murmur is who is here and what is being drawn. Any of them
//! may be lost, doubled or out of order: rooms find gaps by seq and read the store. Nobody ever waits for a relay.
//! Here is what every relay can do. Not here: what is done with what it brings, which is the room's
//! ([`inkroom_board::Room::committed`] is its one way in for committed ops).

pub mod codec;
mod counters;
mod inbox;
pub mod local;
pub mod redis;

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use inkroom_board::ledger::Logged;
use inkroom_board::room::Murmur;
use inkroom_board::{BoardId, MemberId, NodeId, PersonId, Pos, Position, Seq};
use tokio::sync::watch;

pub use counters::RelayCounters;
pub use local::{LocalNode, LocalRelay};
pub use redis::{NodeBeat, RedisAccess, RedisRelay};

use crate::metrics::Figures;

/// A run of a board's log that is in the store.
#[derive(Debug, Clone)]
pub struct Hint {
    /// Which board's.
    pub board: BoardId,
    /// Where the log was before the first of `logged`.
    pub before: Position,
    /// In log order, without holes. None: only where the log is by now is told.
    pub logged: Arc<[Logged]>,
}

impl Hint {
    /// Where the log is after it.
    #[must_use]
    pub fn head(&self) -> Position {
        self.logged.last().map_or(self.before, |last| Position {
            seq: last.seq,
            chain: last.chain,
            ..self.before
        })
    }
}

/// What a subscription brings.
#[derive(Debug, Clone)]
pub enum News {
    /// Committed on another server; a run without holes, whose chain was checked from op to op.
    Committed(Arc<[Logged]>),
    /// The log ends here, or did a moment ago: a run too large to be sent along, or what others last said when this
    /// subscription began.
    Head(Position),
    /// From the room of this board on another server. Never from this one.
    Murmur(NodeId, Murmur),
    /// Something was lost, nobody knows what: look into the store; tell and ask who is here again.
    Missed,
}

/// What a server knows of a board that was just changed there: a hint, like everything here. Rooms that open look whether
/// the store lags behind it, and whoever looks after several servers reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomState {
    /// Where its log ends.
    pub head: Position,
    /// The newest snapshot that a server is known to have kept.
    pub snap_seq: Option<Seq>,
    /// Who may draw has not changed since.
    pub role_version: Seq,
}

/// Whether what others publish arrives at the moment, and what is published here leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayHealth {
    /// It does.
    Healthy,
    /// It may not: look into the store more often.
    Degraded {
        /// For people to read.
        why: String,
    },
}

/// Between servers. A server never hears itself.
#[async_trait]
pub trait Relay: Send + Sync + Debug {
    /// What other servers know this one as; nothing where there are none to be expected.
    fn node(&self) -> Option<NodeId> {
        None
    }

    /// Tells all other servers. Never waits and never fails.
    fn publish(&self, hint: Hint);

    /// Tells the rooms of this board on all other servers. Never waits and never fails; what arrives of a board's
    /// murmurs arrives in order.
    fn murmur(&self, board: BoardId, murmur: Murmur);

    /// What is told about `board` from now on: when this returns, the subscription is in force, so that whoever
    /// reads the store afterwards misses nothing. Where the relay is away it returns all the same, after about a
    /// second, and brings [`News::Missed`] once the subscription is in force.
    async fn subscribe(&self, board: BoardId) -> Box<dyn Subscription>;

    /// How it is, now and from now on.
    fn health(&self) -> watch::Receiver<RelayHealth>;

    /// How a board is that was just changed here, and what it is called; to be said at most about once a second.
    fn remember(&self, _board: BoardId, _state: RoomState, _title: &str) {}

    /// What servers said last of these boards, within a day; as far as it can be had at once.
    async fn recall(&self, _boards: &[BoardId]) -> HashMap<BoardId, RoomState> {
        HashMap::new()
    }

    /// Who is on this board at this server, all of them: counted for five minutes, so it is said again every minute,
    /// and when somebody leaves.
    fn seats(&self, board: BoardId, members: &[MemberId]);

    /// Where members on this board at this server pointed in the last second; to be said about once a second.
    fn cursors(&self, _board: BoardId, _cursors: &[(MemberId, Pos)]) {}

    /// How many are on this board at all servers; nothing if that is not known within a tenth of a second.
    async fn here(&self, board: BoardId) -> Option<usize>;

    /// Counts that a person did `what`, and answers how often they have in this window of time at all servers, this time
    /// included; nothing if that is not known within a tenth of a second. Windows begin at the same time everywhere.
    async fn tally(
        &self,
        _what: &'static str,
        _person: PersonId,
        _window: Duration,
    ) -> Option<u64> {
        None
    }

    /// All servers that are alive, as they describe themselves; nothing where that is not known.
    async fn servers(&self) -> Option<Vec<NodeBeat>> {
        None
    }

    /// Adds how it goes, in names that begin with `relay_`. One within a process has nothing to tell.
    fn figures(&self, _figures: &mut Figures) {}

    /// Sends what waits, for at most a second, and takes back what it said of this server. Nothing is sent after it.
    async fn close(&self);
}

/// The news of one board. Dropping it ends it.
#[async_trait]
pub trait Subscription: Send + Debug {
    /// Waits for the next one; may be dropped while waiting and called again.
    async fn next(&mut self) -> News;
}
