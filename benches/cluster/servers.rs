//! Servers on one database, with one Redis between them.

use std::sync::Arc;

use inkroom::Config;
use inkroom::store::PgStore;
use inkroom_testbed::{Postgres, Redis};
use tempfile::TempDir;

use crate::common::Process;
use crate::server::Keeper;

/// What all servers share. Everything ends with it.
pub struct Cluster {
    pub redis: Redis,
    pub keeper: Keeper,
    database: String,
    data: TempDir,
    _postgres: Postgres,
}

impl Cluster {
    pub async fn start() -> Self {
        let postgres = Postgres::start().await;
        let database = postgres.database().await;
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::local(data.path().into());
        config.database = Some(database.clone().into());
        let store = PgStore::open(&database).await.unwrap();
        Self {
            redis: Redis::start().await,
            keeper: Keeper::of(&config, Arc::new(store)).await,
            database,
            data,
            _postgres: postgres,
        }
    }

    /// One more server, with these flags.
    pub async fn server(&self, flags: &[&str]) -> Process {
        let redis = self.redis.url();
        let shared = ["--database", self.database.as_str(), "--redis", &redis];
        Process::start(self.data.path(), &[&shared, flags].concat()).await
    }
}
