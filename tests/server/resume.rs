//! Coming back: only what was missed is sent, and what was sent twice is applied once.

use inkroom_board::wire::{ClientMessage, Queued, ServerMessage, Start};
use inkroom_board::{Chain, OpId, Position};

use crate::common::{Client, Raw, TestServer, hello, stroke};

fn ops_heard(client: &Client) -> Vec<u64> {
    let batches = client.heard.iter().filter_map(|message| match message {
        ServerMessage::Ops(batch) => Some(batch.first..batch.first + batch.entries.len() as u64),
        _ => None,
    });
    batches.flatten().collect()
}

#[tokio::test]
async fn a_resume_brings_only_what_was_missed() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut b = Client::join(server.address, board, &server.guest().await).await;
    for _ in 0..5 {
        a.draw(stroke()).await;
    }
    b.at_seq(5).await;
    b.vanish();
    for _ in 0..3 {
        a.draw(stroke()).await;
    }
    a.all_saved().await;
    b.connect().await;
    b.at_seq(8).await;
    assert_eq!(ops_heard(&b), [6, 7, 8]);
    assert_eq!(a.digest(), b.digest());
}

#[tokio::test]
async fn what_was_drawn_offline_goes_in_on_return_and_what_was_sent_before_goes_in_once() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    for _ in 0..3 {
        a.draw(stroke()).await;
    }
    // Cut before anything was heard: some of it may be committed, and nobody here knows.
    a.vanish();
    for _ in 0..3 {
        a.draw(stroke()).await;
    }
    assert_eq!(a.replica.pending(), 6);
    a.connect().await;
    a.all_saved().await;
    assert_eq!(a.replica.position().seq, 6);
    assert_eq!(a.replica.document().len(), 6);
}

#[tokio::test]
async fn a_newcomer_gets_a_snapshot_and_the_same_board() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    for _ in 0..4 {
        a.draw(stroke()).await;
    }
    a.all_saved().await;
    let mut b = Client::join(server.address, board, &server.guest().await).await;
    b.at_seq(4).await;
    assert!(
        b.heard
            .iter()
            .any(|message| matches!(message, ServerMessage::Start(Start::Snapshot(_))))
    );
    assert_eq!(a.digest(), b.digest());
}

async fn start_for(
    server: &TestServer,
    board: inkroom_board::BoardId,
    resume: Option<Position>,
) -> Start {
    let mut raw = Raw::join(server.address, board, &server.guest().await).await;
    let ClientMessage::Hello { client, .. } = hello() else {
        unreachable!()
    };
    raw.say(&ClientMessage::Hello { client, resume }).await;
    let start = |message: &ServerMessage| {
        if let ServerMessage::Start(start) = message {
            Some(*start)
        } else {
            None
        }
    };
    raw.hear_of(start).await
}

#[tokio::test]
async fn row_37_a_position_that_is_not_of_this_history_starts_from_a_snapshot() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    for _ in 0..3 {
        a.draw(stroke()).await;
    }
    a.all_saved().await;
    let head = a.replica.position();
    assert_eq!(
        start_for(&server, board, Some(head)).await,
        Start::Tail { from: head, head }
    );
    let wrong = [
        Position { seq: 4, ..head },
        Position {
            seq: u64::MAX,
            ..head
        },
        Position { seq: 2, ..head },
        Position {
            epoch: head.epoch + 1,
            ..head
        },
        Position {
            chain: Chain([0; 8]),
            ..head
        },
    ];
    for position in wrong {
        assert_eq!(
            start_for(&server, board, Some(position)).await,
            Start::Snapshot(head),
            "{position:?}"
        );
    }
}

#[tokio::test]
async fn row_33_an_op_sent_again_is_answered_with_its_place() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut raw = Raw::join(server.address, board, &ada).await;
    let ClientMessage::Hello { client, resume } = hello() else {
        unreachable!()
    };
    raw.say(&ClientMessage::Hello { client, resume }).await;
    let ops = ClientMessage::Ops {
        client,
        again: false,
        ops: vec![Queued { n: 1, op: stroke() }],
    };
    raw.say(&ops).await;
    raw.hear_of(|message| matches!(message, ServerMessage::Ops(_)).then_some(()))
        .await;
    raw.say(&ops).await;
    let answer = raw.hear_of(|message| {
        if let ServerMessage::Ack { id, seq } = message {
            Some((*id, *seq))
        } else {
            None
        }
    });
    assert_eq!(answer.await, (OpId { client, n: 1 }, 1));
}
