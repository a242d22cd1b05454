//! How Redis is reached: its URL, what is trusted, and how long anything may take.
//!
//! A reader may question why redis-rs's own `ConnectionManager` is not used: as a subscriber it stops trying after its
//! last retry without a word, and hears nothing for ever. Here a connection that fails is thrown away, and whoever
//! used it makes a new one, for ever.

use std::fmt;
use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, FromRedisValue, IntoConnectionInfo, Pipeline,
    ProtocolVersion, TlsCertificates,
};
use tokio::time::timeout;

use super::keys::Keys;

/// Where Redis is and how it is used.
#[derive(Clone)]
pub struct RedisAccess {
    /// `redis://` or, with TLS, `rediss://`; may have a name and a password.
    pub url: String,
    /// The installation's name, where several share one Redis: a letter or digit and up to 31 more, or `-` or `_`.
    pub prefix: Option<String>,
    /// Certificates to trust instead of the system's, as PEM.
    pub certificates: Option<Vec<u8>>,
    /// How long things may take.
    pub pace: Pace,
}

/// How long things may take, and how often they are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Each connection is asked whether it is alive so often …
    pub ping: Duration,
    /// … and has so long for this answer and for any other; making one may take so long too.
    pub deadline: Duration,
    /// Longest wait before trying again to connect.
    pub retry: Duration,
    /// Longest wait of a room for its subscription.
    pub confirm: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(1),
            deadline: Duration::from_secs(2),
            retry: Duration::from_secs(2),
            confirm: Duration::from_secs(1),
        }
    }
}

/// Why a relay cannot even be tried.
#[derive(Debug, thiserror::Error)]
pub enum BadAccess {
    /// The URL is none, or of another kind.
    #[error("not a URL of a Redis: {0}")]
    Url(redis::RedisError),
    /// The certificates cannot be read, or the URL is without TLS.
    #[error("the certificates for Redis: {0}")]
    Certificates(redis::RedisError),
    /// The installation's name is none.
    #[error("not a name for keys in Redis: use up to 32 letters, digits, - and _")]
    Prefix,
}

/// Why a connection failed, for people to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault(pub(super) String);

impl From<redis::RedisError> for Fault {
    fn from(error: redis::RedisError) -> Self {
        Self(error.to_string())
    }
}

/// Makes connections.
pub(super) struct Link {
    client: Client,
    pub(super) pace: Pace,
}

impl RedisAccess {
    /// With the system's certificates and the usual pace.
    #[must_use]
    pub fn new(url: &str, prefix: Option<&str>) -> Self {
        Self {
            url: url.to_owned(),
            prefix: prefix.map(str::to_owned),
            certificates: None,
            pace: Pace::default(),
        }
    }

    pub(super) fn keys(&self) -> Result<Keys, BadAccess> {
        Keys::of(self.prefix.as_deref()).ok_or(BadAccess::Prefix)
    }

    pub(super) fn link(&self) -> Result<Link, BadAccess> {
        choose_cryptography();
        let info = self.info().map_err(BadAccess::Url)?;
        let client = match &self.certificates {
            None => Client::open(info).map_err(BadAccess::Url)?,
            Some(pem) => {
                let trust = TlsCertificates {
                    client_tls: None,
                    root_cert: Some(pem.clone()),
                };
                Client::build_with_tls(info, trust).map_err(BadAccess::Certificates)?
            }
        };
        Ok(Link {
            client,
            pace: self.pace,
        })
    }

    fn info(&self) -> redis::RedisResult<ConnectionInfo> {
        let info = self.url.as_str().into_connection_info()?;
        // Messages arrive among the answers of one connection.
        let redis = info.redis_settings().clone();
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        Ok(info
            .set_redis_settings(redis.set_protocol(ProtocolVersion::RESP3))
            .set_tcp_settings(tcp))
    }
}

/// TLS needs to be told which implementation it is to use; another part of the program may have done so already.
fn choose_cryptography() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Link {
    /// A connection that tells `pushes` what comes without being asked for.
    pub(super) async fn connect(
        &self,
        pushes: Option<impl AsyncPushSender>,
    ) -> Result<MultiplexedConnection, Fault> {
        // The deadlines are ours: one for everything, whatever it waits for.
        let mut config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        if let Some(pushes) = pushes {
            config = config.set_push_sender(pushes);
        }
        let connect = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        within(self.pace.deadline, connect).await
    }
}

/// What Redis answers, if it does so in time.
pub(super) async fn within<T>(
    deadline: Duration,
    answer: impl Future<Output = redis::RedisResult<T>>,
) -> Result<T, Fault> {
    match timeout(deadline, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Fault("no answer in time".into())),
    }
}

/// The answers to all commands of a pipeline, in time. What Redis refuses (out of memory, not permitted) is among them.
pub(super) async fn all<T: FromRedisValue>(
    deadline: Duration,
    connection: &mut MultiplexedConnection,
    pipeline: &mut Pipeline,
) -> Result<T, Fault> {
    within(deadline, pipeline.ignore_errors().query_async(connection)).await
}

// Neither shows the password.
impl fmt::Debug for RedisAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisAccess")
            .field("prefix", &self.prefix)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}
