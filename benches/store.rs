//! What a commit costs, by how many ops share it: on a real disk most of it is one flush, whatever the batch. Both
//! stores in one run, on the same disk: what counts is how they compare.
//!
//! `cargo bench --bench store`. The data goes to a temporary folder: set `TMPDIR` to the disk that is to be
//! measured, since the usual one may be in memory.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, missing_docs)]

use std::fmt;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use inkroom::store::writer::{Committed, Lane, Writer};
use inkroom::store::{BoardBatch, PgStore, SqliteStore, Store, Submitted};
use inkroom_board::ledger::Genesis;
use inkroom_board::{
    Access, BoardId, Brush, ClientId, Colour, Element, ElementId, Entry, Ink, Mode, Op, OpId,
    PersonId, Point, Points, Stroke, Style, Width,
};
use inkroom_testbed::Postgres;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::Receiver;

const BOARD: BoardId = BoardId([1; 16]);
const PERSON: PersonId = PersonId([2; 16]);

fn main() {
    divan::main();
}

/// A short stroke: about 200 bytes stored.
fn stroke(n: u32) -> Entry {
    let points = (0..60)
        .map(|i| Point {
            x: i * 190,
            y: i * 70,
            pressure: 120,
        })
        .collect();
    let style = Style {
        colour: Colour::Named(Ink::Ink),
        width: Width(256),
    };
    let stroke = Stroke {
        brush: Brush::Pen,
        style,
        points: Points(points),
        done: true,
    };
    let op = Op::Add {
        id: ElementId(u64::from(n).to_be_bytes()),
        element: Element::Stroke(stroke),
    };
    Entry {
        id: OpId {
            client: ClientId([3; 16]),
            n,
        },
        author: PERSON,
        at_ms: 0,
        op,
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Sqlite,
    Postgres,
}

/// A store and how much of it.
#[derive(Debug, Clone, Copy)]
struct Case(Kind, u32);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6} {:?}", self.1, self.0)
    }
}

/// Each of these on both stores.
fn both(amounts: &'static [u32]) -> impl Iterator<Item = Case> {
    amounts
        .iter()
        .flat_map(|amount| [Case(Kind::Sqlite, *amount), Case(Kind::Postgres, *amount)])
}

struct Bench {
    runtime: Runtime,
    store: Arc<dyn Store>,
    n: u32,
    _folder: tempfile::TempDir,
    _server: Option<Postgres>,
}

fn genesis(board: BoardId) -> Genesis {
    Genesis {
        board,
        title: String::new(),
        access: Access::new(PERSON, Mode::Everyone),
    }
}

impl Bench {
    fn new(kind: Kind) -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (store, server): (Arc<dyn Store>, _) = runtime.block_on(async {
            match kind {
                Kind::Sqlite => {
                    let store = SqliteStore::open(folder.path()).await.unwrap();
                    (Arc::new(store) as _, None)
                }
                Kind::Postgres => {
                    let server = Postgres::start().await;
                    let store = PgStore::open(&server.database().await).await.unwrap();
                    (Arc::new(store) as _, Some(server))
                }
            }
        });
        runtime.block_on(store.create(&genesis(BOARD), 0)).unwrap();
        Self {
            runtime,
            store,
            n: 0,
            _folder: folder,
            _server: server,
        }
    }

    fn batch(&mut self, ops: u32) -> BoardBatch {
        let ops = (self.n + 1..=self.n + ops).map(|n| Submitted::from(stroke(n)));
        let batch = BoardBatch {
            board: BOARD,
            ops: ops.collect(),
        };
        self.n += u32::try_from(batch.ops.len()).unwrap();
        batch
    }
}

/// One commit after the other on one board.
#[divan::bench(args = both(&[1, 10, 100, 512]), sample_count = 100, sample_size = 1)]
fn commit(bencher: Bencher<'_, '_>, case: Case) {
    let Case(kind, ops) = case;
    let bench = std::cell::RefCell::new(Bench::new(kind));
    bencher
        .counter(ItemsCount::new(ops))
        .with_inputs(|| bench.borrow_mut().batch(ops))
        .bench_local_values(|batch| {
            let bench = bench.borrow();
            bench
                .runtime
                .block_on(bench.store.commit(&[batch]))
                .unwrap()
        });
}

/// Rooms that all draw at once, a stroke each, through the writer.
struct Rooms {
    writer: Writer,
    rooms: Vec<(Lane, Receiver<Committed>)>,
}

impl Rooms {
    async fn open(store: &Arc<dyn Store>, rooms: u32) -> Self {
        let writer = Writer::start(Arc::clone(store));
        let mut opened = Vec::new();
        for n in 0..rooms {
            let mut id = [7; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            store.create(&genesis(BoardId(id)), 0).await.unwrap();
            opened.push(writer.lane(BoardId(id)));
        }
        Self {
            writer,
            rooms: opened,
        }
    }

    async fn draw(&mut self, n: u32) {
        for (lane, _) in &self.rooms {
            lane.try_submit(vec![stroke(n)]).unwrap();
        }
        for (_, outcomes) in &mut self.rooms {
            outcomes.recv().await.unwrap();
        }
        assert_eq!(self.writer.waiting(), 0);
    }
}

#[divan::bench(args = both(&[1, 16, 1_000]), sample_count = 20, sample_size = 1)]
fn boards(bencher: Bencher<'_, '_>, case: Case) {
    let Case(kind, boards) = case;
    let mut bench = Bench::new(kind);
    let mut rooms = bench.runtime.block_on(Rooms::open(&bench.store, boards));
    bencher.counter(ItemsCount::new(boards)).bench_local(|| {
        bench.n += 1;
        bench.runtime.block_on(rooms.draw(bench.n));
    });
}

#[divan::bench(args = both(&[0, 1_000, 10_000]), sample_count = 20, sample_size = 1)]
fn load(bencher: Bencher<'_, '_>, case: Case) {
    let Case(kind, ops) = case;
    let mut bench = Bench::new(kind);
    for _ in 0..ops / 500 {
        let batch = bench.batch(500);
        bench
            .runtime
            .block_on(bench.store.commit(&[batch]))
            .unwrap();
    }
    bencher.bench_local(|| bench.runtime.block_on(bench.store.load(BOARD)).unwrap());
}
