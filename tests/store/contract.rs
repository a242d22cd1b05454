//! The cases that every store passes. Each gets an empty database.

#[path = "contract/witness.rs"]
mod witness;

use std::collections::BTreeSet;
use std::sync::Arc;

use inkroom::store::{
    Kept, RECENT_BYTES, RECENT_OPS, Snapshot, Store, StoreError, TAIL_BYTES, policy,
};
use inkroom_board::ledger::{ClientHead, Logged};
use inkroom_board::room::Answer;
use inkroom_board::wire::{Profile, Refusal};
use inkroom_board::{
    Access, BoardId, Chain, Document, Entry, Ink, Mode, NodeId, Op, OpId, Position, Role, Seq,
};

use crate::fixture::*;

pub(crate) use witness::*;

/// Calls `$run!` with the names of all cases.
macro_rules! for_each_case {
    ($run:ident) => {
        $run! {
            a_new_board_is_blank_and_has_its_snapshot,
            a_board_is_made_once,
            a_board_that_is_not_there_is_not_found,
            i3_seqs_are_dense_from_one,
            i3_each_board_has_its_own_seqs,
            i2_a_retry_is_answered_with_its_first_seq,
            i2_a_retry_in_the_same_batch_too,
            i6_a_gap_is_answered_with_the_n_that_is_missing,
            ops_are_numbered_from_one,
            a_client_belongs_to_the_author_of_its_first_op,
            a_client_is_another_one_on_another_board,
            i11_a_viewer_is_refused_from_the_very_op_that_makes_them_one,
            i11_a_pen_counts_from_the_very_op_that_passes_it,
            i11_a_pen_that_another_server_took_back_is_gone,
            a_refused_op_leaves_its_number_free,
            a_refused_first_op_does_not_bind_its_client,
            i4_the_chain_runs_on_over_commits,
            a_batch_with_an_unknown_board_still_serves_the_others,
            an_empty_batch_is_fine,
            every_kind_of_op_comes_back_as_it_went_in,
            a_clock_far_in_the_future_does_no_harm,
            lists_show_the_title_and_mode_of_now,
            lists_come_in_the_order_asked_for,
            a_board_is_touched_by_its_newest_op,
            a_client_is_known_by_its_last_op_in_the_log,
            heads_tells_where_logs_end,
            load_gives_the_whole_of_a_short_log,
            load_gives_the_newest_part_of_a_long_log,
            load_gives_no_more_bytes_than_a_room_may_keep,
            load_gives_ops_from_before_the_snapshot_too,
            i9_a_tail_begins_right_after_and_has_no_holes,
            a_tail_is_cut_by_bytes_but_never_empty,
            i10_replay_and_snapshot_are_the_same_bytes,
            i10_any_place_of_the_log_has_its_snapshot,
            there_is_no_snapshot_of_a_place_that_is_not,
            a_snapshot_is_kept_once,
            a_snapshot_of_another_history_is_refused,
            a_snapshot_that_its_replay_does_not_make_is_not_kept,
            a_damaged_op_opens_the_board_before_it_read_only,
            a_damaged_chain_opens_the_board_before_it_read_only,
            a_lost_op_opens_the_board_before_it_read_only,
            a_lost_last_op_opens_the_board_before_it_read_only,
            a_board_that_was_repaired_opens_as_ever,
            a_damaged_snapshot_is_replaced_by_the_one_before,
            a_board_without_any_good_snapshot_is_damaged,
            damage_before_the_snapshot_does_not_hurt_the_board,
            a_tail_over_damage_is_an_error,
            a_short_or_young_log_is_not_pruned,
            a_pruned_log_begins_at_its_floor,
            i2_a_retry_of_a_pruned_op_is_known_without_a_place,
            the_floor_waits_for_a_second_good_snapshot,
            a_damaged_board_is_not_pruned,
            silent_clients_are_forgotten_with_their_last_op,
            people_come_back_as_they_went_in,
            newest_tells_the_head_and_the_newest_snapshot,
            newest_tells_of_damage,
            a_server_hears_that_another_is_degraded,
            a_server_that_left_or_fell_silent_counts_no_more,
            servers_share_a_key_that_was_made_once,
            i3_two_servers_take_turns,
            i2_i3_i6_two_servers_at_once,
            heads_sees_what_another_server_committed,
            i1_everything_is_there_after_opening_again,
            health_counts_the_boards,
            i1_an_acked_op_is_looked_for_again_and_again,
            i1_an_acked_op_that_is_gone_is_missed_once,
            i1_an_acked_op_that_others_close_up_on_is_missed,
            i1_an_acked_op_of_a_log_that_was_rolled_back_is_missed,
            an_acked_op_that_was_pruned_is_not_missed,
            an_acked_op_that_cannot_be_read_now_is_looked_for_later,
        }
    };
}

pub(crate) async fn a_new_board_is_blank_and_has_its_snapshot(rig: &dyn Rig) {
    let store = rig.store();
    let genesis = genesis(board(1), Mode::Presenters);
    store.create(&genesis, NOON).await.unwrap();
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!(
        opening.document,
        Document::new(1, genesis.title.clone(), genesis.access.clone())
    );
    assert_eq!(
        (opening.recent, opening.before, opening.read_only),
        (Vec::new(), Position::start(1), false)
    );
    let snapshot = store.snapshot(board(1), 1, 0).await.unwrap().unwrap();
    assert_eq!(snapshot, opening.document.to_snapshot());
}

pub(crate) async fn a_board_is_made_once(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    write(store, board(1), Pen::of_owner().draws(3)).await;
    let again = store
        .create(&genesis(board(1), Mode::Presenters), NOON)
        .await;
    assert!(matches!(again, Err(StoreError::Exists)));
    let document = document(store, board(1)).await;
    assert_eq!(
        (document.position().seq, document.access().mode),
        (3, Mode::Everyone)
    );
}

pub(crate) async fn a_board_that_is_not_there_is_not_found(rig: &dyn Rig) {
    let store = rig.store();
    let document = Document::new(1, String::new(), Access::new(owner(), Mode::Everyone));
    assert!(matches!(
        store.load(board(9)).await,
        Err(StoreError::NotFound)
    ));
    assert!(matches!(
        store.tail(board(9), 0, 10).await,
        Err(StoreError::NotFound)
    ));
    assert!(matches!(
        store.prune(board(9), NOON).await,
        Err(StoreError::NotFound)
    ));
    let put = store.put_snapshot(board(9), Snapshot::of(&document)).await;
    assert!(matches!(put, Err(StoreError::NotFound)));
    assert_eq!(store.snapshot(board(9), 1, 0).await.unwrap(), None);
    assert_eq!(store.client(board(9), client(1)).await.unwrap(), None);
    assert_eq!(store.heads(&[board(9)]).await.unwrap(), []);
    assert_eq!(store.boards(&[board(9)]).await.unwrap(), []);
}

pub(crate) async fn i3_seqs_are_dense_from_one(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let (mut ada, mut bob) = (Pen::of(person(1), client(1)), Pen::of(person(2), client(2)));
    let first = write(
        store,
        board(1),
        [ada.draws(2), bob.draws(3), ada.draws(1)].concat(),
    )
    .await;
    let second = write(store, board(1), bob.draws(2)).await;
    assert_eq!(seqs(&first), [1, 2, 3, 4, 5, 6]);
    assert_eq!(seqs(&second), [7, 8]);
    assert_eq!(log(store, board(1)).await, [first, second].concat());
}

pub(crate) async fn i3_each_board_has_its_own_seqs(rig: &dyn Rig) {
    let store = rig.store();
    let mut batches = Vec::new();
    for n in 1..=20 {
        open_board(store, board(n)).await;
        batches.push(batch(board(n), Pen::of_owner().draws(usize::from(n))));
    }
    let outcomes = store.commit(&batches).await.unwrap();
    for (n, outcomes) in (1u64..).zip(outcomes) {
        let logged: Vec<_> = outcomes.into_iter().map(fresh).collect();
        assert_eq!(seqs(&logged), (1..=n).collect::<Vec<_>>());
    }
}

pub(crate) async fn i2_a_retry_is_answered_with_its_first_seq(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let (mut ada, mut bob) = (Pen::of(person(1), client(1)), Pen::of(person(2), client(2)));
    let sent = ada.draws(3);
    write(store, board(1), [bob.draws(5), sent.clone()].concat()).await;
    let again = commit(store, board(1), [sent, ada.draws(1)].concat()).await;
    let answers: Vec<_> = again[..3].iter().map(answer).collect();
    assert_eq!(
        answers,
        [Answer::Known(6), Answer::Known(7), Answer::Known(8)]
    );
    assert_eq!(fresh(again[3].clone()).seq, 9);
    assert_eq!(
        seqs(&log(store, board(1)).await),
        (1..=9).collect::<Vec<_>>()
    );
}

pub(crate) async fn i2_a_retry_in_the_same_batch_too(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let sent = Pen::of_owner().draws(2);
    let outcomes = commit(store, board(1), [sent.clone(), sent].concat()).await;
    assert_eq!(answer(&outcomes[2]), Answer::Known(1));
    assert_eq!(answer(&outcomes[3]), Answer::Known(2));
    assert_eq!(log(store, board(1)).await.len(), 2);
}

pub(crate) async fn i6_a_gap_is_answered_with_the_n_that_is_missing(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    let sent = pen.draws(5);
    write(store, board(1), sent[..2].to_vec()).await;
    let outcomes = commit(store, board(1), sent[3..].to_vec()).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| answer(outcome) == Answer::Refused(Refusal::Gap(3)))
    );
    assert_eq!(
        seqs(&write(store, board(1), sent[2..].to_vec()).await),
        [3, 4, 5]
    );
}

pub(crate) async fn ops_are_numbered_from_one(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    let mut zeroth = pen.clone().does(Op::Clear);
    zeroth.id.n = 0;
    let outcomes = commit(store, board(1), vec![zeroth.clone()]).await;
    assert_eq!(answer(&outcomes[0]), Answer::Refused(Refusal::Gap(1)));
    write(store, board(1), pen.draws(4)).await;
    let outcomes = commit(store, board(1), vec![zeroth]).await;
    assert_eq!(answer(&outcomes[0]), Answer::Refused(Refusal::Gap(5)));
}

pub(crate) async fn a_client_belongs_to_the_author_of_its_first_op(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let (mut ada, mut thief) = (Pen::of(person(1), client(1)), Pen::of(person(2), client(1)));
    let outcomes = commit(store, board(1), [ada.draws(1), thief.draws(2)].concat()).await;
    assert_eq!(
        (answer(&outcomes[1]), answer(&outcomes[2])),
        (Answer::NotYours, Answer::NotYours)
    );
    let later = commit(store, board(1), thief.draws(1)).await;
    assert_eq!(answer(&later[0]), Answer::NotYours);
    assert_eq!(seqs(&write(store, board(1), ada.draws(1)).await), [2]);
}

pub(crate) async fn a_client_is_another_one_on_another_board(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    open_board(store, board(2)).await;
    write(store, board(1), Pen::of(person(1), client(1)).draws(3)).await;
    write(store, board(2), Pen::of(person(2), client(1)).draws(1)).await;
    let head = |person, last_n| Some(ClientHead { person, last_n });
    assert_eq!(
        store.client(board(1), client(1)).await.unwrap(),
        head(person(1), 3)
    );
    assert_eq!(
        store.client(board(2), client(1)).await.unwrap(),
        head(person(2), 1)
    );
}

pub(crate) async fn i11_a_viewer_is_refused_from_the_very_op_that_makes_them_one(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let (mut owner, mut guest) = (Pen::of_owner(), Pen::of(person(1), client(1)));
    let entries = vec![
        guest.does(line(1)),
        owner.does(Op::SetMode(Mode::Presenters)),
        guest.clone().does(line(2)),
        owner.does(line(3)),
    ];
    let outcomes = commit(store, board(1), entries).await;
    assert_eq!(fresh(outcomes[0].clone()).seq, 1);
    assert_eq!(answer(&outcomes[2]), Answer::Refused(Refusal::Forbidden));
    assert_eq!(fresh(outcomes[3].clone()).seq, 3);
    let later = commit(store, board(1), vec![guest.does(line(2))]).await;
    assert_eq!(answer(&later[0]), Answer::Refused(Refusal::Forbidden));
    assert_eq!(document(store, board(1)).await.len(), 2);
}

pub(crate) async fn i11_a_pen_counts_from_the_very_op_that_passes_it(rig: &dyn Rig) {
    let store = rig.store();
    store
        .create(&genesis(board(1), Mode::Presenters), NOON)
        .await
        .unwrap();
    let (mut owner, mut guest) = (Pen::of_owner(), Pen::of(person(1), client(1)));
    let pass = |holds| Op::SetPen {
        person: person(1),
        holds,
    };
    let early = commit(store, board(1), vec![guest.clone().does(line(1))]).await;
    assert_eq!(answer(&early[0]), Answer::Refused(Refusal::Forbidden));
    write(
        store,
        board(1),
        vec![owner.does(pass(true)), guest.does(line(1))],
    )
    .await;
    write(
        store,
        board(1),
        vec![guest.does(line(2)), owner.does(pass(false))],
    )
    .await;
    let late = commit(store, board(1), vec![guest.does(line(3))]).await;
    assert_eq!(answer(&late[0]), Answer::Refused(Refusal::Forbidden));
}

pub(crate) async fn i11_a_pen_that_another_server_took_back_is_gone(rig: &dyn Rig) {
    let (store, other) = (rig.store(), rig.another().await);
    store
        .create(&genesis(board(1), Mode::Presenters), NOON)
        .await
        .unwrap();
    let (mut owner, mut guest) = (Pen::of_owner(), Pen::of(person(1), client(1)));
    let pass = |holds| Op::SetPen {
        person: person(1),
        holds,
    };
    write(
        store,
        board(1),
        vec![owner.does(pass(true)), guest.does(line(1))],
    )
    .await;
    write(&*other, board(1), vec![owner.does(pass(false))]).await;
    let late = commit(store, board(1), vec![guest.does(line(2))]).await;
    assert_eq!(answer(&late[0]), Answer::Refused(Refusal::Forbidden));
    other.close().await;
}

pub(crate) async fn a_refused_op_leaves_its_number_free(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let mut guest = Pen::of(person(1), client(1));
    let refused = guest.clone().does(Op::SetTitle(String::from("Mine")));
    let mut after = guest.clone();
    after.n = 1;
    let outcomes = commit(store, board(1), vec![refused, after.does(line(1))]).await;
    assert_eq!(answer(&outcomes[0]), Answer::Refused(Refusal::Forbidden));
    assert_eq!(answer(&outcomes[1]), Answer::Refused(Refusal::Gap(1)));
    assert_eq!(seqs(&write(store, board(1), guest.draws(1)).await), [1]);
}

pub(crate) async fn a_refused_first_op_does_not_bind_its_client(rig: &dyn Rig) {
    let store = rig.store();
    store
        .create(&genesis(board(1), Mode::Presenters), NOON)
        .await
        .unwrap();
    let outcomes = commit(store, board(1), Pen::of(person(1), client(1)).draws(1)).await;
    assert_eq!(answer(&outcomes[0]), Answer::Refused(Refusal::Forbidden));
    assert_eq!(store.client(board(1), client(1)).await.unwrap(), None);
}

pub(crate) async fn i4_the_chain_runs_on_over_commits(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    let mut chain = Chain::start(1);
    for count in [1, 5, 2] {
        for logged in write(store, board(1), pen.draws(count)).await {
            let entry = &logged.entry;
            chain = chain.next(entry.id, entry.author, &entry.op.to_stored());
            assert_eq!(logged.chain, chain);
        }
    }
    let head = Position {
        epoch: 1,
        seq: 8,
        chain,
    };
    assert_eq!(store.heads(&[board(1)]).await.unwrap(), [(board(1), head)]);
    assert_eq!(document(store, board(1)).await.position(), head);
}

pub(crate) async fn a_batch_with_an_unknown_board_still_serves_the_others(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    let batches = [
        batch(board(9), pen.clone().draws(2)),
        batch(board(1), pen.draws(2)),
    ];
    let outcomes = store.commit(&batches).await.unwrap();
    assert!(
        outcomes[0]
            .iter()
            .all(|outcome| answer(outcome) == Answer::Refused(Refusal::ReadOnly))
    );
    assert_eq!(fresh(outcomes[1][1].clone()).seq, 2);
}

pub(crate) async fn an_empty_batch_is_fine(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    assert_eq!(store.commit(&[]).await.unwrap(), Vec::<Vec<_>>::new());
    assert_eq!(
        store.commit(&[batch(board(1), Vec::new())]).await.unwrap(),
        [Vec::new()]
    );
}

/// A log with everything in it that can be in one: `rounds` times.
fn rich_log(rounds: u64) -> Vec<Entry> {
    let (mut owner, mut guest) = (Pen::of_owner(), Pen::of(person(1), client(1)));
    let mut entries = Vec::new();
    for round in 0..rounds {
        let id = round * 10 + 1;
        entries.push(guest.does(stroke(id, 40, false)));
        entries.push(owner.does(line(id + 1)));
        entries.push(guest.does(extend(id, 40, 25, true)));
        entries.push(owner.does(Op::SetTitle(format!("Lesson {round} \u{1f58b} ünï"))));
        let remove = guest.does(Op::Remove {
            ids: vec![element(id), element(id + 1)],
        });
        entries.push(remove.clone());
        entries.push(owner.does(line(id + 2)));
        if round.is_multiple_of(2) {
            entries.push(guest.does(Op::Restore { of: remove.id }));
        }
        entries.push(owner.does(Op::SetMode(Mode::Presenters)));
        entries.push(owner.does(Op::SetPen {
            person: person(1),
            holds: true,
        }));
        entries.push(guest.does(line(id + 3)));
        if round % 3 == 2 {
            entries.push(owner.does(Op::Clear));
        }
        entries.push(owner.does(Op::SetPen {
            person: person(1),
            holds: false,
        }));
        entries.push(owner.does(Op::SetMode(Mode::Everyone)));
    }
    entries
}

pub(crate) async fn every_kind_of_op_comes_back_as_it_went_in(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
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

pub(crate) async fn a_clock_far_in_the_future_does_no_harm(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let mut pen = Pen {
        at_ms: u64::MAX,
        ..Pen::of_owner()
    };
    write(store, board(1), pen.draws(2)).await;
    pen.at_ms = 0;
    write(store, board(1), pen.draws(2)).await;
    assert_eq!(document(store, board(1)).await.position().seq, 4);
}

pub(crate) async fn lists_show_the_title_and_mode_of_now(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let title = |title: &str| Op::SetTitle(String::from(title));
    let mut pen = Pen::of_owner();
    let entries = vec![
        pen.does(title("First")),
        pen.does(Op::SetMode(Mode::Presenters)),
        pen.does(title("Second")),
    ];
    let logged = write(store, board(1), entries).await;
    write(store, board(1), pen.draws(1)).await;
    let card = store.boards(&[board(1)]).await.unwrap().remove(0);
    assert_eq!(
        (card.title.as_str(), card.mode, card.owner),
        ("Second", Mode::Presenters, owner())
    );
    assert_eq!(
        (card.id, card.created_ms, card.head.seq),
        (board(1), NOON, logged[2].seq + 1)
    );
}

pub(crate) async fn lists_come_in_the_order_asked_for(rig: &dyn Rig) {
    let store = rig.store();
    for n in 1..=5 {
        open_board(store, board(n)).await;
    }
    let wanted = [board(4), board(9), board(1), board(5)];
    let cards = store.boards(&wanted).await.unwrap();
    assert_eq!(
        cards.iter().map(|card| card.id).collect::<Vec<_>>(),
        [board(4), board(1), board(5)]
    );
    assert_eq!(store.boards(&[]).await.unwrap(), []);
}

pub(crate) async fn a_board_is_touched_by_its_newest_op(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let touched = async || store.boards(&[board(1)]).await.unwrap()[0].touched_ms;
    assert_eq!(touched().await, NOON);
    let mut pen = Pen {
        at_ms: NOON + 5_000,
        ..Pen::of_owner()
    };
    write(store, board(1), pen.draws(1)).await;
    assert_eq!(touched().await, NOON + 5_000);
    pen.at_ms = NOON + 3_000;
    write(store, board(1), pen.draws(1)).await;
    assert_eq!(touched().await, NOON + 5_000);
}

pub(crate) async fn a_client_is_known_by_its_last_op_in_the_log(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    assert_eq!(store.client(board(1), client(1)).await.unwrap(), None);
    let mut pen = Pen::of(person(1), client(1));
    write(store, board(1), pen.draws(4)).await;
    commit(
        store,
        board(1),
        vec![pen.does(Op::SetTitle(String::from("Mine")))],
    )
    .await;
    let known = store.client(board(1), client(1)).await.unwrap();
    assert_eq!(
        known,
        Some(ClientHead {
            person: person(1),
            last_n: 4
        })
    );
}

pub(crate) async fn heads_tells_where_logs_end(rig: &dyn Rig) {
    let store = rig.store();
    for n in 1..=3 {
        open_board(store, board(n)).await;
        write(store, board(n), Pen::of_owner().draws(usize::from(n) * 2)).await;
    }
    let mut heads = store.heads(&[board(3), board(9), board(1)]).await.unwrap();
    heads.sort_unstable();
    let ends: Vec<_> = heads
        .iter()
        .map(|(id, head)| (*id, head.epoch, head.seq))
        .collect();
    assert_eq!(ends, [(board(1), 1, 2), (board(3), 1, 6)]);
    assert_eq!(store.heads(&[]).await.unwrap(), []);
}

pub(crate) async fn load_gives_the_whole_of_a_short_log(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
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
    let store = rig.store();
    open_board(store, board(1)).await;
    let logged = write(store, board(1), Pen::of_owner().draws(RECENT_OPS + 100)).await;
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!(opening.recent, logged[100..]);
    assert_eq!(
        opening.before,
        Position {
            epoch: 1,
            seq: 100,
            chain: logged[99].chain
        }
    );
}

pub(crate) async fn load_gives_no_more_bytes_than_a_room_may_keep(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    let entries: Vec<_> = (0..1_500)
        .map(|id| pen.does(stroke(id, 512, true)))
        .collect();
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
    let store = rig.store();
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    let before = write(store, board(1), pen.draws(RECENT_OPS)).await;
    snap(store, board(1)).await;
    let after = write(store, board(1), pen.draws(10)).await;
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!(opening.recent, [&before[10..], &after].concat());
    assert_eq!(
        opening.before,
        Position {
            epoch: 1,
            seq: 10,
            chain: before[9].chain
        }
    );
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
    let store = rig.store();
    open_board(store, board(1)).await;
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
    let store = rig.store();
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    let entries: Vec<_> = (0..3_000)
        .map(|id| pen.does(stroke(id, 512, true)))
        .collect();
    let logged = write(store, board(1), entries).await;
    let tail = store.tail(board(1), 0, usize::MAX).await.unwrap();
    let bytes: usize = tail.iter().map(|logged| logged.size).sum();
    assert!(bytes <= TAIL_BYTES && tail.len() < logged.len());
    assert_eq!(tail, logged[..tail.len()]);
    assert_eq!(store.tail(board(1), 0, 1).await.unwrap().len(), 1);
}

pub(crate) async fn i10_replay_and_snapshot_are_the_same_bytes(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let entries = rich_log(12);
    let mut logged = Vec::new();
    for some in entries.chunks(17) {
        logged.extend(write(store, board(1), some.to_vec()).await);
        let document = document(store, board(1)).await;
        assert_eq!(
            store
                .put_snapshot(board(1), Snapshot::of(&document))
                .await
                .unwrap(),
            Kept::Stored
        );
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
    let store = rig.store();
    open_board(store, board(1)).await;
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
    let store = rig.store();
    open_board(store, board(1)).await;
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
    let store = rig.store();
    open_board(store, board(1)).await;
    write(store, board(1), Pen::of_owner().draws(3)).await;
    let document = document(store, board(1)).await;
    assert_eq!(
        store
            .put_snapshot(board(1), Snapshot::of(&document))
            .await
            .unwrap(),
        Kept::Stored
    );
    assert_eq!(
        store
            .put_snapshot(board(1), Snapshot::of(&document))
            .await
            .unwrap(),
        Kept::Already
    );
}

pub(crate) async fn a_snapshot_of_another_history_is_refused(rig: &dyn Rig) {
    let store = rig.store();
    for n in 1..=2 {
        open_board(store, board(n)).await;
    }
    write(store, board(1), Pen::of(person(1), client(1)).draws(3)).await;
    write(store, board(2), Pen::of(person(2), client(2)).draws(5)).await;
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
    let store = rig.store();
    open_board(store, board(1)).await;
    let logged = write(store, board(1), Pen::of_owner().draws(3)).await;
    let mut wrong = genesis(board(1), Mode::Everyone);
    wrong.title = String::from("Chemistry");
    let wrong = replayed(&wrong, &logged);
    let right = document(store, board(1)).await;
    assert_eq!(wrong.position(), right.position());
    assert_eq!(
        store
            .put_snapshot(board(1), Snapshot::of(&wrong))
            .await
            .unwrap(),
        Kept::Mismatch
    );
    assert_eq!(
        store.snapshot(board(1), 1, 3).await.unwrap(),
        Some(right.to_snapshot())
    );
}

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
    let store = rig.store();
    open_board(store, board(1)).await;
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
    let store = rig.store();
    open_board(store, board(1)).await;
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
    let store = rig.store();
    open_board(store, board(1)).await;
    rig.harm(board(1), 0, Harm::SnapshotBody).await;
    assert!(
        matches!(store.load(board(1)).await, Err(StoreError::Damaged { board: id }) if id == board(1))
    );
}

pub(crate) async fn damage_before_the_snapshot_does_not_hurt_the_board(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    let logged = write(store, board(1), pen.draws(10)).await;
    let whole = snap(store, board(1)).await;
    rig.harm(board(1), 5, Harm::OpBody).await;
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!((opening.document, opening.read_only), (whole, false));
    assert_eq!(opening.recent, logged[5..]);
    assert_eq!(
        opening.before,
        Position {
            epoch: 1,
            seq: 5,
            chain: logged[4].chain
        }
    );
}

pub(crate) async fn a_tail_over_damage_is_an_error(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
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

const DAY: u64 = 24 * 60 * 60 * 1_000;

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
    let store = rig.store();
    open_board(store, board(1)).await;
    let (mut old, mut kept) = (Pen::of(person(1), client(1)), Pen::of(person(2), client(2)));
    write(store, board(1), [old.draws(100), kept.draws(100)].concat()).await;
    snap(store, board(1)).await;
    let mut busy = Pen {
        at_ms: NOON + 85 * DAY,
        ..Pen::of(person(3), client(3))
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

pub(crate) async fn people_come_back_as_they_went_in(rig: &dyn Rig) {
    let store = rig.store();
    assert_eq!(store.person(person(1)).await.unwrap(), None);
    store.touch_person(person(1), NOON).await.unwrap();
    assert_eq!(store.person(person(1)).await.unwrap(), None);
    for colour in Ink::ALL {
        let profile = Profile {
            person: person(1),
            name: format!("Zoë {}", colour.name()),
            colour,
        };
        store.put_person(&profile, NOON).await.unwrap();
        assert_eq!(store.person(person(1)).await.unwrap(), Some(profile));
    }
    store.touch_person(person(1), NOON + 1).await.unwrap();
    assert_eq!(
        store.person(person(1)).await.unwrap().unwrap().colour,
        Ink::Pink
    );
    assert_eq!(store.person(person(2)).await.unwrap(), None);
}

pub(crate) async fn newest_tells_the_head_and_the_newest_snapshot(rig: &dyn Rig) {
    let store = rig.store();
    assert_eq!(store.newest(board(1)).await.unwrap(), None);
    open_board(store, board(1)).await;
    let blank = Snapshot::of(&document(store, board(1)).await);
    let mut pen = Pen::of_owner();
    write(store, board(1), pen.draws(5)).await;
    let newest = store.newest(board(1)).await.unwrap().unwrap();
    assert_eq!(
        (newest.snapshot, newest.sha256),
        (blank.position, blank.sha256)
    );
    let kept = Snapshot::of(&snap(store, board(1)).await);
    write(store, board(1), pen.draws(2)).await;
    let newest = store.newest(board(1)).await.unwrap().unwrap();
    assert_eq!(
        (newest.snapshot, newest.sha256),
        (kept.position, kept.sha256)
    );
    assert_eq!(
        (newest.head, newest.read_only),
        (document(store, board(1)).await.position(), false)
    );
}

pub(crate) async fn newest_tells_of_damage(rig: &dyn Rig) {
    let store = rig.store();
    open_board(store, board(1)).await;
    write(store, board(1), Pen::of_owner().draws(5)).await;
    rig.harm(board(1), 3, Harm::OpBody).await;
    assert!(store.load(board(1)).await.unwrap().read_only);
    assert!(store.newest(board(1)).await.unwrap().unwrap().read_only);
}

pub(crate) async fn a_server_hears_that_another_is_degraded(rig: &dyn Rig) {
    let (a, b) = (NodeId([1; 8]), NodeId([2; 8]));
    let (here, there) = (rig.store(), rig.another().await);
    assert!(!here.beat(a, true).await.unwrap(), "itself is no other");
    assert!(there.beat(b, false).await.unwrap());
    assert!(!here.beat(a, false).await.unwrap());
    assert!(!there.beat(b, true).await.unwrap(), "it is well again");
    assert!(here.beat(a, true).await.unwrap());
}

pub(crate) async fn a_server_that_left_or_fell_silent_counts_no_more(rig: &dyn Rig) {
    let (a, b) = (NodeId([1; 8]), NodeId([2; 8]));
    let store = rig.store();
    store.beat(b, true).await.unwrap();
    assert!(store.beat(a, false).await.unwrap());
    store.leave(b).await.unwrap();
    store.leave(b).await.unwrap();
    assert!(!store.beat(a, false).await.unwrap());
    store.beat(b, true).await.unwrap();
    rig.silence().await;
    assert!(!store.beat(a, false).await.unwrap());
    store.beat(b, true).await.unwrap();
    assert!(store.beat(a, false).await.unwrap(), "it was only slow");
}

pub(crate) async fn servers_share_a_key_that_was_made_once(rig: &dyn Rig) {
    let (here, there) = (rig.store(), rig.another().await);
    assert_eq!(here.key("guests", b"one").await.unwrap(), b"one");
    assert_eq!(there.key("guests", b"two").await.unwrap(), b"one");
    assert_eq!(there.key("others", b"two").await.unwrap(), b"two");
}

pub(crate) async fn i3_two_servers_take_turns(rig: &dyn Rig) {
    let (store, other) = (rig.store(), rig.another().await);
    open_board(store, board(1)).await;
    let (mut ada, mut bob) = (Pen::of(person(1), client(1)), Pen::of(person(2), client(2)));
    for turn in 0..10u64 {
        let here = write(store, board(1), ada.draws(2)).await;
        let there = write(&*other, board(1), bob.draws(1)).await;
        assert_eq!(
            seqs(&[here, there].concat()),
            [turn * 3 + 1, turn * 3 + 2, turn * 3 + 3]
        );
    }
    assert_eq!(
        document(store, board(1)).await,
        document(&*other, board(1)).await
    );
    other.close().await;
}

pub(crate) async fn i2_i3_i6_two_servers_at_once(rig: &dyn Rig) {
    let (store, other) = (rig.store(), rig.another().await);
    open_board(store, board(1)).await;
    let hands = |n: u8| Pen::of(person(n), client(n));
    let draw = async |store: &dyn Store, mut pen: Pen| {
        for _ in 0..40 {
            let entries = pen.draws(3);
            write(store, board(1), entries.clone()).await;
            let again = commit(store, board(1), entries).await;
            assert!(
                again
                    .iter()
                    .all(|outcome| matches!(answer(outcome), Answer::Known(1..)))
            );
        }
    };
    soon(async {
        tokio::join!(
            draw(store, hands(1)),
            draw(&*other, hands(2)),
            draw(store, hands(3))
        )
    })
    .await;
    let log = log(&*other, board(1)).await;
    assert_eq!(seqs(&log), (1..=360).collect::<Vec<_>>());
    let ids: BTreeSet<OpId> = log.iter().map(|logged| logged.entry.id).collect();
    assert_eq!(ids.len(), 360);
    for n in 1..=3 {
        let of_one: Vec<_> = log
            .iter()
            .filter(|logged| logged.entry.id.client == client(n))
            .collect();
        assert!(of_one.iter().map(|logged| logged.entry.id.n).eq(1..=120));
    }
    assert!(!store.load(board(1)).await.unwrap().read_only);
    other.close().await;
}

pub(crate) async fn heads_sees_what_another_server_committed(rig: &dyn Rig) {
    let (store, other) = (rig.store(), rig.another().await);
    open_board(store, board(1)).await;
    let logged = write(&*other, board(1), Pen::of_owner().draws(3)).await;
    let heads = store.heads(&[board(1)]).await.unwrap();
    assert_eq!(
        heads,
        [(
            board(1),
            Position {
                epoch: 1,
                seq: 3,
                chain: logged[2].chain
            }
        )]
    );
    assert_eq!(store.tail(board(1), 0, 10).await.unwrap(), logged);
    other.close().await;
}

pub(crate) async fn i1_everything_is_there_after_opening_again(rig: &mut dyn Rig) {
    let profile = Profile {
        person: person(1),
        name: String::from("Ada"),
        colour: Ink::Red,
    };
    open_board(rig.store(), board(1)).await;
    let entries = rich_log(5);
    let (first, second) = entries.split_at(30);
    write(rig.store(), board(1), first.to_vec()).await;
    snap(rig.store(), board(1)).await;
    write(rig.store(), board(1), second.to_vec()).await;
    rig.store().put_person(&profile, NOON).await.unwrap();
    let before = rig.store().load(board(1)).await.unwrap();
    rig.reopen().await;
    let after = rig.store().load(board(1)).await.unwrap();
    assert_eq!(
        (after.document, after.recent, after.before),
        (before.document, before.recent, before.before)
    );
    assert_eq!(rig.store().person(person(1)).await.unwrap(), Some(profile));
    let retry = commit(rig.store(), board(1), entries[..1].to_vec()).await;
    assert_eq!(answer(&retry[0]), Answer::Known(1));
    assert_eq!(
        document(rig.store(), board(1))
            .await
            .access()
            .role(person(1)),
        Role::Presenter
    );
}

pub(crate) async fn health_counts_the_boards(rig: &dyn Rig) {
    let store = rig.store();
    assert_eq!(store.health().await.boards, Some(0));
    for n in 1..=3 {
        open_board(store, board(n)).await;
    }
    let health = store.health().await;
    assert_eq!((health.boards, health.fault), (Some(3), None));
}

/// The trait can be shared as an object.
#[allow(dead_code)]
fn a_store_is_an_object(store: Arc<dyn Store>) -> Arc<dyn Store> {
    store
}
