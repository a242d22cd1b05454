//! Reading the log.

use inkroom::store::{RECENT_BYTES, RECENT_OPS, TAIL_BYTES};
use inkroom_board::{Mode, Position};

use crate::fixture::*;
use crate::rig::*;

pub(crate) async fn every_kind_of_op_comes_back_as_it_went_in(rig: &dyn Rig) {
    let store = opened(rig).await;
    let entries = rich_log(3);
    write(store, board(1), entries.clone()).await;
    let log = log(store, board(1)).await;
    assert_eq!(
        log.iter()
            .map(|logged| logged.entry.clone())
            .collect::<Vec<_>>(),
        entries
    );
    assert!(
        log.iter()
            .all(|logged| logged.size == logged.entry.op.to_stored().len())
    );
}

pub(crate) async fn load_gives_the_whole_of_a_short_log(rig: &dyn Rig) {
    let store = opened(rig).await;
    let logged = write(store, board(1), rich_log(4)).await;
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!(
        (opening.before, opening.read_only),
        (Position::start(1), false)
    );
    assert_eq!(opening.recent, logged);
    assert_eq!(
        opening.document,
        replayed(&genesis(board(1), Mode::Everyone), &logged)
    );
}

pub(crate) async fn load_gives_the_newest_part_of_a_long_log(rig: &dyn Rig) {
    let store = opened(rig).await;
    let logged = write(store, board(1), Pen::of_owner().draws(RECENT_OPS + 100)).await;
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!(opening.recent, logged[100..]);
    assert_eq!(opening.before, ends_at(&logged[99]));
}

pub(crate) async fn load_gives_no_more_bytes_than_a_room_may_keep(rig: &dyn Rig) {
    let store = opened(rig).await;
    let mut pen = Pen::of_owner();
    let entries = pen.scribbles(1_500);
    let logged = write(store, board(1), entries).await;
    let opening = store.load(board(1)).await.unwrap();
    let bytes: usize = opening.recent.iter().map(|logged| logged.size).sum();
    assert!(
        bytes <= RECENT_BYTES && bytes + logged[0].size * 2 > RECENT_BYTES,
        "{bytes}"
    );
    assert_eq!(
        opening.recent,
        logged[logged.len() - opening.recent.len()..]
    );
    assert_eq!(opening.before.seq + 1, opening.recent[0].seq);
}

pub(crate) async fn load_gives_ops_from_before_the_snapshot_too(rig: &dyn Rig) {
    let store = opened(rig).await;
    let mut pen = Pen::of_owner();
    let before = write(store, board(1), pen.draws(RECENT_OPS)).await;
    snap(store, board(1)).await;
    let after = write(store, board(1), pen.draws(10)).await;
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!(opening.recent, [&before[10..], &after].concat());
    assert_eq!(opening.before, ends_at(&before[9]));
    open_board(store, board(2)).await;
    let short = write(store, board(2), Pen::of_owner().draws(5)).await;
    snap(store, board(2)).await;
    let opening = store.load(board(2)).await.unwrap();
    assert_eq!(
        (opening.recent, opening.before),
        (short, Position::start(1))
    );
}

pub(crate) async fn i9_a_tail_begins_right_after_and_has_no_holes(rig: &dyn Rig) {
    let store = opened(rig).await;
    open_board(store, board(2)).await;
    let logged = write(store, board(1), rich_log(2)).await;
    write(store, board(2), rich_log(1)).await;
    assert_eq!(store.tail(board(1), 0, usize::MAX).await.unwrap(), logged);
    assert_eq!(
        store.tail(board(1), 7, usize::MAX).await.unwrap(),
        logged[7..]
    );
    assert_eq!(store.tail(board(1), 7, 3).await.unwrap(), logged[7..10]);
    let head = logged.last().unwrap().seq;
    assert_eq!(store.tail(board(1), head, 10).await.unwrap(), []);
    assert_eq!(store.tail(board(1), head + 5, 10).await.unwrap(), []);
}

pub(crate) async fn a_tail_is_cut_by_bytes_but_never_empty(rig: &dyn Rig) {
    let store = opened(rig).await;
    let mut pen = Pen::of_owner();
    let entries = pen.scribbles(3_000);
    let logged = write(store, board(1), entries).await;
    let tail = store.tail(board(1), 0, usize::MAX).await.unwrap();
    let bytes: usize = tail.iter().map(|logged| logged.size).sum();
    assert!(bytes <= TAIL_BYTES && tail.len() < logged.len());
    assert_eq!(tail, logged[..tail.len()]);
    assert_eq!(store.tail(board(1), 0, 1).await.unwrap().len(), 1);
}
