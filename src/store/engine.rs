//! Engine: what makes a database a [`Store`].
//!
//! Each method takes a session, does its work in terms of [`Sql`] and ends it. A reader may
//! question one implementation for two stores that were to be written by hand each: their statements are, and
//! their connections, locks and limits; what a board is must not differ between them.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use inkroom_board::ledger::{ClientHead, Genesis, Logged};
use inkroom_board::room::Opening;
use inkroom_board::wire::Profile;
use inkroom_board::{BoardId, ClientId, NodeId, PersonId, Position, Seq};

use super::session::{Links, Purpose};
use super::sql::Sql;
use super::{
    BoardBatch, BoardCard, Kept, NODE_SILENT, Newest, Outage, Outcome, Pruned, Reach, Snapshot,
    Store, StoreError, StoreHealth, commit, prune, read, snapshots,
};
use crate::metrics::Figures;
use crate::telemetry::Tag;

/// The health page does not wait longer for a count.
const COUNT: Duration = Duration::from_secs(1);

/// A kind of database.
#[async_trait]
pub(super) trait Engine: Send + Sync + Debug {
    /// As sqlx knows it.
    type Database: sqlx::Database<Connection: Sql>;
    /// Its name on the health page.
    const KIND: &'static str;
    /// How its commits overlap.
    const REACH: Reach;

    fn links(&self) -> &Links<Self::Database>;

    /// Why there was no connection, when its pool says `error`.
    async fn explain(&self, error: sqlx::Error) -> Outage {
        match error {
            sqlx::Error::PoolTimedOut => Outage::Shut(String::from("all connections are in use")),
            error => Outage::Failed(error),
        }
    }

    /// What it can tell without asking the database.
    fn figures(&self, _figures: &mut Figures) {}

    /// Puts in order what is left when nobody reads any more.
    async fn settle(&self) {}
}

/// `$work` on `$sql`, in a session of its own.
macro_rules! session {
    ($engine:expr, $purpose:ident, |$sql:ident| $work:expr) => {{
        let explain = async |error| $engine.explain(error).await;
        let mut session = $engine.links().begin(Purpose::$purpose, explain).await?;
        let limit = session.limit();
        let result = limit
            .on(async {
                let $sql = session.sql();
                $work.await.map_err(StoreError::from)
            })
            .await;
        session.end(result).await
    }};
}

/// The store at the bottom: what it left to the one below, it would leave to itself.
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<E: Engine> Store for E {
    fn below(&self) -> &dyn Store {
        self
    }

    fn reach(&self) -> Reach {
        E::REACH
    }

    async fn create(&self, genesis: &Genesis, at_ms: u64) -> Result<(), StoreError> {
        session!(self, Write, |sql| commit::create(sql, genesis, at_ms))
    }

    async fn commit(&self, batch: &[BoardBatch]) -> Result<Vec<Vec<Outcome>>, StoreError> {
        session!(self, Write, |sql| commit::commit(sql, batch))
    }

    async fn load(&self, board: BoardId) -> Result<Opening, StoreError> {
        let (opening, was_read_only) = session!(self, Replay, |sql| read::load(sql, board))?;
        if opening.read_only != was_read_only {
            mark(self, board, opening.read_only).await;
        }
        Ok(opening)
    }

    async fn newest(&self, board: BoardId) -> Result<Option<Newest>, StoreError> {
        session!(self, Glance, |sql| sql.newest(board))
    }

    async fn tail(
        &self,
        board: BoardId,
        after: Seq,
        most: usize,
    ) -> Result<Vec<Logged>, StoreError> {
        session!(self, Read, |sql| read::tail(sql, board, after, most))
    }

    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        session!(self, Glance, |sql| sql.heads(boards))
    }

    async fn client(
        &self,
        board: BoardId,
        client: ClientId,
    ) -> Result<Option<ClientHead>, StoreError> {
        let known: Vec<_> = session!(self, Glance, |sql| sql.clients(board, &[client]))?;
        Ok(known.first().map(|(_, head)| *head))
    }

    async fn snapshot(
        &self,
        board: BoardId,
        epoch: u64,
        seq: Seq,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        session!(self, Replay, |sql| snapshots::at(sql, board, epoch, seq))
    }

    async fn put_snapshot(&self, board: BoardId, snapshot: Snapshot) -> Result<Kept, StoreError> {
        if snapshots::is_to_check(snapshot.position)
            && !session!(self, Replay, |sql| snapshots::is_sound(
                sql, board, &snapshot
            ))?
        {
            return Ok(Kept::Mismatch);
        }
        session!(self, Write, |sql| snapshots::put(sql, board, &snapshot))
    }

    async fn prune(&self, board: BoardId, now_ms: u64) -> Result<Pruned, StoreError> {
        let plan = session!(self, Replay, |sql| prune::plan(sql, board, now_ms))?;
        let mut pruned = Pruned::default();
        while !session!(self, Write, |sql| prune::step(sql, &plan, &mut pruned))? {}
        Ok(pruned)
    }

    async fn person(&self, id: PersonId) -> Result<Option<Profile>, StoreError> {
        session!(self, Glance, |sql| sql.person(id))
    }

    async fn put_person(&self, profile: &Profile, at_ms: u64) -> Result<(), StoreError> {
        session!(self, Write, |sql| sql.put_person(profile, at_ms))
    }

    async fn touch_person(&self, id: PersonId, at_ms: u64) -> Result<(), StoreError> {
        session!(self, Write, |sql| sql.touch_person(id, at_ms))
    }

    async fn boards(&self, ids: &[BoardId]) -> Result<Vec<BoardCard>, StoreError> {
        session!(self, Glance, |sql| sql.cards(ids))
    }

    fn figures(&self, figures: &mut Figures) {
        Engine::figures(self, figures);
    }

    async fn beat(&self, node: NodeId, degraded: bool) -> Result<bool, StoreError> {
        let silent_ms = u64::try_from(NODE_SILENT.as_millis()).unwrap_or(u64::MAX);
        session!(self, Write, |sql| async {
            sql.forget_silent(silent_ms).await?;
            sql.put_node(node, degraded).await?;
            sql.is_another_degraded(node).await
        })
    }

    async fn leave(&self, node: NodeId) -> Result<(), StoreError> {
        session!(self, Write, |sql| sql.delete_node(node))
    }

    async fn key(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
        session!(self, Write, |sql| async {
            sql.put_key(name, fresh).await?;
            sql.key(name).await
        })
    }

    async fn health(&self) -> StoreHealth {
        let count = async { session!(self, Glance, |sql| sql.count()) };
        let boards: Result<Result<_, StoreError>, _> = tokio::time::timeout(COUNT, count).await;
        StoreHealth {
            kind: E::KIND,
            boards: boards.ok().and_then(Result::ok),
            fault: self.links().fault(),
        }
    }

    async fn close(&self) {
        self.links().readers.close().await;
        self.settle().await;
        self.links().writers.close().await;
    }
}

/// Keeps whether a board's log was found damaged, so that no server adds to it. A failure is no harm: the next
/// load tries again, and the room that loaded it takes no ops.
async fn mark(engine: &impl Engine, board: BoardId, read_only: bool) {
    let marked: Result<_, StoreError> =
        async { session!(engine, Write, |sql| sql.mark(board, read_only)) }.await;
    if let Err(error) = marked {
        tracing::warn!(board.id = %Tag(board), %error, "could not mark a board");
    }
}
