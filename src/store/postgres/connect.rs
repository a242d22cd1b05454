//! Connecting: the URL, what every session is set to, and what the database itself must be set to.
//!
//! The limits of a session are for the others: a server that freezes in a transaction holds the lock of a board,
//! and the database ends it. They are set by a statement rather than in the first message, since poolers do
//! not pass that on.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Row};

use super::door::Door;
use crate::store::schema::{self, Step};
use crate::store::{StoreError, Unfit};

/// Commits at once. Measured with a local disk, throughput grows up to about here and latency from here on.
pub(super) const COMMITS: usize = 16;
/// Connections that write: those of the commits and a few for snapshots, people and pruning.
const WRITERS: u32 = 20;
/// Connections that read.
const READERS: u32 = 8;
/// How long anything waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long a server that starts waits for its database.
const FIRST: Duration = Duration::from_secs(15);
/// A connection that was idle for longer is tried out before it is used: the other end may be gone since.
const FRESH: Duration = Duration::from_secs(1);

/// The schema, step by step.
pub(in crate::store) const STEPS: [Step; 3] = [
    (
        1,
        "boards",
        include_str!("../../../migrations/postgres/0001_boards.sql"),
    ),
    (
        2,
        "nodes",
        include_str!("../../../migrations/postgres/0002_nodes.sql"),
    ),
    (
        3,
        "keys",
        include_str!("../../../migrations/postgres/0003_keys.sql"),
    ),
];

/// Sets up a session, and tells what saved ink depends on. A server that hears nothing for 14 s (5 + 3 × 3)
/// closes the connection. A setting stricter than `on` is left as it is.
const SESSION: &str = "SELECT set_config('lock_timeout', '2s', false), \
    set_config('statement_timeout', '5s', false), \
    set_config('idle_in_transaction_session_timeout', '3s', false), \
    set_config('tcp_keepalives_idle', '5', false), \
    set_config('tcp_keepalives_interval', '3', false), \
    set_config('tcp_keepalives_count', '3', false), \
    set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false) AS synchronous_commit, \
    current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes";

/// The connections that write, and those that read.
pub(super) async fn pools(
    options: PgConnectOptions,
    door: &Door,
) -> Result<(PgPool, PgPool), StoreError> {
    let entered = door.enter(FIRST).await;
    let mut link = entered.map_err(StoreError::Unavailable)?;
    set_up(&mut link).await.map_err(unfit)?;
    let _ = link.close().await;
    // Without a session's limits: a step of the schema may take long, and so may waiting for another server
    // that takes it.
    let upgrader = PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options.clone());
    let upgraded = schema::upgrade(&upgrader, &STEPS).await;
    upgrader.close().await;
    upgraded?;
    Ok((
        pool(WRITERS).connect_lazy_with(options.clone()),
        pool(READERS).connect_lazy_with(options),
    ))
}

pub(super) fn options(url: &str) -> Result<PgConnectOptions, Unfit> {
    if !super::PgStore::is_url(url) {
        return Err(Unfit::Url(String::from(
            "it does not begin with postgres://",
        )));
    }
    let options = PgConnectOptions::from_str(url).map_err(|error| Unfit::Url(why(&error)))?;
    Ok(options.application_name("inkroom"))
}

/// What is wrong with a URL, without the URL.
fn why(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Configuration(source) => source.to_string(),
        _ => String::from("it cannot be read"),
    }
}

fn pool(most: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .before_acquire(|link, idle| {
            Box::pin(async move {
                let is_good = idle.idle_for < FRESH || link.ping().await.is_ok();
                Ok(is_good)
            })
        })
        .after_connect(|link, _| Box::pin(set_up(link)))
}

/// Sets up a session, and refuses settings under which something saved could be lost.
pub(super) async fn set_up(link: &mut PgConnection) -> Result<(), sqlx::Error> {
    let row = sqlx::query(SESSION).fetch_one(link).await?;
    verify(|setting| row.try_get(setting))
}

fn verify<'a>(
    found: impl Fn(&'static str) -> Result<&'a str, sqlx::Error>,
) -> Result<(), sqlx::Error> {
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        let is_good = match found(setting)? {
            "on" => true,
            "remote_apply" => setting == "synchronous_commit",
            _ => false,
        };
        if !is_good {
            let unfit = Unfit::NotDurable {
                setting,
                wanted: "on",
                found: found(setting)?.to_owned(),
                advice: "set it in postgresql.conf and restart Postgres",
            };
            return Err(sqlx::Error::Configuration(Box::new(unfit)));
        }
    }
    Ok(())
}

/// The refusal of [`set_up`] as what it is.
fn unfit(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Configuration(source) => match source.downcast::<Unfit>() {
            Ok(unfit) => StoreError::Unfit(*unfit),
            Err(source) => sqlx::Error::Configuration(source).into(),
        },
        error => error.into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn verified(fsync: &'static str, pages: &'static str, commit: &'static str) -> Option<String> {
        let found = |setting| {
            Ok(match setting {
                "fsync" => fsync,
                "full_page_writes" => pages,
                _ => commit,
            })
        };
        match verify(found).map_err(unfit) {
            Ok(()) => None,
            Err(StoreError::Unfit(Unfit::NotDurable { setting, .. })) => Some(setting.into()),
            Err(error) => Some(error.to_string()),
        }
    }

    #[test]
    fn settings_under_which_a_power_cut_loses_ink_are_refused() {
        assert_eq!(verified("on", "on", "on"), None);
        assert_eq!(verified("on", "on", "remote_apply"), None);
        assert_eq!(verified("off", "on", "on").unwrap(), "fsync");
        assert_eq!(verified("on", "off", "on").unwrap(), "full_page_writes");
        assert_eq!(verified("on", "on", "off").unwrap(), "synchronous_commit");
        assert_eq!(verified("on", "on", "local").unwrap(), "synchronous_commit");
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_url_is_said_without_its_password() {
        for url in [
            "mysql://me:secret@host/ink",
            "postgres://me:secret@host:port/ink",
            "postgres://me:secret@host/ink?sslmode=perhaps",
        ] {
            let said = options(url).unwrap_err().to_string();
            assert!(!said.contains("secret"), "{said}");
        }
        let options = options("postgres://me:secret@host/ink").unwrap();
        let door = Door::new(options.clone());
        let shown = format!("{door:?} {:?}", pool(1).connect_lazy_with(options));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
