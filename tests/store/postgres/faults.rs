//! What breaks in the middle of a commit loses nothing and doubles nothing: the session, the network, the database.

use std::sync::Arc;

use inkroom::store::writer::Writer;
use inkroom::store::{Outcome, PgStore, Store, StoreError};
use inkroom_board::Entry;
use inkroom_board::room::Answer;
use inkroom_testbed::{Postgres, Proxy};

use super::{PgRig, WAITING, connect, hear, hold, is_dense, run, until};
use crate::fixture::*;

#[tokio::test]
async fn i1_i2_a_commit_whose_server_died_before_its_end_is_not_there() {
    let rig = PgRig::new().await;
    let store = opened(&rig).await;
    let (mut link, mut watcher) = (connect(&rig.url).await, connect(&rig.url).await);
    hold(&mut link, board(1)).await;
    let sent = Pen::of_owner().draws(3);
    let sent = [batch(board(1), sent)];
    let kill = async {
        until(&mut watcher, WAITING, 1).await;
        run(
            &mut watcher,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .await;
    };
    let (killed, ()) = soon(async { tokio::join!(store.commit(&sent), kill) }).await;
    assert!(
        matches!(killed, Err(StoreError::Unavailable(_))),
        "{killed:?}"
    );
    assert!(store.health().await.fault.is_some());
    run(&mut link, "COMMIT").await;
    let again = store.commit(&sent).await.unwrap().remove(0);
    assert_eq!(
        again
            .into_iter()
            .map(|outcome| fresh(outcome).seq)
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(store.health().await.fault, None);
    is_dense(&rig.url, store, board(1)).await;
}

#[tokio::test]
async fn i1_i2_a_commit_whose_server_died_after_its_end_is_known() {
    let server = Postgres::start().await;
    let url = server.database().await;
    let store = PgStore::open(&url).await.unwrap();
    open_board(&store, board(1)).await;
    let mut admin = connect(&url).await;
    // A stand-by that never answers: a commit is on the disk, and its end is not told.
    run(&mut admin, "SET synchronous_commit = local").await;
    run(
        &mut admin,
        "ALTER SYSTEM SET synchronous_standby_names = 'nobody'",
    )
    .await;
    run(&mut admin, "SELECT pg_reload_conf()").await;
    let shown = async {
        while sqlx::query_scalar::<_, String>("SHOW synchronous_standby_names")
            .fetch_one(&mut admin)
            .await
            .unwrap()
            != "nobody"
        {
            tokio::task::yield_now().await;
        }
    };
    soon(shown).await;
    let sent = [batch(board(1), Pen::of_owner().draws(3))];
    let kill = async {
        until(
            &mut admin,
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
            1,
        )
        .await;
        run(
            &mut admin,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
        )
        .await;
    };
    let (killed, ()) = soon(async { tokio::join!(store.commit(&sent), kill) }).await;
    assert!(
        matches!(killed, Err(StoreError::Unavailable(_))),
        "{killed:?}"
    );
    run(&mut admin, "ALTER SYSTEM RESET synchronous_standby_names").await;
    run(&mut admin, "SELECT pg_reload_conf()").await;
    let again = soon(store.commit(&sent)).await.unwrap().remove(0);
    assert_eq!(
        again.iter().map(answer).collect::<Vec<_>>(),
        [1, 2, 3].map(Answer::Known)
    );
    is_dense(&url, &store, board(1)).await;
}

/// Commits an op while the network is cut after `bytes`, and then again until it is answered. Whether the first
/// time stored nothing; if it says that it did, it did.
async fn is_lost_at(far: &PgStore, proxy: &Proxy, bytes: u64, sent: Vec<Entry>) -> bool {
    let sent = [batch(board(1), sent)];
    proxy.cut_after(bytes);
    let cut = soon(far.commit(&sent)).await;
    proxy.heal();
    let again = soon(async {
        loop {
            match far.commit(&sent).await {
                Ok(mut outcomes) => return outcomes.remove(0).remove(0),
                Err(StoreError::Unavailable(_)) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    });
    match (cut, again.await) {
        (Err(_), Outcome::Logged(_)) => true,
        (
            _,
            Outcome::Answered {
                answer: Answer::Known(1..),
                ..
            },
        ) => false,
        (cut, again) => panic!("{cut:?} {again:?}"),
    }
}

#[tokio::test]
async fn i1_i2_a_network_that_is_cut_at_any_byte_of_a_commit_loses_and_doubles_nothing() {
    let rig = PgRig::new().await;
    let proxy = Proxy::to(rig.server.address()).await;
    let name = rig.url.rsplit('/').next().unwrap();
    let far = PgStore::open(&format!("postgres://ink@{}/{name}", proxy.addr()))
        .await
        .unwrap();
    open_board(&far, board(1)).await;
    let mut pen = Pen::of_owner();
    // A commit takes some 1,300 bytes, both ways.
    let mut lost = 0;
    for bytes in (0..1_500).step_by(50) {
        lost += u32::from(is_lost_at(&far, &proxy, bytes, pen.draws(1)).await);
    }
    assert!(lost > 0, "some were cut before their end");
    is_dense(&rig.url, rig.postgres(), board(1)).await;
}

#[tokio::test]
async fn i1_i2_i3_a_database_that_crashes_under_load_delays_and_loses_nothing() {
    const BOARDS: u8 = 4;
    const ROUNDS: usize = 60;
    let server = Postgres::start().await;
    let url = server.database().await;
    let store: Arc<dyn Store> = Arc::new(PgStore::open(&url).await.unwrap());
    let writer = Writer::start(store.clone());
    let mut rooms = tokio::task::JoinSet::new();
    for n in 1..=BOARDS {
        open_board(&*store, board(n)).await;
        let (lane, mut outcomes) = writer.lane(board(n));
        rooms.spawn(async move {
            let mut pen = Pen::nth(n);
            for _ in 0..ROUNDS {
                lane.try_submit(pen.draws(5)).unwrap();
                hear(&mut outcomes, 5).await;
            }
        });
    }
    for _ in 0..2 {
        let before = store.heads(&[board(1)]).await.unwrap()[0].1.seq;
        soon(async {
            while store.heads(&[board(1)]).await.unwrap()[0].1.seq < before + 10 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        server.restart().await;
        soon(async { while store.heads(&[board(1)]).await.is_err() {} }).await;
    }
    while let Some(room) = soon(rooms.join_next()).await {
        room.unwrap();
    }
    for n in 1..=BOARDS {
        is_dense(&url, &*store, board(n)).await;
        assert_eq!(log(&*store, board(n)).await.len(), 5 * ROUNDS);
    }
}
