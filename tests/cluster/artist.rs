//! Artists: people who draw by themselves, on and on, as a page does: what they draw is in a queue that survives, and
//! when their server is gone they go to the next one and send what is left.

use std::net::SocketAddr;
use std::time::Duration;

use inkroom_board::BoardId;
use inkroom_board::wire::{ClientMessage, ServerMessage};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::common::client::Heard;
use crate::common::{Client, Guest, stroke};

/// An artist is told to rest and to stop, each once.
const ORDERS: usize = 2;
/// One stroke after the other, so often.
const STROKE: Duration = Duration::from_millis(25);
/// Nobody draws on when so many wait.
const WAITING: usize = 60;
/// Any step of a connection takes at most so long; a frozen server takes for ever.
const PATIENCE: Duration = Duration::from_secs(4);
/// The line is tried when it was silent for so long …
const SILENT: Duration = Duration::from_secs(2);
/// Whoever waits for something fails after so long.
const DEADLINE: Duration = Duration::from_secs(60);

/// Somebody who draws.
pub struct Artist {
    seen: watch::Receiver<Seen>,
    orders: mpsc::Sender<Order>,
    task: JoinHandle<Story>,
}

/// How it goes at the moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    pub saved: usize,
    pub pending: usize,
    pub seq: u64,
    pub is_live: bool,
}

/// How it went.
pub struct Story {
    pub client: Client,
    /// How long it was not live, each time.
    pub away: Vec<Duration>,
    /// The codes with which servers closed.
    pub closes: Vec<u16>,
    /// How often a server said goodbye.
    pub goodbyes: usize,
}

#[derive(Debug)]
enum Order {
    Rest,
    Stop,
}

impl Artist {
    /// Begins to draw.
    pub fn draws(servers: &[SocketAddr], board: BoardId, guest: &Guest) -> Self {
        let (orders, orders_in) = mpsc::channel(ORDERS);
        let (tell, seen) = watch::channel(Seen::default());
        let work = Work {
            story: Story {
                client: Client::new(servers[0], board, guest),
                away: Vec::new(),
                closes: Vec::new(),
                goodbyes: 0,
            },
            servers: servers.into(),
            server: 0,
            away_since: Some(Instant::now()),
            heard_at: Instant::now(),
            draws: true,
            tell,
        };
        Self {
            seen,
            orders,
            task: tokio::spawn(work.run(orders_in)),
        }
    }

    pub fn seen(&self) -> Seen {
        *self.seen.borrow()
    }

    /// Draws nothing more, but stays.
    pub fn rest(&self) {
        self.orders.try_send(Order::Rest).unwrap();
    }

    pub async fn until(&mut self, what: &str, is_so: impl Fn(&Seen) -> bool) {
        let fact = self.seen.wait_for(|seen| is_so(seen));
        if let Ok(seen) = timeout(DEADLINE, fact).await {
            return drop(seen.expect("the artist goes on"));
        }
        panic!("did not happen: {what}; {:?}", self.seen());
    }

    /// Stops, still connected.
    pub async fn story(self) -> Story {
        self.orders.try_send(Order::Stop).unwrap();
        self.task.await.unwrap()
    }
}

/// The task of one artist.
struct Work {
    story: Story,
    servers: Vec<SocketAddr>,
    server: usize,
    away_since: Option<Instant>,
    heard_at: Instant,
    draws: bool,
    tell: watch::Sender<Seen>,
}

impl Work {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) -> Story {
        let mut strokes = interval(STROKE);
        strokes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks = interval(SILENT / 2);
        loop {
            if !self.story.client.is_connected() {
                self.join().await;
            }
            let is_connected = self.story.client.is_connected();
            tokio::select! {
                heard = self.story.client.listen(), if is_connected => self.hear(heard).await,
                _ = strokes.tick() => self.draw().await,
                _ = looks.tick() => self.look().await,
                order = orders.recv() => match order {
                    Some(Order::Rest) => self.draws = false,
                    Some(Order::Stop) | None => return self.story,
                },
            }
            self.note();
        }
    }

    /// Tries the server whose turn it is; the next one is tried the next time.
    async fn join(&mut self) {
        let client = &mut self.story.client;
        client.server = self.servers[self.server];
        if timeout(PATIENCE, client.try_connect()).await == Ok(true) {
            self.heard_at = Instant::now();
            return;
        }
        client.vanish();
        self.server = (self.server + 1) % self.servers.len();
        // As a page does: at random, so that not all come at once.
        sleep(Duration::from_millis(250).mul_f64(inkroom::random::fraction())).await;
    }

    async fn hear(&mut self, heard: Heard) {
        self.heard_at = Instant::now();
        match &heard {
            Heard::Message(ServerMessage::Bye { .. }) => self.story.goodbyes += 1,
            Heard::Closed(code) => self.story.closes.push(*code),
            _ => {}
        }
        let taken = timeout(PATIENCE, self.story.client.take(heard)).await;
        self.give_up_if(taken.is_err());
    }

    async fn draw(&mut self) {
        if self.draws && self.story.client.replica.pending() < WAITING {
            let drawn = timeout(PATIENCE, self.story.client.draw(stroke())).await;
            self.give_up_if(drawn.is_err());
        }
    }

    /// Whether the server is still there.
    async fn look(&mut self) {
        let silence = self.heard_at.elapsed();
        if self.story.client.is_connected() && silence > SILENT {
            let ping = ClientMessage::Ping(0);
            let said = timeout(PATIENCE, self.story.client.say(ping)).await;
            self.give_up_if(said.is_err() || silence > PATIENCE);
        }
    }

    fn give_up_if(&mut self, is_in_vain: bool) {
        if is_in_vain {
            self.story.client.vanish();
            self.server = (self.server + 1) % self.servers.len();
        }
    }

    fn note(&mut self) {
        let client = &self.story.client;
        let is_live = client.replica.is_live();
        match (is_live, self.away_since) {
            (true, Some(since)) => {
                self.story.away.push(since.elapsed());
                self.away_since = None;
            }
            (false, None) => self.away_since = Some(Instant::now()),
            _ => {}
        }
        self.tell.send_replace(Seen {
            saved: client.saved.len(),
            pending: client.replica.pending(),
            seq: client.replica.position().seq,
            is_live,
        });
    }
}
