//! What a server counts: each number moves when what it counts happens, and other servers' numbers do not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use inkroom::relay::LocalRelay;
use inkroom::store::SqliteStore;
use inkroom::{Config, Server};
use inkroom_board::wire::ClientMessage;
use inkroom_board::{BoardId, NodeId};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::net::TcpSocket;

use crate::common::{
    Ask, Client, Raw, TestServer, big_stroke, close_code, element, sketch, stroke, until,
};
use crate::gate::{Fault, Gate};

/// Every sample by name with labels.
type Samples = BTreeMap<String, f64>;

async fn samples(server: &TestServer) -> Samples {
    let answer = Ask::get("/metrics").of(server.address).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer
            .header("content-type")
            .starts_with("application/openmetrics-text; version=1.0.0")
    );
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

async fn until_sample(server: &TestServer, name: &str, is_so: impl Fn(f64) -> bool) {
    until(name, async || is_so(samples(server).await[name])).await;
}

#[tokio::test]
async fn drawing_moves_the_numbers_of_its_server_alone() {
    let (server, other) = (TestServer::start().await, TestServer::start().await);
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    a.ink(sketch(element(), 5).0).await;
    a.draw(stroke()).await;
    a.draw(stroke()).await;
    a.all_saved().await;
    let counted = samples(&server).await;
    for (name, least) in [
        ("inkroom_members", 1.0),
        ("inkroom_rooms", 1.0),
        ("inkroom_sockets", 1.0),
        ("inkroom_ack_latency_seconds_count", 2.0),
        ("inkroom_commit_latency_seconds_count", 1.0),
        ("inkroom_batch_size_sum", 2.0),
        ("inkroom_ink_latency_seconds_count", 1.0),
        ("inkroom_frames_in_total", 3.0),
        ("inkroom_bytes_in_total", 30.0),
        ("inkroom_frames_out_total", 3.0),
        ("inkroom_bytes_out_total", 30.0),
        ("inkroom_reconnects_admitted_total", 1.0),
        ("inkroom_store_bytes", 4096.0),
        ("inkroom_store_free_bytes", 1.0),
    ] {
        assert!(counted[name] >= least, "{name} is {}", counted[name]);
    }
    for name in [
        "inkroom_chain_mismatch_total",
        "inkroom_acked_then_missing_total",
        "inkroom_gap_detected_total",
        "inkroom_commit_failed_total",
        "inkroom_waiting_ops",
        "inkroom_waiting_bytes",
        "inkroom_nack_total{reason=\"invalid\"}",
    ] {
        assert!(counted[name] == 0.0, "{name} is {}", counted[name]);
    }
    let quiet = samples(&other).await;
    assert!(quiet["inkroom_ack_latency_seconds_count"] == 0.0);
    assert!(quiet["inkroom_frames_in_total"] == 0.0);
}

#[tokio::test]
async fn closes_are_counted_by_their_code() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut bad = Raw::join(server.address, board, &ada).await;
    bad.say(&ClientMessage::Ping(1)).await;
    let code = close_code(&mut bad).await;
    let name = format!("inkroom_closes_total{{code=\"{code}\"}}");
    until("the close is counted", async || {
        samples(&server).await.get(&name) == Some(&1.0)
    })
    .await;
    let mut a = Client::join(server.address, board, &ada).await;
    a.vanish();
    until("nobody said anything", async || {
        samples(&server)
            .await
            .get("inkroom_closes_total{code=\"0\"}")
            == Some(&1.0)
    })
    .await;
}

#[tokio::test]
async fn whoever_is_asked_to_come_back_is_counted() {
    let server = TestServer::with(|config| config.limits.handshakes = 1).await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let bearer = format!("Bearer {}", ada.token);
    let headers = [("authorization", bearer.as_str())];
    until("somebody is deferred", async || {
        Raw::open(server.address, &board.to_string(), &headers)
            .await
            .err()
            == Some(503)
    })
    .await;
    until_sample(&server, "inkroom_reconnects_deferred_total", |n| n >= 1.0).await;
}

#[tokio::test]
async fn refused_ops_are_counted_by_their_reason() {
    let server = TestServer::start().await;
    let owner = server.guest().await;
    let board = server.board(&owner, "presenters").await;
    let mut viewer = Client::join(server.address, board, &server.guest().await).await;
    viewer.draw(stroke()).await;
    viewer.all_saved().await;
    until_sample(&server, "inkroom_nack_total{reason=\"forbidden\"}", |n| {
        n >= 1.0
    })
    .await;
}

#[tokio::test]
async fn failed_commits_and_ops_in_doubt_and_ops_known_already_are_counted() {
    let data = tempfile::tempdir().unwrap();
    let config = Config::local(data.path().into());
    let gate = Gate::shut(Arc::new(SqliteStore::open(data.path()).await.unwrap()));
    let server = Server::with(
        config,
        gate.clone(),
        Arc::new(LocalRelay::default().node(NodeId([1; 8]))),
    )
    .await
    .unwrap();
    let server = TestServer::of(server).await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    a.draw(stroke()).await;
    until_sample(&server, "inkroom_waiting_ops", |n| n == 1.0).await;
    until_sample(&server, "inkroom_waiting_bytes", |n| n > 0.0).await;
    gate.fail(&[Fault::After]);
    gate.let_all_pass();
    a.all_saved().await;
    until_sample(&server, "inkroom_waiting_ops", |n| n == 0.0).await;
    until_sample(&server, "inkroom_commit_failed_total", |n| n == 1.0).await;
    until_sample(&server, "inkroom_dup_answered_total", |n| n >= 1.0).await;
    until_sample(&server, "inkroom_sql_heal_total", |n| n >= 1.0).await;
}

#[tokio::test]
async fn what_gathers_for_a_slow_reader_and_that_it_starts_again_are_counted() {
    let server = TestServer::with(|config| {
        config.limits.ops_per_second = 100_000;
        config.limits.ops_burst = 100_000;
        config.timing.write = Duration::from_secs(120);
        config.timing.stuck = Duration::from_secs(120);
        // Upkeep, which looks how much gathered, comes as often.
        config.timing.idle = Duration::from_millis(20);
    })
    .await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut slow = Client::new(server.address, board, &server.guest().await);
    let narrow = TcpSocket::new_v4().unwrap();
    narrow.set_recv_buffer_size(4 * 1024).unwrap();
    slow.connect_over(narrow.connect(server.address).await.unwrap())
        .await;
    slow.until("live", |slow| slow.replica.is_live()).await;
    let mut has_gathered = false;
    for _ in 0..40 {
        for _ in 0..10 {
            a.draw(big_stroke()).await;
        }
        a.all_saved().await;
        has_gathered |= samples(&server).await["inkroom_gathered_bytes"] > 0.0;
    }
    assert!(has_gathered, "something waited for the slow reader");
    slow.at_seq(a.replica.position().seq).await;
    until_sample(&server, "inkroom_lane_resync_total", |n| n >= 1.0).await;
    until_sample(&server, "inkroom_gathered_bytes", |n| n == 0.0).await;
}

#[tokio::test]
async fn a_store_that_has_another_history_than_the_room_is_counted() {
    let server =
        TestServer::with(|config| config.timing.head_poll = Duration::from_millis(20)).await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    a.draw(stroke()).await;
    a.all_saved().await;
    assert!(samples(&server).await["inkroom_chain_mismatch_total"] == 0.0);
    let forged = "UPDATE boards SET head_chain = x'0102030405060708' WHERE id = ?";
    behind_its_back(&server, board, forged).await;
    until_sample(&server, "inkroom_chain_mismatch_total", |n| n >= 1.0).await;
}

#[tokio::test]
async fn a_saved_op_is_looked_for_again_and_counted_when_it_is_gone() {
    let server = TestServer::with(|config| config.timing.reread = Duration::from_millis(20)).await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    a.draw(stroke()).await;
    a.all_saved().await;
    until_sample(&server, "inkroom_acked_reread_total", |n| n >= 2.0).await;
    assert!(samples(&server).await["inkroom_acked_then_missing_total"] == 0.0);
    behind_its_back(&server, board, "DELETE FROM ops WHERE board_id = ?").await;
    until_sample(&server, "inkroom_acked_then_missing_total", |n| n == 1.0).await;
}

/// Changes a row of a board in the server's database.
async fn behind_its_back(server: &TestServer, board: BoardId, statement: &'static str) {
    let options = SqliteConnectOptions::new().filename(server.data().join("inkroom.db"));
    let mut link = SqliteConnection::connect_with(&options).await.unwrap();
    let change = sqlx::query(statement).bind(board.0.as_slice());
    assert_eq!(change.execute(&mut link).await.unwrap().rows_affected(), 1);
    link.close().await.unwrap();
}

#[tokio::test]
async fn nobody_looks_for_ops_after_the_end() {
    let data = tempfile::tempdir().unwrap();
    let gate = Gate::open(Arc::new(SqliteStore::open(data.path()).await.unwrap()));
    let store = Arc::downgrade(&gate);
    let mut config = Config::local(data.path().into());
    config.timing.reread = Duration::from_millis(1);
    let relay = LocalRelay::default().node(NodeId([1; 8]));
    let server = Server::with(config, gate, Arc::new(relay)).await.unwrap();
    server.shutdown().await;
    until("the store is let go of", async || store.strong_count() == 0).await;
}
