//! Presenter mode: who may draw is decided by the server, at the moment that the log says.

use inkroom_board::wire::{ClientMessage, Queued, Refusal, ServerMessage};
use inkroom_board::{Mode, Op, Role};

use crate::common::{Client, TestServer, element, sketch, stroke};

#[tokio::test]
async fn row_39_a_viewers_op_is_refused_and_their_ink_is_shown_to_nobody() {
    let server = TestServer::start().await;
    let (ada, bo) = (server.guest().await, server.guest().await);
    let board = server.board(&ada, "presenters").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut b = Client::join(server.address, board, &bo).await;
    assert_eq!(b.replica.document().access().role(bo.person), Role::Viewer);
    let id = element();
    b.ink(sketch(id, 9).0).await;
    b.draw(stroke()).await;
    b.until("a refusal", |b| !b.refused.is_empty()).await;
    assert_eq!(b.refused[0].1, Refusal::Forbidden);
    a.draw(stroke()).await;
    a.all_saved().await;
    b.at_seq(1).await;
    assert_eq!(a.replica.document().len(), 1);
    assert!(!a.heard.iter().any(|message| matches!(
        message,
        ServerMessage::Ink { .. } | ServerMessage::Cursor { .. }
    )));
    assert_eq!(a.digest(), b.digest());
}

#[tokio::test]
async fn the_pen_is_passed_and_taken_back_in_mid_stroke() {
    let server = TestServer::start().await;
    let (ada, bo) = (server.guest().await, server.guest().await);
    let board = server.board(&ada, "presenters").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut b = Client::join(server.address, board, &bo).await;
    let mut viewer = Client::join(server.address, board, &server.guest().await).await;
    a.draw(Op::SetPen {
        person: bo.person,
        holds: true,
    })
    .await;
    b.at_seq(1).await;
    let id = element();
    let (ink, begun) = sketch(id, 20);
    b.draw(begun).await;
    b.all_saved().await;
    b.ink(ink).await;
    viewer.at_seq(2).await;
    a.at_seq(2).await;
    a.draw(Op::SetPen {
        person: bo.person,
        holds: false,
    })
    .await;
    a.all_saved().await;
    b.draw(stroke()).await;
    b.until("a refusal", |b| !b.refused.is_empty()).await;
    for client in [&mut a, &mut b, &mut viewer] {
        client.at_seq(3).await;
        client
            .until("no stuck ink", |client| !client.sees_ink(id))
            .await;
        let (_, kept) = client
            .replica
            .document()
            .get(id)
            .expect("what was committed is kept");
        assert_eq!(kept.author, bo.person);
    }
    assert_eq!(a.digest(), b.digest());
    assert_eq!(a.digest(), viewer.digest());
}

#[tokio::test]
async fn only_the_owner_changes_who_draws_and_everybody_follows() {
    let server = TestServer::start().await;
    let (ada, bo) = (server.guest().await, server.guest().await);
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut b = Client::join(server.address, board, &bo).await;
    b.draw(Op::SetMode(Mode::Presenters)).await;
    b.until("a refusal", |b| b.refused.len() == 1).await;
    a.draw(Op::SetMode(Mode::Presenters)).await;
    b.at_seq(1).await;
    b.draw(stroke()).await;
    b.until("a refusal", |b| b.refused.len() == 2).await;
    a.all_saved().await;
    a.draw(Op::SetMode(Mode::Everyone)).await;
    b.at_seq(2).await;
    b.draw(stroke()).await;
    b.all_saved().await;
    assert_eq!(b.replica.document().len(), 1);
}

#[tokio::test]
async fn an_op_that_was_on_its_way_when_the_pen_went_is_refused_at_commit() {
    let server = TestServer::start().await;
    let (ada, bo) = (server.guest().await, server.guest().await);
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut b = Client::join(server.address, board, &bo).await;
    a.draw(Op::SetMode(Mode::Presenters)).await;
    let client = inkroom::random::client();
    for n in 1..=20 {
        b.say(ClientMessage::Ops {
            client,
            again: false,
            ops: vec![Queued { n, op: stroke() }],
        })
        .await;
    }
    a.all_saved().await;
    a.draw(Op::SetTitle("end".into())).await;
    a.all_saved().await;
    b.at_seq(a.replica.position().seq).await;
    assert_eq!(a.digest(), b.digest());
    let log = a.heard.iter().filter_map(|message| {
        if let ServerMessage::Ops(batch) = message {
            Some(&batch.entries)
        } else {
            None
        }
    });
    let log: Vec<_> = log.flatten().collect();
    let switch = log
        .iter()
        .position(|entry| entry.op == Op::SetMode(Mode::Presenters))
        .unwrap();
    assert!(
        log.iter()
            .skip(switch)
            .all(|entry| entry.author == ada.person),
        "nothing of a viewer after the switch"
    );
}
