//! Servers that are asked to end, that are stopped in mid-thought, and that overlap on one file.

use inkroom_testbed::RedisOptions;

use crate::cluster::{Cluster, Database, go_on, lasts, rounds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_24_a_rolling_restart_sends_people_to_the_other_server_and_loses_nothing() {
    let mut cluster = Cluster::start().await;
    let board = cluster.board().await;
    let mut artists = cluster.artists(board, 2).await;
    for _ in 0..rounds() {
        for node in &mut cluster.nodes {
            assert_eq!(node.terminate().await, Some(0));
            go_on(&mut artists, 10).await;
            node.start().await;
        }
    }
    for story in cluster.agree(board, artists).await {
        assert!(story.goodbyes > 0, "everybody was sent away");
        assert!(
            story.closes.iter().all(|code| *code == 1012),
            "{:?}",
            story.closes
        );
        println!("not live for {:?}", &story.away[1..]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_20_a_server_that_stood_still_catches_up_and_the_other_went_on_without_it() {
    let cluster = Cluster::start().await;
    let board = cluster.board().await;
    let mut artists = cluster.artists(board, 2).await;
    let loyal = cluster.loyal(board, 1).await;
    for _ in 0..2 {
        cluster.nodes[0].pause();
        // Longer than a transaction may idle: if it held the board's lock, Postgres took it away.
        lasts(4).await;
        go_on(&mut artists, 20).await;
        cluster.nodes[0].go_on();
        go_on(&mut artists, 5).await;
    }
    artists.extend(loyal);
    cluster.agree(board, artists).await;
}

async fn overlap_on_one_file(redis: Option<RedisOptions>) {
    let mut cluster = Cluster::of(1, Database::Sqlite, redis).await;
    let board = cluster.board().await;
    let mut artists = cluster.loyal(board, 2).await;
    cluster.add().await;
    artists.extend(cluster.loyal(board, 1).await);
    go_on(&mut artists, 20).await;
    for _ in 0..rounds() {
        for node in &mut cluster.nodes {
            assert_eq!(node.terminate().await, Some(0));
            node.start().await;
            go_on(&mut artists, 10).await;
        }
    }
    cluster.agree(board, artists).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_may_overlap_on_one_sqlite_file() {
    overlap_on_one_file(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_may_overlap_on_one_sqlite_file_with_redis_between_them() {
    overlap_on_one_file(Some(RedisOptions::default())).await;
}
