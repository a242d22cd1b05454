//! Two servers on one database: what is drawn on one is seen on the other, with a relay between them and without.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use inkroom::config::Timing;
use inkroom::relay::{
    Hint, LocalRelay, News, RedisRelay, Relay, RelayHealth, RoomState, Subscription,
};
use inkroom::store::{SqliteStore, Store};
use inkroom::{Config, Server};
use inkroom_board::room::Murmur;
use inkroom_board::wire::ClientMessage;
use inkroom_board::{BoardId, ElementId, MemberId, Mode, NodeId, Op};
use inkroom_testbed::Redis;
use tokio::sync::watch;

use crate::common::{Ask, Client, Guest, TestServer, sketch, stroke};

/// A relay that loses everything. What it was last told of any board can be looked at.
#[derive(Debug, Default)]
struct Deaf {
    told: Mutex<Option<(RoomState, String)>>,
}

#[derive(Debug)]
struct Silence;

#[async_trait]
impl Relay for Deaf {
    fn remember(&self, _: BoardId, state: RoomState, title: &str) {
        *self.told.lock().unwrap() = Some((state, title.into()));
    }

    fn publish(&self, _: Hint) {}

    async fn subscribe(&self, _: BoardId) -> Box<dyn Subscription> {
        Box::new(Silence)
    }

    fn murmur(&self, _: BoardId, _: Murmur) {}

    fn health(&self) -> watch::Receiver<RelayHealth> {
        watch::Sender::new(RelayHealth::Healthy).subscribe()
    }

    fn seats(&self, _: BoardId, _: &[MemberId]) {}

    async fn here(&self, _: BoardId) -> Option<usize> {
        None
    }

    async fn close(&self) {}
}

#[async_trait]
impl Subscription for Silence {
    async fn next(&mut self) -> News {
        std::future::pending().await
    }
}

/// Looks at where logs end this often.
fn polled(every: Duration) -> impl Fn(&mut Timing) {
    move |timing| timing.head_poll = every
}

/// Two servers on one file, each with a store of its own, as two processes would have.
async fn two_servers(
    data: &std::path::Path,
    relay: [Arc<dyn Relay>; 2],
    change: impl Fn(&mut Timing),
) -> [TestServer; 2] {
    let start = async |relay| {
        let mut config = Config::local(data.into());
        change(&mut config.timing);
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(data).await.unwrap());
        TestServer::of(Server::with(config, store, relay).await.unwrap()).await
    };
    let [one, two] = relay;
    [start(one).await, start(two).await]
}

async fn draw_on_both([one, two]: &[TestServer; 2]) {
    let ada = Guest::of(one.address).await;
    let board = ada.board(one.address, "everyone").await;
    let mut a = Client::join(one.address, board, &ada).await;
    let mut b = Client::join(two.address, board, &Guest::of(two.address).await).await;
    for _ in 0..15 {
        a.draw(stroke()).await;
        b.draw(stroke()).await;
    }
    a.all_saved().await;
    b.all_saved().await;
    a.at_seq(30).await;
    b.at_seq(30).await;
    assert_eq!(a.digest(), b.digest());
    // And the last one of all, after which there is silence.
    a.draw(stroke()).await;
    b.at_seq(31).await;
    a.all_saved().await;
    assert_eq!(a.digest(), b.digest());
    // Somebody moves from one to the other.
    a.vanish();
    a.server = two.address;
    a.connect().await;
    a.draw(stroke()).await;
    a.all_saved().await;
    assert_eq!(a.replica.position().seq, 32);
}

#[tokio::test]
async fn two_servers_with_a_relay_show_one_board() {
    let data = tempfile::tempdir().unwrap();
    let relay = LocalRelay::default();
    let node = |n| Arc::new(relay.node(NodeId([n; 8])));
    // Never polled: what arrives arrives by the relay.
    let servers = two_servers(
        data.path(),
        [node(1), node(2)],
        polled(Duration::from_secs(3_600)),
    )
    .await;
    draw_on_both(&servers).await;
}

#[tokio::test]
async fn people_cursors_and_ink_are_seen_across_servers_and_a_stopped_server_takes_its_people_along()
 {
    let data = tempfile::tempdir().unwrap();
    let relay = LocalRelay::default();
    let node = |n| Arc::new(relay.node(NodeId([n; 8])));
    let mut servers = two_servers(
        data.path(),
        [node(1), node(2)],
        polled(Duration::from_secs(3_600)),
    )
    .await;
    let [one, two] = [servers[0].address, servers[1].address];
    let ada = Guest::of(one).await;
    let board = ada.board(one, "everyone").await;
    let mut a = Client::join(one, board, &ada).await;
    a.ink(sketch(ElementId([7; 8]), 5).0).await;
    let mut b = Client::join(two, board, &Guest::of(two).await).await;
    b.until("both", |client| client.presence.listed().count() == 2)
        .await;
    a.until("both", |client| client.presence.listed().count() == 2)
        .await;
    b.until("ink from before", |client| {
        client.presence.inks().count() == 1
    })
    .await;
    let at = inkroom_board::Pos { x: 640, y: 64 };
    b.say(ClientMessage::Cursor(Some(at))).await;
    a.until("a cursor", |client| client.presence.has_cursors())
        .await;
    servers[1].stop().await;
    a.until("one", |client| client.presence.here() == 1).await;
    assert_eq!(a.presence.listed().count(), 1);
}

#[tokio::test]
async fn two_servers_whose_relay_loses_everything_show_one_board_all_the_same() {
    let data = tempfile::tempdir().unwrap();
    let servers = two_servers(
        data.path(),
        [Arc::new(Deaf::default()), Arc::new(Deaf::default())],
        polled(Duration::from_millis(200)),
    )
    .await;
    draw_on_both(&servers).await;
}

#[tokio::test]
async fn the_server_that_commits_tells_how_the_board_is_and_the_other_does_not() {
    let data = tempfile::tempdir().unwrap();
    let relay: [Arc<Deaf>; 2] = Default::default();
    let both = relay.clone().map(|relay| relay as Arc<dyn Relay>);
    let servers = two_servers(data.path(), both, |timing| {
        timing.head_poll = Duration::from_millis(100);
        timing.idle = Duration::from_millis(500);
    })
    .await;
    let ada = Guest::of(servers[0].address).await;
    let board = ada.board(servers[0].address, "everyone").await;
    let mut a = Client::join(servers[0].address, board, &ada).await;
    let mut b = Client::join(servers[1].address, board, &ada).await;
    a.draw(Op::SetMode(Mode::Presenters)).await;
    a.draw(Op::SetTitle("Homework".into())).await;
    a.draw(stroke()).await;
    a.all_saved().await;
    b.at_seq(3).await;
    let [one, two] = &relay;
    let told = |relay: &Deaf| relay.told.lock().unwrap().clone();
    crate::common::until("that it is told", async || {
        told(one).is_some_and(|(state, _)| state.head == a.replica.position())
    })
    .await;
    let (state, title) = told(one).unwrap();
    assert_eq!((state.role_version, title.as_str()), (1, "Homework"));
    assert_eq!(told(two), None);
    // The last member leaves, and the room keeps a snapshot before it closes.
    drop((a, b));
    crate::common::until("a snapshot", async || {
        told(one).is_some_and(|(state, _)| state.snap_seq == Some(3))
    })
    .await;
}

/// What somebody who wants one more board is answered.
async fn one_more_board(server: &TestServer, guest: &Guest) -> u16 {
    let cookie = format!("guest={}", guest.token);
    let form = Ask::post("/boards", "title=One+more&mode=everyone").with("cookie", cookie);
    form.of(server.address).await.status
}

#[tokio::test]
async fn what_a_person_may_do_is_counted_at_all_servers_and_without_redis_at_each() {
    let data = tempfile::tempdir().unwrap();
    let redis = Redis::start().await;
    let relay = [1, 2].map(|n| RedisRelay::start(&redis.url(), None, NodeId([n; 8])).unwrap());
    for relay in &relay {
        let mut health = relay.health();
        let healthy = health.wait_for(|health| *health == RelayHealth::Healthy);
        crate::common::soon("Redis", healthy).await.unwrap();
    }
    let [one, two] = relay.map(|relay| Arc::new(relay) as Arc<dyn Relay>);
    let health = one.health();
    let servers = two_servers(data.path(), [one, two], |_| {}).await;
    // A person may make thirty boards a minute, wherever. If a minute ends meanwhile, somebody else tries.
    crate::common::until("a minute in which sixty are asked for", async || {
        let (ada, mut made) = (Guest::of(servers[0].address).await, 0);
        for n in 0..60 {
            let server = &servers[n % 2];
            made += u32::from(one_more_board(server, &ada).await == 303);
        }
        made == 30
    })
    .await;
    // Somebody else has an allowance of their own. Where nobody counts for all, each server does.
    let bo = Guest::of(servers[0].address).await;
    redis.stop();
    crate::common::until("no Redis", async || {
        *health.borrow() != RelayHealth::Healthy
    })
    .await;
    for server in &servers {
        let mut made = 0;
        for _ in 0..80 {
            made += u32::from(one_more_board(server, &bo).await == 303);
        }
        assert!((30..80).contains(&made), "{made}");
    }
}

#[tokio::test]
async fn a_room_that_closed_opens_again_as_it_was() {
    let server = TestServer::with(|config| config.timing.idle = Duration::from_millis(100)).await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    a.draw(stroke()).await;
    a.all_saved().await;
    let digest = a.digest();
    a.vanish();
    crate::common::until("no room", async || {
        let health = crate::common::Ask::get("/health").of(server.address).await;
        serde_json::from_slice::<serde_json::Value>(&health.body).unwrap()["boards"]["open"] == 0
    })
    .await;
    let late = Client::join(server.address, board, &server.guest().await).await;
    assert_eq!(late.digest(), digest);
}
