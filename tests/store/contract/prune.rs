//! Letting go of what is old.

use inkroom::store::{Store, StoreError, policy};
use inkroom_board::ledger::Logged;
use inkroom_board::room::Answer;
use inkroom_board::{BoardId, Mode, Seq};

use crate::fixture::*;
use crate::rig::*;

/// So many ops that some may be pruned, with snapshots at the given places of them.
async fn long_board(
    store: &dyn Store,
    board: BoardId,
    pen: &mut Pen,
    ops: Seq,
    snapshots: &[Seq],
) -> Vec<Logged> {
    open_board(store, board).await;
    let entries = pen.draws(usize::try_from(ops).unwrap());
    let mut logged = Vec::new();
    let mut from = 0;
    for at in snapshots.iter().chain([&ops]) {
        let to = usize::try_from(*at).unwrap();
        logged.extend(write(store, board, entries[from..to].to_vec()).await);
        if snapshots.contains(at) {
            snap(store, board).await;
        }
        from = to;
    }
    logged
}

pub(crate) async fn a_short_or_young_log_is_not_pruned(rig: &dyn Rig) {
    let store = rig.store();
    let mut pen = Pen::of_owner();
    let ops = policy::KEEP_OPS + 500;
    let logged = long_board(store, board(1), &mut pen, ops, &[400, 9_000, 10_000]).await;
    let pruned = store.prune(board(1), pen.at_ms + DAY).await.unwrap();
    assert_eq!((pruned.ops, pruned.floor), (0, 0), "young");
    assert_eq!(store.tail(board(1), 0, 1).await.unwrap(), logged[..1]);
    open_board(store, board(2)).await;
    let mut pen = Pen::of_owner();
    for _ in 0..3 {
        write(store, board(2), pen.draws(300)).await;
        snap(store, board(2)).await;
    }
    let pruned = store.prune(board(2), pen.at_ms + 3 * DAY).await.unwrap();
    assert_eq!((pruned.ops, pruned.floor), (0, 0), "short");
}

pub(crate) async fn a_pruned_log_begins_at_its_floor(rig: &dyn Rig) {
    let store = rig.store();
    let mut pen = Pen::of_owner();
    let ops = policy::KEEP_OPS + 2_500;
    let logged = long_board(
        store,
        board(1),
        &mut pen,
        ops,
        &[500, 2_000, 11_000, 12_000],
    )
    .await;
    let before = store.load(board(1)).await.unwrap();
    let pruned = store.prune(board(1), pen.at_ms + 2 * DAY).await.unwrap();
    assert_eq!(
        (pruned.ops, pruned.floor, pruned.snapshots),
        (2_000, 2_000, 2)
    );
    let after = store.load(board(1)).await.unwrap();
    assert_eq!(
        (after.document, after.recent),
        (before.document, before.recent)
    );
    for seq in [0, 1_999] {
        let cut = store.tail(board(1), seq, 10).await;
        assert!(matches!(cut, Err(StoreError::Pruned { floor: 2_000 })));
        assert_eq!(store.snapshot(board(1), 1, seq).await.unwrap(), None);
    }
    assert_eq!(
        store.tail(board(1), 2_000, 10).await.unwrap(),
        logged[2_000..2_010]
    );
    for seq in [2_000, 2_300, 12_500] {
        let replayed = replayed(&genesis(board(1), Mode::Everyone), &logged[..seq]);
        assert_eq!(
            store.snapshot(board(1), 1, seq as Seq).await.unwrap(),
            Some(replayed.to_snapshot())
        );
    }
    rig.harm(board(1), 12_000, Harm::SnapshotBody).await;
    rig.harm(board(1), 11_000, Harm::SnapshotBody).await;
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!(
        (opening.document.position().seq, opening.read_only),
        (ops, false),
        "from the floor"
    );
    let again = store.prune(board(1), pen.at_ms + 2 * DAY).await.unwrap();
    assert_eq!((again.ops, again.floor), (0, 2_000));
}

pub(crate) async fn i2_a_retry_of_a_pruned_op_is_known_without_a_place(rig: &dyn Rig) {
    let store = rig.store();
    let mut pen = Pen::of_owner();
    let ops = policy::KEEP_OPS + 1_000;
    let logged = long_board(store, board(1), &mut pen, ops, &[600, 10_500, 10_900]).await;
    assert_eq!(
        store
            .prune(board(1), pen.at_ms + 2 * DAY)
            .await
            .unwrap()
            .floor,
        600
    );
    let retry = |seq: usize| logged[seq - 1].entry.clone();
    let outcomes = commit(store, board(1), vec![retry(1), retry(600), retry(601)]).await;
    let answers: Vec<_> = outcomes.iter().map(answer).collect();
    assert_eq!(
        answers,
        [Answer::Known(0), Answer::Known(0), Answer::Known(601)]
    );
    assert_eq!(seqs(&write(store, board(1), pen.draws(1)).await), [ops + 1]);
}

pub(crate) async fn the_floor_waits_for_a_second_good_snapshot(rig: &dyn Rig) {
    let store = rig.store();
    let mut pen = Pen::of_owner();
    let ops = policy::KEEP_OPS + 3_000;
    long_board(store, board(1), &mut pen, ops, &[1_000, 2_500, 2_900]).await;
    rig.harm(board(1), 2_900, Harm::SnapshotBody).await;
    let pruned = store.prune(board(1), pen.at_ms + 2 * DAY).await.unwrap();
    assert_eq!(pruned.floor, 1_000, "2,500 is the newest good one");
    assert_eq!(document(store, board(1)).await.position().seq, ops);
}

pub(crate) async fn a_damaged_board_is_not_pruned(rig: &dyn Rig) {
    let store = rig.store();
    let mut pen = Pen::of_owner();
    let ops = policy::KEEP_OPS + 3_000;
    long_board(store, board(1), &mut pen, ops, &[1_000, 2_500, 2_900]).await;
    rig.harm(board(1), 12_000, Harm::OpBody).await;
    assert!(store.load(board(1)).await.unwrap().read_only);
    let pruned = store.prune(board(1), pen.at_ms + 2 * DAY).await.unwrap();
    assert_eq!((pruned.ops, pruned.snapshots, pruned.floor), (0, 0, 0));
}

pub(crate) async fn silent_clients_are_forgotten_with_their_last_op(rig: &dyn Rig) {
    let store = opened(rig).await;
    let (mut old, mut kept) = (Pen::nth(1), Pen::nth(2));
    write(store, board(1), [old.draws(100), kept.draws(100)].concat()).await;
    snap(store, board(1)).await;
    let mut busy = Pen {
        at_ms: NOON + 85 * DAY,
        ..Pen::nth(3)
    };
    kept.at_ms = NOON + 80 * DAY;
    write(
        store,
        board(1),
        [kept.draws(1), busy.draws(10_000)].concat(),
    )
    .await;
    snap(store, board(1)).await;
    write(store, board(1), busy.draws(1_000)).await;
    snap(store, board(1)).await;
    let early = store.prune(board(1), NOON + 89 * DAY).await.unwrap();
    assert_eq!((early.ops, early.clients), (200, 0));
    let late = store.prune(board(1), NOON + 92 * DAY).await.unwrap();
    assert_eq!(late.clients, 1);
    assert_eq!(store.client(board(1), client(1)).await.unwrap(), None);
    let years = store.prune(board(1), NOON + 900 * DAY).await.unwrap();
    assert_eq!(years.clients, 0, "the others have ops in the log");
    assert!(store.client(board(1), client(2)).await.unwrap().is_some());
}
