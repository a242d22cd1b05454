//! A Postgres of our own: a fresh cluster in a temporary folder, as durable as a host's is to be.

use std::fs::File;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{ports, process};

/// Every start and stop is done within this, or the test fails.
const DEADLINE: Duration = Duration::from_secs(60);

/// A server; dropping it stops it.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
    server: Mutex<Option<Running>>,
    databases: AtomicU32,
}

/// A server, and a shell that ends it when this process dies without doing so: it reads from a pipe that closes then.
#[derive(Debug)]
struct Running {
    server: Child,
    guard: Child,
}

impl Running {
    fn new(server: Child) -> Self {
        let guard = Command::new("sh")
            .args(["-c", "cat; kill -QUIT $0", &server.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { server, guard }
    }
}

impl Postgres {
    /// The one that all tests of this process share for as long as one of them holds it: each takes a
    /// [`Self::database`] of its own. Who stops a server or changes its settings starts one alone.
    pub async fn shared() -> Arc<Self> {
        static SHARED: tokio::sync::Mutex<Weak<Postgres>> =
            tokio::sync::Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(postgres) = shared.upgrade() {
            return postgres;
        }
        let postgres = Arc::new(Self::start().await);
        *shared = Arc::downgrade(&postgres);
        postgres
    }

    /// Makes a cluster and starts it.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The same with settings of its own, like `fsync=off`.
    ///
    /// # Panics
    /// When it does not start, with what it says.
    pub async fn with(settings: &[&str]) -> Self {
        let settings: Vec<_> = settings.iter().map(|setting| setting.to_string()).collect();
        tokio::task::spawn_blocking(move || {
            let mut postgres = Self::make(settings);
            for _ in 0..5 {
                if postgres.try_run() {
                    return postgres;
                }
                postgres.port = ports::free();
            }
            panic!("Postgres does not start:\n{}", postgres.said());
        })
        .await
        .unwrap()
    }

    fn make(settings: Vec<String>) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("inkroom-postgres")
            .tempdir()
            .unwrap();
        if let Some((user, group)) = unprivileged() {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let postgres = Self {
            folder,
            port: ports::free(),
            settings,
            server: Mutex::new(None),
            databases: AtomicU32::new(0),
        };
        let made = postgres
            .command("initdb")
            .args(["--username=ink", "--auth=trust", "--encoding=UTF8"])
            .args(["--no-locale", "--no-sync", "--pgdata"])
            .arg(postgres.data())
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        postgres
    }

    /// The server's URL, and its own database, for asking about the server itself.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://ink@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of a new, empty database on this server.
    pub async fn database(&self) -> String {
        let name = format!("ink{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut create = self.command("psql");
        create
            .arg(self.url())
            .args(["--no-psqlrc", "--quiet", "--command"])
            .arg(format!("CREATE DATABASE {name}"));
        let created = tokio::task::spawn_blocking(move || create.output().unwrap());
        let created = created.await.unwrap();
        assert!(
            created.status.success(),
            "{}",
            String::from_utf8_lossy(&created.stderr)
        );
        self.url_of(&name)
    }

    /// Stops it at once, as a crash would: what was not committed is gone, the rest is there after
    /// [`Self::start_again`].
    pub async fn stop(&self) {
        let server = self.server.lock().unwrap().take();
        tokio::task::spawn_blocking(move || end(server))
            .await
            .unwrap();
    }

    /// Starts it again, at the same address, after [`Self::stop`].
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_again(&self) {
        let server = self.spawn();
        *self.server.lock().unwrap() = Some(server);
        let deadline = Instant::now() + DEADLINE;
        while !self.is_ready() {
            assert!(Instant::now() < deadline, "{}", self.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// [`Self::stop`], and [`Self::start_again`].
    pub async fn restart(&self) {
        self.stop().await;
        self.start_again().await;
    }

    /// Whether it runs and takes connections; not if its port was taken.
    fn try_run(&self) -> bool {
        *self.server.lock().unwrap() = Some(self.spawn());
        let deadline = Instant::now() + DEADLINE;
        while Instant::now() < deadline {
            let mut server = self.server.lock().unwrap();
            let ended = server.as_mut().unwrap().server.try_wait().unwrap();
            if ended.is_some() {
                end(server.take());
                return false;
            }
            drop(server);
            if self.is_ready() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    fn spawn(&self) -> Running {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        let port = format!("port={}", self.port);
        for setting in [
            port.as_str(),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=on",
            "max_connections=200",
            "shared_buffers=32MB",
            "log_min_messages=warning",
        ]
        .into_iter()
        .chain(self.settings.iter().map(String::as_str))
        {
            command.arg("-c").arg(setting);
        }
        let server = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        Running::new(server.unwrap())
    }

    fn is_ready(&self) -> bool {
        let mut ask = self.command("pg_isready");
        ask.args(["--quiet", "--timeout=1", "--dbname"])
            .arg(self.url());
        ask.status().unwrap().success()
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of the programs that lie beside the server, run as a user that it accepts.
    fn command(&self, program: &str) -> Command {
        use std::os::unix::process::CommandExt;
        let server = process::find("postgres").canonicalize().unwrap();
        let mut command = Command::new(server.with_file_name(program));
        command.current_dir(self.folder.path());
        if let Some((user, group)) = unprivileged() {
            command.uid(user).gid(group);
        }
        command
    }
}

/// Whom to run as instead of root, whom Postgres refuses: the user that Debian's package made for it, or nobody.
/// Nothing when this process is not root's.
fn unprivileged() -> Option<(u32, u32)> {
    static USER: OnceLock<Option<(u32, u32)>> = OnceLock::new();
    *USER.get_or_init(|| {
        let me = Command::new("id").arg("-u").output().unwrap();
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        (me.stdout.trim_ascii() == b"0").then(|| {
            let user = ids(&users, "postgres").or_else(|| ids(&users, "nobody"));
            user.expect("a user that is not root")
        })
    })
}

fn ids(users: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields = users
        .lines()
        .map(|line| line.split(':'))
        .find(|fields| fields.clone().next() == Some(name))?
        .skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// Ends a server without letting it finish anything.
fn end(running: Option<Running>) {
    let Some(Running {
        mut server,
        mut guard,
    }) = running
    else {
        return;
    };
    // First the guard, so that it never ends another process that got the same id.
    let _ = guard.kill();
    let _ = guard.wait();
    if server.try_wait().unwrap().is_none() {
        let _ = Command::new("kill")
            .args(["-QUIT", &server.id().to_string()])
            .status();
    }
    let deadline = Instant::now() + DEADLINE;
    while server.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            let _ = server.kill();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        end(self.server.get_mut().unwrap().take());
    }
}
