//! The program itself, as a process that can be killed.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};

use super::soon;

/// A server in a process of its own.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
    log: Option<ChildStderr>,
}

impl Process {
    pub async fn start(data: &Path, flags: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inkroom"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(flags);
        Self::of(&mut command).await
    }

    /// Of any program that says where it listens as a server does.
    pub async fn of(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = soon("the server's first line", lines.next_line())
            .await
            .unwrap()
            .unwrap();
        let address = line
            .strip_prefix("listening on http://")
            .expect(&line)
            .parse()
            .unwrap();
        let log = child.stderr.take();
        Self {
            address,
            child,
            log,
        }
    }

    /// As a power cut would, as far as one process can tell.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// What all its threads together have used of the processors so far, as the kernel keeps the account.
    #[allow(dead_code, reason = "benches ask for it")]
    pub fn cpu(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap();
        let used = |task: std::fs::DirEntry| {
            let account = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            account.split_whitespace().next()?.parse::<u64>().ok()
        };
        Duration::from_nanos(tasks.filter_map(|task| used(task.ok()?)).sum::<u64>())
    }

    pub fn terminate(&self) {
        let pid = self.pid().to_string();
        assert!(
            std::process::Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Its exit code, and everything that it logged.
    pub async fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        if let Some(mut stderr) = self.log.take() {
            soon("the end of the log", stderr.read_to_string(&mut log))
                .await
                .unwrap();
        }
        let status = soon("the end of the process", self.child.wait())
            .await
            .unwrap();
        (status.code(), log)
    }
}
