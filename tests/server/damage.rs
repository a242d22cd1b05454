//! A database that is not as it was written, on a running server: each board opens as far as it can be believed, the others
//! never notice.

use std::path::Path;

use inkroom_board::wire::{ClientMessage, Queued, Refusal, ServerMessage};
use inkroom_board::{BoardId, Op, OpId};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::common::{Ask, Client, Guest, Process, TestServer, stroke, text_of};

/// Changes one row as a bad disk would, while no server runs.
async fn harm(data: &Path, statement: &'static str, board: BoardId) {
    let options = SqliteConnectOptions::new().filename(data.join("inkroom.db"));
    let mut link = SqliteConnection::connect_with(&options).await.unwrap();
    let harm = sqlx::query(statement).bind(board.0.as_slice());
    assert_eq!(harm.execute(&mut link).await.unwrap().rows_affected(), 1);
    link.close().await.unwrap();
}

/// Somebody's board with three strokes, and what it looked like after two of them.
async fn drawn(process: &Process, ada: &Guest) -> (BoardId, String, String) {
    let board = ada.board(process.address, "everyone").await;
    let mut a = Client::join(process.address, board, ada).await;
    a.draw(Op::SetTitle(text_of(1))).await;
    a.draw(stroke()).await;
    a.all_saved().await;
    let verified = a.digest();
    a.draw(stroke()).await;
    a.draw(stroke()).await;
    a.all_saved().await;
    (board, verified, a.digest())
}

async fn stop(process: Process) -> String {
    process.terminate();
    let (code, log) = process.end().await;
    assert_eq!(code, Some(0), "{log}");
    log
}

/// Nothing changes any more, everything up to the damage is shown, and everybody is told from the start.
async fn is_read_only(process: &Process, board: BoardId, ada: &Guest, verified: &str) {
    let page = Ask::get(format!("/b/{board}")).of(process.address).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains(&text_of(1)));
    let picture = Ask::get(format!("/b/{board}.svg"))
        .of(process.address)
        .await;
    assert_eq!(picture.status, 200);
    assert_eq!(picture.text().matches("<path").count(), 1);
    let mut a = Client::join(process.address, board, ada).await;
    assert_eq!(a.replica.position().seq, 2);
    assert_eq!(a.digest(), verified);
    assert!(a.replica.is_read_only(), "said in the welcome");
    a.draw(stroke()).await;
    assert_eq!(a.replica.pending(), 1, "kept for another day");
    let client = inkroom::random::client();
    let op = Queued { n: 1, op: stroke() };
    a.say(ClientMessage::Ops {
        client,
        again: false,
        ops: vec![op],
    })
    .await;
    let id = OpId { client, n: 1 };
    let reason = Refusal::ReadOnly;
    let refusal = ServerMessage::Nack { id, reason };
    a.until("a refusal", |a| a.heard.contains(&refusal)).await;
}

fn count(client: &Client, is_it: impl Fn(&ServerMessage) -> bool) -> usize {
    client.heard.iter().filter(|heard| is_it(heard)).count()
}

#[tokio::test]
async fn row_53_a_damaged_op_leaves_its_board_readable_and_every_other_board_alone() {
    for statement in [
        "UPDATE ops SET body = CAST(body || x'00' AS BLOB) WHERE board_id = ? AND seq = 3",
        "UPDATE ops SET chain = x'0102030405060708' WHERE board_id = ? AND seq = 3",
        "DELETE FROM ops WHERE board_id = ? AND seq = 3",
    ] {
        let data = tempfile::tempdir().unwrap();
        let process = Process::start(data.path(), &[]).await;
        let ada = Guest::of(process.address).await;
        let (bad, verified, _) = drawn(&process, &ada).await;
        let (good, _, whole) = drawn(&process, &ada).await;
        // Before there is a snapshot, which would have it all.
        process.kill().await;
        harm(data.path(), statement, bad).await;
        let process = Process::start(data.path(), &[]).await;
        is_read_only(&process, bad, &ada, &verified).await;
        let mut a = Client::join(process.address, good, &ada).await;
        assert_eq!(a.digest(), whole);
        a.draw(stroke()).await;
        a.all_saved().await;
        a.vanish();
        let log = stop(process).await;
        let told = log.lines().filter(|line| line.contains("ERROR")).count();
        assert_eq!(told, 1, "once, not again and again: {log}");
        assert!(log.contains("opened read-only"), "{log}");
        for never in [&bad.to_string(), &text_of(1), &ada.token] {
            assert!(!log.contains(never.as_str()), "{never} in {log}");
        }
    }
}

#[tokio::test]
async fn row_53_a_damaged_snapshot_is_made_good_by_the_one_before_and_the_log() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(data.path(), &[]).await;
    let ada = Guest::of(process.address).await;
    let (board, _, whole) = drawn(&process, &ada).await;
    stop(process).await;
    keep_snapshot(data.path(), board).await;
    harm(
        data.path(),
        "UPDATE snapshots SET body = CAST(body || x'00' AS BLOB) WHERE board_id = ? AND seq = 4",
        board,
    )
    .await;
    let process = Process::start(data.path(), &[]).await;
    let mut a = Client::join(process.address, board, &ada).await;
    assert_eq!((a.digest(), a.replica.position().seq), (whole, 4));
    a.draw(stroke()).await;
    a.all_saved().await;
    assert_eq!(a.replica.position().seq, 5, "and it goes on");
    a.vanish();
    let log = stop(process).await;
    assert!(
        log.contains("a snapshot is damaged: using an older one"),
        "{log}"
    );
    assert!(!log.contains(&board.to_string()), "{log}");
}

/// As the server keeps it of a board at rest.
async fn keep_snapshot(data: &Path, board: BoardId) {
    use inkroom::store::{Snapshot, SqliteStore, Store};
    let store = SqliteStore::open(data).await.unwrap();
    let opening = store.load(board).await.unwrap();
    store
        .put_snapshot(board, Snapshot::of(&opening.document))
        .await
        .unwrap();
    store.close().await;
}

#[tokio::test]
async fn row_53_a_room_that_can_only_be_read_does_not_read_the_damage_again_and_again() {
    let mut first = TestServer::start().await;
    let ada = first.guest().await;
    let board = first.board(&ada, "everyone").await;
    let mut a = Client::join(first.address, board, &ada).await;
    for _ in 0..4 {
        a.draw(stroke()).await;
    }
    a.all_saved().await;
    a.vanish();
    first.stop().await;
    harm(
        &first.data(),
        "UPDATE ops SET body = CAST(body || x'00' AS BLOB) WHERE board_id = ? AND seq = 3",
        board,
    )
    .await;
    let mut config = inkroom::Config::local(first.data());
    config.timing.head_poll = std::time::Duration::from_millis(5);
    config.timing.heartbeat = std::time::Duration::from_millis(50);
    let server = TestServer::of(inkroom::Server::new(config).await.unwrap()).await;
    let guest = server.guest().await;
    let mut b = Client::join(server.address, board, &guest).await;
    b.heard.clear();
    let heads = |b: &Client| count(b, |heard| matches!(heard, ServerMessage::Head(_)));
    b.until("many polls", |b| heads(b) >= 10).await;
    assert_eq!(
        count(&b, |heard| matches!(heard, ServerMessage::Start(_))),
        0
    );
    assert_eq!(b.replica.position().seq, 2);
}
