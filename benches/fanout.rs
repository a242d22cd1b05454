//! What it costs the server to pass on a message, and how long it takes: on each board one draws, or several, and
//! everybody watches. Beside it, round by round, the floor: a server that does nothing else ([`server::bare`]).
//!
//! `cargo bench --bench fanout`, or `-- 20x10x1` for one of the crowds. The servers' processor time is the kernel's
//! account of their processes; the crowd lives in this one, on the same processors, so times of arrival have its work in
//! them.

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
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{Process, Raw};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use inkroom_board::wire::{ClientMessage, Format, ServerMessage, Sketch};
use inkroom_board::{BoardId, Brush, Colour, ElementId, Ink, Point, Points, Style, Width};
use server::Server;
use server::bare::{self, Bare};
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

impl fmt::Display for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.boards, self.members, self.drawers)
    }
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

/// A server with a crowd.
struct Scene<'a> {
    crowd: Crowd,
    server: &'a Process,
    pens: Vec<Pen>,
    tally: Shared,
}

/// The figures of a round.
struct Round {
    /// Seconds of the server's processor time for 100,000 deliveries.
    cpu: f64,
    p50: Duration,
    p99: Duration,
    frames: f64,
    bytes: usize,
}

fn main() {
    let runtime = if bare::is_asked_for() {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    }
    .enable_all()
    .build()
    .unwrap();
    if bare::is_asked_for() {
        runtime.block_on(bare::serve());
    } else if server::is_wanted() {
        runtime.block_on(measure_all());
    }
}

async fn measure_all() {
    let asked: Vec<_> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    for crowd in CROWDS {
        if asked.is_empty() || asked.contains(&crowd.to_string()) {
            measure(crowd).await;
        }
    }
}

async fn measure(crowd: Crowd) {
    let (server, bare) = (
        Server::start(crowd.boards).await,
        Bare::start(crowd.boards).await,
    );
    let ours = server.joined(crowd.members).await;
    let floor = bare.joined(crowd.members).await;
    let mut ours = Scene::new(crowd, &server.process, ours, as_said);
    let mut floor = Scene::new(crowd, &bare.process, floor, as_sent);
    let mut rounds = Vec::new();
    for n in 0..ROUNDS {
        rounds.push((ours.draw(n).await, floor.draw(n).await));
    }
    report(crowd, &rounds);
    bare.process.kill().await;
    server.stop().await;
}

/// The ink in a message of the server.
fn as_said(bytes: &[u8]) -> Option<Sketch> {
    match Format::Binary.decode(bytes) {
        Ok(ServerMessage::Ink { sketch, .. }) => Some(sketch),
        _ => None,
    }
}

/// The ink in a message of somebody else.
fn as_sent(bytes: &[u8]) -> Option<Sketch> {
    match Format::Binary.decode(bytes) {
        Ok(ClientMessage::Ink(sketch)) => Some(sketch),
        _ => None,
    }
}

impl<'a> Scene<'a> {
    /// All listen from now on, and the first of each board draw.
    fn new(
        crowd: Crowd,
        server: &'a Process,
        members: Vec<(BoardId, Raw)>,
        ink: fn(&[u8]) -> Option<Sketch>,
    ) -> Self {
        let tally = Shared::default();
        let mut pens: HashMap<BoardId, Vec<Pen>> = HashMap::new();
        for (board, Raw { socket }) in members {
            let (pen, mut stream) = socket.split();
            pens.entry(board).or_default().push(pen);
            let tally = Arc::clone(&tally);
            tokio::spawn(async move {
                while let Some(Ok(message)) = stream.next().await {
                    tally.lock().unwrap().count(&message, ink);
                }
            });
        }
        let drawing = |mut pens: Vec<Pen>| {
            pens.truncate(crowd.drawers);
            pens
        };
        Self {
            crowd,
            server,
            pens: pens.into_values().flat_map(drawing).collect(),
            tally,
        }
    }

    async fn draw(&mut self, round: usize) -> Round {
        let crowd = self.crowd;
        *self.tally.lock().unwrap() = Tally::default();
        let before = self.server.cpu();
        let many = self.pens.len();
        let strokes = self.pens.drain(..).enumerate().map(|(n, pen)| {
            let id = ElementId(((round * many + n) as u64).to_be_bytes());
            // Not all at the same moment.
            let first = Duration::from_secs(1) / crowd.per_second * n as u32 / many as u32;
            tokio::spawn(stroke(pen, crowd, id, first, Arc::clone(&self.tally)))
        });
        let strokes: Vec<_> = strokes.collect();
        for stroke in strokes {
            self.pens.push(stroke.await.unwrap());
        }
        all_there(crowd, &self.tally).await;
        let cpu = self.server.cpu().saturating_sub(before);
        Round::of(cpu, &mut self.tally.lock().unwrap())
    }
}

impl Tally {
    fn count(&mut self, message: &Message, ink: fn(&[u8]) -> Option<Sketch>) {
        let Message::Binary(bytes) = message else {
            return;
        };
        if let Some(Sketch::Stroke {
            id, from, points, ..
        }) = ink(bytes)
        {
            // An audience gets several messages as one.
            for from in (from..from + points.len() as u32).step_by(POINTS as usize) {
                self.late.push(self.sent[&(id, from)].elapsed());
            }
            self.frames += 1;
            self.bytes += bytes.len() + FRAME_HEADER;
        }
    }
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

fn report(crowd: Crowd, rounds: &[(Round, Round)]) {
    let ours = |of: fn(&Round) -> f64| median(rounds.iter().map(|(ours, _)| of(ours)).collect());
    let floor = |of: fn(&Round) -> f64| median(rounds.iter().map(|(_, floor)| of(floor)).collect());
    let times = |of: fn(&Round) -> f64| {
        let times = rounds.iter().map(|(ours, floor)| of(ours) / of(floor));
        median(times.collect())
    };
    let [cpu, p50, p99]: [fn(&Round) -> f64; 3] = [
        |round| round.cpu,
        |round| round.p50.as_secs_f64() * 1e3,
        |round| round.p99.as_secs_f64() * 1e3,
    ];
    println!(
        "{crowd} (boards, members, drawers; {}/s each): {:.2} CPU s per 100,000 deliveries, {:.2} times the floor's {:.2}; \
         p50 {:.1} ms (floor {:.1}), p99 {:.1} ms (floor {:.1}); {:.2} frames and {} bytes a delivery",
        crowd.per_second,
        ours(cpu),
        times(cpu),
        floor(cpu),
        ours(p50),
        floor(p50),
        ours(p99),
        floor(p99),
        rounds[0].0.frames,
        rounds[0].0.bytes
    );
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
