//! Relay: carries hints between servers. A hint is a run of a log that was just committed; any of them may be
//! lost, doubled or out of order, since rooms find gaps by seq and read the store.
//!
//! Here is what every relay can do. Not here: what is done with a hint, which is the room's one way in for
//! committed ops ([`inkroom_board::Room::committed`]). A server hears its own hints too, and knows them already.

pub mod local;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use inkroom_board::BoardId;
use inkroom_board::ledger::Logged;

pub use local::LocalRelay;

use crate::metrics::Figures;

/// A run of a board's log that is in the store.
#[derive(Debug, Clone)]
pub struct Hint {
    /// Which board's.
    pub board: BoardId,
    /// In log order, without holes.
    pub logged: Arc<[Logged]>,
}

/// What a subscription brings.
#[derive(Debug, Clone)]
pub enum News {
    /// Committed somewhere.
    Committed(Arc<[Logged]>),
    /// Hints were lost, nobody knows how many: look into the store.
    Missed,
}

/// Between servers. Publishing never waits and never fails: a hint is only a hint.
#[async_trait]
pub trait Relay: Send + Sync + Debug {
    /// Tells all servers.
    fn publish(&self, hint: Hint);

    /// What is told about `board` from now on: when this returns, the subscription is in force, so that whoever
    /// reads the store afterwards misses nothing.
    async fn subscribe(&self, board: BoardId) -> Box<dyn Subscription>;

    /// Adds how it goes, in names that begin with `relay_`. One within a process has nothing to tell.
    fn figures(&self, _figures: &mut Figures) {}
}

/// The hints of one board. Dropping it ends it.
#[async_trait]
pub trait Subscription: Send + Debug {
    /// Waits for the next one; may be dropped while waiting and called again.
    async fn next(&mut self) -> News;
}
