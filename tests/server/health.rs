//! What a server tells of itself, and to whom.

use inkroom_board::Op;
use serde_json::Value;

use crate::common::{Ask, Client, Process, TestServer, stroke, text_of, until};

async fn status(server: &TestServer) -> Value {
    let answer = Ask::get("/statusz").of(server.address).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn statusz_tells_neighbours_everything_and_names_boards_by_their_tags_only() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    a.draw(Op::SetTitle(text_of(1))).await;
    a.all_saved().await;
    let status = status(&server).await;
    assert_eq!(status["status"], "ok");
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["members"], 1);
    assert_eq!(status["sockets"], 1);
    assert_eq!(status["boards"]["open"], 1);
    assert_eq!(status["store"]["kind"], "sqlite");
    assert_eq!(status["store"]["fault"], Value::Null);
    assert!(status["store"]["figures"]["store_free_bytes"].as_u64() > Some(0));
    assert_eq!(status["writer"]["waiting_ops"], 0);
    assert_eq!(status["stopping"], false);
    assert_eq!(status["rooms"][0]["members"], 1);
    let tag = status["rooms"][0]["board"].as_str().unwrap();
    assert!(board.to_string().starts_with(tag));
    let text = status.to_string();
    for never in [board.to_string(), ada.person.to_string(), ada.token] {
        assert!(!text.contains(&never), "{never} in {text}");
    }
}

#[tokio::test]
async fn whoever_comes_through_a_proxy_gets_the_page_of_any_address_that_is_not_there() {
    let server = TestServer::start().await;
    let missing = Ask::get("/nothing").of(server.address).await;
    for path in ["/metrics", "/statusz"] {
        for (name, value) in [
            ("forwarded", "for=192.0.2.1"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-real-ip", "10.0.0.1"),
            ("via", "1.1 proxy"),
        ] {
            let answer = Ask::get(path).with(name, value).of(server.address).await;
            assert_eq!(answer.status, 404, "{path} with {name}");
            assert_eq!(answer.body, missing.body);
        }
        assert_eq!(Ask::get(path).of(server.address).await.status, 200);
    }
    for path in ["/livez", "/readyz", "/health"] {
        let ask = Ask::get(path).with("x-forwarded-for", "192.0.2.1");
        assert_eq!(ask.of(server.address).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn statusz_says_that_the_server_is_about_to_stop_while_it_is() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(data.path(), &["--drain-lead", "3600"]).await;
    process.terminate();
    until("stopping", async || {
        let answer = Ask::get("/statusz").of(process.address).await;
        let status: Value = serde_json::from_slice(&answer.body).unwrap();
        status["status"] == "stopping" && status["stopping"] == true && status["draining"] == false
    })
    .await;
    let ready = Ask::get("/readyz").of(process.address).await;
    assert_eq!(ready.status, 503);
    process.kill().await;
}

#[tokio::test]
async fn a_container_asks_with_the_program_itself_whether_its_server_is_ready() {
    let server = TestServer::start().await;
    let port = server.address.port();
    assert!(inkroom::probe::ready(server.address).await.is_ok());
    let everywhere = format!("0.0.0.0:{port}").parse().unwrap();
    assert!(inkroom::probe::ready(everywhere).await.is_ok());
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    assert!(inkroom::probe::ready(address).await.is_err());
}

#[tokio::test]
async fn a_server_that_is_about_to_stop_is_not_ready() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(data.path(), &["--drain-lead", "3600"]).await;
    assert!(inkroom::probe::ready(process.address).await.is_ok());
    process.terminate();
    until("not ready", async || {
        inkroom::probe::ready(process.address).await.is_err()
    })
    .await;
    process.kill().await;
}

#[tokio::test]
async fn the_lag_of_the_head_poll_is_that_of_a_store_that_answers() {
    let server =
        TestServer::with(|config| config.timing.head_poll = std::time::Duration::from_millis(20))
            .await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    a.draw(stroke()).await;
    a.all_saved().await;
    // Younger than the server: it was asked since.
    until("heads seen", async || {
        let status = status(&server).await;
        let lag = status["head_poll_lag_seconds"].as_f64().unwrap();
        status["uptime_seconds"].as_u64() >= Some(1) && lag < 1.0
    })
    .await;
}
