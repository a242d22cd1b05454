//! `kill -9` of the real program, again and again, while people draw: nothing that was acknowledged is missing, nothing is
//! there twice, and everybody agrees.

use std::collections::BTreeSet;

use inkroom::store::{SqliteStore, Store};
use inkroom_board::OpId;

use crate::common::{Client, Guest, Process, stroke};

const ROUNDS: usize = 5;
const CLIENTS: usize = 4;
/// Acknowledged in each round before the process is killed, so that it is killed in the middle of work.
const ACKED_A_ROUND: usize = 60;

/// Everybody draws and listens until enough is acknowledged in this round.
async fn scribble(clients: &mut [Client]) {
    let before: usize = clients.iter().map(|client| client.saved.len()).sum();
    while clients
        .iter()
        .map(|client| client.saved.len())
        .sum::<usize>()
        < before + ACKED_A_ROUND
    {
        for client in clients.iter_mut() {
            client.draw(stroke()).await;
            client.draw(stroke()).await;
            assert!(client.step().await, "closed with {:?}", client.closed);
        }
    }
    // And some more, of which nothing is heard.
    for client in clients.iter_mut() {
        client.draw(stroke()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_is_applied_twice() {
    let data = tempfile::tempdir().unwrap();
    let mut process = Process::start(
        data.path(),
        &["--ops-per-second", "10000", "--ops-burst", "10000"],
    )
    .await;
    let ada = Guest::of(process.address).await;
    let board = ada.board(process.address, "everyone").await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::join(process.address, board, &Guest::of(process.address).await).await);
    }
    for _ in 0..ROUNDS {
        scribble(&mut clients).await;
        process.kill().await;
        process = Process::start(
            data.path(),
            &["--ops-per-second", "10000", "--ops-burst", "10000"],
        )
        .await;
        for client in &mut clients {
            client.vanish();
            client.server = process.address;
            client.connect().await;
        }
    }
    for client in &mut clients {
        client.all_saved().await;
    }
    let head = clients
        .iter()
        .map(|client| client.replica.position().seq)
        .max()
        .unwrap();
    for client in &mut clients {
        client.at_seq(head).await;
        assert!(client.refused.is_empty());
    }
    let digests: BTreeSet<_> = clients.iter().map(Client::digest).collect();
    assert_eq!(digests.len(), 1);
    process.kill().await;
    check_log(data.path(), board, &clients).await;
}

async fn check_log(data: &std::path::Path, board: inkroom_board::BoardId, clients: &[Client]) {
    let store = SqliteStore::open(data).await.unwrap();
    let mut log = Vec::new();
    loop {
        let more = store.tail(board, log.len() as u64, 1_000).await.unwrap();
        if more.is_empty() {
            break;
        }
        log.extend(more);
    }
    assert!(
        log.iter()
            .enumerate()
            .all(|(index, line)| line.seq == index as u64 + 1),
        "no holes"
    );
    let ids: BTreeSet<OpId> = log.iter().map(|line| line.entry.id).collect();
    assert_eq!(ids.len(), log.len(), "nothing twice");
    let saved: Vec<_> = clients.iter().flat_map(|client| &client.saved).collect();
    assert!(saved.len() >= ROUNDS * ACKED_A_ROUND);
    assert!(
        saved.iter().all(|id| ids.contains(id)),
        "nothing acknowledged is missing"
    );
    assert_eq!(
        saved.len(),
        log.len(),
        "everything in the log was acknowledged in the end"
    );
    for client in clients {
        let own: Vec<_> = log
            .iter()
            .filter(|line| line.entry.author == client.guest.person)
            .map(|line| line.entry.id.n)
            .collect();
        assert!(own.is_sorted(), "in the order in which it was drawn");
    }
    store.close().await;
}
