//! Whoever reaches Redis can say anything. Servers count it, and go on.

use std::sync::atomic::Ordering;

use inkroom::relay::{Relay, codec};
use inkroom_board::room::Murmur;
use inkroom_board::wire::{Format, ServerMessage};
use inkroom_board::{MemberId, Pos};
use inkroom_testbed::Redis;
use redis::{Client, FromRedisValue};

use crate::fixture::{Ear, Log, board, here, node, until};
use crate::redis::{nothing_stays, pair};

/// A command with any bytes.
async fn tell<T: FromRedisValue>(redis: &Redis, command: &str, to: &str, bytes: &[u8]) -> T {
    let client = Client::open(redis.url()).unwrap();
    let mut link = client.get_multiplexed_async_connection().await.unwrap();
    let mut command = redis::cmd(command);
    let answer = command.arg(to).arg(bytes).query_async(&mut link).await;
    answer.unwrap()
}

async fn publish(redis: &Redis, channel: &str, message: &[u8]) {
    let heard: u64 = tell(redis, "PUBLISH", channel, message).await;
    assert_eq!(heard, 1, "somebody listens");
}

#[tokio::test]
async fn forged_and_random_messages_are_counted_and_ignored() {
    let redis = Redis::start().await;
    let [one, two] = pair(&redis).await;
    let mut ear = Ear::of(&two, board(1)).await;
    let [hints, murmurs] = ["d", "e"].map(|lane| format!("ink:{{{}}}:{lane}", board(1)));
    let mut log = Log::of(board(1));
    let mut torn = codec::hint(node(9), &log.clone().grow(3, 10));
    torn.pop();
    let mut poison: Vec<Vec<u8>> = vec![vec![], vec![0], vec![2; 8], torn];
    // Any bytes, always the same.
    poison.extend((1..60_u32).map(|n| {
        let noise = |i: u32| (i.wrapping_mul(2_654_435_761).wrapping_add(n * 977) >> 13) as u8;
        (0..n * 31).map(noise).map(|byte| byte | 4).collect()
    }));
    poison.push(vec![2; codec::MOST_BYTES + 1]);
    for message in &poison {
        publish(&redis, &hints, message).await;
        publish(&redis, &murmurs, message).await;
    }
    let counters = two.counters();
    // The torn hint is a list of something where murmurs are expected; nothing of it is one.
    let counted = || counters.undecodable.load(Ordering::Relaxed);
    until(async || counted() >= poison.len() as u64 * 2 - 1).await;
    // An unknown murmur between two that are known.
    let [hello, bye] = [here(1), Murmur::Bye].map(|murmur| Format::Binary.encode(&murmur));
    let list = codec::murmurs(node(9), &[hello, vec![0xee; 40], bye]);
    publish(&redis, &murmurs, &list).await;
    ear.hears_murmur(node(9), &here(1)).await;
    ear.hears_murmur(node(9), &Murmur::Bye).await;
    let hint = log.next();
    one.publish(hint.clone());
    ear.hears(&hint).await;
}

#[tokio::test]
async fn a_forged_cursor_is_no_cursor() {
    let redis = Redis::start().await;
    let [one, two] = pair(&redis).await;
    let users = format!("ink:{{{}}}:users", board(1));
    let cursor = |sid: &str| format!("ink:{{{}}}:cur:{sid}", board(1));
    let [long, far, list, good] = [2, 4, 6, 8].map(|n| format!("{}:{n}", node(9)));
    let all = [&long, &far, &list, &good].map(String::as_str);
    for sid in all.into_iter().chain(["", ":", "nobody", "\u{0}:2"]) {
        let _: u64 = redis.ask(&["ZADD", &users, "9999999999999", sid]).await;
    }
    let at = Pos { x: 3, y: 4 };
    let off_board = Pos {
        x: i32::MAX,
        y: i32::MIN,
    };
    let [place, far_place] = [at, off_board].map(|at| Format::Binary.encode(&at));
    for (sid, value) in [
        (&long, place.repeat(1_000_000)),
        (&far, far_place),
        (&good, place),
    ] {
        let _: String = tell(&redis, "SET", &cursor(sid), &value).await;
    }
    let _: u64 = tell(&redis, "RPUSH", &cursor(&list), b"of another kind").await;
    let mut ear = Ear::of(&two, board(1)).await;
    one.murmur(board(1), here(1));
    let shown = ServerMessage::Cursor {
        member: MemberId(8),
        at: Some(at),
    };
    ear.hears_murmur(node(9), &Murmur::Told(shown)).await;
    ear.hears_murmur(node(1), &here(1)).await;
}

#[tokio::test]
async fn odd_values_of_keys_are_as_good_as_none() {
    let redis = Redis::start().await;
    let [one, two] = pair(&redis).await;
    let room = format!("ink:{{{}}}:room", board(1));
    let users = format!("ink:{{{}}}:users", board(1));
    let zeros = "0000000000000000";
    for fields in [
        ["epoch", "many", "head_seq", "1", "chain", zeros],
        ["epoch", "1", "head_seq", "-1", "chain", zeros],
        ["epoch", "1", "head_seq", "1", "chain", "ink"],
    ] {
        let words = [&["HSET", room.as_str(), "role_version", "0"][..], &fields].concat();
        let _: u64 = redis.ask(&words).await;
        assert!(two.recall(&[board(1)]).await.is_empty());
        let mut ear = Ear::of(&two, board(1)).await;
        one.murmur(board(1), here(1));
        ear.hears_murmur(node(1), &here(1)).await;
    }
    for key in [&room, &users] {
        let _: String = redis.ask(&["SET", key, "of another kind"]).await;
    }
    let mut ear = Ear::of(&two, board(1)).await;
    assert_eq!(two.here(board(1)).await, None);
    let hint = Log::of(board(1)).next();
    one.publish(hint.clone());
    ear.hears(&hint).await;
    let _: u64 = redis.ask(&["DEL", &room, &users]).await;
    nothing_stays(&redis).await;
}
