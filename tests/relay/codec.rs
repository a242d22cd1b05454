//! What is written is read as it was, and nothing else is believed.

use inkroom::relay::{Hint, News, codec};
use inkroom_board::room::Murmur;
use inkroom_board::wire::Format;
use proptest::prelude::*;

use crate::fixture::{Log, board, here, node};

fn log(first: usize) -> Log {
    let mut log = Log::of(board(1));
    log.grow(first, 3);
    log
}

fn read(message: &[u8]) -> Vec<u64> {
    match codec::read_hint(message) {
        Ok(News::Committed(logged)) => logged.iter().map(|logged| logged.seq).collect(),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn a_hint_is_read_as_it_was_written(before in 0..50usize, count in 1..30usize, bytes in 0..300usize) {
        let hint = log(before).grow(count, bytes);
        let message = codec::hint(node(7), &hint);
        prop_assert_eq!(codec::sender(&message), Ok(node(7)));
        match codec::read_hint(&message).unwrap() {
            News::Committed(logged) => prop_assert_eq!(logged, hint.logged),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn a_hint_that_was_changed_anywhere_is_not_taken_for_another_run(at in 9..400usize, by in 1..=255u8) {
        let hint = log(2).grow(4, 40);
        let mut message = codec::hint(node(7), &hint);
        let at = at % message.len().max(1);
        message[at] ^= by;
        if at >= 9
            && let Ok(News::Committed(logged)) = codec::read_hint(&message)
        {
            // Neither the epoch nor the times are part of the chain.
            let changes = |logged: &[inkroom_board::ledger::Logged]| {
                logged.iter().map(|logged| (logged.seq, logged.entry.op.clone())).collect::<Vec<_>>()
            };
            prop_assert_eq!(changes(&logged), changes(&hint.logged));
        }
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let mut message = codec::murmurs(node(1), &[]);
        message.extend(&bytes);
        for bytes in [&bytes, &message] {
            let _ = codec::sender(bytes);
            let _ = codec::read_hint(bytes);
            let _ = codec::read_murmurs(bytes);
        }
    }

    #[test]
    fn murmurs_are_read_in_order(said in proptest::collection::vec(any::<bool>(), 0..300)) {
        let said: Vec<_> = said.iter().map(|hello| if *hello { here(1) } else { Murmur::Bye }).collect();
        let bytes: Vec<_> = said.iter().map(|murmur| Format::Binary.encode(murmur)).collect();
        let message = codec::murmurs(node(7), &bytes);
        prop_assert_eq!(codec::read_murmurs(&message), Ok((said, 0)));
    }
}

#[test]
fn a_long_hint_is_its_head() {
    let mut log = log(3);
    let hint = log.grow(40, 1000);
    let message = codec::hint(node(7), &hint);
    assert!(message.len() < 100);
    match codec::read_hint(&message) {
        Ok(News::Head(head)) => assert_eq!(head, log.position()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hint_without_its_first_or_last_op_is_poison() {
    let hint = log(3).grow(3, 10);
    assert_eq!(read(&codec::hint(node(7), &hint)), [4, 5, 6]);
    let cut = |logged: &[inkroom_board::ledger::Logged]| Hint {
        logged: logged.into(),
        ..hint.clone()
    };
    // The first does not follow from where the hint begins.
    let beheaded = codec::hint(node(7), &cut(&hint.logged[1..]));
    assert!(codec::read_hint(&beheaded).is_err());
    let whole = codec::hint(node(7), &hint);
    for end in 10..whole.len() {
        let taken = codec::read_hint(&whole[..end]);
        assert!(!matches!(taken, Ok(News::Committed(_))), "cut at {end}");
    }
}

#[test]
fn what_is_of_another_version_or_too_long_is_poison() {
    let mut message = codec::murmurs(node(7), &[]);
    assert_eq!(codec::read_murmurs(&message), Ok((Vec::new(), 0)));
    let version = std::mem::replace(&mut message[0], 1);
    assert!(codec::sender(&message).is_err() && codec::read_murmurs(&message).is_err());
    message[0] = version;
    message.resize(codec::MOST_BYTES + 1, 0);
    assert!(codec::read_murmurs(&message).is_err());
    // A length that is not there is not allocated.
    let mut liar = codec::murmurs(node(7), &[]);
    liar.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert!(codec::read_murmurs(&liar).is_err());
}
