//! What a connection that says nothing takes of the server's memory.
//!
//! `cargo bench --bench memory`. The members' own memory is this process's and is not counted; nor is what the
//! system holds for a socket.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    missing_docs
)]

#[allow(dead_code, unused_imports)]
#[path = "../tests/server/common/mod.rs"]
mod common;
#[allow(dead_code)]
#[path = "crowd/server.rs"]
mod server;

use server::Server;

/// Boards, and members of each.
const CROWDS: [(usize, usize); 2] = [(1, 1_000), (100, 10)];
/// Each on a new server.
const RUNS: usize = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if !server::is_wanted() {
        return;
    }
    for (boards, members) in CROWDS {
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            runs.push(kib_a_connection(boards, members).await);
        }
        runs.sort_by(f64::total_cmp);
        println!(
            "{boards} boards of {members}: {:.1} KiB an idle connection (median of {RUNS}: {runs:.1?})",
            runs[RUNS / 2]
        );
    }
}

async fn kib_a_connection(boards: usize, members: usize) -> f64 {
    let server = Server::start(boards).await;
    let before = server.resident_kib();
    let crowd = server.joined(members).await;
    let after = server.resident_kib();
    let each = after.saturating_sub(before) as f64 / crowd.len() as f64;
    drop(crowd);
    server.stop().await;
    each
}
