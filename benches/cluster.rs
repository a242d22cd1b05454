//! What it costs that several servers serve the same boards: two real ones, a real Redis and a real Postgres, on loopback.
//!
//! `TMPDIR=$PWD/target cargo bench --bench cluster` (the data goes to `TMPDIR`: name a real disk). Some minutes;
//! `INKROOM_BENCH=quick` makes everything small, to see whether it works. What counts is how two servers compare with
//! one in the same run, and a ratio is the median of the rounds' own: the crowd, both servers and both stores share the
//! processors of one machine, so that a second server brings no more of them, and there is no network between them. Each
//! file says what its figures span.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    missing_docs
)]

#[allow(dead_code, unused_imports)]
#[path = "../frontend/src/link/backoff.rs"]
mod backoff;
#[path = "cluster/commits.rs"]
mod commits;
#[allow(dead_code, unused_imports)]
#[path = "../tests/server/common/mod.rs"]
mod common;
#[path = "cluster/failover.rs"]
mod failover;
#[path = "cluster/figures.rs"]
mod figures;
#[path = "cluster/relay.rs"]
mod relay;
#[allow(dead_code)]
#[path = "crowd/server.rs"]
mod server;
#[path = "cluster/servers.rs"]
mod servers;

use servers::Cluster;

/// How much of everything.
#[derive(Debug)]
pub struct Size {
    /// Of everything; the figures are their medians.
    pub rounds: usize,
    /// Messages whose times are taken, for each of the figures of the relay.
    pub messages: usize,
    /// Members of the server that is killed.
    pub members: usize,
    /// Boards that are drawn on at once.
    pub boards: usize,
    /// Of drawing as fast as it goes.
    pub seconds: u32,
}

const WHOLE: Size = Size {
    rounds: 3,
    messages: 300,
    members: 1_000,
    boards: 1_000,
    seconds: 5,
};
const QUICK: Size = Size {
    rounds: 1,
    messages: 40,
    members: 100,
    boards: 50,
    seconds: 1,
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if !server::is_wanted() {
        return;
    }
    let is_quick = std::env::var("INKROOM_BENCH").is_ok_and(|size| size == "quick");
    let size = if is_quick { QUICK } else { WHOLE };
    println!(
        "One or two servers on one Postgres and one Redis; medians of {} rounds\n",
        size.rounds
    );
    let cluster = Cluster::start().await;
    relay::measure(&cluster, &size).await;
    failover::measure(&cluster, &size).await;
    commits::measure(&cluster, &size).await;
}
