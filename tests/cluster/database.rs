//! Postgres ends, is slow, throws servers out, and breaks off in the middle of a commit.

use std::time::Duration;

use inkroom_board::wire::Sketch;
use inkroom_testbed::Proxy;
use sqlx::{Connection, PgConnection};

use crate::artist::Artist;
use crate::cluster::{Cluster, Database, go_on, lasts, rounds};
use crate::common::{element, sketch, until};
use crate::node::Node;

fn saved(artists: &[Artist]) -> usize {
    artists.iter().map(|artist| artist.seen().saved).sum()
}

async fn says(node: &Node, status: &str) {
    until(status, async || node.health().await["status"] == status).await;
}

async fn failed_commits(node: &Node) -> f64 {
    node.figure("inkroom_commit_failed_total").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_12_while_postgres_is_away_changes_wait_ink_flows_and_then_all_is_saved() {
    let cluster = Cluster::of(2, Database::OwnPostgres, Some(Default::default())).await;
    let board = cluster.board().await;
    let mut artists = cluster.artists(board, 2).await;
    let (mut a, mut b) = (cluster.join(0, board).await, cluster.join(1, board).await);
    for _ in 0..2 * rounds() {
        go_on(&mut artists, 10).await;
        cluster.postgres().stop().await;
        for artist in &mut artists {
            artist
                .until("changes that wait", |seen| seen.pending > 10)
                .await;
        }
        for node in &cluster.nodes {
            says(node, "degraded").await;
        }
        let before = saved(&artists);
        let id = element();
        a.ink(sketch(id, 25).0).await;
        b.until("ink from the other server", |b| b.sees_ink(id))
            .await;
        // Otherwise the server keeps it when its author leaves.
        a.ink(Sketch::Gone { id }).await;
        lasts(1).await;
        assert_eq!(saved(&artists), before, "nothing is called saved");
        cluster.postgres().start_again().await;
        go_on(&mut artists, 20).await;
        for node in &cluster.nodes {
            says(node, "ok").await;
        }
    }
    drop((a, b));
    cluster.agree(board, artists).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_13_while_postgres_is_slow_batches_grow_and_nothing_is_lost() {
    let cluster = Cluster::start().await;
    let board = cluster.board().await;
    let mut artists = cluster.artists(board, 2).await;
    for node in &cluster.nodes {
        node.database
            .as_ref()
            .unwrap()
            .delay(Duration::from_millis(40));
    }
    go_on(&mut artists, 40).await;
    for node in &cluster.nodes {
        node.database.as_ref().unwrap().heal();
    }
    cluster.agree(board, artists).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backends_that_are_terminated_in_mid_commit_lose_and_double_nothing() {
    let cluster = Cluster::start().await;
    let board = cluster.board().await;
    let mut artists = cluster.artists(board, 2).await;
    let mut link = PgConnection::connect(cluster.database.as_ref().unwrap())
        .await
        .unwrap();
    let mut ended = 0;
    for _ in 0..10 * rounds() {
        go_on(&mut artists, 4).await;
        ended += sqlx::query_scalar::<_, i64>(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .fetch_one(&mut link)
        .await
        .unwrap();
    }
    println!("{ended} backends terminated");
    assert!(ended > 0);
    cluster.agree(board, artists).await;
}

/// Breaks the line of one server after the other, each time as `cut` does, until a commit failed.
async fn breaks(rounds: u32, cut: impl Fn(&Proxy, u32)) {
    let cluster = Cluster::start().await;
    let board = cluster.board().await;
    let mut artists = cluster.loyal(board, 2).await;
    let mut failed = 0.0;
    for round in 0..rounds {
        go_on(&mut artists, 4).await;
        let node = &cluster.nodes[round as usize % 2];
        let line = node.database.as_ref().unwrap();
        let before = failed_commits(node).await;
        cut(line, round);
        until("a commit that failed", async || {
            failed_commits(node).await > before
        })
        .await;
        line.heal();
        failed += failed_commits(node).await - before;
    }
    println!("{failed} commits failed");
    cluster.agree(board, artists).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_to_postgres_that_breaks_anywhere_loses_and_doubles_nothing() {
    // A commit of a few strokes takes about 2 kB both ways: somewhere in one or two of them.
    breaks(8 * rounds(), |line, round| {
        line.cut_after(1 + u64::from(round) * 331 % 4_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_which_nobody_knows_whether_it_happened_loses_and_doubles_nothing() {
    // In turns, for each server: it did not, and it did.
    breaks(8 * rounds(), |line, round| {
        line.cut_at(b"COMMIT", round / 2 % 2 == 1)
    })
    .await;
}
