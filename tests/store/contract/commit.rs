//! Commits: which op gets which place.

use inkroom::store::StoreError;
use inkroom_board::room::Answer;
use inkroom_board::wire::Refusal;
use inkroom_board::{Chain, Op, Position};

use crate::fixture::*;
use crate::rig::*;

pub(crate) async fn i3_seqs_are_dense_from_one(rig: &dyn Rig) {
    let store = opened(rig).await;
    let (mut ada, mut bob) = (Pen::nth(1), Pen::nth(2));
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
    let store = opened(rig).await;
    let (mut ada, mut bob) = (Pen::nth(1), Pen::nth(2));
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
    let store = opened(rig).await;
    let sent = Pen::of_owner().draws(2);
    let outcomes = commit(store, board(1), [sent.clone(), sent].concat()).await;
    assert_eq!(answer(&outcomes[2]), Answer::Known(1));
    assert_eq!(answer(&outcomes[3]), Answer::Known(2));
    assert_eq!(log(store, board(1)).await.len(), 2);
}

pub(crate) async fn i6_a_gap_is_answered_with_the_n_that_is_missing(rig: &dyn Rig) {
    let store = opened(rig).await;
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
    let store = opened(rig).await;
    let mut pen = Pen::of_owner();
    let mut zeroth = pen.clone().does(Op::Clear);
    zeroth.id.n = 0;
    let outcomes = commit(store, board(1), vec![zeroth.clone()]).await;
    assert_eq!(answer(&outcomes[0]), Answer::Refused(Refusal::Gap(1)));
    write(store, board(1), pen.draws(4)).await;
    let outcomes = commit(store, board(1), vec![zeroth]).await;
    assert_eq!(answer(&outcomes[0]), Answer::Refused(Refusal::Gap(5)));
}

pub(crate) async fn i4_the_chain_runs_on_over_commits(rig: &dyn Rig) {
    let store = opened(rig).await;
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
    let store = opened(rig).await;
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
    let store = opened(rig).await;
    assert_eq!(store.commit(&[]).await.unwrap(), Vec::<Vec<_>>::new());
    assert_eq!(
        store.commit(&[batch(board(1), Vec::new())]).await.unwrap(),
        [Vec::new()]
    );
}

pub(crate) async fn a_clock_far_in_the_future_does_no_harm(rig: &dyn Rig) {
    let store = opened(rig).await;
    let mut pen = Pen {
        at_ms: u64::MAX,
        ..Pen::of_owner()
    };
    write(store, board(1), pen.draws(2)).await;
    pen.at_ms = 0;
    write(store, board(1), pen.draws(2)).await;
    assert_eq!(document(store, board(1)).await.position().seq, 4);
}

pub(crate) async fn an_op_that_the_database_refuses_is_an_error_about_data(rig: &dyn Rig) {
    let store = opened(rig).await;
    rig.run(rig.dialect().refuse_client_7, None).await;
    let ops = [Pen::of_owner().draws(2), Pen::nth(7).draws(1)].concat();
    let refused = store.commit(&[batch(board(1), ops)]).await;
    assert!(matches!(refused, Err(StoreError::Data(_))), "{refused:?}");
    assert_eq!(log(store, board(1)).await, [], "all or nothing");
}

pub(crate) async fn i2_the_unique_key_is_the_last_defence_against_a_duplicate(rig: &dyn Rig) {
    let store = opened(rig).await;
    let sent = Pen::of_owner().draws(2);
    write(store, board(1), sent.clone()).await;
    rig.run("DELETE FROM clients", None).await;
    let again = store.commit(&[batch(board(1), sent)]).await;
    assert!(matches!(again, Err(StoreError::Data(_))), "{again:?}");
    assert_eq!(log(store, board(1)).await.len(), 2);
}
