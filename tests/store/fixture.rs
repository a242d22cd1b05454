//! What the cases draw with: ids from counters, pens that number their ops, boards with something on them.

use std::time::Duration;

use inkroom::store::{BoardBatch, Kept, Outcome, Snapshot, Store, Submitted};
use inkroom_board::ledger::{Genesis, Logged};
use inkroom_board::room::Answer;
use inkroom_board::{
    Access, BoardId, Brush, ClientId, Colour, Document, Element, ElementId, Entry, Ink, Mode, Op,
    OpId, PersonId, Point, Points, Pos, Position, Seq, Shape, ShapeKind, Stroke, Style, Width,
};

use crate::rig::Rig;

/// When the boards of the cases are made, in ms since 1970.
pub(crate) const NOON: u64 = 1_790_000_000_000;
/// Everything that is waited for comes within this, or the case fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// In ms.
pub(crate) const DAY: u64 = 24 * 60 * 60 * 1_000;

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

/// The store of a rig, with board 1 on it.
pub(crate) async fn opened(rig: &dyn Rig) -> &dyn Store {
    open_board(rig.store(), board(1)).await;
    rig.store()
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

/// A log with everything in it that can be in one: `rounds` times.
pub(crate) fn rich_log(rounds: u64) -> Vec<Entry> {
    let (mut owner, mut guest) = (Pen::of_owner(), Pen::nth(1));
    let mut entries = Vec::new();
    for round in 0..rounds {
        let id = round * 10 + 1;
        entries.push(guest.does(stroke(id, 40, false)));
        entries.push(owner.does(line(id + 1)));
        entries.push(guest.does(extend(id, 40, 25, true)));
        entries.push(owner.does(Op::SetTitle(format!("Lesson {round} \u{1f58b} ünï"))));
        let remove = guest.does(Op::Remove {
            ids: vec![element(id), element(id + 1)],
        });
        entries.push(remove.clone());
        entries.push(owner.does(line(id + 2)));
        if round.is_multiple_of(2) {
            entries.push(guest.does(Op::Restore { of: remove.id }));
        }
        entries.push(owner.does(Op::SetMode(Mode::Presenters)));
        entries.push(owner.does(Op::SetPen {
            person: person(1),
            holds: true,
        }));
        entries.push(guest.does(line(id + 3)));
        if round % 3 == 2 {
            entries.push(owner.does(Op::Clear));
        }
        entries.push(owner.does(Op::SetPen {
            person: person(1),
            holds: false,
        }));
        entries.push(owner.does(Op::SetMode(Mode::Everyone)));
    }
    entries
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

    /// Of the nth person, by the nth client.
    pub(crate) fn nth(n: u8) -> Self {
        Self::of(person(n), client(n))
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

    /// The next ops: `count` long strokes, of a few KB each.
    pub(crate) fn scribbles(&mut self, count: u64) -> Vec<Entry> {
        (0..count)
            .map(|id| self.does(stroke(id, 512, true)))
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
    assert_eq!(keep(store, board, &document).await, Kept::Stored);
    document
}

/// Keeps a document as the board's snapshot.
pub(crate) async fn keep(store: &dyn Store, board: BoardId, document: &Document) -> Kept {
    let kept = store.put_snapshot(board, Snapshot::of(document)).await;
    kept.unwrap()
}

/// Where the log is after this op of a first epoch.
pub(crate) fn ends_at(logged: &Logged) -> Position {
    Position {
        epoch: 1,
        seq: logged.seq,
        chain: logged.chain,
    }
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
