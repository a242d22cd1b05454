//! One server of a cluster: the program as a process, at an address that stays while processes come and go.
//!
//! Every line is a [`Proxy`], whether a scenario breaks it or not: clients come by one, the way to Redis and the way to
//! the database are one each. What the process logs is kept beside its data and shown when a test fails.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use inkroom_testbed::{Proxy, ports};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::common::{Ask, soon};

/// Much of a log is of no help.
const LOG_LINES: usize = 60;

/// A server, running or not.
#[derive(Debug)]
pub struct Node {
    /// By which clients come.
    pub clients: Proxy,
    pub redis: Option<Proxy>,
    pub database: Option<Proxy>,
    /// Where it listens itself.
    direct: SocketAddr,
    flags: Vec<String>,
    log: PathBuf,
    child: Option<Child>,
}

impl Node {
    /// One that is not started yet.
    pub async fn new(
        log: &Path,
        redis: Option<Proxy>,
        database: Option<Proxy>,
        flags: Vec<String>,
    ) -> Self {
        let direct = SocketAddr::from(([127, 0, 0, 1], ports::free()));
        Self {
            clients: Proxy::to(direct).await,
            redis,
            database,
            direct,
            flags,
            log: log.into(),
            child: None,
        }
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        self.clients.addr()
    }

    /// Starts it and waits until it listens.
    pub async fn start(&mut self) {
        let log = File::options().create(true).append(true).open(&self.log);
        let mut command = Command::new(env!("CARGO_BIN_EXE_inkroom"));
        command
            .args(["serve", "--listen", &self.direct.to_string()])
            .args(&self.flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.unwrap())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        self.child = Some(child);
        let line = soon("the server's first line", lines.next_line()).await;
        let line = line.unwrap().expect("a server that starts");
        assert!(line.starts_with("listening on http://"), "{line}");
    }

    /// As a power cut would, as far as one process can tell.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().await.unwrap();
    }

    /// Asks it to end, and waits for that; returns its exit code.
    pub async fn terminate(&mut self) -> Option<i32> {
        self.signal("-TERM");
        let mut child = self.child.take().unwrap();
        soon("the end of the process", child.wait())
            .await
            .unwrap()
            .code()
    }

    /// Stops it in mid-thought …
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// … and lets it go on.
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.as_ref().and_then(Child::id).expect("it runs");
        let sent = std::process::Command::new("kill")
            .args([signal, &pid.to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// The whole truth about it.
    pub async fn status(&self) -> Value {
        self.json("/statusz").await
    }

    /// What anybody may know of it.
    pub async fn health(&self) -> Value {
        self.json("/health").await
    }

    async fn json(&self, path: &str) -> Value {
        let answer = Ask::get(path).of(self.direct).await;
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// One of its numbers; 0 if it does not say.
    pub async fn figure(&self, name: &str) -> f64 {
        let answer = Ask::get("/metrics").of(self.direct).await;
        let text = answer.text();
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
        text.lines().find_map(value).unwrap_or_default()
    }

    fn said(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {}:\n{}\n", self.log.display(), self.said());
        }
    }
}
