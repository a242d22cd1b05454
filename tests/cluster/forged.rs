//! A message between servers that somebody made up, and that nothing but SQL can tell from a real one.

use std::sync::Arc;

use inkroom::relay::{Hint, codec};
use inkroom_board::ledger::Logged;
use inkroom_board::{BoardId, Entry, NodeId, OpId, Position};
use redis::AsyncCommands;

use crate::cluster::Cluster;
use crate::common::{Client, soon, stroke};
use crate::lines::channels;

/// A run that nobody committed, as if it went on from `before`.
fn forged(board: BoardId, before: Position, author: &Client) -> Vec<u8> {
    let id = OpId {
        client: inkroom::random::client(),
        n: 1,
    };
    let entry = Entry {
        id,
        author: author.guest.person,
        at_ms: 0,
        op: stroke(),
    };
    let stored = entry.op.to_stored();
    let logged = Logged {
        seq: before.seq + 1,
        chain: before.chain.next(id, entry.author, &stored),
        size: stored.len(),
        entry,
    };
    let hint = Hint {
        board,
        before,
        logged: Arc::from([logged]),
    };
    codec::hint(NodeId([9; 8]), &hint)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_run_is_undone_by_what_sql_says_and_never_saved() {
    let cluster = Cluster::start().await;
    let board = cluster.board().await;
    let (mut a, mut b) = (cluster.join(0, board).await, cluster.join(1, board).await);
    for _ in 0..5 {
        a.draw(stroke()).await;
    }
    a.all_saved().await;
    b.at_seq(5).await;
    cluster.healthy().await;
    let client = redis::Client::open(cluster.redis().url()).unwrap();
    let mut voice = client.get_multiplexed_async_connection().await.unwrap();
    let [hints, _] = channels(board);
    // One that goes on from where the log really is: nothing but SQL can tell.
    let forged = forged(board, a.replica.position(), &a);
    let heard: u32 = voice.publish(&hints, forged).await.unwrap();
    assert_eq!(heard, 2, "both servers");
    for client in [&mut a, &mut b] {
        client.at_seq(6).await;
        soon("the board as it was", async {
            while !client.replica.is_live() || client.replica.position().seq != 5 {
                if !client.step().await {
                    client.connect().await;
                }
            }
        })
        .await;
        // The history that is to be judged begins here.
        client.took.clear();
    }
    for _ in 0..5 {
        b.draw(stroke()).await;
    }
    b.all_saved().await;
    for node in &cluster.nodes {
        assert!(node.figure("inkroom_chain_mismatch_total").await >= 1.0);
    }
    cluster.agree_by_hand(board, vec![&mut a, &mut b]).await;
}
