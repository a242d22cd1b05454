//! Several servers on one database, at once or one after the other.

use std::collections::BTreeSet;

use inkroom::store::{Store, StoreError, Unfit};
use inkroom_board::room::Answer;
use inkroom_board::wire::Profile;
use inkroom_board::{Ink, NodeId, OpId, Role};

use crate::fixture::*;
use crate::rig::*;

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
    rig.run("UPDATE nodes SET beat_at = beat_at - 10000", None)
        .await;
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
    let (mut ada, mut bob) = (Pen::nth(1), Pen::nth(2));
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
    let hands = |n: u8| Pen::nth(n);
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
    assert_eq!(heads, [(board(1), ends_at(&logged[2]))]);
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

pub(crate) async fn a_database_from_the_future_is_left_alone(rig: &dyn Rig) {
    let newer = "INSERT INTO _sqlx_migrations SELECT 9999, 'later', installed_on, success, checksum, \
                 execution_time FROM _sqlx_migrations LIMIT 1";
    rig.run(newer, None).await;
    let opened = rig.open().await;
    let Err(StoreError::Unfit(unfit @ Unfit::Newer { found: 9999, .. })) = opened else {
        panic!("{opened:?}")
    };
    assert!(unfit.to_string().contains("newer Inkroom"));
}
