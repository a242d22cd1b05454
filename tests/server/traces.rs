//! Traces reach a collector, name the work and nobody, and are no trouble when the collector is away.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::common::{Client, Guest, Process, big_stroke, soon, stroke};

/// Takes whatever is posted and says that all is well.
struct Collector {
    url: String,
    posted: watch::Receiver<Vec<u8>>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (all, posted) = watch::channel(Vec::new());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut some = vec![0; 64 * 1024];
                let mut request = Vec::new();
                while let Ok(read @ 1..) = stream.read(&mut some).await {
                    request.extend_from_slice(&some[..read]);
                    all.send_modify(|all| all.extend_from_slice(&some[..read]));
                    if is_whole(&request) {
                        request.clear();
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
                        stream.write_all(answer).await.unwrap();
                    }
                }
            }
        });
        Self { url, posted }
    }

    /// Waits until these words were posted, in whatever order; returns everything posted.
    async fn until_posted(&mut self, words: &[&str]) -> String {
        let read = |posted: &Vec<u8>| String::from_utf8_lossy(posted).into_owned();
        let all = soon(
            "the spans",
            self.posted.wait_for(|posted| {
                let posted = read(posted);
                words.iter().all(|word| posted.contains(word))
            }),
        )
        .await
        .unwrap();
        read(&all)
    }
}

/// Whether a request is here with its body.
fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    request.len() >= end + 4 + length
}

#[tokio::test]
async fn spans_of_requests_joins_commits_loads_and_snapshots_are_posted_without_anybodys_id() {
    let data = tempfile::tempdir().unwrap();
    let mut collector = Collector::start().await;
    let fast = ["--ops-per-second", "100000", "--ops-burst", "100000"];
    let flags = [&["--otlp", &collector.url], &fast[..]].concat();
    let process = Process::start(data.path(), &flags).await;
    let ada = Guest::of(process.address).await;
    let board = ada.board(process.address, "everyone").await;
    let mut a = Client::join(process.address, board, &ada).await;
    // Enough for a snapshot to be due.
    for _ in 0..40 {
        for _ in 0..10 {
            a.draw(big_stroke()).await;
        }
        a.all_saved().await;
    }
    collector.until_posted(&["keep snapshot"]).await;
    // What is not sent yet is sent at the end.
    process.terminate();
    a.until_closed().await;
    let (code, log) = process.end().await;
    assert_eq!(code, Some(0), "{log}");
    let posted = collector
        .until_posted(&[
            "POST /v1/traces ",
            "application/x-protobuf",
            "inkroom",
            "request",
            "/boards",
            "join",
            "load board",
            "commit",
        ])
        .await;
    for never in [board.to_string(), ada.person.to_string(), ada.token] {
        assert!(!posted.contains(&never), "{never} in a trace");
    }
}

#[tokio::test]
async fn a_collector_that_is_away_is_logged_once_and_holds_nobody_up() {
    let data = tempfile::tempdir().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let process = Process::start(data.path(), &["--otlp", &url]).await;
    let ada = Guest::of(process.address).await;
    let board = ada.board(process.address, "everyone").await;
    let mut a = Client::join(process.address, board, &ada).await;
    for _ in 0..20 {
        a.draw(stroke()).await;
        a.all_saved().await;
    }
    process.terminate();
    a.until_closed().await;
    let (code, log) = process.end().await;
    assert_eq!(code, Some(0), "{log}");
    let told = log.matches("collector of traces does not answer").count();
    assert_eq!(told, 1, "{log}");
}
