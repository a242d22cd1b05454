//! Who is here: told as differences, with names that people keep.

use inkroom_board::room::PERSON_COLOURS;
use inkroom_board::wire::{ClientMessage, ServerMessage};

use crate::common::{Client, TestServer};

#[tokio::test]
async fn a_joiner_gets_the_list_and_the_others_hear_of_the_joiner_alone() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    a.until("the list", |a| {
        a.heard
            .iter()
            .any(|message| matches!(message, ServerMessage::People { .. }))
    })
    .await;
    a.heard.clear();
    let mut b = Client::join(server.address, board, &server.guest().await).await;
    b.until("the list", |b| {
        b.presence.here() == 2 && b.presence.listed().count() == 2
    })
    .await;
    a.until("the joiner", |a| a.presence.here() == 2).await;
    assert!(
        !a.heard
            .iter()
            .any(|message| matches!(message, ServerMessage::People { .. }))
    );
    let member = b.member.unwrap();
    b.vanish();
    a.until("that they left", |a| {
        a.heard.contains(&ServerMessage::Left(member))
    })
    .await;
    assert_eq!(a.presence.here(), 1);
}

#[tokio::test]
async fn a_new_name_is_seen_at_once_and_kept() {
    let server = TestServer::start().await;
    let (ada, bo) = (server.guest().await, server.guest().await);
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut b = Client::join(server.address, board, &bo).await;
    b.say(ClientMessage::Profile {
        name: "Béatrice".into(),
        colour: PERSON_COLOURS[3],
    })
    .await;
    a.until("the name", |a| {
        a.presence
            .listed()
            .any(|one| one.profile.name == "Béatrice")
    })
    .await;
    b.vanish();
    a.until("that they left", |a| a.presence.here() == 1).await;
    b.connect().await;
    let you = |message: &ServerMessage| {
        if let ServerMessage::Welcome { you, .. } = message {
            Some(you.clone())
        } else {
            None
        }
    };
    let you = b.heard.iter().find_map(you).unwrap();
    assert_eq!(
        (you.person, you.name.as_str(), you.colour),
        (bo.person, "Béatrice", PERSON_COLOURS[3])
    );
}

#[tokio::test]
async fn hands_go_up_in_order_and_down_with_the_pen() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "presenters").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let (bo, cy) = (server.guest().await, server.guest().await);
    let mut b = Client::join(server.address, board, &bo).await;
    let mut c = Client::join(server.address, board, &cy).await;
    b.say(ClientMessage::Hand(true)).await;
    b.until("first", |b| b.presence.my_hand() == Some(1)).await;
    c.say(ClientMessage::Hand(true)).await;
    c.until("second", |c| c.presence.my_hand() == Some(2)).await;
    a.until("both", |a| {
        a.presence.listed().filter(|one| one.hand.is_some()).count() == 2
    })
    .await;
    a.draw(inkroom_board::Op::SetPen {
        person: bo.person,
        holds: true,
    })
    .await;
    c.until("now first", |c| c.presence.my_hand() == Some(1))
        .await;
}

#[tokio::test]
async fn cursors_of_those_who_draw_are_shown() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut b = Client::join(server.address, board, &server.guest().await).await;
    for n in 0..30 {
        let at = inkroom_board::Pos { x: n * 64, y: 0 };
        a.say(ClientMessage::Cursor(Some(at))).await;
    }
    let last = inkroom_board::Pos { x: 29 * 64, y: 0 };
    b.until("the last place", |b| {
        b.presence.cursors(0).any(|cursor| cursor.at == last)
    })
    .await;
    let told = b
        .heard
        .iter()
        .filter(|message| matches!(message, ServerMessage::Cursor { .. }))
        .count();
    assert!(told < 30, "cursors are told at most every 50 ms: {told}");
}
