//! The cases on Postgres, and what only a server can do: be stopped, be far away, hold locks for others.

use std::sync::Arc;

use async_trait::async_trait;
use inkroom::store::{PgStore, Store};
use inkroom_board::{BoardId, Seq};
use inkroom_testbed::Postgres;
use sqlx::{Connection, PgConnection};

use crate::contract;
use crate::fixture::*;

struct PgRig {
    url: String,
    store: Option<PgStore>,
    _server: Arc<Postgres>,
}

impl PgRig {
    async fn new() -> Self {
        let server = Postgres::shared().await;
        let url = server.database().await;
        let store = PgStore::open(&url).await.unwrap();
        Self {
            url,
            store: Some(store),
            _server: server,
        }
    }

    fn postgres(&self) -> &PgStore {
        self.store.as_ref().unwrap()
    }
}

/// A connection of our own to a database.
async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

#[async_trait]
impl Rig for PgRig {
    fn store(&self) -> &dyn Store {
        self.postgres()
    }

    async fn another(&self) -> Arc<dyn Store> {
        Arc::new(PgStore::open(&self.url).await.unwrap())
    }

    async fn reopen(&mut self) {
        self.store.take().unwrap().close().await;
        self.store = Some(PgStore::open(&self.url).await.unwrap());
    }

    async fn harm(&self, board: BoardId, seq: Seq, harm: Harm) {
        let statement = match harm {
            Harm::OpBody => {
                "UPDATE ops SET body = body || '\\x00'::bytea WHERE board_id = $1 AND seq = $2"
            }
            Harm::OpBodyRepaired => {
                "UPDATE ops SET body = substr(body, 1, length(body) - 1) WHERE board_id = $1 AND seq = $2"
            }
            Harm::OpChain => {
                "UPDATE ops SET chain = '\\x0102030405060708' WHERE board_id = $1 AND seq = $2"
            }
            Harm::OpLost => "DELETE FROM ops WHERE board_id = $1 AND seq = $2",
            // Another title: it decodes, and only its hash tells.
            Harm::SnapshotBody => {
                "UPDATE snapshots SET body = overlay(body PLACING 'Biolegy'::bytea FROM position('Biology'::bytea IN body)) \
                 WHERE board_id = $1 AND seq = $2"
            }
        };
        let harmed = sqlx::query(statement)
            .bind(board.0.as_slice())
            .bind(i64::try_from(seq).unwrap())
            .execute(&mut connect(&self.url).await)
            .await
            .unwrap();
        assert_eq!(harmed.rows_affected(), 1);
    }
}

macro_rules! on_postgres {
    ($($case:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                #[allow(unused_mut)]
                let mut rig = soon(PgRig::new()).await;
                soon(contract::$case(&mut rig)).await;
            }
        )*
    };
}

for_each_case!(on_postgres);
