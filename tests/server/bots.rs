//! Programs in any language: the same protocol as JSON, written here by hand as such a program would.

use futures_util::{SinkExt, StreamExt};
use inkroom_board::wire::PROTOCOL_JSON;
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
