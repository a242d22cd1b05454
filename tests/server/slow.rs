//! Slow readers lose their queue and not their data, and those who do not read at all are sent away.

use std::time::Duration;

use inkroom::Config;
use inkroom_board::wire::{ServerMessage, Start};
use tokio::net::{TcpSocket, TcpStream};

use crate::common::{Client, TestServer, big_stroke, until};

fn fast_pens(config: &mut Config) {
    config.limits.ops_per_second = 100_000;
    config.limits.ops_burst = 100_000;
}

/// A connection whose system holds almost nothing for its reader.
async fn narrow(server: &TestServer) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    socket.connect(server.address).await.unwrap()
}

/// Draws more than a durable lane and all buffers on the way hold together.
async fn draw_a_lot(a: &mut Client) {
    for _ in 0..400 {
        a.draw(big_stroke()).await;
        while a.replica.pending() > 32 {
            a.step().await;
        }
    }
    a.all_saved().await;
}

#[tokio::test]
async fn a_slow_reader_is_brought_to_the_head_when_it_reads_again() {
    let server = TestServer::with(|config| {
        fast_pens(config);
        config.timing.write = Duration::from_secs(120);
        config.timing.stuck = Duration::from_secs(120);
    })
    .await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut slow = Client::new(server.address, board, &server.guest().await);
    slow.connect_over(narrow(&server).await).await;
    slow.until("live", |slow| slow.replica.is_live()).await;
    draw_a_lot(&mut a).await;
    assert_eq!(slow.replica.position().seq, 0);
    slow.at_seq(a.replica.position().seq).await;
    let starts = slow
        .heard
        .iter()
        .filter(|message| matches!(message, ServerMessage::Start(_)))
        .count();
    assert!(starts >= 2, "it started again where it was");
    assert_eq!(slow.digest(), a.digest());
    let batches = slow
        .heard
        .iter()
        .filter(|message| matches!(message, ServerMessage::Ops(_)))
        .count();
    assert!(
        batches < 400
            || slow
                .heard
                .iter()
                .any(|message| matches!(message, ServerMessage::Start(Start::Snapshot(_))))
    );
}

#[tokio::test]
async fn row_47_and_48_a_reader_that_never_reads_is_sent_away_and_nobody_waits_for_it() {
    let server = TestServer::with(|config| {
        fast_pens(config);
        config.timing.write = Duration::from_millis(500);
        config.timing.farewell = Duration::from_millis(200);
    })
    .await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut stuck = Client::new(server.address, board, &server.guest().await);
    stuck.connect_over(narrow(&server).await).await;
    until("both", async || server.members() == 2).await;
    draw_a_lot(&mut a).await;
    until("one", async || server.members() == 1).await;
    a.until("that they left", |a| a.presence.here() == 1).await;
}

#[tokio::test]
async fn a_silent_connection_is_given_up() {
    let server =
        TestServer::with(|config| config.timing.silence = Duration::from_millis(300)).await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    assert_eq!(a.until_closed().await, 1013);
    assert_eq!(server.members(), 0);
}
