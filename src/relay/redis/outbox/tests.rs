use std::sync::atomic::Ordering;

use inkroom_board::ledger::Logged;
use inkroom_board::{Chain, ClientId, Entry, Op, OpId, PersonId};

use super::*;

const ONE: BoardId = BoardId([1; 16]);
const TWO: BoardId = BoardId([2; 16]);

/// The op at `seq` of a board, as if its stored form were so long.
fn hint(board: BoardId, seq: u64, size: usize) -> Hint {
    let logged = Logged {
        seq,
        chain: Chain([7; 8]),
        entry: Entry {
            id: OpId {
                client: ClientId([1; 16]),
                n: 1,
            },
            author: PersonId([1; 16]),
            at_ms: 0,
            op: Op::Clear,
        },
        size,
    };
    let before = Position {
        seq: seq - 1,
        ..Position::start(1)
    };
    Hint {
        board,
        before,
        logged: [logged].into(),
    }
}

fn outbox() -> (Outbox, Arc<RelayCounters>) {
    let counters = Arc::new(RelayCounters::default());
    let outbox = Outbox::new(Arc::clone(&counters));
    outbox.open();
    (outbox, counters)
}

fn dropped(counters: &RelayCounters) -> u64 {
    counters.dropped.load(Ordering::Relaxed)
}

/// What is told about `board` in order: whether with its ops, and up to which seq.
fn told(batch: &Batch, board: BoardId) -> Vec<(bool, u64)> {
    let of_board = batch.durable.iter().filter(|told| told.board() == board);
    of_board
        .map(|told| (told.is_run(), told.head().seq))
        .collect()
}

#[test]
fn what_gathers_is_taken_together_and_in_order() {
    let (outbox, counters) = outbox();
    for seq in 1..=3 {
        outbox.put_hint(hint(ONE, seq, 10));
        outbox.put_murmur(TWO, vec![seq as u8]);
    }
    outbox.put_murmur(ONE, vec![9]);
    let batch = outbox.take();
    assert_eq!(told(&batch, ONE), [(true, 1), (true, 2), (true, 3)]);
    let murmurs = [(ONE, vec![vec![9]]), (TWO, vec![vec![1], vec![2], vec![3]])];
    assert_eq!(batch.murmurs, murmurs, "one message for each board");
    assert!(outbox.take().is_empty());
    assert_eq!(dropped(&counters), 0);
}

#[test]
fn a_hint_without_room_goes_as_a_head_in_place_of_all_of_its_board() {
    let (outbox, counters) = outbox();
    let large = HINTS_BYTES / 4;
    outbox.put_hint(hint(TWO, 1, large));
    (1..=3).for_each(|seq| outbox.put_hint(hint(ONE, seq, large)));
    let mut all = Batch::default();
    loop {
        let batch = outbox.take();
        if batch.is_empty() {
            break;
        }
        all.durable.extend(batch.durable);
    }
    assert_eq!(told(&all, ONE), [(false, 3)]);
    assert_eq!(told(&all, TWO), [(true, 1)]);
    assert_eq!(dropped(&counters), 3);
}

#[test]
fn many_small_hints_are_bounded_too() {
    let (outbox, counters) = outbox();
    (1..=HINTS as u64 + 1).for_each(|seq| outbox.put_hint(hint(ONE, seq, 1)));
    assert_eq!(told(&outbox.take(), ONE), [(false, HINTS as u64 + 1)]);
    assert_eq!(dropped(&counters), HINTS as u64 + 1);
}

#[test]
fn the_oldest_murmurs_give_way() {
    let (outbox, counters) = outbox();
    for n in 0..MURMURS + 2 {
        outbox.put_murmur(ONE, n.to_be_bytes().into());
    }
    assert_eq!(dropped(&counters), 2);
    let batch = outbox.take();
    let oldest = batch.murmurs.first().and_then(|(_, list)| list.first());
    assert_eq!(oldest, Some(&2_usize.to_be_bytes().to_vec()));
}

#[test]
fn while_redis_is_away_heads_are_kept_and_murmurs_are_not() {
    let (outbox, counters) = outbox();
    outbox.put_hint(hint(ONE, 1, 10));
    outbox.put_murmur(ONE, vec![1]);
    let lost = outbox.take();
    outbox.put_hint(hint(ONE, 2, 10));
    outbox.shut(lost);
    outbox.put_hint(hint(TWO, 5, 10));
    outbox.put_hint(hint(TWO, 6, 10));
    outbox.put_murmur(ONE, vec![2]);
    assert!(outbox.take().is_empty(), "it is shut");
    outbox.open();
    let batch = outbox.take();
    assert_eq!(told(&batch, ONE), [(false, 2)]);
    assert_eq!(told(&batch, TWO), [(false, 6)]);
    assert!(batch.murmurs.is_empty());
    assert_eq!(dropped(&counters), 6);
}

#[test]
fn a_long_list_of_murmurs_is_several_messages() {
    let (outbox, _) = outbox();
    (0..5).for_each(|_| outbox.put_murmur(ONE, vec![0; MURMURS_BYTES / 2]));
    (0..=LIST).for_each(|_| outbox.put_murmur(TWO, vec![0]));
    let batch = outbox.take();
    let lengths: Vec<_> = batch.murmurs.iter().map(|(_, list)| list.len()).collect();
    assert_eq!(lengths, [2, 2, 1, LIST, 1]);
}
