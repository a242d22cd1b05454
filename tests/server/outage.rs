//! A store that cannot commit, on a running server: nothing is called saved, everything else goes on, and nothing is lost.

use std::sync::Arc;

use inkroom::relay::LocalRelay;
use inkroom::store::SqliteStore;
use inkroom::{Config, Server, WriterEnded};
use inkroom_board::NodeId;
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Ask, Client, TestServer, element, sketch, soon, stroke, until};
use crate::gate::{Fault, Gate};

/// A server whose commits are at the test's mercy.
async fn at_the_gate() -> (TestServer, Arc<Gate>, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let gate = Gate::shut(Arc::new(SqliteStore::open(data.path()).await.unwrap()));
    let config = Config::local(data.path().into());
    let server = Server::with(
        config,
        gate.clone(),
        Arc::new(LocalRelay::default().node(NodeId([1; 8]))),
    )
    .await
    .unwrap();
    (TestServer::of(server).await, gate, data)
}

async fn health(server: &TestServer) -> Value {
    let answer = Ask::get("/health").of(server.address).await;
    serde_json::from_slice(&answer.body).unwrap()
}

async fn ready(server: &TestServer) -> u16 {
    Ask::get("/readyz").of(server.address).await.status
}

#[tokio::test]
async fn while_commits_fail_changes_wait_ink_flows_and_in_the_end_all_is_saved_once() {
    let (server, gate, _data) = at_the_gate().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut b = Client::join(server.address, board, &server.guest().await).await;
    gate.fail(&[Fault::Before; 2]);
    gate.let_pass(2);
    for _ in 0..5 {
        a.draw(stroke()).await;
    }
    // Two commits failed by then, the third is asked for.
    soon("a third attempt", gate.asked(3)).await;
    let id = element();
    a.ink(sketch(id, 25).0).await;
    b.until("ink", |b| b.sees_ink(id)).await;
    assert_eq!((a.saved.len(), a.replica.pending()), (0, 5));
    assert!(b.replica.document().is_empty());
    assert_eq!(health(&server).await["status"], "degraded");
    assert_eq!(
        ready(&server).await,
        200,
        "all servers on one store would be gone at once"
    );
    // Once more, and this time it worked without anybody hearing of it.
    gate.fail(&[Fault::After]);
    gate.let_all_pass();
    a.all_saved().await;
    a.at_seq(5).await;
    b.at_seq(5).await;
    assert_eq!((a.saved.len(), a.refused.len()), (5, 0));
    assert_eq!((a.replica.position().seq, a.digest()), (5, b.digest()));
    until("well again", async || {
        health(&server).await["status"] == "ok"
    })
    .await;
}

#[tokio::test]
async fn a_server_whose_writer_broke_says_so_and_asks_to_be_ended() {
    let (server, gate, _data) = at_the_gate().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    assert_eq!(ready(&server).await, 200);
    gate.break_down();
    a.draw(stroke()).await;
    let served = server
        .server
        .as_ref()
        .unwrap()
        .serve_until(std::future::pending());
    assert_eq!(soon("the end", served).await, Err(WriterEnded));
    assert_eq!(health(&server).await["status"], "failed");
    assert_eq!(ready(&server).await, 503);
    assert!(a.saved.is_empty());
}
