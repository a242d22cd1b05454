//! Lines to clients that break, and messages between servers that come twice or make no sense.

use std::collections::HashSet;

use futures_util::StreamExt;
use inkroom_board::BoardId;
use redis::AsyncCommands;

use crate::cluster::{Cluster, Database, go_on, rounds};
use crate::common::until;

/// Where servers tell each other what they committed, and who is here.
pub fn channels(board: BoardId) -> [String; 2] {
    ["d", "e"].map(|lane| format!("ink:{{{board}}}:{lane}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_2_a_line_that_is_cut_after_ops_were_sent_loses_and_doubles_nothing() {
    let cluster = Cluster::of(1, Database::Postgres, None).await;
    let board = cluster.board().await;
    let mut artists = cluster.loyal(board, 4).await;
    let line = &cluster.nodes[0].clients;
    for round in 0..8 * u64::from(rounds()) {
        line.cut_after(1 + round * 997 % 6_000);
        for artist in &mut artists {
            artist.until("the cut", |seen| !seen.is_live).await;
        }
        line.heal();
        go_on(&mut artists, 5).await;
    }
    let again = cluster.nodes[0].figure("inkroom_dup_answered_total").await;
    println!("{again} ops were in the log when they were sent again");
    cluster.agree(board, artists).await;
}

/// Says everything that servers say to each other once more, and once more.
async fn echo(url: String, board: BoardId) {
    let client = redis::Client::open(url).unwrap();
    let mut voice = client.get_multiplexed_async_connection().await.unwrap();
    let mut ear = client.get_async_pubsub().await.unwrap();
    for channel in channels(board) {
        ear.subscribe(channel).await.unwrap();
    }
    let mut said = HashSet::new();
    let mut heard = ear.on_message();
    while let Some(message) = heard.next().await {
        let (channel, bytes) = (
            message.get_channel_name().to_owned(),
            message.get_payload_bytes(),
        );
        if said.insert(bytes.to_vec()) {
            for _ in 0..2 {
                let _: u32 = voice.publish(&channel, bytes).await.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_22_hints_and_murmurs_that_come_three_times_do_no_harm() {
    let cluster = Cluster::start().await;
    let board = cluster.board().await;
    let echo = tokio::spawn(echo(cluster.redis().url(), board));
    let mut artists = cluster.artists(board, 2).await;
    go_on(&mut artists, 40).await;
    assert!(!echo.is_finished());
    echo.abort();
    cluster.agree(board, artists).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_27_messages_that_make_no_sense_are_counted_and_passed_over() {
    let cluster = Cluster::start().await;
    let board = cluster.board().await;
    let mut artists = cluster.artists(board, 2).await;
    cluster.healthy().await;
    let long = "x".repeat(300 * 1024);
    for poison in [
        "",
        "x",
        "\u{1}12345678",
        "\u{1}12345678\u{7f}\u{7f}\u{7f}\u{7f}",
        &long,
    ] {
        for channel in channels(board) {
            cluster
                .redis()
                .ask::<()>(&["PUBLISH", &channel, poison])
                .await;
        }
        go_on(&mut artists, 4).await;
    }
    for node in &cluster.nodes {
        until("poison counted", async || {
            node.figure("inkroom_relay_undecodable_total").await >= 8.0
        })
        .await;
        assert_eq!(node.figure("inkroom_chain_mismatch_total").await, 0.0);
    }
    cluster.agree(board, artists).await;
}
