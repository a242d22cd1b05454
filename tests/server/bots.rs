//! Programs in any language: the same protocol as JSON, written here by hand as such a program would.

use futures_util::{SinkExt, StreamExt};
use inkroom_board::limits;
use inkroom_board::wire::{ClientMessage, CloseCode, Format, PROTOCOL_JSON, ServerMessage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::common::{Client, Raw, TestServer, soon, stroke};

async fn hear(raw: &mut Raw, kind: &str) -> Value {
    loop {
        let Some(Ok(message)) = soon(kind, raw.socket.next()).await else {
            panic!("closed")
        };
        if let Message::Text(text) = message {
            let value: Value = serde_json::from_str(&text).unwrap();
            if let Some(found) = value.get(kind) {
                return found.clone();
            }
        }
    }
}

async fn say(raw: &mut Raw, message: Value) {
    raw.socket
        .send(Message::Text(message.to_string().into()))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_bot_that_speaks_json_draws_with_people_who_speak_binary() {
    let server = TestServer::start().await;
    let (ada, bot) = (server.guest().await, server.guest().await);
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let bearer = format!("Bearer {}", bot.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("sec-websocket-protocol", PROTOCOL_JSON),
    ];
    let mut raw = Raw::open(server.address, &board.to_string(), &headers)
        .await
        .unwrap();
    let client = inkroom::random::client().to_string();
    say(
        &mut raw,
        json!({ "Hello": { "client": client, "resume": null } }),
    )
    .await;
    let welcome = hear(&mut raw, "Welcome").await;
    assert_eq!(welcome["you"]["person"], bot.person.to_string());
    let style = json!({ "colour": { "Named": "Green" }, "width": 512 });
    let stroke_of_bot = json!({ "Stroke": { "brush": "Pen", "style": style, "points": [[0, 0, 0], [6400, 6400, 0]], "done": true } });
    // 64 bits in 13 letters: the last letter's lowest bit is always zero.
    let add = json!({ "Add": { "id": "0000000000002", "element": stroke_of_bot } });
    say(
        &mut raw,
        json!({ "Ops": { "client": client, "ops": [{ "n": 1, "op": add }] } }),
    )
    .await;
    let batch = hear(&mut raw, "Ops").await;
    assert_eq!(
        (&batch["first"], &batch["entries"][0]["id"]["n"]),
        (&json!(1), &json!(1))
    );
    a.at_seq(1).await;
    assert_eq!(a.replica.document().len(), 1);
    a.draw(stroke()).await;
    let batch = hear(&mut raw, "Ops").await;
    assert_eq!(batch["entries"][0]["author"], ada.person.to_string());
    assert_eq!(
        batch["entries"][0]["op"]["Add"]["element"]["Stroke"]["style"]["colour"]["Named"],
        "Blue"
    );
    say(&mut raw, json!({ "Ping": 7 })).await;
    assert_eq!(hear(&mut raw, "Pong").await, 7);
}

const DOCS: &str = include_str!("../../docs/bots.md");

/// The examples in the documentation of what one side says, each exactly a message of the protocol.
fn examples<M: Serialize + DeserializeOwned>(side: &str) -> Vec<Value> {
    let fence = format!("```json {side}\n");
    let blocks = DOCS.split(&fence).skip(1);
    let examples = blocks.map(|block| block.split("```").next().unwrap());
    let checked = examples.map(|example| {
        let message: M = Format::Json.decode(example.as_bytes()).expect(example);
        let value: Value = serde_json::from_str(example).unwrap();
        // Nothing in it is passed over.
        assert_eq!(serde_json::to_value(&message).unwrap(), value);
        value
    });
    checked.collect()
}

fn kinds(examples: &[Value]) -> Vec<&str> {
    let kinds = examples.iter().map(|example| example.as_object().unwrap());
    kinds
        .map(|kind| kind.keys().next().unwrap().as_str())
        .collect()
}

#[tokio::test]
async fn the_documented_messages_are_those_of_the_protocol_and_do_what_is_said() {
    let heard = examples::<ServerMessage>("server");
    assert_eq!(kinds(&heard), ["Welcome", "Start", "Ops", "Ack", "Nack"]);
    let said = examples::<ClientMessage>("client");
    assert_eq!(
        kinds(&said),
        ["Hello", "Ops", "Ops", "Ink", "Ink", "Cursor"]
    );
    let server = TestServer::start().await;
    let bot = server.guest().await;
    let board = server.board(&bot, "everyone").await;
    let bearer = format!("Bearer {}", bot.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("sec-websocket-protocol", PROTOCOL_JSON),
    ];
    let mut raw = Raw::open(server.address, &board.to_string(), &headers)
        .await
        .unwrap();
    for message in said {
        say(&mut raw, message).await;
    }
    for other in [
        json!({ "Hand": true }),
        json!({ "Profile": { "name": "Clock", "colour": "Teal" } }),
        json!({ "Ping": 7 }),
    ] {
        say(&mut raw, other).await;
    }
    assert_eq!(hear(&mut raw, "Pong").await, 7);
    let mut a = Client::join(server.address, board, &server.guest().await).await;
    a.at_seq(3).await;
    assert_eq!(a.replica.document().title(), "Weather of today");
}

#[test]
fn the_documented_codes_and_limits_are_those_of_the_protocol() {
    for code in [
        CloseCode::WrongKind,
        CloseCode::Undecodable,
        CloseCode::Policy,
        CloseCode::TooBig,
        CloseCode::Restart,
        CloseCode::TryLater,
        CloseCode::Protocol,
        CloseCode::Forbidden,
        CloseCode::NotFound,
        CloseCode::Replaced,
        CloseCode::Version,
    ] {
        let code = code as u16;
        let row = DOCS
            .lines()
            .find(|line| line.starts_with(&format!("| {code} |")));
        let may_retry = row
            .expect("a row")
            .split('|')
            .nth(3)
            .unwrap()
            .trim()
            .starts_with("yes");
        assert_eq!(may_retry, CloseCode::may_retry(code), "{code}");
    }
    for row in [
        format!("| a message | {} bytes |", limits::FRAME_BYTES),
        format!("| the hello | {} bytes |", limits::HELLO_BYTES),
        format!("| an op | {} bytes |", limits::OP_BYTES),
        format!("| ops in one message | {} |", limits::OPS_PER_FRAME),
        format!(
            "| points in one op or ink message | {} |",
            limits::POINTS_PER_OP.min(limits::POINTS_PER_INK)
        ),
        format!("| points in one stroke | {} |", limits::POINTS_PER_STROKE),
        format!("| coordinates, each way | {} |", limits::COORDINATE),
        format!(
            "| width | {} to {} |",
            limits::WIDTH.start(),
            limits::WIDTH.end()
        ),
        format!("| elements in one remove | {} |", limits::IDS_PER_OP),
        format!("| title | {} characters |", limits::TITLE_CHARS),
        format!("| name | {} characters |", limits::NAME_CHARS),
    ] {
        assert!(DOCS.contains(&row), "{row}");
    }
}
