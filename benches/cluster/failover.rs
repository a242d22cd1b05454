//! How long until everybody on a killed server is live on the other one.
//!
//! Boards of ten with a few strokes each, all members on one server, which is killed (`kill -9`). From that moment each
//! does what the page does: sees the line break, waits as the page's own [`Backoff`] says, connects, says where its copy
//! is, and is live when it has everything up to the head. A try that is refused is one more loss of the line. All go
//! straight to the other server, as if a load balancer knew at once; it has none of the boards open.
//!
//! Two things bound it from below whatever the machine does. The first wait is anything up to half a second, so half of
//! the members are not there before a quarter. And the other server's bound on new connections is the default: as many
//! at once as it takes in a second, then that many a second. What the second one comes to is told beside the figures.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use inkroom::config::Limits;
use inkroom::random;
use inkroom_board::BoardId;
use inkroom_board::wire::PROTOCOL;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Size;
use crate::backoff::Backoff;
use crate::common::{Client, Raw, soon, stroke};
use crate::figures::{Times, heading, line, median};
use crate::server::{JOINING, OPEN_DOORS};
use crate::servers::Cluster;

/// On each board.
const MEMBERS: usize = 10;
/// On each board, before.
const STROKES: u64 = 20;
/// As the other server is usually started, but with little to say.
const DOORS_AS_USUAL: [&str; 2] = ["--log", "error"];

struct Round {
    live: Times,
    refused: usize,
}

pub async fn measure(cluster: &Cluster, size: &Size) {
    let mut rounds = Vec::new();
    for _ in 0..size.rounds {
        rounds.push(round(cluster, size.members).await);
    }
    report(size.members, &rounds);
}

async fn round(cluster: &Cluster, members: usize) -> Round {
    let one = cluster.server(&OPEN_DOORS).await;
    let other = cluster.server(&DOORS_AS_USUAL).await;
    let boards = cluster.keeper.boards(members.div_ceil(MEMBERS)).await;
    let (from, to) = (one.address, other.address);
    let seated: Vec<_> = stream::iter(boards)
        .map(|board| seated(cluster, from, board))
        .buffer_unordered(JOINING / MEMBERS)
        .collect()
        .await;
    let mut moving = JoinSet::new();
    for client in seated.into_iter().flatten() {
        moving.spawn(moved(client, to));
    }
    // They all listen by now.
    tokio::task::yield_now().await;
    let killed = Instant::now();
    one.kill().await;
    let moved = soon("everybody is live", moving.join_all()).await;
    Round {
        live: Times::of(moved.iter().map(|moved| moved.at.duration_since(killed))),
        refused: moved.iter().map(|moved| moved.refused).sum(),
    }
}

/// Everybody on one board, and current.
async fn seated(cluster: &Cluster, server: SocketAddr, board: BoardId) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..MEMBERS {
        clients.push(Client::join(server, board, &cluster.keeper.guest()).await);
    }
    for _ in 0..STROKES {
        clients[0].draw(stroke()).await;
    }
    for client in &mut clients {
        client.at_seq(STROKES).await;
    }
    clients[0].all_saved().await;
    clients
}

/// Somebody who is live again.
struct Moved {
    at: Instant,
    refused: usize,
    /// Still on the line.
    _raw: Raw,
}

async fn moved(mut client: Client, to: SocketAddr) -> Moved {
    client.until_closed().await;
    let since = Instant::now();
    let now_ms = || since.elapsed().as_secs_f64() * 1e3;
    let mut backoff = Backoff::default();
    let mut refused = 0;
    loop {
        let wait_ms = backoff.lost(now_ms(), random::fraction(), false);
        sleep(Duration::from_secs_f64(wait_ms / 1e3)).await;
        match open(&client, to).await {
            Ok(mut raw) => {
                backoff.connected(now_ms());
                live(&mut client, &mut raw).await;
                return Moved {
                    at: Instant::now(),
                    refused,
                    _raw: raw,
                };
            }
            Err(_) => refused += 1,
        }
    }
}

/// Or the status with which that was refused.
async fn open(client: &Client, server: SocketAddr) -> Result<Raw, u16> {
    let bearer = format!("Bearer {}", client.guest.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("sec-websocket-protocol", PROTOCOL),
    ];
    Raw::open(server, &client.board.to_string(), &headers).await
}

async fn live(client: &mut Client, raw: &mut Raw) {
    raw.say(&client.replica.hello()).await;
    while !client.replica.is_live() {
        let message = raw.hear().await.expect("still connected");
        let received = client.replica.receive(&message, random::client);
        assert!(
            received.fetch.is_none() && !received.reconnect,
            "it resumes"
        );
    }
}

fn report(members: usize, rounds: &[Round]) {
    let per_second = f64::from(Limits::default().handshakes);
    heading(
        &format!("a server of {members} is killed, s"),
        &["live after", "at best"],
    );
    for (name, percent) in [("50 %", 50), ("99 %", 99), ("all", 100)] {
        let live = median(rounds, |round| round.live.at(percent) / 1e3);
        let through = (members * percent).div_ceil(100) as f64;
        line(name, &[live, (through / per_second - 1.0).max(0.0)]);
    }
    let refused = median(rounds, |round| round.refused as f64);
    println!(
        "    at best: {per_second} new connections at once, then as many a second; {refused} tries were refused\n"
    );
}
