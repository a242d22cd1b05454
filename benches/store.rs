//! What a commit costs, by how many ops share it: on a real disk most of it is one flush, whatever the batch.
//!
//! `cargo bench --bench store`. The data goes to a temporary folder: set `TMPDIR` to the disk that is to be
//! measured, since the usual one may be in memory.

#![allow(clippy::unwrap_used, missing_docs)]

use divan::Bencher;
use divan::counter::ItemsCount;
use inkroom::store::{BoardBatch, SqliteStore, Store, Submitted};
use inkroom_board::ledger::Genesis;
use inkroom_board::{
    Access, BoardId, Brush, ClientId, Colour, Element, ElementId, Entry, Ink, Mode, Op, OpId,
    PersonId, Point, Points, Stroke, Style, Width,
};
use tokio::runtime::Runtime;

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

struct Bench {
    runtime: Runtime,
    store: SqliteStore,
    n: u32,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = runtime.block_on(SqliteStore::open(folder.path())).unwrap();
        let access = Access::new(PERSON, Mode::Everyone);
        let genesis = Genesis {
            board: BOARD,
            title: String::new(),
            access,
        };
        runtime.block_on(store.create(&genesis, 0)).unwrap();
        Self {
            runtime,
            store,
            n: 0,
            _folder: folder,
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

#[divan::bench(args = [1, 10, 100, 512], sample_count = 100, sample_size = 1)]
fn commit(bencher: Bencher<'_, '_>, ops: u32) {
    let bench = std::cell::RefCell::new(Bench::new());
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

#[divan::bench(args = [0, 1_000, 10_000], sample_count = 20, sample_size = 1)]
fn load(bencher: Bencher<'_, '_>, ops: u32) {
    let mut bench = Bench::new();
    for _ in 0..ops / 500 {
        let batch = bench.batch(500);
        bench
            .runtime
            .block_on(bench.store.commit(&[batch]))
            .unwrap();
    }
    bencher.bench_local(|| bench.runtime.block_on(bench.store.load(BOARD)).unwrap());
}
