//! What it costs to apply a log, to write and read a snapshot, and to compare two copies.

use divan::Bencher;
use inkroom_board::digest::digest;
use inkroom_board::*;

fn main() {
    divan::main();
}

/// A log as a lesson makes it: strokes of forty points, now and then one taken off.
fn log(len: u32) -> Vec<Entry> {
    (1..=len).map(entry).collect()
}

fn entry(n: u32) -> Entry {
    let who = u8::try_from(n % 10).unwrap_or(0);
    let id = OpId {
        client: ClientId([who; 16]),
        n,
    };
    Entry {
        id,
        author: PersonId([who; 16]),
        at_ms: u64::from(n),
        op: op(n),
    }
}

fn op(n: u32) -> Op {
    let id = |n: u32| ElementId(u64::from(n).to_be_bytes());
    if n.is_multiple_of(20) {
        Op::Remove {
            ids: vec![id(n - 7)],
        }
    } else {
        Op::Add {
            id: id(n),
            element: stroke(n),
        }
    }
}

fn stroke(n: u32) -> Element {
    let n = i32::try_from(n).unwrap_or(0);
    let point = |k: i32| Point {
        x: (n % 300) * 4_000 + k * 300,
        y: (n / 300) * 3_000 + (k * k) % 1_900,
        pressure: 120,
    };
    let style = Style {
        colour: Colour::Named(Ink::Blue),
        width: Width(256),
    };
    Element::Stroke(Stroke {
        brush: Brush::Pen,
        style,
        points: Points((0..40).map(point).collect()),
        done: true,
    })
}

fn empty() -> Document {
    Document::new(
        1,
        String::new(),
        Access::new(PersonId::default(), Mode::Everyone),
    )
}

fn replay(log: &[Entry]) -> Document {
    let mut document = empty();
    log.iter().for_each(|entry| drop(document.commit(entry)));
    document
}

#[divan::bench(sample_count = 10)]
fn apply_100_000_ops(bencher: Bencher<'_, '_>) {
    let log = log(100_000);
    bencher.bench(|| replay(&log));
}

#[divan::bench(sample_count = 10)]
fn snapshot_of_10_000_strokes(bencher: Bencher<'_, '_>) {
    let document = replay(&log(10_500));
    println!(
        "a snapshot of {} strokes of 40 points has {} bytes",
        document.len(),
        document.to_snapshot().len()
    );
    bencher.bench(|| document.to_snapshot());
}

#[divan::bench(sample_count = 10)]
fn read_a_snapshot_of_10_000_strokes(bencher: Bencher<'_, '_>) {
    let bytes = replay(&log(10_500)).to_snapshot();
    bencher.bench(|| Document::from_snapshot(&bytes));
}

#[divan::bench(sample_count = 10)]
fn digest_of_10_000_strokes(bencher: Bencher<'_, '_>) {
    let document = replay(&log(10_500));
    bencher.bench(|| digest(&document));
}

/// One op of somebody else while ten of one's own are pending: taken off and put back.
#[divan::bench]
fn one_op_under_ten_pending(bencher: Bencher<'_, '_>) {
    let log = log(10_000);
    let base = replay(&log);
    let trial: Vec<_> = (10_001..10_011).map(entry).collect();
    let off_and_on = |document: &mut Document| {
        let inverses: Vec<_> = trial.iter().map(|entry| document.apply(entry).1).collect();
        inverses
            .into_iter()
            .rev()
            .for_each(|inverse| drop(document.revert(inverse)));
    };
    bencher
        .with_inputs(|| {
            // A fresh copy has no room for more; a document in use has.
            let mut document = base.clone();
            off_and_on(&mut document);
            document
        })
        .bench_local_values(|mut document| {
            off_and_on(&mut document);
            off_and_on(&mut document);
            document
        });
}
