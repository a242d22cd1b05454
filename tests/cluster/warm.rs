//! A board that is asked for again within the hour opens from Redis: without its log, on any server.

use std::time::Duration;

use inkroom_board::BoardId;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::common::{Client, stroke};

/// A room closes half a minute after its last member left.
const CLOSED: Duration = Duration::from_secs(90);

async fn closed(cluster: &Cluster, node: usize) {
    let deadline = Instant::now() + CLOSED;
    while cluster.nodes[node].health().await["boards"]["open"] != 0 {
        assert!(Instant::now() < deadline, "the room is still open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Takes from SQL everything that the board could be read from: its log, and what is in its snapshots.
async fn make_unreadable(cluster: &Cluster, board: BoardId) {
    let url = cluster.database.as_ref().unwrap();
    let mut link = PgConnection::connect(url).await.unwrap();
    for statement in [
        "DELETE FROM ops WHERE board_id = $1",
        "UPDATE snapshots SET body = '' WHERE board_id = $1",
    ] {
        let done = sqlx::query(statement)
            .bind(board.0.to_vec())
            .execute(&mut link);
        assert!(done.await.unwrap().rows_affected() > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_board_opens_on_another_server_within_the_hour_without_anything_of_its_log() {
    let cluster = Cluster::start().await;
    cluster.healthy().await;
    let board = cluster.board().await;
    let mut a = cluster.join(0, board).await;
    for _ in 0..30 {
        a.draw(stroke()).await;
    }
    a.all_saved().await;
    let (drawn, digest) = (a.drawn.clone(), a.digest());
    cluster.agree_by_hand(board, vec![&mut a]).await;
    drop(a);
    closed(&cluster, 0).await;
    closed(&cluster, 1).await;
    make_unreadable(&cluster, board).await;
    let b = cluster.join(1, board).await;
    assert_eq!(b.digest(), digest);
    assert_eq!(b.replica.confirmed().len(), drawn.len());
    // It was Redis, and nothing else: without it there is nothing to open the board from.
    cluster.redis().ask::<()>(&["FLUSHALL"]).await;
    let guest = cluster.guest().await;
    let mut cold = Client::new(cluster.nodes[0].address(), board, &guest);
    if cold.try_connect().await {
        cold.until_closed().await;
    }
    assert!(cold.replica.document().is_empty());
}
