//! What it costs to apply a log, to write and read a snapshot, and to compare two copies.

use divan::Bencher;
use inkroom_board::digest::digest;
use inkroom_board::wire::{Batch, ServerMessage, Start};
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

/// A copy of a board of 10,000 ops with so many of one's own on top, and the next entries of the log that `next` gives.
fn waiting(own: u32, next: impl Fn(&Replica) -> Vec<Entry>) -> (Replica, ServerMessage) {
    let base = replay(&log(10_000));
    let client = ClientId([200; 16]);
    let mut replica = Replica::new(base, client, PersonId([200; 16]));
    let at = replica.position();
    let _ = replica.hello();
    let start = ServerMessage::Start(Start::Tail { from: at, head: at });
    let _ = replica.receive(&start, || client);
    for n in 0..own {
        let _ = replica.perform(op(20_000 + n), 0);
    }
    let entries = next(&replica);
    let chain = entries.iter().fold(at.chain, |chain, entry| {
        chain.next(entry.id, entry.author, &entry.op.to_stored())
    });
    let first = at.seq + 1;
    let batch = Batch {
        first,
        chain,
        entries,
    };
    (replica, ServerMessage::Ops(batch))
}

fn receive(bencher: Bencher<'_, '_>, (replica, message): (Replica, ServerMessage)) {
    bencher
        .with_inputs(|| replica.clone())
        .bench_local_values(|mut replica| {
            let received = replica.receive(&message, || ClientId([201; 16]));
            assert!(!received.reconnect);
            replica
        });
}

/// One op of somebody else while so many of one's own wait.
#[divan::bench(args = [10, 10_000], sample_count = 20)]
fn one_op_under_pending(bencher: Bencher<'_, '_>, own: u32) {
    receive(bencher, waiting(own, |_| Vec::from([entry(10_001)])));
}

/// A frame of one's own ops gets into the log while so many wait.
#[divan::bench(args = [64, 10_000], sample_count = 20)]
fn own_frame_of_pending(bencher: Bencher<'_, '_>, own: u32) {
    let first = |replica: &Replica| replica.pending_entries().take(64).cloned().collect();
    receive(bencher, waiting(own, first));
}
