//! How fast the queue of somebody who was away gets into the log, and what those who draw meanwhile feel of it.
//!
//! `TMPDIR=$PWD/target cargo bench --bench drain` (the data goes to `TMPDIR`: name a real disk). Those who come back run a
//! replica as the page does, with short strokes waiting in it; beside them somebody draws one stroke after the other on
//! the same board. All share this machine's processors with the server.

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
#[path = "cluster/figures.rs"]
mod figures;
#[allow(dead_code)]
#[path = "crowd/server.rs"]
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use inkroom_board::wire::ServerMessage;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use common::{Client, stroke};
use figures::{Times, heading, line};
use server::Server;

/// Ops that wait in each queue.
const QUEUE: usize = 10_000;
/// How many come back at the same time: all they bring finds room on a board ([`inkroom_board::limits::BOARD_ELEMENTS`]).
const BACK_AT_ONCE: [usize; 3] = [1, 4, 9];
/// Who is not done by then is counted by what is saved.
const MOST: Duration = Duration::from_secs(60);
/// Between two strokes of the one who draws.
const PAUSE: Duration = Duration::from_millis(20);

/// What became of one queue.
#[derive(Default)]
struct Drained {
    saved: usize,
    took: Duration,
    refusals: usize,
    closed: usize,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    if !server::is_wanted() {
        return;
    }
    println!("queues of {QUEUE}; the times are of somebody else's strokes meanwhile\n");
    let names = [
        "ops/s each",
        "seconds",
        "refusals",
        "closed",
        "p50 ms",
        "p99 ms",
        "most ms",
    ];
    heading("come back at once", &names);
    for many in BACK_AT_ONCE {
        measure(many).await;
    }
}

async fn measure(many: usize) {
    let server = Server::start(1).await;
    let mut artist = server.client(server.boards[0]);
    artist.connect().await;
    let mut queues = Vec::new();
    for _ in 0..many {
        let mut client = server.client(server.boards[0]);
        for _ in 0..QUEUE {
            client.draw(stroke()).await;
        }
        queues.push(client);
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let drawing = tokio::spawn(draw(artist, Arc::clone(&is_over)));
    let drained = queues.into_iter().map(drain).collect::<JoinSet<_>>();
    let drained = drained.join_all().await;
    is_over.store(true, Ordering::Relaxed);
    report(&drained, &drawing.await.unwrap());
    server.stop().await;
}

/// Comes back and sends what waits, as the page does; again when it was thrown out.
async fn drain(mut client: Client) -> Drained {
    let began = Instant::now();
    let end = began + MOST;
    let mut drained = Drained::default();
    while client.replica.pending() > 0 && Instant::now() < end {
        if client.is_connected() || client.try_connect().await {
            if let Ok(heard) = timeout_at(end, client.listen()).await {
                client.take(heard).await;
            }
            let news = client.heard.drain(..);
            drained.refusals += news.filter(is_refusal).count();
            drained.closed += usize::from(!client.is_connected());
        } else {
            sleep(PAUSE).await;
        }
    }
    drained.saved = QUEUE - client.replica.pending();
    drained.took = began.elapsed();
    drained
}

fn is_refusal(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Nack { .. })
}

/// One stroke after the other; how long each took until it was saved, and how often the one who draws was thrown out.
async fn draw(mut artist: Client, is_over: Arc<AtomicBool>) -> (Times, usize) {
    let (mut times, mut closed) = (Vec::new(), 0);
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        artist.draw(stroke()).await;
        while artist.replica.pending() > 0 && began.elapsed() < MOST {
            if artist.is_connected() || artist.try_connect().await {
                let heard = artist.listen().await;
                artist.take(heard).await;
                closed += usize::from(!artist.is_connected());
            } else {
                sleep(PAUSE).await;
            }
        }
        times.push(began.elapsed());
        artist.heard.clear();
        sleep(PAUSE).await;
    }
    (Times::of(times), closed)
}

#[expect(clippy::cast_precision_loss, reason = "small")]
fn report(drained: &[Drained], (times, artist_closed): &(Times, usize)) {
    let many = drained.len() as f64;
    let sum = |of: fn(&Drained) -> f64| drained.iter().map(of).sum::<f64>();
    let figures = [
        sum(|one| one.saved as f64 / one.took.as_secs_f64()) / many,
        sum(|one| one.took.as_secs_f64()) / many,
        sum(|one| one.refusals as f64),
        sum(|one| one.closed as f64) + *artist_closed as f64,
        times.at(50),
        times.at(99),
        times.at(100),
    ];
    line(&drained.len().to_string(), &figures);
}
