//! Store: SQL, which gives ops their seq and keeps them.
//!
//! Here is what every store can do ([`Store`]) and the parts that do not depend on which one it is: which ops
//! enter the log, how a log is believed ([`mod@log`]), when snapshots are due and what may be pruned ([`policy`]),
//! and the task that commits for the whole server ([`writer`]). Not here: rooms, sockets, the relay.
//! A reader may question two sets of hand-written statements instead of a portable SQL layer: the two
//! engines lock, batch and fail differently, and those are the parts that matter (D13).

mod admit;
mod commit;
mod engine;
mod error;
pub mod log;
pub mod policy;
pub mod postgres;
mod prune;
mod read;
mod schema;
mod session;
mod snapshots;
mod sql;
pub mod sqlite;
pub mod warm;
mod witness;
pub mod writer;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use inkroom_board::ledger::{ClientHead, Genesis, Logged};
use inkroom_board::room::{Answer, Opening};
use inkroom_board::wire::Profile;
use inkroom_board::{
    BoardId, ClientId, Document, Entry, Mode, NodeId, OpId, PersonId, Position, Seq,
};
use sha2::{Digest, Sha256};

use crate::metrics::Figures;

pub use error::{Outage, StoreError, Unfit};
pub use postgres::PgStore;
pub use sqlite::SqliteStore;
pub use warm::WarmStore;
pub use witness::WitnessStore;
pub use writer::Writer;

/// The epoch of a new board.
pub const FIRST_EPOCH: u64 = 1;
/// Most log entries that [`Store::load`] gives along for resumes …
pub const RECENT_OPS: usize = 2_000;
/// … and most bytes of them: a room keeps them in memory for as long as it lives.
pub const RECENT_BYTES: usize = 2 * 1024 * 1024;
/// Most bytes of stored ops that [`Store::tail`] gives at once; it gives at least one op.
pub const TAIL_BYTES: usize = 4 * 1024 * 1024;

/// A server that did not beat for so long, by the database's clock, is gone.
pub const NODE_SILENT: Duration = Duration::from_secs(10);

/// An op on its way into the log, with its stored form at hand: queues count its bytes and the chain is
/// computed over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The op, its author and its time.
    pub entry: Entry,
    /// What [`inkroom_board::Op::to_stored`] made of the op.
    pub stored: Vec<u8>,
}

impl From<Entry> for Submitted {
    fn from(entry: Entry) -> Self {
        let stored = entry.op.to_stored();
        Self { entry, stored }
    }
}

/// What one commit is to add to one board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardBatch {
    /// The board.
    pub board: BoardId,
    /// In this order.
    pub ops: Vec<Submitted>,
}

/// What became of one submitted op.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the log now. The logged outcomes of one commit are a run of the log without holes; whoever
    /// finds a hole before the first has missed what another server committed, and reads [`Store::tail`].
    Logged(Logged),
    /// It did not get a place just now.
    Answered {
        /// Which.
        id: OpId,
        /// Why. [`Answer::Known`] may name a seq that the room has not seen: another server committed it, or
        /// this one did and was cut off before it heard so. The room then reads [`Store::tail`].
        answer: Answer,
    },
}

impl Outcome {
    /// Which op this is about.
    #[must_use]
    pub fn id(&self) -> OpId {
        match self {
            Self::Logged(logged) => logged.entry.id,
            Self::Answered { id, .. } => *id,
        }
    }
}

/// A document as stored: its bytes, their hash and the position they are at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Where in the board's history.
    pub position: Position,
    /// SHA-256 of `body`.
    pub sha256: [u8; 32],
    /// What [`Document::to_snapshot`] made.
    pub body: Vec<u8>,
}

impl Snapshot {
    /// Work for the processor, a few ms per MB: for large boards, do it where blocking is allowed.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        let body = document.to_snapshot();
        Self {
            position: document.position(),
            sha256: Sha256::digest(&body).into(),
            body,
        }
    }
}

/// Where a board is and where its newest whole snapshot is: what a cache of snapshots needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest {
    /// The end of the log.
    pub head: Position,
    /// Its log was found damaged.
    pub read_only: bool,
    /// Where the snapshot is.
    pub snapshot: Position,
    /// SHA-256 of the snapshot's body.
    pub sha256: [u8; 32],
}

/// What [`Store::put_snapshot`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is stored.
    Stored,
    /// There was one at this seq.
    Already,
    /// It differs from what the previous snapshot and the log make: not stored, everything else kept. This
    /// is a bug, and was logged as an error.
    Mismatch,
}

/// What [`Store::prune`] let go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Ops.
    pub ops: u64,
    /// Snapshots.
    pub snapshots: u64,
    /// Clients that were silent for [`policy::KEEP_CLIENTS_MS`].
    pub clients: u64,
    /// The board's floor: ops up to here are gone.
    pub floor: Seq,
}

/// A board as a list of boards shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardCard {
    /// Which.
    pub id: BoardId,
    /// Its title now; may be empty.
    pub title: String,
    /// Who draws now.
    pub mode: Mode,
    /// Who made it.
    pub owner: PersonId,
    /// When it was made, in ms since 1970.
    pub created_ms: u64,
    /// When its newest op came in, in ms since 1970; when it was made, if there is none.
    pub touched_ms: u64,
    /// The end of its log.
    pub head: Position,
}

/// How the commits of a store may overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// So many at once; more would only wait for each other.
    pub commits: usize,
    /// Of so many boards each.
    pub boards: usize,
}

/// How a store is, for the health page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreHealth {
    /// Which kind of store.
    pub kind: &'static str,
    /// How many boards it holds; nothing if it cannot be read.
    pub boards: Option<u64>,
    /// Why the latest write failed; nothing if it worked.
    pub fault: Option<String>,
}

/// Keeps boards and people. Every method may be called at any time from any task, and from several
/// servers on one database.
///
/// A store may be a layer over another one, which it names in [`Self::below`]: it states only what it does
/// differently.
///
/// Errors are as [`StoreError`] says: unless told otherwise here, [`StoreError::Unavailable`] alone.
#[async_trait]
pub trait Store: Send + Sync + Debug {
    /// The store that does whatever this one does not state. The one at the bottom names itself, and states all.
    fn below(&self) -> &dyn Store;

    /// How many commits are worth having at once, and of how many boards. Always the same.
    fn reach(&self) -> Reach {
        self.below().reach()
    }

    /// Makes a board with an empty log, and its snapshot at seq 0.
    ///
    /// # Errors
    /// [`StoreError::Exists`], and nothing is changed.
    async fn create(&self, genesis: &Genesis, at_ms: u64) -> Result<(), StoreError> {
        self.below().create(genesis, at_ms).await
    }

    /// Adds to the logs of any number of boards, all or nothing, and says what became of every op in the
    /// order of the batch. Ops are admitted by [`inkroom_board::ledger::Head::admit`] under the board's lock.
    /// When it returns, what it says is logged is on the disk; when it is cut off, nobody knows, and doing it
    /// again finds out. Ops of a board that is not there, or whose log is damaged, are refused as read-only.
    ///
    /// # Errors
    /// [`StoreError::Data`] when the database refuses one of the ops for what it is.
    async fn commit(&self, batch: &[BoardBatch]) -> Result<Vec<Vec<Outcome>>, StoreError> {
        self.below().commit(batch).await
    }

    /// A board at its head, with the newest part of its log. Where the log is damaged, the board as of the
    /// last op before the damage, read-only; commits are refused from then on, until a load finds it whole.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Damaged`] when not even a snapshot can be read.
    async fn load(&self, board: BoardId) -> Result<Opening, StoreError> {
        self.below().load(board).await
    }

    /// Where the board's newest snapshot is, beside the end of its log, without reading either. Nothing if there is
    /// no such board, or it has no snapshot.
    async fn newest(&self, board: BoardId) -> Result<Option<Newest>, StoreError> {
        self.below().newest(board).await
    }

    /// The log after `after`: at most `most` ops and [`TAIL_BYTES`], without holes. Each op is checked
    /// against the one before it; the first is for the caller to check against its own chain.
    ///
    /// # Errors
    /// [`StoreError::Pruned`] when the log does not go back that far; [`StoreError::Damaged`].
    async fn tail(
        &self,
        board: BoardId,
        after: Seq,
        most: usize,
    ) -> Result<Vec<Logged>, StoreError> {
        self.below().tail(board, after, most).await
    }

    /// Where the logs of these boards end, in no order; without those that are not there.
    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        self.below().heads(boards).await
    }

    /// What a board's log holds of a client.
    async fn client(
        &self,
        board: BoardId,
        client: ClientId,
    ) -> Result<Option<ClientHead>, StoreError> {
        self.below().client(board, client).await
    }

    /// The snapshot at exactly this place, made from an older one and the log if it was not kept. Nothing if
    /// there is no such place, or it was pruned.
    async fn snapshot(
        &self,
        board: BoardId,
        epoch: u64,
        seq: Seq,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.below().snapshot(board, epoch, seq).await
    }

    /// Keeps a snapshot. In test builds always, otherwise one time in [`policy::CHECK_ONE_IN`], it is compared
    /// with what the previous one and the log make.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Diverged`] when the board's history has no such position.
    async fn put_snapshot(&self, board: BoardId, snapshot: Snapshot) -> Result<Kept, StoreError> {
        self.below().put_snapshot(board, snapshot).await
    }

    /// Lets go of what [`policy`] says is no longer needed, in steps short enough not to hold up commits.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn prune(&self, board: BoardId, now_ms: u64) -> Result<Pruned, StoreError> {
        self.below().prune(board, now_ms).await
    }

    /// A person's name and colour.
    async fn person(&self, id: PersonId) -> Result<Option<Profile>, StoreError> {
        self.below().person(id).await
    }

    /// Keeps a person's name and colour, and that they were here.
    async fn put_person(&self, profile: &Profile, at_ms: u64) -> Result<(), StoreError> {
        self.below().put_person(profile, at_ms).await
    }

    /// Keeps that a person was here; a person who was never kept is passed over.
    async fn touch_person(&self, id: PersonId, at_ms: u64) -> Result<(), StoreError> {
        self.below().touch_person(id, at_ms).await
    }

    /// Those of these boards that are there, in the order asked for.
    async fn boards(&self, ids: &[BoardId]) -> Result<Vec<BoardCard>, StoreError> {
        self.below().boards(ids).await
    }

    /// Notes that this server is alive, and whether what it tells the others may not arrive. Answers whether that is
    /// so of any other server that is alive: it beat within [`NODE_SILENT`] and did not [`Self::leave`].
    async fn beat(&self, node: NodeId, degraded: bool) -> Result<bool, StoreError> {
        self.below().beat(node, degraded).await
    }

    /// Notes that this server stops.
    async fn leave(&self, node: NodeId) -> Result<(), StoreError> {
        self.below().leave(node).await
    }

    /// A key that all servers on this database share: `fresh` if there was none under this name.
    async fn key(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.below().key(name, fresh).await
    }

    /// How the store is. Never waits for a write.
    async fn health(&self) -> StoreHealth {
        self.below().health().await
    }

    /// Adds what it can cheaply tell of itself, in names that begin with `store_`.
    fn figures(&self, figures: &mut Figures) {
        self.below().figures(figures);
    }

    /// Puts everything in order and lets go of the database; nothing may be asked after it.
    async fn close(&self) {
        self.below().close().await;
    }
}
