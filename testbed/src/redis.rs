//! A Redis of a test's own: on a free port, in a folder of its own, keeping nothing.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, FromRedisValue, TlsCertificates};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use crate::ports;
use crate::process::{self, Process};

/// A Redis that is not there after so long does not come any more.
const START: Duration = Duration::from_secs(20);
/// One command of a test, at most.
const COMMAND: Duration = Duration::from_secs(10);

/// What is not as Redis has it by default.
#[derive(Debug, Clone, Default)]
pub struct RedisOptions {
    /// What clients have to know.
    pub password: Option<String>,
    /// How much memory (`"3mb"`), and what is done when it is full (`"noeviction"`).
    pub maxmemory: Option<(&'static str, &'static str)>,
    /// Speaks TLS alone, with a certificate that only [`Redis::certificate`] vouches for.
    pub tls: bool,
    /// More arguments of `redis-server`.
    pub more: Vec<String>,
}

/// A running Redis, or one that was stopped and may be started again.
#[derive(Debug)]
pub struct Redis {
    options: RedisOptions,
    folder: TempDir,
    port: u16,
    running: Mutex<Option<Process>>,
}

impl Redis {
    /// Without a password, without TLS.
    pub async fn start() -> Self {
        Self::with(RedisOptions::default()).await
    }

    /// With other options.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn with(options: RedisOptions) -> Self {
        // Another process may take the port first.
        for _ in 0..5 {
            let redis = Self {
                options: options.clone(),
                folder: tempfile::tempdir().expect("a folder"),
                port: ports::free(),
                running: Mutex::new(None),
            };
            if redis.options.tls {
                redis.write_certificate();
            }
            if redis.run().await {
                return redis;
            }
        }
        panic!("redis-server does not start");
    }

    /// Where it is, with the password.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// The same by way of another port, as of a [`crate::Proxy`].
    #[must_use]
    pub fn url_at(&self, port: u16) -> String {
        let scheme = if self.options.tls { "rediss" } else { "redis" };
        let password = self.options.password.as_ref();
        let password = password.map(|password| format!(":{password}@"));
        // By name: that is what the certificate is about.
        format!(
            "{scheme}://{}localhost:{port}",
            password.unwrap_or_default()
        )
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        (std::net::Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The certificate to trust, as PEM, where it speaks TLS.
    #[must_use]
    pub fn certificate(&self) -> Vec<u8> {
        std::fs::read(self.file("cert.pem")).expect("a Redis with TLS")
    }

    /// Kills it: everything in it is gone.
    pub fn stop(&self) {
        drop(self.process().take());
    }

    /// Starts it again at the same place, empty.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_again(&self) {
        let deadline = Instant::now() + START;
        while !self.run().await {
            assert!(
                Instant::now() < deadline,
                "redis-server does not start again"
            );
        }
    }

    /// The answer to one command, by a connection of its own.
    ///
    /// # Panics
    /// When there is none, or it is an error.
    pub async fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = Cmd::new();
        words.iter().for_each(|word| {
            command.arg(*word);
        });
        let mut link = self.link().await.expect("a Redis that answers");
        timeout(COMMAND, command.query_async(&mut link))
            .await
            .expect("an answer in time")
            .unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// The keys that would stay for ever. There must be none of these after any test.
    pub async fn keys_without_ttl(&self) -> Vec<String> {
        let keys: Vec<String> = self.ask(&["KEYS", "*"]).await;
        let mut forever = Vec::new();
        for key in keys {
            /// Redis's word for a key without a TTL.
            const FOREVER: i64 = -1;
            if self.ask::<i64>(&["TTL", &key]).await == FOREVER {
                forever.push(key);
            }
        }
        forever
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Answers whether it came up; if not, its port is likely taken.
    async fn run(&self) -> bool {
        *self.process() = Some(Process::start(&mut self.command()));
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if !self.process().as_mut().is_some_and(Process::is_running) {
                return false;
            }
            if self.link().await.is_some() {
                return true;
            }
            sleep(Duration::from_millis(10)).await;
        }
        false
    }

    fn command(&self) -> Command {
        let mut command = Command::new(process::find("redis-server"));
        let (plain, tls) = if self.options.tls {
            (0, self.port)
        } else {
            (self.port, 0)
        };
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--enable-debug-command", "yes"])
            .args(["--port", &plain.to_string()])
            .arg("--dir")
            .arg(self.folder.path());
        if self.options.tls {
            command.args(["--tls-port", &tls.to_string(), "--tls-auth-clients", "no"]);
            command.arg("--tls-cert-file").arg(self.file("cert.pem"));
            command.arg("--tls-key-file").arg(self.file("key.pem"));
            command.arg("--tls-ca-cert-file").arg(self.file("cert.pem"));
        }
        if let Some(password) = &self.options.password {
            command.args(["--requirepass", password]);
        }
        if let Some((memory, policy)) = self.options.maxmemory {
            command.args(["--maxmemory", memory, "--maxmemory-policy", policy]);
        }
        command.args(&self.options.more);
        command
    }

    fn write_certificate(&self) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])
            .expect("a certificate can be made");
        std::fs::write(self.file("cert.pem"), made.cert.pem()).expect("a file");
        std::fs::write(self.file("key.pem"), made.signing_key.serialize_pem()).expect("a file");
    }

    async fn link(&self) -> Option<MultiplexedConnection> {
        let client = if self.options.tls {
            let trust = TlsCertificates {
                client_tls: None,
                root_cert: Some(self.certificate()),
            };
            Client::build_with_tls(self.url(), trust)
        } else {
            Client::open(self.url())
        };
        let client = client.expect("a good URL");
        let mut config = redis::AsyncConnectionConfig::new();
        config = config.set_response_timeout(None);
        client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .ok()
    }
}
