//! The relay by Redis: the same promises, and what is particular to it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use inkroom::relay::redis::{BadAccess, Pace};
use inkroom::relay::{News, RedisAccess, RedisRelay, Relay, RoomState};
use inkroom_board::room::Murmur;
use inkroom_board::wire::{Format, ServerMessage};
use inkroom_board::{MemberId, PersonId, Pos};
use inkroom_testbed::{Redis, RedisOptions};

use crate::fixture::{Ear, Log, Rig, board, degraded, healthy, here, node, opens_at, state, until};

/// Everything sooner than in earnest, but a deadline that a busy machine keeps.
pub(crate) const BRISK: Pace = Pace {
    ping: Duration::from_millis(100),
    deadline: Duration::from_millis(1500),
    retry: Duration::from_millis(200),
    confirm: Duration::from_millis(500),
};

pub(crate) fn access(redis: &Redis) -> RedisAccess {
    RedisAccess {
        certificates: None,
        pace: BRISK,
        ..RedisAccess::new(&redis.url(), None)
    }
}

pub(crate) fn relay(redis: &Redis, n: u8) -> RedisRelay {
    RedisRelay::with(&access(redis), node(n)).unwrap()
}

/// Two servers that are up.
pub(crate) async fn pair(redis: &Redis) -> [RedisRelay; 2] {
    let both = [relay(redis, 1), relay(redis, 2)];
    for relay in &both {
        healthy(relay).await;
    }
    both
}

pub(crate) async fn nothing_stays(redis: &Redis) {
    let forever = redis.keys_without_ttl().await;
    assert!(forever.is_empty(), "{forever:?}");
}

#[async_trait]
impl Rig for Redis {
    async fn node(&self, n: u8) -> Arc<dyn Relay> {
        Arc::new(relay(self, n))
    }

    async fn check(&self) {
        nothing_stays(self).await;
    }
}

crate::contract::contract!(Redis::start().await);

/// One says something and the other hears it.
pub(crate) async fn they_hear([one, two]: &[RedisRelay; 2]) {
    let mut ear = Ear::of(two, board(99)).await;
    one.murmur(board(99), here(1));
    ear.hears_murmur(node(1), &here(1)).await;
}

#[tokio::test]
async fn a_large_run_goes_as_its_head() {
    let redis = Redis::start().await;
    let [one, two] = pair(&redis).await;
    let mut ear = Ear::of(&two, board(1)).await;
    let mut log = Log::of(board(1));
    one.publish(log.grow(40, 1000));
    ear.hears_head(log.position()).await;
    let hint = log.next();
    one.publish(hint.clone());
    ear.hears(&hint).await;
    nothing_stays(&redis).await;
}

#[tokio::test]
async fn how_a_board_is_is_remembered_for_a_day() {
    let redis = Redis::start().await;
    let [one, two] = pair(&redis).await;
    let mut log = Log::of(board(1));
    log.grow(9, 10);
    let known = RoomState {
        snap_seq: Some(4),
        role_version: 3,
        ..state(log.position())
    };
    one.remember(board(1), known, "Homework");
    opens_at(&two, board(1), log.position()).await;
    let said = async || two.recall(&[board(2), board(1)]).await;
    assert_eq!(said().await, [(board(1), known)].into());
    // Another server that writes on it does not know which snapshot is the newest.
    log.grow(1, 10);
    let later = RoomState {
        snap_seq: None,
        ..RoomState {
            head: log.position(),
            ..known
        }
    };
    two.remember(board(1), later, "Homework");
    opens_at(&one, board(1), log.position()).await;
    let both = RoomState {
        snap_seq: Some(4),
        ..later
    };
    assert_eq!(said().await, [(board(1), both)].into());
    let key = format!("ink:{{{}}}:room", board(1));
    let title: String = redis.ask(&["HGET", &key, "title"]).await;
    assert_eq!(title, "Homework");
    let mut fields: Vec<String> = redis.ask(&["HKEYS", &key]).await;
    fields.sort_unstable();
    let all = "chain epoch head_seq role_version snap_seq title";
    assert_eq!(fields.join(" "), all);
    let ttl: i64 = redis.ask(&["TTL", &key]).await;
    assert!((86_300..=86_400).contains(&ttl));
    nothing_stays(&redis).await;
}

#[tokio::test]
async fn the_last_listener_unsubscribes() {
    let redis = Redis::start().await;
    let [_one, two] = pair(&redis).await;
    let channel = format!("ink:{{{}}}:d", board(1));
    let listeners = async || {
        let (_, count): (String, u64) = redis.ask(&["PUBSUB", "NUMSUB", &channel]).await;
        count
    };
    let ears = [Ear::of(&two, board(1)).await, Ear::of(&two, board(1)).await];
    assert_eq!(listeners().await, 1, "once for both");
    drop(ears);
    until(async || listeners().await == 0).await;
}

/// What a room that opens on that server is told first.
async fn opens_with(relay: &RedisRelay) -> Option<News> {
    let mut ear = Ear::of(relay, board(1)).await;
    let first = tokio::time::timeout(Duration::from_millis(100), ear.0.next());
    first.await.ok()
}

fn points(member: MemberId, at: Pos) -> Murmur {
    let at = Some(at);
    Murmur::Told(ServerMessage::Cursor { member, at })
}

#[tokio::test]
async fn a_room_that_opens_is_told_where_people_of_other_servers_point() {
    let redis = Redis::start().await;
    let [one, two] = pair(&redis).await;
    let (ada, at) = (MemberId(2), Pos { x: 64, y: -640 });
    one.seats(board(1), &[ada]);
    let is_told = async |relay: &RedisRelay| {
        let first = opens_with(relay).await;
        matches!(first, Some(News::Murmur(from, murmur)) if (from, &murmur) == (node(1), &points(ada, at)))
    };
    until(async || {
        one.cursors(board(1), &[(ada, at)]);
        is_told(&two).await
    })
    .await;
    assert!(opens_with(&one).await.is_none(), "it knows its own");
    let key = format!("ink:{{{}}}:cur:{}:2", board(1), node(1));
    one.cursors(board(1), &[(ada, at)]);
    until(async || {
        let ttl: i64 = redis.ask(&["PTTL", &key]).await;
        assert!(ttl <= 2_000);
        ttl > 1_000
    })
    .await;
    nothing_stays(&redis).await;
    // Nobody says it any more.
    until(async || redis.ask::<u64>(&["EXISTS", &key]).await == 0).await;
    assert!(opens_with(&two).await.is_none());
}

#[tokio::test]
async fn nobody_looks_where_an_audience_points() {
    let redis = Redis::start().await;
    let [one, two] = pair(&redis).await;
    let crowd: Vec<_> = (1..=51).map(MemberId::of_this_server).collect();
    let place = Format::Binary.encode(&Pos { x: 3, y: 4 });
    let place = String::from_utf8(place).unwrap();
    let key = format!("ink:{{{}}}:cur:{}:2", board(1), node(1));
    let _: String = redis.ask(&["SET", &key, &place, "EX", "60"]).await;
    one.seats(board(1), &crowd);
    until(async || two.here(board(1)).await == Some(51)).await;
    assert!(opens_with(&two).await.is_none());
    one.seats(board(1), &crowd[..50]);
    until(async || opens_with(&two).await.is_some()).await;
}

/// Counts one more of what somebody does in some hours.
async fn tally(relay: &RedisRelay) -> Option<u64> {
    let (ada, hours) = (PersonId([1; 16]), Duration::from_secs(100_000));
    relay.tally("test", ada, hours).await
}

#[tokio::test]
async fn what_somebody_does_is_counted_by_all_servers_together_and_forgotten() {
    let redis = Redis::start().await;
    let [one, two] = pair(&redis).await;
    for count in 0..5 {
        assert_eq!(tally(&one).await, Some(2 * count + 1));
        assert_eq!(tally(&two).await, Some(2 * count + 2));
    }
    let other = PersonId([2; 16]);
    let second = Duration::from_secs(1);
    assert_eq!(one.tally("test", other, second).await, Some(1));
    nothing_stays(&redis).await;
    until(async || {
        let keys: Vec<String> = redis.ask(&["KEYS", "ink:rl:*"]).await;
        keys.len() == 1
    })
    .await;
    assert_eq!(two.tally("test", other, second).await, Some(1));
    // Whoever writes there decides no more than how often this person may come, for as long as the window lasts.
    let ada = format!("ink:rl:test:{}:*", PersonId([1; 16]));
    let keys: Vec<String> = redis.ask(&["KEYS", &ada]).await;
    let _: String = redis.ask(&["SET", &keys[0], "often"]).await;
    assert_eq!(tally(&one).await, None);
    nothing_stays(&redis).await;
    redis.stop();
    degraded(&one).await;
    assert_eq!(tally(&one).await, None);
}

#[tokio::test]
async fn installations_with_names_of_their_own_do_not_hear_each_other() {
    let redis = Redis::start().await;
    let named = |name: &str, n| {
        let access = RedisAccess {
            prefix: Some(name.into()),
            ..access(&redis)
        };
        RedisRelay::with(&access, node(n)).unwrap()
    };
    let [a1, a2, b] = [named("a", 1), named("a", 2), named("b", 3)];
    for relay in [&a1, &a2, &b] {
        healthy(relay).await;
    }
    let mut ear = Ear::of(&a2, board(1)).await;
    b.murmur(board(1), Murmur::Bye);
    b.seats(board(1), &[MemberId(2)]);
    until(async || b.here(board(1)).await == Some(1)).await;
    a1.murmur(board(1), here(1));
    ear.hears_murmur(node(1), &here(1)).await;
    until(async || a2.here(board(1)).await == Some(0)).await;
    nothing_stays(&redis).await;
}

#[tokio::test]
async fn servers_that_live_are_listed_until_they_close() {
    let redis = Redis::start().await;
    let [one, two] = pair(&redis).await;
    let alive = async || one.servers().await.map(|nodes| nodes.len());
    until(async || alive().await == Some(2)).await;
    two.close().await;
    until(async || alive().await == Some(1)).await;
    assert_eq!(one.servers().await.unwrap()[0].node, node(1));
    one.close().await;
    assert_eq!(redis.ask::<u64>(&["DBSIZE"]).await, 0);
}

#[tokio::test]
async fn a_password_and_tls_are_understood() {
    let redis = Redis::with(RedisOptions {
        password: Some("open sesame".replace(' ', "-")),
        tls: true,
        ..RedisOptions::default()
    })
    .await;
    let trusting = RedisAccess {
        certificates: Some(redis.certificate()),
        ..access(&redis)
    };
    let both = [1, 2].map(|n| RedisRelay::with(&trusting, node(n)).unwrap());
    for relay in &both {
        healthy(relay).await;
    }
    they_hear(&both).await;
    // Whoever does not trust it, or does not know the password, is told so and does not get in.
    degraded(&relay(&redis, 3)).await;
    let nameless = RedisAccess {
        url: redis.url().replace("open-sesame", "open"),
        ..trusting
    };
    let relay = RedisRelay::with(&nameless, node(4)).unwrap();
    let mut health = relay.health();
    let told = health.wait_for(|health| format!("{health:?}").contains("WRONGPASS"));
    crate::fixture::soon(told).await.unwrap();
}

#[tokio::test]
async fn a_user_limited_to_its_keys_and_channels_is_enough() {
    let redis = Redis::start().await;
    let rules = "ACL SETUSER ink on >pen ~ink:* &ink:* -@all +@connection +@pubsub +time +hset +hmget +expire +set +incr +multi +exec \
                 +getrange +del +zadd +zrem +zcard +zrangebyscore +zremrangebyscore";
    let rules: Vec<_> = rules.split_whitespace().collect();
    let _: String = redis.ask(&rules).await;
    let limited = RedisAccess {
        url: redis.url().replace("redis://", "redis://ink:pen@"),
        ..access(&redis)
    };
    let both = [1, 2].map(|n| RedisRelay::with(&limited, node(n)).unwrap());
    for relay in &both {
        healthy(relay).await;
    }
    they_hear(&both).await;
    let hint = Log::of(board(1)).next();
    both[0].publish(hint.clone());
    both[0].seats(board(1), &[MemberId(2)]);
    until(async || both[1].here(board(1)).await == Some(1)).await;
    until(async || {
        both[1]
            .servers()
            .await
            .is_some_and(|nodes| nodes.len() == 2)
    })
    .await;
    assert_eq!(tally(&both[0]).await, Some(1));
    both[0].remember(board(1), state(hint.head()), "");
    opens_at(&both[1], board(1), hint.head()).await;
}

#[tokio::test]
async fn a_redis_that_is_full_still_carries() {
    let redis = Redis::with(RedisOptions {
        maxmemory: Some(("8mb", "noeviction")),
        ..RedisOptions::default()
    })
    .await;
    let both = pair(&redis).await;
    let _: String = redis.ask(&["CONFIG", "SET", "maxmemory", "1mb"]).await;
    let mut ear = Ear::of(&both[1], board(1)).await;
    let mut log = Log::of(board(1));
    for _ in 0..20 {
        both[0].seats(board(1), &[MemberId(2)]);
        let hint = log.next();
        both[0].publish(hint.clone());
        both[0].remember(board(1), state(hint.head()), "");
        both[0].cursors(board(1), &[(MemberId(2), Pos { x: 64, y: 0 })]);
        ear.hears(&hint).await;
        tokio::time::sleep(BRISK.ping / 2).await;
    }
    // Nothing could be kept.
    until(async || both[1].here(board(1)).await == Some(0)).await;
    assert!(both[1].recall(&[board(1)]).await.is_empty());
    assert_eq!(tally(&both[0]).await, None);
    healthy(&both[0]).await;
}

#[tokio::test]
async fn what_is_no_url_is_an_error_and_a_redis_that_is_away_is_none() {
    let start = |url: &str, prefix| RedisRelay::start(url, prefix, node(1));
    for url in ["", "postgres://localhost", "redis//x", "localhost:1"] {
        assert!(matches!(start(url, None), Err(BadAccess::Url(_))), "{url}");
    }
    let away = "redis://127.0.0.1:1";
    assert!(matches!(start(away, Some("a:b")), Err(BadAccess::Prefix)));
    let relay = start(away, None).unwrap();
    degraded(&relay).await;
    assert_eq!(relay.here(board(1)).await, None);
    let untls = RedisAccess {
        certificates: Some(Vec::new()),
        ..RedisAccess::new(away, None)
    };
    assert!(matches!(
        RedisRelay::with(&untls, node(1)),
        Err(BadAccess::Certificates(_))
    ));
}
