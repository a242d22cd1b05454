//! Drawing together: ink is seen while it is drawn, ops are acknowledged when they are committed, everybody agrees.

use inkroom::store::{SqliteStore, Store};
use inkroom_board::wire::Sketch;
use inkroom_board::{Element, Op};

use crate::common::{Client, TestServer, element, sketch, stroke};

#[tokio::test]
async fn two_who_draw_at_once_see_the_same_board() {
    let server = TestServer::start().await;
    let (ada, bo) = (server.guest().await, server.guest().await);
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut b = Client::join(server.address, board, &bo).await;
    for _ in 0..20 {
        a.draw(stroke()).await;
        b.draw(stroke()).await;
    }
    a.draw(Op::Clear).await;
    a.all_saved().await;
    b.all_saved().await;
    a.at_seq(41).await;
    b.at_seq(41).await;
    assert_eq!(a.digest(), b.digest());
    assert_eq!(a.saved.len() + b.saved.len(), 41);
}

#[tokio::test]
async fn ink_is_seen_by_others_while_it_is_drawn_and_goes_when_it_is_in_the_log() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut b = Client::join(server.address, board, &server.guest().await).await;
    let id = element();
    let (ink, _) = sketch(id, 12);
    a.ink(ink).await;
    b.until("ink", |b| b.sees_ink(id)).await;
    assert_eq!(b.replica.position().seq, 0, "ink never moves the seq");
    let Op::Add {
        element: Element::Stroke(mut settled),
        ..
    } = stroke()
    else {
        unreachable!()
    };
    settled.done = true;
    a.draw(Op::Add {
        id,
        element: Element::Stroke(settled),
    })
    .await;
    b.at_seq(1).await;
    assert!(!b.sees_ink(id));
    a.all_saved().await;
    assert_eq!(a.digest(), b.digest());
}

#[tokio::test]
async fn whoever_joins_in_mid_stroke_sees_it_too_and_cancelled_ink_goes() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let id = element();
    a.ink(sketch(id, 12).0).await;
    a.say(inkroom_board::wire::ClientMessage::Ping(1)).await;
    a.until("a pong", |a| {
        a.heard
            .contains(&inkroom_board::wire::ServerMessage::Pong(1))
    })
    .await;
    let mut late = Client::join(server.address, board, &server.guest().await).await;
    late.until("ink", |late| late.sees_ink(id)).await;
    a.ink(Sketch::Gone { id }).await;
    late.until("no ink", |late| !late.sees_ink(id)).await;
}

#[tokio::test]
async fn what_a_vanished_author_was_drawing_is_kept() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut b = Client::join(server.address, board, &server.guest().await).await;
    let id = element();
    a.ink(sketch(id, 30).0).await;
    b.until("ink", |b| b.sees_ink(id)).await;
    a.vanish();
    b.at_seq(1).await;
    let (_, item) = b.replica.document().get(id).unwrap();
    assert_eq!(item.author, ada.person);
    b.until("no stuck ink", |b| !b.sees_ink(id)).await;
}

#[tokio::test]
async fn what_is_acknowledged_is_in_the_database_by_then() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let reader = SqliteStore::open(&server.data()).await.unwrap();
    for n in 1..=10 {
        a.draw(stroke()).await;
        a.all_saved().await;
        let log = reader.tail(board, 0, 100).await.unwrap();
        assert_eq!(log.len(), n);
        assert_eq!(log.last().unwrap().entry.id, *a.saved.last().unwrap());
    }
    reader.close().await;
}
