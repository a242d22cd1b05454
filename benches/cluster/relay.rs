//! How long until what one member draws is with another, on the same server and on the other one.
//!
//! On a board of three: who draws and `near` are on one server, `far` is on the other. Each message is timed twice, from
//! before its bytes are handed to the socket until the last of it was read, by `near` and by `far`: so the two servers
//! are compared with the one by the very same messages. Of ink four points a message, twenty messages a second; of ops
//! as many, each a short stroke, which is heard when it is in the log. Never both at once: what comes within a tick of
//! something else waits for its end, on both servers alike.
//!
//! Then Redis is stopped and ops are timed again, from the first that is sent after it is gone. It has healed when the
//! first ink crosses, from the moment at which Redis is started: its own start is in that.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use inkroom_board::wire::{ClientMessage, Format, Queued, ServerMessage, Sketch};
use inkroom_board::{
    BoardId, Brush, ClientId, Colour, ElementId, Ink, Point, Points, Style, Width,
};
use tokio::net::TcpStream;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::Size;
use crate::common::{Process, Raw, element, stroke, until};
use crate::figures::{Times, heading, line, median, ms};
use crate::server::{OPEN_DOORS, join};
use crate::servers::Cluster;

/// Between two messages: twenty a second.
const EVERY: Duration = Duration::from_millis(50);
/// In one message of ink.
const POINTS: u32 = 4;

/// When so many messages were there: the first, the second, …
#[derive(Default)]
struct Heard {
    ink: Vec<Instant>,
    ops: Vec<Instant>,
}

type Ear = Arc<Mutex<Heard>>;

/// One who draws, two who listen.
struct Trio {
    pen: Pen,
    near: Ear,
    far: Ear,
}

struct Pen {
    socket: SplitSink<WebSocketStream<TcpStream>, Message>,
    client: ClientId,
    stroke: ElementId,
    turns: Interval,
    ink: Vec<Instant>,
    ops: Vec<Instant>,
}

/// Times of the same messages on the server they were sent to and on the other.
struct Pair {
    near: Times,
    far: Times,
}

struct Round {
    ink: Pair,
    ops: Pair,
    without: Pair,
    healed: Duration,
}

pub async fn measure(cluster: &Cluster, size: &Size) {
    let servers = [
        cluster.server(&OPEN_DOORS).await,
        cluster.server(&OPEN_DOORS).await,
    ];
    let mut rounds = Vec::new();
    for _ in 0..size.rounds {
        rounds.push(round(cluster, &servers, size.messages).await);
    }
    report(&rounds);
}

async fn round(cluster: &Cluster, servers: &[Process; 2], messages: usize) -> Round {
    let board = cluster.keeper.boards(1).await[0];
    let mut trio = Trio::join(cluster, servers, board).await;
    // The first of each finds everything cold.
    trio.ink(1).await;
    trio.ops(1).await;
    let ink = trio.ink(messages).await;
    let ops = trio.ops(messages).await;
    cluster.redis.stop();
    let without = trio.ops(messages).await;
    let healed = trio.heal(cluster).await;
    Round {
        ink,
        ops,
        without,
        healed,
    }
}

impl Trio {
    async fn join(cluster: &Cluster, [one, other]: &[Process; 2], board: BoardId) -> Self {
        let keeper = &cluster.keeper;
        let (near, _) = join(one.address, board, &keeper.guest()).await;
        let (far, _) = join(other.address, board, &keeper.guest()).await;
        let (pen, client) = join(one.address, board, &keeper.guest()).await;
        Self {
            pen: Pen::new(pen, client),
            near: listen(near, client),
            far: listen(far, client),
        }
    }

    async fn ink(&mut self, messages: usize) -> Pair {
        let first = self.pen.ink.len();
        for _ in 0..messages {
            self.pen.turns.tick().await;
            self.pen.ink().await;
        }
        self.pair(first, |pen| &pen.ink, |heard| &heard.ink).await
    }

    async fn ops(&mut self, messages: usize) -> Pair {
        let first = self.pen.ops.len();
        for _ in 0..messages {
            self.pen.turns.tick().await;
            self.pen.op().await;
        }
        self.pair(first, |pen| &pen.ops, |heard| &heard.ops).await
    }

    /// Starts Redis and draws until ink crosses.
    async fn heal(&mut self, cluster: &Cluster) -> Duration {
        let started = Instant::now();
        let far = Arc::clone(&self.far);
        let crossed = || {
            let heard = far.lock().unwrap();
            let since = heard.ink.iter().find(|at| **at > started);
            since.map(|at| at.duration_since(started))
        };
        let pen = &mut self.pen;
        let draw = until("ink on the other server", async || {
            pen.turns.tick().await;
            pen.ink().await;
            crossed().is_some()
        });
        tokio::join!(cluster.redis.start_again(), draw);
        crossed().unwrap()
    }

    /// The times of everything from the `first` on, once it is there.
    async fn pair(
        &self,
        first: usize,
        sent: fn(&Pen) -> &Vec<Instant>,
        heard: fn(&Heard) -> &Vec<Instant>,
    ) -> Pair {
        let sent = sent(&self.pen);
        let times = async |ear: &Ear| {
            until("everything is heard", async || {
                heard(&ear.lock().unwrap()).len() >= sent.len()
            })
            .await;
            let ear = ear.lock().unwrap();
            let both = heard(&ear).iter().zip(sent).skip(first);
            Times::of(both.map(|(heard, sent)| heard.duration_since(*sent)))
        };
        Pair {
            near: times(&self.near).await,
            far: times(&self.far).await,
        }
    }
}

impl Pen {
    fn new(raw: Raw, client: ClientId) -> Self {
        let (socket, mut stream) = raw.socket.split();
        tokio::spawn(async move { while let Some(Ok(_)) = stream.next().await {} });
        let mut turns = interval(EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            socket,
            client,
            stroke: element(),
            turns,
            ink: Vec::new(),
            ops: Vec::new(),
        }
    }

    /// More of a stroke that has no end.
    async fn ink(&mut self) {
        let from = u32::try_from(self.ink.len()).unwrap() * POINTS;
        self.ink.push(Instant::now());
        let message = ClientMessage::Ink(ink(self.stroke, from));
        self.say(&message).await;
    }

    async fn op(&mut self) {
        self.ops.push(Instant::now());
        let queued = Queued {
            n: u32::try_from(self.ops.len()).unwrap(),
            op: stroke(),
        };
        let message = ClientMessage::Ops {
            client: self.client,
            again: false,
            ops: vec![queued],
        };
        self.say(&message).await;
    }

    async fn say(&mut self, message: &ClientMessage) {
        let bytes = Format::Binary.encode(message);
        self.socket
            .send(Message::Binary(bytes.into()))
            .await
            .unwrap();
    }
}

fn ink(id: ElementId, from: u32) -> Sketch {
    let point = |n: u32| Point {
        x: i32::try_from(n).unwrap() * 190,
        y: i32::try_from(n).unwrap() * 70,
        pressure: 128,
    };
    Sketch::Stroke {
        id,
        brush: Brush::Pen,
        style: Style {
            colour: Colour::Named(Ink::Blue),
            width: Width(256),
        },
        from,
        points: Points((from..from + POINTS).map(point).collect()),
    }
}

/// Notes when what this client draws is there.
fn listen(raw: Raw, client: ClientId) -> Ear {
    let ear = Ear::default();
    let heard = Arc::clone(&ear);
    let (_, mut stream) = raw.socket.split();
    tokio::spawn(async move {
        while let Some(Ok(message)) = stream.next().await {
            if let Message::Binary(bytes) = message {
                let message = Format::Binary.decode(&bytes).unwrap();
                heard.lock().unwrap().hear(&message, client);
            }
        }
    });
    ear
}

impl Heard {
    fn hear(&mut self, message: &ServerMessage, client: ClientId) {
        let now = Instant::now();
        match message {
            // Several messages may have become one on the way: what counts is how far it goes.
            ServerMessage::Ink {
                sketch: Sketch::Stroke { from, points, .. },
                ..
            } => {
                let end = *from as usize + points.0.len();
                up_to(&mut self.ink, end / POINTS as usize, now);
            }
            ServerMessage::Ops(batch) => {
                let own = batch
                    .entries
                    .iter()
                    .filter(|entry| entry.id.client == client);
                let last = own.map(|entry| entry.id.n).max().unwrap_or(0);
                up_to(&mut self.ops, last as usize, now);
            }
            _ => {}
        }
    }
}

fn up_to(times: &mut Vec<Instant>, many: usize, now: Instant) {
    times.resize(times.len().max(many), now);
}

fn report(rounds: &[Round]) {
    heading("heard after, ms", &["p50", "p99", "max"]);
    let times = |name: &str, of: fn(&Round) -> &Times| {
        line(
            name,
            &[50, 99, 100].map(|p| median(rounds, |round| of(round).at(p))),
        );
    };
    let ratio = |name: &str, of: fn(&Round) -> (&Times, &Times)| {
        let ratio = |p| {
            median(rounds, |round| {
                let (this, that) = of(round);
                this.at(p) / that.at(p)
            })
        };
        line(name, &[50, 99, 100].map(ratio));
    };
    times("ink, same server", |round| &round.ink.near);
    times("ink, other server", |round| &round.ink.far);
    ratio("    times as long", |round| {
        (&round.ink.far, &round.ink.near)
    });
    times("ops, same server", |round| &round.ops.near);
    times("ops, other server", |round| &round.ops.far);
    ratio("    times as long", |round| {
        (&round.ops.far, &round.ops.near)
    });
    times("ops without Redis, same server", |round| {
        &round.without.near
    });
    times("ops without Redis, other server", |round| {
        &round.without.far
    });
    ratio("    times as long as with Redis", |round| {
        (&round.without.far, &round.ops.far)
    });
    println!();
    heading("Redis comes back", &["ms"]);
    let healed = median(rounds, |round| ms(round.healed));
    line("ink crosses again after", &[healed]);
    println!();
}
