//! What it costs the server to pass on a message, and how long it takes: on each board one draws, or several, and
//! everybody watches.
//!
//! `cargo bench --bench fanout`. The server's processor time is the kernel's account of its process; the crowd lives in
//! this one, on the same processors, so times of arrival have its work in them.

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

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::Raw;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use inkroom_board::wire::{ClientMessage, Format, ServerMessage, Sketch};
use inkroom_board::{BoardId, Brush, Colour, ElementId, Ink, Point, Points, Style, Width};
use server::Server;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Boards, members of each, how many of them draw, and messages a second of each who does.
const CROWDS: [Crowd; 8] = [
    Crowd::new(1, 10, 1, 20),
    Crowd::new(1, 100, 1, 20),
    Crowd::new(1, 1_000, 1, 20),
    Crowd::new(1, 2_000, 1, 20),
    Crowd::new(1, 5_000, 1, 20),
    Crowd::new(50, 10, 1, 30),
    Crowd::new(20, 10, 1, 30),
    Crowd::new(20, 10, 10, 30),
];
/// Rounds with one crowd; the figures are their medians.
const ROUNDS: usize = 3;
/// Of drawing, in each round.
const SECONDS: u32 = 3;
/// A pen of 120 Hz at 30 messages a second.
const POINTS: u32 = 4;
/// Nothing takes longer, however busy the machine is.
const DEADLINE: Duration = Duration::from_secs(20);
/// Of a short WebSocket message, before its payload.
const FRAME_HEADER: usize = 2;

#[derive(Clone, Copy)]
struct Crowd {
    boards: usize,
    members: usize,
    drawers: usize,
    per_second: u32,
}

impl Crowd {
    const fn new(boards: usize, members: usize, drawers: usize, per_second: u32) -> Self {
        Self {
            boards,
            members,
            drawers,
            per_second,
        }
    }

    fn messages(self) -> u32 {
        self.per_second * SECONDS
    }

    fn deliveries(self) -> usize {
        self.boards * self.drawers * (self.members - 1) * self.messages() as usize
    }
}

/// What arrived in a round, and when it had been sent.
#[derive(Default)]
struct Tally {
    sent: HashMap<(ElementId, u32), Instant>,
    late: Vec<Duration>,
    frames: usize,
    bytes: usize,
}

type Shared = Arc<Mutex<Tally>>;
type Pen = SplitSink<WebSocketStream<TcpStream>, Message>;

/// The figures of a round.
struct Round {
    /// Seconds of the server's processor time for 100,000 deliveries.
    cpu: f64,
    p50: Duration,
    p99: Duration,
    frames: f64,
    bytes: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if !server::is_wanted() {
        return;
    }
    for crowd in CROWDS {
        measure(crowd).await;
    }
}

async fn measure(crowd: Crowd) {
    let server = Server::start(crowd.boards).await;
    let tally = Shared::default();
    let mut pens = gather(&server, crowd, &tally).await;
    let mut rounds = Vec::new();
    for n in 0..ROUNDS {
        let (drawn, round) = draw(&server, crowd, pens, n, &tally).await;
        pens = drawn;
        rounds.push(round);
    }
    report(crowd, &rounds);
    server.stop().await;
}

/// Everybody joins. All listen from now on, and the first of each board draw.
async fn gather(server: &Server, crowd: Crowd, tally: &Shared) -> Vec<Pen> {
    let mut pens: HashMap<BoardId, Vec<Pen>> = HashMap::new();
    for (board, Raw { socket }) in server.joined(crowd.members).await {
        let (pen, mut stream) = socket.split();
        pens.entry(board).or_default().push(pen);
        let tally = Arc::clone(tally);
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                count(&tally, &message);
            }
        });
    }
    let drawing = |mut pens: Vec<Pen>| {
        pens.truncate(crowd.drawers);
        pens
    };
    pens.into_values().flat_map(drawing).collect()
}

fn count(tally: &Shared, message: &Message) {
    let Message::Binary(bytes) = message else {
        return;
    };
    if let Ok(ServerMessage::Ink {
        sketch: Sketch::Stroke {
            id, from, points, ..
        },
        ..
    }) = Format::Binary.decode(bytes)
    {
        let mut tally = tally.lock().unwrap();
        // An audience gets several messages as one.
        for from in (from..from + points.len() as u32).step_by(POINTS as usize) {
            let sent = tally.sent[&(id, from)];
            tally.late.push(sent.elapsed());
        }
        tally.frames += 1;
        tally.bytes += bytes.len() + FRAME_HEADER;
    }
}

async fn draw(
    server: &Server,
    crowd: Crowd,
    pens: Vec<Pen>,
    round: usize,
    tally: &Shared,
) -> (Vec<Pen>, Round) {
    *tally.lock().unwrap() = Tally::default();
    let before = server.cpu();
    let many = pens.len();
    let strokes = pens.into_iter().enumerate().map(|(n, pen)| {
        let id = ElementId(((round * many + n) as u64).to_be_bytes());
        // Not all at the same moment.
        let first = Duration::from_secs(1) / crowd.per_second * n as u32 / many as u32;
        tokio::spawn(stroke(pen, crowd, id, first, Arc::clone(tally)))
    });
    let strokes: Vec<_> = strokes.collect();
    let mut pens = Vec::new();
    for stroke in strokes {
        pens.push(stroke.await.unwrap());
    }
    all_there(crowd, tally).await;
    let cpu = server.cpu().saturating_sub(before);
    let mut tally = tally.lock().unwrap();
    (pens, Round::of(cpu, &mut tally))
}

async fn stroke(mut pen: Pen, crowd: Crowd, id: ElementId, first: Duration, tally: Shared) -> Pen {
    let first = tokio::time::Instant::now() + first;
    let mut ticks = tokio::time::interval_at(first, Duration::from_secs(1) / crowd.per_second);
    for n in 0..crowd.messages() {
        ticks.tick().await;
        let from = n * POINTS;
        let message = ClientMessage::Ink(ink(id, from));
        tally
            .lock()
            .unwrap()
            .sent
            .insert((id, from), Instant::now());
        let bytes = Format::Binary.encode(&message);
        pen.send(Message::Binary(bytes.into())).await.unwrap();
    }
    pen
}

fn ink(id: ElementId, from: u32) -> Sketch {
    let point = |n: i32| Point {
        x: n * 190,
        y: n * 70,
        pressure: 120 + (n % 8) as u8,
    };
    let style = Style {
        colour: Colour::Named(Ink::Blue),
        width: Width(256),
    };
    Sketch::Stroke {
        id,
        brush: Brush::Pen,
        style,
        from,
        points: Points((from..from + POINTS).map(|n| point(n as i32)).collect()),
    }
}

async fn all_there(crowd: Crowd, tally: &Shared) {
    let arrived = async {
        while tally.lock().unwrap().late.len() < crowd.deliveries() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let is_all = tokio::time::timeout(DEADLINE, arrived).await.is_ok();
    let arrived = tally.lock().unwrap().late.len();
    assert!(is_all, "{arrived} of {} arrived", crowd.deliveries());
}

impl Round {
    fn of(cpu: Duration, tally: &mut Tally) -> Self {
        tally.late.sort_unstable();
        let deliveries = tally.late.len();
        Self {
            cpu: cpu.as_secs_f64() * 100_000.0 / deliveries as f64,
            p50: tally.late[deliveries / 2],
            p99: tally.late[deliveries * 99 / 100],
            frames: tally.frames as f64 / deliveries as f64,
            bytes: tally.bytes / deliveries,
        }
    }
}

fn report(crowd: Crowd, rounds: &[Round]) {
    let Crowd {
        boards,
        members,
        drawers,
        per_second,
    } = crowd;
    let cpu = median(rounds.iter().map(|round| round.cpu).collect());
    let ms = |of: fn(&Round) -> Duration| {
        median(
            rounds
                .iter()
                .map(|round| of(round).as_secs_f64() * 1e3)
                .collect(),
        )
    };
    println!(
        "{boards} × {members} members, {drawers} draw, {per_second} messages/s each: {cpu:.2} CPU s per 100,000 \
         deliveries, p50 {:.1} ms, p99 {:.1} ms, {:.2} frames and {} bytes a delivery",
        ms(|round| round.p50),
        ms(|round| round.p99),
        rounds[0].frames,
        rounds[0].bytes
    );
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
