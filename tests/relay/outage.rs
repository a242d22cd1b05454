//! Redis goes away in every way it can, and comes back: servers know that they are deaf, and hear again. The longest
//! outage here is far longer than anything that counts its tries would go on for at this pace.

use std::time::Duration;

use inkroom::relay::redis::Pace;
use inkroom::relay::{RedisAccess, RedisRelay, Relay};
use inkroom_board::MemberId;
use inkroom_testbed::{Proxy, Redis, RedisOptions};

use crate::fixture::{DEADLINE, Ear, Log, board, degraded, healthy, node, says_until_heard, until};
use crate::redis::{BRISK, access, nothing_stays, pair, relay};

/// Both servers come back from an outage that each of them has noticed.
async fn they_recover(both: &[RedisRelay; 2], ear: &mut Ear, log: &mut Log) {
    for relay in both {
        healthy(relay).await;
    }
    ear.misses().await;
    says_until_heard(&both[0], log, ear).await;
}

#[tokio::test]
async fn a_redis_that_is_away_at_the_start_is_used_once_it_is_there() {
    let redis = Redis::start().await;
    redis.stop();
    let both = [relay(&redis, 1), relay(&redis, 2)];
    let (mut ear, mut log) = (Ear::of(&both[1], board(1)).await, Log::of(board(1)));
    both[0].publish(log.next());
    both[0].seats(board(1), &[MemberId(2)]);
    redis.start_again().await;
    they_recover(&both, &mut ear, &mut log).await;
    until(async || both[1].here(board(1)).await == Some(1)).await;
    nothing_stays(&redis).await;
}

async fn restart_after(outage: Duration) {
    let redis = Redis::start().await;
    let both = pair(&redis).await;
    let (mut ear, mut log) = (Ear::of(&both[1], board(1)).await, Log::of(board(1)));
    both[0].seats(board(1), &[MemberId(2)]);
    redis.stop();
    for relay in &both {
        degraded(relay).await;
    }
    assert_eq!(both[1].here(board(1)).await, None);
    // What is committed meanwhile is told as a head when there is somebody to tell.
    both[0].publish(log.next());
    let mut opened_meanwhile = Ear::of(&both[1], board(2)).await;
    tokio::time::sleep(outage).await;
    redis.start_again().await;
    they_recover(&both, &mut ear, &mut log).await;
    opened_meanwhile.misses().await;
    says_until_heard(&both[0], &mut Log::of(board(2)), &mut opened_meanwhile).await;
    // It came back empty, and is told again.
    until(async || both[1].here(board(1)).await == Some(1)).await;
    nothing_stays(&redis).await;
}

#[tokio::test]
async fn after_a_short_outage_everybody_hears_again() {
    restart_after(Duration::ZERO).await;
}

#[tokio::test]
async fn after_an_outage_longer_than_any_patience_everybody_hears_again() {
    restart_after(BRISK.retry * 40).await;
}

#[tokio::test]
async fn a_subscriber_that_redis_throws_out_subscribes_again() {
    let redis = Redis::start().await;
    let both = pair(&redis).await;
    let (mut ear, mut log) = (Ear::of(&both[1], board(1)).await, Log::of(board(1)));
    for _ in 0..3 {
        let _: u64 = redis.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
        they_recover(&both, &mut ear, &mut log).await;
    }
    let reconnects = &both[1].counters().reconnects;
    assert!(reconnects.load(std::sync::atomic::Ordering::Relaxed) >= 3);
}

#[tokio::test]
async fn a_redis_that_does_not_answer_is_noticed_and_used_again() {
    let redis = Redis::start().await;
    let both = pair(&redis).await;
    let (mut ear, mut log) = (Ear::of(&both[1], board(1)).await, Log::of(board(1)));
    // The answer comes when it wakes up.
    let sleeps = async { redis.ask::<String>(&["DEBUG", "SLEEP", "4"]).await };
    let ((), _) = tokio::join!(
        async {
            for relay in &both {
                degraded(relay).await;
            }
        },
        sleeps
    );
    they_recover(&both, &mut ear, &mut log).await;
}

#[tokio::test]
async fn a_redis_that_forgets_everything_goes_on_carrying() {
    let redis = Redis::start().await;
    let both = pair(&redis).await;
    let (mut ear, mut log) = (Ear::of(&both[1], board(1)).await, Log::of(board(1)));
    let _: String = redis.ask(&["FLUSHALL"]).await;
    let hint = log.next();
    both[0].publish(hint.clone());
    ear.hears(&hint).await;
    // Rooms say every minute who is here.
    both[0].seats(board(1), &[MemberId(2)]);
    until(async || both[1].here(board(1)).await == Some(1)).await;
    nothing_stays(&redis).await;
}

#[tokio::test]
async fn a_subscriber_cut_off_for_being_slow_hears_that_it_missed_something() {
    let redis = Redis::with(RedisOptions {
        more: ["--client-output-buffer-limit", "pubsub", "1mb", "1mb", "1"]
            .map(String::from)
            .into(),
        ..RedisOptions::default()
    })
    .await;
    let proxy = Proxy::to(redis.address()).await;
    // It does not notice by itself.
    let patient = Pace {
        deadline: DEADLINE,
        ..BRISK
    };
    let slow = RedisAccess {
        url: redis.url_at(proxy.addr().port()),
        pace: patient,
        ..access(&redis)
    };
    let both = [relay(&redis, 1), RedisRelay::with(&slow, node(2)).unwrap()];
    for relay in &both {
        healthy(relay).await;
    }
    let (mut ear, mut log) = (Ear::of(&both[1], board(1)).await, Log::of(board(1)));
    let is_gone = async || {
        let clients: String = redis.ask(&["CLIENT", "LIST", "TYPE", "pubsub"]).await;
        !clients.contains(" sub=2 ")
    };
    assert!(!is_gone().await);
    proxy.freeze();
    let floods = async {
        loop {
            both[0].publish(log.grow(20, 1000));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = floods => {}
        () = until(is_gone) => {}
    }
    proxy.heal();
    they_recover(&both, &mut ear, &mut log).await;
}

/// One server behind a line of its own.
struct Behind {
    redis: Redis,
    proxy: Proxy,
    both: [RedisRelay; 2],
    ear: Ear,
    log: Log,
}

impl Behind {
    async fn start() -> Self {
        let redis = Redis::start().await;
        let proxy = Proxy::to(redis.address()).await;
        let far = RedisAccess {
            url: redis.url_at(proxy.addr().port()),
            ..access(&redis)
        };
        let both = [relay(&redis, 1), RedisRelay::with(&far, node(2)).unwrap()];
        for relay in &both {
            healthy(relay).await;
        }
        Self {
            ear: Ear::of(&both[1], board(1)).await,
            log: Log::of(board(1)),
            redis,
            proxy,
            both,
        }
    }

    async fn heals(mut self) {
        degraded(&self.both[1]).await;
        healthy(&self.both[0]).await;
        // What is told on the other side of the break is lost.
        self.both[0].publish(self.log.next());
        self.proxy.heal();
        they_recover(&self.both, &mut self.ear, &mut self.log).await;
        nothing_stays(&self.redis).await;
    }
}

#[tokio::test]
async fn a_server_whose_line_is_cut_knows_it_and_recovers() {
    let behind = Behind::start().await;
    behind.proxy.cut();
    behind.heals().await;
}

#[tokio::test]
async fn a_server_whose_line_is_a_black_hole_knows_it_and_recovers() {
    let behind = Behind::start().await;
    behind.proxy.freeze();
    behind.heals().await;
}

#[tokio::test]
async fn a_line_that_breaks_in_the_middle_of_a_message_is_made_anew() {
    for bytes in [1, 10, 700] {
        let mut behind = Behind::start().await;
        behind.proxy.cut_after(bytes);
        behind.both[0].publish(behind.log.grow(1, 900));
        behind.heals().await;
    }
}

#[tokio::test]
async fn a_slow_line_is_a_healthy_one() {
    let mut behind = Behind::start().await;
    behind.proxy.delay(BRISK.deadline / 10);
    let hint = behind.log.next();
    behind.both[0].publish(hint.clone());
    behind.ear.hears(&hint).await;
    healthy(&behind.both[1]).await;
}

#[tokio::test]
async fn the_end_of_a_server_does_not_wait_for_a_redis_that_does_not_answer() {
    let behind = Behind::start().await;
    behind.proxy.freeze();
    let closed = tokio::time::timeout(BRISK.deadline * 3, behind.both[1].close()).await;
    assert!(closed.is_ok());
}
