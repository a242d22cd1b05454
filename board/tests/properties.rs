//! What holds for any ops and any bytes: the reducer and the wire.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "properties/arbitrary.rs"]
mod arbitrary;

use arbitrary::{client_message, log};
use inkroom_board::wire::{Batch, ClientMessage, Format, ServerMessage};
use inkroom_board::*;
use proptest::prelude::*;

fn empty() -> Document {
    Document::new(
        1,
        "Any".into(),
        Access::new(PersonId([1; 16]), Mode::Everyone),
    )
}

fn replay(log: &[Entry]) -> Document {
    let mut document = empty();
    log.iter().for_each(|entry| drop(document.commit(entry)));
    document
}

proptest! {
    #[test]
    fn d1_the_same_log_gives_the_same_bytes(log in log(60)) {
        prop_assert_eq!(replay(&log).to_snapshot(), replay(&log).to_snapshot());
    }

    #[test]
    fn d9_ops_on_trial_can_be_taken_off(log in log(60), trial in log(30)) {
        let before = replay(&log);
        let mut document = before.clone();
        let inverses: Vec<_> = trial.iter().map(|entry| document.apply(entry).1).collect();
        for inverse in inverses.into_iter().rev() {
            let _ = document.revert(inverse);
        }
        prop_assert_eq!(document, before);
    }

    #[test]
    fn d10_a_snapshot_anywhere_and_the_rest_give_the_whole(log in log(80), cut in 0..80usize) {
        let (head, tail) = log.split_at(cut.min(log.len()));
        let mut document = Document::from_snapshot(&replay(head).to_snapshot()).unwrap();
        tail.iter().for_each(|entry| drop(document.commit(entry)));
        prop_assert_eq!(document.to_snapshot(), replay(&log).to_snapshot());
    }

    #[test]
    fn d2_applying_an_op_twice_changes_nothing(log in log(40)) {
        let mut once = replay(&log);
        if let Some(last) = log.last() {
            let _ = once.apply(last);
            // Restoring removes nothing and removing restores nothing, so twice is once, whatever it was.
            prop_assert_eq!(once, replay(&log));
        }
    }

    #[test]
    fn counters_follow_the_document(log in log(80)) {
        let document = replay(&log);
        prop_assert_eq!(document.len(), document.visible().count());
        let again = Document::from_snapshot(&document.to_snapshot()).unwrap();
        prop_assert_eq!((again.len(), again.cost(), again.held()), (document.len(), document.cost(), document.held()));
    }

    #[test]
    fn w1_client_messages_survive_both_formats(message in client_message()) {
        for format in [Format::Binary, Format::Json] {
            let again: ClientMessage = format.decode(&format.encode(&message)).unwrap();
            prop_assert_eq!(&again, &message);
        }
    }

    #[test]
    fn w1_logs_survive_both_formats(entries in log(limits::OPS_PER_FRAME)) {
        let message = ServerMessage::Ops(Batch { first: 7, chain: ledger::Chain([3; 8]), entries });
        for format in [Format::Binary, Format::Json] {
            let again: ServerMessage = format.decode(&format.encode(&message)).unwrap();
            prop_assert_eq!(&again, &message);
        }
    }

    #[test]
    fn w2_garbage_is_refused_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for format in [Format::Binary, Format::Json] {
            let _ = format.decode::<ClientMessage>(&bytes);
            let _ = format.decode::<ServerMessage>(&bytes);
        }
        let _ = Document::from_snapshot(&bytes);
        let _ = Op::from_stored(&bytes);
    }

    #[test]
    fn w2_cut_or_lengthened_messages_are_refused(message in client_message(), cut in 0..400usize) {
        let bytes = Format::Binary.encode(&message);
        let cut = cut.min(bytes.len() - 1);
        prop_assert!(Format::Binary.decode::<ClientMessage>(&bytes[..cut]).is_err());
        prop_assert!(Format::Binary.decode::<ClientMessage>(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn stored_ops_are_canonical(log in log(20)) {
        for entry in log {
            let stored = entry.op.to_stored();
            let again = Op::from_stored(&stored).unwrap();
            prop_assert_eq!(&again, &entry.op);
            prop_assert_eq!(again.to_stored(), stored);
        }
    }
}

#[test]
fn w2_a_length_that_only_claims_to_be_there_allocates_nothing() {
    // Ops { client, ops: 2^32-1 of them }, and ten bytes.
    let mut bytes = vec![1];
    bytes.extend([7; 16]);
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
    bytes.extend([0; 10]);
    assert!(Format::Binary.decode::<ClientMessage>(&bytes).is_err());
}

#[test]
fn w2_more_ops_than_a_frame_may_have_are_refused() {
    let ops = (0..=limits::OPS_PER_FRAME)
        .map(|_| wire::Queued {
            n: 1,
            op: Op::Clear,
        })
        .collect();
    let message = ClientMessage::Ops {
        client: ClientId::default(),
        again: false,
        ops,
    };
    let bytes = Format::Binary.encode(&message);
    assert!(Format::Binary.decode::<ClientMessage>(&bytes).is_err());
}
