//! A real server in a process of its own, and members that join its boards over loopback.
//!
//! A process of its own, so that what it uses can be told from what the crowd uses: the kernel keeps the accounts
//! (`/proc`, so Linux only).

#[allow(dead_code)]
pub mod bare;
mod keeper;

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use inkroom::store::SqliteStore;
use inkroom::{Config, random};
use inkroom_board::wire::{ClientMessage, ServerMessage};
use inkroom_board::{BoardId, ClientId};
use tempfile::TempDir;

use crate::common::{Client, Guest, Process, Raw};

pub use keeper::Keeper;

/// Members that are joining at the same time.
pub const JOINING: usize = 32;
/// Nobody reads the log of a server, so there must be next to none; and the crowd comes faster than people do.
pub const OPEN_DOORS: [&str; 4] = ["--log", "error", "--handshakes", "100000"];

/// A server with empty boards.
pub struct Server {
    pub process: Process,
    keeper: Keeper,
    pub boards: Vec<BoardId>,
    _data: TempDir,
}

impl Server {
    pub async fn start(boards: usize) -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(data.path()).await.unwrap();
        let config = Config::local(data.path().into());
        let keeper = Keeper::of(&config, Arc::new(store)).await;
        let boards = keeper.boards(boards).await;
        keeper.leave().await;
        let process = Process::start(data.path(), &OPEN_DOORS).await;
        Self {
            process,
            keeper,
            boards,
            _data: data,
        }
    }

    /// So many people join each board, each on a connection of their own; they are all current when this returns.
    pub async fn joined(&self, to_each: usize) -> Vec<(BoardId, Raw)> {
        let places = self
            .boards
            .iter()
            .flat_map(|board| (0..to_each).map(|_| *board));
        stream::iter(places)
            .map(async |board| (board, self.join(board).await))
            .buffer_unordered(JOINING)
            .collect()
            .await
    }

    /// Somebody who runs a replica, and has not joined yet.
    pub fn client(&self, board: BoardId) -> Client {
        Client::new(self.process.address, board, &self.keeper.guest())
    }

    async fn join(&self, board: BoardId) -> Raw {
        let (raw, _) = join(self.process.address, board, &self.keeper.guest()).await;
        raw
    }

    /// Its memory that is really there, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.unwrap()
            .split_whitespace()
            .next()
            .unwrap()
            .parse()
            .unwrap()
    }

    pub async fn stop(self) {
        self.process.kill().await;
    }
}

/// Whether these are benches, and not tests that only see whether they build.
pub fn is_wanted() -> bool {
    std::env::args().any(|arg| arg == "--bench")
}

/// Somebody joins, and is current when this returns, with the queue that their ops come from.
pub async fn join(server: SocketAddr, board: BoardId, guest: &Guest) -> (Raw, ClientId) {
    let mut raw = Raw::join(server, board, guest).await;
    let client = random::client();
    let hello = ClientMessage::Hello {
        client,
        resume: None,
    };
    raw.say(&hello).await;
    raw.hear_of(|message| matches!(message, ServerMessage::Start(_)).then_some(()))
        .await;
    (raw, client)
}
