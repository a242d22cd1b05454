//! Redis goes, comes back empty, forgets, freezes, is too slow for one, and is out of reach of one.

use std::time::Duration;

use inkroom_board::BoardId;
use inkroom_board::wire::Sketch;
use inkroom_testbed::RedisOptions;
use tokio::time::{Instant, timeout};

use crate::cluster::{Cluster, Database, go_on, lasts, rounds};
use crate::common::{Client, element, sketch, soon, stroke};

/// Ink crosses servers by itself, both ways, as soon as Redis carries it.
async fn ink_crosses(cluster: &Cluster, board: BoardId) {
    cluster.healthy().await;
    let (mut a, mut b) = (cluster.join(0, board).await, cluster.join(1, board).await);
    shows(&mut a, &mut b).await;
    shows(&mut b, &mut a).await;
}

/// What one sketches, the other sees. Ink may be lost, so it is said again, as by somebody who draws on.
async fn shows(from: &mut Client, to: &mut Client) {
    let id = element();
    soon("ink from the other server", async {
        while !to.sees_ink(id) {
            from.ink(sketch(id, 25).0).await;
            // Nothing to hear: it is said again.
            let _ = timeout(Duration::from_millis(100), to.step()).await;
        }
    })
    .await;
    // Otherwise the server keeps it when its author leaves.
    from.ink(Sketch::Gone { id }).await;
    to.until("no ink", |to| !to.sees_ink(id)).await;
}

/// What is drawn on one server comes to the other, by whatever way.
async fn converges(cluster: &Cluster, board: BoardId) -> [Client; 2] {
    let mut pair = [cluster.join(0, board).await, cluster.join(1, board).await];
    for _ in 0..2 {
        let [from, to] = &mut pair;
        from.draw(stroke()).await;
        from.all_saved().await;
        let since = Instant::now();
        to.at_seq(from.replica.position().seq).await;
        println!("on the other server after {:?}", since.elapsed());
        pair.reverse();
    }
    pair
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_10_while_redis_is_away_for_long_all_goes_on_by_sql_and_ink_returns_when_it_does() {
    let cluster = Cluster::start().await;
    let (board, quiet) = (cluster.board().await, cluster.board().await);
    let mut artists = cluster.artists(board, 2).await;
    ink_crosses(&cluster, board).await;
    cluster.redis().stop();
    for node in 0..2 {
        cluster.degraded(node).await;
    }
    // Longer than a client library's patience; a gate makes it a minute and more.
    lasts(4).await;
    go_on(&mut artists, 20).await;
    let mut pair = converges(&cluster, quiet).await;
    cluster.redis().start_again().await;
    ink_crosses(&cluster, board).await;
    cluster
        .agree_by_hand(quiet, pair.iter_mut().collect())
        .await;
    cluster.agree(board, artists).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_6_redis_that_restarts_empty_forgets_or_drops_its_subscribers_does_no_harm() {
    let cluster = Cluster::start().await;
    let board = cluster.board().await;
    let mut artists = cluster.artists(board, 2).await;
    for _ in 0..rounds() {
        cluster.redis().stop();
        cluster.redis().start_again().await;
        go_on(&mut artists, 10).await;
        for _ in 0..5 {
            cluster.redis().ask::<()>(&["FLUSHALL"]).await;
            go_on(&mut artists, 4).await;
        }
        soon("both servers subscribe again and again", async {
            let mut dropped = 0;
            while dropped < 6 {
                let kill = ["CLIENT", "KILL", "TYPE", "pubsub"];
                dropped += cluster.redis().ask::<u32>(&kill).await;
                go_on(&mut artists, 4).await;
            }
        })
        .await;
        ink_crosses(&cluster, board).await;
    }
    cluster.agree(board, artists).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_9_redis_that_freezes_is_noticed_and_waited_for_by_nobody() {
    let cluster = Cluster::start().await;
    let board = cluster.board().await;
    let mut artists = cluster.artists(board, 2).await;
    cluster.healthy().await;
    for node in &cluster.nodes {
        node.redis.as_ref().unwrap().freeze();
    }
    for node in 0..2 {
        cluster.degraded(node).await;
    }
    go_on(&mut artists, 20).await;
    for node in &cluster.nodes {
        node.redis.as_ref().unwrap().heal();
    }
    ink_crosses(&cluster, board).await;
    let sleep = ["DEBUG", "SLEEP", "4"];
    tokio::join!(cluster.redis().ask::<()>(&sleep), go_on(&mut artists, 20));
    ink_crosses(&cluster, board).await;
    cluster.agree(board, artists).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_8_a_server_out_of_redis_reach_tells_the_others_by_sql() {
    let cluster = Cluster::start().await;
    let (board, quiet) = (cluster.board().await, cluster.board().await);
    let mut artists = cluster.loyal(board, 2).await;
    cluster.healthy().await;
    cluster.nodes[0].redis.as_ref().unwrap().cut();
    cluster.degraded(0).await;
    go_on(&mut artists, 20).await;
    let mut pair = converges(&cluster, quiet).await;
    cluster
        .agree_by_hand(quiet, pair.iter_mut().collect())
        .await;
    cluster.nodes[0].redis.as_ref().unwrap().heal();
    ink_crosses(&cluster, board).await;
    cluster.agree(board, artists).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_7_a_server_that_redis_drops_for_being_slow_reads_what_it_missed() {
    let limit = ["--client-output-buffer-limit", "pubsub", "64kb", "0", "0"];
    let options = RedisOptions {
        more: limit.map(String::from).into(),
        ..RedisOptions::default()
    };
    let cluster = Cluster::of(2, Database::Postgres, Some(options)).await;
    let board = cluster.board().await;
    let mut artists = cluster.loyal(board, 2).await;
    ink_crosses(&cluster, board).await;
    let node = &cluster.nodes[1];
    let reconnects = async || node.figure("inkroom_relay_reconnects_total").await;
    let before = reconnects().await;
    node.redis
        .as_ref()
        .unwrap()
        .delay(Duration::from_millis(50));
    let flood = "for i = 1, 400 do redis.call('PUBLISH', KEYS[1], ARGV[1]) end";
    let (channel, noise) = (format!("ink:{{{board}}}:d"), "x".repeat(32_000));
    let flood = ["EVAL", flood, "1", &channel, &noise];
    cluster.redis().ask::<()>(&flood).await;
    crate::common::until("a connection made again", async || {
        reconnects().await > before
    })
    .await;
    go_on(&mut artists, 10).await;
    node.redis.as_ref().unwrap().heal();
    ink_crosses(&cluster, board).await;
    cluster.agree(board, artists).await;
}
