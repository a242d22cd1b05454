//! How many ops a second two servers bring into one Postgres, beside one.
//!
//! Everybody draws as fast as answers come: sends so many short strokes, waits until all of them are in the log, and so
//! on. What is counted was heard of by its author within the time. On the hot board half of the pens are on each server,
//! so that both contend for the end of one log; of many boards each has one pen, every second board on the other server.
//! One server alone has the same pens. The other one runs then too, with nobody on it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use inkroom_board::wire::{ClientMessage, Queued, ServerMessage};
use inkroom_board::{BoardId, ClientId};
use tokio::task::JoinSet;

use crate::Size;
use crate::common::{Raw, stroke};
use crate::figures::{heading, line, median};
use crate::server::{JOINING, OPEN_DOORS, join};
use crate::servers::Cluster;

/// Pens on the hot board.
const HOT_PENS: usize = 4;
/// Ops of each of them on their way: a page's window, so that a board has as many as its lane to the store takes well.
const HOT_OPS: u32 = 64;
/// Nobody is slowed down for drawing more than a person can.
const NO_LIMITS: [&str; 4] = ["--ops-per-second", "1000000", "--ops-burst", "1000000"];

/// Ops a second.
struct Round {
    hot: Compared,
    many: Compared,
}

struct Compared {
    one: f64,
    two: f64,
}

pub async fn measure(cluster: &Cluster, size: &Size) {
    let flags = [OPEN_DOORS, NO_LIMITS].concat();
    let servers = [cluster.server(&flags).await, cluster.server(&flags).await];
    let servers = servers.each_ref().map(|server| server.address);
    let mut rounds = Vec::new();
    for _ in 0..size.rounds {
        rounds.push(Round {
            hot: hot(cluster, servers, size).await,
            many: many(cluster, servers, size).await,
        });
    }
    report(size.boards, &rounds);
}

async fn hot(cluster: &Cluster, servers: [SocketAddr; 2], size: &Size) -> Compared {
    let boards = cluster.keeper.boards(2).await;
    let pens = |board| [board; HOT_PENS].to_vec();
    let [one, _] = servers;
    Compared {
        one: per_second(cluster, &[one], pens(boards[0]), HOT_OPS, size.seconds).await,
        two: per_second(cluster, &servers, pens(boards[1]), HOT_OPS, size.seconds).await,
    }
}

async fn many(cluster: &Cluster, servers: [SocketAddr; 2], size: &Size) -> Compared {
    let [one, _] = servers;
    let boards = cluster.keeper.boards(size.boards).await;
    let alone = per_second(cluster, &[one], boards, 1, size.seconds).await;
    let boards = cluster.keeper.boards(size.boards).await;
    Compared {
        one: alone,
        two: per_second(cluster, &servers, boards, 1, size.seconds).await,
    }
}

/// One pen for each of `boards`, dealt out to the servers; `ops` of each on their way.
async fn per_second(
    cluster: &Cluster,
    servers: &[SocketAddr],
    boards: Vec<BoardId>,
    ops: u32,
    seconds: u32,
) -> f64 {
    let places = boards.into_iter().zip(servers.iter().cycle());
    let pens: Vec<_> = stream::iter(places)
        .map(|(board, server)| Pen::join(cluster, *server, board))
        .buffer_unordered(JOINING)
        .collect()
        .await;
    let time = Duration::from_secs(seconds.into());
    let end = Instant::now() + time;
    let mut drawing = JoinSet::new();
    for pen in pens {
        drawing.spawn(pen.draw_until(end, ops));
    }
    let drawn: u32 = drawing.join_all().await.into_iter().sum();
    f64::from(drawn) / time.as_secs_f64()
}

struct Pen {
    raw: Raw,
    client: ClientId,
    saved: u32,
}

impl Pen {
    /// Somebody who has drawn once.
    async fn join(cluster: &Cluster, server: SocketAddr, board: BoardId) -> Self {
        let (raw, client) = join(server, board, &cluster.keeper.guest()).await;
        let mut pen = Self {
            raw,
            client,
            saved: 0,
        };
        pen.draw(1).await;
        pen
    }

    /// How many were saved by then.
    async fn draw_until(mut self, end: Instant, ops: u32) -> u32 {
        let mut drawn = 0;
        loop {
            self.draw(ops).await;
            if Instant::now() >= end {
                return drawn;
            }
            drawn += ops;
        }
    }

    /// Draws so many strokes and waits until they are saved.
    async fn draw(&mut self, ops: u32) {
        let last = self.saved + ops;
        let ops = (self.saved + 1..=last).map(|n| Queued { n, op: stroke() });
        let message = ClientMessage::Ops {
            client: self.client,
            again: false,
            ops: ops.collect(),
        };
        self.raw.say(&message).await;
        while self.saved < last {
            match self.raw.hear().await.expect("still connected") {
                ServerMessage::Ops(batch) => {
                    let own = batch
                        .entries
                        .iter()
                        .filter(|entry| entry.id.client == self.client);
                    self.saved = own.map(|entry| entry.id.n).fold(self.saved, u32::max);
                }
                ServerMessage::Nack { reason, .. } => panic!("refused: {reason}"),
                _ => {}
            }
        }
    }
}

fn report(boards: usize, rounds: &[Round]) {
    heading("ops a second", &["one server", "two", "times"]);
    let compared = |name: &str, of: fn(&Round) -> &Compared| {
        let figures = [
            median(rounds, |round| of(round).one),
            median(rounds, |round| of(round).two),
            median(rounds, |round| of(round).two / of(round).one),
        ];
        line(name, &figures);
    };
    compared("on one board", |round| &round.hot);
    compared(&format!("on {boards} boards"), |round| &round.many);
}
