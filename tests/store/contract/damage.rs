//! What is stored is not what was written: boards open as of the last good op, or do not.

use inkroom::store::StoreError;
use inkroom_board::room::Answer;
use inkroom_board::wire::Refusal;
use inkroom_board::{Mode, Seq};

use crate::fixture::*;
use crate::rig::*;

/// A board of ten ops with the fifth or tenth harmed, and one beside it: the harmed one must open before the
/// harm and take nothing more, the other must not notice.
async fn harmed(rig: &dyn Rig, at: Seq, harm: Harm, last_good: Seq) {
    let store = rig.store();
    let mut pen = Pen::of_owner();
    for n in 1..=2 {
        open_board(store, board(n)).await;
        pen = Pen::of_owner();
        write(store, board(n), pen.draws(10)).await;
    }
    let good = log(store, board(2)).await;
    rig.harm(board(1), at, harm).await;
    let opening = store.load(board(1)).await.unwrap();
    assert!(opening.read_only);
    assert_eq!(opening.document.position().seq, last_good);
    let good = &good[..usize::try_from(last_good).unwrap()];
    assert_eq!(
        opening.document,
        replayed(&genesis(board(1), Mode::Everyone), good)
    );
    assert_eq!(opening.recent, good);
    assert_eq!(store.snapshot(board(1), 1, 10).await.unwrap(), None);
    let snapshot = store.snapshot(board(1), 1, last_good).await.unwrap();
    assert_eq!(snapshot, Some(opening.document.to_snapshot()));
    let more = pen.draws(1);
    let outcomes = store
        .commit(&[batch(board(1), more.clone()), batch(board(2), more)])
        .await
        .unwrap();
    assert_eq!(answer(&outcomes[0][0]), Answer::Refused(Refusal::ReadOnly));
    assert_eq!(fresh(outcomes[1][0].clone()).seq, 11);
    assert!(!store.load(board(2)).await.unwrap().read_only);
}

pub(crate) async fn a_damaged_op_opens_the_board_before_it_read_only(rig: &dyn Rig) {
    harmed(rig, 5, Harm::OpBody, 4).await;
}

pub(crate) async fn a_damaged_chain_opens_the_board_before_it_read_only(rig: &dyn Rig) {
    harmed(rig, 5, Harm::OpChain, 4).await;
}

pub(crate) async fn a_lost_op_opens_the_board_before_it_read_only(rig: &dyn Rig) {
    harmed(rig, 5, Harm::OpLost, 4).await;
}

pub(crate) async fn a_lost_last_op_opens_the_board_before_it_read_only(rig: &dyn Rig) {
    harmed(rig, 10, Harm::OpLost, 9).await;
}

pub(crate) async fn a_board_that_was_repaired_opens_as_ever(rig: &dyn Rig) {
    let store = opened(rig).await;
    let mut pen = Pen::of_owner();
    write(store, board(1), pen.draws(10)).await;
    rig.harm(board(1), 5, Harm::OpBody).await;
    assert!(store.load(board(1)).await.unwrap().read_only);
    rig.harm(board(1), 5, Harm::OpBodyRepaired).await;
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!(
        (opening.read_only, opening.document.position().seq),
        (false, 10)
    );
    assert_eq!(seqs(&write(store, board(1), pen.draws(1)).await), [11]);
}

pub(crate) async fn a_damaged_snapshot_is_replaced_by_the_one_before(rig: &dyn Rig) {
    let store = opened(rig).await;
    let mut pen = Pen::of_owner();
    write(store, board(1), pen.draws(5)).await;
    snap(store, board(1)).await;
    write(store, board(1), pen.draws(5)).await;
    let whole = snap(store, board(1)).await;
    rig.harm(board(1), 10, Harm::SnapshotBody).await;
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!(
        (opening.document, opening.read_only),
        (whole.clone(), false)
    );
    assert_eq!(
        store.snapshot(board(1), 1, 10).await.unwrap(),
        Some(whole.to_snapshot())
    );
    assert_eq!(seqs(&write(store, board(1), pen.draws(1)).await), [11]);
}

pub(crate) async fn a_board_without_any_good_snapshot_is_damaged(rig: &dyn Rig) {
    let store = opened(rig).await;
    rig.harm(board(1), 0, Harm::SnapshotBody).await;
    assert!(
        matches!(store.load(board(1)).await, Err(StoreError::Damaged { board: id }) if id == board(1))
    );
}

pub(crate) async fn damage_before_the_snapshot_does_not_hurt_the_board(rig: &dyn Rig) {
    let store = opened(rig).await;
    let mut pen = Pen::of_owner();
    let logged = write(store, board(1), pen.draws(10)).await;
    let whole = snap(store, board(1)).await;
    rig.harm(board(1), 5, Harm::OpBody).await;
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!((opening.document, opening.read_only), (whole, false));
    assert_eq!(opening.recent, logged[5..]);
    assert_eq!(opening.before, ends_at(&logged[4]));
}

pub(crate) async fn a_tail_over_damage_is_an_error(rig: &dyn Rig) {
    let store = opened(rig).await;
    let logged = write(store, board(1), Pen::of_owner().draws(10)).await;
    rig.harm(board(1), 5, Harm::OpBody).await;
    assert!(matches!(
        store.tail(board(1), 0, 10).await,
        Err(StoreError::Damaged { .. })
    ));
    assert_eq!(store.tail(board(1), 0, 4).await.unwrap(), logged[..4]);
    rig.harm(board(1), 7, Harm::OpLost).await;
    assert!(matches!(
        store.tail(board(1), 6, 10).await,
        Err(StoreError::Damaged { .. })
    ));
}

pub(crate) async fn newest_tells_of_damage(rig: &dyn Rig) {
    let store = opened(rig).await;
    write(store, board(1), Pen::of_owner().draws(5)).await;
    rig.harm(board(1), 3, Harm::OpBody).await;
    assert!(store.load(board(1)).await.unwrap().read_only);
    assert!(store.newest(board(1)).await.unwrap().unwrap().read_only);
}
