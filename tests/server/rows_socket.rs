//! Bad input on sockets, by the row of the table.

use std::time::Duration;

use inkroom_board::BoardId;
use inkroom_board::wire::{ClientMessage, Format, PROTOCOL, PROTOCOL_JSON, ServerMessage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::common::{
    Answer, Client, Guest, Raw, TestServer, close_code, hello, soon, stroke, until,
};

async fn somebody(server: &TestServer) -> (BoardId, Guest) {
    let guest = server.guest().await;
    (server.board(&guest, "everyone").await, guest)
}

/// Opens a socket and says hello.
async fn joined(server: &TestServer) -> Raw {
    let (board, guest) = somebody(server).await;
    let mut raw = Raw::join(server.address, board, &guest).await;
    raw.say(&hello()).await;
    raw.hear_of(|message| matches!(message, ServerMessage::Start(_)).then_some(()))
        .await;
    raw
}

async fn status(server: &TestServer, board: &str, headers: &[(&str, &str)]) -> u16 {
    let headers = [headers, &[("sec-websocket-protocol", PROTOCOL)]].concat();
    Raw::open(server.address, board, &headers)
        .await
        .map_or_else(|status| status, |_| 101)
}

/// A server goes on for everybody else, whatever one does to it.
async fn still_serves(server: &TestServer) {
    let (board, guest) = somebody(server).await;
    let mut client = Client::join(server.address, board, &guest).await;
    client.draw(stroke()).await;
    client.all_saved().await;
}

#[tokio::test]
async fn row_1_and_2_pages_of_other_sites_are_refused_before_the_upgrade() {
    let server =
        TestServer::with(|config| config.origins = vec!["https://draw.example".into()]).await;
    let (board, guest) = somebody(&server).await;
    let board = board.to_string();
    let cookie = format!("guest={}", guest.token);
    let own = format!("http://{}", server.address);
    for origin in [own.as_str(), "https://draw.example"] {
        assert_eq!(
            status(&server, &board, &[("origin", origin), ("cookie", &cookie)]).await,
            101,
            "{origin}"
        );
    }
    let port = server.address.port();
    let foreign = [
        "https://evil.example".to_owned(),
        "null".into(),
        format!("{own}.evil.example"),
        format!("{own}0"),
        "http://127.0.0.1".into(),
        format!("http://localhost:{port}"),
        "https://draw.example.evil".into(),
        "http://draw.example".into(),
    ];
    for origin in foreign {
        assert_eq!(
            status(&server, &board, &[("origin", &origin), ("cookie", &cookie)]).await,
            403,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn row_3_and_5_without_an_origin_only_a_token_counts_and_only_in_its_header() {
    let server = TestServer::start().await;
    let (board, guest) = somebody(&server).await;
    let bearer = format!("Bearer {}", guest.token);
    assert_eq!(
        status(&server, &board.to_string(), &[("authorization", &bearer)]).await,
        101
    );
    let cookie = format!("guest={}", guest.token);
    let bad: [&[(&str, &str)]; 4] = [
        &[],
        &[("cookie", &cookie)],
        &[("authorization", "Bearer forged")],
        &[("authorization", &guest.token)],
    ];
    for headers in bad {
        assert_eq!(
            status(&server, &board.to_string(), headers).await,
            401,
            "{headers:?}"
        );
    }
    assert_eq!(
        status(&server, &format!("{board}?token={}", guest.token), &[]).await,
        401
    );
}

#[tokio::test]
async fn row_4_ids_that_are_none_and_boards_that_are_not_there() {
    let server = TestServer::start().await;
    let guest = server.guest().await;
    let bearer = format!("Bearer {}", guest.token);
    let long = "0".repeat(3_000);
    for board in [
        "00000000000000000000000000",
        "x",
        "..%2F..%2Fetc",
        "%00",
        "%C3%A9",
        "0000000000000000000000000O",
        &long,
    ] {
        assert_eq!(
            status(&server, board, &[("authorization", &bearer)]).await,
            404,
            "{board}"
        );
    }
}

#[tokio::test]
async fn row_8_no_hello_in_time_closes_1008() {
    let server = TestServer::with(|config| config.timing.hello = Duration::from_millis(200)).await;
    let (board, guest) = somebody(&server).await;
    let mut raw = Raw::join(server.address, board, &guest).await;
    assert_eq!(close_code(&mut raw).await, 1008);
    let mut raw = Raw::join(server.address, board, &guest).await;
    raw.send(Message::Ping(vec![1].into())).await;
    assert_eq!(close_code(&mut raw).await, 1008, "a ping is no hello");
}

#[tokio::test]
async fn row_8_a_hello_of_more_than_4_kib_closes_1008() {
    let server = TestServer::start().await;
    let (board, guest) = somebody(&server).await;
    let mut raw = Raw::join(server.address, board, &guest).await;
    let mut long = Format::Binary.encode(&hello());
    long.resize(4 * 1024 + 1, 0);
    raw.send(Message::Binary(long.into())).await;
    assert_eq!(close_code(&mut raw).await, 1008);
}

#[tokio::test]
async fn row_9_a_request_that_never_ends_is_cut_off() {
    let server = TestServer::with(|config| config.timing.head = Duration::from_millis(300)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ")
        .await
        .unwrap();
    let mut rest = Vec::new();
    soon("the end", stream.read_to_end(&mut rest))
        .await
        .unwrap();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"));
}

#[tokio::test]
async fn row_10_out_of_turn_closes_4400() {
    let server = TestServer::start().await;
    let (board, guest) = somebody(&server).await;
    let mut raw = Raw::join(server.address, board, &guest).await;
    raw.say(&ClientMessage::Ping(1)).await;
    assert_eq!(close_code(&mut raw).await, 4400);
    let mut raw = joined(&server).await;
    raw.say(&hello()).await;
    assert_eq!(close_code(&mut raw).await, 4400);
}

#[tokio::test]
async fn row_11_no_version_in_common_closes_4426_and_says_which_there_are() {
    let server = TestServer::start().await;
    let (board, guest) = somebody(&server).await;
    let bearer = format!("Bearer {}", guest.token);
    for asked in [Some("inkroom.9"), None] {
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(asked.map(|asked| ("sec-websocket-protocol", asked)));
        let mut raw = Raw::open(server.address, &board.to_string(), &headers)
            .await
            .unwrap();
        use futures_util::StreamExt;
        let Some(Ok(Message::Close(Some(frame)))) = soon("a close", raw.socket.next()).await else {
            panic!("no close")
        };
        assert_eq!(u16::from(frame.code), 4426);
        assert!(
            frame.reason.contains(PROTOCOL) && frame.reason.contains(PROTOCOL_JSON),
            "{}",
            frame.reason
        );
    }
}

#[tokio::test]
async fn row_12_text_where_binary_was_agreed_closes_1003_and_the_other_way_round() {
    let server = TestServer::start().await;
    let mut raw = joined(&server).await;
    raw.send(Message::Text("{\"Ping\":1}".into())).await;
    assert_eq!(close_code(&mut raw).await, 1003);
    let (board, guest) = somebody(&server).await;
    let bearer = format!("Bearer {}", guest.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("sec-websocket-protocol", PROTOCOL_JSON),
    ];
    let mut raw = Raw::open(server.address, &board.to_string(), &headers)
        .await
        .unwrap();
    raw.send(Message::Binary(Format::Json.encode(&hello()).into()))
        .await;
    assert_eq!(close_code(&mut raw).await, 1003);
}

const CONTINUE: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// A frame as a client writes it, also one that no client should.
fn frame(opcode: u8, is_final: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![if is_final { 0x80 | opcode } else { opcode }];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        middle @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((middle as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// Sends bytes as they are, below the WebSocket, and returns the code of the close.
async fn answer_to(raw: &mut Raw, bytes: &[u8]) -> u16 {
    // The server may close before it has taken everything.
    let _ = raw.socket.get_mut().write_all(bytes).await;
    close_code(raw).await
}

#[tokio::test]
async fn row_13_too_large_a_message_closes_1009_also_in_fragments() {
    let server = TestServer::start().await;
    let mut raw = joined(&server).await;
    raw.send(Message::Binary(vec![0; 64 * 1024 + 1].into()))
        .await;
    assert_eq!(close_code(&mut raw).await, 1009);
    let mut raw = joined(&server).await;
    let mut bytes = frame(BINARY, false, &vec![0; 30_000]);
    (0..2).for_each(|_| bytes.extend(frame(CONTINUE, false, &vec![0; 30_000])));
    assert_eq!(answer_to(&mut raw, &bytes).await, 1009);
    still_serves(&server).await;
}

#[tokio::test]
async fn row_14_a_message_in_tiny_fragments_closes_1008() {
    let server = TestServer::start().await;
    let mut raw = joined(&server).await;
    let mut bytes = frame(BINARY, false, &[0]);
    (0..65_536).for_each(|_| bytes.extend(frame(CONTINUE, false, &[0])));
    assert_eq!(answer_to(&mut raw, &bytes).await, 1008);
    still_serves(&server).await;
}

#[tokio::test]
async fn row_15_a_flood_of_pings_closes_1008() {
    let server = TestServer::start().await;
    let mut raw = joined(&server).await;
    let flood: Vec<u8> = (0..200)
        .flat_map(|_| frame(PING, true, &[0; 125]))
        .collect();
    assert_eq!(answer_to(&mut raw, &flood).await, 1008);
}

#[tokio::test]
async fn row_16_frames_that_are_none_close_1002_or_1007() {
    let server = TestServer::start().await;
    let bad: [(&str, Vec<u8>, u16); 6] = [
        ("unmasked", vec![0x82, 0x01, 0x00], 1002),
        ("reserved bit", vec![0xc2, 0x81, 0, 0, 0, 0, 0], 1002),
        ("reserved opcode", vec![0x83, 0x80, 0, 0, 0, 0], 1002),
        ("fragmented ping", frame(PING, false, &[]), 1002),
        ("continuation of nothing", frame(CONTINUE, true, &[0]), 1002),
        (
            "text that is not UTF-8",
            frame(TEXT, true, &[0xff, 0xfe]),
            1007,
        ),
    ];
    for (what, bytes, code) in bad {
        let mut raw = joined(&server).await;
        assert_eq!(answer_to(&mut raw, &bytes).await, code, "{what}");
    }
    still_serves(&server).await;
}

#[tokio::test]
async fn row_17_compression_is_not_negotiated() {
    let server = TestServer::start().await;
    let (board, guest) = somebody(&server).await;
    let request = format!(
        "GET /ws/{board} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: {PROTOCOL}\r\n\
         sec-websocket-extensions: permessage-deflate\r\n\r\n",
        server.address, guest.token
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 1_024];
    let read = soon("an answer", stream.read(&mut answer)).await.unwrap();
    let head = String::from_utf8_lossy(&answer[..read]).to_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="));
    assert!(!head.contains("sec-websocket-extensions"));
}

#[tokio::test]
async fn row_19_and_20_bytes_that_are_no_message_close_1007() {
    let server = TestServer::start().await;
    let client = inkroom::random::client();
    let whole = Format::Binary.encode(&ClientMessage::Ops {
        client,
        again: false,
        ops: Vec::from([inkroom_board::wire::Queued { n: 1, op: stroke() }]),
    });
    let trailing = [whole.as_slice(), &[0]].concat();
    let mut huge = vec![1];
    huge.extend(client.0);
    huge.extend([0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3, 4, 5]);
    let bad: [(&str, Vec<u8>); 5] = [
        ("empty", vec![]),
        ("cut", whole[..whole.len() - 1].to_vec()),
        ("trailing", trailing),
        ("no such message", vec![0xee; 40]),
        ("a length of four thousand million", huge),
    ];
    for (what, bytes) in bad {
        let mut raw = joined(&server).await;
        raw.send(Message::Binary(bytes.into())).await;
        assert_eq!(close_code(&mut raw).await, 1007, "{what}");
    }
    still_serves(&server).await;
}

#[tokio::test]
async fn row_21_deeply_nested_json_closes_1007() {
    let server = TestServer::start().await;
    let (board, guest) = somebody(&server).await;
    let bearer = format!("Bearer {}", guest.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("sec-websocket-protocol", PROTOCOL_JSON),
    ];
    let mut raw = Raw::open(server.address, &board.to_string(), &headers)
        .await
        .unwrap();
    let hello = String::from_utf8(Format::Json.encode(&hello())).unwrap();
    raw.send(Message::Text(hello.into())).await;
    raw.send(Message::Text("[".repeat(60_000).into())).await;
    assert_eq!(close_code(&mut raw).await, 1007);
}

#[tokio::test]
async fn row_36_a_client_of_somebody_else_closes_4403() {
    let server = TestServer::start().await;
    let (board, ada) = somebody(&server).await;
    let mut a = Client::join(server.address, board, &ada).await;
    a.draw(stroke()).await;
    a.all_saved().await;
    let client = a.saved[0].client;
    let mut raw = Raw::join(server.address, board, &server.guest().await).await;
    raw.say(&ClientMessage::Hello {
        client,
        resume: None,
    })
    .await;
    assert_eq!(close_code(&mut raw).await, 4403);
    let mut raw = Raw::join(server.address, board, &server.guest().await).await;
    raw.say(&hello()).await;
    raw.say(&ClientMessage::Ops {
        client,
        again: false,
        ops: vec![inkroom_board::wire::Queued { n: 2, op: stroke() }],
    })
    .await;
    assert_eq!(close_code(&mut raw).await, 4403);
}

#[tokio::test]
async fn row_38_joining_again_and_again_is_held_back() {
    let server = TestServer::start().await;
    let (board, guest) = somebody(&server).await;
    let bearer = format!("Bearer {}", guest.token);
    let mut last = 101;
    for _ in 0..80 {
        last = status(&server, &board.to_string(), &[("authorization", &bearer)]).await;
        if last != 101 {
            break;
        }
    }
    assert_eq!(last, 429);
    still_serves(&server).await;
}

#[tokio::test]
async fn row_42_a_flood_of_cursors_is_thinned_out_and_then_closes_1008() {
    let server = TestServer::start().await;
    let mut raw = joined(&server).await;
    let cursor = Format::Binary.encode(&ClientMessage::Cursor(None));
    let flood: Vec<u8> = (0..2_000)
        .flat_map(|_| frame(BINARY, true, &cursor))
        .collect();
    assert_eq!(answer_to(&mut raw, &flood).await, 1008);
}

#[tokio::test]
async fn row_44_the_oldest_of_too_many_tabs_gives_way_with_4409() {
    let server = TestServer::with(|config| config.limits.tabs = 2).await;
    let (board, guest) = somebody(&server).await;
    let mut tabs = Vec::new();
    for _ in 0..3 {
        let mut raw = Raw::join(server.address, board, &guest).await;
        raw.say(&hello()).await;
        raw.hear_of(|message| matches!(message, ServerMessage::Start(_)).then_some(()))
            .await;
        tabs.push(raw);
    }
    assert_eq!(close_code(&mut tabs[0]).await, 4409);
    tabs[1].say(&ClientMessage::Ping(5)).await;
    tabs[1]
        .hear_of(|message| (*message == ServerMessage::Pong(5)).then_some(()))
        .await;
}

#[tokio::test]
async fn row_49_however_a_connection_ends_its_member_is_gone() {
    let server = TestServer::start().await;
    for (what, bytes) in [
        ("a code that is none", frame(CLOSE, true, &[0x00, 0x01])),
        (
            "a reason of a megabyte",
            frame(CLOSE, true, &vec![0x03; 1024 * 1024]),
        ),
        ("half a frame", vec![0x82]),
    ] {
        let mut raw = joined(&server).await;
        until("a member", async || server.members() == 1).await;
        let _ = raw.socket.get_mut().write_all(&bytes).await;
        raw.socket.get_mut().shutdown().await.ok();
        until(what, async || server.members() == 0).await;
    }
    let raw = joined(&server).await;
    socket2::SockRef::from(raw.socket.get_ref())
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(raw);
    until("a reset", async || server.members() == 0).await;
    still_serves(&server).await;
}

#[tokio::test]
async fn row_50_what_is_no_upgrade_gets_a_status() {
    let server = TestServer::start().await;
    let (board, guest) = somebody(&server).await;
    let auth = format!("host: x\r\nauthorization: Bearer {}\r\n", guest.token);
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let cases = [
        (
            "plain GET",
            format!("GET /ws/{board} HTTP/1.1\r\n{auth}\r\n"),
            426,
        ),
        (
            "HTTP/1.0",
            format!("GET /ws/{board} HTTP/1.0\r\n{auth}{upgrade}\r\n"),
            426,
        ),
        (
            "POST",
            format!("POST /ws/{board} HTTP/1.1\r\n{auth}{upgrade}connection: close\r\n\r\n"),
            405,
        ),
        (
            "an old version",
            format!(
                "GET /ws/{board} HTTP/1.1\r\n{auth}{}\r\n",
                upgrade.replace("13", "8")
            ),
            426,
        ),
        (
            "no key",
            format!(
                "GET /ws/{board} HTTP/1.1\r\n{auth}{}\r\n",
                upgrade.replace("sec-websocket-key", "x")
            ),
            400,
        ),
    ];
    for (what, request, expected) in cases {
        let request = request.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
        assert_eq!(
            Answer::to(server.address, request.as_bytes()).await.status,
            expected,
            "{what}"
        );
    }
    let http2 = Answer::to(
        server.address,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    )
    .await;
    assert!(matches!(http2.status, 0 | 400 | 505), "{}", http2.status);
    still_serves(&server).await;
}

#[tokio::test]
async fn row_54_the_time_of_an_op_is_the_servers() {
    let server = TestServer::start().await;
    let (board, guest) = somebody(&server).await;
    let mut client = Client::join(server.address, board, &guest).await;
    client.draw(stroke()).await;
    client.all_saved().await;
    let at = client.heard.iter().find_map(|message| {
        if let ServerMessage::Ops(batch) = message {
            Some(batch.entries[0].at_ms)
        } else {
            None
        }
    });
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as u64;
    assert!(now.abs_diff(at.unwrap()) < 60_000);
}
