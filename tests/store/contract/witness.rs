//! Whether what was said to be in the log is looked for there, and missed when it is gone.

use std::sync::Arc;

use inkroom::metrics::{Figures, Metrics};
use inkroom::store::{WitnessStore, policy};

use crate::fixture::*;
use crate::gate::Gate;
use crate::rig::*;

/// A witness on a store that can be away, and what it counts.
struct Court {
    store: WitnessStore,
    gate: Arc<Gate>,
    metrics: Arc<Metrics>,
}

impl Court {
    async fn on(rig: &dyn Rig) -> Self {
        let (gate, metrics) = (Gate::open(rig.another().await), Arc::default());
        Self {
            store: WitnessStore::new(gate.clone(), Arc::clone(&metrics)),
            gate,
            metrics,
        }
    }

    /// How many ops were looked for again and how many of them were missing, after one turn more.
    async fn turn(&self) -> (u64, u64) {
        self.store.turn().await;
        let text = self.metrics.text(Figures::default()).unwrap();
        let counted = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().parse().unwrap()
        };
        (
            counted("inkroom_acked_reread_total"),
            counted("inkroom_acked_then_missing_total"),
        )
    }
}

pub(crate) async fn i1_an_acked_op_is_looked_for_again_and_again(rig: &dyn Rig) {
    let court = Court::on(rig).await;
    assert_eq!(court.turn().await, (0, 0));
    open_board(&court.store, board(1)).await;
    let mut pen = Pen::of_owner();
    write(&court.store, board(1), pen.draws(20)).await;
    assert_eq!(court.turn().await, (1, 0));
    assert_eq!(court.turn().await, (2, 0));
    write(&court.store, board(1), pen.draws(20)).await;
    assert_eq!(
        court.turn().await,
        (4, 0),
        "a fresh one and one from before"
    );
}

pub(crate) async fn i1_an_acked_op_that_is_gone_is_missed_once(rig: &dyn Rig) {
    let court = Court::on(rig).await;
    open_board(&court.store, board(1)).await;
    write(&court.store, board(1), Pen::of_owner().draws(1)).await;
    assert_eq!(court.turn().await, (1, 0));
    rig.harm(board(1), 1, Harm::OpLost).await;
    assert_eq!(court.turn().await, (2, 1));
    assert_eq!(court.turn().await, (2, 1));
}

pub(crate) async fn i1_an_acked_op_that_others_close_up_on_is_missed(rig: &dyn Rig) {
    let court = Court::on(rig).await;
    open_board(&court.store, board(1)).await;
    let mut pen = Pen::of_owner();
    write(&court.store, board(1), pen.draws(1)).await;
    write(rig.store(), board(1), pen.draws(5)).await;
    rig.harm(board(1), 1, Harm::OpLost).await;
    assert_eq!(court.turn().await, (1, 1));
}

pub(crate) async fn i1_an_acked_op_of_a_log_that_was_rolled_back_is_missed(rig: &dyn Rig) {
    let court = Court::on(rig).await;
    for n in 1..=2 {
        open_board(&court.store, board(n)).await;
        write(&court.store, board(n), Pen::of_owner().draws(1)).await;
        rig.harm(board(n), 1, Harm::HeadBack).await;
        if n == 2 {
            rig.harm(board(n), 1, Harm::OpLost).await;
            write(rig.store(), board(n), Pen::nth(1).draws(1)).await;
        }
        let n = u64::from(n);
        assert_eq!(court.turn().await, (n, n), "another op may be in its place");
    }
}

pub(crate) async fn an_acked_op_that_was_pruned_is_not_missed(rig: &dyn Rig) {
    let (court, store) = (Court::on(rig).await, rig.store());
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    write(&court.store, board(1), pen.draws(1)).await;
    for _ in 0..2 {
        write(store, board(1), pen.draws(500)).await;
        snap(store, board(1)).await;
    }
    let ops = usize::try_from(policy::KEEP_OPS).unwrap();
    write(store, board(1), pen.draws(ops)).await;
    let pruned = store.prune(board(1), pen.at_ms + 2 * DAY).await.unwrap();
    assert!(pruned.floor > 0);
    assert_eq!(court.turn().await, (0, 0));
    write(&court.store, board(1), pen.draws(1)).await;
    assert_eq!(court.turn().await, (1, 0), "others are looked for");
}

pub(crate) async fn an_acked_op_that_cannot_be_read_now_is_looked_for_later(rig: &dyn Rig) {
    let court = Court::on(rig).await;
    open_board(&court.store, board(1)).await;
    write(&court.store, board(1), Pen::of_owner().draws(1)).await;
    court.gate.be_away(true);
    assert_eq!(court.turn().await, (0, 0));
    assert_eq!(court.turn().await, (0, 0));
    court.gate.be_away(false);
    assert_eq!(court.turn().await, (1, 0));
}
