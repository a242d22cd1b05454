//! A real server in a process of its own, and members that join its boards over loopback.
//!
//! A process of its own, so that what it uses can be told from what the crowd uses: the kernel keeps the accounts
//! (`/proc`, so Linux only). Boards are made in its store and passes with its key before it starts, since the doors
//! of the running server are guarded against exactly such crowds.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{StreamExt, stream};
use inkroom::access::Keys;
use inkroom::store::{SqliteStore, Store};
use inkroom::{Config, random};
use inkroom_board::ledger::Genesis;
use inkroom_board::wire::ServerMessage;
use inkroom_board::{Access, BoardId, Mode};
use tempfile::TempDir;

use crate::common::{Guest, Process, Raw, hello};

/// Members that are joining at the same time.
const JOINING: usize = 32;

/// A server with empty boards.
pub struct Server {
    process: Process,
    keys: Keys,
    pub boards: Vec<BoardId>,
    _data: TempDir,
}

impl Server {
    pub async fn start(boards: usize) -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(data.path()).await.unwrap();
        let config = Config::local(data.path().into());
        let keys = Keys::of(&config, &store).await.unwrap();
        let boards: Vec<_> = (0..boards).map(|_| random::board()).collect();
        for board in &boards {
            let genesis = Genesis {
                board: *board,
                title: String::new(),
                access: Access::new(random::person(), Mode::Everyone),
            };
            store.create(&genesis, now_ms()).await.unwrap();
        }
        store.close().await;
        // Nobody reads its log, so there must be next to none; and the crowd comes faster than people do.
        let flags = ["--log", "error", "--handshakes", "100000"];
        let process = Process::start(data.path(), &flags).await;
        Self {
            process,
            keys,
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

    async fn join(&self, board: BoardId) -> Raw {
        let person = random::person();
        let token = self.keys.pass(person, now_ms());
        let guest = Guest { person, token };
        let mut raw = Raw::join(self.process.address, board, &guest).await;
        raw.say(&hello()).await;
        raw.hear_of(|message| matches!(message, ServerMessage::Start(_)).then_some(()))
            .await;
        raw
    }

    /// What all its threads together have used of the processors so far.
    pub fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.pid())).unwrap();
        let used = |task: fs::DirEntry| {
            let account = fs::read_to_string(task.path().join("schedstat")).ok()?;
            account.split_whitespace().next()?.parse::<u64>().ok()
        };
        Duration::from_nanos(tasks.filter_map(|task| used(task.ok()?)).sum::<u64>())
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

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
