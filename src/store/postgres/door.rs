//! The door of the database: why nobody gets in, in words for the host.
//!
//! A pool tries on by itself while a server refuses connections or starts, and in the end says only that its time is
//! over. So whoever was left outside tries once more here and hears why. One at a time, and what one heard serves those
//! behind it: a database in trouble is not to be asked by all at once.

use std::fmt::{self, Debug, Formatter};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::connect;
use crate::store::Outage;

/// How long one try may take.
const TRY: Duration = Duration::from_secs(2);
/// What was heard serves for so long.
const NEWS: Duration = Duration::from_secs(2);

pub(super) struct Door {
    /// With the password in it.
    options: PgConnectOptions,
    heard: Mutex<Option<(Instant, String)>>,
}

impl Debug for Door {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Door({})", self.address())
    }
}

impl Door {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self {
            options,
            heard: Mutex::new(None),
        }
    }

    /// Why there was no connection, when a pool says `error`.
    pub(super) async fn explain(&self, error: sqlx::Error) -> Outage {
        Outage::Shut(match error {
            sqlx::Error::PoolTimedOut => self.ask().await,
            error => self.words(&error),
        })
    }

    /// A connection outside of the pools.
    pub(super) async fn enter(&self, limit: Duration) -> Result<PgConnection, Outage> {
        self.within(limit, self.options.connect()).await
    }

    async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, Outage> {
        let why = match tokio::time::timeout(limit, work).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => self.words(&error),
            Err(_) => format!("{} does not answer", self.address()),
        };
        Err(Outage::Shut(why))
    }

    async fn ask(&self) -> String {
        let mut heard = self.heard.lock().await;
        if let Some((at, why)) = &*heard
            && at.elapsed() < NEWS
        {
            return why.clone();
        }
        let once = self.within(TRY, async {
            let mut link = self.options.connect().await?;
            connect::set_up(&mut link).await?;
            link.close().await
        });
        let why = match once.await {
            Ok(()) => format!("all connections to {} are in use", self.address()),
            Err(outage) => outage.to_string(),
        };
        *heard = Some((Instant::now(), why.clone()));
        why
    }

    fn words(&self, error: &sqlx::Error) -> String {
        let address = self.address();
        match error {
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                format!("{address} refuses connections: does Postgres run there?")
            }
            sqlx::Error::Io(error) => format!("{address} cannot be reached: {error}"),
            sqlx::Error::Tls(error) => format!("no safe connection to {address}: {error}"),
            sqlx::Error::Database(error) => format!("{address} says: {}", error.message()),
            sqlx::Error::Configuration(error) => error.to_string(),
            error => format!("no connection to {address}: {error}"),
        }
    }

    fn address(&self) -> String {
        match self.options.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => format!("{}:{}", self.options.get_host(), self.options.get_port()),
        }
    }
}
