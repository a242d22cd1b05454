//! Clients: whose queue it is, and who may draw.

use inkroom::store::Store;
use inkroom_board::ledger::ClientHead;
use inkroom_board::room::Answer;
use inkroom_board::wire::Refusal;
use inkroom_board::{Mode, Op};

use crate::fixture::*;
use crate::rig::*;

pub(crate) async fn a_client_belongs_to_the_author_of_its_first_op(rig: &dyn Rig) {
    let store = opened(rig).await;
    let (mut ada, mut thief) = (Pen::nth(1), Pen::of(person(2), client(1)));
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
    let store = opened(rig).await;
    open_board(store, board(2)).await;
    write(store, board(1), Pen::nth(1).draws(3)).await;
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
    let store = opened(rig).await;
    let (mut owner, mut guest) = (Pen::of_owner(), Pen::nth(1));
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

/// The store of a rig, with board 1 on it where only presenters draw.
async fn presented(rig: &dyn Rig) -> &dyn Store {
    let genesis = genesis(board(1), Mode::Presenters);
    rig.store().create(&genesis, NOON).await.unwrap();
    rig.store()
}

/// Whether the first person may draw where presenters do.
fn pass(holds: bool) -> Op {
    Op::SetPen {
        person: person(1),
        holds,
    }
}

pub(crate) async fn i11_a_pen_counts_from_the_very_op_that_passes_it(rig: &dyn Rig) {
    let store = presented(rig).await;
    let (mut owner, mut guest) = (Pen::of_owner(), Pen::nth(1));
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
    let (store, other) = (presented(rig).await, rig.another().await);
    let (mut owner, mut guest) = (Pen::of_owner(), Pen::nth(1));
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
    let store = opened(rig).await;
    let mut guest = Pen::nth(1);
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
    let outcomes = commit(store, board(1), Pen::nth(1).draws(1)).await;
    assert_eq!(answer(&outcomes[0]), Answer::Refused(Refusal::Forbidden));
    assert_eq!(store.client(board(1), client(1)).await.unwrap(), None);
}

pub(crate) async fn a_client_is_known_by_its_last_op_in_the_log(rig: &dyn Rig) {
    let store = opened(rig).await;
    assert_eq!(store.client(board(1), client(1)).await.unwrap(), None);
    let mut pen = Pen::nth(1);
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
