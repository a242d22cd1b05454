//! The cases on Postgres, and what only a server can do: be stopped, be far away, hold locks for others.

#[path = "postgres/door.rs"]
mod door;
#[path = "postgres/faults.rs"]
mod faults;

use std::sync::Arc;

use async_trait::async_trait;
use inkroom::store::writer::{Committed, Writer, WriterState};
use inkroom::store::{Outcome, PgStore, Store, StoreError, Unfit};
use inkroom_board::room::Answer;
use inkroom_board::{BoardId, Seq};
use inkroom_testbed::Postgres;
use sqlx::{Connection, PgConnection};
use tokio::sync::mpsc::Receiver;

use crate::contract;
use crate::fixture::*;
use crate::rig::*;

struct PgRig {
    url: String,
    store: Option<PgStore>,
    server: Arc<Postgres>,
}

impl PgRig {
    async fn new() -> Self {
        let server = Postgres::shared().await;
        let url = server.database().await;
        let store = PgStore::open(&url).await.unwrap();
        Self {
            url,
            store: Some(store),
            server,
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

async fn run(link: &mut PgConnection, statements: &'static str) {
    sqlx::raw_sql(statements).execute(link).await.unwrap();
}

/// Waits until `statement` counts `count`.
async fn until(link: &mut PgConnection, statement: &'static str, count: i64) {
    soon(async {
        while sqlx::query_scalar::<_, i64>(statement)
            .fetch_one(&mut *link)
            .await
            .unwrap()
            != count
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// How many sessions of this database wait for a lock.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// Holds the head of a board, as a server that froze in a commit would.
async fn hold(link: &mut PgConnection, board: BoardId) {
    run(
        link,
        "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0",
    )
    .await;
    sqlx::query("SELECT 1 FROM boards WHERE id = $1 FOR UPDATE")
        .bind(board.0.as_slice())
        .execute(link)
        .await
        .unwrap();
}

const DIALECT: Dialect = Dialect {
    op_body: "UPDATE ops SET body = body || '\\x00'::bytea WHERE board_id = $1 AND seq = $2",
    op_chain: "UPDATE ops SET chain = '\\x0102030405060708' WHERE board_id = $1 AND seq = $2",
    snapshot_body: "UPDATE snapshots SET body = overlay(body PLACING 'Biolegy'::bytea \
                    FROM position('Biology'::bytea IN body)) WHERE board_id = $1 AND seq = $2",
    refuse_client_7: "ALTER TABLE ops ADD CHECK (client_id <> '\\x07070707070707070707070707070707')",
};

#[async_trait]
impl Rig for PgRig {
    fn store(&self) -> &dyn Store {
        self.postgres()
    }

    async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(PgStore::open(&self.url).await?))
    }

    async fn reopen(&mut self) {
        self.store.take().unwrap().close().await;
        self.store = Some(PgStore::open(&self.url).await.unwrap());
    }

    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    async fn run(&self, statement: &'static str, row: Option<(BoardId, Seq)>) -> u64 {
        let mut query = sqlx::query(statement);
        if let Some((board, seq)) = row {
            query = query
                .bind(board.0.to_vec())
                .bind(i64::try_from(seq).unwrap());
        }
        let done = query.execute(&mut connect(&self.url).await).await;
        done.unwrap().rows_affected()
    }
}

for_each_case!(PgRig);

/// That the head of the log is where its last row is, and every op is in it once.
async fn is_dense(url: &str, store: &dyn Store, board: BoardId) {
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM ops WHERE board_id = $1")
        .bind(board.0.as_slice())
        .fetch_one(&mut connect(url).await)
        .await
        .unwrap();
    let log = log(store, board).await;
    assert_eq!(
        seqs(&log),
        (1..=u64::try_from(rows).unwrap()).collect::<Vec<_>>()
    );
    assert_eq!(
        store.heads(&[board]).await.unwrap()[0].1.seq,
        log.len() as u64
    );
    let mut ids: Vec<_> = log.iter().map(|logged| logged.entry.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), log.len());
}

#[tokio::test]
async fn i2_i3_two_servers_that_wait_for_the_same_lock_with_the_same_op_leave_no_hole() {
    let rig = PgRig::new().await;
    let (here, there) = (rig.postgres(), rig.another().await);
    open_board(here, board(1)).await;
    let (mut pen, mut link) = (Pen::of_owner(), connect(&rig.url).await);
    let mut watcher = connect(&rig.url).await;
    for round in 1..=10 {
        hold(&mut link, board(1)).await;
        let sent = [batch(board(1), pen.draws(2))];
        let release = async {
            until(&mut watcher, WAITING, 2).await;
            run(&mut link, "COMMIT").await;
        };
        let (one, other, ()) =
            soon(async { tokio::join!(here.commit(&sent), there.commit(&sent), release) }).await;
        let (one, other) = (one.unwrap().remove(0), other.unwrap().remove(0));
        let is_logged = |outcomes: &[Outcome]| matches!(outcomes[0], Outcome::Logged(_));
        assert!(is_logged(&one) != is_logged(&other), "{one:?} {other:?}");
        let late = if is_logged(&one) { other } else { one };
        assert_eq!(
            late.iter().map(answer).collect::<Vec<_>>(),
            [Answer::Known(2 * round - 1), Answer::Known(2 * round)]
        );
        is_dense(&rig.url, here, board(1)).await;
    }
}

/// What a room hears, until it heard of `ops` ops.
async fn hear(outcomes: &mut Receiver<Committed>, ops: usize) {
    let mut heard = 0;
    while heard < ops {
        let committed = soon(outcomes.recv()).await.expect("the writer runs");
        heard += committed.outcomes().len();
    }
    assert_eq!(heard, ops);
}

#[tokio::test]
async fn a_board_that_somebody_holds_holds_up_no_other() {
    let rig = PgRig::new().await;
    let store: Arc<dyn Store> = rig.another().await;
    open_board(&*store, board(1)).await;
    open_board(&*store, board(2)).await;
    let mut link = connect(&rig.url).await;
    hold(&mut link, board(1)).await;
    let writer = Writer::start(store.clone());
    let mut state = writer.state();
    let (lane, mut held) = writer.lane(board(1));
    lane.try_submit(Pen::of_owner().draws(3)).unwrap();
    let timed_out = |state: &WriterState| matches!(state, WriterState::Degraded { error } if error.contains("lock timeout"));
    soon(state.wait_for(timed_out)).await.unwrap();
    let (other, mut heard) = writer.lane(board(2));
    let mut pen = Pen::of_owner();
    for _ in 0..5 {
        other.try_submit(pen.draws(2)).unwrap();
        hear(&mut heard, 2).await;
    }
    assert!(held.try_recv().is_err());
    run(&mut link, "COMMIT").await;
    hear(&mut held, 3).await;
    soon(state.wait_for(|state| *state == WriterState::Working))
        .await
        .unwrap();
    is_dense(&rig.url, &*store, board(1)).await;
    is_dense(&rig.url, &*store, board(2)).await;
}

#[tokio::test]
async fn a_database_that_does_not_flush_is_refused() {
    let server = Postgres::with(&["fsync=off"]).await;
    let opened = PgStore::open(&server.database().await).await;
    let Err(StoreError::Unfit(
        unfit @ Unfit::NotDurable {
            setting: "fsync", ..
        },
    )) = opened
    else {
        panic!("{opened:?}")
    };
    assert!(unfit.to_string().contains("postgresql.conf"), "{unfit}");
}

#[tokio::test]
async fn servers_that_start_together_make_one_schema() {
    let server = Postgres::shared().await;
    let url = server.database().await;
    let opened = tokio::join!(
        PgStore::open(&url),
        PgStore::open(&url),
        PgStore::open(&url)
    );
    let stores = [opened.0.unwrap(), opened.1.unwrap(), opened.2.unwrap()];
    open_board(&stores[0], board(1)).await;
    assert_eq!(document(&stores[2], board(1)).await.position().seq, 0);
}

#[tokio::test]
async fn a_snapshot_that_the_database_cannot_read_is_replaced_by_the_one_before() {
    let rig = PgRig::new().await;
    let store = opened(&rig).await;
    let mut pen = Pen::of_owner();
    // Large enough to be kept out of its row, in a table of its own.
    let strokes = pen.scribbles(40);
    write(store, board(1), strokes).await;
    let drawn = snap(store, board(1)).await;
    run(
        &mut connect(&rig.url).await,
        "CREATE EXTENSION pg_surgery; \
         DO $$ DECLARE bodies regclass := (SELECT reltoastrelid FROM pg_class WHERE oid = 'snapshots'::regclass); \
         BEGIN EXECUTE format('SELECT heap_force_kill(%L, ARRAY(SELECT ctid FROM %s))', bodies, bodies); END $$",
    )
    .await;
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!((opening.document, opening.read_only), (drawn, false));
}
