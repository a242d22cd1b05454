//! kill -9, again and again, while people draw.
//!
//! A process that dies at a random moment of its work dies before COMMIT (row 3), after it and before the
//! acknowledgement (4), or after that and before the hint leaves (5): which one it was nobody can tell, so all three
//! are here in one, by number of rounds. That each of them in particular is harmless is in the simulation.

use std::time::Duration;

use crate::artist::{Artist, Story};
use crate::cluster::{Cluster, Database, go_on, rounds};

/// The longest time that somebody was not live, after the first time.
fn longest_away(stories: &[Story]) -> Duration {
    let away = stories.iter().flat_map(|story| story.away.iter().skip(1));
    away.max().copied().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_3_4_5_kill_9_of_one_of_two_servers_again_and_again_loses_and_doubles_nothing() {
    let mut cluster = Cluster::start().await;
    let board = cluster.board().await;
    let mut artists = cluster.artists(board, 2).await;
    let loyal = cluster.loyal(board, 1).await;
    let rounds = 10 * rounds();
    for round in 0..rounds {
        go_on(&mut artists, 10).await;
        let node = &mut cluster.nodes[round as usize % 2];
        node.kill().await;
        // The other server has them all by now.
        go_on(&mut artists, 5).await;
        node.start().await;
    }
    artists.extend(loyal);
    let stories = cluster.agree(board, artists).await;
    println!(
        "{rounds} rounds; longest not live: {:?}",
        longest_away(&stories[..4])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_3_4_kill_9_of_the_only_server_on_sqlite_loses_and_doubles_nothing() {
    let mut cluster = Cluster::of(1, Database::Sqlite, None).await;
    let board = cluster.board().await;
    let mut artists: Vec<Artist> = cluster.loyal(board, 4).await;
    for _ in 0..5 * rounds() {
        go_on(&mut artists, 15).await;
        cluster.nodes[0].kill().await;
        cluster.nodes[0].start().await;
    }
    let stories = cluster.agree(board, artists).await;
    println!("longest not live: {:?}", longest_away(&stories));
}
