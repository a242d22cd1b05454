//! What a server carries: past it, people are asked to come back.

use inkroom_board::wire::{PROTOCOL, ServerMessage};

use crate::common::{Client, Raw, TestServer, close_code, hello, until};

async fn status(server: &TestServer, board: inkroom_board::BoardId) -> u16 {
    let bearer = format!("Bearer {}", server.guest().await.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("sec-websocket-protocol", PROTOCOL),
    ];
    Raw::open(server.address, &board.to_string(), &headers)
        .await
        .map_or_else(|status| status, |_| 101)
}

#[tokio::test]
async fn a_full_server_answers_503_until_somebody_leaves() {
    let server = TestServer::with(|config| config.limits.members = 2).await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let one = Client::join(server.address, board, &ada).await;
    let _two = Client::join(server.address, board, &ada).await;
    assert_eq!(status(&server, board).await, 503);
    drop(one);
    until("a free place", async || status(&server, board).await == 101).await;
}

#[tokio::test]
async fn a_full_board_closes_1013() {
    let server = TestServer::with(|config| config.limits.board_members = 1).await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let _one = Client::join(server.address, board, &ada).await;
    let mut two = Raw::join(server.address, board, &server.guest().await).await;
    two.say(&hello()).await;
    assert_eq!(close_code(&mut two).await, 1013);
}

#[tokio::test]
async fn too_many_handshakes_at_once_are_held_back() {
    let server = TestServer::with(|config| config.limits.handshakes = 3).await;
    let board = server.board(&server.guest().await, "everyone").await;
    let mut refused = 0;
    for _ in 0..20 {
        refused += usize::from(status(&server, board).await == 503);
    }
    assert!(refused > 0);
    until("patience is rewarded", async || {
        status(&server, board).await == 101
    })
    .await;
}

#[tokio::test]
async fn many_on_one_board_all_hear_everything() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "presenters").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut audience = Vec::new();
    for _ in 0..60 {
        audience.push(Client::join(server.address, board, &server.guest().await).await);
    }
    for _ in 0..10 {
        a.draw(crate::common::stroke()).await;
    }
    a.all_saved().await;
    for viewer in &mut audience {
        viewer.at_seq(10).await;
        assert_eq!(viewer.digest(), a.digest());
    }
    let last = audience.last_mut().unwrap();
    last.until("the count", |last| last.presence.here() == 61)
        .await;
    let listed = |message: &ServerMessage| {
        if let ServerMessage::People { listed, .. } = message {
            Some(listed.len())
        } else {
            None
        }
    };
    assert_eq!(
        last.heard.iter().find_map(listed),
        Some(50),
        "an audience is counted, not listed"
    );
}
