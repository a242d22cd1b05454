//! The end of a server: told at once, in order, and without losing anything.

use inkroom_board::wire::ServerMessage;

use crate::common::{Ask, Client, Guest, Process, TestServer, stroke, until};

#[tokio::test]
async fn a_terminated_server_says_goodbye_closes_1012_and_exits_0() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(data.path(), &[]).await;
    let ada = Guest::of(process.address).await;
    let board = ada.board(process.address, "everyone").await;
    let mut a = Client::join(process.address, board, &ada).await;
    let mut b = Client::join(process.address, board, &Guest::of(process.address).await).await;
    for _ in 0..50 {
        a.draw(stroke()).await;
    }
    process.terminate();
    for client in [&mut a, &mut b] {
        assert_eq!(client.until_closed().await, 1012);
        let retry = client.heard.iter().find_map(|message| {
            if let ServerMessage::Bye { retry_ms } = message {
                Some(*retry_ms)
            } else {
                None
            }
        });
        assert!((1_000..5_000).contains(&retry.expect("a goodbye")));
    }
    let (code, _) = process.end().await;
    assert_eq!(code, Some(0));
    let again = Process::start(data.path(), &[]).await;
    for client in [&mut a, &mut b] {
        client.server = again.address;
        client.connect().await;
        client.all_saved().await;
        client.at_seq(50).await;
        assert_eq!(client.replica.confirmed().len(), 50);
    }
    assert_eq!(a.digest(), b.digest());
}

#[tokio::test]
async fn while_it_stops_it_says_so_and_takes_nobody_new() {
    let mut server = TestServer::with(|config| config.drain_lead = 60).await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let stopping = tokio::spawn(server.server.take().unwrap().shutdown());
    until("not ready", async || {
        Ask::get("/readyz").of(server.address).await.status == 503
    })
    .await;
    let bearer = format!("Bearer {}", ada.token);
    let refused = crate::common::Raw::open(
        server.address,
        &board.to_string(),
        &[("authorization", &bearer)],
    )
    .await;
    assert_eq!(refused.err(), Some(503));
    assert_eq!(Ask::get("/livez").of(server.address).await.status, 200);
    a.draw(stroke()).await;
    a.all_saved().await;
    stopping.abort();
}

#[tokio::test]
async fn the_ink_of_somebody_in_mid_stroke_is_kept_through_a_drain() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(data.path(), &[]).await;
    let ada = Guest::of(process.address).await;
    let board = ada.board(process.address, "everyone").await;
    let mut a = Client::join(process.address, board, &ada).await;
    let mut b = Client::join(process.address, board, &Guest::of(process.address).await).await;
    let id = crate::common::element();
    a.ink(crate::common::sketch(id, 25).0).await;
    b.until("ink", |b| b.sees_ink(id)).await;
    process.terminate();
    assert_eq!(a.until_closed().await, 1012);
    assert_eq!(process.end().await.0, Some(0));
    let again = Process::start(data.path(), &[]).await;
    let c = Client::join(again.address, board, &ada).await;
    assert!(c.replica.document().get(id).is_some());
}
