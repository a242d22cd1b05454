//! What the cases draw with: ids from counters, pens that number their ops, boards with something on them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use inkroom::store::{BoardBatch, Outcome, Snapshot, Store, Submitted};
use inkroom_board::ledger::{Genesis, Logged};
use inkroom_board::room::Answer;
use inkroom_board::{
    Access, BoardId, Brush, ClientId, Colour, Document, Element, ElementId, Entry, Ink, Mode, Op,
    OpId, PersonId, Point, Points, Pos, Seq, Shape, ShapeKind, Stroke, Style, Width,
};

/// When the boards of the cases are made, in ms since 1970.
pub(crate) const NOON: u64 = 1_790_000_000_000;
/// Everything that is waited for comes within this, or the case fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What happens to a row behind the store's back.
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
    /// The snapshot is other bytes.
    SnapshotBody,
}

/// A database with a store on it.
#[async_trait]
pub(crate) trait Rig: Send + Sync {
    /// The store.
    fn store(&self) -> &dyn Store;
    /// A second store on the same database, like another server's.
    async fn another(&self) -> Arc<dyn Store>;
    /// Closes the store and opens it again.
    async fn reopen(&mut self);
    /// Does harm to the row of `board` at `seq`.
    async fn harm(&self, board: BoardId, seq: Seq, harm: Harm);
    /// Makes it as long ago that any server beat as it takes to be gone.
    async fn silence(&self);
}

/// Waits for a fact; the case fails when it does not come true in time.
pub(crate) async fn soon<T>(fact: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, fact)
        .await
        .expect("it came true in time")
}

pub(crate) fn board(n: u8) -> BoardId {
    BoardId([n; 16])
}

pub(crate) fn person(n: u8) -> PersonId {
    PersonId([n; 16])
}

pub(crate) fn client(n: u8) -> ClientId {
    ClientId([n; 16])
}

pub(crate) fn element(n: u64) -> ElementId {
    ElementId(n.to_be_bytes())
}

/// The owner of the cases' boards.
pub(crate) fn owner() -> PersonId {
    person(200)
}

pub(crate) fn genesis(board: BoardId, mode: Mode) -> Genesis {
    Genesis {
        board,
        title: String::from("Biology"),
        access: Access::new(owner(), mode),
    }
}

/// Makes a board on which everyone draws.
pub(crate) async fn open_board(store: &dyn Store, board: BoardId) {
    store
        .create(&genesis(board, Mode::Everyone), NOON)
        .await
        .unwrap();
}

fn style() -> Style {
    Style {
        colour: Colour::Named(Ink::Teal),
        width: Width(256),
    }
}

pub(crate) fn line(id: u64) -> Op {
    let at = i32::try_from(id % 10_000).unwrap();
    let (from, to) = (Pos { x: at, y: 0 }, Pos { x: 0, y: at });
    let shape = Shape {
        kind: ShapeKind::Line,
        style: style(),
        from,
        to,
    };
    Op::Add {
        id: element(id),
        element: Element::Shape(shape),
    }
}

fn points(count: i32, from: i32) -> Points {
    Points(
        (from..from + count)
            .map(|i| Point {
                x: i * 7919 % 65_536,
                y: i * 104_729 % 65_536,
                pressure: 77,
            })
            .collect(),
    )
}

pub(crate) fn stroke(id: u64, count: i32, done: bool) -> Op {
    let stroke = Stroke {
        brush: Brush::Pen,
        style: style(),
        points: points(count, 0),
        done,
    };
    Op::Add {
        id: element(id),
        element: Element::Stroke(stroke),
    }
}

pub(crate) fn extend(id: u64, from: i32, count: i32, done: bool) -> Op {
    Op::Extend {
        id: element(id),
        from: u32::try_from(from).unwrap(),
        points: points(count, from),
        done,
    }
}

/// A client's queue: it numbers its ops.
#[derive(Debug, Clone)]
pub(crate) struct Pen {
    pub(crate) client: ClientId,
    pub(crate) author: PersonId,
    pub(crate) n: u32,
    pub(crate) at_ms: u64,
}

impl Pen {
    pub(crate) fn of(author: PersonId, client: ClientId) -> Self {
        Self {
            client,
            author,
            n: 0,
            at_ms: NOON + 1_000,
        }
    }

    pub(crate) fn of_owner() -> Self {
        Self::of(owner(), client(200))
    }

    /// The next op of the queue.
    pub(crate) fn does(&mut self, op: Op) -> Entry {
        self.n += 1;
        Entry {
            id: OpId {
                client: self.client,
                n: self.n,
            },
            author: self.author,
            at_ms: self.at_ms,
            op,
        }
    }

    /// The next `count` ops: lines with ids of their own.
    pub(crate) fn draws(&mut self, count: usize) -> Vec<Entry> {
        let hand = u64::from(self.client.0[0]) << 32;
        (0..count)
            .map(|_| self.does(line(hand + u64::from(self.n))))
            .collect()
    }
}

pub(crate) fn batch(board: BoardId, entries: Vec<Entry>) -> BoardBatch {
    BoardBatch {
        board,
        ops: entries.into_iter().map(Submitted::from).collect(),
    }
}

/// Commits to one board.
pub(crate) async fn commit(store: &dyn Store, board: BoardId, entries: Vec<Entry>) -> Vec<Outcome> {
    let mut outcomes = store.commit(&[batch(board, entries)]).await.unwrap();
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

/// Commits ops that are all to get a place.
pub(crate) async fn write(store: &dyn Store, board: BoardId, entries: Vec<Entry>) -> Vec<Logged> {
    let mut logged = Vec::new();
    for some in entries.chunks(512) {
        logged.extend(
            commit(store, board, some.to_vec())
                .await
                .into_iter()
                .map(fresh),
        );
    }
    logged
}

pub(crate) fn fresh(outcome: Outcome) -> Logged {
    match outcome {
        Outcome::Logged(logged) => logged,
        Outcome::Answered { id, answer } => panic!("{id:?} was answered {answer:?}"),
    }
}

pub(crate) fn answer(outcome: &Outcome) -> Answer {
    match outcome {
        Outcome::Answered { answer, .. } => *answer,
        Outcome::Logged(logged) => panic!("{:?} is in the log at {}", logged.entry.id, logged.seq),
    }
}

pub(crate) fn seqs(log: &[Logged]) -> Vec<Seq> {
    log.iter().map(|logged| logged.seq).collect()
}

pub(crate) async fn document(store: &dyn Store, board: BoardId) -> Document {
    store.load(board).await.unwrap().document
}

/// Keeps a snapshot of the board as it is.
pub(crate) async fn snap(store: &dyn Store, board: BoardId) -> Document {
    let document = document(store, board).await;
    store
        .put_snapshot(board, Snapshot::of(&document))
        .await
        .unwrap();
    document
}

/// The whole log.
pub(crate) async fn log(store: &dyn Store, board: BoardId) -> Vec<Logged> {
    store.tail(board, 0, usize::MAX).await.unwrap()
}

/// The document that a log makes of a new board.
pub(crate) fn replayed(genesis: &Genesis, log: &[Logged]) -> Document {
    let mut document = Document::new(1, genesis.title.clone(), genesis.access.clone());
    for logged in log {
        let _ = document.commit(&logged.entry);
    }
    document
}
