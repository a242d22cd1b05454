//! The floor: a server on the same stack that hands each message on to all others of its board, and does nothing else.
//!
//! No rooms, no log, no names, no limits, nothing gathered: what anything built on tokio and tungstenite has to pay for a
//! delivery. It runs in a process of its own, as the real server does, so the two can be compared in one run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt, stream};
use inkroom::random;
use inkroom_board::BoardId;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::JOINING;
use crate::common::{Process, Raw};

/// What this program is told to be the floor by.
const NAME: &str = "--bare";
/// Messages that wait for a slow reader of a board.
const WAITING: usize = 1_024;
/// As the real server's.
const READ_BUFFER: usize = 4 * 1024;

/// Messages of a board, with who sent them.
type Board = broadcast::Sender<(usize, Message)>;
type Boards = Arc<Mutex<HashMap<String, Board>>>;

/// Whether this process is to be the floor.
pub fn is_asked_for() -> bool {
    std::env::args().any(|arg| arg == NAME)
}

/// Is the floor, until it is killed.
pub async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("listening on http://{}", listener.local_addr().unwrap());
    let boards = Boards::default();
    for member in 0.. {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(pass_on(stream, member, Arc::clone(&boards)));
    }
}

#[allow(clippy::result_large_err, reason = "tungstenite's own")]
async fn pass_on(stream: TcpStream, member: usize, boards: Boards) {
    stream.set_nodelay(true).unwrap();
    let mut path = String::new();
    let read = |request: &Request, response: Response| {
        request.uri().path().clone_into(&mut path);
        Ok(response)
    };
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let Ok(mut socket) = accept_hdr_async_with_config(stream, read, Some(config)).await else {
        return;
    };
    let board = {
        let mut boards = boards.lock().unwrap();
        let board = boards.entry(path);
        board
            .or_insert_with(|| broadcast::channel(WAITING).0)
            .clone()
    };
    let mut others = board.subscribe();
    loop {
        tokio::select! {
            message = socket.next() => {
                let Some(Ok(message)) = message else { return };
                let _ = board.send((member, message));
            }
            heard = others.recv() => {
                let Ok((from, message)) = heard else { return };
                if from != member && socket.send(message).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// It, in a process of its own, and the boards that are used there.
pub struct Bare {
    pub process: Process,
    boards: Vec<BoardId>,
}

impl Bare {
    pub async fn start(boards: usize) -> Self {
        let this = std::env::current_exe().unwrap();
        Self {
            process: Process::of(tokio::process::Command::new(this).args(["--bench", NAME])).await,
            boards: (0..boards).map(|_| random::board()).collect(),
        }
    }

    /// So many on each board; nobody has anything to say first.
    pub async fn joined(&self, to_each: usize) -> Vec<(BoardId, Raw)> {
        let boards = self.boards.iter();
        let places = boards.flat_map(|board| (0..to_each).map(|_| *board));
        let join = async |board: BoardId| {
            let raw = Raw::open(self.process.address, &board.to_string(), &[]).await;
            (board, raw.unwrap())
        };
        stream::iter(places)
            .map(join)
            .buffer_unordered(JOINING)
            .collect()
            .await
    }
}
