//! Logs tell what happened and never what was drawn, written, or held as a secret.

use inkroom_board::Op;
use inkroom_board::wire::ClientMessage;
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::common::{Client, Guest, Process, Raw, close_code, stroke, text_of};

#[tokio::test]
async fn no_payload_no_token_and_no_boards_address_is_logged_even_at_the_finest_level() {
    let data = tempfile::tempdir().unwrap();
    let secret = "a secret that nobody should read";
    let process = Process::start(
        data.path(),
        &[
            "--log",
            "trace,sqlx=warn",
            "--log-format",
            "json",
            "--secret",
            secret,
        ],
    )
    .await;
    let ada = Guest::of(process.address).await;
    let board = ada.board(process.address, "everyone").await;
    let mut a = Client::join(process.address, board, &ada).await;
    a.draw(stroke()).await;
    a.draw(Op::SetTitle(text_of(1))).await;
    a.say(ClientMessage::Profile {
        name: text_of(2),
        colour: inkroom_board::Ink::Red,
    })
    .await;
    a.all_saved().await;
    let mut bad = Raw::join(process.address, board, &ada).await;
    bad.send(Message::Binary(text_of(3).into_bytes().into()))
        .await;
    assert_eq!(close_code(&mut bad).await, 1007);
    let page = crate::common::Ask::get(format!("/b/{board}?{}", text_of(4)))
        .with("cookie", format!("guest={}", ada.token));
    assert_eq!(page.of(process.address).await.status, 200);
    process.terminate();
    a.until_closed().await;
    let (code, log) = process.end().await;
    assert_eq!(code, Some(0));
    assert!(
        log.contains("\"listening\"") && log.contains("\"stopped\""),
        "{log}"
    );
    for line in log.lines() {
        let _: serde_json::Value = serde_json::from_str(line).unwrap();
    }
    let mac = ada.token.rsplit('.').next().unwrap();
    for never in [
        "Payload-that-no-log-may-show",
        mac,
        &board.to_string(),
        secret,
    ] {
        assert!(!log.contains(never), "{never} in the log");
    }
}
