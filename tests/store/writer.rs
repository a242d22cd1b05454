//! The writer: batches, order, back-pressure, failures and the end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use inkroom::store::writer::{self, Busy, Committed, Lane, Writer, WriterState};
use inkroom::store::{Outcome, Reach, SqliteStore, Store};
use inkroom_board::element::Flaw;
use inkroom_board::room::{Answer, Effect, Room, Settings};
use inkroom_board::wire::Refusal;
use inkroom_board::{BoardId, Entry, OpId, Seq};
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;

use crate::fixture::*;
use crate::gate::{Fault, Gate};
use crate::sqlite::refuse_client;

/// A folder with boards 1 to `boards` in it.
async fn sqlite(boards: u8) -> (TempDir, Arc<SqliteStore>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path()).await.unwrap());
    for n in 1..=boards {
        open_board(&*store, board(n)).await;
    }
    (folder, store)
}

/// What a room hears, until it heard of `ops` ops.
async fn hear(outcomes: &mut Receiver<Committed>, ops: usize) -> Vec<Outcome> {
    let mut heard = Vec::new();
    while heard.len() < ops {
        heard.extend(
            soon(outcomes.recv())
                .await
                .expect("the writer runs")
                .outcomes()
                .to_vec(),
        );
    }
    assert_eq!(heard.len(), ops);
    heard
}

fn logged_seqs(outcomes: &[Outcome]) -> Vec<Seq> {
    outcomes
        .iter()
        .map(|outcome| fresh(outcome.clone()).seq)
        .collect()
}

fn ids(entries: &[Entry]) -> Vec<OpId> {
    entries.iter().map(|entry| entry.id).collect()
}

/// A lane of a board, with a commit of one op of it waiting at the gate.
async fn held_up(gate: &Gate, writer: &Writer, board: BoardId) -> (Lane, Receiver<Committed>, Pen) {
    let (lane, outcomes) = writer.lane(board);
    let mut pen = Pen::of_owner();
    lane.try_submit(pen.draws(1)).unwrap();
    soon(gate.asked(1)).await;
    (lane, outcomes, pen)
}

#[tokio::test]
async fn i1_a_lone_op_is_in_the_log_when_its_room_hears_so() {
    let (_folder, store) = sqlite(1).await;
    let writer = Writer::start(store.clone());
    let (lane, mut outcomes) = writer.lane(board(1));
    lane.try_submit(Pen::of_owner().draws(1)).unwrap();
    let heard = hear(&mut outcomes, 1).await;
    assert_eq!(log(&*store, board(1)).await, [fresh(heard[0].clone())]);
    assert_eq!((lane.in_flight(), writer.waiting()), (0, 0));
    lane.try_submit(Vec::new()).unwrap();
    assert_eq!(lane.in_flight(), 0);
}

#[tokio::test]
async fn while_one_commit_runs_the_next_gathers() {
    let (_folder, store) = sqlite(3).await;
    let gate = Gate::shut(store);
    let writer = Writer::start(gate.clone());
    let (first, mut heard_first, mut pen) = held_up(&gate, &writer, board(1)).await;
    let (second, mut heard_second) = writer.lane(board(2));
    for _ in 0..10 {
        first.try_submit(pen.draws(2)).unwrap();
    }
    second
        .try_submit(Pen::of(person(2), client(2)).draws(30))
        .unwrap();
    gate.let_all_pass();
    assert_eq!(
        logged_seqs(&hear(&mut heard_first, 21).await),
        (1..=21).collect::<Vec<_>>()
    );
    assert_eq!(
        logged_seqs(&hear(&mut heard_second, 30).await),
        (1..=30).collect::<Vec<_>>()
    );
    let asked = soon(gate.asked(2)).await;
    assert_eq!(
        asked,
        [vec![(board(1), 1)], vec![(board(1), 20), (board(2), 30)]]
    );
}

#[tokio::test]
async fn a_batch_is_bounded_in_ops_and_bytes() {
    let (_folder, store) = sqlite(2).await;
    let gate = Gate::shut(store);
    let writer = Writer::start(gate.clone());
    let (lane, mut outcomes, mut pen) = held_up(&gate, &writer, board(1)).await;
    for _ in 0..15 {
        lane.try_submit(pen.draws(64)).unwrap();
    }
    gate.let_all_pass();
    assert_eq!(
        logged_seqs(&hear(&mut outcomes, 961).await),
        (1..=961).collect::<Vec<_>>()
    );
    let asked = soon(gate.asked(3)).await;
    assert_eq!(asked[1..], [vec![(board(1), 512)], vec![(board(1), 448)]]);

    let (lane, mut outcomes) = writer.lane(board(2));
    let mut pen = Pen::of(person(1), client(1));
    let strokes: Vec<_> = (0..400)
        .map(|id| pen.does(stroke(id, 2_000, true)))
        .collect();
    for some in strokes.chunks(4) {
        lane.try_submit(some.to_vec()).unwrap();
    }
    hear(&mut outcomes, 400).await;
    let asked = soon(gate.asked(4)).await;
    let most = writer::BATCH_BYTES / strokes[0].op.to_stored().len() + 5;
    assert!(
        asked[3..].iter().all(|batch| batch[0].1 <= most),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_full_lane_says_so_and_names_the_ops() {
    let (_folder, store) = sqlite(2).await;
    let gate = Gate::shut(store);
    let writer = Writer::start(gate.clone());
    let (lane, mut outcomes, mut pen) = held_up(&gate, &writer, board(1)).await;
    while lane.in_flight() + 64 <= writer::LANE_OPS {
        lane.try_submit(pen.draws(64)).unwrap();
    }
    let more = pen.draws(64);
    let turned = lane.try_submit(more.clone()).unwrap_err();
    assert_eq!((turned.ids, turned.why), (ids(&more), Busy::Full));
    let (other, _heard) = writer.lane(board(2));
    other.try_submit(Pen::of_owner().draws(1)).unwrap();
    gate.let_all_pass();
    hear(&mut outcomes, 961).await;
    lane.try_submit(more).unwrap();
    assert_eq!(logged_seqs(&hear(&mut outcomes, 64).await)[63], 1_025);
}

#[tokio::test]
async fn a_full_lane_of_large_ops_says_so_too() {
    let (_folder, store) = sqlite(1).await;
    let gate = Gate::shut(store);
    let writer = Writer::start(gate.clone());
    let (lane, _outcomes, mut pen) = held_up(&gate, &writer, board(1)).await;
    let size = stroke(0, 4_000, true).to_stored().len();
    let mut turned = Ok(());
    for id in 0..writer::LANE_OPS as u64 / 2 {
        turned = turned.and_then(|()| lane.try_submit(vec![pen.does(stroke(id, 4_000, true))]));
    }
    assert_eq!(turned.unwrap_err().why, Busy::Full);
    let held = (lane.in_flight() - 1) * size;
    assert!(
        held <= writer::LANE_BYTES && held + 2 * size > writer::LANE_BYTES,
        "{held}"
    );
}

#[tokio::test]
async fn a_full_queue_says_so_to_every_lane() {
    let (_folder, store) = sqlite(1).await;
    let gate = Gate::shut(store);
    let writer = Writer::start(gate.clone());
    let (_first, _heard, _) = held_up(&gate, &writer, board(1)).await;
    let mut lanes = Vec::new();
    for n in 0..16 {
        let (lane, outcomes) = writer.lane(board(1));
        let mut pen = Pen::of(person(n), client(n));
        while lane.in_flight() + 64 <= writer::LANE_OPS
            && writer.waiting() + 64 <= writer::QUEUE_OPS
        {
            lane.try_submit(pen.draws(64)).unwrap();
        }
        lanes.push((lane, outcomes));
    }
    let (lane, _outcomes) = writer.lane(board(1));
    let mut pen = Pen::of(person(99), client(99));
    let turned = lane.try_submit(pen.draws(64)).unwrap_err();
    assert_eq!((turned.why, lane.in_flight()), (Busy::Full, 0));
    gate.let_all_pass();
    for (lane, outcomes) in &mut lanes {
        let ops = lane.in_flight();
        hear(outcomes, ops).await;
    }
    assert_eq!(writer.waiting(), 0);
}

#[tokio::test]
async fn a_room_that_does_not_listen_holds_up_only_itself() {
    let (_folder, store) = sqlite(2).await;
    let writer = Writer::start(store.clone());
    let (deaf, mut unheard) = writer.lane(board(1));
    let mut pen = Pen::of_owner();
    let mut taken = 0;
    while deaf.try_submit(pen.clone().draws(1)).is_ok() {
        pen.n += 1;
        taken += 1;
    }
    assert_eq!(taken, writer::LANE_OPS);
    let (lane, mut outcomes) = writer.lane(board(2));
    for _ in 0..5 {
        lane.try_submit(pen.clone().draws(1)).unwrap();
        hear(&mut outcomes, 1).await;
    }
    assert_eq!(log(&*store, board(1)).await.len(), taken);
    assert_eq!(
        deaf.try_submit(pen.clone().draws(1)).unwrap_err().why,
        Busy::Full,
        "its outcomes wait to be heard"
    );
    hear(&mut unheard, taken).await;
    deaf.try_submit(pen.draws(1)).unwrap();
}

#[tokio::test]
async fn a_room_that_is_gone_leaves_its_ops_in_the_log() {
    let (_folder, store) = sqlite(2).await;
    let gate = Gate::shut(store.clone());
    let writer = Writer::start(gate.clone());
    let (lane, outcomes, mut pen) = held_up(&gate, &writer, board(1)).await;
    lane.try_submit(pen.draws(5)).unwrap();
    drop((lane, outcomes));
    let (other, mut heard) = writer.lane(board(2));
    other.try_submit(Pen::of_owner().draws(1)).unwrap();
    gate.let_all_pass();
    hear(&mut heard, 1).await;
    assert_eq!(log(&*store, board(1)).await.len(), 6);
}

#[tokio::test]
async fn only_the_op_that_the_database_refuses_is_refused() {
    let (folder, store) = sqlite(3).await;
    refuse_client(folder.path(), 7).await;
    let gate = Gate::shut(store.clone());
    let writer = Writer::start(gate.clone());
    let (_first, _heard, _) = held_up(&gate, &writer, board(3)).await;
    let (lane, mut outcomes) = writer.lane(board(1));
    let (other, mut heard_other) = writer.lane(board(2));
    let (mut good, mut bad) = (Pen::of_owner(), Pen::of(person(7), client(7)));
    let entries = [good.draws(20), bad.draws(2), good.draws(20)].concat();
    lane.try_submit(entries.clone()).unwrap();
    other.try_submit(Pen::of_owner().draws(10)).unwrap();
    gate.let_all_pass();
    let heard = hear(&mut outcomes, 42).await;
    assert_eq!(
        heard.iter().map(Outcome::id).collect::<Vec<_>>(),
        ids(&entries)
    );
    assert_eq!(
        answer(&heard[20]),
        Answer::Refused(Refusal::Invalid(Flaw::TooLong))
    );
    assert_eq!(answer(&heard[21]), Answer::Refused(Refusal::Gap(1)));
    let good: Vec<_> = [&heard[..20], &heard[22..]].concat();
    assert_eq!(logged_seqs(&good), (1..=40).collect::<Vec<_>>());
    assert_eq!(
        logged_seqs(&hear(&mut heard_other, 10).await),
        (1..=10).collect::<Vec<_>>()
    );
    assert_eq!(*writer.state().borrow(), WriterState::Working);
}

#[tokio::test]
async fn a_failed_commit_is_seen_and_tried_until_it_works() {
    let (_folder, store) = sqlite(1).await;
    let gate = Gate::shut(store.clone());
    gate.fail(&[Fault::Before, Fault::Before]);
    let writer = Writer::start(gate.clone());
    let mut state = writer.state();
    let (lane, mut outcomes, mut pen) = held_up(&gate, &writer, board(1)).await;
    gate.let_pass(1);
    let degraded = |state: &WriterState| matches!(state, WriterState::Degraded { .. });
    soon(state.wait_for(degraded)).await.unwrap();
    lane.try_submit(pen.draws(2)).unwrap();
    soon(gate.asked(2)).await;
    assert!(outcomes.try_recv().is_err(), "nothing is acknowledged");
    assert_eq!(log(&*store, board(1)).await, []);
    gate.let_all_pass();
    assert_eq!(logged_seqs(&hear(&mut outcomes, 3).await), [1, 2, 3]);
    soon(state.wait_for(|state| *state == WriterState::Working))
        .await
        .unwrap();
    let asked = soon(gate.asked(4)).await;
    assert_eq!(
        asked[..3],
        vec![vec![(board(1), 1)]; 3],
        "the same batch again"
    );
}

#[tokio::test]
async fn a_disk_that_is_full_for_a_while_delays_and_loses_nothing() {
    let (_folder, store) = sqlite(1).await;
    store.limit_pages(Some(1)).await.unwrap();
    let writer = Writer::start(store.clone());
    let mut state = writer.state();
    let (lane, mut outcomes) = writer.lane(board(1));
    let mut pen = Pen::of_owner();
    let entries: Vec<_> = (0..60).map(|id| pen.does(stroke(id, 512, true))).collect();
    lane.try_submit(entries).unwrap();
    let full = |state: &WriterState| matches!(state, WriterState::Degraded { error } if error.contains("full"));
    soon(state.wait_for(full)).await.unwrap();
    assert_eq!(log(&*store, board(1)).await, []);
    store.limit_pages(None).await.unwrap();
    assert_eq!(
        logged_seqs(&hear(&mut outcomes, 60).await),
        (1..=60).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn i2_i9_a_commit_that_nobody_heard_of_is_known_and_the_room_heals() {
    let (_folder, store) = sqlite(1).await;
    let gate = Gate::open(store.clone());
    let mut room = Room::new(
        store.load(board(1)).await.unwrap(),
        client(99),
        Settings::default(),
    );
    let writer = Writer::start(gate.clone());
    let (lane, mut outcomes) = writer.lane(board(1));
    let mut pen = Pen::of_owner();
    gate.fail(&[Fault::After]);
    lane.try_submit(pen.draws(3)).unwrap();
    let (logged, answers) = soon(outcomes.recv()).await.unwrap().into_parts();
    assert_eq!(logged, []);
    assert_eq!(
        answers
            .iter()
            .map(|(_, answer)| *answer)
            .collect::<Vec<_>>(),
        [1, 2, 3].map(Answer::Known)
    );
    let wants = room.answered(answers[0].0, answers[0].1, 0);
    assert!(
        wants.contains(&Effect::CatchUp(room.document().position())),
        "{wants:?}"
    );
    room.committed(
        store
            .tail(board(1), room.document().position().seq, 100)
            .await
            .unwrap(),
    );
    assert_eq!(*room.document(), document(&*store, board(1)).await);
    lane.try_submit(pen.draws(1)).unwrap();
    assert_eq!(logged_seqs(&hear(&mut outcomes, 1).await), [4]);
}

#[tokio::test]
async fn the_end_waits_for_what_is_queued_and_takes_no_more() {
    let (_folder, store) = sqlite(1).await;
    let gate = Gate::shut(store.clone());
    let writer = Writer::start(gate.clone());
    let (lane, mut outcomes, mut pen) = held_up(&gate, &writer, board(1)).await;
    lane.try_submit(pen.draws(9)).unwrap();
    let end = tokio::spawn({
        let writer = writer.clone();
        async move { writer.shutdown(DEADLINE).await }
    });
    let more = pen.draws(1);
    let turned = soon(async {
        loop {
            match lane.try_submit(more.clone()) {
                Ok(()) => tokio::task::yield_now().await,
                Err(turned) => return turned,
            }
        }
    });
    assert_eq!(turned.await.why, Busy::ShuttingDown);
    gate.let_all_pass();
    assert_eq!(soon(end).await.unwrap(), 0);
    assert!(log(&*store, board(1)).await.len() >= 10);
    let mut heard = 0;
    while let Ok(committed) = outcomes.try_recv() {
        heard += committed.outcomes().len();
    }
    assert!(heard >= 10);
    assert_eq!(writer.shutdown(DEADLINE).await, 0);
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let (_folder, store) = sqlite(1).await;
    let gate = Gate::shut(store.clone());
    let writer = Writer::start(gate.clone());
    let (lane, mut outcomes, mut pen) = held_up(&gate, &writer, board(1)).await;
    lane.try_submit(pen.draws(4)).unwrap();
    let left = soon(writer.shutdown(Duration::from_millis(1))).await;
    assert_eq!((left, log(&*store, board(1)).await), (5, Vec::new()));
    assert!(outcomes.try_recv().is_err());
    let mut state = writer.state();
    assert!(soon(state.changed()).await.is_err(), "it ended");
}

/// As a store on a network has them.
const WIDE: Reach = Reach {
    commits: 3,
    boards: 1,
};

#[tokio::test]
async fn boards_are_committed_side_by_side_as_far_as_the_store_reaches() {
    let (_folder, store) = sqlite(5).await;
    let gate = Gate::reaching(store, WIDE);
    let writer = Writer::start(gate.clone());
    let mut lanes = Vec::new();
    for n in 1..=5 {
        let (lane, heard) = writer.lane(board(n));
        lane.try_submit(Pen::of(person(n), client(n)).draws(usize::from(n)))
            .unwrap();
        lanes.push((lane, heard));
    }
    let asked = soon(gate.asked(3)).await;
    assert_eq!(asked.len(), 3, "no more than the store can use");
    let boards: BTreeSet<_> = asked.iter().map(|batch| batch[0].0).collect();
    assert_eq!(boards.len(), 3);
    assert!(asked.iter().all(|batch| batch.len() == 1), "{asked:?}");
    gate.let_all_pass();
    for (n, (_, heard)) in (1..).zip(&mut lanes) {
        let seqs = logged_seqs(&hear(heard, n).await);
        assert_eq!(seqs, (1..=n as u64).collect::<Vec<_>>());
    }
    assert_eq!(gate.asked(5).await.len(), 5);
}

#[tokio::test]
async fn i6_a_board_has_one_commit_at_a_time_and_the_next_gathers() {
    let (_folder, store) = sqlite(1).await;
    let gate = Gate::reaching(store, WIDE);
    let writer = Writer::start(gate.clone());
    let (lane, mut outcomes, mut pen) = held_up(&gate, &writer, board(1)).await;
    for _ in 0..10 {
        lane.try_submit(pen.draws(3)).unwrap();
    }
    // A lane of another room on the same board, as between the end of one and the start of the next.
    let (other, mut heard) = writer.lane(board(1));
    other
        .try_submit(Pen::of(person(2), client(2)).draws(1))
        .unwrap();
    gate.let_all_pass();
    assert_eq!(
        logged_seqs(&hear(&mut outcomes, 31).await),
        (1..=31).collect::<Vec<_>>()
    );
    assert_eq!(logged_seqs(&hear(&mut heard, 1).await), [32]);
    let asked = gate.asked(2).await;
    assert_eq!(
        asked,
        [vec![(board(1), 1)], vec![(board(1), 30), (board(1), 1)]]
    );
}

#[tokio::test]
async fn boards_whose_commits_fail_hold_up_no_other() {
    let (_folder, store) = sqlite(6).await;
    let gate = Gate::reaching(store.clone(), WIDE);
    gate.let_all_pass();
    let writer = Writer::start(gate.clone());
    let mut state = writer.state();
    let mut blocked = Vec::new();
    // More of them than there are commits at once.
    for n in 1..=5 {
        gate.block(board(n));
        let (lane, heard) = writer.lane(board(n));
        let mut pen = Pen::of(person(n), client(n));
        lane.try_submit(pen.draws(2)).unwrap();
        lane.try_submit(pen.draws(2)).unwrap();
        blocked.push((lane, heard));
    }
    soon(gate.asked(5)).await;
    let (lane, mut outcomes) = writer.lane(board(6));
    let mut pen = Pen::of_owner();
    for seq in 1..=5 {
        lane.try_submit(pen.draws(1)).unwrap();
        assert_eq!(logged_seqs(&hear(&mut outcomes, 1).await), [seq]);
    }
    let degraded = |state: &WriterState| matches!(state, WriterState::Degraded { .. });
    assert!(degraded(&state.borrow()), "one that works changes nothing");
    for n in 1..=4 {
        gate.unblock(board(n));
    }
    for (_, heard) in &mut blocked[..4] {
        assert_eq!(logged_seqs(&hear(heard, 4).await), [1, 2, 3, 4]);
    }
    assert!(degraded(&state.borrow()), "one still fails");
    gate.unblock(board(5));
    assert_eq!(logged_seqs(&hear(&mut blocked[4].1, 4).await), [1, 2, 3, 4]);
    soon(state.wait_for(|state| *state == WriterState::Working))
        .await
        .unwrap();
    assert_eq!(writer.waiting(), 0);
}
