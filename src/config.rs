//! What a host may set, with defaults that suit one server for a school or a team.
//!
//! Every flag has an environment variable `INKROOM_…` of the same name. Not here: bounds that are part of the
//! protocol ([`inkroom_board::limits`]) or of one module, which are constants beside their use.
//! The default address is this machine's own: nobody else reaches a server before its host says so.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use inkroom_board::limits;
use inkroom_board::room;

use crate::relay::RedisAccess;

/// Where it listens unless told otherwise.
pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 3000);

/// What a host may set.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct Config {
    /// Address and port to listen on. Only this machine can reach 127.0.0.1; for a local network or a
    /// server on the internet use 0.0.0.0:3000. Port 0 takes any free port
    #[arg(long, env = "INKROOM_LISTEN", value_name = "ADDR:PORT", default_value_t = LISTEN)]
    pub listen: SocketAddr,

    /// Folder of the database and the secret key; made if it is not there. Use a local disk
    #[arg(long, env = "INKROOM_DATA", value_name = "DIR", default_value = "data")]
    pub data: PathBuf,

    /// Database for the boards: `postgres://USER:PASSWORD@HOST/NAME`. Without it, SQLite in the data folder
    #[arg(
        long,
        env = "INKROOM_DATABASE",
        value_name = "URL",
        value_parser = database,
        hide_env_values = true
    )]
    pub database: Option<Address>,

    /// Redis between several servers on one database: `redis://:PASSWORD@HOST/`, or `rediss://` for TLS
    #[arg(
        long,
        env = "INKROOM_REDIS",
        value_name = "URL",
        value_parser = redis,
        hide_env_values = true
    )]
    pub redis: Option<Address>,

    /// Name of this installation in Redis, where several share one
    #[arg(long, env = "INKROOM_REDIS_PREFIX", value_name = "NAME")]
    pub redis_prefix: Option<String>,

    /// Certificates (PEM) to trust for `rediss://` instead of the system's
    #[arg(long, env = "INKROOM_REDIS_CA", value_name = "FILE")]
    pub redis_ca: Option<PathBuf>,

    /// Secret that signs the cookies of guests. Without it one is made on the first start: in the database that
    /// --database names, else in DATA/secret.key
    #[arg(
        long,
        env = "INKROOM_SECRET",
        value_name = "TEXT",
        hide_env_values = true
    )]
    pub secret: Option<Secret>,

    /// Further origins whose pages may open sockets, such as `https://board.example.org` (repeatable, or
    /// separated by commas). Pages of the server's own host always may
    #[arg(
        long = "origin",
        env = "INKROOM_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub origins: Vec<String>,

    /// Believe X-Forwarded-Proto: only behind a proxy that sets it, never with the port open to the world
    #[arg(long, env = "INKROOM_TRUST_PROXY")]
    pub trust_proxy: bool,

    /// How to write the log
    #[arg(long, env = "INKROOM_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// What to log: off, error, warn, info, debug, trace; also per module, as in info,inkroom::hub=debug
    #[arg(
        long,
        env = "INKROOM_LOG",
        value_name = "LEVELS",
        default_value = "info"
    )]
    pub log: String,

    /// Send traces to this OpenTelemetry collector, by OTLP over HTTP: such as http://127.0.0.1:4318
    #[arg(long, env = "INKROOM_OTLP", value_name = "URL", value_parser = collector)]
    pub otlp: Option<Uri>,

    /// What one server carries
    #[command(flatten)]
    pub limits: Limits,

    /// Seconds between SIGTERM and the first closed connection, for a load balancer to notice /readyz
    #[arg(
        long,
        env = "INKROOM_DRAIN_LEAD",
        value_name = "SECONDS",
        default_value_t = 0
    )]
    pub drain_lead: u64,

    /// Most seconds for a drain, after which the server ends anyway
    #[arg(
        long,
        env = "INKROOM_DRAIN_DEADLINE",
        value_name = "SECONDS",
        default_value_t = 20
    )]
    pub drain_deadline: u64,

    /// Deadlines and intervals that only tests change.
    #[arg(skip)]
    pub timing: Timing,
}

/// How many and how much.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct Limits {
    /// Most connections of this server to boards
    #[arg(
        long,
        env = "INKROOM_MEMBERS",
        value_name = "N",
        default_value_t = 12_000
    )]
    pub members: usize,

    /// Most connections to one board
    #[arg(
        long,
        env = "INKROOM_BOARD_MEMBERS",
        value_name = "N",
        default_value_t = 10_000
    )]
    pub board_members: usize,

    /// Most tabs of one person on one board; the oldest gives way
    #[arg(long, env = "INKROOM_TABS", value_name = "N", default_value_t = 20)]
    pub tabs: usize,

    /// New connections a second; more are asked to come back
    #[arg(
        long,
        env = "INKROOM_HANDSHAKES",
        value_name = "N",
        default_value_t = 500
    )]
    pub handshakes: u32,

    /// Changes a second that one person may make on one board for long
    #[arg(
        long,
        env = "INKROOM_OPS_PER_SECOND",
        value_name = "N",
        default_value_t = 60
    )]
    pub ops_per_second: u32,

    /// Changes that one person may make ahead of that, as after drawing offline
    #[arg(
        long,
        env = "INKROOM_OPS_BURST",
        value_name = "N",
        default_value_t = 12_000
    )]
    pub ops_burst: u32,

    /// Most elements on one board
    #[arg(long, env = "INKROOM_BOARD_ELEMENTS", value_name = "N", default_value_t = limits::BOARD_ELEMENTS)]
    pub board_elements: usize,

    /// Most bytes of one board in memory
    #[arg(long, env = "INKROOM_BOARD_BYTES", value_name = "BYTES", default_value_t = limits::BOARD_BYTES)]
    pub board_bytes: usize,

    /// Boards that one person may make in a minute
    #[arg(
        long,
        env = "INKROOM_NEW_BOARDS",
        value_name = "N",
        default_value_t = 30
    )]
    pub new_boards: u32,
}

/// Text for people, or JSON lines for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One readable line an event.
    Text,
    /// One JSON object an event.
    Json,
}

/// A secret that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Where another program is to be found; may hold a password, so no log shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Address {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}

/// Deadlines and intervals. Constants for a host; tests shorten them rather than wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// A request's head must be here by then; slower ones only hold sockets open.
    pub head: Duration,
    /// A new connection must have said hello by then.
    pub hello: Duration,
    /// One write must be done by then; slower readers are asked to come back.
    pub write: Duration,
    /// A connection that still has to be resynced after this long reads too slowly to ever be current.
    pub stuck: Duration,
    /// Every so often a connection is pinged, since proxies close silent ones after about 60 s …
    pub ping: Duration,
    /// … and given up when it was silent for so long: two pings and some patience.
    pub silence: Duration,
    /// After closing, so long is waited for the other side to agree.
    pub farewell: Duration,
    /// Every so often members hear where the log ends.
    pub heartbeat: Duration,
    /// Every so often, give or take a third, the store is asked whether another server committed something.
    pub head_poll: Duration,
    /// The same while a relay is in trouble, and SQL carries what it cannot.
    pub head_poll_degraded: Duration,
    /// Every so often, give or take a half, two ops that were saved are looked for in the log.
    pub reread: Duration,
    /// A room without members closes after so long: a reload finds it still warm.
    pub idle: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self {
            head: s(10),
            hello: s(5),
            write: s(10),
            stuck: s(30),
            ping: s(20),
            silence: s(50),
            farewell: s(2),
            heartbeat: s(10),
            head_poll: Duration::from_millis(1_500),
            head_poll_degraded: Duration::from_millis(150),
            reread: s(20),
            idle: s(30),
        }
    }
}

impl Config {
    /// The defaults, with data in `data`, on any free port of this machine.
    #[must_use]
    pub fn local(data: PathBuf) -> Self {
        Self {
            listen: SocketAddr::new(LISTEN.ip(), 0),
            data,
            database: None,
            redis: None,
            redis_prefix: None,
            redis_ca: None,
            secret: None,
            origins: Vec::new(),
            trust_proxy: false,
            log_format: LogFormat::Text,
            log: "info".into(),
            otlp: None,
            limits: Limits::default(),
            drain_lead: 0,
            drain_deadline: 20,
            timing: Timing::default(),
        }
    }

    /// How Redis is reached, if there is one.
    ///
    /// # Errors
    /// When the certificates cannot be read.
    pub fn redis_access(&self) -> std::io::Result<Option<RedisAccess>> {
        let Some(url) = &self.redis else {
            return Ok(None);
        };
        let certificates = self.redis_ca.as_ref().map(std::fs::read).transpose()?;
        Ok(Some(RedisAccess {
            certificates,
            ..RedisAccess::new(url.as_str(), self.redis_prefix.as_deref())
        }))
    }

    /// What rooms need to know of this.
    #[must_use]
    pub fn room_settings(&self) -> room::Settings {
        room::Settings {
            ops_per_second: f64::from(self.limits.ops_per_second),
            ops_burst: f64::from(self.limits.ops_burst),
            members: self.limits.board_members,
            tabs: self.limits.tabs,
            board_elements: self.limits.board_elements,
            board_bytes: self.limits.board_bytes,
        }
    }
}

fn database(text: &str) -> Result<Address, String> {
    address(text, &["postgres", "postgresql"])
}

fn redis(text: &str) -> Result<Address, String> {
    address(text, &["redis", "rediss"])
}

fn address(text: &str, schemes: &[&str]) -> Result<Address, String> {
    let is_fine = text
        .split_once("://")
        .is_some_and(|(scheme, rest)| schemes.contains(&scheme) && !rest.is_empty());
    if is_fine {
        Ok(Address(text.into()))
    } else {
        Err(format!("must begin with {}://", schemes.join(":// or ")))
    }
}

/// A collector's address. Without TLS: it is meant to stand beside the server.
fn collector(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|error| format!("{error}"))?;
    if uri.scheme_str() != Some("http") || uri.host().is_none() {
        return Err("must begin with http://HOST".into());
    }
    Ok(uri)
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            members: 12_000,
            board_members: 10_000,
            tabs: 20,
            handshakes: 500,
            ops_per_second: 60,
            ops_burst: 12_000,
            board_elements: limits::BOARD_ELEMENTS,
            board_bytes: limits::BOARD_BYTES,
            new_boards: 30,
        }
    }
}

impl Secret {
    /// The secret itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// Shorter ones can be guessed.
const SECRET_CHARS: usize = 16;

impl std::str::FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() < SECRET_CHARS {
            return Err(format!("must be at least {SECRET_CHARS} characters long"));
        }
        Ok(Self(text.as_bytes().to_vec()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        config: Config,
    }

    #[test]
    fn without_flags_the_limits_are_the_defaults() {
        let config = Line::parse_from(["inkroom"]).config;
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.room_settings(), room::Settings::default());
        assert!(config.listen.ip().is_loopback());
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_shown() {
        assert!(Line::try_parse_from(["inkroom", "--secret", "short"]).is_err());
        let config = Line::parse_from(["inkroom", "--secret", "a-long-enough-secret"]).config;
        assert!(!format!("{config:?}").contains("long-enough"));
    }

    #[test]
    fn a_collector_has_an_address_by_plain_http() {
        let parsed = |url| Line::try_parse_from(["inkroom", "--otlp", url]);
        assert!(parsed("http://127.0.0.1:4318").is_ok());
        assert!(parsed("https://collector.example").is_err());
        assert!(parsed("collector:4317").is_err());
    }

    #[test]
    fn origins_repeat_or_are_separated_by_commas() {
        let config = Line::parse_from([
            "inkroom",
            "--origin",
            "https://a,https://b",
            "--origin",
            "https://c",
        ])
        .config;
        assert_eq!(config.origins, ["https://a", "https://b", "https://c"]);
    }
}
