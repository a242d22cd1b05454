//! Snapshots.

use inkroom::store::{Kept, Snapshot, StoreError};
use inkroom_board::{Access, Document, Mode, Seq};

use crate::fixture::*;
use crate::rig::*;

pub(crate) async fn i10_replay_and_snapshot_are_the_same_bytes(rig: &dyn Rig) {
    let store = opened(rig).await;
    let entries = rich_log(12);
    let mut logged = Vec::new();
    for some in entries.chunks(17) {
        logged.extend(write(store, board(1), some.to_vec()).await);
        let document = document(store, board(1)).await;
        assert_eq!(keep(store, board(1), &document).await, Kept::Stored);
        let replayed = replayed(&genesis(board(1), Mode::Everyone), &logged);
        assert_eq!(document.to_snapshot(), replayed.to_snapshot());
        let at = document.position();
        assert_eq!(
            store.snapshot(board(1), at.epoch, at.seq).await.unwrap(),
            Some(replayed.to_snapshot())
        );
    }
}

pub(crate) async fn i10_any_place_of_the_log_has_its_snapshot(rig: &dyn Rig) {
    let store = opened(rig).await;
    let entries = rich_log(3);
    let (first, second) = entries.split_at(15);
    let mut logged = write(store, board(1), first.to_vec()).await;
    snap(store, board(1)).await;
    logged.extend(write(store, board(1), second.to_vec()).await);
    for seq in 0..=logged.len() {
        let replayed = replayed(&genesis(board(1), Mode::Everyone), &logged[..seq]);
        let snapshot = store.snapshot(board(1), 1, seq as Seq).await.unwrap();
        assert_eq!(snapshot, Some(replayed.to_snapshot()), "at {seq}");
    }
}

pub(crate) async fn there_is_no_snapshot_of_a_place_that_is_not(rig: &dyn Rig) {
    let store = opened(rig).await;
    write(store, board(1), Pen::of_owner().draws(3)).await;
    assert_eq!(store.snapshot(board(1), 1, 4).await.unwrap(), None);
    assert_eq!(store.snapshot(board(1), 2, 3).await.unwrap(), None);
    assert_eq!(store.snapshot(board(1), 0, 0).await.unwrap(), None);
    assert_eq!(
        store.snapshot(board(1), u64::MAX, u64::MAX).await.unwrap(),
        None
    );
    assert!(store.snapshot(board(1), 1, 3).await.unwrap().is_some());
}

pub(crate) async fn a_snapshot_is_kept_once(rig: &dyn Rig) {
    let store = opened(rig).await;
    write(store, board(1), Pen::of_owner().draws(3)).await;
    let document = document(store, board(1)).await;
    assert_eq!(keep(store, board(1), &document).await, Kept::Stored);
    assert_eq!(keep(store, board(1), &document).await, Kept::Already);
}

pub(crate) async fn a_snapshot_of_another_history_is_refused(rig: &dyn Rig) {
    let store = rig.store();
    for n in 1..=2 {
        open_board(store, board(n)).await;
    }
    write(store, board(1), Pen::nth(1).draws(3)).await;
    write(store, board(2), Pen::nth(2).draws(5)).await;
    let put =
        async |document: &Document| store.put_snapshot(board(1), Snapshot::of(document)).await;
    let elsewhere = document(store, board(2)).await;
    assert!(
        matches!(put(&elsewhere).await, Err(StoreError::Diverged)),
        "beyond the head"
    );
    let log = log(store, board(2)).await;
    let same_length = replayed(&genesis(board(2), Mode::Everyone), &log[..3]);
    assert!(
        matches!(put(&same_length).await, Err(StoreError::Diverged)),
        "another chain at the head"
    );
    let shorter = replayed(&genesis(board(2), Mode::Everyone), &log[..2]);
    assert!(
        matches!(put(&shorter).await, Err(StoreError::Diverged)),
        "another chain in the log"
    );
    let later_epoch = Document::new(2, String::new(), Access::new(owner(), Mode::Everyone));
    assert!(
        matches!(put(&later_epoch).await, Err(StoreError::Diverged)),
        "another epoch"
    );
}

pub(crate) async fn a_snapshot_that_its_replay_does_not_make_is_not_kept(rig: &dyn Rig) {
    let store = opened(rig).await;
    let logged = write(store, board(1), Pen::of_owner().draws(3)).await;
    let mut wrong = genesis(board(1), Mode::Everyone);
    wrong.title = String::from("Chemistry");
    let wrong = replayed(&wrong, &logged);
    let right = document(store, board(1)).await;
    assert_eq!(wrong.position(), right.position());
    assert_eq!(keep(store, board(1), &wrong).await, Kept::Mismatch);
    assert_eq!(
        store.snapshot(board(1), 1, 3).await.unwrap(),
        Some(right.to_snapshot())
    );
}

pub(crate) async fn the_newest_snapshot_is_noted_with_its_board(rig: &dyn Rig) {
    let store = opened(rig).await;
    let mut pen = Pen::of_owner();
    write(store, board(1), pen.draws(2)).await;
    let older = document(store, board(1)).await;
    write(store, board(1), pen.draws(1)).await;
    let newer = document(store, board(1)).await;
    for document in [newer, older] {
        assert_eq!(keep(store, board(1), &document).await, Kept::Stored);
        let noted = "UPDATE boards SET title = title WHERE snap_seq = 3";
        assert_eq!(rig.run(noted, None).await, 1);
    }
}
