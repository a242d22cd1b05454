//! People, cursors, ink and pens: seen on all servers, and gone with those who go.

use std::time::Duration;

use inkroom_board::wire::{ClientMessage, Refusal};
use inkroom_board::{Op, Pos};
use inkroom_testbed::RedisOptions;
use tokio::time::timeout;

use crate::cluster::{Cluster, Database};
use crate::common::{Client, element, sketch, stroke, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_cursors_and_ink_cross_servers_and_the_people_of_a_crashed_one_disappear() {
    let mut cluster = Cluster::start().await;
    let board = cluster.board().await;
    cluster.healthy().await;
    let mut a = cluster.join(0, board).await;
    let (mut b, mut c) = (cluster.join(1, board).await, cluster.join(1, board).await);
    for client in [&mut a, &mut b, &mut c] {
        let all = |client: &Client| client.presence.listed().count() == 3;
        client.until("all three", all).await;
    }
    b.say(ClientMessage::Cursor(Some(Pos { x: 640, y: 64 })))
        .await;
    a.until("a cursor", |a| a.presence.has_cursors()).await;
    let id = element();
    c.ink(sketch(id, 25).0).await;
    a.until("ink", |a| a.sees_ink(id)).await;
    cluster.nodes[1].kill().await;
    a.until("alone", |a| {
        a.presence.here() == 1 && a.presence.listed().count() == 1
    })
    .await;
    // What somebody was drawing when their server died goes, too.
    a.until("no ink", |a| !a.sees_ink(id)).await;
    assert!(!a.presence.has_cursors());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_on_a_server_sees_where_others_rest_that_say_nothing_more() {
    let redis = Some(RedisOptions::default());
    let cluster = Cluster::of(2, Database::Sqlite, redis).await;
    cluster.healthy().await;
    // Said once, it is known for two seconds: a busy machine may need another try, where no room has heard of it.
    until("a cursor", async || {
        let board = cluster.board().await;
        let mut a = cluster.join(0, board).await;
        let at = Some(Pos { x: 640, y: 64 });
        a.say(ClientMessage::Cursor(at)).await;
        let pattern = format!("ink:{{{board}}}:cur:*");
        until("that it is known", async || {
            let keys: Vec<String> = cluster.redis().ask(&["KEYS", &pattern]).await;
            !keys.is_empty()
        })
        .await;
        let mut b = cluster.join(1, board).await;
        let shows = b.until("a cursor", |b| b.presence.has_cursors());
        timeout(Duration::from_secs(1), shows).await.is_ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pen_that_is_taken_on_one_server_stops_ink_on_the_other() {
    let cluster = Cluster::start().await;
    let (ada, bo) = (cluster.guest().await, cluster.guest().await);
    let [one, two] = [0, 1].map(|node: usize| cluster.nodes[node].address());
    let board = ada.board(one, "presenters").await;
    cluster.healthy().await;
    let mut a = Client::join(one, board, &ada).await;
    let mut b = Client::join(two, board, &bo).await;
    let mut viewer = cluster.join(1, board).await;
    let pen = |holds| Op::SetPen {
        person: bo.person,
        holds,
    };
    a.draw(pen(true)).await;
    b.at_seq(1).await;
    let id = element();
    b.ink(sketch(id, 20).0).await;
    for client in [&mut a, &mut viewer] {
        client
            .until("ink of who has the pen", |client| client.sees_ink(id))
            .await;
    }
    a.draw(pen(false)).await;
    a.all_saved().await;
    for client in [&mut a, &mut b, &mut viewer] {
        client.at_seq(2).await;
        client.until("no ink", |client| !client.sees_ink(id)).await;
    }
    let late = element();
    b.ink(sketch(late, 20).0).await;
    b.draw(stroke()).await;
    b.until("a refusal", |b| !b.refused.is_empty()).await;
    assert_eq!(b.refused[0].1, Refusal::Forbidden);
    // Whatever was to come of the late ink came before this.
    a.draw(stroke()).await;
    for client in [&mut a, &mut viewer] {
        client.at_seq(3).await;
        assert!(!client.sees_ink(late));
    }
    until("what is said of the board", async || {
        let said = cluster.nodes[1].status().await["rooms"][0]["said"].take();
        said["head_seq"] == 3 && said["role_version"] == 2
    })
    .await;
    cluster
        .agree_by_hand(board, vec![&mut a, &mut b, &mut viewer])
        .await;
}
