//! What every relay promises. Each case starts with a relay that nobody uses yet, whose servers are healthy.

use inkroom::relay::{News, Relay};
use inkroom_board::MemberId;
use inkroom_board::room::Murmur;

use crate::fixture::{Ear, Log, Rig, board, healthy, here, node, soon, until};

/// Runs every case on a rig.
macro_rules! contract {
    ($rig:expr) => {
        $crate::contract::contract!($rig;
            another_server_hears_of_its_own_board_and_of_no_other,
            a_server_does_not_hear_itself,
            what_one_server_says_arrives_in_order,
            two_rooms_of_a_server_both_hear,
            a_room_that_lags_hears_that_it_missed_something,
            what_is_published_after_the_subscription_is_heard,
            after_it_is_dropped_others_go_on_hearing,
            a_room_that_closes_and_opens_again_hears,
            waiting_for_news_may_be_given_up_and_begun_again,
            a_run_of_nothing_is_not_told,
            those_who_are_here_are_counted_on_all_servers,
            a_server_that_closes_leaves_with_its_people
        );
    };
    ($rig:expr; $($case:ident),*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let rig = $rig;
                $crate::contract::$case(&rig).await;
                $crate::fixture::Rig::check(&rig).await;
            }
        )*
    };
}
pub(crate) use contract;

async fn two(rig: &impl Rig) -> [std::sync::Arc<dyn Relay>; 2] {
    let both = [rig.node(1).await, rig.node(2).await];
    for relay in &both {
        healthy(&**relay).await;
    }
    both
}

pub(crate) async fn another_server_hears_of_its_own_board_and_of_no_other(rig: &impl Rig) {
    let [one, two] = two(rig).await;
    let mut ear = Ear::of(&*two, board(1)).await;
    let (mut log, mut other) = (Log::of(board(1)), Log::of(board(2)));
    one.publish(other.next());
    one.murmur(board(2), here(1));
    let hint = log.grow(3, 100);
    one.publish(hint.clone());
    ear.hears(&hint).await;
    one.murmur(board(1), Murmur::Bye);
    ear.hears_murmur(node(1), &Murmur::Bye).await;
}

pub(crate) async fn a_server_does_not_hear_itself(rig: &impl Rig) {
    let [one, two] = two(rig).await;
    let mut ear = Ear::of(&*one, board(1)).await;
    one.publish(Log::of(board(1)).next());
    one.murmur(board(1), here(1));
    // What another says comes first, then.
    let mut far = Ear::of(&*two, board(1)).await;
    one.murmur(board(1), Murmur::Bye);
    while !matches!(far.next().await, News::Murmur(_, Murmur::Bye)) {}
    two.murmur(board(1), here(1));
    ear.hears_murmur(node(2), &here(1)).await;
}

pub(crate) async fn what_one_server_says_arrives_in_order(rig: &impl Rig) {
    let [one, two] = two(rig).await;
    let mut ear = Ear::of(&*two, board(1)).await;
    let mut log = Log::of(board(1));
    let hints: Vec<_> = (0..200).map(|_| log.next()).collect();
    hints.iter().for_each(|hint| one.publish(hint.clone()));
    for hint in &hints {
        ear.hears(hint).await;
    }
    for n in 0..200 {
        one.murmur(board(1), if n % 3 == 0 { here(1) } else { Murmur::Bye });
    }
    for n in 0..200 {
        let said = if n % 3 == 0 { here(1) } else { Murmur::Bye };
        ear.hears_murmur(node(1), &said).await;
    }
}

pub(crate) async fn two_rooms_of_a_server_both_hear(rig: &impl Rig) {
    let [one, two] = two(rig).await;
    let mut ears = [
        Ear::of(&*two, board(1)).await,
        Ear::of(&*two, board(1)).await,
    ];
    let hint = Log::of(board(1)).next();
    one.publish(hint.clone());
    for ear in &mut ears {
        ear.hears(&hint).await;
    }
}

pub(crate) async fn a_room_that_lags_hears_that_it_missed_something(rig: &impl Rig) {
    let [one, two] = two(rig).await;
    let mut late = Ear::of(&*two, board(1)).await;
    let mut other = Ear::of(&*two, board(2)).await;
    let mut log = Log::of(board(1));
    // More than an inbox holds, in steps that an outbox takes.
    for n in 0..20 {
        (0..100).for_each(|_| one.publish(log.next()));
        let step = Log::of(board(2)).grow(n + 1, 10);
        one.publish(step.clone());
        other.hears(&step).await;
    }
    late.misses().await;
    let hint = log.next();
    one.publish(hint);
    late.hears_at_last(log.position().seq).await;
}

pub(crate) async fn what_is_published_after_the_subscription_is_heard(rig: &impl Rig) {
    let [one, two] = two(rig).await;
    for n in 1..50 {
        let mut ear = Ear::of(&*two, board(n)).await;
        let hint = Log::of(board(n)).next();
        one.publish(hint.clone());
        ear.hears(&hint).await;
    }
}

pub(crate) async fn after_it_is_dropped_others_go_on_hearing(rig: &impl Rig) {
    let [one, two] = two(rig).await;
    let (gone, mut stays) = (
        Ear::of(&*two, board(1)).await,
        Ear::of(&*two, board(1)).await,
    );
    drop(gone);
    let hint = Log::of(board(1)).next();
    one.publish(hint.clone());
    stays.hears(&hint).await;
}

pub(crate) async fn a_room_that_closes_and_opens_again_hears(rig: &impl Rig) {
    let [one, two] = two(rig).await;
    let mut log = Log::of(board(1));
    for _ in 0..20 {
        let mut ear = Ear::of(&*two, board(1)).await;
        let hint = log.next();
        one.publish(hint.clone());
        ear.hears_at_last(hint.head().seq).await;
    }
}

pub(crate) async fn waiting_for_news_may_be_given_up_and_begun_again(rig: &impl Rig) {
    let [one, two] = two(rig).await;
    let mut ear = Ear::of(&*two, board(1)).await;
    for _ in 0..3 {
        let nothing = tokio::time::timeout(std::time::Duration::ZERO, ear.0.next()).await;
        assert!(nothing.is_err());
    }
    let hint = Log::of(board(1)).next();
    one.publish(hint.clone());
    ear.hears(&hint).await;
}

pub(crate) async fn a_run_of_nothing_is_not_told(rig: &impl Rig) {
    let [one, two] = two(rig).await;
    let mut ear = Ear::of(&*two, board(1)).await;
    let mut log = Log::of(board(1));
    one.publish(log.grow(0, 0));
    let hint = log.next();
    one.publish(hint.clone());
    ear.hears(&hint).await;
}

pub(crate) async fn those_who_are_here_are_counted_on_all_servers(rig: &impl Rig) {
    let [one, two] = two(rig).await;
    one.seats(board(1), &[MemberId(2), MemberId(4)]);
    two.seats(board(1), &[MemberId(2)]);
    two.seats(board(2), &[MemberId(6)]);
    for relay in [&one, &two] {
        until(async || relay.here(board(1)).await == Some(3)).await;
        until(async || relay.here(board(2)).await == Some(1)).await;
    }
    one.seats(board(1), &[MemberId(4)]);
    two.seats(board(1), &[]);
    until(async || two.here(board(1)).await == Some(1)).await;
}

pub(crate) async fn a_server_that_closes_leaves_with_its_people(rig: &impl Rig) {
    let [one, two] = two(rig).await;
    let mut ear = Ear::of(&*two, board(1)).await;
    one.seats(board(1), &[MemberId(2)]);
    two.seats(board(1), &[MemberId(2)]);
    until(async || two.here(board(1)).await == Some(2)).await;
    one.murmur(board(1), Murmur::Bye);
    soon(one.close()).await;
    ear.hears_murmur(node(1), &Murmur::Bye).await;
    until(async || two.here(board(1)).await == Some(1)).await;
}
