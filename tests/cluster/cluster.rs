//! A cluster: servers, what they share, and the end of every scenario.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use inkroom::store::{PgStore, SqliteStore, Store};
use inkroom_board::ledger::Logged;
use inkroom_board::{BoardId, Position, digest};
use inkroom_testbed::{Postgres, Proxy, Redis, RedisOptions};
use tempfile::TempDir;

use crate::artist::{Artist, Story};
use crate::common::{Client, Guest, soon, until};
use crate::history::{History, Witness};
use crate::node::Node;

/// Nobody is refused for drawing fast, and guests of one server are known on all.
const FLAGS: [&str; 6] = [
    "--ops-per-second=100000",
    "--ops-burst=100000",
    "--handshakes=10000",
    "--new-boards=1000",
    "--secret=of-all-servers-of-this-test",
    "--log=info",
];

/// Where the boards are.
#[derive(Debug)]
pub enum Database {
    /// A database on the Postgres that all tests share.
    Postgres,
    /// On a Postgres that nobody else needs.
    OwnPostgres,
    /// One file that all servers have open.
    Sqlite,
}

/// Several servers on one database.
#[derive(Debug)]
pub struct Cluster {
    pub nodes: Vec<Node>,
    pub redis: Option<Redis>,
    pub postgres: Option<Arc<Postgres>>,
    /// Its URL, without any proxy.
    pub database: Option<String>,
    data: TempDir,
}

impl Cluster {
    /// Two servers, Postgres and Redis.
    pub async fn start() -> Self {
        Self::of(2, Database::Postgres, Some(RedisOptions::default())).await
    }

    /// So many servers, running.
    pub async fn of(servers: usize, database: Database, redis: Option<RedisOptions>) -> Self {
        let postgres = match database {
            Database::Postgres => Some(Postgres::shared().await),
            Database::OwnPostgres => Some(Arc::new(Postgres::start().await)),
            Database::Sqlite => None,
        };
        let mut cluster = Self {
            nodes: Vec::new(),
            redis: match redis {
                Some(options) => Some(Redis::with(options).await),
                None => None,
            },
            database: match &postgres {
                Some(postgres) => Some(postgres.database().await),
                None => None,
            },
            postgres,
            data: tempfile::tempdir().unwrap(),
        };
        for _ in 0..servers {
            cluster.add().await;
        }
        cluster
    }

    /// One more server.
    pub async fn add(&mut self) {
        let number = self.nodes.len();
        let mut flags: Vec<String> = FLAGS.map(String::from).into();
        let data = match &self.database {
            Some(_) => self.data.path().join(number.to_string()),
            None => self.data.path().join("shared"),
        };
        flags.extend(["--data".into(), data.display().to_string()]);
        let mut to_redis = None;
        if let Some(redis) = &self.redis {
            let proxy = Proxy::to(redis.address()).await;
            flags.extend(["--redis".into(), redis.url_at(proxy.addr().port())]);
            to_redis = Some(proxy);
        }
        let mut to_database = None;
        if let (Some(url), Some(postgres)) = (&self.database, &self.postgres) {
            let proxy = Proxy::to(postgres.address()).await;
            let by_proxy = url.replace(&postgres.address().to_string(), &proxy.addr().to_string());
            flags.extend(["--database".into(), by_proxy]);
            to_database = Some(proxy);
        }
        let log = self.data.path().join(format!("server-{number}.log"));
        let mut node = Node::new(&log, to_redis, to_database, flags).await;
        node.start().await;
        self.nodes.push(node);
    }

    pub fn redis(&self) -> &Redis {
        self.redis.as_ref().unwrap()
    }

    pub fn postgres(&self) -> &Postgres {
        self.postgres.as_ref().unwrap()
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Node::address).collect()
    }

    /// Somebody new; all servers know them.
    pub async fn guest(&self) -> Guest {
        let running = self.nodes.iter().find(|node| node.is_running());
        Guest::of(running.unwrap().address()).await
    }

    /// A board that everybody draws on.
    pub async fn board(&self) -> BoardId {
        let owner = self.guest().await;
        owner.board(self.nodes[0].address(), "everyone").await
    }

    /// So many people on each server, drawing. Whoever loses their server goes to the next one.
    pub async fn artists(&self, board: BoardId, on_each: usize) -> Vec<Artist> {
        let mut artists = Vec::new();
        for home in 0..self.nodes.len() {
            for _ in 0..on_each {
                let mut servers = self.addresses();
                servers.rotate_left(home);
                artists.push(Artist::draws(&servers, board, &self.guest().await));
            }
        }
        for artist in &mut artists {
            artist.until("drawing", |seen| seen.saved > 0).await;
        }
        artists
    }

    /// The same, but whoever loses their server waits for it.
    pub async fn loyal(&self, board: BoardId, on_each: usize) -> Vec<Artist> {
        let mut artists = Vec::new();
        for node in &self.nodes {
            for _ in 0..on_each {
                let guest = self.guest().await;
                artists.push(Artist::draws(&[node.address()], board, &guest));
            }
        }
        for artist in &mut artists {
            artist.until("drawing", |seen| seen.saved > 0).await;
        }
        artists
    }

    /// Somebody who is on this server, by hand; asked to come back later, they do.
    pub async fn join(&self, node: usize, board: BoardId) -> Client {
        let mut client = Client::new(self.nodes[node].address(), board, &self.guest().await);
        soon("somebody live", async {
            while !client.replica.is_live() {
                if !client.is_connected() && !client.try_connect().await {
                    continue;
                }
                client.step().await;
            }
        })
        .await;
        client
    }

    /// Waits until no server misses the others.
    pub async fn healthy(&self) {
        for node in self.nodes.iter().filter(|node| node.is_running()) {
            until("a relay that works", async || {
                node.status().await["relay"]["fault"].is_null()
            })
            .await;
        }
    }

    /// Waits until this server says that its relay is in trouble.
    pub async fn degraded(&self, node: usize) {
        until("a relay in trouble", async || {
            self.nodes[node].status().await["relay"]["fault"].is_string()
        })
        .await;
    }

    /// What is in SQL, asked directly.
    pub async fn store(&self) -> Arc<dyn Store> {
        match &self.database {
            Some(url) => Arc::new(PgStore::open(url).await.unwrap()),
            None => Arc::new(
                SqliteStore::open(&self.data.path().join("shared"))
                    .await
                    .unwrap(),
            ),
        }
    }

    /// The end: nobody draws any more, everything gets saved, and everybody agrees: those who drew, somebody new on
    /// every server that runs, and SQL. Nothing in Redis is there for ever (I12).
    pub async fn agree(&self, board: BoardId, artists: Vec<Artist>) -> Vec<Story> {
        let store = self.store().await;
        let mut stories = self.still(board, artists, &store).await;
        let clients = stories.iter_mut().map(|story| &mut story.client).collect();
        self.judge(board, clients, &store).await;
        store.close().await;
        stories
    }

    /// The same for those who drew by hand.
    pub async fn agree_by_hand(&self, board: BoardId, clients: Vec<&mut Client>) {
        let store = self.store().await;
        self.judge(board, clients, &store).await;
        store.close().await;
    }

    async fn still(
        &self,
        board: BoardId,
        mut artists: Vec<Artist>,
        store: &Arc<dyn Store>,
    ) -> Vec<Story> {
        for artist in &artists {
            artist.rest();
        }
        for artist in &mut artists {
            artist
                .until("all saved", |seen| seen.is_live && seen.pending == 0)
                .await;
        }
        let head = head(store, board).await;
        let mut stories = Vec::new();
        for mut artist in artists {
            artist.until("the head", |seen| seen.seq >= head.seq).await;
            stories.push(artist.story().await);
        }
        stories
    }

    async fn judge(&self, board: BoardId, mut clients: Vec<&mut Client>, store: &Arc<dyn Store>) {
        let head = head(store, board).await;
        for client in &mut clients {
            client.at_seq(head.seq).await;
        }
        let mut witnesses: Vec<_> = clients.iter().map(|client| Witness::of(client)).collect();
        for (index, _) in self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.is_running())
        {
            let mut newcomer = self.join(index, board).await;
            newcomer.at_seq(head.seq).await;
            witnesses.push(Witness::of(&newcomer));
        }
        let history = History {
            start: Position::start(head.epoch),
            log: log(store, board).await,
            digest: digest::digest(&store.load(board).await.unwrap().document),
            witnesses,
        };
        let flaws = history.flaws();
        assert!(flaws.is_empty(), "{flaws:?}");
        assert_eq!(history.log.len() as u64, head.seq);
        println!(
            "{} ops in the log, {} called saved: none lost, none doubled, {} copies equal",
            history.log.len(),
            history.saved(),
            history.witnesses.len(),
        );
        if let Some(redis) = &self.redis {
            assert_eq!(redis.keys_without_ttl().await, Vec::<String>::new());
        }
    }
}

async fn head(store: &Arc<dyn Store>, board: BoardId) -> Position {
    store.heads(&[board]).await.unwrap()[0].1
}

async fn log(store: &Arc<dyn Store>, board: BoardId) -> Vec<Logged> {
    let mut log = Vec::new();
    loop {
        let more = store.tail(board, log.len() as u64, 1_000).await.unwrap();
        if more.is_empty() {
            return log;
        }
        log.extend(more);
    }
}

/// How often, or how long, relative to a run on every change: `INKROOM_CHAOS_ROUNDS`.
pub fn rounds() -> u32 {
    std::env::var("INKROOM_CHAOS_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}

/// An outage that lasts: the point is what happens meanwhile.
pub async fn lasts(seconds: u32) {
    tokio::time::sleep(Duration::from_secs(u64::from(seconds * rounds().min(20)))).await;
}

/// Waits until everybody has something more saved than now.
pub async fn go_on(artists: &mut [Artist], more: usize) {
    for artist in artists {
        let wanted = artist.seen().saved + more;
        soon(
            "more saved",
            artist.until("more saved", |seen| seen.saved >= wanted),
        )
        .await;
    }
}
